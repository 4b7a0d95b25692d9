# SPDX-License-Identifier: MIT
"""Somebody sets the clock while bans run: they keep the time they have left, in the list, in the kernel, over a restart."""
import json
import os
import signal
import subprocess
import time

import pytest

from netns import until
from proof.clock import Clock

HOUR, LENGTH, AROUND = 3600, 1800, 20
BAD, OTHER = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def clock(build, tmp_path):
    tmp_path.chmod(0o755)
    return Clock(build, tmp_path)


class Left:
    """How long the ban has left, by the true clock that the test alone knows."""

    def __init__(self, daemon):
        self.daemon, self.end = daemon, time.time() + LENGTH

    def check(self):
        until(self.daemon.settled, "the kernel")
        left = self.end - time.time()
        row, = self.daemon.ctl("list", "--json").json["bans"]
        assert left - AROUND < row["seconds_left"] <= LENGTH, row
        assert abs(self.in_kernel() - left) < AROUND
        assert self.daemon.ctl("verify").code == 0

    def in_kernel(self):
        listed = json.loads(self.daemon.ns.run("nft", "-j", "list", "table", "inet", "ipsd"))
        elements = [e["elem"] for t in listed["nftables"] if not t.get("set", {}).get("name", "never").startswith("never")
                    for e in t["set"].get("elem", [])]
        element, = elements
        return element["expires"]


def banned(daemons, clock):
    daemon = daemons().start(wrapper=clock.wrapper)
    assert daemon.ctl("ban", BAD, "--for", f"{LENGTH}s").code == 0
    return daemon, Left(daemon)


@pytest.mark.parametrize("by", [-HOUR, HOUR, 3 * HOUR, -400 * 24 * HOUR])
def test_a_ban_keeps_the_time_it_has_left(daemons, clock, by):
    daemon, left = banned(daemons, clock)
    clock.step(by)
    left.check()
    assert f"the clock was set {'back' if by < 0 else 'forward'} by " in daemon.words()
    daemon.ns.run("nft", "flush", "table", "inet", "ipsd")
    until(lambda: daemon.held() == {BAD}, "the kernel")
    left.check()
    daemon.process.kill()
    daemon.process.wait()
    daemon.start(wrapper=clock.wrapper)
    left.check()
    clock.step(-by)
    left.check()


def test_a_ban_that_a_jail_made_does_too_and_ends_when_it_was_to(daemons, clock):
    daemon = daemons(ban="4s").start(wrapper=clock.wrapper)
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--json").json["bans"], "the ban")
    clock.step(-HOUR)
    row = daemon.ctl("list", "--json").json["bans"]
    assert not row or row[0]["seconds_left"] <= 4
    until(lambda: not daemon.ctl("list", "--json").json["bans"], "its end")
    assert daemon.held() == set() and daemon.sql("SELECT count(*) FROM bans WHERE ended IS NULL") == 0


def test_a_machine_that_boots_without_a_clock_keeps_its_bans_when_it_gets_the_time(daemons, clock):
    daemon, left = banned(daemons, clock)
    daemon.stop()
    clock.step(100 - clock.now())
    daemon.start(wrapper=clock.wrapper)
    left.check()
    clock.step(-clock.offset)
    left.check()
    daemon.stop()
    daemon.start(wrapper=clock.wrapper)
    left.check()


def test_observing_for_a_while_lasts_that_long(daemons, clock):
    daemon, left = banned(daemons, clock)
    assert daemon.ctl("observe", "--for", "4s").code == 0
    clock.step(-HOUR)
    until(lambda: daemon.ctl("status", "--json").json["mode"] == "enforce", "the end of observing")
    left.check()


def test_how_long_ipsd_runs_is_no_matter_of_the_clock(daemons, clock):
    daemon = daemons().start(wrapper=clock.wrapper)
    clock.step(HOUR)
    assert daemon.ctl("status", "--json").json["uptime"] < AROUND
    clock.step(-2 * HOUR)
    assert daemon.ctl("status", "--json").json["uptime"] >= 0


def test_who_waits_for_an_answer_waits_no_longer_when_the_clock_goes_back(daemons, clock):
    daemon = daemons().start(wrapper=clock.wrapper)
    enforcer, = daemon.children("ipsd: enforcer")
    os.kill(enforcer, signal.SIGSTOP)
    with daemon.ns.popen(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "ban", OTHER, stdout=subprocess.DEVNULL) as waits:

        def answered():
            clock.step(-1)
            return waits.poll() is not None

        try:
            until(answered, "the answer")
        finally:
            os.kill(enforcer, signal.SIGCONT)
            waits.kill()
