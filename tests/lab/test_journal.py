# SPDX-License-Identifier: MIT
"""Lines from the journal: whose an entry is, where reading goes on, rotation, what stands in its way."""
import json
import os
import pathlib
import random
import time

import pytest

import journal
from daemon import ROOT
from netns import until

BAD, OTHER, FRIEND = "198.51.100.7", "198.51.100.8", "192.0.2.2"
SSHD = """
[jail]
about = ssh
type = Brute force
watch = {watch}
window = 10m
threshold = 100
ban = 30m
[multipliers]
auth-failure = 20
"""


def failed(address, times=1, user="root"):
    return [f"Failed password for {user} from {address} port 50112 ssh2"] * times


@pytest.fixture
def lab(daemons):
    """A daemon, and the journal that its jail `ssh` reads; not started."""
    if journal.why_not():
        pytest.skip(journal.why_not())
    daemon = daemons(conf="[ipsd]\nmode = enforce\nfirst-read = end\n")
    written = journal.Journal(daemon.dir / "journal")
    (daemon.etc / "filters" / "sshd.conf").write_text((ROOT / "filters" / "sshd.conf").read_text())
    watch(daemon, f"sshd journal:{written.dir} _SYSTEMD_UNIT=ssh.service")
    return daemon, written


def watch(daemon, text):
    (daemon.etc / "jails" / "ssh.conf").write_text(SSHD.format(watch=text))


def events(daemon):
    return [json.loads(row)["address"] for row in daemon.ctl("events", "--json").out.splitlines()]


def source(daemon, number=-1):
    return [s for s in daemon.ctl("status", "--json").json["sources"] if s["path"].startswith("journal:")][number]


def test_a_guesser_is_banned_by_what_the_journal_says(lab, cable):
    daemon, written = lab
    written.write(*failed(OTHER, 9))
    daemon.start()
    written.write(*failed(BAD, 4))
    written.write(*failed(BAD, 9), unit="other.service")
    written.write(*failed(BAD, 9), program="sudo")
    written.write("Accepted password\nFailed password for root from 198.51.100.9 port 1 ssh2")
    written.write("barrier", *failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert events(daemon) == [BAD] * 4 + [FRIEND], "what was there before, other units, other programs, second lines"
    assert not daemon.is_blocked(BAD)
    written.write(*failed(BAD))
    daemon.wait_blocked(BAD)
    until(lambda: not cable.passes(BAD), "the drop")
    seen = source(daemon)
    assert seen["state"] == "reading" and seen["lines"] == 1 + 4 + 9 + 2 + 1
    assert seen["path"] == f"journal:{written.dir} _SYSTEMD_UNIT=ssh.service"


def test_a_restart_goes_on_behind_the_last_entry(lab):
    daemon, written = lab
    written.write(*failed(OTHER))
    daemon.start()
    written.write(*failed(BAD, 2))
    until(lambda: len(events(daemon)) == 2, "two events")
    daemon.stop()
    written.write(*failed(BAD, 1))
    written.rotate()
    written.write(*failed(BAD, 1))
    daemon.start()
    until(lambda: len(events(daemon)) == 4, "what came meanwhile")
    written.write(*failed(BAD, 1))
    daemon.wait_blocked(BAD)
    assert events(daemon) == [BAD] * 5


def test_a_kill_before_the_first_line_loses_none(lab):
    daemon, written = lab
    written.write(*failed(OTHER), unit="other.service")
    daemon.start()
    daemon.stop(9)
    written.write(*failed(BAD, 2))
    daemon.start()
    until(lambda: len(events(daemon)) == 2, "both")


def test_rotation_and_vacuuming_under_the_reader(lab):
    daemon, written = lab
    daemon.start()
    for _ in range(3):
        written.write(*failed(BAD, 1))
        written.rotate()
        written.write(*failed(BAD, 1))
        until(lambda: len(events(daemon)) == 2 * written.number - 2, "a pair")
        written.vacuum()
    assert len(events(daemon)) == 6


def test_a_vanished_entry_is_told_and_what_came_after_it_is_read(lab):
    daemon, written = lab
    written.write(*failed(OTHER))
    daemon.start()
    written.write(*failed(BAD, 2))
    until(lambda: len(events(daemon)) == 2, "two events")
    daemon.stop()
    written.rotate()
    written.write(*failed(BAD, 1))
    written.vacuum()
    daemon.start()
    until(lambda: len(events(daemon)) == 3, "the one after")
    assert "the entry that was read last is gone" in daemon.words()


def test_a_missing_journal_is_waited_for_and_read_from_its_beginning(lab):
    daemon, written = lab
    written.remove()
    daemon.start()
    assert source(daemon)["state"] == "missing"
    written.dir.mkdir()
    written.write(*failed(BAD, 5))
    daemon.wait_blocked(BAD)


def cpu_seconds(daemon):
    stat = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text()
    return sum(map(int, stat[stat.rindex(")") + 2:].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def test_a_journal_that_goes_away_is_waited_for_at_rest(lab):
    daemon, written = lab
    written.write(*failed(OTHER))
    daemon.start()
    written.write(*failed(BAD, 2))
    until(lambda: len(events(daemon)) == 2, "two events")
    written.remove()
    until(lambda: source(daemon)["state"] == "missing", "the word")
    before = cpu_seconds(daemon)
    written.dir.mkdir()
    written.dir.chmod(0o755)
    written.write(*failed(BAD, 3))
    daemon.wait_blocked(BAD)
    assert len(events(daemon)) == 5
    assert cpu_seconds(daemon) - before < 0.5


def test_an_unreadable_journal_is_told_with_what_to_do(lab):
    daemon, written = lab
    written.write(*failed(OTHER))
    written.file.chmod(0o600)
    daemon.start()
    status = daemon.ctl("status")
    assert status.code == 1 and f"the journal in {written.dir} cannot be read" in status.out
    assert f"next: ls -l {written.dir}" in status.out
    written.file.chmod(0o644)
    until(lambda: source(daemon)["state"] == "reading", "the journal")
    written.write(*failed(BAD, 5))
    daemon.wait_blocked(BAD)


def test_several_places_of_one_journal_are_one_reader(lab):
    daemon, written = lab
    watch(daemon, f"sshd journal:{written.dir} _SYSTEMD_UNIT=ssh.service journal:{written.dir} _SYSTEMD_UNIT=sshd.service _HOSTNAME=a _HOSTNAME=b")
    daemon.start()
    written.write(*failed(BAD, 2))
    written.write(*failed(BAD, 9), unit="sshd.service", _HOSTNAME="c")
    written.write(*failed(BAD, 1), unit="sshd.service", _HOSTNAME="a")
    written.write(*failed(BAD, 1), unit="sshd.service", _HOSTNAME="b")
    written.write(*failed(BAD, 9), unit="sshd.service")
    written.write(*failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert events(daemon).count(BAD) == 4
    assert [source(daemon, i)["lines"] for i in (0, 1)] == [3, 2]


def test_what_a_user_writes_as_sshd_is_not_what_sshd_says(lab):
    daemon, written = lab
    shipped = next(line for line in (ROOT / "filters" / "sshd.conf").read_text().splitlines() if "journal:" in line)
    watch(daemon, "sshd " + shipped.strip().replace("journal:", f"journal:{written.dir} "))
    daemon.start()
    written.write(*failed(BAD, 9), _UID="1000")
    written.write(*failed(BAD, 9), unit="user@1000.service", _UID="0")
    written.write(*failed(FRIEND), _UID="0")
    until(lambda: FRIEND in events(daemon), "the last line")
    assert events(daemon) == [FRIEND]


def test_bytes_of_any_kind(lab):
    daemon, written = lab
    daemon.start()
    written.write(b"Failed password for invalid user \0\xff\x1b[31m from 198.51.100.7 port 1 ssh2")
    written.write("Failed password for invalid user " + "x" * 100000 + " from 198.51.100.7 port 1 ssh2")
    written.write(b"", b"\n\n", *failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert events(daemon) == [BAD, FRIEND], "the cut line has no address"
    assert "\x1b" not in daemon.ctl("events").out


def test_a_long_journal_does_not_hold_up_a_file(lab):
    daemon, written = lab
    daemon.start()
    daemon.stop()
    for _ in range(20):
        written.write(*failed(OTHER, 1000))
    daemon.start()
    started = time.monotonic()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert time.monotonic() - started < 2
    until(lambda: source(daemon)["lines"] == 20000, "the whole journal")


def alternatives(daemon, *lines):
    conf = daemon.etc / "filters" / "sshd.conf"
    text = (ROOT / "filters" / "sshd.conf").read_text()
    before, behind = text.split("sources = ", 1)
    own = "".join(f"          {line}\n" for line in lines).lstrip()
    conf.write_text(before + "sources = " + own + "service =" + behind.split("service =", 1)[1])
    watch(daemon, "sshd")


def test_the_first_alternative_that_exists_is_read_and_no_other(lab):
    daemon, written = lab
    log = daemon.dir / "log" / "auth.log"
    written.write("hello")
    alternatives(daemon, log, f"journal:{written.dir} _SYSTEMD_UNIT=ssh.service", "/nonexistent/secure")
    daemon.start()
    assert [s["path"] for s in daemon.ctl("status", "--json").json["sources"] if "vpop3" not in s["path"] and s["path"] != str(daemon.log)] == \
        [f"journal:{written.dir} _SYSTEMD_UNIT=ssh.service"]
    assert "of 3 alternatives this one is read: journal:" in daemon.ctl("check", "--json").out
    log.write_text("".join(f"Nov 22 11:02:17 mail sshd[812]: {said}\n" for said in failed(BAD, 9)))
    written.write(*failed(BAD, 4), *failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert events(daemon).count(BAD) == 4, "the file that came later tells the same again"
    assert daemon.ctl("reload").code == 0
    until(lambda: log.name in daemon.ctl("status").out, "the better one, after a reload")
    assert "journal:" not in daemon.ctl("status").out
    log.unlink()
    assert daemon.ctl("reload").code == 0
    written.write(*failed(BAD))
    daemon.wait_blocked(BAD)


def test_a_jail_whose_sources_do_not_exist_waits(lab):
    daemon, written = lab
    written.remove()
    log = daemon.dir / "log" / "auth.log"
    alternatives(daemon, log, f"journal:{written.dir}")
    daemon.start()
    states = {jail["name"]: jail["state"] for jail in daemon.ctl("status", "--json").json["jails"]}
    assert states == {"ssh": "waiting", "test": "watching"}
    assert "none of 2 alternatives exists yet" in daemon.ctl("check", "--json").out
    log.write_text("".join(f"{time.strftime('%b %e %H:%M:%S')} mail sshd[812]: {said}\n" for said in failed(BAD, 5)))
    daemon.wait_blocked(BAD)


def test_an_entry_that_is_gone_brings_back_none_that_was_read(lab):
    daemon, written = lab
    daemon.start()
    written.write(*failed(OTHER, 2))
    written.rotate()
    written.write(*failed(BAD, 2))
    until(lambda: len(events(daemon)) == 4, "four events")
    daemon.stop()
    written.file.unlink()
    written.rotate()
    written.write(*failed(BAD))
    daemon.start()
    until(lambda: len(events(daemon)) >= 5, "the one after")
    written.write(*failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert sorted(events(daemon)) == sorted([OTHER] * 2 + [BAD] * 3 + [FRIEND])
    assert "the entry that was read last is gone" in daemon.words()


def test_the_file_that_is_read_may_vanish_and_what_follows_is_read_once(lab):
    daemon, written = lab
    daemon.start()
    for n in range(4):
        written.write(*failed(BAD))
        until(lambda n=n: len(events(daemon)) == n + 1, "an event")
        written.file.unlink()
        written.rotate()
    assert events(daemon) == [BAD] * 4


@pytest.mark.parametrize("first_read,expected", [("window", [BAD] * 3), ("beginning", [OTHER] * 2 + [BAD] * 3), ("end", [])])
def test_the_first_reading_goes_back_as_far_as_is_asked_for(lab, first_read, expected):
    daemon, written = lab
    conf = daemon.etc / "ipsd.conf"
    conf.write_text(conf.read_text().replace("first-read = end", f"first-read = {first_read}"))
    written.write(*failed(OTHER, 2), at=time.time() - 5 * 3600)
    written.rotate()
    written.write(*failed(BAD), at=time.time() - 600)
    written.write("nothing", at=time.time() - 500)
    written.write(*failed(BAD, 2), at=time.time() - 60)
    daemon.start()
    written.write(*failed(FRIEND))
    until(lambda: FRIEND in events(daemon), "the last line")
    assert sorted(events(daemon)) == sorted([*expected, FRIEND])
    daemon.restart()
    written.write(*failed(FRIEND))
    until(lambda: events(daemon).count(FRIEND) == 2, "the line after a restart")
    assert sorted(events(daemon)) == sorted([*expected, FRIEND, FRIEND])


def test_each_entry_counts_once_whatever_becomes_of_the_files_and_of_ipsd(lab):
    daemon, written = lab
    seed = random.SystemRandom().randrange(1 << 32)
    dice, number = random.Random(seed), 0
    daemon.start()

    def told():
        return daemon.sql("SELECT count(*) FROM events")

    def write():
        nonlocal number
        n = dice.randrange(1, 6)
        written.write(*(f"Failed password for root from 198.51.{(number + i) // 250}.{(number + i) % 250} port 50112 ssh2" for i in range(n)))
        number += n

    def end(signo):
        daemon.stop(signo)
        for act in dice.sample([write, write, written.rotate], dice.randrange(4)):
            act()
        daemon.start()

    def vacuum():
        """What nobody could read before it went is lost."""
        until(lambda: told() >= number, f"all before it, seed {seed}")
        written.rotate()
        if dice.random() < 0.5:
            write()
        written.vacuum()

    for _ in range(60):
        dice.choice([write, write, write, written.rotate, vacuum, lambda: end(9), lambda: end(15)])()
    until(lambda: told() >= number, f"all of them, seed {seed}")
    assert (told(), daemon.sql("SELECT count(DISTINCT addr) FROM events")) == (number, number), f"seed {seed}"
