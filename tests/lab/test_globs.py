# SPDX-License-Identifier: MIT
"""Sources that are patterns: logs with the date in their name, and the new file at midnight."""
import os
import time

from daemon import line
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"
BOUND = 512


def with_pattern(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\nfirst-read = end\n")
    conf = daemon.etc / "filters" / "vpop3-ids.conf"
    conf.write_text(conf.read_text().replace(str(daemon.log), str(daemon.log.parent / "*-ids.log")))
    daemon.log.unlink()
    daemon.log = daemon.log.parent / "2026.11.21-ids.log"
    return daemon


def events(daemon):
    return len(daemon.ctl("events", "--json").out.splitlines())


def test_a_new_file_at_midnight_is_read_from_its_beginning(daemons):
    daemon = with_pattern(daemons)
    daemon.attack(BAD, 3)
    daemon.start()
    daemon.attack(BAD, 5)
    until(lambda: events(daemon) == 5, "what came after the start")
    old, daemon.log = daemon.log, daemon.log.parent / "2026.11.22-ids.log"
    daemon.attack(BAD, 2)
    until(lambda: events(daemon) == 7, "the new file")
    with open(old, "a", encoding="ascii") as late:
        late.write(line(BAD))
    until(lambda: events(daemon) == 8, "a late line in the old file")
    daemon.stop()
    daemon.attack(BAD, 1)
    daemon.start()
    daemon.attack(BAD, 1)
    daemon.wait_blocked(BAD)
    assert events(daemon) == 10


def test_no_file_and_no_folder_are_told_and_waited_for(daemons):
    daemon = with_pattern(daemons)
    daemon.log.parent.rmdir()
    daemon.start()
    source = daemon.ctl("status", "--json").json["sources"][0]
    assert source["state"] == "missing" and "folder" in source["why"]
    daemon.log.parent.mkdir()
    (daemon.log.parent / "2026.11.22-other.log").write_text("")
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert [s["path"] for s in daemon.ctl("status", "--json").json["sources"]] == [str(daemon.log)]


def test_files_of_the_past_are_left_alone_and_let_go(daemons):
    daemon = with_pattern(daemons)
    past = time.time() - 3 * 86400
    for day in range(1, 20):
        old = daemon.log.parent / f"2026.10.{day:02}-ids.log"
        old.write_text(line(OTHER) * 10)
        os.utime(old, (past, past))
    daemon.attack(BAD, 1)
    daemon.start()
    assert [s["path"] for s in daemon.ctl("status", "--json").json["sources"]] == [str(daemon.log)]
    os.utime(daemon.log, (past, past))
    daemon.log = daemon.log.parent / "2026.11.22-ids.log"
    daemon.attack(BAD, 10)
    daemon.wait_blocked(BAD)
    until(lambda: [s["path"] for s in daemon.ctl("status", "--json").json["sources"]] == [str(daemon.log)], "the old one's end")
    assert events(daemon) == 10


def test_files_beyond_the_bound_are_told_and_read_when_there_is_room(daemons):
    daemon = with_pattern(daemons)
    for i in range(BOUND):
        (daemon.log.parent / f"{i}-ids.log").touch()
    daemon.log = daemon.log.parent / "z-ids.log"
    daemon.log.touch()
    daemon.start()
    status = daemon.ctl("status")
    assert status.code == 1 and "(left out: 1)" in status.out
    for i in range(BOUND):
        (daemon.log.parent / f"{i}-ids.log").unlink()
    (daemon.log.parent / "other-ids.log").touch()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("status").code == 0
