# SPDX-License-Identifier: MIT
"""What a jail's keys do to real packets: verdict, never-block, ports, mode; and a jail whose file is broken."""
import pytest

from netns import SERVER, is_connected, until

BAD, GOOD, OTHER = "198.51.100.7", "203.0.113.20", "198.51.100.8"
MORE = """[jail]
about = {about}
watch = vpop3-ids
window = 60m
threshold = 1000
ban = 30m
{keys}
[multipliers]
relay-denied = 100
"""


def add_jail(daemon, name, keys):
    (daemon.etc / "jails" / f"{name}.conf").write_text(MORE.format(about=name, keys=keys))


def rows(daemon, *words):
    return {(row["prefix"], row["jail"]) for row in daemon.ctl("list", "--json", *words).json["bans"]}


def refused(cable, source, port):
    with pytest.raises(ConnectionRefusedError):
        cable.attacker.connect(source, SERVER[4], port)
    return True


def test_verdict_reject_tells_the_client(cable, daemons):
    daemon = daemons(jail="verdict = reject").start()
    door = cable.server.listen(SERVER[4], 25)
    cable.attacker.connect(BAD, SERVER[4], 25).close()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert refused(cable, BAD, 25), "a TCP connection gets RST"
    with cable.attacker.socket(2, 2) as s:
        s.setsockopt(0, 19, 1)
        s.bind((BAD, 0))
        s.connect((SERVER[4], 53))
        s.settimeout(20)
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(1)                  # ICMP: port unreachable
    cable.attacker.connect(OTHER, SERVER[4], 25).close()
    door.close()


def test_verdict_drop_is_silent(cable, daemons):
    daemon = daemons(jail="verdict = drop").start()
    door = cable.server.listen(SERVER[4], 25)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    silent = cable.attacker.start_connect(BAD, SERVER[4], 25)
    assert not cable.passes(BAD)
    cable.attacker.connect(OTHER, SERVER[4], 25).close()
    assert not is_connected(silent)
    silent.close()
    door.close()


def test_ports_of_a_group_are_blocked_and_no_other(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n[ports]\nours = smtp 2525-2527\n", jail="ports = ours\nverdict = reject").start()
    doors = [cable.server.listen(SERVER[4], port) for port in (25, 2526, 2528)]
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert refused(cable, BAD, 25) and refused(cable, BAD, 2526)
    cable.attacker.connect(BAD, SERVER[4], 2528).close()
    assert cable.passes(BAD), "port 53 is not in the group"
    assert "ours" in daemon.ctl("list").out
    for door in doors:
        door.close()


def test_a_jails_own_never_block_holds_in_this_jail_only(cable, daemons):
    daemon = daemons(jail=f"never-block = {GOOD}")
    daemon.start()
    daemon.attack(GOOD)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(lambda: rows(daemon, "--spared") == {(f"{GOOD}/32", "test")}, "the spared one")
    assert not daemon.is_blocked(GOOD) and cable.passes(GOOD)
    daemon.stop()
    add_jail(daemon, "strict", "")
    daemon.start()
    daemon.attack(GOOD)
    daemon.wait_blocked(GOOD)
    assert (f"{GOOD}/32", "strict") in rows(daemon) and (f"{GOOD}/32", "test") not in rows(daemon)


def test_a_jail_that_observes_blocks_nobody_and_its_neighbour_does(cable, daemons):
    daemon = daemons(jail="mode = observe").start()
    daemon.attack(BAD)
    until(lambda: rows(daemon, "--observed") == {(f"{BAD}/32", "test")}, "the observed one")
    assert not daemon.is_blocked(BAD) and cable.passes(BAD)
    status = daemon.ctl("status", "--json").json
    assert {j["name"]: j["mode"] for j in status["jails"]} == {"test": "observe"} and status["mode"] == "enforce"
    daemon.stop()
    add_jail(daemon, "enforcing", "")
    daemon.start()
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    until(daemon.settled, "the kernel")
    assert rows(daemon) >= {(f"{OTHER}/32", "enforcing")} and not cable.passes(OTHER)


def test_a_broken_jail_or_filter_is_failed_in_status_journal_and_metrics(daemons):
    daemon = daemons()
    add_jail(daemon, "broken", "treshold = 5")
    (daemon.etc / "filters" / "torn.conf").write_text("[filter]\n[event auth-failure]\nmatch = ^<ADDR> (\nhit = x\n")
    daemon.start()
    status = daemon.ctl("status")
    assert status.code == 1 and "broken" in status.out and "did you mean threshold" in status.out
    assert {j["name"]: j["state"] for j in daemon.ctl("status", "--json").json["jails"]} == {"broken": "failed", "test": "watching"}
    assert "broken.conf:7" in daemon.words() and "torn.conf:3" in daemon.words()
    metrics = daemon.ctl("metrics").out
    for row in ('ipsd_part_failed{jail="broken"} 1', 'ipsd_part_failed{jail="test"} 0', 'ipsd_part_failed{filter="torn"} 1',
                'ipsd_part_failed{filter="vpop3-ids"} 0'):
        assert row in metrics
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)


def test_every_error_is_fatal_under_strict(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n[never-block]\naddresses = 203.0.113.300\n")
    code, words = daemon.run_once("--strict")
    assert code == 2 and "ipsd.conf:4" in words


def test_status_leaves_out_what_only_waits_unless_it_is_asked_for(daemons):
    daemon = daemons()
    (daemon.etc / "filters" / "elsewhere.conf").write_text(
        f"[filter]\nsources = {daemon.dir}/nowhere.log\n[event relay-denied]\nmatch = ^x <ADDR> bad\nhit = x 192.0.2.1 bad\n")
    (daemon.etc / "jails" / "later.conf").write_text(MORE.format(about="later", keys="").replace("vpop3-ids", "elsewhere"))
    add_jail(daemon, "off", "enabled = no")
    daemon.start()
    short, whole = daemon.ctl("status").out, daemon.ctl("status", "--all").out
    assert "later" not in short and "nowhere.log" not in short and str(daemon.log) in short
    assert "Not shown: 1 jail that waits for a log that is not there yet; 1 disabled jail; 1 source that is not there; " \
        "see ipsctl status --all\n" in short
    assert "\nlater" in whole and "\noff" in whole and "nowhere.log" in whole and "Not shown" not in whole
