# SPDX-License-Identifier: MIT
"""Observe and enforce: the panic button, the trial, the confirmed change."""
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


def test_observe_lets_everybody_in_and_enforce_brings_the_bans_back(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert daemon.ctl("observe").code == 0
    assert cable.passes(BAD), "the answer came before the kernel had done it"
    assert daemon.ctl("list").out.splitlines()[0].startswith("ipsd only OBSERVES")
    daemon.attack(OTHER)
    until(lambda: daemon.ctl("list", "--observed", "--json").json["bans"], "the observed one")
    shown = daemon.ctl("show", BAD)
    assert shown.code == 1 and "is BLOCKED" not in shown.out
    assert not daemon.ctl("show", BAD, "--json").json["banned"]
    daemon.stop()
    assert "no bans stay in the kernel" in daemon.words()
    daemon.start()
    assert daemon.ctl("status", "--json").json["mode"] == "observe" and cable.passes(BAD)
    assert daemon.ctl("enforce").code == 0
    assert cable.probe([BAD, OTHER]) == {OTHER}


def test_enforce_for_a_time_falls_back_unless_confirmed(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = observe\n").start()
    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    assert cable.passes(BAD)
    assert "then it observes again" in daemon.ctl("enforce", "--for", "1s").out
    until(lambda: daemon.ctl("status", "--json").json["mode"] == "observe", "the fall back")
    until(lambda: cable.passes(BAD), "packets")
    assert daemon.ctl("enforce", "--for", "1s").code == 0
    assert daemon.ctl("enforce").code == 0
    status = daemon.ctl("status", "--json").json
    assert status["mode"] == "enforce" and status["mode_until"] is None and not cable.passes(BAD)


def test_the_option_observe_wins_over_what_was_ordered_for_a_time(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = observe\n").start()
    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    assert daemon.ctl("enforce", "--for", "1h").code == 0
    daemon.stop()
    daemon.start("--observe")
    status = daemon.ctl("status", "--json").json
    assert status["mode"] == "observe" and status["mode_until"] is None
    assert cable.passes(BAD)
