# SPDX-License-Identifier: MIT
"""Reload: other rules, the same scores and bans, no line lost or counted twice; or nothing at all."""
import os
import signal
import threading

from daemon import JAIL, line
from netns import until

RELOADS = 200
BAD, OTHER = "198.51.100.7", "198.51.100.8"


def jail(daemon, name="test", ban="30m", more="", **changed):
    """Writes the jail with other keys."""
    text = JAIL.format(ban=ban, more=more)
    for key, value in changed.items():
        text = "".join(f"{key} = {value}\n" if row.startswith(f"{key} =") else row for row in text.splitlines(True))
    (daemon.etc / "jails" / f"{name}.conf").write_text(text)


def bans(daemon):
    return {row["prefix"]: row for row in daemon.ctl("list", "--json").json["bans"]}


def score(daemon, address):
    scores = daemon.ctl("show", address, "--json").json["scores"]
    return scores[0]["score"] if scores else 0


def test_nothing_different_is_said_so(daemon):
    answer = daemon.ctl("reload")
    assert (answer.code, answer.out) == (0, "reloaded; nothing is different\n")


def test_a_ban_goes_on_with_its_time_left_and_a_score_with_its_points(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    before = bans(daemon)[f"{BAD}/32"]
    daemon.attack(OTHER, times=3)
    until(lambda: score(daemon, OTHER) == 300, "the score")
    jail(daemon, threshold=400, ban="10m")
    assert "ipsctl reload" in daemon.ctl("status").out
    answer = daemon.ctl("reload")
    assert answer.code == 0, answer.err
    assert "jail test: threshold 1000 -> 400" in answer.out and "jail test: ban 30m -> 10m" in answer.out
    assert "ipsctl reload" not in daemon.ctl("status").out
    after = bans(daemon)[f"{BAD}/32"]
    assert (before["since"], before["until"], before["score"]) == (after["since"], after["until"], after["score"])
    assert not cable.passes(BAD)
    assert score(daemon, OTHER) == 300
    daemon.attack(OTHER, times=1)
    daemon.wait_blocked(OTHER)
    assert 590 < bans(daemon)[f"{OTHER}/32"]["seconds_left"] <= 600


def test_nobody_is_banned_by_the_reload_itself(daemon):
    daemon.attack(BAD, times=5)
    until(lambda: score(daemon, BAD) == 500, "the score")
    jail(daemon, threshold=300)
    assert daemon.ctl("reload").code == 0
    assert not bans(daemon) and score(daemon, BAD) == 500
    daemon.attack(BAD, times=1)
    daemon.wait_blocked(BAD)


def test_a_higher_threshold_finds_the_events_that_did_not_matter_before(daemon):
    daemon.attack(BAD, times=40)
    daemon.wait_blocked(BAD)
    jail(daemon, threshold=100000)
    assert daemon.ctl("reload").code == 0
    assert score(daemon, BAD) == 4000


def test_with_an_error_the_rules_of_before_go_on(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    jail(daemon, threshold="many", ban="30")
    answer = daemon.ctl("reload")
    assert answer.code == 1
    assert answer.out.startswith("not reloaded")
    assert "test.conf:" in answer.out and "threshold" in answer.out and "30 what?" in answer.out
    assert "not taken over" in daemon.words()
    assert not cable.passes(BAD)
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)
    daemon.etc.chmod(0)
    answer = daemon.ctl("reload")
    daemon.etc.chmod(0o755)
    assert answer.code == 1 and "Permission denied" in answer.out
    jail(daemon)
    assert daemon.ctl("reload").code == 0


def test_changed_ports_move_the_ban(cable, daemons):
    daemon = daemons(jail="ports = udp/25\n").start()
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD, port=25) and cable.passes(BAD, port=80)
    jail(daemon, more="ports = udp/80\n")
    answer = daemon.ctl("reload")
    assert answer.code == 0 and "ports udp/25 -> udp/80" in answer.out
    until(daemon.settled, "the kernel")
    assert cable.passes(BAD, port=25) and not cable.passes(BAD, port=80)
    assert bans(daemon)[f"{BAD}/32"]["ports"] == "udp/80"


def test_the_bans_of_a_removed_jail_are_lifted_and_said(cable, daemon):
    jail(daemon, name="second", threshold=200)
    assert "jail second added" in daemon.ctl("reload").out
    daemon.attack(BAD, times=2)
    daemon.wait_blocked(BAD)
    (daemon.etc / "jails" / "second.conf").unlink()
    answer = daemon.ctl("reload")
    assert "jail second removed" in answer.out and "1 ban is lifted" in answer.out
    until(lambda: cable.passes(BAD), "packets")
    assert not bans(daemon)
    assert "its jail is gone" in daemon.words()


def test_a_ban_by_hand_and_one_of_a_disabled_jail(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert daemon.ctl("ban", OTHER).code == 0
    jail(daemon, more="enabled = no\n")
    assert "jail test disabled" in daemon.ctl("reload").out
    until(lambda: cable.passes(BAD), "packets")
    assert not cable.passes(OTHER)


def test_never_block_lets_in_and_the_kernel_knows_it(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    (daemon.etc / "ipsd.conf").write_text(f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {BAD}\n")
    assert "1 ban is lifted" in daemon.ctl("reload").out
    until(lambda: cable.passes(BAD), "packets")
    assert not bans(daemon)


def test_the_mode_follows_the_config(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    for mode, passes in (("observe", True), ("enforce", False)):
        (daemon.etc / "ipsd.conf").write_text(f"[ipsd]\nmode = {mode}\n")
        assert daemon.ctl("reload").code == 0
        assert daemon.ctl("status", "--json").json["mode"] == mode
        until(lambda passes=passes: cable.passes(BAD) == passes, "the kernel")


def test_a_source_that_comes_and_goes_and_comes_again_is_read_on(daemon):
    second = daemon.dir / "log" / "second.log"
    second.write_text("")
    jail(daemon, watch=f"vpop3-ids {daemon.log} {second}")
    assert f"source {second} added" in daemon.ctl("reload").out
    second.write_text(line(BAD) * 2)
    until(lambda: score(daemon, BAD) == 200, "the second log")
    jail(daemon)
    assert f"source {second} removed" in daemon.ctl("reload").out
    with open(second, "a", encoding="utf-8") as log:
        log.write(line(BAD) * 3)
    daemon.attack(OTHER, times=1)
    until(lambda: score(daemon, OTHER) == 100, "the first log")
    jail(daemon, watch=f"vpop3-ids {daemon.log} {second}")
    assert daemon.ctl("reload").code == 0
    until(lambda: score(daemon, BAD) == 500, "what was written meanwhile")


def test_sighup_does_the_same(daemon):
    jail(daemon, threshold=200)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "SIGHUP: the config was read anew" in daemon.words(), "the reload")
    daemon.attack(BAD, times=2)
    daemon.wait_blocked(BAD)


def test_two_hundred_reloads_under_load_lose_no_line_and_no_memory(daemon):
    """Each line counts once, also those that lie half written in the log while the rules change."""
    written, stop = [0], threading.Event()

    def write():
        with open(daemon.log, "ab", buffering=0) as log:
            while not stop.is_set():
                row = line(f"203.0.{written[0] % 200}.{written[0] // 200 % 250 + 1}", number=3).encode()
                log.write(row[:20])
                log.write(row[20:])
                written[0] += 1
                stop.wait(0.002)

    def memory():
        with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        early = 0
        for n in range(RELOADS):
            jail(daemon, threshold=1000 if n % 2 else 2000, ban="30m" if n % 3 else "40m")
            assert daemon.ctl("reload").code == 0, n
            if n == RELOADS // 4:
                early = memory()
    finally:
        stop.set()
        writer.join()
    until(lambda: daemon.ctl("status", "--json").json["sources"][0]["lag_bytes"] == 0, "the end of the log")
    assert f'ipsd_jail_events_total{{jail="test"}} {written[0]}\n' in daemon.ctl("metrics").out
    assert memory() < early * 1.5 + 50_000_000
