# SPDX-License-Identifier: MIT
"""An enforcer_tool in a namespace, and the processes that it has made."""
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading

from netns import PATIENCE, until


class Enforcer:
    """`told` are all the objects that it has said and nobody has asked for yet."""

    def __init__(self, ns, build, *options, wrapper=(), **more):
        self.lines = queue.Queue()
        self.told = []
        self.process = ns.popen(*wrapper, str(build / "tests" / "lab" / "enforcer_tool"), *options,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, bufsize=1, **more)
        threading.Thread(target=self._read, daemon=True).start()
        self.start = self.expect("start")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _next(self, what):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"waited {PATIENCE} s for {what}; told: {self.told}") from None
        assert line is not None, f"ended before {what}; told: {self.told}"
        return json.loads(line)

    def expect(self, key, **values):
        """The first object with this key and these values."""
        wanted = {key: values.pop(key)} if key in values else {}
        wanted.update(values)
        while True:
            for i, said in enumerate(self.told):
                if key in said and all(said.get(k) == v for k, v in wanted.items()):
                    return self.told.pop(i)
            self.told.append(self._next(f"{key} {wanted}"))

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def hold(self, prefix, seconds=600, scope=0):
        self.say("hold", prefix, scope, seconds)
        return self.expect("fate", fate=prefix, scope=scope)["error"]

    def release(self, prefix, scope=0):
        self.say("release", prefix, scope)
        return self.expect("fate", fate=prefix, scope=scope)["error"]

    def ask(self, prefix, scope=0):
        self.say("ask", prefix, scope)
        return self.expect("answer", answer=prefix, scope=scope)

    def release_all(self):
        """Done as soon as a later question is answered."""
        self.say("release-all")
        return self.ask("192.0.2.255/32")

    def state(self):
        self.say("state")
        return self.expect("state")

    def many(self, n, seconds=600):
        self.say("many", n, seconds)
        return self.expect("many")

    def stop(self):
        """As the daemon stops: what is held stays."""
        self.process.stdin.close()
        self.expect("stopped")
        assert self.process.wait(PATIENCE) == 0

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def complaints(self):
        """What it and its processes have said to stderr, after their end."""
        return self.process.stderr.read()

    # The processes behind it.

    @property
    def keeper_pid(self):
        return self.start["keeper"]

    @property
    def enforcer_pid(self):
        """The keeper's child, as soon as it has its name."""
        def find():
            found = [pid for pid in children(self.keeper_pid) if comm(pid) == "ipsd: enforcer"]
            return found[0] if found else None
        return until(find, "the enforcer's process")

    def kill_enforcer(self):
        os.kill(self.enforcer_pid, signal.SIGKILL)


def stat_of(pid):
    """State and parent, or None when there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rsplit(")", 1)[1].split()[:2]


def is_alive(pid):
    stat = stat_of(pid)
    return stat is not None and stat[0] not in "ZX"


def comm(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(parent):
    pids = (int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit())
    return [pid for pid in pids if (stat_of(pid) or [None, "-1"])[1] == str(parent)]
