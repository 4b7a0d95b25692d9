# SPDX-License-Identifier: MIT
"""What becomes of packets when scopes and never-block change while the enforcer runs."""
import errno

import pytest

from netns import FRIEND, SERVER

ATTACKER = "203.0.113.9"


def plan(e, *words):
    e.say("plan", *words)
    return e.expect("planned")["error"]


def table(cable):
    return cable.server.run("nft", "list", "table", "inet", "ipsd")


def test_a_new_hole_is_open_at_once_for_connections_old_and_new(cable, start):
    e = start()
    listener = cable.server.listen(SERVER[4], 25)
    with listener, cable.attacker.connect(ATTACKER, SERVER[4], 25) as client:
        client.settimeout(10)
        served = listener.accept()[0]
        assert e.hold("203.0.113.0/24") == 0
        assert not cable.passes(ATTACKER)
        assert plan(e, f"--never={ATTACKER}/32") == 0
        assert cable.probe([ATTACKER, "203.0.113.10"]) == {ATTACKER}
        client.sendall(b"hello")
        served.settimeout(10)
        assert served.recv(5) == b"hello"
        served.close()
    assert e.hold(f"{ATTACKER}/32") != 0, "the enforcer holds nothing that is on never-block"
    assert plan(e) == 0
    assert not cable.passes(ATTACKER)


def test_what_stays_keeps_its_elements_and_their_ends(cable, start):
    e = start("--scope=dns:udp:53-53", "--scope=ntp:udp:123-123")
    assert e.hold(f"{ATTACKER}/32", 600) == 0
    assert e.hold("203.0.113.10/32", 300, scope=1) == 0
    assert plan(e, "--scope=dns:udp:53-53", "--scope=ntp:udp:123-123", "--scope=more:udp:77-79",
                "--never=192.0.2.0/24") == 0
    assert 590 < e.ask(f"{ATTACKER}/32")["left"] <= 600
    assert 290 < e.ask("203.0.113.10/32", scope=1)["left"] <= 300
    assert e.state()["elements"] == 2
    assert e.hold("203.0.113.11/32", scope=3) == 0
    assert not cable.passes("203.0.113.11", 78)
    assert cable.passes("203.0.113.11", 80)


def test_a_scope_that_is_gone_leaves_nothing_and_the_next_takes_its_number(cable, start):
    e = start("--scope=dns:udp:53-53")
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    assert not cable.passes(ATTACKER, 53)
    assert plan(e) == 0
    assert cable.passes(ATTACKER, 53)
    assert "dns4_32" not in table(cable)
    assert e.state()["elements"] == 0
    assert plan(e, "--scope=ntp:udp:123-123") == 0
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    assert cable.passes(ATTACKER, 53) and not cable.passes(ATTACKER, 123)


def test_a_scope_with_another_number_keeps_its_elements(cable, start):
    e = start("--scope=dns:udp:53-53", "--scope=ntp:udp:123-123")
    assert e.hold(f"{ATTACKER}/32", scope=2) == 0
    assert plan(e, "--scope=ntp:udp:123-123") == 0
    assert not cable.passes(ATTACKER, 123)
    assert 590 < e.ask(f"{ATTACKER}/32", scope=1)["left"] <= 600


def test_a_plan_comes_before_the_wishes_that_follow_it(cable, start):
    e = start()
    e.say("plan", "--scope=dns:udp:53-53")
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    assert not cable.passes(ATTACKER, 53)


def test_wishes_before_a_plan_are_done_by_the_old_one(cable, start):
    e = start("--scope=dns:udp:53-53")
    e.process.stdin.write(f"hold {ATTACKER}/32 1 600\nplan --scope=ntp:udp:123-123\n")
    assert e.expect("fate", scope=1)["error"] == 0
    assert e.expect("planned")["error"] == 0
    assert cable.passes(ATTACKER, 53) and cable.passes(ATTACKER, 123)


def test_drop_stays_before_reject(cable, start):
    e = start("--scope=rejects:udp:53-53:reject")
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    assert plan(e, "--scope=rejects:udp:53-53:reject", "--scope=drops:udp:53-54") == 0
    assert e.hold(f"{ATTACKER}/32", scope=2) == 0
    text = table(cable)
    assert text.index("@drops4_32") < text.index("@rejects4_32")
    assert text.index("@never4") < text.index("@all4_32")


def test_an_enforcer_that_is_killed_comes_back_with_the_last_plan(cable, start):
    e = start("--never=198.51.100.0/24")
    assert plan(e, f"--never={FRIEND[4]}/32", "--scope=dns:udp:53-53") == 0
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    e.kill_enforcer()
    e.expect("ready", ready=True, restarted=True)
    assert not cable.passes(ATTACKER, 53), "its set was never away"
    assert 590 < e.ask(f"{ATTACKER}/32", scope=1)["left"] <= 600
    assert e.hold(f"{FRIEND[4]}/32") != 0
    assert e.hold("198.51.100.7/32") == 0


def test_a_plan_that_is_under_way_when_the_enforcer_dies_is_sent_again(cable, start):
    e = start()
    for _ in range(3):
        e.kill_enforcer()
        e.say("plan", f"--never={ATTACKER}/32", "--scope=dns:udp:53-53")
        assert e.hold("203.0.113.10/32", scope=1) == 0
        assert e.expect("planned")["error"] == 0
        assert not cable.passes("203.0.113.10", 53)
        assert e.hold(f"{ATTACKER}/32") != 0
        assert plan(e) == 0


def test_one_plan_at_a_time(cable, start):
    e = start()
    e.process.stdin.write("plan --never=192.0.2.1/32\nplan --never=192.0.2.2/32\n")
    refused = e.expect("refused")
    assert refused["refused"] == "plan" and refused["error"] == 105  # ENOBUFS
    assert e.expect("planned")["error"] == 0


def test_other_tables_are_left_alone(cable, start):
    other = "table ip other {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1 }\n\t}\n}\n"
    cable.server.nft(other)
    e = start("--scope=dns:udp:53-53")
    before = cable.server.run("nft", "list", "table", "ip", "other")
    assert plan(e, "--never=192.0.2.0/24") == 0
    assert cable.server.run("nft", "list", "table", "ip", "other") == before


@pytest.mark.parametrize("taken_away", ["flush ruleset", "delete table inet ipsd"])
def test_a_plan_makes_a_table_that_was_taken_away_again(cable, start, taken_away):
    e = start("--scope=dns:udp:53-53")
    assert e.hold(f"{ATTACKER}/32", scope=1) == 0
    cable.server.nft(taken_away)
    assert plan(e, f"--never={FRIEND[4]}/32") == 0
    assert e.hold("203.0.113.0/24") == 0
    assert not cable.passes(ATTACKER)


def test_nothing_of_a_plan_that_is_refused_is_applied(cable, start):
    e = start("--scope=dns:udp:53-53")
    assert e.hold(f"{ATTACKER}/32", "never", scope=1) == 0
    before = table(cable)
    assert plan(e, f"--never={ATTACKER}/32", "--scope=twin:udp:1-1", "--scope=twin:udp:2-2") == errno.EEXIST
    assert table(cable) == before
    assert "never-block" in e.state()["last_error"]
    assert e.hold("203.0.113.10/32", scope=1) != 0, "scope 1 is another one to the daemon"
    assert e.hold("203.0.113.10/32") == 0
    assert plan(e, "--scope=dns:udp:53-53") == 0
    assert e.hold("203.0.113.10/32", scope=1) == 0
