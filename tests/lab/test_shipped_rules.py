# SPDX-License-Identifier: MIT
"""Account, ladder, class-c and recidive: from lines in the log to packets that are dropped. Times are played by stamps."""
import datetime
import json

import pytest

from netns import until

BAD, NEIGHBOURS = "203.0.113.9", [f"203.0.113.{i}" for i in (20, 21, 22, 23)]
NETWORK, BESIDE = "203.0.113.0/24", "203.0.113.200"
BOTS = [f"198.51.{100 + i // 250}.{i % 250 + 1}" for i in range(300)]
OWNER, STRANGER = "203.0.113.77", "198.51.99.9"
MINUTE, HOUR, DAY = 60, 3600, 86400


def failed(address, user, seconds_ago):
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return (f"{time:%Y-%m-%dT%H:%M:%S.%f}+00:00 mail dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 4 secs):"
            f" user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, TLS, session=<a1B2c3/+2>\n")


def login(address, user, seconds_ago):
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return (f"{time:%Y-%m-%dT%H:%M:%S.%f}+00:00 mail dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={address},"
            " lip=192.0.2.1, mpid=411, TLS, session=<x>\n")


def rows(daemon, *words):
    return {row["prefix"]: row for row in daemon.ctl("list", "--json", *words).json["bans"]}


def events(daemon, kind):
    return [event for event in map(json.loads, daemon.ctl("events", "--json", "--limit", "10000").out.splitlines())
            if event["type"] == kind]


ACCOUNT = """[jail]
about = One account, tried from everywhere
watch = dovecot
subject = account
window = 30m
threshold = 20
ban = 1h
[multipliers]
auth-failure = 1
"""


@pytest.mark.parametrize("distinct", ["none", "address"])
def test_an_account_attacked_from_300_addresses_bans_them_and_not_its_owner(cable, daemons, distinct):
    daemon = daemons().ship(filters=["dovecot", "postfix"], jails=["mail"])
    (daemon.etc / "jails" / "account.conf").write_text(ACCOUNT.replace("window", f"distinct = {distinct}\nwindow"))
    daemon.start()
    daemon.write(login(OWNER, "Bob@example.com", 3 * DAY), failed(STRANGER, "alice@example.com", 60))
    until(daemon.has_read, "his login")
    for k in range(2):
        daemon.write(*(failed(one, "bob@EXAMPLE.com" if i % 2 else "bob@example.com", 300 - 100 * k - i * 0.3) for i, one in enumerate(BOTS)))
        daemon.write(failed(OWNER, "bob@example.com", 110 - 100 * k))
    until(daemon.has_read, "the attack")
    # The first tries brought the account far over its threshold; each one's second is its ban.
    assert set(rows(daemon)) == {f"{one}/32" for one in BOTS}
    assert {row["jail"] for row in rows(daemon).values()} == {"account"}
    assert daemon.held() == set(BOTS)
    assert cable.probe([*BOTS, OWNER, STRANGER]) == {OWNER, STRANGER}
    spared = rows(daemon, "--spared")
    assert set(spared) == {f"{OWNER}/32"} and spared[f"{OWNER}/32"]["because"] == "known-good"
    shown = daemon.ctl("show", "bob@example.com")
    assert shown.code == 0, shown.out


LADDER = "after-ban = clear\nban-memory = 30d"


def test_a_ladder_climbs_over_restarts_and_ends_on_the_blacklist(cable, daemons):
    daemon = daemons(ban="30m, 2h, 1d, permanent", jail=LADDER).start()
    for number, (ago, length) in enumerate([(10 * DAY, 30 * MINUTE), (9 * DAY, 2 * HOUR), (8 * DAY, DAY)], 1):
        daemon.attack(BAD, 20, seconds_ago=ago)
        until(lambda wanted=number: len(daemon.ctl("list", "--json", "--all").json["bans"]) == wanted, "the ban, which is over")
        past = daemon.ctl("list", "--json", "--all").json["bans"]
        since, until_ = (datetime.datetime.fromisoformat(past[0][key].replace("Z", "+00:00")) for key in ("since", "until"))
        assert (until_ - since).total_seconds() == length and past[0]["action"] == "block"
        assert daemon.held() == set(), "it was over before anybody read of it"
        daemon.restart()
    daemon.attack(BAD, 20)
    daemon.wait_blocked(BAD)
    row = rows(daemon)[f"{BAD}/32"]
    assert row["action"] == "blacklist" and row["until"] is None and row["blocks_30d"] == 4
    daemon.restart()
    until(daemon.settled, "the kernel")
    assert rows(daemon)[f"{BAD}/32"]["action"] == "blacklist"
    assert cable.probe([BAD, BESIDE]) == {BESIDE}


def test_a_ladder_that_remembers_longer_than_bans_are_kept_otherwise_has_them(daemons):
    daemon = daemons(ban="30m, 2h", jail="after-ban = clear\nban-memory = 200d").start()
    daemon.attack(BAD, 20, seconds_ago=150 * DAY)
    until(lambda: len(daemon.ctl("list", "--json", "--all").json["bans"]) == 1, "the ban of long ago")
    for _ in range(2):
        daemon.restart()
    daemon.attack(BAD, 20)
    daemon.wait_blocked(BAD)
    assert 2 * HOUR - 60 < rows(daemon)[f"{BAD}/32"]["seconds_left"] <= 2 * HOUR


def test_what_a_person_lifted_is_no_step_of_the_ladder(daemons):
    daemon = daemons(ban="30m, 2h", jail=LADDER).start()
    daemon.attack(BAD, 10)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("unban", BAD).code == 0
    daemon.restart()
    daemon.attack(BAD, 10)
    daemon.wait_blocked(BAD)
    assert rows(daemon)[f"{BAD}/32"]["seconds_left"] <= 30 * MINUTE


def test_class_c_as_shipped_observes_and_as_proposed_bans_the_network(cable, daemons):
    daemon = daemons().ship(filters=["vpop3-ids"], jails=["vpop3-smtp", "class-c"], vpop3_smtp={"ports": "all", "enabled": "yes"}).start()
    for address in NEIGHBOURS:
        daemon.attack(address, 10)
    until(lambda: NETWORK in rows(daemon, "--observed"), "the network")
    until(daemon.has_read, "the kernel")
    assert cable.probe([*NEIGHBOURS, BESIDE]) == {BESIDE}
    path = daemon.etc / "jails" / "class-c.conf"
    path.write_text(path.read_text().replace("= observe", "= enforce"))
    assert daemon.ctl("reload").code == 0
    assert NETWORK not in rows(daemon), "nobody is banned by a reload itself"
    daemon.attack(BAD, 10)
    until(lambda: NETWORK in rows(daemon), "the network")
    until(daemon.has_read, "the kernel")
    assert cable.probe([BESIDE, STRANGER]) == {STRANGER}
    assert daemon.ctl("never-block", "add", BESIDE).code == 0
    assert cable.probe([BESIDE, BAD, "203.0.113.201"]) == {BESIDE}, "a hole inside the banned network"
    assert rows(daemon)[NETWORK]["jail"] == "class-c"


def test_recidive_as_shipped_bans_the_fifth_episode_for_a_week(cable, daemons):
    daemon = daemons(ban="10m", jail="after-ban = clear")
    jail = (daemon.etc / "jails" / "test.conf").read_text()
    daemon.ship(jails=["recidive"])
    (daemon.etc / "jails" / "test.conf").write_text(jail)
    (daemon.etc / "jails" / "twin.conf").write_text(jail.replace("all ports", "a second jail"))
    daemon.start()
    for hours in (20, 15, 10, 5):
        daemon.attack(BAD, 400, seconds_ago=hours * HOUR)       # one burst of 400 that two jails see is one episode
    until(daemon.has_read, "the day")
    assert rows(daemon) == {} and daemon.held() == set()
    shown = daemon.ctl("show", BAD, "--json").json
    assert shown["blocks_30d"] == 4
    assert [(score["jail"], score["score"]) for score in shown["scores"] if score["jail"] == "recidive"] == [("recidive", 4)]
    assert len(events(daemon, "banned")) == 4
    daemon.restart()
    daemon.attack(BAD, 400)
    until(lambda: "recidive" in {row["jail"] for row in daemon.ctl("list", "--json").json["bans"]}, "the week")
    until(daemon.has_read, "the kernel")
    week = [row for row in daemon.ctl("list", "--json").json["bans"] if row["jail"] == "recidive"]
    assert 7 * DAY - 60 < week[0]["seconds_left"] <= 7 * DAY and week[0]["type"] == "Repeated offender"
    assert cable.probe([BAD, BESIDE]) == {BESIDE}
    assert len(events(daemon, "banned")) == 5, "the jail that watches jails gives none"
