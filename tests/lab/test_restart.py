# SPDX-License-Identifier: MIT
"""What comes back after a stop and after a kill, one test for each kind of state; what stopped means for the kernel and for orders."""
import json
import os
import signal

import pytest

from daemon import line
from nameserver import A, NameServer
from netns import until
from proof.clock import Clock

BAD, OTHER, GOOD, RELAY = "198.51.100.7", "198.51.100.8", "203.0.113.20", "198.51.100.10"
OWNER, BOT = "203.0.113.77", "198.51.99.9"
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture(params=["stop", "kill"])
def end(request):
    """How it ends. The log is empty then: what comes back was in the database, and is not read again."""
    def run(daemon):
        daemon.stop(signal.SIGKILL if request.param == "kill" else signal.SIGTERM)
        os.truncate(daemon.log, 0)
        return daemon
    return run


@pytest.fixture
def clock(build, tmp_path):
    return Clock(build, tmp_path)


def bans(daemon, *words):
    return {row["prefix"]: row for row in daemon.ctl("list", "--json", *words).json["bans"]}


def mode(daemon):
    status = daemon.ctl("status", "--json").json
    return status["mode"], status["mode_until"]


def blocked(daemon, address):
    daemon.attack(address)
    daemon.wait_blocked(address)
    until(daemon.settled, "the kernel")


def spared(daemon, address):
    daemon.attack(address)
    until(lambda: f"{address}/32" in bans(daemon, "--spared"), "the decision")
    assert not daemon.is_blocked(address)


# ---- what is counted -------------------------------------------------------------------------------


def test_a_score_goes_on_where_it_was(daemon, end):
    daemon.attack(BAD, 6)
    until(daemon.has_read, "the lines")
    end(daemon).start()
    assert daemon.ctl("show", BAD, "--json").json["scores"][0]["score"] == 600
    daemon.attack(BAD, 3)
    until(daemon.has_read, "the lines")
    assert not daemon.is_blocked(BAD)
    daemon.attack(BAD, 1)
    daemon.wait_blocked(BAD)
    assert bans(daemon)[f"{BAD}/32"]["score"] == 1000


def test_a_ladder_knows_its_next_step(daemons, end):
    daemon = daemons(ban="30m, 2h", jail="after-ban = clear\nban-memory = 30d").start()
    daemon.attack(BAD, 10, seconds_ago=DAY)
    until(lambda: bans(daemon, "--all"), "the ban that is over")
    end(daemon).start()
    blocked(daemon, BAD)
    assert 2 * HOUR - MINUTE < bans(daemon)[f"{BAD}/32"]["seconds_left"] <= 2 * HOUR


def test_what_was_unbanned_begins_anew(daemon, end):
    blocked(daemon, BAD)
    assert daemon.ctl("unban", BAD).code == 0
    end(daemon).start()
    assert not daemon.is_blocked(BAD) and daemon.held() == set()
    daemon.attack(BAD, 9)
    until(daemon.has_read, "the lines")
    assert daemon.ctl("show", BAD, "--json").json["scores"][0]["score"] == 900
    daemon.attack(BAD, 1)
    daemon.wait_blocked(BAD)


ACCOUNT = """[jail]
about = One account, tried from everywhere
watch = dovecot
subject = account
window = 30m
threshold = 4
ban = 1h
[multipliers]
auth-failure = 1
"""


def dovecot(what, address):
    said = {"Login": "Login: user=<bob@example.com>", "failed": "Disconnected: Connection closed (auth failed, 1 attempts in 4 secs):"
            " user=<bob@example.com>"}[what]
    return line("", 0, "")[:20] + f" mail dovecot: imap-login: {said}, method=PLAIN, rip={address}, lip=192.0.2.1, TLS, session=<x>\n"


def test_who_logged_in_is_known(daemons, end):
    daemon = daemons().ship(filters=["dovecot"])
    (daemon.etc / "jails" / "account.conf").write_text(ACCOUNT)
    daemon.start()
    daemon.write(dovecot("Login", OWNER))
    until(daemon.has_read, "the login")
    end(daemon).start()
    daemon.write(*(dovecot("failed", address) for address in [BOT] * 4 + [OWNER] * 4))
    daemon.wait_blocked(BOT)
    until(lambda: bans(daemon, "--spared"), "the owner")
    assert set(bans(daemon)) == {f"{BOT}/32"}
    assert bans(daemon, "--spared")[f"{OWNER}/32"]["because"] == "known-good"


# ---- what people said ------------------------------------------------------------------------------


def test_never_block_by_hand_has_its_reason_and_its_end(daemon, end):
    assert daemon.ctl("never-block", "add", GOOD, "--for", "1h", "--reason", "the monitor").code == 0
    before = daemon.ctl("never-block", "list", "--json").json["entries"]
    end(daemon).start()
    kept = [row for row in daemon.ctl("never-block", "list", "--json").json["entries"] if row["entry"] == f"{GOOD}/32"]
    assert [(row["reason"], row["until"]) for row in kept] == [
        (row["reason"], row["until"]) for row in before if row["entry"] == f"{GOOD}/32"]
    assert kept[0]["reason"] == "the monitor" and kept[0]["until"]
    spared(daemon, GOOD)


def test_never_block_as_learnt_needs_no_name_server(cable, daemons, end):
    names = NameServer(cable.server, "127.0.0.1")
    try:
        names.records = {("mail.example.org", A): [RELAY]}
        daemon = daemons(conf="[ipsd]\nmode = enforce\n[never-block]\nresolvers = no\nhosts = mail.example.org\n").start()
        until(lambda: daemon.ctl("show", RELAY, "--json").json["never_block"], "the address of the name")
        names.silent = True
        end(daemon).start()
        spared(daemon, RELAY)
    finally:
        names.close()


def test_observing_for_a_time_ends_when_it_was_to(cable, daemons, clock, end):
    daemon = daemons(ban="1d").start(wrapper=clock.wrapper)
    blocked(daemon, BAD)
    assert daemon.ctl("observe", "--for", "1h").code == 0
    before = mode(daemon)
    end(daemon).start(wrapper=clock.wrapper)
    assert mode(daemon) == before and before[0] == "observe" and before[1]
    assert cable.passes(BAD)
    end(daemon)
    clock.step(2 * HOUR)
    daemon.start(wrapper=clock.wrapper)
    until(lambda: mode(daemon) == ("enforce", None), "the end of observing")
    until(lambda: not cable.passes(BAD), "the drop")


# ---- bans -------------------------------------------------------------------------------------------


def test_a_ban_ends_when_it_was_to(cable, daemon, end):
    blocked(daemon, BAD)
    before = bans(daemon)[f"{BAD}/32"]
    end(daemon)
    assert not cable.passes(BAD), "it stays in the kernel meanwhile"
    daemon.start()
    after = bans(daemon)[f"{BAD}/32"]
    same = ("since", "until", "type", "jail", "score", "reason", "blocks_30d")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert after["seconds_left"] <= before["seconds_left"]
    assert daemon.ctl("show", BAD, "--json").json["evidence"]
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD)


def test_a_ban_never_has_more_left_than_its_length(daemons, clock, end):
    daemon = daemons(ban="30m").start(wrapper=clock.wrapper)
    blocked(daemon, BAD)
    end(daemon)
    clock.step(-DAY)
    daemon.start(wrapper=clock.wrapper)
    assert 0 < bans(daemon)[f"{BAD}/32"]["seconds_left"] <= 30 * MINUTE


def test_what_ended_meanwhile_is_lifted_and_recorded(cable, daemons, clock, end):
    """The kernel counts by the true clock, and would hold it on."""
    daemon = daemons(ban="30m").start(wrapper=clock.wrapper)
    blocked(daemon, BAD)
    assert daemon.ctl("ban", OTHER, "--for", "3h").code == 0
    end(daemon)
    assert cable.probe([BAD, OTHER, GOOD]) == {GOOD}
    clock.step(HOUR)
    daemon.start(wrapper=clock.wrapper)
    until(lambda: daemon.held() == {OTHER}, "the lift")
    assert cable.probe([BAD, OTHER, GOOD]) == {BAD, GOOD}
    assert set(bans(daemon)) == {f"{OTHER}/32"} and f"{BAD}/32" in bans(daemon, "--all")
    [told] = map(json.loads, daemon.ctl("events", "--decisions", "--json", "--address", BAD).out.splitlines())
    assert told["ended"] == told["until"]
    assert daemon.words().count(f"lift {BAD} (its time was over)") == 1


def test_a_gap_in_the_kernel_is_mended(cable, daemon, end):
    blocked(daemon, BAD)
    assert daemon.ctl("ban", OTHER, "--for", "1h").code == 0
    end(daemon)
    tables = json.loads(cable.server.run("nft", "-j", "list", "table", "inet", "ipsd"))["nftables"]
    holding = [t["set"]["name"] for t in tables if "set" in t and BAD in json.dumps(t["set"].get("elem", []))]
    assert len(holding) == 1
    cable.server.run("nft", "delete", "element", "inet", "ipsd", holding[0], "{", BAD, "}")
    assert cable.probe([BAD, OTHER]) == {BAD}
    daemon.start()
    until(lambda: cable.probe([BAD, OTHER]) == set(), "both drops")
    assert daemon.ctl("verify").code == 0


# ---- stopped ------------------------------------------------------------------------------------------


def test_the_last_words_are_how_many_stay_how_long_and_what_to_do(cable, daemon):
    blocked(daemon, BAD)
    assert daemon.ctl("ban", OTHER, "--for", "2d").code == 0
    latest = max(row["until"] for row in bans(daemon).values())
    assert daemon.stop() == 0
    last = daemon.words().splitlines()[-1]
    assert "until they end by themselves: 2 (the last at " in last and latest[:16] in last, (last, latest)
    assert "`ipsctl teardown`" in last and "`ipsctl observe`" in last
    assert cable.probe([BAD, OTHER, GOOD]) == {GOOD}
    daemon.start()
    assert "bans of before 2" in daemon.words()
    refused = daemon.ctl("teardown")
    assert refused.code != 0 and refused.err and cable.probe([BAD, OTHER, GOOD]) == {GOOD}
    daemon.stop()
    assert daemon.ctl("teardown").code == 0
    assert cable.probe([BAD, OTHER]) == {BAD, OTHER}


@pytest.mark.parametrize("order", [
    ["ban", OTHER], ["blacklist", OTHER], ["unban", BAD], ["unban", "--all", "--yes"], ["never-block", "add", OTHER],
    ["never-block", "remove", OTHER], ["observe"], ["enforce"], ["reload"]], ids=" ".join)
def test_an_order_without_a_daemon_is_refused_and_changes_nothing(daemon, order):
    blocked(daemon, BAD)
    daemon.stop()
    held = daemon.held()
    answer = daemon.ctl(*order)
    assert (answer.code, answer.out) == (3, "") and len(answer.err.splitlines()) == 1
    assert "ipsd does not run" in answer.err and "systemctl start ipsd" in answer.err
    assert daemon.held() == held == {BAD}
    daemon.start()
    assert set(bans(daemon)) == {f"{BAD}/32"} and mode(daemon)[0] == "enforce"
