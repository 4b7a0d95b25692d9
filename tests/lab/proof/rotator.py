# SPDX-License-Identifier: MIT
"""Who rotates the logs, in all the ways that people do it.

Names are those of logrotate: numbers that all move up by one, or dates. The reader may be dead, stopped, or behind, but
where a way makes lines unreadable for everybody (what is cut off or deleted is gone), or where a log has left nothing
that the position could be known by: then the reader has got to have a line of it first. `read(log)` waits for that.
"""
import os
import shutil

from proof.writer import write_all


class Log:
    """A path and whoever has it open to write."""

    def __init__(self, path, dated=False):
        self.path, self.name, self.dated = path, path.name, dated
        self.number = 0
        self.history = "new"    # the last thing that was done to it
        self.deleted = False    # the file of the reader's position may have been
        self.emptied = True     # the reader's position may be at the beginning of a file, or in what was cut off
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

    def aside(self):
        """The name for what is rotated; the others make room for it."""
        self.number += 1
        if self.dated:
            return self.path.with_name(f"{self.path.name}-{20260000 + self.number}")
        numbers = [int(p.suffix[1:]) for p in self.path.parent.glob(self.path.name + ".*")]
        for n in sorted(numbers, reverse=True):
            old, new = (self.path.with_name(f"{self.path.name}.{i}") for i in (n, n + 1))
            os.rename(old, new)
            self.leftovers = [new if path == old else path for path in self.leftovers]
        return self.path.with_name(self.path.name + ".1")

    def set_aside(self):
        """Renames it."""
        path = self.aside()
        os.rename(self.path, path)
        self.leftovers.append(path)

    def is_read(self):
        """All of it."""
        if self.written and not self.moved:
            self.deleted = self.emptied = False

    def sweep(self):
        """All of it is read: what was rotated away goes, but the newest that has a line; the reader's position may be there."""
        lines = [path.is_dir() or path.stat().st_size > 0 for path in self.leftovers]
        first = max((i for i, has in enumerate(lines) if has), default=0)
        for path in self.leftovers[:first]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.leftovers = self.leftovers[first:]
        self.is_read()


def rename(log, _):
    """logrotate's way, `create`."""
    log.set_aside()
    log.open()


def rename_later(log, _):
    """`nocreate`: the server goes on in the renamed file until it is told (reopen)."""
    log.set_aside()
    log.moved = True


def reopen(log, _):
    log.open()


def copytruncate(log, _):
    path = log.aside()
    shutil.copy2(log.path, path)
    log.leftovers.append(path)
    os.ftruncate(log.fd, 0)
    log.emptied, log.written = True, False


def regrow(log, grow):
    """Truncated, and longer than before when it is looked at again."""
    size = log.size()
    os.ftruncate(log.fd, 0)
    while log.size() <= size:
        grow(log)
    log.emptied = True


def recreate(log, _):
    """Deleted and made again; the file system gives the inode that is free."""
    os.unlink(log.path)
    log.close()
    log.open()
    log.deleted = True


def midnight(log, _):
    """A name with another date; the file of before stays as it is."""
    log.leftovers.append(log.path)
    log.number += 1
    log.path = log.path.with_name(f"{log.number:08}-{log.name}")
    log.open()
    log.emptied = True


def switch(log, _):
    """The path is a symbolic link, and gets another target."""
    log.leftovers.append(log.path.resolve())
    target = log.aside()
    link = log.path.with_name("link")
    target.touch()
    link.symlink_to(target.name)
    os.rename(link, log.path)
    log.open()


def move_folder(log, _):
    """The whole directory is renamed and made again."""
    log.number += 1
    aside = log.path.parent.with_name(f"{log.path.parent.name}.{log.number}")
    log.leftovers = [path for path in log.leftovers if path.parent != log.path.parent] + [aside]
    os.rename(log.path.parent, aside)
    log.open()
    log.deleted = True


def always(_):
    """What is cut off, deleted, or moved out of the directory unread is lost to everybody."""
    return True


def was_deleted(log):
    """Of what came after a file that is no more nobody knows which of it was read."""
    return log.deleted


def has_no_bytes(log):
    """A copy is known by the bytes before the position: by none at the beginning of a file."""
    return log.deleted or log.emptied


def never(_):
    return False


# way -> (kinds of logs, must the reader have read all of the log before)
WAYS = {
    rename: (("plain", "folder"), was_deleted),
    rename_later: (("plain", "folder"), was_deleted),
    copytruncate: (("plain", "folder", "glob"), has_no_bytes),
    regrow: (("plain", "folder", "glob", "link"), always),
    recreate: (("plain", "folder"), always),
    midnight: (("glob",), never),
    switch: (("link",), was_deleted),
    move_folder: (("folder",), always),
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
        self.add("plain", folder / "two.log", dated=True)
        self.add("glob", folder / "days" / "00000000-ids.log").name = "ids.log"
        self.add("folder", folder / "moved" / "three.log")
        (folder / "links" / "four.log").symlink_to("four.log-20260000")
        self.add("link", folder / "links" / "four.log", dated=True)

    def add(self, kind, path, dated=False):
        log = Log(path, dated)
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
            must = WAYS[way][1](log)
        if must:
            grow(log)
            read(log)
            log.is_read()
            between()
        way(log, grow)
        self.done[way.__name__] += 1
        log.history = way.__name__ + (" (read)" if must else "")
        return log.history

    def close(self):
        for log in self.logs:
            log.close()
