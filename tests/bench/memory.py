#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the processes of ipsd hold in memory, idle and with many subjects.

usage: sudo memory.py BUILD [--subjects 100000]

Resident and proportional set size (RSS, PSS) of each process, in KiB, from /proc/PID/smaps_rollup.
"""
import argparse
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

from daemon import Daemon, line  # noqa: E402
from netns import Cable, until  # noqa: E402


def told(daemon, word):
    total = 0
    for comm in ("ipsd", "ipsd: enforcer", "ipsd: keeper"):
        for pid in daemon.children(comm):
            rollup = dict(row.split(":") for row in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
            rss, pss = (int(rollup[k].split()[0]) for k in ("Rss", "Pss"))
            total += pss
            print(f"{word:28} {comm:16} RSS {rss:8} KiB   PSS {pss:8} KiB")
    print(f"{word:28} {'all':16} {'':16} PSS {total:8} KiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--subjects", type=int, default=100_000)
    args = parser.parse_args()
    cable = Cable()
    daemon = Daemon(cable.server, args.build.resolve())
    try:
        daemon.start()
        told(daemon, "idle")
        text = line("ADDRESS", 1)
        lines = [text.replace("ADDRESS", f"{100 + i // 65536}.{i // 256 % 256}.{i % 256}.77") for i in range(args.subjects)]
        start = time.monotonic()
        daemon.write(*lines)
        until(lambda: daemon.ctl("status", "--json").json["jails"][0]["subjects"] == args.subjects, "the subjects", 600)
        seconds = time.monotonic() - start
        told(daemon, f"{args.subjects} subjects")
        print(f"{args.subjects / seconds:.0f} events a second from the file into the state, scored")
    finally:
        daemon.close()
        cable.close()


if __name__ == "__main__":
    main()
