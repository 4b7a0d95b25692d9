# SPDX-License-Identifier: MIT
"""Others change nftables, what is ours and what is not: the kernel holds what is wished again within a second, and nothing else."""
import contextlib
import os
import pathlib
import signal
import subprocess
import time

import pytest

from netns import until
from test_control import ban_many

BAD, OTHER, NET, GOOD = "198.51.100.7", "198.51.100.8", "203.0.113.0/24", "192.0.2.2"
IN_NET, SIX = "203.0.113.200", "2001:db8:a::7"
WITHIN, MANY = 1.0, 60_000
FIREWALLD_AND_DOCKER = """
table inet firewalld {
    chain filter_PREROUTING { type filter hook prerouting priority filter + 10; policy accept; icmpv6 type nd-router-advert accept; }
    chain filter_INPUT { type filter hook input priority filter + 10; policy accept; ct state { established, related } accept; }
}
table ip nat {
    chain DOCKER { iifname "docker0" counter return; }
    chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; fib daddr type local counter jump DOCKER; }
}
table ip filter {
    chain DOCKER-USER { counter return; }
    chain FORWARD { type filter hook forward priority filter; policy accept; counter jump DOCKER-USER; }
}
"""


@pytest.fixture
def blocking(cable, daemon):
    """With an address, a network and an IPv6 address blocked, each for another time."""
    for what, span in ((BAD, "1h"), (NET, "2h"), (SIX, "3h")):
        assert daemon.ctl("ban", what, "--for", span).code == 0
    until(daemon.settled, "the kernel")
    assert blocks_all(cable)
    return daemon


def blocks_all(cable):
    return cable.probe([BAD, IN_NET, GOOD]) == {GOOD} and not cable.passes(SIX)


def kernel(daemon):
    return daemon.ctl("status", "--json").json["kernel"]


def shape(ns):
    """Our table as nft shows it, without its elements and their times."""
    listed = ns.run("nft", "-s", "-t", "list", "table", "inet", "ipsd")
    return "\n".join(sorted(listed.splitlines()))


def ruleset_without_ours(ns):
    return [ns.run("nft", "-s", "list", "table", *table.split()) for table in ("inet firewalld", "ip nat", "ip filter")]


def count(daemon, key):
    return kernel(daemon)[key]


FOREIGN = {
    "flush": "flush ruleset",
    "table": "delete table inet ipsd",
    "set": "flush chain inet ipsd bans\ndelete set inet ipsd all4_32",
    "rules": "flush chain inet ipsd bans",
    "jump": "flush chain inet ipsd prerouting",
    "before ours": "insert rule inet ipsd bans accept",
    "chain": "flush chain inet ipsd prerouting\ndelete chain inet ipsd prerouting",
    "never-block": "add element inet ipsd never4 { 198.51.100.7 }",
    "policy and dormant": "add table inet ipsd { flags dormant; }",
    "other priority": "flush chain inet ipsd prerouting\ndelete chain inet ipsd prerouting\n"
                      "add chain inet ipsd prerouting { type filter hook prerouting priority 300; }",
    "other set": "flush chain inet ipsd bans\ndelete set inet ipsd all4_32\n"
                 "add set inet ipsd all4_32 { type ipv6_addr; flags timeout; size 2; }",
    "an element": "delete element inet ipsd all4_32 { 198.51.100.7 }",
    "all elements": "flush set inet ipsd all4_32\nflush set inet ipsd all4_24\nflush set inet ipsd all6_64",
    "reload": "flush ruleset\ntable inet filter {\nchain input { type filter hook input priority filter; policy accept;\n"
              "ct state established accept\ntcp dport 22 accept\n}\n}",
}


@pytest.mark.parametrize("command", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_others_take_away_is_back_within_a_second(cable, blocking, command):
    daemon, before = blocking, shape(cable.server)
    foreign = count(daemon, "foreign_changes")
    cable.server.nft(command)
    began = time.monotonic()
    until(lambda: blocks_all(cable), "all blocks", WITHIN)
    assert time.monotonic() - began < WITHIN
    until(daemon.settled, "the kernel")
    until(lambda: count(daemon, "foreign_changes") > foreign, "the count")
    assert shape(cable.server) == before
    assert daemon.ctl("verify").code == 0
    assert "somebody else" in daemon.words()


def ends(ns):
    """When elements end, in seconds since the boot, by their address."""
    now, found = time.monotonic(), {}
    for address, name in ((BAD, "all4_32"), (OTHER, "all4_32"), ("203.0.113.0", "all4_24")):
        got = subprocess.run(ns.command("nft", "get", "element", "inet", "ipsd", name, f"{{ {address} }}"),
                             capture_output=True, text=True, check=False)
        if got.returncode == 0:
            left = got.stdout.split("expires ")[1].split()[0]
            found[address] = now + seconds(left)
    return found


def seconds(text):
    """Of nft's `1h59m58s120ms`."""
    total, number = 0, ""
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    while text:
        digits = len(text) - len(text.lstrip("0123456789"))
        number, text = text[:digits], text[digits:]
        letters = len(text) - len(text.lstrip("dhms"))
        unit, text = text[:letters], text[letters:]
        total += int(number) * units[unit]
    return total


def test_other_blocks_keep_their_time(cable, blocking):
    daemon = blocking
    assert daemon.ctl("ban", OTHER, "--for", "30m").code == 0
    assert not cable.passes(OTHER)
    before = ends(cable.server)
    cable.server.nft("delete element inet ipsd all4_32 { 198.51.100.7 }")
    transactions = metric(daemon, "ipsd_kernel_transactions_total")
    until(lambda: not cable.passes(BAD), "the block", WITHIN)
    until(lambda: count(daemon, "put_back") == 1, "the count")
    after = ends(cable.server)
    assert before.keys() == after.keys() and all(abs(before[a] - after[a]) < 0.6 for a in before)
    assert metric(daemon, "ipsd_kernel_transactions_total") <= transactions + 1
    assert count(daemon, "mends") == 0


def metric(daemon, name):
    [value] = [row.split()[1] for row in daemon.ctl("metrics").out.splitlines() if row.startswith(name + " ")]
    return float(value)


def test_a_time_that_was_changed_is_set_right(cable, blocking):
    before = ends(cable.server)
    cable.server.nft("delete element inet ipsd all4_32 { 198.51.100.7 }\nadd element inet ipsd all4_32 { 198.51.100.7 timeout 5d }")
    until(lambda: abs(ends(cable.server).get(BAD, 0) - before[BAD]) < 0.6, "the old end")
    assert not cable.passes(BAD)


def test_what_nobody_blocked_here_is_taken_out_and_told(cable, blocking):
    daemon = blocking
    cable.server.nft(f"add element inet ipsd all4_32 {{ {OTHER} timeout 1h }}")
    until(lambda: cable.passes(OTHER), "the foreign element", WITHIN)
    assert blocks_all(cable)
    until(lambda: count(daemon, "taken_out") == 1, "the count")
    assert metric(daemon, "ipsd_kernel_taken_out_total") == 1
    assert f"ipsctl ban {OTHER}" in daemon.words()
    assert "nobody had blocked" in daemon.ctl("status").out


def test_an_element_that_no_packet_can_meet_harms_nobody(cable, blocking):
    """Our sets of networks are looked up under a mask; who puts an address into one errs."""
    assert blocking.ctl("ban", "203.0.113.0/24", "--for", "1h").code == 0
    cable.server.nft("add element inet ipsd all4_24 { 198.51.100.9 }")
    assert blocking.ctl("verify").code == 0
    assert blocking.process.poll() is None and cable.passes("198.51.100.9")


def test_while_observing_nobody_else_blocks_through_our_sets(cable, blocking):
    daemon = blocking
    assert daemon.ctl("observe").code == 0
    until(lambda: cable.passes(BAD), "the lift")
    mends = metric(daemon, "ipsd_kernel_transactions_total")
    cable.server.nft(f"add element inet ipsd all4_32 {{ {OTHER} timeout 1h }}")
    until(lambda: cable.passes(OTHER), "the foreign element", WITHIN)
    until(lambda: count(daemon, "taken_out") == 1, "the count")
    assert metric(daemon, "ipsd_kernel_transactions_total") <= mends + 1
    assert daemon.ctl("enforce").code == 0
    until(lambda: blocks_all(cable), "the blocks")


def test_the_start_leaves_what_stands_and_takes_out_what_should_not(cable, blocking):
    daemon = blocking
    daemon.stop()
    before = ends(cable.server)
    cable.server.nft(f"add element inet ipsd all4_32 {{ {OTHER} timeout 1h }}")
    daemon.start()
    until(lambda: cable.passes(OTHER), "the foreign element")
    after = ends(cable.server)
    assert before.keys() == after.keys() and all(abs(before[a] - after[a]) < 0.6 for a in before)
    assert blocks_all(cable) and count(daemon, "put_back") == 0


def test_tables_of_others_stay_as_they_are(cable, blocking):
    daemon = blocking
    cable.server.nft(FIREWALLD_AND_DOCKER)
    until(lambda: count(daemon, "foreign_changes") >= 1, "the change")
    others = ruleset_without_ours(cable.server)
    cable.server.nft("delete table inet ipsd")
    until(lambda: blocks_all(cable), "all blocks", WITHIN)
    assert ruleset_without_ours(cable.server) == others and count(daemon, "mends") == 1
    cable.server.nft("delete table ip nat")
    until(lambda: count(daemon, "foreign_changes") >= 3, "the change")
    assert blocks_all(cable) and count(daemon, "mends") == 1


# ---- storms -------------------------------------------------------------------------------------------


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def block_2000(daemon):
    for first in (0, 4):
        assert daemon.ctl("ban", *(f"198.51.{first + i}.{j}" for i in range(4) for j in range(1, 251)), "--for", "1h").code == 0
    until(daemon.settled, "the kernel")


@contextlib.contextmanager
def conversation(ns):
    """An nft that takes a command at a time: a transaction each."""
    nft = subprocess.Popen(ns.command("nft", "-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    yield nft.stdin
    nft.stdin.close()
    assert nft.wait(60) == 0


def test_after_an_observation_a_removed_element_is_back_as_soon(cable, blocking):
    """However long ago the last look was."""
    daemon = blocking
    assert daemon.ctl("ban", OTHER, "--for", "3s").code == 0
    until(lambda: not daemon.is_blocked(OTHER), "the end of a block")
    assert daemon.ctl("observe").code == 0 and daemon.ctl("enforce").code == 0
    until(lambda: daemon.settled() and blocks_all(cable), "the blocks")
    cable.server.nft(f"delete element inet ipsd all4_32 {{ {BAD} }}")
    until(lambda: not cable.passes(BAD), "the block", WITHIN)


def test_a_single_change_waits_for_no_share_of_the_time(cable, daemon):
    """The restore of many blocks takes longer than a look at them, and is not counted; nor does the second change wait."""
    ban_many(daemon, MANY)
    until(daemon.settled, "the kernel")
    began = time.monotonic()
    cable.server.nft("delete table inet ipsd")
    until(lambda: count(daemon, "mends") and daemon.settled(), "the kernel")
    restore = time.monotonic() - began
    for _ in range(2):
        began = time.monotonic()
        cable.server.nft("delete element inet ipsd all4_32 { 198.18.0.0 }")
        until(lambda: not cable.passes("198.18.0.0"), "the block")
        assert time.monotonic() - began < restore


def test_a_storm_of_changes_does_not_make_us_spin(cable, daemon):
    block_2000(daemon)
    cable.server.nft("add table ip storm")
    processes = [daemon.process.pid, *daemon.children("ipsd: enforcer")]
    before, began = sum(map(cpu_s, processes)), time.monotonic()
    with conversation(cable.server) as nft:
        for i in range(1000):
            nft.write(f"add chain ip storm c{i}\n" + ("delete table inet ipsd\n" if i % 10 == 0 else ""))
    took = time.monotonic() - began
    until(lambda: cable.probe(["198.51.1.7", "198.51.7.250", GOOD]) == {GOOD}, "the blocks", WITHIN)
    until(daemon.settled, "the kernel")
    used = sum(map(cpu_s, processes)) - before
    assert daemon.ctl("verify").code == 0
    assert count(daemon, "foreign_changes") >= 900
    assert 1 <= count(daemon, "mends") <= 100
    assert used < 0.5 * took + 1, (used, took)


def test_what_stands_still_costs_a_storm_of_others_little(cable, daemon):
    block_2000(daemon)
    cable.server.nft("add table ip storm")
    processes = [daemon.process.pid, *daemon.children("ipsd: enforcer")]
    before, began = sum(map(cpu_s, processes)), time.monotonic()
    with conversation(cable.server) as nft:
        for i in range(1000):
            nft.write(f"add chain ip storm c{i}\n")
    took = time.monotonic() - began
    used = sum(map(cpu_s, processes)) - before
    until(lambda: count(daemon, "foreign_changes") >= 900, "the last change")
    state = kernel(daemon)
    assert (state["mends"], state["put_back"], state["taken_out"]) == (0, 0, 0)
    assert used < 0.3 * took + 0.2, (used, took)


# ---- whose change it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapper", [(), ("unshare", "--user", "--map-root-user", "--net"),
                                     ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")],
                         ids=["here", "user namespace", "user and pid namespace"])
def test_our_own_changes_are_known_as_ours(start, wrapper):
    e = start("--scope=dns:udp:53-53", wrapper=wrapper)
    assert e.many(1000)["refused"] == 0
    assert e.hold("203.0.113.0/24") == 0 and e.hold("203.0.113.9/32", scope=1) == 0
    e.say("plan", "--never=198.51.100.9/32", "--scope=web:tcp:80-80")
    assert e.expect("planned")["error"] == 0
    e.release_all()
    assert e.hold("203.0.113.9/32") == 0
    state = e.state()
    assert (state["foreign"], state["mends"], state["failed"]) == (0, 0, 0)


def test_changes_by_others_are_told_whoever_they_are(cable, start):
    e = start()
    cable.server.nft("add table ip somebody")
    e.expect("foreign", broken="")
    assert e.state()["foreign"] == 1


def test_elements_are_told_up_to_a_bound(start):
    e = start()
    e.many(300)
    assert e.hold("203.0.113.0/24", "never") == 0
    e.say("list", 1000)
    e.expect("listed", error=0)
    found = {said["found"] for said in e.told if "found" in said}
    assert len(found) == 301 and "203.0.113.0/24" in found
    e.told.clear()
    e.say("list", 300)
    assert e.expect("listed")["error"] != 0 and not any("found" in said for said in e.told)
    assert e.hold("203.0.113.9/32") == 0


# ---- what the kernel refuses --------------------------------------------------------------------------


def test_a_table_that_is_another_process_s_is_loud_until_it_is_ours_again(cable, blocking):
    daemon = blocking
    with conversation(cable.server) as nft:
        nft.write("delete table inet ipsd; add table inet ipsd { flags owner; }\n")
        nft.flush()
        until(lambda: daemon.ctl("status").code == 1, "the alarm")
        said = daemon.ctl("status").out
        assert "the kernel does not block" in said and "Operation not permitted" in said and "next: " in said
        assert "cannot be made again" in daemon.words()
        assert metric(daemon, "ipsd_kernel_agrees") == 0
        daemon.ctl("ban", OTHER, "--for", "1h")
        until(lambda: "the kernel refused" in daemon.words(), "the refusal")
    until(lambda: blocks_all(cable) and not cable.passes(OTHER), "the blocks")
    until(lambda: daemon.ctl("status").code == 0, "the end of the alarm")
    assert metric(daemon, "ipsd_kernel_agrees") == 1 and metric(daemon, "ipsd_kernel_refused_total") >= 1


def test_a_refused_element_is_retried_and_told(cable, blocking):
    daemon = blocking
    [enforcer] = daemon.children("ipsd: enforcer")
    os.kill(enforcer, signal.SIGSTOP)
    cable.server.nft("""
        flush chain inet ipsd bans
        delete set inet ipsd all4_32
        add set inet ipsd all4_32 { type ipv4_addr; flags timeout; size 1; }
    """)
    with daemon.asking("ban", OTHER, "198.51.100.9", "--for", "1h"):
        until(lambda: kernel(daemon)["pending"] >= 2, "the wishes")
        os.kill(enforcer, signal.SIGCONT)
        until(lambda: "the kernel refused: blocking 198.51.100" in daemon.words(), "the refusal")
        until(lambda: cable.probe([BAD, OTHER, "198.51.100.9", GOOD]) == {GOOD}, "the blocks")
    until(lambda: daemon.ctl("status").code == 0, "the end of the alarm")
    assert metric(daemon, "ipsd_kernel_refused_total") >= 1 and blocks_all(cable)
    assert "the kernel takes what it had refused" in daemon.words()
