# SPDX-License-Identifier: MIT
"""The whole road: a line in a log, a score, a dropped packet; and the bad days."""
import os
import pathlib
import pwd
import signal
import sqlite3
import stat
import subprocess

import pytest

from daemon import line
from netns import SERVER, until

BAD, GOOD, OTHER = "198.51.100.7", "203.0.113.20", "198.51.100.8"


# ---- the road -------------------------------------------------------------------------------------


def test_a_log_line_becomes_a_dropped_packet_and_unban_undoes_it(cable, daemon):
    assert cable.passes(BAD)
    daemon.write(*(line(BAD, 1) for _ in range(2)), *(line(BAD, 0, "[x] bob") for _ in range(5)),
                 *(line(BAD, 3, "[x] nobody@example.com") for _ in range(12)), line(GOOD, 0, "[x] anna"))
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD)
    assert cable.passes(GOOD) and cable.passes(OTHER)
    answer = daemon.ctl("unban", BAD)
    assert answer.code == 0
    assert cable.passes(BAD), "the answer came before the kernel had done it"
    assert daemon.ctl("show", BAD).code == 1


def test_the_ban_is_made_by_the_event_that_reaches_the_threshold(daemon):
    daemon.attack(BAD, 9)
    daemon.write(line(BAD, 0, "[x] bob"), line(OTHER, 1))
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 11, "the events")
    assert not daemon.is_blocked(BAD)
    daemon.write(line(BAD, 3, "[x] x@example.com"))
    daemon.wait_blocked(BAD)
    ban = daemon.ctl("list", "--json").json["bans"][0]
    assert (ban["prefix"], ban["score"], ban["action"], ban["jail"]) == (f"{BAD}/32", 1000, "block", "test")


def test_show_tells_the_sum_the_lines_and_what_the_kernel_holds(cable, daemon):
    daemon.attack(BAD, 10, text="[x] evil\x1b[2J\x07name")
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    cable.passes(BAD)
    shown = daemon.ctl("show", BAD, "--json").json
    assert shown["banned"] and shown["prefix"] == f"{BAD}/32"
    assert shown["scores"][0]["events"][0] == shown["scores"][0]["events"][0] | {
        "type": "relay-denied", "count": 10, "multiplier": 100, "points": 1000}
    assert len(shown["evidence"]) == 10 and sum(e["points"] for e in shown["evidence"]) == 1000
    assert shown["kernel"][0]["held"] and shown["kernel"][0]["packets"] >= 1
    text = daemon.ctl("show", BAD).out
    assert "\x1b" not in text and "\x07" not in text and "\\x1b[2J" in text
    assert "10 relay-denied x 100 = 1000 >= 1000" in text


def test_ipv6_is_banned_by_its_64(cable, daemon):
    daemon.attack("2001:db8:a:1::5")
    daemon.wait_blocked("2001:db8:a:1::99")
    until(daemon.settled, "the kernel")
    assert cable.probe(["2001:db8:a:1::5", "2001:db8:a:1:ffff::1", "2001:db8:a:2::5"]) == {"2001:db8:a:2::5"}


def test_an_established_connection_stops_and_our_own_goes_on(cable, daemon):
    server = cable.server.listen(SERVER[4], 25)
    theirs = cable.attacker.connect(BAD, SERVER[4], 25)
    accepted, _ = server.accept()
    theirs.sendall(b"EHLO before\r\n")
    assert accepted.recv(64) == b"EHLO before\r\n"
    host = cable.attacker.listen(BAD, 2525)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    theirs.sendall(b"after\r\n")
    ours = cable.server.connect(SERVER[4], BAD, 2525)
    taken, _ = host.accept()
    taken.sendall(b"220 welcome\r\n")
    assert ours.recv(64) == b"220 welcome\r\n", "answers to what we began must come in"
    accepted.setblocking(False)
    with pytest.raises(BlockingIOError):
        accepted.recv(64)


def test_a_ban_ends_by_itself(cable, daemons):
    daemon = daemons(ban="2s").start()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(lambda: not daemon.is_blocked(BAD), "the end of the ban")
    until(lambda: cable.passes(BAD), "packets")
    until(lambda: "lift 198.51.100.7" in daemon.words(), "the lift's words")


def test_never_block_spares_and_holes_stay_open(cable, daemons):
    daemon = daemons(conf=f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {GOOD}\n").start()
    daemon.attack(GOOD)
    until(lambda: daemon.ctl("list", "--spared", "--json").json["bans"], "the spared one")
    assert daemon.ctl("list", "--spared").out.splitlines()[-1].startswith("1 spared: "), "it is no block"
    assert not daemon.is_blocked(GOOD)
    assert daemon.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    assert cable.probe([GOOD, "203.0.113.21"]) == {GOOD}
    refused = daemon.ctl("ban", GOOD)
    assert refused.code == 2 and "never-block" in refused.err


def test_a_prefix_by_hand_is_dropped_whole_and_nothing_beside_it(cable, daemon):
    assert daemon.ctl("ban", "198.51.100.0/25", "--permanent", "--reason", "ten of them").code == 0
    inside = ["198.51.100.0", "198.51.100.64", "198.51.100.127"]
    outside = ["198.51.99.255", "198.51.100.128"]
    assert cable.probe(inside + outside) == set(outside)
    under = daemon.ctl("unban", "198.51.100.64")
    assert under.code == 1 and "198.51.100.0/25" in under.out
    assert daemon.ctl("unban", "198.51.100.0/25").code == 0
    assert cable.probe(inside) == set(inside)


# ---- what survives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGKILL])
def test_bans_stay_while_it_is_stopped_and_are_known_again(cable, daemon, signo):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    code = daemon.stop(signo)
    assert code == (0 if signo == signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not daemon.children("ipsd: enforcer") and not daemon.children("ipsd: keeper"), "the other processes' end")
    assert not cable.passes(BAD)
    daemon.attack(OTHER, 6)
    daemon.start()
    assert daemon.is_blocked(BAD)
    daemon.attack(OTHER, 4)
    daemon.wait_blocked(OTHER)
    assert daemon.ctl("list", "--json").json["bans"][0]["score"] == 1000


def test_what_the_kernel_lost_meanwhile_is_put_back_at_the_start(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    daemon.ctl("ban", "192.0.2.128/25")
    daemon.stop()
    cable.server.run("nft", "flush", "ruleset")
    assert cable.passes(BAD)
    daemon.start()
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD)


def test_each_line_counts_once_over_rotations_and_restarts(daemon):
    daemon.attack(BAD, 3)
    daemon.stop()
    daemon.attack(BAD, 2)
    daemon.log.rename(daemon.log.with_suffix(".1"))
    daemon.attack(BAD, 1)
    daemon.start()
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 6, "six events")
    held = open(daemon.log, "a", encoding="ascii")
    daemon.log.rename(daemon.log.with_suffix(".2"))
    daemon.attack(BAD, 1)
    held.write(line(BAD))
    held.flush()
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 8, "eight events")
    daemon.stop()
    daemon.start()
    daemon.attack(BAD, 1)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) >= 9, "the ninth event")
    assert not daemon.is_blocked(BAD)
    daemon.attack(BAD, 1)
    daemon.wait_blocked(BAD)


def test_a_partial_line_waits_for_its_end(daemon):
    daemon.attack(BAD, 9)
    text = line(BAD)
    daemon.write(text[:30])
    daemon.write(text[30:-1])
    daemon.attack(OTHER, 0)
    until(lambda: daemon.ctl("status", "--json").json["sources"][0]["lag_bytes"] > 0, "the waiting bytes")
    assert not daemon.is_blocked(BAD)
    daemon.write("\r\n")
    daemon.wait_blocked(BAD)


# ---- bad days -----------------------------------------------------------------------------------------


def test_a_killed_enforcer_is_started_again_and_told_all(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    for _ in range(3):
        old = until(lambda: daemon.children("ipsd: enforcer"), "the enforcer")[0]
        os.kill(old, signal.SIGKILL)
        until(lambda: daemon.children("ipsd: enforcer") not in ([], [old]), "the next enforcer")
    until(daemon.settled, "the kernel")
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    until(daemon.settled, "the kernel")
    assert cable.probe([BAD, OTHER, GOOD]) == {GOOD}
    assert "was started again" in daemon.words()


def test_a_killed_keeper_ends_it_loudly_and_leaves_the_bans(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    os.kill(daemon.children("ipsd: keeper")[0], signal.SIGKILL)
    assert daemon.process.wait(20) == 1
    assert "keeper" in daemon.words()
    assert not cable.passes(BAD)


def test_a_table_deleted_under_it_is_made_again_at_the_next_change(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    cable.server.run("nft", "delete", "table", "inet", "ipsd")
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    until(lambda: {BAD, OTHER} <= daemon.held(), "both bans")
    assert cable.probe([BAD, OTHER, GOOD]) == {GOOD}


def test_other_tables_stay_as_they_are(cable, daemons):
    cable.server.nft("table inet mine { set s { type ipv4_addr; elements = { 192.0.2.77 } }\nchain c { ip saddr @s accept\n}\n}")
    before = cable.server.run("nft", "list", "table", "inet", "mine")
    daemon = daemons().start()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    daemon.stop()
    daemon.ctl("teardown")
    assert cable.server.run("nft", "list", "table", "inet", "mine") == before
    assert "ipsd" not in cable.server.run("nft", "list", "tables")


def test_random_bytes_make_no_event_and_bounded_memory(daemon):
    def resident():
        return int(pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])

    before = resident()
    with open(daemon.log, "ab") as f:
        for _ in range(16):
            f.write(os.urandom(1 << 20))
        f.write(b"\n" + b"x" * 300_000 + line(BAD).encode() + b"y" * 70_000 + b"\n")
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert len(daemon.ctl("events", "--json").out.splitlines()) == 10
    assert resident() - before < 4096, "pages"
    assert any("64 KiB" in f["text"] for f in daemon.ctl("status", "--json").json["findings"])


def test_a_missing_log_is_waited_for(daemons):
    daemon = daemons()
    daemon.log.unlink()
    daemon.log.parent.rmdir()
    daemon.start()
    source = daemon.ctl("status", "--json").json["sources"][0]
    assert source["state"] == "missing" and source["why"]
    daemon.log.parent.mkdir()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)


def test_an_unreadable_log_is_told_and_read_when_it_can_be(daemons):
    daemon = daemons()
    daemon.log.chmod(0)
    daemon.start()
    status = daemon.ctl("status", "--json")
    assert status.code == 1 and status.json["sources"][0]["state"] == "unreadable"
    assert any("Permission denied" in f["text"] for f in status.json["findings"])
    daemon.log.chmod(0o644)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)


def test_a_broken_jail_fails_alone(daemons):
    daemon = daemons()
    (daemon.etc / "jails" / "broken.conf").write_text("[jail]\nwach = vpop3-ids\n")
    daemon.start()
    status = daemon.ctl("status", "--json")
    states = {j["name"]: j["state"] for j in status.json["jails"]}
    assert status.code == 1 and states == {"broken": "failed", "test": "watching"}
    assert "did you mean watch" in daemon.words()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    daemon.stop()
    code, words = daemon.run_once("--strict")
    assert code == 2 and "broken.conf:2" in words


def test_a_broken_main_file_is_exit_2(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enfroce\n")
    code, words = daemon.run_once()
    assert code == 2 and "ipsd.conf:2" in words and "enforce" in words


def test_a_broken_never_block_entry_only_observes(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n[never-block]\naddresses = 203.0.113.300\n").start()
    status = daemon.ctl("status")
    assert status.code == 1 and "OBSERVES" in status.out.splitlines()[0] and "never-block" in status.out
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--observed", "--json").json["bans"], "the observed one")
    assert cable.passes(BAD) and not daemon.is_blocked(BAD)


def test_the_log_level_says_how_much_is_told(daemons):
    daemon = daemons().start("--log-level=error")
    daemon.stop()
    assert daemon.words() == ""
    daemon.start("--log-level=notice").stop()
    assert "is ready" in daemon.words() and "ended" in daemon.words()
    code, words = daemons().run_once("--log-level=loud")
    assert code == 2 and "none of error, warning, notice, info, debug" in words


def test_shipped_jails_run_but_for_those_that_a_file_of_the_same_name_replaces(daemons):
    daemon = daemons()
    text = (daemon.etc / "jails" / "test.conf").read_text()
    shipped = daemon.dir / "share" / "jails"
    shipped.mkdir(parents=True)
    (shipped / "test.conf").write_text(text.replace("[jail]", "[jail]\nports = mail"))
    (shipped / "other.conf").write_text(text.replace("[jail]", "[jail]\nports = mail"))
    daemon.start(wrapper=("env", f"IPSD_SHARE_DIR={daemon.dir / 'share'}"))
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    bans = daemon.ctl("list", "--json").json["bans"]
    ports = {ban["jail"]: ban["ports"] for ban in bans}
    assert set(ports) == {"test", "other"} and ports["test"] == "all" != ports["other"]


def test_a_second_one_on_the_same_state_is_refused(daemons, build):
    first = daemons().start()
    done = subprocess.run(first.ns.command(str(build / "src/daemon/ipsd"), *first.options()), capture_output=True, text=True,
                          check=False, timeout=20)
    assert done.returncode == 1 and "another ipsd" in done.stderr
    assert first.ctl("status").code == 0


def test_without_the_capability_it_says_so_and_can_observe(daemons):
    daemon = daemons()
    for sub in ("state", "run"):
        (daemon.dir / sub).mkdir()
        os.chown(daemon.dir / sub, 65534, 65534)
    wrapper = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    code, words = daemon.run_once(wrapper=wrapper)
    assert code == 1 and "CAP_NET_ADMIN" in words and "--observe" in words
    daemon.start("--observe", wrapper=wrapper)
    daemon.attack(BAD)
    until(lambda: daemon.ctl("list", "--observed", "--json").json["bans"], "the observed one")
    assert daemon.ctl("status").out.startswith("ipsd OBSERVES")


def test_the_reader_has_no_right_and_the_enforcer_one(daemon):
    def status(pid):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return dict(entry.split(":\t", 1) for entry in lines if ":\t" in entry)

    reader = status(daemon.process.pid)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(reader[name], 16) == 0, name
    net_admin = 1 << 12
    for comm in ("ipsd: enforcer", "ipsd: keeper"):
        other = status(daemon.children(comm)[0])
        assert int(other["CapPrm"], 16) == int(other["CapEff"], 16) == net_admin and int(other["CapBnd"], 16) == 0
        assert other["NoNewPrivs"] == "1" and other["Uid"].split()[0] != "0"
    assert reader["NoNewPrivs"] == "1" and reader["Uid"].split()[0] != "0"


def test_its_group_may_ask_and_nobody_else_sees_its_state(daemon):
    user = pwd.getpwnam("ipsd")
    control, state = (daemon.dir / "run" / "control").stat(), (daemon.dir / "state").stat()
    assert (stat.S_IMODE(control.st_mode), control.st_uid, control.st_gid) == (0o660, 0, user.pw_gid)
    assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o750, user.pw_uid)
    for path in (daemon.dir / "state").iterdir():
        assert not path.stat().st_mode & stat.S_IRWXO, path


def test_a_database_taken_away_while_it_runs_is_told(daemon):
    assert daemon.ctl("status").code == 0
    (daemon.dir / "state" / "state.db").rename(daemon.dir / "state" / "away")
    status = daemon.ctl("status")
    assert status.code == 1 and "state.db was removed or replaced" in status.out and "next: systemctl restart ipsd" in status.out
    (daemon.dir / "state" / "away").rename(daemon.dir / "state" / "state.db")
    assert daemon.ctl("status").code == 0


@pytest.mark.parametrize("garbage", [b"not a database, " * 100, None], ids=["garbage", "gone"])
def test_a_damaged_database_is_set_aside(daemon, garbage):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    daemon.stop()
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        path = daemon.dir / "state" / name
        if garbage is None and path.exists():
            path.unlink()
        elif name == "state.db":
            path.write_bytes(garbage)
    daemon.start()
    if garbage:
        assert "was damaged" in daemon.words()
        assert list((daemon.dir / "state").glob("state.db.damaged-*"))
    daemon.wait_blocked(BAD)
    assert len(daemon.ctl("events", "--json").out.splitlines()) == 10, "what the log's window says is known again"


def test_a_database_of_a_newer_version_is_left_alone(daemon):
    daemon.stop()
    db = sqlite3.connect(daemon.dir / "state" / "state.db")
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    code, words = daemon.run_once()
    assert code == 1 and "newer ipsd" in words
