#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""From the write of the deciding line to the ban: how long?

usage: sudo latency.py BUILD [--bans 200]

The real ipsd in a namespace, the attacker in another. For each ban: nine lines are written, then the deciding one; the
attacker sends datagrams all the while. Told are, from just before that last write:
  set   the kernel's notification that the element is in our set was received
  drop  the first datagram that did not arrive was sent
each alone and beside a lived-in ruleset (lived_in.sh), as median, 99th percentile and worst, in milliseconds.
"""
import argparse
import pathlib
import select
import socket
import statistics
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

from daemon import Daemon, line  # noqa: E402
from netns import Cable, FRIEND, SERVER, transparent, until  # noqa: E402

NFNLGRP_NFTABLES, SOL_NETLINK, ADD_MEMBERSHIP, NEWSETELEM = 7, 270, 1, (10 << 8) | 12
PORT = 53


def watcher(ns):
    """A socket that hears of every element that is added."""
    with ns.inside():
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        s.bind((0, 0))
        s.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
        s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        s.setblocking(False)
    return s


def heard(nl, wanted):
    """Has the element come up? Reads what is there."""
    while True:
        try:
            data = nl.recv(1 << 18)
        except BlockingIOError:
            return False
        at = 0
        while at + 16 <= len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            if kind == NEWSETELEM and wanted in data[at:at + size]:
                return True
            at += max(16, (size + 3) & ~3)


class Sender:
    """Datagrams with numbers from one address."""

    def __init__(self, cable, source):
        self.socket = cable.attacker.socket(socket.AF_INET, socket.SOCK_DGRAM)
        transparent(self.socket)
        self.socket.bind((source, 0))
        self.socket.connect((SERVER[4], PORT))
        self.sent = []

    def send(self):
        self.sent.append(time.monotonic())
        self.socket.send(struct.pack("=I", len(self.sent) - 1))


def arrived(inbox, friend):
    """Numbers that came in before the friend's datagram, sent now."""
    friend.sendto(b"barrier", (SERVER[4], PORT))
    numbers = set()
    while True:
        data = inbox.recv(64)
        if data == b"barrier":
            return numbers
        numbers.add(struct.unpack("=I", data)[0])


def one_ban(cable, daemon, nl, inbox, friend, address):
    sender = Sender(cable, address)
    daemon.attack(address, 9)
    until(lambda: daemon.ctl("status", "--json").json["sources"][0]["lag_bytes"] == 0, "the nine lines")
    last = line(address).encode()
    wanted = socket.inet_aton(address)
    in_set = None
    with open(daemon.log, "ab", buffering=0) as log:
        sender.send()
        start = time.monotonic()
        log.write(last)
    deadline = start + 10
    while in_set is None or time.monotonic() < in_set + 0.0005:
        sender.send()
        if in_set is None and heard(nl, wanted):
            in_set = time.monotonic()
        assert time.monotonic() < deadline, f"{address} was not banned"
    got = arrived(inbox, friend)
    sender.socket.close()
    lost = [i for i in range(len(sender.sent)) if i not in got]
    assert lost and lost == list(range(lost[0], len(sender.sent))), "datagrams were lost for another reason"
    return (in_set - start) * 1e3, (sender.sent[lost[0]] - start) * 1e3


def told(name, values):
    values = sorted(values)
    print(f"{name:24} p50 {statistics.median(values):8.3f} ms   p99 {values[int(len(values) * .99) - 1]:8.3f} ms   "
          f"worst {values[-1]:8.3f} ms   n {len(values)}", flush=True)


def measure(build, bans, lived_in):
    cable = Cable()
    daemon = Daemon(cable.server, build)
    word = "lived-in" if lived_in else "alone"
    try:
        if lived_in:
            cable.server.run("bash", str(HERE / "lived_in.sh"))
        daemon.start()
        nl, inbox = watcher(cable.server), cable.server.datagrams(SERVER[4], PORT)
        inbox.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        friend = cable.attacker.socket(socket.AF_INET, socket.SOCK_DGRAM)
        friend.bind((FRIEND[4], 0))
        figures = []
        for i in range(bans):
            while select.select([nl], [], [], 0)[0]:
                heard(nl, b"\0nothing\0")
            figures.append(one_ban(cable, daemon, nl, inbox, friend, f"198.51.{i // 250}.{i % 250 + 1}"))
        told(f"set, {word}", [f[0] for f in figures])
        told(f"drop, {word}", [f[1] for f in figures])
    finally:
        daemon.close()
        cable.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--bans", type=int, default=200)
    args = parser.parse_args()
    subprocess.run(["ip", "-V"], check=True, capture_output=True)
    measure(args.build.resolve(), args.bans, False)
    measure(args.build.resolve(), args.bans, True)


if __name__ == "__main__":
    main()
