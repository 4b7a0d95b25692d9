# SPDX-License-Identifier: MIT
"""Observe and enforce: the panic button, the trial, the confirmed change."""
from daemon import now
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


def test_the_option_observe_wins_over_a_config_that_enforces(cable, daemons):
    daemon = daemons().start("--observe")
    assert daemon.ctl("status").out.startswith("ipsd OBSERVES")
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--observed", "--json").json["bans"], "the observed one")
    assert cable.passes(BAD) and not daemon.is_blocked(BAD)


def test_a_config_that_was_changed_since_wins_over_what_was_ordered(daemon):
    assert daemon.ctl("observe").code == 0 and daemon.ctl("enforce").code == 0
    daemon.stop()
    (daemon.etc / "ipsd.conf").write_text("[ipsd]\nmode = observe\n")
    daemon.start()
    assert daemon.ctl("status", "--json").json["mode"] == "observe"


def test_who_was_observed_is_blocked_at_his_next_line_once_ipsd_enforces(cable, daemons):
    """Also when the ban that was only observed would never have ended, and over a restart."""
    daemon = daemons(conf="[ipsd]\nmode = observe\n", ban="permanent").start()
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--observed", "--json").json["bans"], "the observed one")
    assert daemon.ctl("enforce").code == 0
    ordered = now()
    assert not daemon.is_blocked(BAD)
    daemon.stop()
    daemon.start()
    until(lambda: now() > ordered, "a stamp behind the order's")
    daemon.attack(BAD, times=1)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD)


def test_a_config_that_enforces_after_it_observed_blocks_at_the_next_line(daemons):
    daemon = daemons(conf="[ipsd]\nmode = observe\n", ban="permanent").start()
    for address, change in ((BAD, lambda: daemon.ctl("reload")), (OTHER, daemon.restart)):
        (daemon.etc / "ipsd.conf").write_text("[ipsd]\nmode = observe\n")
        change()
        daemon.attack(address)
        until(lambda a=address: daemon.ctl("show", a, "--json").json["bans"], "the observed one")
        (daemon.etc / "ipsd.conf").write_text("[ipsd]\nmode = enforce\n")
        change()
        daemon.attack(address, times=1)
        daemon.wait_blocked(address)


def test_what_observing_means_and_how_it_ends_is_said(daemons):
    daemon = daemons(conf="[ipsd]\nmode = observe\n").start()
    status = daemon.ctl("status")
    assert status.code == 0 and "next: ipsctl enforce" in status.out
    assert "ipsctl list --observed" in daemon.ctl("list").out
    daemon.log.unlink()
    daemon.stop()
    (daemon.dir / "state").rename(daemon.dir / "state.old")
    daemon.start()
    status = daemon.ctl("status")
    assert status.code == 1 and "needs you" in status.out.splitlines()[0]
    assert "no log is read" in status.out and "next: ipsctl try --all FILE" in status.out


def test_show_says_first_what_is_in_force(daemons):
    daemon = daemons()
    observed = (daemon.etc / "jails" / "test.conf").read_text().replace("[jail]\n", "[jail]\nmode = observe\n")
    (daemon.etc / "jails" / "a-first.conf").write_text(observed)
    daemon.start()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    lines = daemon.ctl("show", BAD).out.splitlines()
    assert lines[0].startswith(f"{BAD} is BLOCKED")
    assert any("only observed" in line for line in lines)
