# SPDX-License-Identifier: MIT
"""Orders that take long: other work goes on meanwhile, and whatever happens, what is told is what is blocked."""
import contextlib
import ipaddress
import os
import pty
import signal
import subprocess

import pytest

from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"
MANY = 100_000
FIRST = int(ipaddress.ip_address("100.64.0.0"))


def address(i):
    return str(ipaddress.ip_address(FIRST + i))


@pytest.fixture
def file(daemon):
    path = daemon.dir / "deny"
    path.write_text("".join(f"{address(i)} 1d\n" for i in range(MANY)))
    return str(path)


@contextlib.contextmanager
def ordered(daemon, *words):
    """An order that is not waited for."""
    command = daemon.ns.command(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), *words)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as order:
        try:
            yield order
        finally:
            order.kill()


def count(daemon):
    """How many bans there are, as the database has them."""
    return daemon.sql("SELECT count(*) FROM bans WHERE ended IS NULL AND kind = 0")


def wait_half_done(daemon):
    until(lambda: 0 < count(daemon) < MANY, "a part of the order")


def agree(daemon):
    """The bans are those in the database and in the kernel: their prefixes."""
    until(daemon.settled, "the kernel")
    bans = {b["prefix"].removesuffix("/32") for b in daemon.ctl("list", "--json").json["bans"]}
    until(lambda: daemon.held() == bans, "the kernel's sets to be just these")
    assert count(daemon) == len(bans)
    return bans


def test_while_a_file_is_taken_others_are_answered_and_attackers_blocked(cable, daemon, file):
    with ordered(daemon, "ban", "--file", file) as order:
        wait_half_done(daemon)
        daemon.attack(BAD)
        daemon.wait_blocked(BAD)
        assert daemon.ctl("status").code == 0
        assert count(daemon) < MANY and order.poll() is None
        out, err = order.communicate(timeout=60)
    assert order.returncode == 0 and out.startswith(f"{MANY} blocks were made"), (out, err)
    assert agree(daemon) == {BAD, *map(address, range(MANY))}
    assert cable.probe([BAD, OTHER, address(0), address(MANY - 1)]) == {OTHER}


def test_while_everything_is_lifted_others_are_answered_and_attackers_blocked(cable, daemon, file):
    assert daemon.ctl("ban", "--file", file).code == 0
    with ordered(daemon, "unban", "--all", "--yes") as order:
        wait_half_done(daemon)
        daemon.attack(BAD)
        daemon.wait_blocked(BAD)
        assert daemon.ctl("status").code == 0
        assert count(daemon) > 1 and order.poll() is None
        out, err = order.communicate(timeout=60)
    assert order.returncode == 0 and out.startswith(f"{MANY} blocks were lifted"), (out, err)
    assert agree(daemon) == {BAD}, "who was banned after the order came stays banned"
    assert cable.probe([BAD, address(0), address(MANY - 1)]) == {address(0), address(MANY - 1)}


def test_orders_are_done_one_after_the_other(daemon, file):
    with ordered(daemon, "ban", "--file", file) as order:
        wait_half_done(daemon)
        last = daemon.ctl("unban", address(MANY - 1))
        assert last.code == 0 and last.out.startswith("1 block was lifted"), last
        assert count(daemon) == MANY - 1
        assert order.wait(60) == 0


@pytest.mark.parametrize("lifts", [False, True])
def test_killed_in_the_middle_it_comes_back_with_what_it_had_done(daemon, file, lifts):
    words = ("ban", "--file", file)
    if lifts:
        assert daemon.ctl(*words).code == 0
        words = ("unban", "--all", "--yes")
    with ordered(daemon, *words) as order:
        wait_half_done(daemon)
        daemon.process.kill()
        daemon.process.wait()
        assert order.wait(60) == 3 and "ended before it had answered" in order.stderr.read()
    daemon.start()
    assert 0 < len(agree(daemon)) < MANY
    answer = daemon.ctl(*words)
    assert answer.code == 0, answer
    assert len(agree(daemon)) == (0 if lifts else MANY)


def test_an_order_ends_where_it_is_when_its_client_goes(daemon, file):
    with ordered(daemon, "ban", "--file", file) as order:
        wait_half_done(daemon)
        order.kill()
        order.wait()
    assert daemon.ctl("ban", OTHER).code == 0
    done = len(agree(daemon))
    assert 1 < done < MANY
    answer = daemon.ctl("ban", "--file", file)
    assert answer.code == 0 and f"{done - 1} stood already" in answer.out, answer
    assert len(agree(daemon)) == MANY + 1


def test_stopped_in_the_middle_it_says_that_not_all_is_done(daemon, file):
    with ordered(daemon, "ban", "--file", file) as order:
        wait_half_done(daemon)
        assert daemon.stop() == 0
        assert order.wait(60) == 3 and "ended before it had answered" in order.stderr.read()
    daemon.start()
    assert 0 < len(agree(daemon)) < MANY


def test_who_waits_at_a_terminal_is_told_that_ipsd_is_at_work(daemon):
    ours, theirs = pty.openpty()
    command = daemon.ns.command(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "ban", OTHER)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, text=True) as order:
        os.close(theirs)
        said = os.read(ours, 1000)
        assert b"ipsd is at work: 1 s" in said
        os.kill(daemon.process.pid, signal.SIGCONT)
        out, _ = order.communicate(timeout=60)
    os.close(ours)
    assert order.returncode == 0 and out.startswith(f"{OTHER}/32 is blocked until")
