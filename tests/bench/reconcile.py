#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long is what others took away missing in the kernel, and what do their storms cost us?

usage: sudo reconcile.py BUILD [--blocks 1000,10000] [--times 100] [--changes 5000] [--lived-in] [--userns]

In network namespaces of its own. Told for each number of blocks are
  ruleset-to-restored   from the end of `nft flush ruleset` until the first and the last of the blocks drop packets again
  table-to-restored     the same after our table was deleted
  set-to-restored       the same after the set of the blocks was flushed
as median, 99th percentile and worst, in milliseconds; then what so many changes of others cost our processes.
"""
import pathlib
import subprocess
import time

import figures
import netns
from daemon import Daemon

AT_ONCE = 1000
TAKEN = {"ruleset": "flush ruleset", "table": "delete table inet ipsd", "set": "flush set inet ipsd all4_32"}


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def address(i):
    return f"198.51.{i // 250}.{i % 250 + 1}"


def pause(seconds):
    end = time.monotonic() + seconds
    netns.until(lambda: time.monotonic() > end, "a pause")


def measure(fig, build, blocks, times, changes):
    cable = netns.Cable()
    daemon = Daemon(cable.server, build)
    try:
        fig.prepare(cable.server)
        daemon.start()
        for first in range(0, blocks, AT_ONCE):
            some = [address(i) for i in range(first, min(blocks, first + AT_ONCE))]
            assert daemon.ctl("ban", *some, "--for", "1h").code == 0
        netns.until(daemon.settled, "the kernel")
        for name, command in TAKEN.items():
            took = []
            for i in range(times):
                fig.progress(f"{blocks} blocks, {name}: {i + 1} of {times}")
                cable.server.nft(command)
                began = time.monotonic()
                netns.until(lambda: not cable.passes(address(0)) and not cable.passes(address(blocks - 1)), "the blocks")
                took.append((time.monotonic() - began) * 1e3)
                if command == "flush ruleset":
                    fig.prepare(cable.server)
                netns.until(daemon.settled, "the kernel")
                pause(0.3)     # the next one is the first of its quarter of a second again
            fig.tell_spread(f"{blocks}/{name}-to-restored", took, "ms")
        fig.progress(f"{blocks} blocks: a storm")
        storm(cable.server, daemon, changes, lambda name, *figure: fig.tell(f"{blocks}/{name}", *figure))
    finally:
        daemon.close()
        cable.close()


def storm(ns, daemon, changes, tell):
    ns.nft("add table ip storm")
    processes = {"reader": daemon.process.pid, "enforcer": daemon.children("ipsd: enforcer")[0]}
    before, began = {name: cpu_s(pid) for name, pid in processes.items()}, time.monotonic()
    nft = subprocess.Popen(ns.command("nft", "-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    nft.communicate("".join(f"add chain ip storm c{i}\n" for i in range(changes)))
    took = time.monotonic() - began
    tell("storm-changes", changes / took, "1/s")
    for name, pid in processes.items():
        tell(f"storm-cpu-{name}", (cpu_s(pid) - before[name]) / took * 100, "%")


def main():
    parser = figures.options(__doc__)
    parser.add_argument("--blocks", type=figures.numbers, default="1000,10000", help="blocks that stand")
    parser.add_argument("--times", type=int, default=100, help="how often each thing is taken away")
    parser.add_argument("--changes", type=int, default=5000, help="changes of others in the storm")
    args, fig = figures.start(parser, "reconcile")
    for blocks in args.blocks:
        measure(fig, args.build, blocks, args.times, args.changes)
    fig.progress("")


if __name__ == "__main__":
    main()
