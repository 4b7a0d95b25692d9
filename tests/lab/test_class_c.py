# SPDX-License-Identifier: MIT
"""ipsctl ban --class-c: the network of an address that did something, and no other one without --force."""
import contextlib
import sqlite3

from netns import until

BAD, OTHER, STRANGER = "198.51.100.7", "198.51.100.8", "203.0.113.5"
NETWORK = "198.51.100.0/24"


def prefixes(daemon):
    return {b["prefix"] for b in daemon.ctl("list", "--json").json["bans"]}


def test_one_event_of_a_neighbour_is_enough(cable, daemon):
    daemon.attack(BAD, 1)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 1, "the event")
    answer = daemon.ctl("ban", OTHER, "--class-c")
    assert answer.code == 0 and answer.out.startswith(f"{NETWORK} is blocked until"), answer
    assert cable.probe([BAD, OTHER, STRANGER]) == {STRANGER}


def test_a_block_of_a_neighbour_is_enough_after_it_was_lifted_too(daemon):
    assert daemon.ctl("ban", "2001:db8:7:1::1").code == 0
    assert daemon.ctl("unban", "2001:db8:7:1::1").code == 0
    answer = daemon.ctl("blacklist", "2001:db8:7:9::1", "--class-c")
    assert answer.code == 0 and prefixes(daemon) == {"2001:db8:7::/48"}, answer


def test_a_network_of_which_nothing_is_known_needs_force_and_then_nothing_of_the_order_is_done(daemon):
    daemon.attack(BAD, 1)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 1, "the event")
    answer = daemon.ctl("ban", BAD, STRANGER, "--class-c")
    assert answer.code == 2 and "no address of 203.0.113.0/24 was blocked in the last 30 days" in answer.err, answer
    assert "--force" in answer.err and prefixes(daemon) == set()
    assert daemon.ctl("ban", BAD, STRANGER, "--class-c", "--force").code == 0
    assert prefixes(daemon) == {NETWORK, "203.0.113.0/24"}


def test_a_block_that_ended_31_days_ago_is_not_enough(daemon):
    assert daemon.ctl("ban", BAD).code == 0 and daemon.ctl("unban", BAD).code == 0
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.dir / "state" / "state.db")) as db, db:
        days = 31 * 86400 * 1000000
        assert db.execute("UPDATE bans SET since = since - ?, until = until - ?, ended = ended - ?", (days, days, days)).rowcount == 1
    daemon.start()
    answer = daemon.ctl("ban", OTHER, "--class-c")
    assert answer.code == 2 and "in the last 30 days" in answer.err and prefixes(daemon) == set(), answer


def test_what_is_wider_than_a_class_c_is_said(daemon):
    daemon.attack(BAD, 1)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 1, "the event")
    answer = daemon.ctl("ban", "198.51.0.0/16", "--class-c")
    assert answer.code == 0 and "198.51.0.0/16 is wider than a Class C (/24)" in answer.out, answer
    assert "wider" not in daemon.ctl("ban", BAD, "--class-c").out
    assert daemon.ctl("ban", "2001:db8:a::7").code == 0
    answer = daemon.ctl("ban", "2001:db8::/40", "--class-c")
    assert answer.code == 0 and "2001:db8::/40 is wider than a Class C (/48)" in answer.out, answer
    assert "wider" not in daemon.ctl("ban", "2001:db8:a::7", "--class-c").out
