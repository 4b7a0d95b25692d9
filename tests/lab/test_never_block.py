# SPDX-License-Identifier: MIT
"""Never-block: holes that open and close in running bans, scopes, files, restarts."""
import pathlib

from daemon import line
from netns import until

BAD, GOOD, BESIDE = "198.51.100.7", "203.0.113.20", "203.0.113.21"


def entry(daemon, text, **more):
    """The row of the list, or None."""
    rows = daemon.ctl("never-block", "list", "--json").json["entries"]
    found = [row for row in rows if row["entry"] == text and row.items() >= more.items()]
    return found[0] if found else None


def test_a_hole_opens_and_closes_in_a_wider_ban(cable, daemon):
    assert daemon.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    assert cable.probe([GOOD, BESIDE]) == set()
    added = daemon.ctl("never-block", "add", GOOD, "--reason", "the monitor")
    assert added.code == 0 and "203.0.113.0/24 stays blocked, but for 203.0.113.20" in added.out
    assert cable.probe([GOOD, BESIDE]) == {GOOD}, "the answer came before the kernel had done it"
    shown = daemon.ctl("show", GOOD)
    assert shown.code == 1 and "by hand" in shown.out and "the monitor" in shown.out
    assert "never-block is asked first: what comes from here passes" in shown.out
    assert "asked first" not in daemon.ctl("show", BESIDE).out
    assert daemon.ctl("never-block", "remove", GOOD).code == 0
    assert cable.probe([GOOD, BESIDE]) == set()
    assert daemon.ctl("show", GOOD).code == 0


def test_an_entry_ends_by_itself_and_the_wider_ban_drops_again(cable, daemon):
    assert daemon.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    assert daemon.ctl("never-block", "add", GOOD, "--for", "2s").code == 0
    assert cable.passes(GOOD)
    until(lambda: not cable.passes(GOOD), "the end of the hole")
    assert entry(daemon, f"{GOOD}/32") is None


def test_add_lifts_what_is_inside_and_the_jail_spares_it(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    added = daemon.ctl("never-block", "add", "198.51.100.0/24")
    assert added.code == 0 and "1 block was lifted" in added.out
    assert cable.passes(BAD)
    daemon.attack(BAD)
    until(lambda: entry(daemon, "198.51.100.0/24", spared_24h=1), "the spared one")
    assert not daemon.is_blocked(BAD)
    assert daemon.ctl("ban", BAD).code == 2
    assert daemon.ctl("never-block", "remove", "198.51.100.0/24").code == 0
    daemon.write(line(BAD, 1))
    daemon.wait_blocked(BAD)


def test_an_entry_for_a_jail_is_no_hole_and_only_spares_there(cable, daemon):
    assert daemon.ctl("ban", BESIDE, "--for", "1h").code == 0
    assert daemon.ctl("never-block", "add", BESIDE, BAD, "--jail", "test").code == 0
    assert not cable.passes(BESIDE), "a block by hand is no jail's"
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--spared", "--json").json["bans"], "the spared one")
    assert entry(daemon, f"{BAD}/32")["jail"] == "test"
    assert daemon.ctl("never-block", "add", BAD, "--jail", "tset").code == 2


def test_entries_survive_a_restart_and_ended_ones_do_not(cable, daemon):
    assert daemon.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    assert daemon.ctl("never-block", "add", GOOD, "mail.example.com", "--reason", "why").code == 0
    assert daemon.ctl("never-block", "add", BESIDE, "--for", "1s").code == 0
    until(lambda: not cable.passes(BESIDE), "the end of the hole")
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    assert entry(daemon, f"{GOOD}/32", reason="why", until=None)
    assert entry(daemon, "mail.example.com")
    assert entry(daemon, f"{BESIDE}/32") is None
    until(lambda: cable.probe([GOOD, BESIDE]) == {GOOD}, "the kernel")


def test_a_file_is_one_order(cable, daemon, tmp_path):
    path = pathlib.Path(tmp_path) / "friends"
    path.write_text(f"# friends\n{GOOD} 2h # the monitor\n\n203.0.113.0/33\nexample.org permanent\n")
    bad = daemon.ctl("never-block", "add", "--file", str(path))
    assert bad.code == 2 and f"{path}:4: " in bad.err
    assert entry(daemon, f"{GOOD}/32") is None
    path.write_text("".join(f"100.64.{n // 256}.{n % 256} # number {n}\n" for n in range(5000)))
    assert daemon.ctl("never-block", "add", "--file", str(path)).code == 0
    assert entry(daemon, "100.64.19.135/32", reason="number 4999")
    again = daemon.ctl("never-block", "add", "--file", str(path))
    assert "5000 of them stood there already" in again.out


def test_what_stands_in_a_file_is_told_with_its_line(daemons):
    daemon = daemons(conf=f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {GOOD}\n",
                     jail=f"never-block = {BAD}").start()
    conf = daemon.etc / "ipsd.conf"
    refused = daemon.ctl("never-block", "remove", GOOD)
    assert refused.code == 2 and f"{conf}:4" in refused.err
    assert entry(daemon, f"{GOOD}/32", file=str(conf), line=4)
    assert entry(daemon, f"{BAD}/32", jail="test", file=str(daemon.etc / "jails" / "test.conf"))
    assert daemon.ctl("never-block", "remove", "10.0.0.0/8").code == 2
    daemon.attack(BAD)
    until(lambda: entry(daemon, f"{BAD}/32", spared_24h=1), "the spared one")
    listed = daemon.ctl("never-block", "list").out
    assert f"{conf}:4" in listed and "jail test" in listed


def test_large_parts_of_the_internet_need_force(daemon):
    for text in ("0.0.0.0/0", "8.0.0.0/7", "2000::/15"):
        assert daemon.ctl("never-block", "add", text).code == 2
    assert daemon.ctl("never-block", "add", "8.0.0.0/7", "--force").code == 0


def test_what_is_nobody_is_refused_with_what_would_be(daemon):
    for text in ("nonsense words", "../x", "a..b", "-x.example", "x-.example", "mx:", "mx:a..b", "203.0.113.256"):
        refused = daemon.ctl("never-block", "add", "--", text)
        assert refused.code == 2 and f'"{text}"' in refused.err, text
        assert "203.0.113.0/24" in refused.err and "mail.example.com" in refused.err and "mx:example.com" in refused.err
    assert "did you mean 203.0.113.0/24?" in daemon.ctl("never-block", "add", "203.0.113.1/24").err
    assert "no option -x.example" in daemon.ctl("never-block", "add", "-x.example").err
    assert not [row for row in daemon.ctl("never-block", "list", "--json").json["entries"] if row["from"] == "by-hand"]


def test_what_is_spared_often_is_a_finding(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n[never-block]\naddresses = 198.51.100.0/24\n").start()
    for n in range(10):
        daemon.attack(f"198.51.100.{n}")
    until(lambda: entry(daemon, "198.51.100.0/24", spared_24h=10), "ten spared ones")
    status = daemon.ctl("status")
    assert status.code == 1 and "never-block 198.51.100.0/24 spared 10 blocks" in status.out
    assert "ipsctl list --spared" in status.out


def test_an_address_on_it_is_free_at_once_among_many(cable, daemon):
    """Of thousands of bans only those inside are lifted."""
    assert daemon.ctl("ban", *(f"198.51.{n // 250}.{n % 250}" for n in range(500)), "--for", "1h").code == 0
    added = daemon.ctl("never-block", "add", "198.51.1.0/24", "--json")
    assert added.json["lifted"] == 250
    assert cable.probe(["198.51.0.9", "198.51.1.9"]) == {"198.51.1.9"}


def test_entries_and_counts_stay_over_a_reload(cable, daemon):
    assert daemon.ctl("never-block", "add", BAD, "--jail", "test", "--reason", "why").code == 0
    assert daemon.ctl("never-block", "add", GOOD).code == 0
    assert daemon.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    daemon.attack(BAD)
    until(lambda: entry(daemon, f"{BAD}/32", spared_24h=1), "the spared one")
    (daemon.etc / "ipsd.conf").write_text(f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {BESIDE}\n")
    assert daemon.ctl("reload").code == 0
    assert entry(daemon, f"{BAD}/32", spared_24h=1, jail="test", reason="why")
    assert entry(daemon, f"{BESIDE}/32", line=4)
    until(lambda: cable.probe([GOOD, BESIDE, "203.0.113.22"]) == {GOOD, BESIDE}, "the kernel")
    assert not daemon.is_blocked(BAD)
