# SPDX-License-Identifier: MIT
"""A log that lags behind by hours adds up live as it does in a replay (a log server delivers two hours at once)."""
import contextlib
import json
import sqlite3

import pytest

from daemon import line
from netns import until

HOUR = 3600
BAD, OTHER = "198.51.100.7", "198.51.100.8"


def counted(daemon):
    return daemon.sql("SELECT coalesce(sum(count), 0) FROM events")


def trickle(daemon, lines):
    """One line at a time, each behind a tick by the clock."""
    for text in lines:
        before = counted(daemon)
        daemon.write(text)
        until(lambda: counted(daemon) > before, "the line")
        ticked = daemon.ctl("metrics")
        assert ticked.code == 0


def bans(answer):
    told = map(json.loads, answer.out.splitlines())
    return sorted((row["prefix"], row["time"], row["until"]) for row in told if row.get("decision") == "ban")


def decided(daemon):
    return bans(daemon.ctl("events", "--decisions", "--json"))


def replayed(daemon):
    return bans(daemon.ctl("replay", "--json", "--jail", "test", str(daemon.log)))


@pytest.mark.parametrize("restart", [False, True], ids=["goes on", "restarts"])
def test_a_late_log_adds_up_live_as_in_a_replay(daemons, restart):
    daemon = daemons(ban="1d", jail="ports = all").start()
    lines = [line(BAD if i % 2 else OTHER, seconds_ago=3 * HOUR - 60 * i) for i in range(24)]
    trickle(daemon, lines[:12])
    if restart:
        daemon.process.kill()
        daemon.process.wait()
        daemon.start()
    trickle(daemon, lines[12:])
    until(lambda: len(replayed(daemon)) == 2 and decided(daemon) == replayed(daemon), "the bans of the replay")
    until(lambda: daemon.held() == {BAD, OTHER}, "the kernel")


def test_a_ban_that_is_over_when_its_line_comes_is_decided_once_and_not_sent_to_the_kernel(daemons):
    daemon = daemons(ban="30m").start()
    lines = [line(BAD, seconds_ago=3 * HOUR - 60 * i) for i in range(35)]
    trickle(daemon, lines)
    assert decided(daemon) == replayed(daemon) and len(decided(daemon)) == 1
    assert daemon.held() == set() and daemon.sql("SELECT count(*) FROM bans WHERE ended IS NULL") == 0


def test_a_saved_end_that_could_never_have_been_saved_is_not_believed(daemons):
    daemon = daemons().start()
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.dir / "state" / "state.db")) as db, db:
        db.execute("INSERT OR REPLACE INTO meta VALUES (CAST('lag' AS BLOB), '500000 4000000000000000')")
    daemon.start()

    def ended():
        daemon.write(line(OTHER))
        return daemon.sql("SELECT CAST(value AS TEXT) FROM meta WHERE key = CAST('lag' AS BLOB)").startswith("0 ")

    until(ended, "the end of what is believed of the log's lag")
