# SPDX-License-Identifier: MIT
"""A banned address that still makes log lines: found by the daemon itself, told once, and only when the ban does nothing."""
import datetime

import pytest

from netns import until
from proof.clock import Clock

BAD, OTHER = "198.51.100.7", "198.51.100.8"
GRACE, MANY, PATIENCE_OF_SERVERS = 10, 60, 600


class World:
    """A daemon whose clock the test sets, and lines of that clock."""

    def __init__(self, daemon, clock):
        self.daemon, self.clock = daemon, clock

    def write(self, address, times, seconds_ago=0):
        at = datetime.datetime.fromtimestamp(self.clock.now() - seconds_ago, datetime.timezone.utc)
        self.daemon.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {address} 1 [Relay denied] a@example.net\n" * times)
        until(self.daemon.has_read, "all lines")

    def ban(self, address):
        self.write(address, 10)
        self.daemon.wait_blocked(address)
        until(self.daemon.settled, "the kernel")

    def step(self, seconds):
        self.clock.step(seconds)

    def told(self):
        return [row["text"] for row in self.daemon.ctl("status", "--json").json["findings"] if "goes on telling" in row["text"]]

    def metric(self, name):
        rows = dict(row.rsplit(" ", 1) for row in self.daemon.ctl("metrics").out.splitlines() if not row.startswith("#"))
        return float(rows[name])


@pytest.fixture
def world(daemons, build, tmp_path):
    clock = Clock(build, tmp_path)
    return World(daemons(ban="1h").start(wrapper=clock.wrapper), clock)


def test_a_ban_that_does_nothing_is_told_once(world):
    world.ban(BAD)
    world.write(BAD, 5)
    world.step(GRACE + 1)
    world.write(BAD, MANY - 1)
    assert not world.told() and world.metric("ipsd_leaking_bans") == 0
    world.write(BAD, 1)
    told = until(world.told, "the leak")
    assert len(told) == 1 and told[0].startswith(f"{BAD} is blocked (jail test, ports all)")
    assert f"{MANY} events since" in told[0] and "has not met one packet of it" in told[0]
    world.write(BAD, 100)
    assert f"{MANY + 100} events since" in world.told()[0]
    assert world.metric("ipsd_leaking_bans") == 1 and world.metric("ipsd_leaks_total") == 1
    assert world.daemon.words().count("goes on telling") == 1
    assert world.daemon.ctl("status").code == 1
    found = world.daemon.ctl("doctor")
    assert found.code == 1 and f"ipsctl show {BAD}" in found.out
    assert world.daemon.ctl("unban", BAD).code == 0
    assert not world.told() and world.metric("ipsd_leaking_bans") == 0 and world.metric("ipsd_leaks_total") == 1


def test_packets_that_are_dropped_beside_are_told(cable, world):
    world.ban(BAD)
    cable.probe([BAD, OTHER])
    world.write(BAD, 1)
    world.step(GRACE + 1)
    world.write(BAD, MANY)
    assert "the kernel drops packets of it (1)" in until(world.told, "the leak")[0]


def test_a_few_lines_are_enough_when_no_server_waits_any_more(world):
    world.ban(BAD)
    world.write(BAD, 1)
    world.step(GRACE + PATIENCE_OF_SERVERS + 1)
    world.write(BAD, 2)
    assert not world.told()
    world.write(BAD, 1)
    until(world.told, "the leak")


def test_lines_of_before_the_ban_are_none(world):
    world.ban(BAD)
    world.write(BAD, 1)
    world.step(GRACE + PATIENCE_OF_SERVERS + 1)
    world.write(BAD, 3 * MANY, seconds_ago=GRACE + PATIENCE_OF_SERVERS + 2)
    world.write(BAD, 2)
    assert not world.told()


def test_a_ban_that_somebody_took_out_is_missing_not_leaking(cable, world):
    world.ban(BAD)
    world.write(BAD, 1)
    world.step(GRACE + 1)
    world.write(BAD, MANY - 1)
    cable.server.run("nft", "delete", "element", "inet", "ipsd", "all4_32", f"{{ {BAD} }}")
    world.write(BAD, 1)
    until(lambda: not cable.passes(BAD), "the ban")
    world.write(BAD, MANY - 1)
    assert not world.told()


def test_nothing_leaks_while_only_observing(world):
    world.ban(BAD)
    assert world.daemon.ctl("observe").code == 0
    world.write(BAD, 1)
    world.step(GRACE + 1)
    world.write(BAD, 2 * MANY)
    assert world.daemon.ctl("enforce").code == 0
    world.write(BAD, 2 * MANY)
    assert not world.told()


def test_an_address_with_a_hole_in_a_banned_network_does_not_leak(world):
    assert world.daemon.ctl("ban", "198.51.100.0/24", "--for", "1h").code == 0
    assert world.daemon.ctl("never-block", "add", BAD).code == 0
    for address in (BAD, OTHER):
        world.write(address, 1)
    world.step(GRACE + 1)
    world.write(BAD, MANY)
    assert not world.told()
    world.write(OTHER, MANY)
    assert "198.51.100.0/24 is blocked" in until(world.told, "the other")[0]


def test_what_a_ban_of_other_ports_leaves_out_does_not_leak(world):
    assert world.daemon.ctl("ban", BAD, "--ports", "22", "--for", "1h").code == 0
    world.write(BAD, 1)
    world.step(GRACE + 1)
    world.write(BAD, 9)
    world.step(PATIENCE_OF_SERVERS)
    world.write(BAD, 3)
    assert not world.told()
