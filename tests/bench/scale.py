#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What do many bans cost?

usage: sudo scale.py BUILD [--bans 1000,10000,100000,1000000] [--order 100000] [--lived-in] [--userns]

The real ipsd in a namespace. For each number of bans: so many lie in the database, and the daemon is started. How long does it take
until it answers, and until the kernel holds them all? How long does `nft -f` take for the same elements, in a namespace of its own
with the same rules of others? How long does `list --json` take, what do the processes hold in memory, and how long was nothing looked at?
At last one order of a file and `unban --all`. Figures are printed as `name value unit`.
"""
import ipaddress
import pathlib
import tempfile
import time

import figures
from daemon import Daemon
from netns import Cable, Netns, until
from state import lay, metric

LONG = 1200
FIRST = 0x0B000000
# What a user namespace may send in one transaction is little: 10,000 elements are too many for nft.
AT_ONCE = 2000
SET = """table inet floor {
	set all4 {
		type ipv4_addr
		flags timeout
	}
}
"""


def addresses(n, first=FIRST):
    return (str(ipaddress.IPv4Address(first + i)) for i in range(n))


def fill(ns, n, at_once):
    """Seconds that `nft -f` takes for a set of so many elements, of which a process gets so many at once."""
    ns.nft(SET)
    took = 0
    for first in range(0, n, at_once):
        elements = ", ".join(f"{a} timeout 20d" for a in addresses(min(at_once, n - first), FIRST + first))
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
            file.write(f"add element inet floor all4 {{ {elements} }}\n")
            file.flush()
            begin = time.monotonic()
            ns.run("nft", "-f", file.name)
            took += time.monotonic() - begin
    return took


def floor(fig, n):
    """The same, in a namespace of its own."""
    ns = Netns("floor")
    try:
        fig.prepare(ns)
        return fill(ns, n, AT_ONCE if fig.in_userns else n)
    finally:
        ns.close()


def memory(fig, daemon, word):
    for comm in ("ipsd", "ipsd: enforcer"):
        for pid in daemon.children(comm):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            pss = next(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
            fig.tell(f"{word}/memory-{comm.removeprefix('ipsd: ')}", pss / 1024, "MiB")


def longest(fig, daemon, name):
    fig.tell(name, metric(daemon, "ipsd_longest_turn_seconds") * 1e3, "ms")


def begin_with(daemon, n):
    """A database whose bans are copies of one that the daemon made itself."""
    daemon.start()
    daemon.attack("203.0.113.9")
    daemon.wait_blocked("203.0.113.9")
    daemon.stop()
    lay(daemon, 100, n)


def measure_restore(fig, cable, build, n):
    word, daemon = f"bans-{n}", Daemon(cable.server, build)
    fig.progress(f"restore of {n} bans")
    try:
        begin_with(daemon, n)
        cable.server.run("nft", "delete", "table", "inet", "ipsd")
        begin = time.monotonic()
        daemon.start()
        fig.tell(f"{word}/start-to-answer", time.monotonic() - begin, "s")
        longest(fig, daemon, f"{word}/longest-turn-at-answer")
        until(daemon.settled, "the kernel", LONG)
        fig.tell(f"{word}/start-to-all-in-kernel", time.monotonic() - begin, "s")
        longest(fig, daemon, f"{word}/longest-turn-restore")
        begin = time.monotonic()
        count = daemon.ctl("list", "--json", patience=LONG).out.count('"prefix"')
        fig.tell(f"{word}/list-json", time.monotonic() - begin, "s")
        assert count == n, f"{count} rows of {n}"
        longest(fig, daemon, f"{word}/longest-turn-list-json")
        begin = time.monotonic()
        daemon.ctl("list", patience=LONG)
        fig.tell(f"{word}/list-table", time.monotonic() - begin, "s")
        longest(fig, daemon, f"{word}/longest-turn-list")
        memory(fig, daemon, word)
        fig.tell(f"{word}/nft-f-{AT_ONCE}-at-once" if fig.in_userns else f"{word}/nft-f", floor(fig, n), "s")
        begin = time.monotonic()
        daemon.ctl("unban", "--all", "--yes", patience=LONG)
        fig.tell(f"{word}/unban-all", time.monotonic() - begin, "s")
        until(daemon.settled, "the kernel", LONG)
        fig.tell(f"{word}/unban-all-to-kernel", time.monotonic() - begin, "s")
        longest(fig, daemon, f"{word}/longest-turn-unban-all")
        begin = time.monotonic()
        daemon.stop()
        fig.tell(f"{word}/stop", time.monotonic() - begin, "s")
    finally:
        daemon.close()


def measure_order(fig, cable, build, n):
    word, daemon = f"order-{n}", Daemon(cable.server, build)
    try:
        daemon.start()
        with tempfile.TemporaryFile("w+") as file:
            file.writelines(f"{a} 20d # a file\n" for a in addresses(n))
            file.seek(0)
            begin = time.monotonic()
            answer = daemon.ctl("ban", "--file", "-", input_file=file, patience=LONG)
        assert answer.code == 0, answer.err
        fig.tell(f"{word}/ban-file", time.monotonic() - begin, "s")
        until(daemon.settled, "the kernel", LONG)
        fig.tell(f"{word}/ban-file-to-kernel", time.monotonic() - begin, "s")
        longest(fig, daemon, f"{word}/longest-turn")
    finally:
        daemon.close()


def main():
    parser = figures.options(__doc__)
    parser.add_argument("--bans", type=figures.numbers, default="1000,10000,100000,1000000", help="numbers of bans to start with")
    parser.add_argument("--order", type=int, default=100_000, help="prefixes of the file")
    parser.add_argument("--orders-only", action="store_true", help="no restores")
    args, fig = figures.start(parser, "scale")
    cable = Cable()
    try:
        fig.prepare(cable.server)
        for n in () if args.orders_only else args.bans:
            measure_restore(fig, cable, args.build, n)
        measure_order(fig, cable, args.build, args.order)
    finally:
        fig.progress("")
        cable.close()


if __name__ == "__main__":
    main()
