# SPDX-License-Identifier: MIT
"""ipsctl ban --ports: does a ban of any ports stop those packets, no others, and as long as it should?"""
import signal

import pytest

from netns import SERVER, until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


def test_a_ban_of_ports_stops_these_alone_and_comes_back_after_a_restart(cable, daemon):
    answer = daemon.ctl("ban", BAD, "--ports", "smtp,465,udp/53,8000-8010", "--for", "1h")
    assert answer.code == 0 and "(ports smtp,465,udp/53,8000-8010)" in answer.out, answer
    assert not cable.passes(BAD, 53) and cable.passes(BAD, 54) and cable.passes(OTHER, 53)
    listener = cable.server.listen(SERVER[4], 8011)
    with listener, cable.attacker.connect(BAD, SERVER[4], 8011):
        pass
    assert daemon.ctl("verify").code == 0
    assert daemon.stop() == 0
    daemon.start()
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD, 53) and cable.passes(BAD, 54)
    assert daemon.ctl("list", "--json").json["bans"][0]["ports"] == "smtp,465,udp/53,8000-8010"
    assert daemon.ctl("unban", BAD).code == 0
    assert cable.passes(BAD, 53)


def test_the_same_ports_in_other_words_are_the_same_ban(daemon):
    assert daemon.ctl("ban", BAD, "--ports", "465,smtp", "--for", "1h").code == 0
    assert daemon.ctl("ban", BAD, "--ports", "25, smtps", "--for", "2h").code == 0
    assert len(daemon.ctl("list", "--json").json["bans"]) == 1


def test_an_enforcer_that_dies_after_new_ports_comes_back_with_them(cable, daemon):
    assert daemon.ctl("ban", BAD, "--ports", "udp/53", "--for", "1h").code == 0
    for pid in daemon.children("ipsd: enforcer"):
        cable.server.run("kill", f"-{int(signal.SIGKILL)}", str(pid))
    assert not cable.passes(BAD, 53)
    until(lambda: "was started again" in daemon.words(), "another enforcer")
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD, 53) and cable.passes(BAD, 54)


@pytest.mark.parametrize("ports, words", [
    ("25,nonsense", "nonsense is neither a port"), ("70000", "70000 is no port"), ("9-8", "9-8 is no port"), (",", "is neither a port"),
    (",".join(str(i) for i in range(2, 100, 2)), "too long"),
])
def test_ports_that_are_none_are_refused_with_words(daemon, ports, words):
    answer = daemon.ctl("ban", BAD, "--ports", ports)
    assert answer.code == 2 and words in answer.err, answer
    assert daemon.ctl("list", "--json").json["bans"] == []


def test_lists_of_ports_are_bounded_and_free_again_with_their_bans(daemon):
    for i in range(63):
        assert daemon.ctl("ban", f"198.51.100.{i}", "--ports", str(1000 + i)).code == 0
    answer = daemon.ctl("ban", BAD, "--ports", "99")
    assert answer.code == 2 and "64 different lists of ports" in answer.err
    assert daemon.ctl("unban", "198.51.100.9").code == 0
    assert daemon.ctl("ban", OTHER, "--ports", "99").code == 0
    until(daemon.settled, "the kernel")
    assert daemon.ctl("verify").code == 0
