# SPDX-License-Identifier: MIT
"""ipsctl unban: what it says of a wider block, and of what will bring this one back."""
import re

from daemon import line
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"
NETWORK = "198.51.100.0/24"


def commands(text):
    return [m.split() for m in re.findall(r": ipsctl (.*)$", text, re.M)]


def test_under_a_wider_block_both_ways_are_commands_that_work(cable, daemon):
    assert daemon.ctl("ban", NETWORK, "--force").code == 0
    answer = daemon.ctl("unban", BAD)
    assert answer.code == 1 and answer.out.startswith("still blocked (0 blocks were lifted)"), answer
    ways = commands(answer.out)
    assert ways == [["never-block", "add", BAD], ["unban", NETWORK]]
    assert daemon.ctl(*ways[0]).code == 0
    assert cable.probe([BAD, OTHER]) == {BAD}
    assert daemon.ctl(*ways[1]).code == 0
    assert cable.probe([BAD, OTHER]) == {BAD, OTHER}


def test_of_two_wider_blocks_the_way_out_is_the_widest(cable, daemon):
    assert daemon.ctl("ban", NETWORK, "198.51.0.0/16").code == 0
    ways = commands(daemon.ctl("unban", BAD).out)
    assert ways == [["never-block", "add", BAD], ["unban", "198.51.0.0/16"]]
    assert daemon.ctl(*ways[1]).code == 0
    assert cable.probe([BAD, OTHER]) == {BAD, OTHER}


def test_a_block_of_the_same_prefix_that_another_jail_made_is_no_wider_one(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("ban", BAD).code == 0
    answer = daemon.ctl("unban", BAD, "--jail", "test")
    assert answer.code == 1 and f"the block of {BAD} stands" in answer.out and commands(answer.out) == [["unban", BAD]], answer
    assert daemon.ctl("unban", BAD).code == 0


def test_what_an_unban_in_one_jail_forgot_stays_forgotten_and_the_others_know_it(daemon):
    twin = (daemon.etc / "jails" / "test.conf").read_text()
    (daemon.etc / "jails" / "twin.conf").write_text(re.sub(r"(?m)^ban *=.*$", "ban = 2h", twin))
    assert daemon.ctl("reload").code == 0
    daemon.attack(BAD, times=9)
    until(lambda: scores(daemon, BAD) == {"test": 900, "twin": 900}, "both scores")
    assert daemon.ctl("unban", BAD, "--jail", "test").code == 0
    for again in (lambda: None, daemon.restart, lambda: count_anew(daemon)):
        again()
        assert scores(daemon, BAD) == {"test": 0, "twin": 900}
    daemon.attack(BAD, times=1)
    daemon.wait_blocked(BAD)
    assert [ban["jail"] for ban in daemon.ctl("list", "--json").json["bans"]] == ["twin"]


def scores(daemon, address):
    known = {score["jail"]: score["score"] for score in daemon.ctl("show", address, "--json").json["scores"]}
    return {"test": 0, "twin": 0} | known


def count_anew(daemon):
    """A reload with other multipliers fills the windows from the events."""
    path = daemon.etc / "jails" / "twin.conf"
    path.write_text(path.read_text() + "message-too-large = 7\n")
    assert daemon.ctl("reload").code == 0


def test_what_will_bring_it_back_names_the_one_account_that_was_tried(daemon):
    failed = "[SMTP authentication failure] bob"
    daemon.write(*(f"{line(BAD, 0, failed)}" for _ in range(4)))
    until(lambda: len(daemon.ctl("events", "--json", "--address", BAD).out.splitlines()) == 4, "the events")
    answer = daemon.ctl("unban", BAD)
    assert answer.code == 0 and f"4 x wrong password for bob in the last 1h gave {BAD} 200 of 1000 points in test" in answer.out, answer
    assert "points" not in daemon.ctl("unban", BAD).out


def test_of_several_accounts_none_is_named(daemon):
    daemon.write(line(BAD, 0, "[SMTP authentication failure] bob"), line(BAD, 0, "[SMTP authentication failure] eve"), line(BAD))
    until(lambda: len(daemon.ctl("events", "--json", "--address", BAD).out.splitlines()) == 3, "the events")
    answer = daemon.ctl("unban", BAD)
    assert "1 x relaying denied, 2 x wrong password in the last" in answer.out, answer


def test_what_a_line_spelled_reaches_the_terminal_harmless(daemon):
    daemon.write(*(line(BAD, 0, "[SMTP authentication failure] \x1b[31mb\xe9") for _ in range(2)))
    until(lambda: len(daemon.ctl("events", "--json", "--address", BAD).out.splitlines()) == 2, "the events")
    answer = daemon.ctl("unban", BAD)
    assert answer.code == 0 and "2 x wrong password" in answer.out and "\x1b" not in answer.out, answer
