#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the processes of ipsd hold in memory, idle and with many subjects.

usage: sudo memory.py BUILD [--subjects 100000] [--lived-in] [--userns]

Resident and proportional set size (RSS, PSS) of each process, in KiB, from /proc/PID/smaps_rollup. scale.py tells it with many bans.
"""
import pathlib
import time

import figures
from daemon import Daemon, line
from netns import Cable, until


def tell(fig, daemon, word):
    total = 0
    for comm in ("ipsd", "ipsd: enforcer", "ipsd: keeper"):
        for pid in daemon.children(comm):
            rollup = dict(row.split(":") for row in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
            sizes = {kind: int(rollup[kind].split()[0]) for kind in ("Rss", "Pss")}
            total += sizes["Pss"]
            for kind, size in sizes.items():
                fig.tell(f"{word}/{comm.removeprefix('ipsd: ')}-{kind.upper()}", size, "KiB")
    fig.tell(f"{word}/all-PSS", total, "KiB")


def main():
    parser = figures.options(__doc__)
    parser.add_argument("--subjects", type=int, default=100_000)
    args, fig = figures.start(parser, "memory")
    cable = Cable()
    daemon = Daemon(cable.server, args.build)
    try:
        fig.prepare(cable.server)
        daemon.start()
        tell(fig, daemon, "idle")
        text = line("ADDRESS", 1)
        lines = [text.replace("ADDRESS", f"{100 + i // 65536}.{i // 256 % 256}.{i % 256}.77") for i in range(args.subjects)]
        start = time.monotonic()
        daemon.write(*lines)
        until(lambda: daemon.ctl("status", "--json").json["jails"][0]["subjects"] == args.subjects, "the subjects", 600)
        fig.tell(f"{args.subjects}-subjects/file-to-state", args.subjects / (time.monotonic() - start), "events/s")
        tell(fig, daemon, f"{args.subjects}-subjects")
    finally:
        daemon.close()
        cable.close()


if __name__ == "__main__":
    main()
