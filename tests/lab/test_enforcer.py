# SPDX-License-Identifier: MIT
"""What the enforcer does with real packets: who is cut off, who is not, and for how long."""
import errno
import os
import random
import signal
import socket
import struct

import pytest

import netns
from netns import FRIEND, SERVER, until


# --- Who is cut off --------------------------------------------------------------------------------

@pytest.mark.parametrize("prefix, inside, outside", [
    ("203.0.113.9/32", ["203.0.113.9"], ["203.0.113.8", "203.0.113.10"]),
    ("203.0.113.8/31", ["203.0.113.8", "203.0.113.9"], ["203.0.113.7", "203.0.113.10"]),
    ("198.51.100.0/24", ["198.51.100.0", "198.51.100.77", "198.51.100.255"],
     ["198.51.99.255", "198.51.101.0"]),
    ("198.51.128.0/17", ["198.51.128.0", "198.51.255.255"], ["198.51.127.255", "198.52.0.0"]),
    ("100.0.0.0/8", ["100.0.0.0", "100.255.255.255"], ["99.255.255.255", "101.0.0.0"]),
    ("64.0.0.0/2", ["64.0.0.1", "126.255.255.255"], ["63.255.255.255", "128.0.0.1"]),
    ("2001:db8:a::/64", ["2001:db8:a::1", "2001:db8:a::ffff:ffff:ffff:ffff"],
     ["2001:db8:9:ffff:ffff:ffff:ffff:ffff", "2001:db8:a:1::"]),
    ("2001:db8:b::9/128", ["2001:db8:b::9"], ["2001:db8:b::8", "2001:db8:b::a"]),
    ("2001:db8:b::/48", ["2001:db8:b::1", "2001:db8:b:ffff:ffff:ffff:ffff:ffff"],
     ["2001:db8:a:ffff:ffff:ffff:ffff:ffff", "2001:db8:c::"]),
    ("2001:db8:b:8000::/49", ["2001:db8:b:8000::", "2001:db8:b:ffff::1"], ["2001:db8:b:7fff::1"]),
])
def test_a_prefix_is_cut_off_from_first_to_last_address_and_no_further(cable, start, prefix, inside,
                                                                       outside):
    e = start()
    everyone = inside + outside
    assert cable.probe(everyone) == set(everyone)
    assert e.hold(prefix) == 0
    assert cable.probe(everyone) == set(outside)
    assert e.release(prefix) == 0
    assert cable.probe(everyone) == set(everyone)


def test_prefixes_of_several_lengths_hold_side_by_side_and_apart(cable, start):
    e = start()
    assert e.hold("198.51.100.0/24") == 0
    assert e.hold("198.51.100.7/32") == 0
    assert e.release("198.51.100.0/24") == 0
    assert cable.probe(["198.51.100.7", "198.51.100.8"]) == {"198.51.100.8"}


def test_a_scope_cuts_off_its_ports_alone(cable, start):
    e = start("--scope=dns:udp:50-60", "--scope=mail:tcp:25-25")
    assert e.hold("203.0.113.9/32", scope=1) == 0
    assert not cable.passes("203.0.113.9", 50)
    assert not cable.passes("203.0.113.9", 60)
    assert cable.passes("203.0.113.9", 49)
    assert cable.passes("203.0.113.9", 61)
    assert e.hold("203.0.113.10/32", scope=2) == 0
    assert cable.passes("203.0.113.10", 25), "udp is not tcp"
    mail, other = cable.server.listen(SERVER[4], 25), cable.server.listen(SERVER[4], 26)
    blocked = cable.attacker.start_connect("203.0.113.10", SERVER[4], 25)
    with cable.attacker.connect("203.0.113.10", SERVER[4], 26), \
            cable.attacker.connect(FRIEND[4], SERVER[4], 25):
        assert not netns.is_connected(blocked)
    for s in (mail, other, blocked):
        s.close()


def test_a_scope_whose_name_is_a_number_has_a_set_that_nft_takes(cable, start):
    e = start("--scope=53_1:udp:53-53")
    assert e.hold("203.0.113.9/32", scope=1) == 0
    assert cable.probe(["203.0.113.9", "203.0.113.10"], 53) == {"203.0.113.10"}
    assert cable.passes("203.0.113.9", 54)


def test_never_block_is_a_hole_in_a_banned_network(cable, start):
    e = start("--never=198.51.100.64/28", "--never=198.51.100.72/32", "--never=2001:db8:a::/48")
    assert e.hold("198.51.100.0/24") == 0
    assert cable.probe(["198.51.100.63", "198.51.100.64", "198.51.100.72", "198.51.100.79",
                        "198.51.100.80"]) == {"198.51.100.64", "198.51.100.72", "198.51.100.79"}
    assert e.hold("2001:db8:a::/47") == 0
    assert cable.probe(["2001:db8:a::1", "2001:db8:b::1"]) == {"2001:db8:a::1"}


def test_the_enforcer_itself_refuses_what_is_on_never_block(cable, start):
    e = start("--never=198.51.100.64/28", "--never=2001:db8:a::/48")
    assert e.hold("198.51.100.72/32") == errno.EACCES
    assert e.hold("2001:db8:a:1::/64") == errno.EACCES
    assert "198.51.100.72" in e.state()["last_error"] or "2001:db8" in e.state()["last_error"]
    assert not e.ask("198.51.100.72/32")["held"]
    assert cable.passes("198.51.100.72")
    state = e.state()
    assert (state["failed"], state["done"], state["elements"]) == (2, 0, 0)
    assert e.release("198.51.100.72/32") == 0, "letting go is never refused"


# --- Which packets -----------------------------------------------------------------------------------

def test_an_established_connection_stops_and_goes_on_when_it_is_let_in_again(cable, start):
    e = start()
    door = cable.server.listen(SERVER[4], 25)
    client = cable.attacker.connect("203.0.113.9", SERVER[4], 25)
    served = door.accept()[0]
    client.send(b"before")
    assert served.recv(100) == b"before"
    assert e.hold("203.0.113.9/32") == 0
    client.send(b"during")
    assert cable.passes("203.0.113.10")
    served.setblocking(False)
    with pytest.raises(BlockingIOError):
        served.recv(100)
    assert e.release("203.0.113.9/32") == 0
    served.settimeout(netns.PATIENCE)
    assert served.recv(100) == b"during"


@pytest.mark.parametrize("host, prefix", [("203.0.113.9", "203.0.113.9/32"),
                                          ("203.0.113.9", "203.0.113.0/24"),
                                          ("2001:db8:a::9", "2001:db8:a::/64"),
                                          (FRIEND[6], "2001:db8:77::2/128")])
def test_our_own_connection_to_a_banned_host_works(cable, start, host, prefix):
    e = start()
    theirs = cable.attacker.listen(host, 25)
    cable.server.run("ip", "neigh", "flush", "all")
    assert e.hold(prefix) == 0
    ours = cable.server.connect(SERVER[netns.family(host)], host, 25)
    accepted = theirs.accept()[0]
    ours.send(b"HELO")
    assert accepted.recv(100) == b"HELO"
    accepted.send(b"250 hello")
    assert ours.recv(100) == b"250 hello"


def test_with_direction_both_our_own_connection_is_cut_too(cable, start):
    e = start("--both")
    theirs = cable.attacker.listen("203.0.113.9", 25)
    assert e.hold("203.0.113.9/32") == 0
    ours = cable.server.start_connect(SERVER[4], "203.0.113.9", 25)
    assert cable.probe([FRIEND[4], "203.0.113.9"]) == {FRIEND[4]}, "later than the answer"
    assert not netns.is_connected(ours)
    assert e.release("203.0.113.9/32") == 0
    until(lambda: netns.is_connected(ours), "the answer to be sent again")
    assert theirs.accept()[0]


@pytest.mark.parametrize("options", [(), ("--both",)])
def test_what_the_host_says_to_itself_is_never_dropped(cable, start, options):
    e = start(*options)
    for prefix in ("127.0.0.0/8", f"{SERVER[4]}/32", "::1/128", f"{SERVER[6]}/128"):
        assert e.hold(prefix) == 0
    for address in ("127.0.0.1", SERVER[4], "::1", SERVER[6]):
        door = cable.server.listen(address, 2525)
        with cable.server.connect(address, address, 2525) as client, door.accept()[0] as served:
            client.send(b"to myself")
            assert served.recv(100) == b"to myself"
        door.close()


def segment(source, target, port):
    """A TCP segment with nothing but ACK set, out of the blue."""
    head = struct.pack("!HHIIBBHHH", 40000, port, 1000, 1000, 5 << 4, 0x10, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(head))
    total = sum(struct.unpack(f"!{len(pseudo + head) // 2}H", pseudo + head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return head[:16] + struct.pack("!H", ~total & 0xffff) + head[18:]


def resets(ns):
    """How many RST the namespace has sent."""
    lines = [line.split() for line in ns.run("cat", "/proc/net/snmp").splitlines() if "Tcp:" in line]
    return int(lines[1][lines[0].index("OutRsts")])


def test_packets_that_belong_to_no_known_connection_stop_too(cable, start):
    e = start()
    cable.server.sysctl("net.netfilter.nf_conntrack_tcp_loose", 0)
    raw = cable.attacker.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    netns.transparent(raw)
    raw.bind(("203.0.113.9", 0))
    for banned in (False, True):
        if banned:
            assert e.hold("203.0.113.9/32") == 0
        before = resets(cable.server)
        raw.sendto(segment("203.0.113.9", SERVER[4], 25), (SERVER[4], 0))
        assert cable.passes(FRIEND[4])
        assert resets(cable.server) - before == (0 if banned else 1)
    raw.close()


def test_untracked_packets_stop_too(cable, start):
    e = start()
    cable.server.nft("""
        add table inet bypass
        add chain inet bypass pre { type filter hook prerouting priority raw; }
        add rule inet bypass pre udp dport 53 notrack
    """)
    assert e.hold("203.0.113.9/32") == 0
    assert cable.probe(["203.0.113.9", "203.0.113.10"]) == {"203.0.113.10"}


def test_reject_says_so_and_drop_wins_over_it(cable, start):
    e = start("--scope=no:tcp:0-0:reject", "--scope=mail:tcp:25-25:reject")
    door = cable.server.listen(SERVER[4], 25)
    for scope in (1, 2):
        assert e.hold("203.0.113.9/32", scope=scope) == 0
        with pytest.raises(ConnectionRefusedError):
            cable.attacker.connect("203.0.113.9", SERVER[4], 25)
        assert e.release("203.0.113.9/32", scope=scope) == 0
    assert e.hold("203.0.113.9/32", scope=1) == 0
    assert not cable.passes("203.0.113.9")
    assert e.hold("203.0.113.9/32", scope=0) == 0
    silent = cable.attacker.start_connect("203.0.113.9", SERVER[4], 25)
    assert cable.passes(FRIEND[4])
    assert not netns.is_connected(silent)
    silent.close()
    door.close()


# --- For how long ------------------------------------------------------------------------------------

def test_a_ban_ends_by_itself(cable, start):
    e = start()
    assert e.hold("203.0.113.9/32", 0.5) == 0
    assert not cable.passes("203.0.113.9")
    until(lambda: not e.ask("203.0.113.9/32")["held"], "the end of the ban")
    assert cable.passes("203.0.113.9")
    assert e.release("203.0.113.9/32") == 0, "what has ended may still be let go"


def test_a_renewal_makes_it_longer_or_shorter_and_no_packet_slips_through(cable, start):
    e = start()
    for seconds in (100, 1000, 10):
        assert e.hold("203.0.113.9/32", seconds) == 0
        assert seconds - 5 < e.ask("203.0.113.9/32")["left"] <= seconds
    e.say("quiet")
    for i in range(50):
        e.say("hold", "203.0.113.9/32", 0, 100 + i)
        assert not cable.passes("203.0.113.9")
    e.say("hold", "203.0.113.9/32", 0, "never")
    assert e.ask("203.0.113.9/32")["left"] is None
    assert (e.state()["failed"], e.state()["elements"]) == (0, 1)


def test_of_many_wishes_about_one_address_at_once_the_last_one_stands(start):
    e = start()
    os.kill(e.enforcer_pid, signal.SIGSTOP)
    for i in range(200):
        e.say("hold", "203.0.113.9/32", 0, 1000 + i)
        e.say("hold", "203.0.113.8/32", 0, 1000 + i)
    e.say("release", "203.0.113.8/32", 0)
    assert e.state()["pending"] == 401
    os.kill(e.enforcer_pid, signal.SIGCONT)
    assert 1150 < e.ask("203.0.113.9/32")["left"] <= 1199
    assert not e.ask("203.0.113.8/32")["held"]
    state = e.state()
    assert (state["done"], state["failed"], state["elements"]) == (401, 0, 1)


@pytest.mark.parametrize("seconds", ["never", 20 * 365 * 86400, 9e11])
def test_an_end_beyond_ten_years_is_none_for_the_kernel(start, seconds):
    e = start()
    assert e.hold("203.0.113.9/32", seconds) == 0
    answer = e.ask("203.0.113.9/32")
    assert answer["held"] and answer["left"] is None


def test_a_hold_whose_end_is_over_lets_go(start):
    e = start()
    assert e.hold("203.0.113.9/32") == 0
    assert e.hold("203.0.113.9/32", -1) == 0
    assert not e.ask("203.0.113.9/32")["held"]


def test_many_wishes_about_few_prefixes_end_as_the_last_one_said(start):
    e = start("--scope=dns:udp:53-53")
    dice = random.Random(20250101)
    prefixes = [f"10.{i}.0.0/{length}" for i in range(10) for length in (16, 24, 32)] + \
        [f"2001:db8:{i}::/{length}" for i in range(1, 10) for length in (48, 64, 128)]
    last = {}
    e.say("quiet")
    for _ in range(6000):
        wish = (dice.choice(prefixes), dice.randrange(2))
        last[wish] = dice.choice([None, "never", 100, 1000, 10000])
        if last[wish] is None:
            e.say("release", *wish)
        else:
            e.say("hold", *wish, last[wish])
    until(lambda: e.state()["pending"] == 0, "all fates")
    state = e.state()
    assert (state["done"], state["failed"]) == (6000, 0)
    assert state["elements"] == sum(value is not None for value in last.values())
    for (prefix, scope), value in last.items():
        answer = e.ask(prefix, scope)
        assert answer["held"] == (value is not None), prefix
        if value == "never":
            assert answer["left"] is None
        elif value:
            assert value - 60 < answer["left"] <= value, prefix


# --- What it says ------------------------------------------------------------------------------------

def test_it_counts_the_packets_that_it_drops_and_no_others(cable, start):
    e = start("--counters", "--scope=dns:udp:53-53")
    assert e.hold("203.0.113.0/24", scope=1) == 0
    for i in range(5):
        assert not cable.passes(f"203.0.113.{i}", 53)
        assert cable.passes(f"203.0.113.{i}", 54)
    answer = e.ask("203.0.113.0/24", scope=1)
    assert answer["packets"] == 5 and answer["bytes"] > 5 * 28
    assert not e.ask("203.0.113.0/24", scope=0)["held"]


def test_a_renewal_goes_on_counting_and_a_ban_after_a_lift_begins_at_zero(cable, start):
    e = start("--counters")
    assert e.hold("203.0.113.9/32", 100) == 0
    dropped = 0
    for seconds in (1000, 10, "never", 500):
        for _ in range(3):
            assert not cable.passes("203.0.113.9")
        dropped += 3
        before = e.ask("203.0.113.9/32")
        assert e.hold("203.0.113.9/32", seconds) == 0
        after = e.ask("203.0.113.9/32")
        assert before["packets"] == after["packets"] == dropped
        assert before["bytes"] == after["bytes"] > dropped * 28
        assert after["left"] is None if seconds == "never" else seconds - 5 < after["left"] <= seconds
    assert e.release("203.0.113.9/32") == e.hold("203.0.113.9/32") == 0
    assert e.ask("203.0.113.9/32")["packets"] == 0
    assert not cable.passes("203.0.113.9")
    assert e.ask("203.0.113.9/32")["packets"] == 1


def test_the_count_outlives_the_process_that_held_it(cable, start):
    e = start("--counters")
    assert e.hold("203.0.113.9/32", 100) == e.hold("203.0.113.8/32", "never") == 0
    for address in ("203.0.113.9", "203.0.113.8"):
        assert not cable.passes(address)
    e.kill_enforcer()
    e.expect("ready", restarted=True)
    assert e.hold("203.0.113.9/32", 1000) == e.hold("203.0.113.8/32", "never") == 0
    for address in ("203.0.113.9", "203.0.113.8"):
        assert not cable.passes(address)
        assert e.ask(f"{address}/32")["packets"] == 2


def test_what_stands_as_it_is_wished_costs_no_transaction(start):
    e = start()
    assert e.hold("203.0.113.9/32", "never") == e.hold("2001:db8:a::/64", "never") == 0
    before = e.state()["transactions"]
    assert e.hold("203.0.113.9/32", "never") == e.hold("2001:db8:a::/64", "never") == 0
    assert e.state()["transactions"] == before
    assert e.hold("203.0.113.9/32", 600) == 0
    assert e.state()["transactions"] == before + 1


def test_ten_thousand_holds_are_quick_and_all_there(cable, start):
    e = start()
    assert e.many(10000)["us"] < 5_000_000
    assert e.state()["elements"] == 10000
    everyone = [f"10.128.{i // 256}.{i % 256}" for i in (0, 1, 255, 5000, 9999, 10000)]
    assert cable.probe(everyone) == {everyone[-1]}
    assert e.many(10000)["refused"] == 0, "all renewed"
    assert e.state()["elements"] == 10000


def test_letting_all_go_at_once(cable, start):
    e = start("--scope=dns:udp:53-53")
    e.many(5000)
    assert e.hold("203.0.113.0/24", scope=1) == 0
    e.release_all()
    assert e.state()["elements"] == 0
    everyone = ["10.128.0.0", "10.128.19.135", "203.0.113.9"]
    assert cable.probe(everyone) == set(everyone)
    assert e.hold("203.0.113.9/32") == 0
    assert e.hold("203.0.113.0/24", scope=1) == 0
    assert cable.probe(["203.0.113.9", "203.0.113.10"]) == set()
    assert cable.passes("203.0.113.10", 54)


def test_other_tables_are_left_alone(cable, start):
    cable.server.nft("""
        add table inet firewalld
        add chain inet firewalld input { type filter hook input priority filter; policy accept; }
        add set inet firewalld bad { type ipv4_addr; flags interval; elements = { 192.0.2.64/26 }; }
        add rule inet firewalld input ip saddr @bad drop
        add table ip docker
        add chain ip docker pre { type nat hook prerouting priority dstnat; }
        add rule ip docker pre tcp dport 8080 redirect to :80
    """)

    def others():
        return [cable.server.run("nft", "-a", "list", "table", *table)
                for table in (("inet", "firewalld"), ("ip", "docker"))]

    before = others()
    e = start("--scope=mail:tcp:25-25")
    for prefix in ("203.0.113.9/32", "198.51.100.0/24", "2001:db8:a::/64"):
        assert e.hold(prefix) == 0
    e.release_all()
    e.stop()
    assert others() == before
