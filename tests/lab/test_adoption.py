# SPDX-License-Identifier: MIT
"""The database is lost, the kernel still blocks: what it holds becomes bans that are listed, outlive restarts and can be lifted."""
import datetime

import pytest

from daemon import JAIL
from netns import until

BAD, FOR_EVER, NET, SIX, SIX_NET = "198.51.100.7", "198.51.100.8", "203.0.113.0/24", "2001:db8:a::7", "2001:db8:b::/48"
MAIL = "198.51.100.9"
BY_HAND = {BAD: 3600, FOR_EVER: None, NET: 7200, SIX: 10800, SIX_NET: 14400}


def damage(path):
    path.write_bytes(b"garbage " * 1000)


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


def lose(daemon, how):
    """Stops it, loses its database and its log."""
    daemon.stop()
    for companion in (daemon.dir / "state").glob("state.db-*"):
        companion.unlink()
    how(daemon.dir / "state" / "state.db")
    daemon.log.write_text("")


def bans(daemon):
    return {ban["prefix"]: ban for ban in daemon.ctl("list", "--json").json["bans"]}


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ends(daemon):
    return {prefix: (ban["ports"], ban["until"]) for prefix, ban in bans(daemon).items()}


@pytest.fixture
def full(daemons):
    """With bans of all kinds, one of them for some ports."""
    daemon = daemons(ban="5h")
    (daemon.etc / "jails" / "mail.conf").write_text(JAIL.format(ban="4h", more="ports = smtp, 465\n"))
    daemon.start()
    daemon.attack(MAIL)
    until(lambda: daemon.ctl("list", "--json").json["bans"][1:], "both jails")
    for what, seconds in BY_HAND.items():
        assert daemon.ctl("ban", what, *(["--for", f"{seconds}s"] if seconds else ["--permanent"])).code == 0
    until(daemon.settled, "the kernel")
    return daemon


@pytest.mark.parametrize("how", [damage, empty, remove])
def test_what_the_kernel_holds_without_a_database_is_listed_outlives_restarts_and_can_be_lifted(cable, full, how):
    daemon = full
    before, held = daemon.ctl("list", "--json").json["bans"], daemon.held()
    lose(daemon, how)
    daemon.start()
    until(lambda: len(bans(daemon)) == 6, "that all are known")
    why = "found in the kernel after the database was damaged" if how is damage else "found in the kernel when there was no database"
    rows = daemon.ctl("list", "--json").json["bans"]
    assert {(row["prefix"], row["ports"]) for row in rows} == {(row["prefix"], row["ports"]) for row in before}
    assert {(row["jail"], row["by"], row["reason"]) for row in rows} == {("by hand", "ipsd", why)}
    assert why in daemon.ctl("show", BAD).out and "bans that the kernel held" in daemon.words()
    assert daemon.ctl("verify").code == 0 and daemon.held() == held
    known = ends(daemon)
    for n in range(2):
        daemon.stop()
        daemon.start()
        assert ends(daemon) == known
        until(daemon.settled, "the kernel")
        assert daemon.ctl("verify").code == 0 and daemon.held() == held, n
    assert "nobody had blocked" not in daemon.words()
    assert not cable.passes(BAD) and not cable.passes(SIX)
    assert daemon.ctl("unban", BAD, NET).code == 0 and cable.passes(BAD)
    assert BAD not in bans(daemon) and daemon.ctl("unban", "--all", "--yes").code == 0
    assert daemon.held() == set() and cable.passes(SIX)


def test_they_end_when_the_kernel_would_have_ended_them(full):
    before = {(row["prefix"], row["ports"]): row["until"] for row in full.ctl("list", "--json").json["bans"]}
    lose(full, damage)
    full.start()
    until(lambda: len(bans(full)) == 6, "that all are known")
    for row in full.ctl("list", "--json").json["bans"]:
        then = before[row["prefix"], row["ports"]]
        assert (row["until"] is None) == (then is None)
        assert then is None or abs(seconds(row["until"]) - seconds(then)) < 2, row


def test_an_element_that_came_later_is_nobodys(full):
    lose(full, damage)
    full.start()
    until(lambda: len(bans(full)) == 6, "that all are known")
    full.ns.nft("add element inet ipsd all4_32 { 198.51.100.77 timeout 1h }")
    until(lambda: "198.51.100.77" not in full.held(), "that it is taken out")
    assert "198.51.100.77 stood in the kernel's sets and nobody had blocked it" in full.words() and len(bans(full)) == 6


def test_what_has_come_on_never_block_meanwhile_is_let_in(cable, full):
    lose(full, damage)
    with open(full.etc / "ipsd.conf", "a", encoding="utf-8") as f:
        f.write(f"[never-block]\naddresses = {BAD}\n")
    full.start()
    until(lambda: len(bans(full)) == 5, "that the others are known")
    assert cable.passes(BAD) and BAD not in bans(full)
    until(lambda: BAD not in full.held(), "that it is taken out")
    assert "inside never-block, and taken out: 1" in full.words()


def test_thousands_are_taken_up_in_slices(full):
    many = 5000
    full.stop()
    for companion in (full.dir / "state").glob("state.db*"):
        companion.unlink()
    full.log.write_text("")
    full.ns.nft("".join(f"add element inet ipsd all4_32 {{ 100.64.{n >> 8}.{n & 255} timeout 1h }}\n" for n in range(many)))
    full.start()
    until(lambda: f"did not know: {many + 7}" in full.words(), "that all are taken up")
    assert full.ctl("verify").code == 0
    full.stop()
    full.start()
    until(full.settled, "the kernel")
    assert len(full.ctl("list", "--json").json["bans"]) == many + 7
