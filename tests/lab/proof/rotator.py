# SPDX-License-Identifier: MIT
"""Who rotates the logs, in all the ways that people do it.

A way that makes lines unreadable for everybody (what is cut off or deleted is gone) is taken only when
the reader has all of the log in its state: `read(log)` waits for that. For the others the reader may be
dead, stopped, or behind. Between two rotations of one log that is read by its old name the reader gets to
see the first, unless a way says that it need not.
"""
import os
import shutil

from proof.writer import write_all


class Log:
    """A path and whoever has it open to write. `history`: the last things that were done to it."""

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.number = 0
        self.history = "new"
        self.rotated = False    # since the reader was known to have it all
        self.written = False    # a line, to the file that stands there
        self.moved = False      # the writer holds a file that has lost its name
        self.leftovers = []     # files of before
        self.fd = -1
        self.open()

    def open(self):
        self.close()
        self.path.parent.mkdir(exist_ok=True)
        self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.moved = False
        self.written = False

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def write(self, data):
        write_all(self.fd, data)

    def size(self):
        return os.fstat(self.fd).st_size

    def next(self, suffix=""):
        self.number += 1
        return self.path.with_name(f"{self.path.name}.{self.number}{suffix}")

    def sweep(self):
        """All of it is read: what was rotated away goes, but the newest."""
        for path in self.leftovers[:-1]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.leftovers = self.leftovers[-1:]
        self.rotated = self.moved or not self.written


def rename(log, _):
    """logrotate's way, `create`."""
    log.leftovers.append(log.next())
    os.rename(log.path, log.leftovers[-1])
    log.open()


def rename_later(log, _):
    """`nocreate`: the server goes on in the renamed file until it is told (reopen)."""
    log.leftovers.append(log.next())
    os.rename(log.path, log.leftovers[-1])
    log.moved = True


def reopen(log, _):
    log.open()


def copytruncate(log, _):
    log.leftovers.append(log.next())
    shutil.copy2(log.path, log.leftovers[-1])
    os.ftruncate(log.fd, 0)


def regrow(log, grow):
    """Truncated, and longer than before when it is looked at again."""
    size = log.size()
    os.ftruncate(log.fd, 0)
    while log.size() <= size:
        grow(log)


def recreate(log, _):
    """Deleted and made again; the file system gives the inode that is free."""
    os.unlink(log.path)
    log.close()
    log.open()


def midnight(log, _):
    """A name with another date; the file of before stays as it is."""
    log.leftovers.append(log.path)
    log.number += 1
    log.path = log.path.with_name(f"{log.number:08}-{log.name}")
    log.open()


def switch(log, _):
    """The path is a symbolic link, and gets another target."""
    log.number += 1
    log.leftovers.append(log.path.resolve())
    target = log.path.with_name(f"{log.name}-{log.number}")
    link = log.path.with_name("link")
    target.touch()
    link.symlink_to(target.name)
    os.rename(link, log.path)
    log.open()


def move_folder(log, _):
    """The whole directory is renamed and made again."""
    log.number += 1
    aside = log.path.parent.with_name(f"{log.path.parent.name}.{log.number}")
    log.leftovers.append(aside)
    os.rename(log.path.parent, aside)
    log.open()


# way -> (kinds of logs, must the reader have read all of the log before)
WAYS = {
    rename: (("plain", "folder"), False),
    rename_later: (("plain", "folder"), False),
    copytruncate: (("plain", "folder", "glob"), True),
    regrow: (("plain", "folder", "glob", "link"), True),
    recreate: (("plain", "folder"), True),
    midnight: (("glob",), True),
    switch: (("link",), True),
    move_folder: (("folder",), True),
}


class Rotator:
    def __init__(self, folder, random):
        self.random = random
        self.folder = folder
        self.done = {way.__name__: 0 for way in [*WAYS, reopen]}
        for sub in ("days", "moved", "links"):
            (folder / sub).mkdir()
        self.kinds = {}
        self.add("plain", folder / "one.log")
        self.add("plain", folder / "two.log")
        self.add("glob", folder / "days" / "00000000-ids.log").name = "ids.log"
        self.add("folder", folder / "moved" / "three.log")
        (folder / "links" / "four.log").symlink_to("four.log-0")
        self.add("link", folder / "links" / "four.log")

    def add(self, kind, path):
        log = Log(path)
        self.kinds[log] = kind
        return log

    @property
    def logs(self):
        return list(self.kinds)

    def sources(self):
        """As the filter names them."""
        return [log.path.parent / "*-ids.log" if kind == "glob" else log.path for log, kind in self.kinds.items()]

    def source_of(self, log):
        kind = self.kinds[log]
        return str(log.path.parent / "*-ids.log" if kind == "glob" else log.path)

    def rotate(self, log, read, grow, between):
        """One rotation of it; its name. `between` happens when the reader has read all it must."""
        if log.moved:
            way, must = reopen, False
        else:
            way = self.random.choice([way for way, (kinds, _) in WAYS.items() if self.kinds[log] in kinds])
            # What was emptied and moved away unseen, to a number that rises, is known by neither its bytes nor its name.
            must = WAYS[way][1] or log.rotated or not log.written or log.history.startswith(("copytruncate", "regrow", "recreate"))
        if must:
            grow(log)
            read(log)
        if must and way is not midnight:
            between()
        way(log, grow)
        if way is midnight:
            grow(log)
            read(log)
        log.rotated = True
        log.history = way.__name__ + (" (read)" if must else "")
        self.done[way.__name__] += 1
        return log.history

    def close(self):
        for log in self.logs:
            log.close()
