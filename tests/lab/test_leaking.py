# SPDX-License-Identifier: MIT
"""A banned address that still makes log lines: found by the daemon itself, told once, and only when the ban does nothing.

Nothing waits for the time that must pass: stamps up to a minute ahead of the clock are believed."""
import pytest

from daemon import line
from netns import until
from proof.clock import Clock

BAD, OTHER = "198.51.100.7", "198.51.100.8"
GRACE, MANY = 10, 60
LATER = -(GRACE + 30)
HOUR = 3600


class World:
    def __init__(self, daemon):
        self.daemon = daemon

    def write(self, address, times, seconds_ago=0):
        self.daemon.write(*[line(address, seconds_ago=seconds_ago)] * times)
        until(self.daemon.has_read, "all lines")

    def ban(self, address):
        self.write(address, 10)
        self.daemon.wait_blocked(address)
        until(self.daemon.settled, "the kernel")
        self.write(address, 1)

    def told(self):
        return [row["text"] for row in self.daemon.ctl("status", "--json").json["findings"] if "goes on telling" in row["text"]]

    def metric(self, name):
        rows = dict(row.rsplit(" ", 1) for row in self.daemon.ctl("metrics").out.splitlines() if not row.startswith("#"))
        return float(rows[name])


@pytest.fixture
def world(daemons):
    return World(daemons(ban="1h").start())


def test_a_ban_that_does_nothing_is_told_once(world):
    world.ban(BAD)
    world.write(BAD, MANY - 1, LATER)
    assert not world.told() and world.metric("ipsd_leaking_bans") == 0
    world.write(BAD, 1, LATER)
    told = until(world.told, "the leak")
    assert len(told) == 1 and told[0].startswith(f"{BAD} is blocked (jail test, ports all)")
    assert f"{MANY} events since" in told[0] and "has not met one packet of it" in told[0]
    world.write(BAD, 100, LATER)
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
    world.write(BAD, MANY, LATER)
    assert "the kernel drops packets of it (1)" in until(world.told, "the leak")[0]


def test_lines_of_before_the_ban_and_just_after_it_are_none(world):
    world.ban(BAD)
    world.write(BAD, 3 * MANY)
    world.write(BAD, 3 * MANY, seconds_ago=60)
    world.write(BAD, MANY - 1, LATER)
    assert not world.told()


def test_a_ban_that_somebody_took_out_is_missing_not_leaking(cable, world):
    world.ban(BAD)
    world.write(BAD, MANY - 1, LATER)
    cable.server.run("nft", "delete", "element", "inet", "ipsd", "all4_32", f"{{ {BAD} }}")
    world.write(BAD, 1, LATER)
    until(lambda: not cable.passes(BAD), "the ban")
    assert not world.told()


def test_a_look_that_finds_all_in_its_place_does_not_stop_the_count(world):
    world.ban(BAD)
    world.write(BAD, MANY - 1, LATER)
    assert world.daemon.ctl("verify").code == 0
    world.write(BAD, 1, LATER)
    assert f"{MANY} events since" in until(world.told, "the leak")[0]


def test_nothing_leaks_while_only_observing(world):
    world.ban(BAD)
    assert world.daemon.ctl("observe").code == 0
    world.write(BAD, 2 * MANY, LATER)
    assert not world.told()


def test_an_address_with_a_hole_in_a_banned_network_does_not_leak(world):
    assert world.daemon.ctl("ban", "198.51.100.0/24", "--for", "1h").code == 0
    assert world.daemon.ctl("never-block", "add", BAD).code == 0
    for address in (BAD, OTHER):
        world.write(address, 1)
    world.write(BAD, MANY, LATER)
    assert not world.told()
    world.write(OTHER, MANY, LATER)
    assert "198.51.100.0/24 is blocked" in until(world.told, "the other")[0]


def test_what_a_ban_of_other_ports_leaves_out_does_not_leak(daemons):
    world = World(daemons(ban="1h", jail="mode = observe").start())
    assert world.daemon.ctl("ban", BAD, "--ports", "22", "--for", "1h").code == 0
    world.write(BAD, 1)
    world.write(BAD, 2 * MANY, LATER)
    assert not world.told()
    assert world.daemon.ctl("ban", BAD, "--for", "1h").code == 0
    world.write(BAD, 1)
    world.write(BAD, MANY, LATER)
    assert "(jail by hand, ports all)" in until(world.told, "the ban of all ports")[0]


def test_a_jail_that_watches_the_log_means_its_events(daemons):
    world = World(daemons(ban="1h", jail="ports = 25").start())
    world.ban(BAD)
    world.write(BAD, MANY, LATER)
    assert "(jail test, ports 25)" in until(world.told, "the leak")[0]


def test_a_clock_that_is_set_is_no_time_that_passed(daemons, build, tmp_path):
    clock = Clock(build, tmp_path)
    world = World(daemons(ban="1h").start(wrapper=clock.wrapper))
    world.ban(BAD)
    clock.step(HOUR)
    until(lambda: world.daemon.ctl("status").code == 0 and "the clock was set" in world.daemon.words(), "the step")
    world.write(BAD, MANY - 1, -HOUR)
    assert not world.told()
