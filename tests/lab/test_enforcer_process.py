# SPDX-License-Identifier: MIT
"""What becomes of the enforcer's processes, their rights, and the bans, when things go wrong."""
import errno
import os
import pathlib
import signal

import pytest

from enforcer import comm, is_alive
from netns import FRIEND, until

CAP_NET_ADMIN = 1 << 12


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


# --- Ends --------------------------------------------------------------------------------------------

def test_stopping_leaves_the_bans_and_the_next_start_takes_them_over(cable, start):
    first = start()
    assert first.hold("198.51.100.0/24") == 0
    assert first.hold("203.0.113.9/32", "never") == 0
    keeper, enforcer = first.keeper_pid, first.enforcer_pid
    first.stop()
    assert not is_alive(keeper) and not is_alive(enforcer)
    everyone = ["198.51.100.7", "203.0.113.9", "203.0.113.10"]
    assert cable.probe(everyone) == {"203.0.113.10"}
    second = start()
    assert cable.probe(everyone) == {"203.0.113.10"}
    assert 590 < second.ask("198.51.100.0/24")["left"] <= 600
    assert second.ask("203.0.113.9/32")["left"] is None


def test_a_stop_brings_what_was_said_before_it_into_the_kernel(cable, start):
    e = start()
    e.say("quiet")
    for i in range(2000):
        e.say("hold", f"10.1.{i // 256}.{i % 256}/32", 0, 600)
    e.stop()
    assert cable.probe(["10.1.0.0", "10.1.7.207", "10.1.7.208"]) == {"10.1.7.208"}


def test_a_start_with_other_scopes_and_counters_makes_the_table_fit(cable, start):
    first = start("--scope=old:udp:53-53")
    assert first.hold("203.0.113.9/32", scope=1) == 0
    first.stop()
    second = start("--counters", "--scope=new:udp:54-54")
    assert cable.passes("203.0.113.9", 53), "no rule of a scope that is no more"
    assert "old" not in cable.server.run("nft", "list", "table", "inet", "ipsd")
    assert second.hold("203.0.113.9/32", scope=1) == 0
    assert not cable.passes("203.0.113.9", 54)
    assert second.ask("203.0.113.9/32", scope=1)["packets"] == 1


def test_sets_and_chains_of_others_in_our_table_are_left_alone_by_a_start(cable, start):
    start("--scope=old:udp:53-53").stop()
    cable.server.nft("""
        add set inet ipsd somebodys { type ipv4_addr; elements = { 203.0.113.9 } }
        add chain inet ipsd somebodys_own
        add rule inet ipsd somebodys_own ip saddr @somebodys counter
    """)
    e = start("--scope=new:udp:54-54")
    assert e.hold("203.0.113.10/32") == 0
    listed = cable.server.run("nft", "list", "table", "inet", "ipsd")
    assert "set somebodys" in listed and "203.0.113.9" in listed and "chain somebodys_own" in listed
    assert cable.probe(["203.0.113.9", "203.0.113.10"]) == {"203.0.113.9"}


def test_a_table_of_our_name_in_another_shape_is_made_anew(cable, start):
    cable.server.nft("""
        add table inet ipsd
        add chain inet ipsd prerouting { type filter hook prerouting priority raw; }
        add set inet ipsd never4 { type ipv6_addr; }
        add set inet ipsd all4_32 { type ipv4_addr; flags interval; }
    """)
    e = start()
    assert e.hold("203.0.113.9/32") == 0
    assert not cable.passes("203.0.113.9")


def test_a_killed_enforcer_is_started_again_and_all_is_asked_for(cable, start):
    e = start()
    assert e.hold("203.0.113.9/32") == 0
    dead = e.enforcer_pid
    e.kill_enforcer()
    assert not cable.passes("203.0.113.9")
    e.expect("ready", ready=True, restarted=True)
    assert e.enforcer_pid != dead
    state = e.state()
    assert state["running"] and state["ready"] and state["restarts"] == 1
    assert "signal 9" in state["last_error"]
    assert e.hold("203.0.113.10/32") == 0
    assert cable.probe(["203.0.113.9", "203.0.113.10", "203.0.113.11"]) == {"203.0.113.11"}
    assert e.state()["last_error"] == ""


def test_wishes_in_the_hands_of_a_killed_enforcer_are_done_by_the_next(cable, start):
    e = start()
    e.say("quiet")
    os.kill(e.enforcer_pid, signal.SIGSTOP)
    for i in range(3000):
        e.say("hold", f"10.1.{i // 256}.{i % 256}/32", 0, 600)
        e.say("release", f"10.1.{i // 256}.{i % 256}/32", 0)
    e.say("hold", "203.0.113.9/32", 0, 600)
    assert e.state()["pending"] == 6001
    e.kill_enforcer()
    until(lambda: e.state()["pending"] == 0, "all fates")
    state = e.state()
    assert (state["done"], state["failed"], state["pending"], state["elements"]) == (6001, 0, 0, 1)
    everyone = ["203.0.113.9", "10.1.0.0", "10.1.11.183"]
    assert cable.probe(everyone) == set(everyone[1:])


def test_an_enforcer_that_dies_again_and_again_does_not_spin(start):
    e = start()
    for i in range(5):
        e.kill_enforcer()
        e.expect("ready", restarted=True)
    ticks = sum(map(int, pathlib.Path(f"/proc/{e.keeper_pid}/stat").read_text().split()[13:15]))
    assert ticks < 50
    assert e.state()["restarts"] == 5


def test_without_its_keeper_the_enforcer_ends_and_the_daemon_hears_of_it(cable, start):
    e = start()
    assert e.hold("203.0.113.9/32") == 0
    enforcer = e.enforcer_pid
    os.kill(e.keeper_pid, signal.SIGKILL)
    assert e.expect("gone")["error"] == errno.EPIPE
    until(lambda: not is_alive(enforcer), "the enforcer's end")
    assert not cable.passes("203.0.113.9")


@pytest.mark.parametrize("options", [(), ("--user=nobody", "--drop"), ("--drop",)])
def test_a_killed_daemon_takes_both_processes_with_it_and_leaves_the_bans(cable, start, options):
    e = start(*options)
    assert e.hold("203.0.113.9/32") == 0
    keeper, enforcer = e.keeper_pid, e.enforcer_pid
    e.kill()
    until(lambda: not is_alive(keeper) and not is_alive(enforcer), "the end of both")
    assert not cable.passes("203.0.113.9")


def test_signals_for_the_whole_group_leave_the_last_word_to_the_daemon(start):
    e = start()
    for pid in (e.keeper_pid, e.enforcer_pid):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, number)
    assert e.hold("203.0.113.9/32") == 0
    assert e.state()["restarts"] == 0


# --- A slow enforcer ----------------------------------------------------------------------------------

def test_a_standing_enforcer_never_blocks_the_daemon_and_loses_nothing(cable, start):
    e = start()
    os.kill(e.enforcer_pid, signal.SIGSTOP)
    e.say("quiet")
    e.say("fill", 100000)
    filled = e.expect("fill")
    assert filled["error"] == errno.ENOBUFS and filled["fill"] > 10000
    assert e.state()["pending"] == filled["fill"] - 1
    os.kill(e.enforcer_pid, signal.SIGCONT)
    until(lambda: e.state()["pending"] == 0, "all fates")
    state = e.state()
    assert state["done"] == state["elements"] == filled["fill"] - 1 and state["failed"] == 0


# --- A kernel that somebody else changes ---------------------------------------------------------------

@pytest.mark.parametrize("command", ["flush ruleset", "delete table inet ipsd"])
def test_a_table_taken_away_is_made_again_and_all_is_asked_for(cable, start, command):
    e = start("--scope=dns:udp:53-53")
    assert e.hold("203.0.113.9/32") == 0
    assert e.hold("198.51.100.0/24", scope=1) == 0
    e.expect("ready", restarted=False)
    cable.server.nft(command)
    assert cable.passes("203.0.113.9")
    assert e.hold("203.0.113.10/32") == 0
    e.expect("ready", restarted=True)
    state = e.state()
    assert (state["mends"], state["restarts"], state["elements"]) == (1, 0, 1)
    assert e.hold("203.0.113.9/32") == 0
    assert e.hold("198.51.100.0/24", scope=1) == 0
    everyone = ["203.0.113.9", "203.0.113.10", "198.51.100.1", "203.0.113.11"]
    assert cable.probe(everyone) == {"203.0.113.11"}
    assert cable.probe(everyone, 54) == {"198.51.100.1", "203.0.113.11"}


@pytest.mark.parametrize("wish", ["hold 198.51.100.0/24 0 600", "release-all"])
def test_a_table_taken_away_is_noticed_by_every_kind_of_wish(cable, start, wish):
    e = start()
    assert e.hold("198.51.0.0/16") == 0
    e.expect("ready", restarted=False)
    cable.server.nft("flush ruleset")
    e.say(wish)
    e.expect("ready", restarted=True)
    assert e.hold("203.0.113.9/32") == 0
    assert not cable.passes("203.0.113.9")


def test_a_question_about_a_table_taken_away_is_answered(cable, start):
    e = start()
    assert e.hold("203.0.113.9/32") == 0
    cable.server.nft("flush ruleset")
    answer = e.ask("203.0.113.9/32")
    assert not answer["held"] and answer["error"] == 0


def test_one_refused_wish_keeps_none_of_the_others_from_being_done(cable, start):
    e = start("--scope=dns:udp:53-53")
    assert e.hold("203.0.113.1/32", scope=1) == 0
    os.kill(e.enforcer_pid, signal.SIGSTOP)
    cable.server.nft("""
        flush chain inet ipsd bans
        delete set inet ipsd dns4_32
        add set inet ipsd dns4_32 { type ipv4_addr; flags timeout; size 3; }
        add rule inet ipsd bans ip saddr @dns4_32 drop
        add rule inet ipsd bans ip saddr @all4_32 drop
    """)
    for i in range(1, 11):
        e.say("hold", f"203.0.113.{i}/32", 1, 600)
        e.say("hold", f"198.51.100.{i}/32", 0, 600)
    assert e.state()["pending"] == 20
    os.kill(e.enforcer_pid, signal.SIGCONT)
    errors = {scope: [e.expect("fate", scope=scope)["error"] for _ in range(10)] for scope in (0, 1)}
    assert errors[0] == [0] * 10
    assert sorted(errors[1]) == [0] * 3 + [errno.ENFILE] * 7
    state = e.state()
    assert (state["done"], state["failed"]) == (14, 7)
    held = [i for i in range(1, 11) if e.ask(f"203.0.113.{i}/32", 1)["held"]]
    assert len(held) == 3 and [errors[1][i - 1] for i in held] == [0] * 3
    assert cable.probe([f"198.51.100.{i}" for i in range(1, 12)]) == {"198.51.100.11"}


# --- Rights --------------------------------------------------------------------------------------------

def test_keeper_and_enforcer_hold_one_right_and_few_descriptors(cable, start):
    inherited = os.open("/dev/null", os.O_RDONLY)
    e = start("--user=nobody", pass_fds=(inherited,))
    os.close(inherited)
    assert e.hold("203.0.113.9/32") == 0
    assert not cable.passes("203.0.113.9")
    assert comm(e.keeper_pid) == "ipsd: keeper"
    for pid, sockets in ((e.keeper_pid, 1), (e.enforcer_pid, 5)):
        said = status(pid)
        assert said["Uid"].split() == ["65534"] * 4
        assert said["Gid"].split() == ["65534"] * 4
        assert [int(said[f"Cap{name}"], 16) for name in ("Eff", "Prm", "Inh", "Bnd", "Amb")] == \
            [CAP_NET_ADMIN, CAP_NET_ADMIN, 0, 0, 0]
        assert said["NoNewPrivs"] == "1"
        assert os.stat(f"/proc/{pid}/fd").st_uid == 0, "dumpable ones belong to their user"
        targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert targets.count("/dev/null") == 2
        assert sum(target.startswith("socket:") for target in targets) == sockets
        assert len(targets) == 2 + 1 + sockets, targets


def test_the_enforcer_works_for_a_daemon_without_any_right(cable, start):
    e = start("--user=nobody", "--drop")
    said = status(e.process.pid)
    assert int(said["CapPrm"], 16) == 0 and said["NoNewPrivs"] == "1"
    assert e.hold("198.51.100.0/24") == 0
    assert cable.probe(["198.51.100.7", FRIEND[4]]) == {FRIEND[4]}
    e.kill_enforcer()
    e.expect("ready", restarted=True)
    assert e.hold("203.0.113.0/25") == 0


def test_without_the_capability_it_says_which_one_is_missing(start):
    e = start(wrapper=("setpriv", "--bounding-set", "-net_admin"))
    assert e.start["start"] == errno.EPERM
    assert "CAP_NET_ADMIN" in e.start["text"]
    until(lambda: not is_alive(e.keeper_pid), "the keeper's end")


def test_rights_that_cannot_be_given_up_end_it(start):
    e = start("--user=nobody", wrapper=("setpriv", "--bounding-set", "-setuid"))
    assert e.start["start"] == errno.EPERM
    assert "could not be given up" in e.start["text"]
    until(lambda: not is_alive(e.keeper_pid), "the keeper's end")


def test_started_as_a_user_with_the_capability_alone_it_works(cable, start):
    e = start("--user=nobody", "--drop", wrapper=(
        "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
        "--bounding-set=-all,+net_admin", "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin"))
    assert e.hold("203.0.113.9/32") == 0
    assert not cable.passes("203.0.113.9")
    said = status(e.enforcer_pid)
    assert [int(said[f"Cap{name}"], 16) for name in ("Eff", "Prm", "Inh", "Amb")] == \
        [CAP_NET_ADMIN, CAP_NET_ADMIN, 0, 0]
    assert int(status(e.process.pid)["CapPrm"], 16) == 0


def test_in_a_namespace_that_it_does_not_own_it_says_that_it_is_not_permitted(start):
    e = start(wrapper=("unshare", "--user", "--map-root-user"))
    assert e.start["start"] == errno.EPERM
    assert e.start["text"]


def test_a_user_namespace_of_its_own_is_enough(start):
    e = start(wrapper=("unshare", "--user", "--map-root-user", "--net"))
    assert e.start["start"] == 0
    assert e.hold("203.0.113.9/32") == 0
    assert e.many(10000)["refused"] == 0


def test_a_table_that_cannot_be_made_is_told_with_the_words_of_nft(start):
    e = start("--table=ip")
    assert e.start["start"] != 0
    assert "syntax error" in e.start["text"]
