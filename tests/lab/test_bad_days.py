# SPDX-License-Identifier: MIT
"""What may happen to a host on a bad day, and each line still counts once (proof/): scenes that the random rounds do not reach."""
import contextlib
import os
import pwd
import random
import subprocess

import pytest

from netns import until
from proof.clock import Clock
from proof.rounds import Rounds
from proof.writer import Line, network

HOUR = 3600
BAD = "198.51.100.7"


@pytest.fixture
def proofs(cable, build):
    made = []

    def make(**more):
        made.append(Rounds(cable.server, build, random.SystemRandom().randrange(1 << 32), **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def quiet_rounds(once, n):
    """Rounds of writing alone: nothing is killed, nothing rotated."""
    for _ in range(n):
        for _ in range(4):
            once.write()
        once.checker.check()


def line(once, log, address, at):
    """One line with this stamp, yet to be written."""
    seq = len(once.writer.lines) + 1
    made = Line(seq, log.name, address, "relay-denied", int(at * 1000) * 1000, f"no relay to x, line {seq}", log.history)
    once.writer.lines[seq] = made
    return made.bytes


def say(once, log, address, at):
    log.write(line(once, log, address, at))


def halves(addresses):
    """No network is in both."""
    networks = sorted({network(address) for address in addresses})
    return [address for address in addresses if network(address) in networks[::2]], \
        [address for address in addresses if network(address) in networks[1::2]]


# ---- time --------------------------------------------------------------------------------------------


@pytest.fixture
def clock(build, tmp_path):
    return Clock(build, tmp_path)


def with_clock(proofs, clock):
    once = proofs(wrapper=clock.wrapper)
    once.writer.clock = clock.now
    return once


def step(once, clock, seconds):
    """When nobody is banned: what runs moves with the clock (test_clock_set), which the oracle has never heard of."""
    bans = once.checker.oracle.table.values()
    until(lambda: all(ban.until <= once.checker.us() for ban in bans), "the end of all bans", patience=60)
    once.checker.check()
    clock.step(seconds)
    # A kernel tells of a step at once; of this one the daemon hears when it wakes up. Before the first line, or what both
    # have forgotten by the old clock would not be the same.
    until(lambda: once.world.status() and "the clock was set" in once.world.words(), "the step")


def test_an_hour_forward(proofs, clock):
    once = with_clock(proofs, clock)
    quiet_rounds(once, 3)
    step(once, clock, HOUR)
    once.writer.fall_silent()
    quiet_rounds(once, 3)
    once.world.stop()
    once.revive()
    quiet_rounds(once, 3)
    once.run(5)


def test_an_hour_back(proofs, clock):
    once = with_clock(proofs, clock)
    # Who was heard of in the hour that comes again counts when the clock is there again. Who of them was forgotten before
    # the step counts at once, but not behind a restart, for which these lines are yet to come.
    once.writer.addresses, later = halves(once.writer.addresses)
    once.writer.begins_sessions = False
    quiet_rounds(once, 3)
    step(once, clock, -HOUR)
    # A stamp of the future is not believed, so this would be told at another time.
    once.writer.again.clear()
    once.writer.addresses, once.writer.begins_sessions = later, True
    quiet_rounds(once, 3)
    once.run(5)


def test_a_boot_in_1970(proofs, clock):
    clock.step(100 - clock.now())
    once = with_clock(proofs, clock)
    # One that ends in 1970 is an event too old to be kept until somebody looks.
    once.writer.begins_sessions = False
    quiet_rounds(once, 3)
    step(once, clock, -clock.offset)
    once.writer.begins_sessions = True
    quiet_rounds(once, 3)
    once.run(5)


def test_two_hours_at_once_ban_nobody_who_would_be_free_by_now(proofs):
    once = proofs()
    log, began = once.rotator.logs[0], once.writer.clock() - 2 * HOUR
    others = [f"198.51.{200 + i}.1" for i in range(20)]
    log.write(b"".join(line(once, log, BAD if i % 2 or i > HOUR else others[i // 2 % 20], began + i) for i in range(2 * HOUR)))
    once.checker.check()
    assert once.checker.bans > 100, "the ladder of one who went on for two hours"
    assert once.checker.held().keys() <= {(0, f"{BAD}/32"), (1, f"{BAD}/32")}


# ---- orders -------------------------------------------------------------------------------------------


def test_who_is_unbanned_before_the_rest_is_read_again_stays_unbanned(proofs):
    once = proofs()
    log = once.rotator.logs[0]
    say(once, log, BAD, once.writer.clock() - 30)
    once.checker.wait_stored()
    once.killer.kill_reader()
    for i in range(3):
        say(once, log, BAD, once.writer.clock() - 20 + i)
    log.write(b"nothing to see here\n" * 2_000_000)
    for i in range(6):
        say(once, log, BAD, once.writer.clock() - 7 + i)
    once.revive()
    assert once.world.call("Unban", prefixes=[BAD])["parameters"]["free"]
    once.checker.wait_stored()
    shown = once.world.call("Show", what=BAD)["parameters"]
    assert not shown["banned"] and all(score["score"] == 0 for score in shown["scores"])


# ---- the disk -----------------------------------------------------------------------------------------


def test_a_disk_that_is_full_for_a_while(proofs):
    once = proofs()
    state = once.world.dir / "state"
    once.checker.check()
    once.world.let_go()
    once.world.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=4m,mode=750,uid={pwd.getpwnam('ipsd').pw_uid}", "tmpfs", str(state)], check=True)
    try:
        once.world.start()
        quiet_rounds(once, 3)
        for _ in range(3):
            with open(state / "ballast", "wb", buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(b"x" * 4096)
            until(lambda: once.write() or once.world.call("Status")["parameters"]["findings"], "red")
            for _ in range(20):
                once.write()
            os.unlink(state / "ballast")
            once.checker.check()
        once.run(25)  # in a database that is a small part of the disk
    finally:
        once.world.let_go()
        once.killer.close()
        once.world.stop()
        subprocess.run(["umount", str(state)], check=True)


def test_a_database_damaged_in_its_middle_is_set_aside_and_bans_stay(proofs):
    once = proofs()
    log = once.rotator.logs[0]
    assert once.world.call("Ban", prefixes=[BAD], seconds=HOUR)["parameters"]["made"] == 1
    for _ in range(20):
        once.write()
    until(once.checker.all_are_stored, "the lines")
    once.world.let_go()
    once.world.stop()
    path = once.world.dir / "state" / "state.db"
    size = path.stat().st_size
    with open(path, "r+b") as f:
        f.seek(8192)
        f.write(os.urandom(size - 8192))
    once.revive()
    until(once.world.is_settled, "the kernel")
    assert list(path.parent.glob("state.db.damaged-*")) and "was damaged" in once.world.words()
    assert (0, f"{BAD}/32") in once.checker.held(), "the kernel goes on"
    say(once, log, "198.51.100.9", once.writer.clock())
    until(lambda: once.world.call("Events", limit=1)["parameters"]["events"][0]["address"] == "198.51.100.9", "the next line")
