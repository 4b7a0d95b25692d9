#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tries to disprove that the kernel drops what is banned, and nothing else.

usage: kernel_states.py [--states N] [--seed S] [--build DIR]

Random states of bans of all prefix lengths, of several ports, overlapping, ending, with holes, each made of the one before.
In each, packets from the first, middle and last address of prefixes and from their neighbours are sent; those that arrive must
be those that the model lets in. Without a seed each thousand states has another one; what fails names its seed.
"""
import argparse
import collections
import errno
import ipaddress
import os
import pathlib
import random
import select
import socket
import struct
import sys
import time

import netns
from enforcer import Enforcer
from netns import FRIEND, PATIENCE, SERVER

ROOT = pathlib.Path(__file__).resolve().parents[2]
AT_ONCE = 1000
SCOPES = [("all", None), ("dns", ("udp", 40, 49)), ("mail", ("tcp", 20, 29)), ("more", ("udp", 45, 60))]     # name, ports
DOORS = [("udp", 40), ("udp", 47), ("udp", 49), ("udp", 60), ("udp", 61), ("tcp", 19), ("tcp", 20), ("tcp", 47)]
NUMBERS = {"udp": 17, "tcp": 6}
NEIGHBOURS = [ipaddress.ip_network(n) for n in ("192.0.2.0/30", "2001:db8:77::/64")]
LIFE = 250          # states of one enforcer; the next one takes its table over
SLACK = 0.15        # seconds by which an end in the kernel may be off: what stands within 0.1 s of a wish is left alone
HELD_MAX = 30


def is_sendable(address):
    """May it be the source of a packet that is not dropped before nftables sees it?"""
    if any(address in network for network in NEIGHBOURS if network.version == address.version):
        return False
    if address.version == 4:
        return 1 <= int(address) >> 24 < 224 and not address.is_loopback
    return not (int(address) >> 120 == 0 or address.is_multicast or address.is_link_local)


def edges(network):
    """The first, middle and last address, and the neighbours outside."""
    first, size = int(network.network_address), network.num_addresses
    kind = type(network.network_address)
    numbers = {first - 1, first, first + size // 2, first + size - 1, first + size}
    return {kind(n) for n in numbers if 0 <= n < 1 << network.max_prefixlen}


class Model:
    """What should be: a page that anyone can read."""

    def __init__(self):
        self.ends = {}      # (scope, network) -> the earliest and the latest moment of its end
        self.never = []

    def hold(self, scope, network, began, answered, seconds):
        """False: it is on never-block."""
        if any(network.version == n.version and network.subnet_of(n) for n in self.never):
            return False
        self.ends[scope, network] = (began + seconds - SLACK, answered + seconds + SLACK)
        return True

    def verdict(self, address, door, sent, arrived):
        """True: it passes; False: it is dropped; None: a ban ended while the packets were on their way."""
        def covers(network):
            return address.version == network.version and address in network
        answer = True
        if any(covers(n) for n in self.never):
            return answer
        for (scope, network), (earliest, latest) in self.ends.items():
            ports = SCOPES[scope][1]
            if covers(network) and (ports is None or ports[0] == door[0] and ports[1] <= door[1] <= ports[2]) and sent < latest:
                if arrived < earliest:
                    return False
                answer = None
        return answer


# --- Packets ----------------------------------------------------------------------------------------------------


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return 0xffff ^ (total + (total >> 16) & 0xffff)


def packet(source, target, proto, port, number):
    """From an address that nobody has. The number stands behind the ports: in a TCP SYN it is the sequence number."""
    number_of_proto = NUMBERS[proto]
    if proto == "udp":
        head = struct.pack("!HHHHI", 1024 + number % 60000, port, 12, 0, number)
        at = 6
    else:
        head = struct.pack("!HHIIBBHHH", 1024 + number % 60000, port, number, 0, 5 << 4, 2, 1024, 0, 0)
        at = 16
    if source.version == 4:
        pseudo = source.packed + target.packed + struct.pack("!HH", number_of_proto, len(head))
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(head), 0, 0, 64, number_of_proto, 0) + source.packed + target.packed
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    else:
        pseudo = source.packed + target.packed + struct.pack("!II", len(head), number_of_proto)
        ip = struct.pack("!IHBB", 6 << 28, len(head), number_of_proto, 64) + source.packed + target.packed
    return ip + head[:at] + struct.pack("!H", checksum(pseudo + head) or 0xffff) + head[at + 2:]


class Wire:
    """Packets from anybody to the server, and which of them arrive. All are sent by one CPU, so that they keep their order."""

    def __init__(self, cable):
        self.out = cable.attacker.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.mac = bytes.fromhex(cable.server.run("cat", "/sys/class/net/wire/address").strip().replace(":", ""))
        self.ins = {}
        self.sent = 0
        for version, af in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            for proto in NUMBERS:
                s = cable.server.socket(af, socket.SOCK_RAW, NUMBERS[proto])
                s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)       # SO_RCVBUFFORCE
                s.setblocking(False)
                self.ins[s] = 8 if version == 6 and proto == "udp" else 28 if proto == "udp" else 24 if version == 4 else 4
        # Nobody listens, and nobody needs to hear of it.
        cable.server.nft("table inet quiet {\nchain out {\ntype filter hook output priority 0;\n"
                         "meta l4proto icmp drop\nicmpv6 type destination-unreachable drop\ntcp flags rst drop\n}\n}")

    def send(self, source, door):
        self.sent += 1
        data = packet(source, ipaddress.ip_address(SERVER[source.version]), *door, self.sent)
        self.out.sendto(data, ("wire", 0x0800 if source.version == 4 else 0x86dd, 0, 0, self.mac))
        return self.sent

    def arrivals(self, last):
        """All numbers that have arrived when the last one has."""
        numbers = set()
        deadline = time.monotonic() + PATIENCE
        while last not in numbers:
            ready = select.select(list(self.ins), [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, f"waited {PATIENCE} s for the friend's packet"
            for s in ready:
                data = s.recv(2048)
                numbers.add(struct.unpack_from("!I", data, self.ins[s])[0])
        for s in self.ins:
            while select.select([s], [], [], 0)[0]:
                numbers.add(struct.unpack_from("!I", s.recv(2048), self.ins[s])[0])
        return numbers

    def close(self):
        for s in [self.out, *self.ins]:
            s.close()


# --- States -----------------------------------------------------------------------------------------------------


class Wrong(AssertionError):
    pass


class States:
    """What happens is drawn from the seed alone."""

    def __init__(self, cable, build, seed):
        self.cable, self.build, self.seed = cable, build, seed
        self.random = random.Random(seed)
        self.model = Model()
        self.wire = Wire(cable)
        self.told = collections.deque(maxlen=40)
        self.done = collections.Counter()
        self.touched = []           # prefixes of this state's changes
        self.enforcer = None
        self.cpus = os.sched_getaffinity(0)
        self.anchors = [ipaddress.ip_address(self.random.getrandbits(32)) for _ in range(6)] + \
            [ipaddress.ip_address(0x20 << 120 | self.random.getrandbits(121)) for _ in range(5)] + \
            [ipaddress.ip_address(self.random.getrandbits(128))]

    # ---- changes ----

    def options(self):
        return [f"--scope={name}:{ports[0]}:{ports[1]}-{ports[2]}" for name, ports in SCOPES if ports] + \
            [f"--never={n}" for n in self.model.never]

    def begin(self):
        """Another enforcer, which takes over what stands."""
        if self.enforcer:
            self.enforcer.stop()
        if not self.model.never:
            self.model.never = [ipaddress.ip_network(FRIEND[v]) for v in (4, 6)]
        self.enforcer = Enforcer(self.cable.server, self.build, *self.options())
        assert self.enforcer.start["start"] == 0, self.enforcer.start
        self.done["starts"] += 1

    def prefix(self):
        """One near the others, often a neighbour or a part of one that is held."""
        held = [network for _, network in self.model.ends]
        if held and self.random.random() < 0.3:
            near = self.random.choice(held)
            address = self.random.choice(sorted(edges(near)))
        else:
            address = self.random.choice(self.anchors)
        bits = address.max_prefixlen
        length = self.random.choice([bits, bits, self.random.randint(1, bits), self.random.choice([8, 24, 48, 64]) % (bits + 1)])
        loose = int(address) ^ self.random.getrandbits(2) << self.random.randrange(bits - 1)
        return ipaddress.ip_network((loose, length or bits), strict=False)

    def change(self):
        self.random.choices([self.hold, self.release, self.plan, self.release_all], [60, 25 + 2 * len(self.model.ends), 6, 1])[0]()

    def hold(self):
        if len(self.model.ends) >= HELD_MAX:
            self.release()
            return
        self.put(self.prefix(), self.random.randrange(len(SCOPES)),
                 self.random.choice([600, 600, 600, 0.2, round(self.random.uniform(0.2, 1), 3)]))

    def put(self, network, scope, seconds=600):
        began = time.monotonic()
        error = self.enforcer.hold(str(network), seconds, scope)
        expected = 0 if self.model.hold(scope, network, began, time.monotonic(), seconds) else errno.EACCES
        self.tell(f"hold {network} {scope} {seconds}", network)
        if error != expected:
            raise Wrong(f"the fate of {network} is {error}, and not {expected}")

    def release(self):
        if not self.model.ends:
            return
        scope, network = self.random.choice(list(self.model.ends))
        if self.enforcer.release(str(network), scope) != 0:
            raise Wrong(f"{network} was not released")
        del self.model.ends[scope, network]
        self.tell(f"release {network} {scope}", network)

    def release_all(self):
        self.enforcer.release_all()
        self.model.ends.clear()
        self.tell("release all")

    def plan(self):
        """Never-block changes; holes are open at once, and what is under them is held on."""
        holes = self.model.never[2:]
        if holes and self.random.random() < 0.6:
            holes.remove(self.random.choice(holes))
        else:
            holes.append(self.prefix())
        self.leave_out(holes[-4:])

    def leave_out(self, holes):
        """On never-block are these, and the friends."""
        self.model.never = self.model.never[:2] + holes
        self.enforcer.say("plan", *self.options())
        if self.enforcer.expect("planned")["error"] != 0:
            raise Wrong("the plan was refused")
        self.tell(f"never {' '.join(map(str, holes))}", *holes)

    def tell(self, what, *networks):
        self.done[what.split()[0]] += 1
        self.told.append(what)
        self.touched += networks

    # ---- the proof ----

    def sources(self):
        """Around what has changed, and around some of what has not."""
        networks = set(self.touched)
        held = sorted({network for _, network in self.model.ends} - networks, key=str)
        networks |= set(self.random.sample(held, min(6, len(held))))
        return sorted({a for network in networks for a in edges(network) if is_sendable(a)}, key=str)

    def check(self):
        asked, began = {}, time.monotonic()
        for source in self.sources():
            for door in DOORS:
                asked[self.wire.send(source, door)] = (source, door)
        last = self.wire.send(ipaddress.ip_address(FRIEND[4]), DOORS[0])
        arrived = self.wire.arrivals(last)
        ended = time.monotonic()
        for number, (source, door) in asked.items():
            expected = self.model.verdict(source, door, began, ended)
            if expected is None:
                self.done["uncertain"] += 1
                continue
            self.done["dropped" if not expected else "passed"] += 1
            if expected != (number in arrived):
                raise Wrong(f"{source} to {door[0]} port {door[1]} should {'pass' if expected else 'be dropped'} and does not")

    def run(self, states):
        os.sched_setaffinity(0, {min(self.cpus)})
        try:
            for state in range(states):
                if state % LIFE == 0:
                    self.begin()
                self.one(state)
        finally:
            os.sched_setaffinity(0, self.cpus)

    def one(self, state):
        self.touched.clear()
        try:
            for _ in range(self.random.randint(1, 6)):
                self.change()
            self.check()
            now = time.monotonic()
            self.model.ends = {key: end for key, end in self.model.ends.items() if end[1] > now}
        except AssertionError as e:
            raise Wrong(f"{e}\nseed {self.seed}, state {state}; held: " + ", ".join(f"{n} {s}" for s, n in self.model.ends)
                        + f"; never: {', '.join(map(str, self.model.never))}\nwhat was done before:\n  " + "\n  ".join(self.told)) from e
        self.done["states"] += 1

    def summary(self):
        return f"seed {self.seed}: " + ", ".join(f"{name} {n}" for name, n in sorted(self.done.items()))

    def close(self):
        self.wire.close()
        if self.enforcer:
            self.enforcer.kill()


def prove(build, seed, states):
    cable = netns.Cable()
    try:
        proof = States(cable, build, seed)
        try:
            proof.run(states)
            return proof.summary()
        finally:
            proof.close()
    finally:
        cable.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--states", type=int, default=AT_ONCE)
    options.add_argument("--seed", type=int)
    options.add_argument("--build", type=pathlib.Path, default=os.environ.get("IPSD_BUILD", ROOT / "build" / "gcc"))
    asked = options.parse_args()
    left = asked.states
    while left > 0:
        seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
        began = time.monotonic()
        now = left if asked.seed is not None else min(left, AT_ONCE)
        print(prove(asked.build.resolve(), seed, now), f"\n  {time.monotonic() - began:.0f} s", flush=True)
        left -= now
    return 0


if __name__ == "__main__":
    sys.exit(main())
