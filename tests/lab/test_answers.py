# SPDX-License-Identifier: MIT
"""What ipsctl says is so: all or none, who did it, which lines counted, what is kept."""
import json

from daemon import line
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


def test_a_ban_of_several_is_all_or_none(daemon):
    refused = daemon.ctl("ban", BAD, "10.0.0.1", OTHER)
    assert refused.code == 2 and "10.0.0.1 is inside 10.0.0.0/8" in refused.err
    assert daemon.ctl("list", "--json").json["bans"] == []


def test_the_log_says_who_lifted_a_jails_ban(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("unban", BAD).code == 0
    lifted = [said for said in daemon.words().splitlines() if "lift 198.51.100.7" in said]
    assert len(lifted) == 1 and lifted[0].endswith("test, by root")


def test_show_tells_of_each_event_whether_it_counted(daemon):
    daemon.attack(BAD, times=40)
    daemon.wait_blocked(BAD)
    until(lambda: len(daemon.ctl("events", "--limit", "50", "--json").out.splitlines()) == 40, "all lines")
    events = daemon.ctl("show", BAD, "--json").json["events"]
    ids = [e["id"] for e in events]
    assert ids == sorted(set(ids), reverse=True)
    assert [e["points"] for e in events if e["counted"]] == [100] * 10
    assert [e["points"] for e in events if not e["counted"]] == [None] * 20


def test_after_an_unban_show_tells_which_events_count_no_more(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert not any(e["ignored"] for e in daemon.ctl("show", BAD, "--json").json["events"])
    assert "(ignored" not in daemon.ctl("show", BAD).out
    assert daemon.ctl("unban", BAD).code == 0
    daemon.attack(BAD, times=1)
    until(lambda: len(daemon.ctl("show", BAD, "--json").json["events"]) == 11, "the event after the unban")
    told = daemon.ctl("show", BAD, "--json").json
    assert [e["ignored"] for e in told["events"]] == [False] + [True] * 10
    assert not any(e["counted"] for e in told["events"])
    assert [score["score"] for score in told["scores"]] == [100]
    assert daemon.ctl("show", BAD).out.count("(ignored after an unban)") == 10


def test_list_tells_an_unknown_action_from_an_empty_answer(daemon):
    assert daemon.ctl("list").out == "Nobody is blocked.\n"
    assert "who fits" in daemon.ctl("list", "--action", "block").out
    assert daemon.ctl("list", "--action", "drop").code == 2


def test_events_beyond_the_retention_go_and_those_that_may_count_stay(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\nretention = 1h, 1000\n").start()
    daemon.write(*(line(f"198.51.100.{i}", seconds_ago=7200) for i in range(20, 30)), *(line(BAD) for _ in range(5)))
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 15, "the events")
    daemon.stop()
    daemon.start()
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 5, "the old ones' end")
    assert {e.split()[2] for e in daemon.ctl("events").out.splitlines()} == {BAD}


def test_events_are_picked_by_each_of_their_fields(daemon):
    daemon.write(line(BAD, 0, "[SMTP authentication failure] Bob"), line(BAD, 0, "[x] eve"), line(OTHER, 1), line("2001:db8:a::1", 1))
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 4, "the events")

    def picked(*options):
        rows = map(json.loads, daemon.ctl("events", "--json", *options).out.splitlines())
        return [(row["address"], row["account"]) for row in rows]

    assert picked("--account", "BOB") == [(BAD, "Bob")]
    assert picked("--type", "relay-denied", "--address", OTHER) == [(OTHER, None)]
    assert picked("--type", "auth-failure") == [(BAD, "Bob"), (BAD, "eve")]
    assert picked("--address", "198.51.100.0/24", "--limit", "2") == [(BAD, "eve"), (OTHER, None)]
    assert picked("--address", "2001:db8:a::99") == [("2001:db8:a::1", None)]
    assert len(picked("--service", "smtp")) == 4 and picked("--service", "imap") == []
    assert len(picked("--jail", "test")) == 4 and "jail" in daemon.ctl("events", "--jail", "tset").err
