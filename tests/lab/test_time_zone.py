# SPDX-License-Identifier: MIT
"""A log whose stamps are those of another time zone."""
import datetime

import pytest

from netns import until
from proof.clock import Clock

HOUR, MINUTE = 3600, 60
BAD, OTHER = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def clock(build, tmp_path):
    return Clock(build, tmp_path)


def relay(clock, address, behind):
    stamp = datetime.datetime.fromtimestamp(clock.now() - behind, datetime.timezone.utc)
    return f"{stamp:%Y-%m-%dT%H:%M:%SZ} {address} 1 [Relay denied] a@example.net\n"


def live(daemon, clock, address, times, behind):
    """A line each minute."""
    for _ in range(times):
        clock.step(MINUTE)
        daemon.write(relay(clock, address, behind))
        until(daemon.has_read, "the line")


def words(daemon):
    return [text for text in daemon.words().splitlines() if "its stamps are" in text]


def test_it_is_learnt_told_once_and_kept(daemons, clock):
    daemon = daemons()
    daemon.start(wrapper=clock.wrapper)
    daemon.write(*[relay(clock, BAD, 2 * HOUR)] * 10)
    until(daemon.has_read, "a burst that is two hours late")
    assert not daemon.is_blocked(BAD), "the ban was over an hour and a half ago"
    live(daemon, clock, OTHER, 6, 2 * HOUR)
    assert len(words(daemon)) == 1 and "its stamps are 2h behind" in words(daemon)[0]
    assert "filters/vpop3-ids.conf.d/local.conf" in words(daemon)[0]
    assert "its stamps are 2h behind" in daemon.ctl("status").out
    assert "its stamps are 2h behind" in [row["text"] for row in daemon.ctl("doctor", "--json").json["findings"] if row["check"] == "clock"][0]
    daemon.write(*[relay(clock, BAD, 2 * HOUR)] * 10)
    daemon.wait_blocked(BAD)
    daemon.stop(9)
    daemon.start(wrapper=clock.wrapper)
    assert "its stamps are 2h behind" in daemon.ctl("status").out
    daemon.write(*[relay(clock, "198.51.100.9", 2 * HOUR)] * 10)
    daemon.wait_blocked("198.51.100.9")
    assert len(words(daemon)) == 1
    live(daemon, clock, OTHER, 6, 1)
    assert "those of this host's clock again" in daemon.words()
    assert "its stamps are" not in daemon.ctl("status").out


def test_who_sets_the_zone_begins_anew(daemons, clock):
    daemon = daemons()
    conf = daemon.etc / "filters" / "vpop3-ids.conf"
    daemon.start(wrapper=clock.wrapper)
    live(daemon, clock, OTHER, 6, -3 * HOUR)
    assert "its stamps are 3h ahead" in daemon.ctl("status").out
    conf.write_text(conf.read_text().replace("timezone = UTC", "timezone = Europe/Moscow"))
    assert daemon.ctl("reload").code == 0
    assert "its stamps are" not in daemon.ctl("status").out
