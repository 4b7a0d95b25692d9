# SPDX-License-Identifier: MIT
"""What a filter remembers between two lines of a log, open sessions and what was told already, outlives a stop, a kill and a reload."""
import datetime
import json
import os
import re
import signal

import pytest

from daemon import now
from netns import until
from proof.clock import Clock

BAD, GOOD, OTHER = "198.51.100.7", "198.51.100.8", "198.51.100.9"
MINUTE = datetime.timedelta(minutes=1)

FILTER = r"""
[filter]
about    = Sessions, and failures that are told in two lines
sources  = {log}
layout   = bare
stamp    = auto
timezone = UTC
prefix   = "^<STAMP> <SERVICE> <SESSION> "
once-per = address, service, stamp, type, session

[services]
{services}

[event connection]
match = hello from <ADDR>$
hit   = 2026-03-05T11:02:17Z SMTP a1 hello from 203.0.113.9
        => connection 203.0.113.9 smtp

[event auth-failure]
match = wrong (?:account|password) from <ADDR>$
hit   = 2026-03-05T11:02:17Z SMTP a1 wrong account from 203.0.113.9
        => auth-failure 203.0.113.9 smtp

[event message-accepted]
match = took a message$
hit   = 2026-03-05T11:02:17Z SMTP a1 took a message
        => message-accepted - smtp

[event disconnection]
match = bye$
hit   = 2026-03-05T11:02:17Z SMTP a1 bye
        => disconnection - smtp

[session]
id        = <SESSION>
opens     = connection
closes    = disconnection
satisfied = message-accepted
otherwise = bad-session
carry     = addr, service
hit       = 2026-03-05T11:02:17Z SMTP a1 hello from 203.0.113.9
            => connection 203.0.113.9 smtp
            2026-03-05T11:02:18Z SMTP a1 bye
            => disconnection 203.0.113.9 smtp
            => bad-session 203.0.113.9 smtp
"""
SERVICES = "SMTP = smtp\nIMAP = imap"
JAIL = """[jail]
about = x
type = x
watch = {watch}
window = 1d
threshold = 1000
ban = 1h
[multipliers]
auth-failure = 1
bad-session = 1
"""


@pytest.fixture
def clock(build, tmp_path):
    return Clock(build, tmp_path)


@pytest.fixture
def talk(daemons):
    daemon = daemons()
    (daemon.etc / "filters" / "vpop3-ids.conf").unlink()
    (daemon.etc / "jails" / "test.conf").write_text(JAIL.format(watch="talk"))
    set_services(daemon, SERVICES)
    return daemon


@pytest.fixture(params=["stop", "kill"])
def end(request):
    """How it ends. The log is empty then: what comes back was in the database, and is not read again."""
    def run(daemon):
        stored(daemon)
        daemon.stop(signal.SIGKILL if request.param == "kill" else signal.SIGTERM)
        os.truncate(daemon.log, 0)
        return daemon
    return run


def set_services(daemon, services):
    (daemon.etc / "filters" / "talk.conf").write_text(FILTER.format(log=daemon.log, services=services))


def said(what, session="a1", service="SMTP", seconds_ago=0):
    return f"{now(seconds_ago)} {service} {session} {what}\n"


def hello(address, session="a1", **more):
    return said(f"hello from {address}", session, **more)


def stored(daemon):
    """An order takes in what was read before it."""
    until(daemon.has_read, "the lines")
    assert daemon.ctl("ban", OTHER, "--for", "1d").code == 0


def events(daemon):
    until(daemon.has_read, "the lines")
    found = [json.loads(row) for row in daemon.ctl("events", "--json").out.splitlines()]
    return [(row["type"], row["address"], row["service"]) for row in found]


def test_a_session_that_was_open_ends_once_and_as_it_would_have(talk, end):
    talk.start()
    talk.write(hello(BAD, "a1"), hello(GOOD, "a2"), hello(GOOD, "a3"), said("took a message", "a3"))
    end(talk).start()
    talk.write(said("took a message", "a2"))
    end(talk).start()
    assert events(talk) == []
    talk.write(said("bye", "a1"), said("bye", "a2"), said("bye", "a3"), said("bye", "a1"))
    assert events(talk) == [("bad-session", BAD, "smtp")]
    end(talk).start()
    talk.write(said("bye", "a1"), hello(GOOD, "a1"))
    assert events(talk) == [("bad-session", BAD, "smtp")]


def test_one_happening_on_both_sides_counts_once(talk, end):
    talk.start()
    told = [said(f"wrong {what} from {BAD}") for what in ("account", "password")]
    told[1] = told[0][:20] + told[1][20:]
    talk.write(told[0])
    end(talk).start()
    talk.write(told[1])
    end(talk).start()
    talk.write(told[1], said(f"wrong account from {BAD}", "another"))
    assert events(talk) == [("auth-failure", BAD, "smtp")] * 2


def test_silence_goes_on_by_the_clock(talk, clock, end):
    talk.start(wrapper=clock.wrapper)
    told = hello(BAD)
    talk.write(told)
    end(talk)
    clock.step(9 * 60)
    talk.start(wrapper=clock.wrapper)
    assert events(talk) == []
    end(talk)
    clock.step(2 * 60)
    talk.start(wrapper=clock.wrapper)
    until(lambda: events(talk) == [("bad-session", BAD, "smtp")], "the end of the session")
    [row] = map(json.loads, talk.ctl("events", "--json").out.splitlines())
    assert row["text"] == told.strip()
    assert datetime.datetime.fromisoformat(row["time"]) == datetime.datetime.fromisoformat(told[:19] + "+00:00") + 10 * MINUTE
    end(talk).start(wrapper=clock.wrapper)
    assert len(events(talk)) == 1


def test_silence_is_no_late_line(talk, clock):
    """A session that ended long ago when the clock was set says nothing of how late the log is told."""
    talk.start(wrapper=clock.wrapper)
    talk.write(hello(BAD))
    stored(talk)
    clock.step(60 * 60)
    until(lambda: events(talk) == [("bad-session", BAD, "smtp")], "the end of the session")
    talk.write(hello(OTHER, "a2", seconds_ago=-60 * 60))
    stored(talk)
    clock.step(11 * 60)
    until(lambda: events(talk)[1:] == [("bad-session", OTHER, "smtp")], "the end of the next one")


def test_other_numbers_mean_the_same_sessions(talk, end):
    talk.start()
    told = said(f"wrong account from {GOOD}", "b1", service="IMAP")
    talk.write(hello(BAD, "a1", service="IMAP"), hello(BAD, "a2", service="IMAP"), told)
    stored(talk)
    set_services(talk, "POP = pop3\nIMAP = imap\nSMTP = smtp")
    assert talk.ctl("reload").code == 0
    talk.write(said("bye", "a1", service="IMAP"), told)
    assert events(talk) == [("auth-failure", GOOD, "imap"), ("bad-session", BAD, "imap")]
    end(talk)
    set_services(talk, "WEB = web\nSMTP = smtp\nIMAP = imap")
    talk.start()
    talk.write(said("bye", "a2", service="IMAP"), told)
    assert events(talk) == [("auth-failure", GOOD, "imap"), ("bad-session", BAD, "imap"), ("bad-session", BAD, "imap")]


def test_what_no_filter_remembers_any_more_is_forgotten(talk, end):
    rows = "SELECT (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM once)"
    talk.start()
    talk.write(*(hello(f"203.0.113.{i}", f"s{i}") for i in range(200)))
    stored(talk)
    assert talk.sql(rows) == "200 200"
    talk.write(*(said("bye", f"s{i}") for i in range(150)))
    stored(talk)
    assert talk.sql(rows) == "50 500"
    text = (talk.etc / "filters" / "talk.conf").read_text()
    (talk.etc / "filters" / "talk.conf").write_text(re.sub(r"(?s)\[session\].*|once-per[^\n]*\n", "", text))
    end(talk).start()
    stored(talk)
    assert talk.sql(rows) == "0 0"


def test_lines_of_before_the_start_are_read_before_silence_is_judged(talk, clock, end):
    """Another log that is read first does not say that this one was silent."""
    other = talk.log.with_name("other.log")
    other.touch()
    (talk.etc / "filters" / "aaa.conf").write_text(FILTER.format(log=other, services=SERVICES))
    (talk.etc / "jails" / "other.conf").write_text(JAIL.format(watch="aaa"))
    talk.start(wrapper=clock.wrapper)
    talk.write(hello(GOOD))
    end(talk)
    clock.step(30 * 60)
    talk.write("nothing to see here\n" * 200000, said("took a message", seconds_ago=-300), said("bye", seconds_ago=-360))
    other.write_text(said(f"wrong account from {BAD}", seconds_ago=-1800))
    talk.start(wrapper=clock.wrapper)
    assert events(talk) == [("auth-failure", BAD, "smtp")]
