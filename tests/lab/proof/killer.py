# SPDX-License-Identifier: MIT
"""Who kills: SIGKILL, SIGSTOP and SIGTERM for any process of the daemon, at any moment; and starts it again
as the service manager does, when nothing of the one before is left.
"""
import collections
import contextlib
import os
import pathlib
import select
import signal

from netns import PATIENCE, until


def moment(random):
    """Some time passes, often none: what is struck is to be in the middle of something."""
    length = random.choice([0, 0, 0.001, 0.004, 0.02]) * random.random()
    if length:
        select.select([], [], [], length)


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("ipsd: ")
    except OSError:
        return ""


def is_living(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"


def send(pid, signo):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signo)


def children(pid):
    """None of one that has ended meanwhile."""
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid):
    """All below it, nearest first."""
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


class Killer:
    def __init__(self, world, random):
        self.world, self.random = world, random
        self.group = []         # what the reader has below it, or had
        self.ends = False       # the reader ends by itself, for its keeper is dead
        self.done = collections.Counter()

    def look(self):
        if self.world.is_running():
            self.group = descendants(self.world.process.pid)

    def strike(self):
        """Something happens to one of them, or to all; what."""
        self.look()
        if not self.world.is_running():
            return "dead already"
        what = self.random.choice([self.kill_reader, self.kill_reader, self.kill_all, self.kill_one, self.terminate,
                                   self.stop_one, self.stop_one])
        said = what()
        self.done[said] += 1
        return said

    def kill_reader(self):
        self.world.let_go()
        self.world.stop(signal.SIGKILL)
        return "kill reader"

    def kill_all(self):
        self.world.let_go()
        for pid in self.random.sample(self.group, len(self.group)):
            send(pid, signal.SIGKILL)
        self.world.stop(signal.SIGKILL)
        return "kill all"

    def kill_one(self):
        if not self.group:
            return "none"
        pid = self.random.choice(self.group)
        name = name_of(pid)
        self.ends = self.ends or name == "keeper"
        send(pid, signal.SIGKILL)
        return f"kill {name}"

    def terminate(self):
        self.resume()
        self.world.let_go()
        code = self.world.stop(signal.SIGTERM)
        assert code == 0 or (self.ends and code == 1), f"ended with {code}: {self.world.words()[-2000:]}"
        return "terminate"

    def stop_one(self):
        pid = self.random.choice([self.world.process.pid, *self.group])
        name = name_of(pid)
        send(pid, signal.SIGSTOP)
        return f"stop {name}"

    def resume(self):
        self.look()
        for pid in [self.world.process.pid, *self.group]:
            send(pid, signal.SIGCONT)

    def revive(self):
        """Afterwards it runs and answers."""
        self.resume()
        if self.ends and self.world.is_running():
            self.world.process.wait(PATIENCE)
        self.ends = False
        if self.world.is_running():
            return False
        self.world.let_go()
        for pid in self.group:
            send(pid, signal.SIGKILL)
        until(lambda: not any(map(is_living, self.group)), "the end of those left behind")
        self.world.start()
        return True

    def close(self):
        for pid in self.group:
            send(pid, signal.SIGKILL)
