#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What does it cost that nothing is lost?

usage: sudo state.py BUILD [--lines 300000] [--events 5000000] [--bans 100000]

The real ipsd in a namespace. First lines go from a file into the state while they are scored. Then a database of so many
events over a month and so many running bans is laid under it: how long does it take to start, to show an address whose only event is
the oldest, to list all, and how long is nothing looked at while lines come in and people ask? Figures are printed as `name value unit`.
"""
import argparse
import contextlib
import os
import pathlib
import re
import sqlite3
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

from daemon import Daemon, line  # noqa: E402
from netns import Cable, until  # noqa: E402

DAYS, MARK = 29, 4096
RARE = "9.9.9.9"
LONG = 1200

# Addresses come again and again, in no order; the oldest event is of RARE.
EVENTS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n)
INSERT INTO events (id, time, type, service, filter, source, addr, count, account, data, text)
SELECT i, :begin + i * :step, :type, :service, :filter, :source,
       CASE i WHEN 1 THEN x'09090909' ELSE unhex4(i * 7919 % 200000) END, 1, NULL, NULL,
       '2026-01-22T13:53:23Z 198.51.100.9 1 [Relay denied] a' || (i % 1000000) || '@example.net' FROM n
"""
BANS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n)
INSERT INTO bans (id, kind, because, action, since, until, addr, len, jail, scope, type, service, threshold, score, ended_because)
SELECT i + :last, :kind, :because, :action, :now - i * 1000, :now + 86400000000 * 20 + i, unhex4(3000000 + i), 32, :jail, :scope, :type,
       :service, :threshold, :score, :ended_because FROM n
"""


def told(name, value, unit):
    print(f"{name} {value:.4g} {unit}" if value < 1000 else f"{name} {value:.0f} {unit}", flush=True)


def lines(n):
    text = line("ADDRESS", 1)
    return [text.replace("ADDRESS", f"{100 + i // 65536}.{i // 256 % 256}.{i % 256}.77") for i in range(n)]


def metric(daemon, name):
    return float(re.search(rf"(?m)^{name} (\S+)$", daemon.ctl("metrics").out)[1])


def told_longest_turn(daemon, when):
    told(f"longest_turn_{when}", metric(daemon, "ipsd_longest_turn_seconds") * 1e3, "ms")


@contextlib.contextmanager
def timed(name):
    begin = time.monotonic()
    yield
    told(name, time.monotonic() - begin, "s")


def cpu_time(daemon):
    """Of the reader; what else runs on the machine does not disturb it."""
    stat = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text()
    return sum(map(int, stat[stat.rindex(")") + 2:].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def database(daemon):
    return daemon.dir / "state" / "state.db"


def feed(daemon, n, name):
    """Lines of as many addresses; what one read takes is on the disk with the next turn."""
    before, written, cpu = metric(daemon, "ipsd_counted_events_total"), lines(n), cpu_time(daemon)
    begin = time.monotonic()
    daemon.write(*written)
    until(lambda: metric(daemon, "ipsd_counted_events_total") - before == n, "the events", LONG)
    told(f"{name}_events_per_second", n / (time.monotonic() - begin), "1/s")
    told(f"{name}_cpu_per_event", (cpu_time(daemon) - cpu) / n * 1e6, "us")


def lay(daemon, n_events, n_bans):
    """What the row of an event and of a ban looks like is copied from the daemon's own."""
    db = sqlite3.connect(database(daemon))
    db.create_function("unhex4", 1, lambda i: (0x0B000000 + i).to_bytes(4, "big"), deterministic=True)
    db.row_factory = sqlite3.Row
    event = dict(db.execute("SELECT * FROM events WHERE source <> 0 LIMIT 1").fetchone())
    ban = dict(db.execute("SELECT * FROM bans LIMIT 1").fetchone())
    now = int(time.time() * 1e6)
    step = DAYS * 86400 * 1_000_000 // n_events
    with db:
        for table in ("events", "marks", "bans", "evidence"):
            db.execute(f"DELETE FROM {table}")
        db.execute(EVENTS, {**event, "n": n_events, "begin": now - step * n_events, "step": step})
        db.execute("INSERT INTO marks SELECT id, time FROM events WHERE id % ? = 0", (MARK,))
        db.execute(BANS, {**ban, "n": n_bans, "last": 0, "now": now})
    db.close()


def measure_feed(daemon, n):
    daemon.start()
    feed(daemon, n, "file_to_state")
    told_longest_turn(daemon, "feeding")
    daemon.attack("203.0.113.9")
    daemon.wait_blocked("203.0.113.9")
    daemon.stop()
    told("bytes_on_disk_per_event", database(daemon).stat().st_size / n, "bytes")


def start(daemon, name):
    with timed(f"start_{name}"):
        daemon.start()
    with timed(f"until_kernel_agrees_{name}"):
        until(daemon.settled, "the kernel", LONG)
    told(f"cpu_of_start_{name}", cpu_time(daemon), "s")


def measure_big(daemon, n_lines, n_bans):
    jail = daemon.etc / "jails" / "test.conf"
    jail.write_text(jail.read_text().replace("window = 60m", f"window = {DAYS}d"))
    start(daemon, "all_in_the_window")
    told("subjects", metric(daemon, "ipsd_subjects"), "")
    daemon.stop()
    jail.write_text(jail.read_text().replace(f"window = {DAYS}d", "window = 1d"))
    start(daemon, "a_day_in_the_window")
    told("subjects", metric(daemon, "ipsd_subjects"), "")
    told_longest_turn(daemon, "after_start")
    with timed("show_rare"):
        shown = daemon.ctl("show", RARE)
    assert RARE in shown.out
    with timed("events_of_rare"):
        found = daemon.ctl("events", "--address", RARE, "--json")
    assert RARE in found.out, "it was not found"
    with timed("list"):
        listed = daemon.ctl("list", "--json").out
    assert listed.count('"prefix"') >= n_bans, "blocks are missing"
    told_longest_turn(daemon, "asking")
    with daemon.asking("list", "--json"), daemon.asking("show", RARE), daemon.asking("events", "--address", RARE):
        feed(daemon, n_lines, "asked_meanwhile")
    told_longest_turn(daemon, "feeding_and_asking")
    with timed("stop"):
        daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--bans", type=int, default=100_000)
    args = parser.parse_args()
    cable = Cable()
    daemon = Daemon(cable.server, args.build.resolve())
    try:
        measure_feed(daemon, args.lines)
        with timed("laying_the_database"):
            lay(daemon, args.events, args.bans)
        measure_big(daemon, args.lines, args.bans)
    finally:
        daemon.close()
        cable.close()


if __name__ == "__main__":
    main()
