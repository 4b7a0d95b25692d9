#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long is what others took away missing in the kernel, and what do their storms cost us?

usage: reconcile.py BUILD [BLOCKS]

Alone and beside the ruleset of a host that has been lived on, in network namespaces of its own; prints lines of `name value
unit`. Restored: from the end of `nft -f` until the last of the blocks drops packets again;
median and worst of 40.
"""
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lab"))

import netns  # noqa: E402  the lab is found from here
from daemon import Daemon  # noqa: E402

LIVED_IN = ROOT / "bench" / "lived_in.sh"
TIMES, CHANGES, AT_ONCE = 40, 20000, 1000


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def address(i):
    return f"198.51.{i // 250}.{i % 250 + 1}"


def measure(where, build, blocks, prepare):
    def tell(name, value, unit):
        print(f"reconcile/{where}/{blocks}/{name} {value:.1f} {unit}", flush=True)

    cable = netns.Cable()
    daemon = Daemon(cable.server, pathlib.Path(build))
    try:
        prepare(cable.server)
        daemon.start()
        for first in range(0, blocks, AT_ONCE):
            some = [address(i) for i in range(first, min(blocks, first + AT_ONCE))]
            assert daemon.ctl("ban", *some, "--for", "1h").code == 0
        netns.until(daemon.settled, "the kernel")
        for name, command in (("table", "delete table inet ipsd"), ("set", "flush set inet ipsd all4_32")):
            took = []
            for _ in range(TIMES):
                cable.server.nft(command)
                began = time.monotonic()
                netns.until(lambda: not cable.passes(address(0)) and not cable.passes(address(blocks - 1)), "the blocks")
                took.append((time.monotonic() - began) * 1e3)
                netns.until(daemon.settled, "the kernel")
                rested = time.monotonic() + 0.3     # the next one is the first of its quarter of a second again
                netns.until(lambda rested=rested: time.monotonic() > rested, "a pause")
            took.sort()
            tell(f"{name}-to-restored-p50", took[len(took) // 2], "ms")
            tell(f"{name}-to-restored-worst", took[-1], "ms")
        storm(cable.server, daemon, tell)
    finally:
        daemon.close()
        cable.close()


def storm(ns, daemon, tell):
    ns.nft("add table ip storm")
    processes = {"reader": daemon.process.pid, "enforcer": daemon.children("ipsd: enforcer")[0]}
    before, began = {name: cpu_s(pid) for name, pid in processes.items()}, time.monotonic()
    nft = subprocess.Popen(ns.command("nft", "-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    nft.communicate("".join(f"add chain ip storm c{i}\n" for i in range(CHANGES)))
    took = time.monotonic() - began
    tell("storm-changes", CHANGES / took, "1/s")
    for name, pid in processes.items():
        tell(f"storm-cpu-{name}", (cpu_s(pid) - before[name]) / took * 100, "%")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] == "--help":
        sys.exit(__doc__)
    for n in map(int, sys.argv[2:] or ("1000", "10000")):
        measure("alone", sys.argv[1], n, lambda ns: None)
        measure("lived-in", sys.argv[1], n, lambda ns: ns.run("sh", str(LIVED_IN)))
