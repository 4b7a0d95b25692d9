# SPDX-License-Identifier: MIT
"""What the database holds, on bad days: a full disk, a kill, damage."""
import contextlib
import ipaddress
import json
import os
import re
import sqlite3

import pytest

from daemon import line
from netns import until

BAD, GOOD, OTHER = "198.51.100.7", "203.0.113.20", "198.51.100.8"


def waits(daemon):
    """What status says of the database; empty when it is well."""
    return "".join(f["text"] for f in daemon.ctl("status", "--json").json["findings"] if "cannot be written" in f["text"])


def stored(daemon):
    """Events, and how many of each address."""
    db = sqlite3.connect(daemon.dir / "state" / "state.db")
    with contextlib.closing(db):
        return dict(db.execute("SELECT hex(addr), sum(count) FROM events GROUP BY addr"))


def listed(daemon):
    return {row["prefix"].removesuffix("/32") for row in daemon.ctl("list", "--json").json["bans"]}


def killed(daemon):
    daemon.process.kill()
    daemon.process.wait()
    return daemon.start()


def key(address):
    return ipaddress.ip_address(address).packed.hex().upper()


def test_what_a_database_with_little_room_cannot_take_in_waits_and_needs_no_further_line(daemons):
    daemon = daemons()
    with daemon.on_a_full_disk("4m") as ballast:
        bans = daemon.dir / "bans"
        bans.write_text("".join(f"203.0.{i // 250}.{i % 250} 1h\n" for i in range(5000)))
        answer = daemon.ctl("ban", f"--file={bans}")
        assert answer.code == 1 and "a restart would forget this" in answer.out, answer
        os.truncate(ballast, ballast.stat().st_size - 128 * 1024)
        daemon.attack(OTHER, 1)
        until(lambda: "what waits: events 1, decisions 5000" in waits(daemon), "the event")
        assert daemon.ctl("status").code == 1, "the bans do not fit"
        ballast.unlink()
        until(lambda: daemon.ctl("status").code == 0, "green")
        assert "is written again, and what had waited is in it: events 1, decisions 5000" in daemon.words()
        daemon.stop()
        assert stored(daemon) == {key(OTHER): 1}
        daemon.start()
        assert len(daemon.ctl("list", "--json").json["bans"]) == 5000


def fill_up(ballast):
    with open(ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_an_unban_that_is_not_in_the_database_is_no_success(daemons):
    daemon = daemons()
    with daemon.on_a_full_disk("8m") as ballast:
        os.truncate(ballast, ballast.stat().st_size - 1024 * 1024)
        assert daemon.ctl("ban", BAD, OTHER).code == 0
        fill_up(ballast)
        answer = daemon.ctl("unban", "--all", "--yes")
        assert answer.code == 1 and "a restart would forget this" in answer.out, answer
        assert daemon.held() == set(), "it is done"
        assert "is well" not in daemon.ctl("status").out
        ballast.unlink()
        killed(daemon)
        assert listed(daemon) == {BAD, OTHER}


def test_what_only_the_kernel_knows_is_taken_out_however_much_it_is(daemons):
    """More than fits into the queue to the enforcer."""
    daemon, many = daemons(), 40000
    bans = daemon.dir / "bans"
    bans.write_text("".join(f"{ipaddress.ip_address('203.0.0.0') + i} 1d # {'x' * 50}\n" for i in range(many)))
    with daemon.on_a_full_disk("24m") as ballast:
        os.truncate(ballast, ballast.stat().st_size - 2 * 1024 * 1024)
        answer = daemon.ctl("ban", f"--file={bans}")
        assert answer.code == 1 and "a restart would forget this" in answer.out, answer
        until(lambda: len(daemon.held()) == many, "the kernel")
        daemon.process.kill()
        daemon.process.wait()
        ballast.unlink()
        daemon.start()
        known = listed(daemon)
        assert 0 < len(known) < many - 16384
        until(lambda: daemon.held() == known, "that the rest is taken out")
        assert "the kernel still held" in daemon.words() and daemon.ctl("verify").code == 0


@pytest.mark.parametrize("end", ["goes on", "is killed", "is stopped"])
def test_a_full_disk_stops_no_blocking_and_loses_no_line(cable, daemons, end):
    daemon = daemons()
    with daemon.on_a_full_disk("2m") as ballast:
        text = "[Relay denied] " + "x" * 1500
        daemon.attack(BAD, 200, text=text)
        daemon.wait_blocked(BAD)
        until(lambda: waits(daemon), "red")
        until(lambda: not cable.passes(BAD), "the drop")
        daemon.attack(BAD, 7, text=text)
        until(lambda: stored(daemon).get(key(BAD), 0) + int(re.search(r"events (\d+)", waits(daemon))[1]) == 207, "all lines")
        if end == "is killed":
            daemon.process.kill()
            daemon.process.wait()
        elif end == "is stopped":
            daemon.stop()
            assert "what waited for the database is not in it" in daemon.words()
        ballast.unlink()
        if end != "goes on":
            daemon.start()
        written = []

        def one_more():
            written.append(daemon.attack(OTHER, 1))
            return daemon.ctl("status").code == 0 and daemon.is_blocked(OTHER)
        until(one_more, "green, with never a quiet moment")
        daemon.stop()
        assert stored(daemon) == {key(BAD): 207, key(OTHER): len(written)}, "each line once"
        daemon.start()
        assert daemon.is_blocked(BAD) and daemon.is_blocked(OTHER), "what was banned while the disk was full is known again"
        daemon.stop()
        assert stored(daemon) == {key(BAD): 207, key(OTHER): len(written)}, "nor is one read twice"


def test_a_database_that_is_damaged_while_it_runs_is_set_aside(cable, daemon):
    """More than SQLite keeps in memory, so that it finds the damage when somebody asks."""
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("never-block", "add", GOOD).code == 0
    many = 60000
    text = "[Relay denied] " + "x" * 150
    daemon.write(*(line(f"100.64.{n >> 8}.{n & 255}", text=text) for n in range(many)))
    until(lambda: sum(stored(daemon).values()) == many + 10, "all events")
    with open(daemon.dir / "state" / "state.db", "r+b") as f:
        f.seek(0, os.SEEK_END)
        size = f.tell()
        f.seek(4096)
        f.write(b"\xa5" * (size - 4096))
    until(lambda: daemon.ctl("events", "--address", BAD) and "is damaged" in daemon.words(), "that it is noticed")
    assert list((daemon.dir / "state").glob("state.db.damaged-*"))
    until(lambda: daemon.ctl("status").code == 0, "green")
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    assert not cable.passes(BAD)
    killed(daemon)
    assert daemon.is_blocked(BAD) and daemon.is_blocked(OTHER), "what was blocked before the damage still is"
    assert GOOD in daemon.ctl("never-block", "list").out
    assert stored(daemon) == {key(OTHER): 10}, "nothing is read again"


def test_what_was_answered_survives_a_kill_right_behind_the_answer(daemon):
    for n in range(3):
        address = f"203.0.113.{100 + n}"
        daemon.attack(OTHER, 1)
        until(lambda n=n: daemon.ctl("show", OTHER, "--json").json["events"][n:], "the event")
        assert daemon.ctl("ban", address, "--for", "1h").code == 0
        killed(daemon)
        assert daemon.is_blocked(address)
        assert stored(daemon) == {key(OTHER): n + 1}, "the order took in what came before it"
    assert daemon.ctl("unban", "203.0.113.100").code == 0
    assert not killed(daemon).is_blocked("203.0.113.100")
    assert daemon.ctl("never-block", "add", GOOD).code == 0
    assert GOOD in killed(daemon).ctl("never-block", "list").out
    assert daemon.ctl("observe").code == 0
    assert not killed(daemon).is_blocked("203.0.113.101")
    assert daemon.ctl("enforce").code == 0
    assert killed(daemon).is_blocked("203.0.113.101")


MILLIONS = """
INSERT INTO events (id, time, type, service, filter, source, addr, count, account, data, text)
 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
 SELECT i, (unixepoch() - 172800) * 1000000, 1, 0, 0, 0, x'0a000001', 1, NULL, NULL, NULL FROM n;
INSERT INTO marks VALUES (3000000, (unixepoch() - 172800) * 1000000);
"""


def test_who_looks_for_an_address_among_millions_of_events_holds_nothing_up(daemon):
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.dir / "state" / "state.db")) as db:
        db.executescript(MILLIONS)
    daemon.start()
    with daemon.asking("events", "--address", "192.0.2.77") as asked:
        daemon.attack(BAD)
        until(lambda: f"ban {BAD} " in daemon.words(), "the ban")
        assert daemon.ctl("list").code == 0
        assert asked.poll() is None, "the search goes on meanwhile"
        assert asked.wait(60) == 0


def test_a_flood_is_fewer_rows_that_count_as_much(daemon):
    daemon.write(line(BAD) * 5000)
    until(lambda: stored(daemon) == {key(BAD): 5000}, "all lines")
    rows = daemon.ctl("events", "--limit", "5000", "--json").out.splitlines()
    assert len(rows) < 5000
    assert sum(json.loads(row)["count"] for row in rows) == 5000
    assert re.search(r"relay-denied .* \d+ x a@example.net", daemon.ctl("events", "--limit", "5000").out)
    blocks = daemon.ctl("list", "--json").json["bans"]
    assert len(blocks) == 1 and blocks[0]["score"] == sum(
        e["points"] for e in daemon.ctl("show", BAD, "--json").json["evidence"])
    killed(daemon)
    assert stored(daemon) == {key(BAD): 5000}
    assert [b["until"] for b in daemon.ctl("list", "--json").json["bans"]] == [blocks[0]["until"]]


def test_after_damage_at_the_start_the_kernel_goes_on_the_log_fills_the_windows_and_unban_lifts(daemon):
    assert daemon.ctl("ban", BAD, "--for", "2h").code == 0
    daemon.attack(OTHER, 6)
    until(lambda: sum(stored(daemon).values()) == 6, "the events")
    daemon.stop()
    (daemon.dir / "state" / "state.db").write_bytes(b"garbage " * 1000)
    daemon.start()
    aside, = (daemon.dir / "state").glob("state.db.damaged-??????????")
    assert f"the database was damaged; it is kept as {aside}" in daemon.words()
    assert "bans of before stay in the kernel" in daemon.words() and daemon.held() == {BAD}
    until(lambda: stored(daemon) == {key(OTHER): 6}, "the window of the log")
    assert daemon.ctl("unban", BAD).code == 0
    until(lambda: daemon.held() == set(), "that it is lifted")
    daemon.attack(OTHER, 4)
    daemon.wait_blocked(OTHER)


@pytest.mark.parametrize("known", [False, True], ids=["first start", "later"])
def test_a_disk_that_is_full_at_the_start_is_told_and_the_next_start_is_well(daemons, known):
    daemon = daemons()
    with daemon.on_a_full_disk("1m") as ballast:
        if known:
            ballast.unlink()
            assert daemon.ctl("ban", BAD).code == 0
        daemon.stop()
        for path in daemon.dir.glob("state/*"):
            if path != ballast and not known:
                path.unlink()
        with open(ballast, "ab", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"x" * 4096)
        code, words = daemon.run_once()
        assert code == 1 and "state.db: No space left on device; bans of before stay in the kernel; `df -h" in words, words
        ballast.unlink()
        daemon.start()
        assert daemon.ctl("status").code == 0 and daemon.is_blocked(BAD) == known
