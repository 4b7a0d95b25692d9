# SPDX-License-Identifier: MIT
"""The server's own login dies for five minutes, and three hundred customers fail. The log's times are played by their stamps."""
import datetime

import pytest

from netns import until

CUSTOMERS = [f"198.51.{100 + i // 250}.{i % 250 + 1}" for i in range(300)]
GUESSER = "203.0.113.66"
LINES = {
    "login": "dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, mpid=411, TLS, session=<x>",
    "imap": "dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 4 secs): user=<{user}>, method=PLAIN, rip={address},"
            " lip=192.0.2.1, TLS, session=<a1B2c3/+2>",
    "smtp": "postfix/smtpd[812]: warning: unknown[{address}]: SASL PLAIN authentication failed: authentication failure, sasl_username={user}",
    "dead": "postfix/smtpd[812]: warning: unknown[{address}]: SASL LOGIN authentication failed: Connection lost to authentication server",
}


def said(kind, address, user, seconds_ago):
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}+00:00 mail " + LINES[kind].format(address=address, user=user) + "\n"


def outage(ended):
    """Each customer's program tries every thirty seconds, at one service or the other, and the servers complain, too."""
    for k in range(10):
        for i, address in enumerate(CUSTOMERS):
            ago = ended + 30 * (9 - k) + (len(CUSTOMERS) - i) * 0.1
            yield said("smtp" if i % 3 == 0 else "imap", address, f"user{i}@example.com", ago)
            if k == 0:
                yield said("dead", address, f"user{i}@example.com", ago)


@pytest.fixture
def server(daemons):
    daemon = daemons().ship(filters=("dovecot", "postfix"), jails=("mail", "class-c", "recidive"), mail={"ports": "all"}).start()
    daemon.write(*(said("login", address, f"user{i}@example.com", 86400 - i) for i, address in enumerate(CUSTOMERS)))
    until(daemon.has_read, "yesterday's logins")
    return daemon


def test_nobody_is_banned_and_status_says_why_on_top(cable, server):
    server.write(*outage(ended=0))
    until(lambda: server.ctl("status").code == 1, "the finding")
    until(server.has_read, "all of the outage")
    assert server.ctl("list", "--json").json["bans"] == []
    assert server.held() == set()
    assert cable.probe(CUSTOMERS) == set(CUSTOMERS)
    status = server.ctl("status")
    first, why, command = status.out.splitlines()[:3]
    assert status.code == 1 and first.startswith("ipsd needs you"), status.out
    assert why.startswith("  error: jail mail bans nobody until ") and "look whether the server's own login works" in why, status.out
    assert command == "      next: ipsctl list --observed --jail mail", status.out
    observed = {row["prefix"]: row for row in server.ctl("list", "--observed", "--jail", "mail", "--json").json["bans"]}
    assert {row["because"] for row in observed.values()} == {"brake"} and len(observed) == len(CUSTOMERS) - 20
    # Of the first twenty, whose bans were taken back, nothing is left, neither for the ladder nor for those that watch jails.
    assert all(server.ctl("show", one, "--json").json["blocks_30d"] == 0 for one in CUSTOMERS[:21])
    assert {score["jail"] for score in server.ctl("show", CUSTOMERS[0], "--json").json["scores"]} == {"mail"}
    # A guesser who comes by meanwhile is observed, too: nobody can tell him from a customer.
    server.write(*(said("imap", GUESSER, "root", 0) for _ in range(10)))
    until(lambda: server.ctl("list", "--observed", "--json", "--jail", "mail").out.count(GUESSER), "the guesser")
    assert server.held() == set()


def test_a_kill_does_not_release_it(server):
    server.write(*outage(ended=0))
    until(lambda: server.ctl("status").code == 1, "the finding")
    until(server.has_read, "all of the outage")
    server.stop(9)
    server.start()
    assert "jail mail bans nobody until " in server.ctl("status").out
    server.write(*(said("imap", GUESSER, "root", 0) for _ in range(10)))
    until(lambda: server.ctl("list", "--observed", "--json", "--jail", "mail").out.count(GUESSER), "the guesser")
    assert server.held() == set()


def test_ten_minutes_after_the_last_customer_it_bans_again(cable, server):
    server.write(*outage(ended=15 * 60 - 8))
    until(lambda: "jail mail holds back until " in server.words(), "the warning in the log")
    until(lambda: "jail mail bans again" in server.words(), "its end")
    until(server.has_read, "all of the outage")
    status = server.ctl("status")
    assert status.code == 0 and status.out.startswith("ipsd is well"), status.out
    server.write(*(said("imap", GUESSER, "root", 0) for _ in range(10)))
    server.wait_blocked(GUESSER)
    until(server.settled, "the kernel")
    assert server.held() == {GUESSER}
    assert cable.probe([GUESSER, *CUSTOMERS]) == set(CUSTOMERS)
    # One customer who fails on is in no danger: what was observed stands for his ban until its end.
    server.write(*(said("imap", CUSTOMERS[50], "user50@example.com", 0) for _ in range(10)))
    until(server.has_read, "his lines")
    assert server.held() == {GUESSER}
