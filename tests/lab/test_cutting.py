# SPDX-License-Identifier: MIT
"""cut-connections = yes: a ban closes the kernel's sockets of the address, and nobody else's."""
import json
import resource
import socket

import pytest

import netns
from netns import FRIEND, SERVER, Pair

BANNED = {4: "203.0.113.9", 6: "2001:db8:a::9"}
NEXT_DOOR = {4: "203.0.113.10", 6: "2001:db8:a:1::9"}
NETWORK = {4: "203.0.113.0/24", 6: "2001:db8:a::/64"}
WIDER = {4: "203.0.113.0/24", 6: "2001:db8:a::/48"}
CUTS = "[ipsd]\nmode = enforce\n[nft]\ncut-connections = yes\n"


def is_open(s):
    """Whether it stands, and nothing waits in it."""
    s.setblocking(False)
    try:
        return s.recv(100, socket.MSG_PEEK) is None
    except BlockingIOError:
        return True
    finally:
        s.settimeout(netns.PATIENCE)


def is_closed(s):
    """Waits for it: whoever reads from the socket hears of its end."""
    with pytest.raises(ConnectionAbortedError):
        s.recv(100)


def cut_marker(cable, e, sockets):
    """Returns when all that was banned before has been cut: a connection banned later is."""
    door = sockets(cable.server.listen(SERVER[4], 7777))
    pair = Pair(sockets, cable.attacker.connect("198.51.7.7", SERVER[4], 7777), door)
    assert e.hold("198.51.7.7/32") == 0
    is_closed(pair.served)


@pytest.mark.parametrize("version", [4, 6])
def test_an_idle_connection_of_a_banned_address_is_closed(cable, start, sockets, version):
    e = start("--cut")
    door = sockets(cable.server.listen(SERVER[version], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[version], SERVER[version], 25), door)
    friend = Pair(sockets, cable.attacker.connect(FRIEND[version], SERVER[version], 25), door)
    assert e.hold(NETWORK[version]) == 0
    is_closed(pair.served)
    friend.carry(b"friend")
    assert e.state()["failed"] == 0


def test_a_connection_that_no_program_has_taken_yet_is_closed(cable, start, sockets):
    e = start("--cut")
    door = sockets(cable.server.listen(SERVER[4], 25))
    sockets(cable.attacker.connect(BANNED[4], SERVER[4], 25))
    friend = sockets(cable.attacker.connect(FRIEND[4], SERVER[4], 25))
    assert e.hold(f"{BANNED[4]}/32") == 0
    cut_marker(cable, e, sockets)
    waiting = [sockets(door.accept()[0]) for _ in range(2)]
    is_closed(waiting[0])
    friend.sendall(b"friend")
    assert Pair.receive(waiting[1], 6) == b"friend"


def test_without_it_the_connection_stands_in_silence(cable, start, sockets):
    e = start()
    door = sockets(cable.server.listen(SERVER[4], 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], 25), door)
    assert e.hold(NETWORK[4]) == 0
    assert not e.ask("192.0.2.255/32")["held"], "later than the hold"
    assert is_open(pair.served)


def test_a_client_of_a_dual_stack_server_is_cut(cable, start, sockets):
    e = start("--cut")
    door = sockets(cable.server.listen("::", 25))
    pair = Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], 25), door)
    assert e.hold(f"{BANNED[4]}/32") == 0
    is_closed(pair.served)


def test_only_connections_to_the_ports_of_the_ban_are_cut(cable, start, sockets):
    e = start("--cut", "--scope=mail:tcp:25-25")
    doors = [sockets(cable.server.listen(SERVER[4], port)) for port in (25, 26)]
    mail, other = (Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], port), door)
                   for port, door in zip((25, 26), doors))
    assert e.hold(NETWORK[4], scope=1) == 0
    is_closed(mail.served)
    cut_marker(cable, e, sockets)
    other.carry(b"another port")


@pytest.mark.parametrize("version", [4, 6])
def test_what_we_began_is_not_cut(cable, start, sockets, version):
    e = start("--cut")
    door = sockets(cable.attacker.listen(BANNED[version], 25))
    pair = Pair(sockets, cable.server.connect(SERVER[version], BANNED[version], 25), door)
    assert e.hold(NETWORK[version]) == 0
    cut_marker(cable, e, sockets)
    pair.carry(b"EHLO")
    pair.answer(b"250 hello")


def test_with_direction_both_what_we_began_is_cut(cable, start, sockets):
    e = start("--cut", "--both")
    door = sockets(cable.attacker.listen(BANNED[4], 25))
    pair = Pair(sockets, cable.server.connect(SERVER[4], BANNED[4], 25), door)
    assert e.hold(NETWORK[4]) == 0
    is_closed(pair.client)


def test_never_block_and_the_host_itself_are_not_cut(cable, start, sockets):
    e = start("--cut", f"--never={BANNED[4]}/32")
    door = sockets(cable.server.listen(SERVER[4], 25))
    inner = sockets(cable.server.listen("127.0.0.1", 25))
    spared = Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], 25), door)
    own = [Pair(sockets, cable.server.connect(SERVER[4], SERVER[4], 25), door),
           Pair(sockets, cable.server.connect("127.0.0.9", "127.0.0.1", 25), inner)]
    for prefix in (NETWORK[4], "127.0.0.0/8", f"{SERVER[4]}/32"):
        assert e.hold(prefix) == 0
    cut_marker(cable, e, sockets)
    for pair in (spared, *own):
        pair.carry(b"still here")


def test_a_datagram_socket_of_a_service_that_is_connected_is_cut(cable, start, sockets):
    e = start("--cut")
    waits = cable.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
    served = cable.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for s in (sockets(waits), sockets(served)):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((SERVER[4], 5353))
        s.settimeout(netns.PATIENCE)
    served.connect((BANNED[4], 5353))
    assert e.hold(NETWORK[4]) == 0
    is_closed(served)
    assert is_open(waits)


# --- By the daemon -------------------------------------------------------------------------------------


def dial(cable, sockets, source, door):
    address, port = door.getsockname()[:2]
    version = netns.family(source)
    target = SERVER[version] if address == "::" else address
    return Pair(sockets, cable.attacker.connect(source, target, port), door)


def later_ban_cuts(cable, daemon, sockets):
    """Returns when all that was banned before has been cut: a connection banned later is."""
    pair = dial(cable, sockets, "198.51.7.7", sockets(cable.server.listen(SERVER[4], 7777)))
    assert daemon.ctl("ban", "198.51.7.7").code == 0
    is_closed(pair.served)


@pytest.mark.parametrize("version", [4, 6])
def test_log_lines_close_the_attackers_connections_to_the_jails_ports(cable, daemons, sockets, version):
    daemon = daemons(jail="ports = smtp", conf=CUTS).start()
    mail, web = (sockets(cable.server.listen(SERVER[version], port)) for port in (25, 80))
    waiting = [dial(cable, sockets, BANNED[version], mail) for _ in range(3)]
    others = [dial(cable, sockets, BANNED[version], web),
              dial(cable, sockets, NEXT_DOOR[version], mail), dial(cable, sockets, FRIEND[version], mail)]
    daemon.attack(BANNED[version])
    for pair in waiting:
        is_closed(pair.served)
    later_ban_cuts(cable, daemon, sockets)
    for pair in others:
        pair.carry(b"still here")
        pair.answer(b"250 so it is")
    assert daemon.ctl("status", "--json").json["kernel"]["last_error"] is None


def test_log_lines_close_an_ipv4_connection_of_a_dual_stack_server(cable, daemons, sockets):
    daemon = daemons(jail="ports = smtp", conf=CUTS).start()
    mail = sockets(cable.server.listen("::", 25))
    waits, friend = (dial(cable, sockets, address, mail) for address in (BANNED[4], NEXT_DOOR[4]))
    assert waits.served.getpeername()[0] == f"::ffff:{BANNED[4]}"
    daemon.attack(BANNED[4])
    is_closed(waits.served)
    later_ban_cuts(cable, daemon, sockets)
    friend.carry(b"still here")


def test_a_ban_of_a_network_by_log_lines_closes_the_connections_of_all_its_addresses(cable, daemons, sockets):
    daemon = daemons(jail="ports = smtp\nsubject = network", conf=CUTS).start()
    mail = sockets(cable.server.listen(SERVER[4], 25))
    inside = [dial(cable, sockets, address, mail) for address in ("203.0.113.0", BANNED[4], "203.0.113.255")]
    friend = dial(cable, sockets, "198.51.100.9", mail)
    daemon.attack(BANNED[4], times=5)
    daemon.attack(NEXT_DOOR[4], times=5)
    for pair in inside:
        is_closed(pair.served)
    later_ban_cuts(cable, daemon, sockets)
    friend.carry(b"still here")


@pytest.mark.parametrize("version", [4, 6])
def test_a_ban_by_hand_closes_the_connections_of_a_network(cable, daemons, sockets, version):
    daemon = daemons(conf=CUTS).start()
    doors = [sockets(cable.server.listen(SERVER[version], port)) for port in (25, 80)]
    inside = [dial(cable, sockets, address, door) for address in (BANNED[version], NEXT_DOOR[version]) for door in doors]
    friend = dial(cable, sockets, FRIEND[version], doors[0])
    assert daemon.ctl("ban", WIDER[version]).code == 0
    for pair in inside:
        is_closed(pair.served)
    later_ban_cuts(cable, daemon, sockets)
    friend.carry(b"still here")


@pytest.mark.parametrize("direction, stays", [("original", True), ("both", False)])
def test_what_we_began_is_closed_only_with_direction_both(cable, daemons, sockets, direction, stays):
    daemon = daemons(conf=f"{CUTS}direction = {direction}\n").start()
    door = sockets(cable.attacker.listen(BANNED[4], 25))
    pair = Pair(sockets, cable.server.connect(SERVER[4], BANNED[4], 25), door)
    assert daemon.ctl("ban", BANNED[4]).code == 0
    later_ban_cuts(cable, daemon, sockets)
    if stays:
        pair.carry(b"EHLO")
        pair.answer(b"250 hello")
    else:
        is_closed(pair.client)


def test_a_start_with_it_closes_what_standing_bans_had_left(cable, daemons, sockets):
    daemon = daemons().start()
    pair = dial(cable, sockets, BANNED[4], sockets(cable.server.listen(SERVER[4], 25)))
    daemon.attack(BANNED[4])
    daemon.wait_blocked(BANNED[4])
    netns.until(daemon.settled, "the kernel's agreement")
    assert is_open(pair.served)
    (daemon.etc / "ipsd.conf").write_text(CUTS)
    daemon.restart()
    is_closed(pair.served)


def test_a_kernel_that_closes_no_connection_is_a_warning_and_blocks_all_the_same(cable, build, daemons, sockets):
    daemon = daemons(conf=CUTS).start(wrapper=("env", f"LD_PRELOAD={build}/tests/lab/diag_shim.so"))
    pair = dial(cable, sockets, BANNED[4], sockets(cable.server.listen(SERVER[4], 25)))
    assert "cut-connections" not in daemon.ctl("status").out
    assert daemon.ctl("ban", BANNED[4]).code == 0
    netns.until(lambda: "cut-connections" in daemon.ctl("status").out, "the warning")
    status = daemon.ctl("status")
    assert status.code == 1
    found = [row for row in json.loads(daemon.ctl("status", "--json").out)["findings"] if "cut-connections" in row["text"]]
    assert [row["level"] for row in found] == ["warning"]
    assert found[0]["command"].startswith("grep INET_DIAG_DESTROY")
    assert "cut-connections closes no connection" in daemon.ctl("doctor").out
    assert daemon.ctl("ban", FRIEND[6]).code == 0
    assert daemon.words().count("cut-connections closes no connection: this kernel cannot") == 1
    assert is_open(pair.served)
    assert not cable.passes(BANNED[4])


def test_thousands_of_connections_of_one_address_are_all_closed(cable, start, sockets):
    """More than one of the kernel's messages tells."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    e = start("--cut")
    door = sockets(cable.server.listen(SERVER[4], 25))
    pairs = [Pair(sockets, cable.attacker.connect(BANNED[4], SERVER[4], 25), door) for _ in range(2000)]
    assert e.hold(f"{BANNED[4]}/32") == 0
    for pair in pairs:
        is_closed(pair.served)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
