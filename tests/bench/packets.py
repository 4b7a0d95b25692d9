#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What do bans cost each packet?

usage: sudo packets.py BUILD [--bans 0,100000,1000000] [--rounds 10] [--milliseconds 500] [--lived-in] [--userns]

A sender and a server in two namespaces with a veth between them. One processor does all the work, the sender's and the
server's, so the time of a packet is the sum of both: what a case costs more than the case `empty` is its own. The cases are
  empty      no ruleset (but that of --lived-in)
  conntrack  no ruleset but connection tracking, which `ct direction` and any stateful firewall needs
  mangle     our table as it is (priority -150, behind connection tracking, direction = original)
  raw        the same sets and rules at priority -300, before connection tracking, without `ct direction`
and in each packets of 20,000 addresses that pass, and of the banned ones in strides, each round beginning with others of them, so
that the processor's caches know little of a million. Told are the nanoseconds of a packet, median and 99th percentile over bursts
of 64, each as the median of the rounds; and packets a second at the median. NAME-more is what it is above the median of `empty`.
"""
import socket
import statistics

import figures
from enforcer import Enforcer
from netns import Cable, SERVER

PORT, DAY = 53, 86400
PASSING, BANNED, FLOWS = "100.64.0.0", "10.128.0.0", 20_000
CONNTRACK = """
add table inet track
add chain inet track early { type filter hook prerouting priority mangle; }
add rule inet track early ct state new
"""
RAW = """
add chain inet ipsd early { type filter hook prerouting priority raw; }
add rule inet ipsd early iif "lo" return
add rule inet ipsd early jump bans
delete chain inet ipsd prerouting
"""


class Wrong(Exception):
    """The packets did not go where they should."""


class Road:
    """Packets from the attacker to a socket of the server's that nobody reads, so that the kernel counts and drops them there."""

    def __init__(self, cable, args):
        self.cable, self.args = cable, args
        self.inbox = cable.server.datagrams(SERVER[4], PORT)
        self.inbox.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self.mac = cable.server.run("cat", "/sys/class/net/wire/address").strip()

    def arrived(self):
        rows = [row.split() for row in self.cable.server.run("cat", "/proc/net/snmp").splitlines() if row.startswith("Udp:")]
        udp = dict(zip(*rows))
        return int(udp["InDatagrams"]) + int(udp["InErrors"])

    def round(self, first, count, beginning):
        """(how many were sent, how many arrived, nanoseconds of a packet: median, 99th percentile)"""
        before = self.arrived()
        said = self.cable.attacker.run("taskset", "-c", "0", str(self.args.build / "tests/bench/bench_packets"), "wire", self.mac,
                                       SERVER[4], first, str(count), str(beginning), str(self.args.milliseconds)).split()
        return int(said[0]), self.arrived() - before, float(said[1]), float(said[2])

    def measure(self, fig, name, first, count, wanted):
        """Of the packets sent, so big a part has to arrive. The median of a packet's nanoseconds."""
        medians, tails = [], []
        for i in range(self.args.rounds):
            fig.progress(f"{name}: {i + 1} of {self.args.rounds}")
            sent, arrived, median, tail = self.round(first, count, count * i // self.args.rounds)
            if abs(arrived - wanted * sent) > 0.01 * sent:
                raise Wrong(f"{name}: {arrived} of {sent} packets arrived")
            medians.append(median)
            tails.append(tail)
        median = statistics.median(medians)
        fig.tell(f"{name}-p50", median, "ns")
        fig.tell(f"{name}-p99", statistics.median(tails), "ns")
        fig.tell(f"{name}-rate", 1e9 / median, "1/s")
        return median


def measure(fig, args, bans):
    cable = Cable()
    try:
        fig.prepare(cable.server)
        road = Road(cable, args)
        empty = road.measure(fig, f"{bans}/empty/passing", PASSING, FLOWS, 1)

        def more(case, *packets):
            fig.tell(f"{bans}/{case}-more", road.measure(fig, f"{bans}/{case}", *packets) - empty, "ns")

        cable.server.nft(CONNTRACK)
        more("conntrack/passing", PASSING, FLOWS, 1)
        cable.server.nft("delete table inet track")
        fig.progress(f"{bans} bans are made")
        enforcer = Enforcer(cable.server, args.build)
        if bans:
            assert enforcer.many(bans, DAY)["refused"] == 0
        enforcer.stop()
        for case, change in (("mangle", ""), ("raw", RAW)):
            cable.server.nft(change)
            more(f"{case}/passing", PASSING, FLOWS, 1)
            if bans:
                more(f"{case}/banned", BANNED, bans, 0)
    finally:
        fig.progress("")
        cable.close()


def main():
    parser = figures.options(__doc__)
    parser.add_argument("--bans", type=figures.numbers, default="0,100000,1000000", help="numbers of bans")
    parser.add_argument("--rounds", type=int, default=10, help="how often each is measured")
    parser.add_argument("--milliseconds", type=int, default=500, help="how long a round lasts")
    args, fig = figures.start(parser, "packets")
    for bans in args.bans:
        measure(fig, args, bans)


if __name__ == "__main__":
    main()
