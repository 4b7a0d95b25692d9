#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What do many bans cost?

usage: sudo scale.py BUILD [--bans 1000,10000,100000,1000000] [--order 100000] [--lived-in]

The real ipsd in a namespace. For each number of bans: so many lie in the database, and the daemon is started. How long does it take
until it answers, and until the kernel holds them all? How long does `nft -f` take for the same elements, in a namespace of its own
at the same time of day? How long does `list --json` take, what do the processes hold in memory, and how long was nothing looked at?
At last one order of a file and `unban --all`. Figures are printed as `name value unit`.
"""
import argparse
import ipaddress
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

from daemon import Daemon  # noqa: E402
from netns import Cable, Netns, until  # noqa: E402
from state import lay, metric, told  # noqa: E402

LONG = 1200
FIRST = 0x0B000000
SET = """table inet floor {
	set all4 {
		type ipv4_addr
		flags timeout
	}
}
"""


def addresses(n):
    return (str(ipaddress.IPv4Address(FIRST + i)) for i in range(n))


def floor(n):
    """Seconds that nft takes for so many elements, in the slices that it makes of them itself."""
    ns = Netns("floor")
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
            file.write(SET + "add element inet floor all4 { ")
            file.write(", ".join(f"{a} timeout 20d" for a in addresses(n)))
            file.write(" }\n")
            file.flush()
            begin = time.monotonic()
            ns.run("nft", "-f", file.name)
            return time.monotonic() - begin
    finally:
        ns.close()


def memory(daemon, word):
    for comm in ("ipsd", "ipsd: enforcer"):
        for pid in daemon.children(comm):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            pss = next(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
            told(f"{word}/memory-{comm.removeprefix('ipsd: ')}", pss / 1024, "MiB")


def longest(daemon, name):
    told(name, metric(daemon, "ipsd_longest_turn_seconds") * 1e3, "ms")


def begin_with(daemon, n):
    """A database whose bans are copies of one that the daemon made itself."""
    daemon.start()
    daemon.attack("203.0.113.9")
    daemon.wait_blocked("203.0.113.9")
    daemon.stop()
    lay(daemon, 100, n)


def measure_restore(cable, build, n):
    word, daemon = f"bans-{n}", Daemon(cable.server, build)
    try:
        begin_with(daemon, n)
        cable.server.run("nft", "delete", "table", "inet", "ipsd")
        begin = time.monotonic()
        daemon.start()
        told(f"{word}/start-to-answer", time.monotonic() - begin, "s")
        longest(daemon, f"{word}/longest-turn-at-answer")
        until(daemon.settled, "the kernel", LONG)
        told(f"{word}/start-to-all-in-kernel", time.monotonic() - begin, "s")
        longest(daemon, f"{word}/longest-turn-restore")
        begin = time.monotonic()
        count = daemon.ctl("list", "--json", patience=LONG).out.count('"prefix"')
        told(f"{word}/list-json", time.monotonic() - begin, "s")
        assert count == n, f"{count} rows of {n}"
        longest(daemon, f"{word}/longest-turn-list-json")
        begin = time.monotonic()
        daemon.ctl("list", patience=LONG)
        told(f"{word}/list-table", time.monotonic() - begin, "s")
        longest(daemon, f"{word}/longest-turn-list")
        memory(daemon, word)
        told(f"{word}/nft-f", floor(n), "s")
        begin = time.monotonic()
        daemon.ctl("unban", "--all", "--yes", patience=LONG)
        told(f"{word}/unban-all", time.monotonic() - begin, "s")
        until(daemon.settled, "the kernel", LONG)
        told(f"{word}/unban-all-to-kernel", time.monotonic() - begin, "s")
        longest(daemon, f"{word}/longest-turn-unban-all")
        begin = time.monotonic()
        daemon.stop()
        told(f"{word}/stop", time.monotonic() - begin, "s")
    finally:
        daemon.close()


def measure_order(cable, build, n):
    word, daemon = f"order-{n}", Daemon(cable.server, build)
    try:
        daemon.start()
        with tempfile.TemporaryFile("w+") as file:
            file.writelines(f"{a} 20d # a file\n" for a in addresses(n))
            file.seek(0)
            begin = time.monotonic()
            answer = daemon.ctl("ban", "--file", "-", input_file=file, patience=LONG)
        assert answer.code == 0, answer.err
        told(f"{word}/ban-file", time.monotonic() - begin, "s")
        until(daemon.settled, "the kernel", LONG)
        told(f"{word}/ban-file-to-kernel", time.monotonic() - begin, "s")
        longest(daemon, f"{word}/longest-turn")
    finally:
        daemon.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--bans", default="1000,10000,100000,1000000", help="numbers of bans to start with")
    parser.add_argument("--order", type=int, default=100_000, help="prefixes of the file")
    parser.add_argument("--lived-in", action="store_true", help="beside the rules of a host that has been lived on")
    parser.add_argument("--orders-only", action="store_true", help="no restores")
    args = parser.parse_args()
    cable, build = Cable(), args.build.resolve()
    try:
        if args.lived_in:
            cable.server.run("bash", str(HERE / "lived_in.sh"))
        for n in () if args.orders_only else map(int, args.bans.split(",")):
            measure_restore(cable, build, n)
        measure_order(cable, build, args.order)
    finally:
        cable.close()


if __name__ == "__main__":
    subprocess.run(["nft", "--version"], check=True, capture_output=True)
    main()
