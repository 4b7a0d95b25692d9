#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long does cut-connections take beside many sockets, and does it hold up bans?

usage: cutting.py BUILD [CONNECTIONS]

In network namespaces of its own; prints lines of `name value unit`. `one`: from a ban until the address's only connection is closed,
among all others; `all`: from the ban of a network until the last of its connections is closed; `ban`: from a wish to its fate, alone and
while that goes on. Kernel memory for both ends of a connection is about 10 KB.
"""
import contextlib
import os
import pathlib
import select
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lab"))

import netns  # noqa: E402  the lab is found from here
from enforcer import Enforcer  # noqa: E402

TIMES = 40
EACH = 5000     # connections of one process, which holds both ends


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def accept(cable, door, source):
    client = cable.attacker.start_connect(source, netns.SERVER[4], door.getsockname()[1])
    return client, door.accept()[0]


def await_end(sockets):
    """Until all of them are closed."""
    for s in sockets:
        hears = select.poll()
        hears.register(s, 0)    # POLLERR and POLLHUP
        assert hears.poll(netns.PATIENCE * 1000), "it stays open"
    return time.monotonic()


class Holder:
    """A process with connections of one address; says when they stand, and when the last is closed."""

    def __init__(self, cable, number, n):
        self.pipe, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            door = cable.server.listen(netns.SERVER[4], 1000 + number)
            pairs = [accept(cable, door, f"203.0.113.{number + 1}") for _ in range(n)]
            os.write(theirs, b"%20d" % 0)
            os.write(theirs, b"%20d" % int(await_end(served for _, served in pairs) * 1e6))
            os._exit(0)
        os.close(theirs)

    def hear(self):
        return int(os.read(self.pipe, 20)) / 1e6

    def has_ended(self):
        return bool(select.select([self.pipe], [], [], 0)[0])

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def hold_ms(e, prefix):
    began = time.monotonic()
    assert e.hold(prefix) == 0
    return (time.monotonic() - began) * 1e3


def measure(n, cable, e, holders):
    def tell(name, value, unit):
        print(f"cutting/{n}/{name} {value:.2f} {unit}", flush=True)

    def tell_all(name, took):
        took.sort()
        tell(f"{name}-p50", took[len(took) // 2], "ms")
        tell(f"{name}-worst", took[-1], "ms")

    door = cable.server.listen(netns.SERVER[4], 25)
    singles = [accept(cable, door, f"198.51.200.{i + 1}") for i in range(TIMES)]
    tell_all("ban-alone", [hold_ms(e, f"192.0.3.{i}/32") for i in range(TIMES)])
    one = []
    for i, (_, served) in enumerate(singles):
        began = time.monotonic()
        assert e.hold(f"198.51.200.{i + 1}/32") == 0
        one.append((await_end([served]) - began) * 1e3)
    tell_all("one", one)
    before, began = cpu_s(e.enforcer_pid), time.monotonic()
    assert e.hold("203.0.113.0/24") == 0
    meanwhile = []
    while not all(holder.has_ended() for holder in holders):
        meanwhile.append(hold_ms(e, f"192.0.4.{len(meanwhile) % 256}/32"))
        assert time.monotonic() - began < 60, "some stay open"
    tell("all", (max(holder.hear() for holder in holders) - began) * 1e3, "ms")
    tell("all-cpu", (cpu_s(e.enforcer_pid) - before) * 1e3, "ms")
    tell_all("ban-meanwhile", meanwhile)


def main(build, connections="20000"):
    n = int(connections)
    with contextlib.ExitStack() as stack:
        cable = stack.enter_context(contextlib.closing(netns.Cable()))
        holders = [stack.enter_context(contextlib.closing(Holder(cable, i, EACH))) for i in range(n // EACH)]
        for holder in holders:
            holder.hear()
        e = Enforcer(cable.server, pathlib.Path(build), "--cut")
        stack.callback(e.kill)
        measure(n, cable, e, holders)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
