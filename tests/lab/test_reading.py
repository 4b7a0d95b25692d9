# SPDX-License-Identifier: MIT
"""Where reading begins and goes on: the events in the database are exactly the lines that were written, each once."""
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

import journal
from daemon import ROOT, line
from netns import until

BAD, OTHER, THIRD = "198.51.100.7", "198.51.100.8", "198.51.100.9"
GIB = 1 << 30


def conf(first_read):
    return f"[ipsd]\nmode = enforce\nfirst-read = {first_read}\n"


def events(daemon):
    """Times that each address is in the database."""
    rows = daemon.ctl("events", "--json", "--limit", "10000").out.splitlines()
    found = collections.Counter()
    for row in map(json.loads, rows):
        found[row["address"]] += row["count"]
    return found


def wait_events(daemon, **expected):
    """What was read is just this, and stays so when a further line has been read."""
    wanted = {address: n for address, n in zip((BAD, OTHER, THIRD), expected.values()) if n}
    try:
        until(lambda: events(daemon) == wanted, f"events {wanted}")
    except AssertionError as e:
        raise AssertionError(f"{e}; there are {dict(events(daemon))}; {daemon.words()}") from e


# ---- a log that was never read ---------------------------------------------------------------------


def test_the_window_of_its_jails_is_read_and_what_would_be_over_is_only_recorded(cable, daemons):
    daemon = daemons()
    daemon.attack(THIRD, 50, seconds_ago=3 * 3600)
    daemon.attack(OTHER, 10, seconds_ago=50 * 60)
    daemon.attack(BAD, 10, seconds_ago=10 * 60)
    daemon.start()
    daemon.wait_blocked(BAD)
    wait_events(daemon, bad=10, other=10)
    bans = {ban["prefix"]: ban for ban in daemon.ctl("list", "--all", "--json").json["bans"]}
    assert set(bans) == {f"{BAD}/32", f"{OTHER}/32"}
    assert 17 * 60 < bans[f"{BAD}/32"]["seconds_left"] <= 20 * 60, "a ban runs from its last line"
    assert not daemon.is_blocked(OTHER)
    until(daemon.settled, "the kernel")
    assert daemon.held() == {BAD}
    assert not cable.passes(BAD) and cable.passes(OTHER)
    assert "is read for the first time: from byte" in daemon.words()


@pytest.mark.parametrize("first_read, expected", [("end", {BAD: 1}), ("beginning", {BAD: 1, OTHER: 5, THIRD: 3})])
def test_from_the_end_or_the_beginning(daemons, first_read, expected):
    daemon = daemons(conf=conf(first_read))
    daemon.attack(THIRD, 3, seconds_ago=3 * 86400)
    daemon.attack(OTHER, 5, seconds_ago=60)
    daemon.start()
    daemon.attack(BAD, 1)
    until(lambda: events(daemon) == expected, f"events {expected}")


def test_fifty_gigabytes_are_begun_within_a_second(daemons):
    daemon = daemons()
    with open(daemon.log, "wb") as log:
        for at, ago in ((0, 40 * 86400), (20 * GIB + 77, 86400), (49 * GIB, 4000)):
            log.seek(at)
            log.write(b"".join(line(THIRD, seconds_ago=ago - i / 100).encode() for i in range(5000)))
        log.seek(50 * GIB)
        log.write(b"".join(line(OTHER, seconds_ago=1300).encode() for _ in range(3)))
    begun = time.monotonic()
    daemon.start()
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2, other=3)
    took = time.monotonic() - begun
    print(f"begun and read in {took:.2f} s")
    assert took < 3, "start, search and three questions of ipsctl"


def test_all_of_a_huge_log_that_begins_behind_a_hole(daemons):
    daemon = daemons()
    with open(daemon.log, "wb") as log:
        log.seek(50 * GIB)
        log.write(b"".join(line(OTHER, seconds_ago=1800).encode() for _ in range(3)))
    daemon.start()
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2, other=3)


def test_without_stamps_it_is_begun_at_its_end_and_said(daemons):
    daemon = daemons()
    daemon.write(*["what happened, and not when\n"] * 20000)
    daemon.start()
    daemon.attack(BAD, 1)
    wait_events(daemon, bad=1)
    told = [text for text in daemon.words().splitlines() if "is read for the first time" in text]
    assert len(told) == 1 and "no line at its end tells when it was written" in told[0]


def test_stamps_out_of_order_and_of_another_zone(daemons):
    daemon = daemons()
    daemon.write(*(line(THIRD, seconds_ago=5 * 3600 - i) for i in range(100)))
    for i in range(200):
        daemon.write(line(OTHER, seconds_ago=1200 - i + (i * 7919) % 30))
    daemon.start()
    wait_events(daemon, bad=0, other=200)


def test_a_restart_is_no_first_time(daemons):
    daemon = daemons()
    daemon.attack(OTHER, 3, seconds_ago=60)
    daemon.start()
    wait_events(daemon, bad=0, other=3)
    daemon.stop(9)
    daemon.attack(BAD, 2)
    daemon.start()
    wait_events(daemon, bad=2, other=3)


def test_the_journal_is_begun_at_the_window_too(daemons):
    if journal.why_not():
        pytest.skip(journal.why_not())
    daemon = daemons()
    written = journal.Journal(daemon.dir / "journal")
    (daemon.etc / "filters" / "sshd.conf").write_text((ROOT / "filters" / "sshd.conf").read_text())
    (daemon.etc / "jails" / "ssh.conf").write_text(
        f"[jail]\nabout = ssh\ntype = Brute force\nwatch = sshd journal:{written.dir} _SYSTEMD_UNIT=ssh.service\n"
        "window = 10m\nthreshold = 100\nban = 30m\n[multipliers]\nauth-failure = 20\n")
    failed = "Failed password for root from {} port 50112 ssh2".format
    for address, ago in ((THIRD, 3600), (OTHER, 300), (BAD, 0)):
        written.write(failed(address), failed(address), at=time.time() - ago)
    daemon.start()
    wait_events(daemon, bad=2, other=2)
    daemon.stop()
    written.write(failed(BAD))
    daemon.start()
    wait_events(daemon, bad=3, other=2)


# ---- a log that is rotated -----------------------------------------------------------------------------


def older(daemon, name):
    return daemon.log.with_name(f"{daemon.log.name}{name}")


def copytruncate(daemon, name):
    shutil.copy(daemon.log, older(daemon, name))
    os.truncate(daemon.log, 0)


def test_two_rotations_while_stopped_also_compressed(daemon):
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    daemon.stop()
    daemon.attack(BAD, 1)
    os.rename(daemon.log, older(daemon, ".3"))
    daemon.attack(OTHER, 2)
    os.rename(daemon.log, older(daemon, ".2"))
    subprocess.run(["gzip", older(daemon, ".2")], check=True)
    daemon.attack(OTHER, 3)
    os.rename(daemon.log, older(daemon, ".1"))
    daemon.attack(THIRD, 1)
    daemon.start()
    daemon.attack(THIRD, 1)
    wait_events(daemon, bad=3, other=5, third=2)
    daemon.stop(9)
    daemon.start()
    daemon.attack(THIRD, 1)
    wait_events(daemon, bad=3, other=5, third=3)


def test_copytruncate_while_stopped_and_while_it_does_not_look(daemon):
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    daemon.stop()
    daemon.attack(BAD, 1)
    copytruncate(daemon, ".1")
    daemon.attack(OTHER, 5)
    daemon.start()
    wait_events(daemon, bad=3, other=5)
    daemon.process.send_signal(signal.SIGSTOP)
    daemon.attack(OTHER, 1)
    os.rename(older(daemon, ".1"), older(daemon, ".2"))
    copytruncate(daemon, ".1")
    daemon.attack(THIRD, 30)
    daemon.process.send_signal(signal.SIGCONT)
    wait_events(daemon, bad=3, other=6, third=30)


def test_two_rotations_while_it_does_not_look(daemon):
    daemon.attack(BAD, 1)
    wait_events(daemon, bad=1)
    daemon.process.send_signal(signal.SIGSTOP)
    daemon.attack(BAD, 1)
    os.rename(daemon.log, older(daemon, "-20261121"))
    daemon.attack(OTHER, 4)
    os.rename(daemon.log, older(daemon, "-20261122"))
    daemon.attack(THIRD, 2)
    daemon.process.send_signal(signal.SIGCONT)
    wait_events(daemon, bad=2, other=4, third=2)


def test_cut_off_and_longer_than_before_when_it_is_looked_at(daemon):
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    daemon.stop()
    os.truncate(daemon.log, 0)
    daemon.attack(OTHER, 30)
    daemon.start()
    wait_events(daemon, bad=2, other=30)
    daemon.process.send_signal(signal.SIGSTOP)
    os.truncate(daemon.log, 0)
    daemon.attack(THIRD, 60)
    daemon.process.send_signal(signal.SIGCONT)
    wait_events(daemon, bad=2, other=30, third=60)
    assert "was truncated after" in daemon.words()


def test_a_link_that_is_switched_and_a_folder_that_is_made_again(daemons):
    daemon = daemons()
    folder = daemon.log.parent
    (folder / "first").touch()
    daemon.log.unlink(missing_ok=True)
    daemon.log.symlink_to("first")
    daemon.start()
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    (folder / "link").symlink_to("second")
    os.rename(folder / "link", daemon.log)
    daemon.attack(OTHER, 1)
    with open(folder / "first", "a", encoding="ascii") as late:
        late.write(line(BAD))
    wait_events(daemon, bad=3, other=1)
    os.rename(folder, folder.with_name("aside"))
    folder.mkdir()
    daemon.attack(THIRD, 1)
    wait_events(daemon, bad=3, other=1, third=1)
    daemon.stop(9)
    daemon.start()
    daemon.attack(THIRD, 1)
    wait_events(daemon, bad=3, other=1, third=2)


def test_what_cannot_be_read_is_told_with_its_bytes(daemon):
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    daemon.stop()
    os.rename(daemon.log, older(daemon, ".2"))
    older(daemon, ".1.xz").write_bytes(b"x" * 777)
    daemon.attack(OTHER, 1)
    daemon.start()
    wait_events(daemon, bad=2, other=1)
    assert "ids.log.1.xz was rotated away" in daemon.words() and "(777 bytes)" in daemon.words()
    daemon.stop()
    daemon.log.unlink()
    daemon.attack(OTHER, 1, seconds_ago=60)
    daemon.start()
    wait_events(daemon, bad=2, other=2)
    assert "found nowhere: what else it held is not read" in daemon.words()


def test_rotated_files_that_a_pattern_fits_are_read_once(daemons):
    daemon = daemons()
    conf_file = daemon.etc / "filters" / "vpop3-ids.conf"
    conf_file.write_text(conf_file.read_text().replace(str(daemon.log), str(daemon.log.parent / "*.log*")))
    daemon.start()
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    os.rename(daemon.log, older(daemon, ".1"))
    daemon.attack(OTHER, 1)
    wait_events(daemon, bad=2, other=1)
    os.rename(older(daemon, ".1"), older(daemon, ".2"))
    subprocess.run(["gzip", older(daemon, ".2")], check=True)
    os.rename(daemon.log, older(daemon, "-20261122"))
    daemon.attack(OTHER, 1)
    wait_events(daemon, bad=2, other=2)
    assert [s["path"] for s in daemon.ctl("status", "--json").json["sources"]] == [str(daemon.log)]


# ---- a file system that tells nothing ----------------------------------------------------------------------

# Becomes the program in a user namespace of its own, with the same users, in which nothing can be watched.
UNWATCHED = """
import ctypes, os, pathlib, sys
limit, program = sys.argv[1], sys.argv[2:]
me, (go, come) = os.getpid(), os.pipe()
if os.fork() == 0:
    os.close(come)
    os.read(go, 1)
    for name in ("uid_map", "gid_map"):
        pathlib.Path(f"/proc/{me}/{name}").write_text("0 0 65536")
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(come, b"x")
assert os.wait()[1] == 0
pathlib.Path(f"/proc/sys/user/{limit}").write_text("0")
os.closerange(3, 64)
os.execvp("setpriv", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *program])
"""


@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_without_inotify_files_are_looked_at(daemons, limit):
    daemon = daemons()
    for sub in ("state", "run"):
        (daemon.dir / sub).mkdir()
        os.chown(daemon.dir / sub, 65534, 65534)
    daemon.start("--observe", wrapper=(sys.executable, "-c", UNWATCHED, limit))
    assert pathlib.Path(f"/proc/{daemon.process.pid}/ns/user").readlink() != pathlib.Path("/proc/self/ns/user").readlink()
    daemon.attack(BAD, 2)
    wait_events(daemon, bad=2)
    os.rename(daemon.log, older(daemon, ".1"))
    daemon.attack(OTHER, 2)
    wait_events(daemon, bad=2, other=2)
    copytruncate(daemon, ".1")
    daemon.attack(THIRD, 1)
    wait_events(daemon, bad=2, other=2, third=1)
