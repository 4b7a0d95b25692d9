# SPDX-License-Identifier: MIT
"""A network's ban takes its members' own bans over in `list`, and nothing of them is lost."""
import re

import pytest

from daemon import ROOT
from netns import until

NETWORK = "198.51.100.0/24"
MEMBERS = [f"198.51.100.{i}" for i in (7, 8, 9, 10)]
STRANGER = "203.0.113.5"


def rows(daemon, *words):
    return {row["prefix"]: row for row in daemon.ctl("list", "--json", *words).json["bans"]}


def hosts(*addresses):
    return {f"{one}/32" for one in addresses}


@pytest.fixture
def punished(daemons):
    """Four neighbours and a stranger were banned, and the shipped class-c, told to enforce, banned the network."""
    daemon = daemons()
    for name in ("class-c", "recidive"):
        text = (ROOT / "jails" / f"{name}.conf").read_text()
        (daemon.etc / "jails" / f"{name}.conf").write_text(re.sub(r"(?m)^mode .*$", "mode = enforce", text))
    daemon.start()
    for address in [STRANGER, *MEMBERS]:
        daemon.attack(address)
    until(lambda: NETWORK in rows(daemon), "the network's ban")
    return daemon


def test_the_shipped_class_c_takes_its_members_over_and_gives_them_back(cable, punished):
    daemon = punished
    until(daemon.settled, "the kernel")
    assert cable.probe([*MEMBERS, "198.51.100.200", STRANGER, "198.51.101.1"]) == {"198.51.101.1"}
    answer = daemon.ctl("list", "--json").json
    listed = {row["prefix"]: row for row in answer["bans"]}
    assert set(listed) == {NETWORK, *hosts(STRANGER)} and answer["folded"] == 4
    assert listed[NETWORK]["folded"] == 4
    assert listed[NETWORK]["description"] == "A network with four banned addresses; with 4 addresses banned on their own"
    out = daemon.ctl("list").out.splitlines()
    assert out[-1] == "4 more lie inside a wider block, told in its row; each: ipsctl list --all"
    assert out[-2].startswith("2 blocks: "), out
    everyone = rows(daemon, "--all")
    assert set(everyone) == {NETWORK, *hosts(STRANGER, *MEMBERS)}
    for member in hosts(*MEMBERS):
        assert everyone[member]["blocks_30d"] == 1
        assert everyone[member]["description"].endswith(f"inside {NETWORK}, banned as a whole")
    shown = daemon.ctl("show", MEMBERS[0])
    assert shown.code == 0 and "20 x" not in shown.out and "[Relay denied]" in shown.out, shown.out
    assert daemon.ctl("unban", NETWORK).code == 0
    # an unban of a network reaches all inside: only the stranger is left
    assert set(rows(daemon)) == hosts(STRANGER)


def test_lifting_the_network_by_its_jail_brings_the_rows_back(punished):
    assert punished.ctl("unban", "--all", "--jail", "class-c", "--yes").code == 0
    assert set(rows(punished)) == hosts(STRANGER, *MEMBERS)
    assert rows(punished)[f"{MEMBERS[0]}/32"]["description"] == "VPOP3, all ports"
    assert "inside" not in punished.ctl("list").out


def test_a_filter_that_chooses_only_the_members_shows_them(punished):
    assert set(rows(punished, "--jail", "test")) == hosts(STRANGER, *MEMBERS)
    assert set(rows(punished, "--type", "SMTP abuse")) == hosts(STRANGER, *MEMBERS)
    assert set(rows(punished, "--jail", "class-c")) == {NETWORK}
    only = punished.ctl("list", "--jail", "class-c").out
    assert "addresses banned on" not in only and "inside" not in only, only


def test_what_the_network_does_not_stop_for_as_long_stays_a_row(daemon):
    longer, other_ports, same, inner = "198.51.100.7", "198.51.100.8", "198.51.100.9", "198.51.100.64/28"
    assert daemon.ctl("ban", NETWORK, "--for", "1h", "--ports", "25,143").code == 0
    assert daemon.ctl("ban", longer, "--for", "2h", "--ports", "25").code == 0
    assert daemon.ctl("ban", other_ports, "--for", "10m", "--ports", "25,80").code == 0
    assert daemon.ctl("ban", same, inner, "--for", "10m", "--ports", "143").code == 0
    listed = rows(daemon)
    assert set(listed) == {NETWORK, *hosts(longer, other_ports)}
    assert listed[NETWORK]["description"] == "with 2 addresses or networks banned on their own"
    # of two wider ones the widest has it, and the one between is told there, too
    assert daemon.ctl("ban", "198.51.0.0/16", "--permanent").code == 0
    listed = rows(daemon)
    assert set(listed) == {"198.51.0.0/16"} and listed["198.51.0.0/16"]["folded"] == 5
    assert set(rows(daemon, "--action", "block")) == {NETWORK, *hosts(longer, other_ports)}


def test_one_address_of_several_jails_is_one_address_and_several_rows(daemons):
    daemon = daemons()
    text = (daemon.etc / "jails" / "test.conf").read_text()
    (daemon.etc / "jails" / "second.conf").write_text(text)
    daemon.start()
    daemon.attack(MEMBERS[0])
    until(lambda: len(daemon.ctl("list", "--json").json["bans"]) == 2, "both bans")
    assert daemon.ctl("ban", "198.51.100.0/24", "--permanent").code == 0
    answer = daemon.ctl("list", "--json").json
    assert answer["folded"] == 2 and [row["folded"] for row in answer["bans"]] == [1]
    assert "with 1 address banned on its own" in daemon.ctl("list").out
    assert "2 more lie inside" in daemon.ctl("list").out
    assert len(daemon.ctl("list", "--raw").out.splitlines()) == 1


def test_a_hole_is_no_member_and_a_list_of_thousands_counts_right(daemon):
    assert daemon.ctl("never-block", "add", MEMBERS[0]).code == 0
    many = [f"198.51.{i}.{j}" for i in range(100, 160) for j in range(1, 251)]
    path = daemon.dir / "many"
    path.write_text("".join(f"{one} 1h\n" for one in many if one != MEMBERS[0]))
    assert daemon.ctl("ban", "--file", str(path)).code == 0
    assert daemon.ctl("ban", "198.51.0.0/16", "--for", "2h").code == 0
    answer = daemon.ctl("list", "--json").json
    assert answer["folded"] == len(many) - 1 and [row["folded"] for row in answer["bans"]] == [len(many) - 1]
