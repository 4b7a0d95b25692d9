# SPDX-License-Identifier: MIT
"""Two hosts made of network namespaces, a cable between them, and packets that do or do not arrive.

    server    192.0.2.1/30  2001:db8:77::1/64      its routes to everywhere go through the attacker
    attacker  192.0.2.2/30  2001:db8:77::2/64      may send from any address; REPLIES_TO are its own

Nothing here waits for a time-out to learn that a packet was dropped: packets keep their order on a
cable, so once a later one from a friend has arrived, whatever has not arrived by then never will.
"""
import contextlib
import ctypes
import errno
import ipaddress
import itertools
import os
import select
import signal
import socket
import subprocess
import time

POLL = 0.005
PATIENCE = 20
CLONE_NEWNET = 0x40000000
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
FRIEND = {4: "192.0.2.2", 6: "2001:db8:77::2"}
SERVER = {4: "192.0.2.1", 6: "2001:db8:77::1"}
# Prefixes whose addresses the attacker answers for, so that it can hold connections from them.
REPLIES_TO = ["198.51.0.0/16", "203.0.113.0/24", "2001:db8:a::/48", "2001:db8:b::/48"]

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count()


def until(condition, what, patience=PATIENCE):
    """Waits until the condition gives something true, and returns it."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {patience} s for {what}"
        time.sleep(POLL)


def family(address):
    return ipaddress.ip_address(address).version


def af(address):
    return socket.AF_INET if family(address) == 4 else socket.AF_INET6


class Netns:
    """One namespace. Its processes and itself are gone after close()."""

    def __init__(self, word):
        self.name = f"ipsd-{os.getpid()}-{next(numbers)}-{word}"
        self.run_outside("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")

    @staticmethod
    def run_outside(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **more):
        done = subprocess.run(self.command(*command), capture_output=True, text=True, check=False, **more)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def popen(self, *command, **more):
        return subprocess.Popen(self.command(*command), **more)

    def nft(self, text):
        """Runs nft commands, one a line."""
        return self.run("nft", "-f", "-", input=text)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    @contextlib.contextmanager
    def inside(self):
        """Sockets opened meanwhile belong to the namespace, and stay there."""
        with open("/proc/self/ns/net", "rb") as home, open(f"/run/netns/{self.name}", "rb") as there:
            self._enter(there)
            try:
                yield
            finally:
                self._enter(home)

    @staticmethod
    def _enter(ns):
        if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def socket(self, *args):
        with self.inside():
            return socket.socket(*args)

    def listen(self, address, port):
        s = self.socket(af(address), socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        transparent(s)
        s.bind((address, port))
        s.listen(64)
        s.settimeout(PATIENCE)
        return s

    def datagrams(self, address, port):
        s = self.socket(af(address), socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        transparent(s)
        s.bind((address, port))
        s.settimeout(PATIENCE)
        return s

    def connect(self, source, target, port):
        """A connection from that address, as soon as it stands."""
        s = self.start_connect(source, target, port)
        until(lambda: is_connected(s), f"a connection from {source} to {target} {port}")
        s.settimeout(PATIENCE)
        return s

    def start_connect(self, source, target, port):
        s = self.socket(af(target), socket.SOCK_STREAM)
        s.setblocking(False)
        transparent(s)
        s.bind((source, 0))
        if s.connect_ex((target, port)) not in (0, errno.EINPROGRESS):
            raise OSError(f"connect to {target}")
        return s

    def kill_all(self):
        """Its processes, those that left their parents, too."""
        pids = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True,
                              check=False).stdout.split()
        for pid in map(int, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self):
        self.kill_all()
        subprocess.run(["ip", "netns", "del", self.name], check=False)


def transparent(s):
    """May be bound to addresses that are not ours."""
    if s.family == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)


def is_connected(s):
    """False: not yet. An error that ended the attempt is raised."""
    ready = select.poll()
    ready.register(s, select.POLLOUT)
    if not ready.poll(0):
        return False
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    return True


class Pair:
    """Both ends of one connection."""

    def __init__(self, sockets, client, door):
        self.client = sockets(client)
        self.served = sockets(door.accept()[0])
        self.served.settimeout(PATIENCE)

    def carry(self, text):
        self.client.sendall(text)
        assert self.receive(self.served, len(text)) == text

    def answer(self, text):
        self.served.sendall(text)
        assert self.receive(self.client, len(text)) == text

    @staticmethod
    def receive(s, n):
        got = b""
        while len(got) < n:
            part = s.recv(n - len(got))
            assert part, f"the end, after {got!r}"
            got += part
        return got


class Cable:
    """Server and attacker."""

    def __init__(self):
        self.server, self.attacker = Netns("server"), Netns("attacker")
        self.inboxes = {}
        self.server.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire",
                        "netns", self.attacker.name)
        for ns, own, other in ((self.server, SERVER, FRIEND), (self.attacker, FRIEND, SERVER)):
            ns.run("ip", "addr", "add", f"{own[4]}/30", "dev", "wire")
            ns.run("ip", "addr", "add", f"{own[6]}/64", "dev", "wire", "nodad")
            ns.run("ip", "link", "set", "wire", "up")
            ns.sysctl("net.ipv4.conf.all.rp_filter", 0)
            ns.sysctl("net.ipv4.conf.wire.rp_filter", 0)
            ns.sysctl("net.ipv4.icmp_ratelimit", 0)
            ns.run("ip", "route", "add", "default", "via", other[4])
            ns.run("ip", "-6", "route", "add", "default", "via", other[6])
        for prefix in REPLIES_TO:
            self.attacker.run("ip", "route", "add", "local", prefix, "dev", "lo")
        until(self._is_up, "the cable")

    def _is_up(self):
        """The first packets of a cable may be lost while neighbours look for each other."""
        return all(self._try_friend(version) for version in (4, 6))

    def _try_friend(self, version):
        try:
            self.probe([FRIEND[version]], 9, patience=0.2)
        except TimeoutError:
            return False
        return True

    def _inbox(self, version, port):
        if (version, port) not in self.inboxes:
            self.inboxes[version, port] = self.server.datagrams(SERVER[version], port)
        return self.inboxes[version, port]

    def _send(self, source, port, payload):
        version = family(source)
        with self.attacker.socket(af(source), socket.SOCK_DGRAM) as s:
            transparent(s)
            s.bind((source, 0))
            s.sendto(payload, (SERVER[version], port))

    def probe(self, sources, port=53, patience=PATIENCE):
        """Those of the addresses (of one family) whose datagram reaches the server's port."""
        version = family(sources[0])
        inbox = self._inbox(version, port)
        inbox.settimeout(patience)
        barrier = f"barrier {next(numbers)}".encode()
        for source in sources:
            self._send(source, port, source.encode())
        self._send(FRIEND[version], port, barrier)
        arrived = set()
        while True:
            payload = inbox.recv(2048)
            if payload == barrier:
                return {source for source in sources if source.encode() in arrived}
            arrived.add(payload)

    def passes(self, source, port=53):
        return self.probe([source], port) == {source}

    def close(self):
        for inbox in self.inboxes.values():
            inbox.close()
        self.attacker.close()
        self.server.close()
