# SPDX-License-Identifier: MIT
"""Text that a client can send, from its line in a log to each verb that prints it: nothing reaches a terminal or JSON raw."""
import json
import re

import pytest

from netns import until

# As it may stand in a log: escape sequences, a 10 KiB account, Latin-1, NUL, C1, invisible and right-to-left characters, quotes.
HOSTILE = [
    b"\x1b[2J\x1b]0;owned\x07", b"A" * 10240, b"caf\xe9 M\xfcller", b"nul\x00byte", b"\xc2\x9b31m", "\u202egnp.exe".encode(), b"\xff\xfe\x80",
    b"tab\there\rback", b"back\\slash \"quote\" 'x' $(id) `id` %s%n", b"\x7f\x08\x08", "\u200b\ufeff\u2066".encode(),
]
ADDRESSES = ["198.51.100.7", "::ffff:198.51.100.7", "198.51.100.7", "2001:db8:a::1", "2001:db8:a::1%eth0", "fe80::1%eth0"]
BAD, BAD6 = "198.51.100.7", "2001:db8:a::1"


def hostile_log():
    return b"".join(b"2026-11-22T03:00:%02dZ %s 0 [SMTP authentication failure] %s\n" % (i, address.encode(), text)
                    for i, text in enumerate(HOSTILE) for address in ADDRESSES)


def assert_tame(text):
    found = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    assert not found, ascii(text[max(0, found.start() - 60):found.end() + 60])


@pytest.fixture
def attacked(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n").start()
    stamp = re.compile(rb"2026-11-22T03:00:\d\dZ")
    from daemon import now
    with open(daemon.log, "ab") as f:
        f.write(stamp.sub(now().encode(), hostile_log()) * 2)
    daemon.wait_blocked(BAD)
    daemon.wait_blocked(BAD6)
    return daemon


VERBS = [["list"], ["list", "--all"], ["list", "--raw", "-o+REASON,JAIL,SERVICE"], ["show", BAD], ["show", BAD6], ["events"], ["events", "--decisions"],
         ["events", "--account", "caf\\xe9 M\\xfcller"], ["status"], ["verify"]]


def test_no_verb_prints_it_raw(attacked):
    for words in VERBS:
        for more in ([], ["--json"]):
            answer = attacked.ctl(*words, *more)
            assert answer.code in (0, 1), (words, answer.err)
            assert_tame(answer.out)
            assert_tame(answer.err)
            for row in answer.out.splitlines() if more else ():
                json.loads(row)
    assert_tame(attacked.ctl("metrics").out)


def test_show_and_events_tell_the_bytes_in_a_form_that_can_be_read(attacked):
    shown = attacked.ctl("events", "--limit=200").out
    for words in ("\\x1b[2J", "caf\\xe9", "nul\\x00byte", "\\xff\\xfe\\x80", 'back\\slash "quote"'):
        assert words in shown, words
    accounts = {row["account"] for row in map(json.loads, attacked.ctl("events", "--json", "--limit=200").out.splitlines())}
    assert {"caf\\xe9 M\\xfcller", "nul\x00byte"} <= accounts
    assert all(len(account) <= 10240 for account in accounts)


def test_addresses_are_in_one_form_and_a_zone_is_none(attacked):
    found = {row["address"] for row in map(json.loads, attacked.ctl("events", "--json", "--limit=1000").out.splitlines())}
    assert found == {BAD, BAD6}, "v4-mapped is v4; what has a zone id is no address of a client"
    banned = {row["prefix"] for row in attacked.ctl("list", "--json").json["bans"]}
    assert banned == {f"{BAD}/32", "2001:db8:a::/64"}


def test_the_journal_gets_it_escaped(attacked):
    until(lambda: BAD in attacked.words(), "the words about the ban")
    raw = (attacked.dir / "said").read_bytes()
    assert_tame(raw.decode("utf-8"))
    assert all(len(row) < 4096 for row in raw.splitlines())


def test_replay_and_try_print_it_escaped(attacked):
    log = attacked.dir / "old.log"
    log.write_bytes(hostile_log() * 2)
    line = hostile_log().splitlines()[0].decode("latin-1")
    for words in (["replay", str(log)], ["try", "vpop3-ids", str(log)], ["try", "vpop3-ids", f"--line={line}"], ["try", "vpop3-ids", str(log), "--missed"],
                  ["try", "--all", str(log)]):
        for more in ([], ["--json"]):
            answer = attacked.ctl(*words, *more)
            assert answer.code in (0, 1), (words, answer.err)
            assert answer.out
            assert_tame(answer.out)
            assert_tame(answer.err)
    decided = [json.loads(row) for row in attacked.ctl("replay", "--json", str(log)).out.splitlines()]
    assert {row["prefix"] for row in decided[:-1]} == {f"{BAD}/32", "2001:db8:a::/64"}
