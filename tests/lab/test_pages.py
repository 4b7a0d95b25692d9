# SPDX-License-Identifier: MIT
"""The pages that an admin reads: list, show, events."""
import contextlib
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios

import pytest

import mmdb
from daemon import line
from netns import PATIENCE, until

BAD, OTHER, ELSE = "198.51.100.7", "198.51.100.8", "203.0.113.9"
V6 = "2001:db8:a::5"


def geo(daemon, codes):
    """Puts a database in the place of the one that stands there."""
    path = daemon.dir / "country.mmdb"
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(codes if isinstance(codes, bytes) else mmdb.countries(codes))
    fresh.chmod(0o644)
    os.replace(fresh, path)
    return path


def with_geo(daemons, codes):
    daemon = daemons()
    path = geo(daemon, codes)
    (daemon.etc / "ipsd.conf").write_text(f"[ipsd]\nmode = enforce\n[geo]\ndatabase = {path}\n")
    return daemon


def test_the_country_stands_on_every_page(daemons):
    daemon = with_geo(daemons, {"198.51.100.0/24": "DE", "2001:db8:a::/48": "SE"}).start()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("ban", V6, ELSE).code == 0
    listed = {row["prefix"]: row["country"] for row in daemon.ctl("list", "--json").json["bans"]}
    assert listed == {f"{BAD}/32": "DE", "2001:db8:a::/64": "SE", f"{ELSE}/32": None}
    assert "COUNTRY" in daemon.ctl("list").out.splitlines()[0]
    assert daemon.ctl("show", BAD, "--json").json["country"] == "DE"
    assert "Country DE; 1 block in 30 days" in daemon.ctl("show", BAD).out
    assert '"country":"DE"' in daemon.ctl("events", "--json").out.splitlines()[0]
    assert '"country":"SE"' in daemon.ctl("events", "--decisions", "--json").out


def test_a_named_database_that_is_not_there_is_a_warning_and_no_column(daemons):
    daemon = with_geo(daemons, {})
    path = daemon.dir / "country.mmdb"
    path.write_bytes(b"no database")
    daemon.start()
    assert daemon.ctl("ban", BAD).code == 0
    assert "COUNTRY" not in daemon.ctl("list").out
    assert f"[geo] database = {path} cannot be used: it is no database in MaxMind's format" in daemon.words()


def test_a_database_cut_short_under_our_eyes_does_no_harm(daemons):
    daemon = with_geo(daemons, {"198.51.100.0/24": "DE"}).start()
    os.truncate(daemon.dir / "country.mmdb", 10)
    assert daemon.ctl("ban", BAD).code == 0
    assert daemon.ctl("list", "--json").json["bans"][0]["country"] == "DE"


def test_another_database_is_taken_up_by_a_reload(daemons):
    daemon = with_geo(daemons, {"198.51.100.0/24": "DE"}).start()
    assert daemon.ctl("ban", BAD).code == 0

    def country():
        return daemon.ctl("list", "--json").json["bans"][0]["country"]

    def name(path):
        (daemon.etc / "ipsd.conf").write_text(f"[ipsd]\nmode = enforce\n[geo]\ndatabase = {path}\n")
        assert daemon.ctl("reload").code == 0

    assert country() == "DE"
    (daemon.dir / "country.mmdb").rename(daemon.dir / "first.mmdb")
    second = geo(daemon, {"198.51.100.0/24": "SE"}).rename(daemon.dir / "second.mmdb")
    name(second)
    assert country() == "SE"
    name(daemon.dir / "first.mmdb")
    assert country() == "DE"


def test_list_counts_the_packets_that_were_dropped(cable, daemon):
    assert daemon.ctl("ban", BAD, OTHER).code == 0
    until(daemon.settled, "the kernel")
    assert cable.probe([BAD, BAD, BAD, OTHER]) == set()
    assert {row["prefix"]: row["dropped_packets"] for row in daemon.ctl("list", "--json").json["bans"]} == {
        f"{BAD}/32": 3, f"{OTHER}/32": 1}
    assert daemon.ctl("list", "-o", "source,dropped", "--sort", "dropped", "--raw").out == f"{OTHER}/32 1\n{BAD}/32 3\n"


def test_a_longer_ban_and_a_new_enforcer_go_on_counting(cable, daemon):
    def dropped():
        told = daemon.ctl("show", BAD, "--json").json["kernel"]
        return [(held["packets"], held["seconds_left"]) for held in told]

    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    until(daemon.settled, "the ban")
    assert cable.probe([BAD, BAD, BAD]) == set()
    assert dropped()[0][0] == 3
    assert daemon.ctl("ban", BAD, "--for", "5h").code == 0
    until(lambda: dropped()[0][1] > 3600, "the longer ban")
    assert dropped()[0][0] == 3
    assert cable.probe([BAD]) == set()
    assert dropped()[0][0] == 4
    old = daemon.children("ipsd: enforcer")
    os.kill(old[0], signal.SIGKILL)
    until(lambda: daemon.children("ipsd: enforcer") not in ([], old) and daemon.settled(), "another enforcer")
    assert dropped()[0][0] == 4
    assert cable.probe([BAD]) == set()
    assert dropped()[0][0] == 5


def test_a_list_of_many_tells_of_each_what_was_dropped(cable, daemon):
    many = [f"198.51.{i}.{j}" for i in range(4) for j in range(1, 250)]
    assert daemon.ctl("ban", *many).code == 0
    until(daemon.settled, "the kernel")
    assert cable.probe([many[0], many[-1]]) == set()
    rows = daemon.ctl("list", "--json").json["bans"]
    assert len(rows) == len(many)
    assert {row["prefix"]: row["dropped_packets"] for row in rows} == {
        f"{one}/32": int(one in (many[0], many[-1])) for one in many}


def test_show_says_which_is_inside_which(daemon):
    assert daemon.ctl("ban", "198.51.100.0/25").code == 0
    assert "(this covers all of 198.51.100.7)" in daemon.ctl("show", BAD).out
    assert "(this is only a part of 198.51.100.0/24)" in daemon.ctl("show", "198.51.100.0/24").out
    assert "(this" not in daemon.ctl("show", "198.51.100.0/25").out


def test_who_follows_decisions_is_told_of_lifts_in_their_order(daemon):
    assert daemon.ctl("ban", ELSE).code == 0
    with daemon.follow("events", "--follow", "--decisions", "--json") as rows:
        assert next(rows)["prefix"] == f"{ELSE}/32"
        assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
        assert daemon.ctl("unban", BAD).code == 0
        assert daemon.ctl("ban", BAD, "--for", "1s").code == 0
        told = [next(rows) for _ in range(4)]
        assert [row["decision"] for row in told] == ["ban", "lift", "ban", "lift"]
        assert [row["because"] for row in told] == [None, "unban", None, "expired"]
        assert [row["by"] for row in told] == ["root", "root", "root", None]
        assert {row["prefix"] for row in told} == {f"{BAD}/32"}


def test_who_follows_a_jails_decisions_hears_of_no_other(daemon):
    daemon.attack(ELSE)
    daemon.wait_blocked(ELSE)
    with daemon.follow("events", "--follow", "--decisions", "--jail", "test", "--json") as rows:
        assert next(rows)["prefix"] == f"{ELSE}/32"
        assert daemon.ctl("ban", OTHER).code == 0
        daemon.attack(BAD)
        assert next(rows)["prefix"] == f"{BAD}/32"


def test_the_log_tells_fifty_bans_a_second_and_the_number_of_the_rest(daemon):
    many = [f"198.51.{i}.{j}" for i in range(2) for j in range(1, 250)]
    assert daemon.ctl("ban", *many).code == 0
    until(lambda: "more within a second" in daemon.words(), "the rest's number")
    words = daemon.words()
    assert words.count(" ban 198.51.") == 50
    assert "and 448 more within a second (448 ban); `ipsctl events --decisions` tells them" in words


def test_a_log_that_was_moved_away_is_gone_until_another_comes(daemon):
    def state():
        return daemon.ctl("status", "--json").json["sources"][0]["state"]
    assert state() == "reading"
    moved = daemon.log.rename(daemon.log.with_name("old.log"))
    until(lambda: state() == "gone", "that it is gone")
    assert "it was moved or removed" in daemon.ctl("status").out
    with open(moved, "a", encoding="utf-8") as f:
        f.write("".join(line(BAD) for _ in range(10)))
    daemon.wait_blocked(BAD)
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    assert state() == "reading"


def guess(address, account):
    return line(address, number=0, text=f"[SMTP authentication failure] {account}")


def test_show_of_an_account_tells_who_tries_it(daemon):
    daemon.write(*(guess(BAD, "Bob@example.org") for _ in range(20)), *(guess(OTHER, "bob@example.org") for _ in range(3)), guess(ELSE, "eve"))
    daemon.wait_blocked(BAD)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 24, "all lines")
    answer = daemon.ctl("show", "bob@example.org")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "bob@example.org (account): 23 events from 2 addresses, 1 of them blocked"
    told = daemon.ctl("show", "bob@example.org", "--json").json
    assert told["kind"] == "account" and told["banned"] and [ban["prefix"] for ban in told["bans"]] == [f"{BAD}/32"]
    assert {(one["address"], one["events"], one["logins"], one["blocked"]) for one in told["addresses"]} == {
        (BAD, 20, 0, True), (OTHER, 3, 0, False)}
    assert daemon.ctl("show", "account:eve").out.startswith("eve (account): 1 event from 1 address, 0 of them blocked\n")
    assert daemon.ctl("show", "nobody").out == "nobody (account): no events\n"


def test_show_of_a_host_name_shows_its_addresses(daemon):
    answer = daemon.ctl("show", "host:localhost")
    assert answer.code == 1
    assert answer.out.splitlines()[0].startswith("localhost (host name): ") and "127.0.0.1" in answer.out.splitlines()[0]
    assert "127.0.0.1 is never blocked by ipsd" in answer.out


def test_a_word_is_an_address_before_it_is_anything_else(daemon):
    assert daemon.ctl("show", BAD, "--json").json["kind"] == "prefix"
    assert daemon.ctl("show", f"account:{BAD}", "--json").json["kind"] == "account"


class Terminal:
    """ipsctl on a terminal of 80 columns and 24 lines."""

    def __init__(self, daemon, *words, **env):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave, self.shown = slave, b""
        self.process = subprocess.Popen(daemon.ns.command(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), *words),
                                        stdin=slave, stdout=slave, stderr=slave, env=dict(os.environ, TERM="xterm") | env)
        os.set_blocking(self.master, False)

    def page(self):
        """What stands there since it was cleared last."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.shown += os.read(self.master, 65536)
        text = self.shown.rpartition(b"\x1b[H\x1b[2J")[2].decode()
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)

    def type(self, keys):
        os.write(self.master, keys)

    def close(self):
        code = self.process.wait(PATIENCE)
        is_as_before = termios.tcgetattr(self.slave) == self.before
        os.close(self.slave)
        os.close(self.master)
        return code, is_as_before


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_watch_follows_what_is_blocked_until_a_key_ends_it(daemon, key):
    terminal = Terminal(daemon, "list", "--watch")
    until(lambda: "Nobody is blocked." in terminal.page(), "the first page")
    assert daemon.ctl("ban", BAD).code == 0
    until(lambda: BAD in terminal.page() and "1 block" in terminal.page(), "the ban")
    assert "Nobody" not in terminal.page()
    assert daemon.ctl("unban", BAD).code == 0
    until(lambda: "Nobody is blocked." in terminal.page(), "the lift")
    terminal.type(key)
    assert terminal.close() == (0, True)


def test_watch_fits_its_terminal(daemon):
    assert daemon.ctl("ban", *(f"198.51.100.{i}" for i in range(1, 101))).code == 0
    terminal = Terminal(daemon, "list", "--watch")
    until(lambda: "q ends" in terminal.page(), "the page")
    lines = terminal.page().splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert any("... and 82 more; all of them: ipsctl list" in one for one in lines)
    assert any(one.startswith("100 blocks: ") for one in lines)
    terminal.type(b"q")
    assert terminal.close() == (0, True)


def test_watch_ends_with_the_daemon_and_says_so(daemon):
    terminal = Terminal(daemon, "list", "-w")
    until(lambda: "q ends" in terminal.page(), "the page")
    daemon.stop()
    until(lambda: "ipsd does not run" in terminal.page(), "its words")
    assert terminal.close() == (3, True)


def test_watch_without_a_terminal_says_what_to_type_instead(daemon):
    answer = daemon.ctl("list", "--watch")
    assert answer.code == 2 and "ipsctl events --follow --decisions" in answer.err


@pytest.mark.parametrize("words", [["list"], ["show", BAD], ["events"], ["events", "--decisions"], ["show", "account:bob"], ["status"]])
def test_a_page_fits_eighty_columns(daemon, words):
    daemon.write(*(guess(BAD, "bob") for _ in range(20)))
    daemon.wait_blocked(BAD)
    terminal = Terminal(daemon, *words)
    assert terminal.process.wait(PATIENCE) in (0, 1)
    too_long = [one for one in terminal.page().splitlines() if len(one) > 80]
    assert terminal.close()[1] and too_long == []


def test_colour_is_for_terminals_and_no_color_turns_it_off(daemon, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def is_coloured(**env):
        terminal = Terminal(daemon, "status", **env)
        until(lambda: terminal.process.poll() is not None, "the end of it")
        assert "ipsd" in terminal.page()
        terminal.close()
        return b"\x1b[" in terminal.shown

    assert is_coloured() and is_coloured(NO_COLOR="")
    assert not is_coloured(NO_COLOR="1") and not is_coloured(TERM="dumb")
    assert "\x1b" not in daemon.ctl("status").out


def test_show_names_the_other_nftables_sets_that_hold_an_address(cable, daemon):
    cable.server.nft("""
        add table inet filter
        add set inet filter blocklist { type ipv4_addr; elements = { 198.51.100.7, 198.51.100.9 }; }
        add set inet filter other { type ipv4_addr; elements = { 198.51.100.8 }; }
        add set inet filter until_seven { type ipv4_addr; flags interval; elements = { 198.51.100.0-198.51.100.6 }; }
        add set inet filter services { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 25 }; }
        add table ip countries
        add set ip countries bad { type ipv4_addr; flags interval; elements = { 198.51.100.0/29, 203.0.113.0/24 }; }
        add table ip6 countries
        add set ip6 countries bad { type ipv6_addr; flags interval; elements = { 2001:db8:a::/48 }; }
        add map inet filter fates { type ipv4_addr : verdict; elements = { 198.51.100.7 : drop }; }
    """)

    def holders(address):
        return sorted((s["family"], s["table"], s["set"], s["map"])
                      for s in daemon.ctl("show", address, "--json").json["other_sets"])

    assert holders(BAD) == [("inet", "filter", "blocklist", False), ("inet", "filter", "fates", True),
                            ("ip", "countries", "bad", False)]
    assert holders("198.51.100.6") == [("inet", "filter", "until_seven", False), ("ip", "countries", "bad", False)]
    assert holders("198.51.100.10") == [] == holders("2001:db8:b::1")
    assert holders("2001:db8:a::77") == [("ip6", "countries", "bad", False)]
    text = daemon.ctl("show", "198.51.100.9").out
    command = "nft get element inet filter blocklist '{ 198.51.100.9 }'"
    assert text.count("Another nftables set holds it: inet filter blocklist\n") == 1 and command in text
    cable.server.run("sh", "-c", command)
    assert daemon.ctl("show", "198.51.100.0/24", "--json").json["other_sets"] is None
    assert daemon.ctl("ban", BAD).code == 0
    assert daemon.ctl("show", BAD, "--json").json["other_sets"] is None
    assert "nftables set" not in daemon.ctl("show", BAD).out


def test_show_without_the_right_to_ask_nftables_says_who_could_tell(daemon):
    def ctl(*words):
        return subprocess.run(daemon.ns.command("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                                                str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), *words),
                              check=False, capture_output=True, text=True, timeout=60)

    assert f"next, as root: ipsctl show {BAD}\n" in ctl("show", BAD).stdout
    assert json.loads(ctl("show", BAD, "--json").stdout)["other_sets"] is None


def test_what_show_proposes_is_not_refused(daemon):
    def proposed():
        terminal = Terminal(daemon, "show", BAD)
        until(lambda: "ipsctl events" in terminal.page(), "the page")
        page = terminal.page()
        terminal.close()
        return re.findall(r"ipsctl (ban|unban|never-block \w+) [^\r\n]*", page)

    assert proposed() == ["ban", "never-block add"]
    assert daemon.ctl("ban", BAD).code == 0
    assert proposed() == ["unban", "ban", "never-block add"]
    assert daemon.ctl("never-block", "add", BAD).code == 0
    assert proposed() == ["never-block remove"]
