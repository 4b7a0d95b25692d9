# SPDX-License-Identifier: MIT
"""Connections that stand when a ban comes: what a banned address began stops, what we began goes on.

The server forwards for a container: its port 80 is published as the server's 8080, and what it
begins itself leaves with the server's address. First the enforcer alone, then ipsd as a whole.
"""
import pytest

import netns
from netns import FRIEND, SERVER, Pair, until

CONTAINER = {4: "172.30.0.2", 6: "fd00:30::2"}
BRIDGE = {4: "172.30.0.1", 6: "fd00:30::1"}
BANNED = {4: "203.0.113.9", 6: "2001:db8:a::9"}
NETWORK = {4: "203.0.113.0/24", 6: "2001:db8:a::/64"}


@pytest.fixture
def container(cable):
    """A host behind the server."""
    made = netns.Netns("container")
    cable.server.run("ip", "link", "add", "bridge", "type", "veth", "peer", "name", "eth0", "netns", made.name)
    for ns, device, own, length in ((cable.server, "bridge", BRIDGE, "24 64"), (made, "eth0", CONTAINER, "24 64")):
        for version, bits in zip((4, 6), length.split()):
            nodad = ["nodad"] if version == 6 else []
            ns.run("ip", "addr", "add", f"{own[version]}/{bits}", "dev", device, *nodad)
        ns.run("ip", "link", "set", device, "up")
    made.run("ip", "route", "add", "default", "via", BRIDGE[4])
    made.run("ip", "-6", "route", "add", "default", "via", BRIDGE[6])
    cable.server.sysctl("net.ipv4.ip_forward", 1)
    cable.server.sysctl("net.ipv6.conf.all.forwarding", 1)
    cable.server.nft(f"""
        add table inet docker
        add chain inet docker pre {{ type nat hook prerouting priority dstnat; }}
        add rule inet docker pre iifname wire tcp dport 8080 dnat ip to {CONTAINER[4]}:80
        add rule inet docker pre iifname wire tcp dport 8080 dnat ip6 to [{CONTAINER[6]}]:80
        add chain inet docker post {{ type nat hook postrouting priority srcnat; }}
        add rule inet docker post oifname wire ip saddr 172.30.0.0/24 masquerade
        add rule inet docker post oifname wire ip6 saddr fd00:30::/64 masquerade
    """)
    yield made
    made.close()


def notrack(cable):
    cable.server.nft("""
        add table inet bypass
        add chain inet bypass pre { type filter hook prerouting priority raw; }
        add rule inet bypass pre tcp dport 25 notrack
        add chain inet bypass out { type filter hook output priority raw; }
        add rule inet bypass out tcp sport 25 notrack
    """)


def stops(pair, friend):
    """The client goes on sending, and none of it arrives, while a friend's later packets do."""
    pair.client.sendall(b"during")
    friend.carry(b"friend")
    pair.served.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.served.recv(100)
    pair.served.settimeout(netns.PATIENCE)


def is_cut_and_comes_back(e, version, pair, friend):
    """In the middle of a transfer, and after the ban its rest arrives."""
    for _ in range(20):
        pair.carry(b"x" * 1000)
    assert e.hold(f"{BANNED[version]}/{32 if version == 4 else 128}") == 0
    stops(pair, friend)
    assert e.release(f"{BANNED[version]}/{32 if version == 4 else 128}") == 0
    assert Pair.receive(pair.served, 6) == b"during"
    assert e.hold(NETWORK[version]) == 0
    stops(pair, friend)


# --- What a banned address began stops -----------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 6])
def test_a_transfer_to_a_local_service_stops(cable, start, sockets, version):
    e = start()
    door = sockets(cable.server.listen(SERVER[version], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 25), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[version], SERVER[version], 25), door)
    is_cut_and_comes_back(e, version, pair, friend)


@pytest.mark.parametrize("version", [4, 6])
def test_a_transfer_through_a_published_port_stops(cable, container, start, sockets, version):
    e = start()
    door = sockets(container.listen(CONTAINER[version], 80))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 8080), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[version], SERVER[version], 8080), door)
    is_cut_and_comes_back(e, version, pair, friend)


def test_a_ban_on_ports_means_those_that_the_client_dialled(cable, container, start, sockets):
    e = start("--scope=inner:tcp:80-80", "--scope=outer:tcp:8080-8080")
    door = sockets(container.listen(CONTAINER[4], 80))
    pair = Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], 8080), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[4], SERVER[4], 8080), door)
    assert e.hold(f"{BANNED[4]}/32", scope=1) == 0
    pair.carry(b"not the container's port")
    assert e.hold(f"{BANNED[4]}/32", scope=2) == 0
    stops(pair, friend)


@pytest.mark.parametrize("version", [4, 6])
def test_a_forwarded_transfer_stops(cable, container, start, sockets, version):
    e = start()
    door = sockets(container.listen(CONTAINER[version], 80))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], CONTAINER[version], 80), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[version], CONTAINER[version], 80), door)
    is_cut_and_comes_back(e, version, pair, friend)


@pytest.mark.parametrize("version", [4, 6])
def test_an_untracked_transfer_stops(cable, start, sockets, version):
    e = start()
    notrack(cable)
    door = sockets(cable.server.listen(SERVER[version], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 25), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[version], SERVER[version], 25), door)
    is_cut_and_comes_back(e, version, pair, friend)


# --- What we begin goes on -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 6])
def test_a_mail_that_we_are_sending_is_delivered(cable, start, sockets, version):
    e = start()
    door = sockets(cable.attacker.listen(BANNED[version], 25))
    before = Pair(sockets, cable.server.connect(SERVER[version], BANNED[version], 25), door)
    before.carry(b"EHLO")
    assert e.hold(NETWORK[version]) == 0
    before.answer(b"250 hello")
    before.carry(b"DATA")
    after = Pair(sockets, cable.server.connect(SERVER[version], BANNED[version], 25), door)
    after.carry(b"EHLO")
    after.answer(b"250 hello")


def ask_resolver(cable, sockets, version, port):
    """The socket on which an answer comes, once it is on its way."""
    resolver = sockets(cable.attacker.datagrams(BANNED[version], 53))
    asks = sockets(cable.server.datagrams(SERVER[version], port))
    asks.sendto(b"question", (BANNED[version], 53))
    question, sender = resolver.recvfrom(100)[0], (SERVER[version], port)
    assert question == b"question"
    resolver.sendto(b"answer", sender)
    return asks


@pytest.mark.parametrize("version", [4, 6])
def test_our_resolver_in_a_banned_network_answers(cable, start, sockets, version):
    e = start()
    assert e.hold(NETWORK[version]) == 0
    assert ask_resolver(cable, sockets, version, 40053).recv(100) == b"answer"
    assert not cable.passes(BANNED[version]), "what it begins itself does not arrive"


@pytest.mark.parametrize("version", [4, 6])
def test_what_a_container_begins_works(cable, container, start, sockets, version):
    e = start()
    assert e.hold(NETWORK[version]) == 0
    door = sockets(cable.attacker.listen(BANNED[version], 443))
    pair = Pair(sockets, container.connect(CONTAINER[version], BANNED[version], 443), door)
    assert pair.served.getpeername()[0] == SERVER[version]
    pair.carry(b"GET")
    pair.answer(b"200 OK")


# --- direction = both ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 6])
def test_with_direction_both_a_delivery_under_way_stops(cable, start, sockets, version):
    e = start("--both")
    door = sockets(cable.attacker.listen(BANNED[version], 25))
    pair = Pair(sockets, cable.server.connect(SERVER[version], BANNED[version], 25), door)
    pair.carry(b"EHLO")
    assert e.hold(NETWORK[version]) == 0
    pair.served.sendall(b"250 hello")
    assert cable.passes(FRIEND[version])
    pair.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.client.recv(100)


@pytest.mark.parametrize("version", [4, 6])
def test_with_direction_both_no_answer_of_a_resolver_comes_in(cable, start, sockets, version):
    e = start("--both")
    assert e.hold(NETWORK[version]) == 0
    asks = ask_resolver(cable, sockets, version, 40053)
    assert cable.passes(FRIEND[version])
    asks.setblocking(False)
    with pytest.raises(BlockingIOError):
        asks.recv(100)


@pytest.mark.parametrize("version", [4, 6])
def test_with_direction_both_what_a_container_begins_is_cut(cable, container, start, sockets, version):
    e = start("--both")
    door = sockets(cable.attacker.listen(BANNED[version], 443))
    pair = Pair(sockets, container.connect(CONTAINER[version], BANNED[version], 443), door)
    friend_door = sockets(cable.attacker.listen(FRIEND[version], 443))
    friend = Pair(sockets, container.connect(CONTAINER[version], FRIEND[version], 443), friend_door)
    pair.answer(b"before")
    assert e.hold(NETWORK[version]) == 0
    pair.served.sendall(b"during")
    friend.answer(b"friend")
    pair.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.client.recv(100)


# --- reject says so ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 6])
def test_reject_resets_a_connection_that_stands(cable, start, sockets, version):
    e = start("--scope=mail:tcp:25-25:reject")
    door = sockets(cable.server.listen(SERVER[version], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 25), door)
    pair.carry(b"before")
    assert e.hold(NETWORK[version], scope=1) == 0
    pair.client.sendall(b"during")
    with pytest.raises(ConnectionResetError):
        pair.client.recv(100)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("options", ["--scope=no:tcp:0-0:reject", "--scope=some:udp:53-53:reject"])
def test_reject_tells_a_datagrams_sender_that_the_port_is_closed(cable, start, sockets, version, options):
    e = start(options)
    sockets(cable.server.datagrams(SERVER[version], 53))
    client = sockets(cable.attacker.datagrams(BANNED[version], 0))
    client.connect((SERVER[version], 53))
    assert e.hold(NETWORK[version], scope=1) == 0
    client.send(b"question")
    with pytest.raises(ConnectionRefusedError):
        client.recv(100)


@pytest.mark.parametrize("version", [4, 6])
def test_reject_refuses_a_new_connection_at_once(cable, container, start, sockets, version):
    e = start("--scope=web:tcp:80-8080:reject")
    sockets(container.listen(CONTAINER[version], 80))
    assert e.hold(NETWORK[version], scope=1) == 0
    for target, port in ((SERVER[version], 8080), (CONTAINER[version], 80)):
        client = sockets(cable.attacker.start_connect(BANNED[version], target, port))
        with pytest.raises(ConnectionRefusedError):
            until(lambda c=client: netns.is_connected(c), "an answer")


# --- By the daemon -------------------------------------------------------------------------------------


CONFIG = "[ipsd]\nmode = enforce\n[nft]\ndirection = {}\n"


def transfers(cable, container, sockets, version, way):
    """One of the address that will be banned, one of a friend."""
    host, dialled, port = {"local": (cable.server, SERVER, 25), "published": (container, SERVER, 8080),
                           "forwarded": (container, CONTAINER, 80), "untracked": (cable.server, SERVER, 25)}[way]
    if way == "untracked":
        notrack(cable)
    door = sockets(host.listen(SERVER[version] if host is cable.server else CONTAINER[version], 25 if port == 25 else 80))
    return [Pair(sockets, cable.attacker.connect(source[version], dialled[version], port), door) for source in (BANNED, FRIEND)]


@pytest.mark.parametrize("direction", ["original", "both"])
@pytest.mark.parametrize("way", ["local", "published", "forwarded", "untracked"])
@pytest.mark.parametrize("version", [4, 6])
def test_log_lines_stop_a_transfer(cable, container, daemons, sockets, version, way, direction):
    daemon = daemons(conf=CONFIG.format(direction)).start()
    pair, friend = transfers(cable, container, sockets, version, way)
    for _ in range(20):
        pair.carry(b"x" * 1000)
    daemon.attack(BANNED[version])
    daemon.wait_blocked(BANNED[version])
    until(daemon.settled, "the kernel's agreement")
    stops(pair, friend)
    assert daemon.ctl("unban", BANNED[version]).code == 0
    until(daemon.settled, "the kernel's agreement")
    assert Pair.receive(pair.served, 6) == b"during"


@pytest.mark.parametrize("direction, goes_on", [("original", True), ("both", False)])
@pytest.mark.parametrize("version", [4, 6])
def test_what_we_begin_with_a_banned_network_goes_on(cable, container, daemons, sockets, version, direction, goes_on):
    daemon = daemons(conf=CONFIG.format(direction)).start()
    begun = []
    for target in (BANNED, FRIEND):
        mx, web = (sockets(cable.attacker.listen(target[version], port)) for port in (25, 443))
        begun.append([Pair(sockets, cable.server.connect(SERVER[version], target[version], 25), mx),
                      Pair(sockets, container.connect(CONTAINER[version], target[version], 443), web)])
    assert daemon.ctl("ban", NETWORK[version]).code == 0
    until(daemon.settled, "the kernel's agreement")
    asks = ask_resolver(cable, sockets, version, 40053)
    for pair, friend in zip(*begun):
        pair.served.sendall(b"220 hello")
        friend.answer(b"220 hello")
        if goes_on:
            assert Pair.receive(pair.client, 9) == b"220 hello"
            pair.carry(b"EHLO")
    assert not cable.passes(BANNED[version]), "what it begins itself does not arrive"
    if goes_on:
        assert asks.recv(100) == b"answer"
        return
    for s in (asks, *(pair.client for pair in begun[0])):
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(100)


@pytest.mark.parametrize("direction", ["original", "both"])
@pytest.mark.parametrize("version", [4, 6])
def test_the_hosts_connections_with_itself_go_on(cable, daemons, sockets, version, direction):
    daemon = daemons(conf=CONFIG.format(direction) + "[never-block]\nown-addresses = no\nprivate = no\n").start()
    loopback = {4: "127.0.0.1", 6: "::1"}[version]
    pairs = []
    for own in (loopback, SERVER[version]):
        door = sockets(cable.server.listen(own, 25))
        pairs.append(Pair(sockets, cable.server.connect(own, own, 25), door))
        assert daemon.ctl("ban", own, "--force").code == 0
    until(daemon.settled, "the kernel's agreement")
    assert daemon.held() == {4: {loopback, SERVER[4]}, 6: {"::", "2001:db8:77::"}}[version]
    for pair in pairs:
        pair.carry(b"hello")
        pair.answer(b"hello yourself")


@pytest.mark.parametrize("version", [4, 6])
def test_a_jail_that_rejects_says_so(cable, daemons, sockets, version):
    daemon = daemons(jail="verdict = reject\nports = smtp udp/53").start()
    door = sockets(cable.server.listen(SERVER[version], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 25), door)
    sockets(cable.server.datagrams(SERVER[version], 53))
    datagrams = sockets(cable.attacker.datagrams(BANNED[version], 0))
    datagrams.connect((SERVER[version], 53))
    daemon.attack(BANNED[version])
    daemon.wait_blocked(BANNED[version])
    until(daemon.settled, "the kernel's agreement")
    datagrams.send(b"question")
    with pytest.raises(ConnectionRefusedError):
        datagrams.recv(100)
    pair.client.sendall(b"during")
    with pytest.raises(ConnectionResetError):
        pair.client.recv(100)
    again = sockets(cable.attacker.start_connect(BANNED[version], SERVER[version], 25))
    with pytest.raises(ConnectionRefusedError):
        until(lambda: netns.is_connected(again), "an answer")
