#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One ban's latency: from the deciding line, or from the order, to the element in the kernel.

usage: sudo latency.py BUILD [--elements 0,10000,100000,1000000] [--times 200] [--lived-in] [--userns]

The real ipsd in a namespace, the attacker in another; so many bans lie in the database and stand in the kernel already.
For each ban nine lines are written, then the deciding one; the attacker sends datagrams all the while. Told are
  line-to-element  from just before that last write until the kernel's notification of the element was received
  line-to-drop     until the first datagram that did not arrive was sent
  order-to-element, order-to-answer   from just before the order goes into the control socket
and the floor, into a set of as many elements, in a namespace of its own with the same rules of others:
  nft-element      a process `nft add element`
  libnftables-element   the same command on a context that stays
each as median, 99th percentile and worst, in milliseconds.
"""
import ctypes
import json
import select
import socket
import struct
import subprocess
import time

import figures
from daemon import Daemon, line
from elements import heard, make_room, watcher
from netns import Cable, FRIEND, Netns, SERVER, transparent, until
from scale import AT_ONCE, begin_with, fill

PORT, LONG = 53, 1200


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


def one_order(daemon, nl, address):
    """(ms until the element, ms until the answer)"""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(daemon.dir / "run" / "control"))
        wanted = socket.inet_aton(address)
        order = {"method": "io.ipsd.Control.Ban", "parameters": {"prefixes": [address], "seconds": 3600}}
        in_set, answer = None, b""
        start = time.monotonic()
        control.sendall(json.dumps(order).encode() + b"\0")
        while in_set is None or not answer.endswith(b"\0"):
            ready = select.select([nl, control], [], [], 10)[0]
            assert ready, f"{address} was not banned: {answer}"
            if nl in ready and in_set is None and heard(nl, wanted):
                in_set = time.monotonic()
            if control in ready:
                answer += control.recv(1 << 16)
                answered = time.monotonic()
    assert json.loads(answer[:-1])["parameters"]["made"] == 1, answer
    return (in_set - start) * 1e3, (answered - start) * 1e3


def drain(nl):
    while select.select([nl], [], [], 0)[0]:
        heard(nl, b"\0nothing\0")


def attacked(i):
    return f"198.51.{i // 250}.{i % 250 + 1}"


def ordered(i):
    return f"203.0.{i // 250}.{i % 250 + 1}"


def measure_daemon(fig, cable, build, elements, times):
    daemon = Daemon(cable.server, build)
    try:
        fig.progress(f"{elements} elements are restored")
        if elements:
            begin_with(daemon, elements)
        daemon.start()
        until(daemon.settled, "the kernel", LONG)
        nl, inbox = watcher(cable.server), cable.server.datagrams(SERVER[4], PORT)
        make_room(inbox)
        friend = cable.attacker.socket(socket.AF_INET, socket.SOCK_DGRAM)
        friend.bind((FRIEND[4], 0))
        lines, orders = [], []
        for i in range(times):
            fig.progress(f"at {elements} elements: ban {i + 1} of {times}")
            drain(nl)
            lines.append(one_ban(cable, daemon, nl, inbox, friend, attacked(i)))
            drain(nl)
            orders.append(one_order(daemon, nl, ordered(i)))
        for s in (nl, inbox, friend):
            s.close()
        for name, values in (("line-to-element", [f[0] for f in lines]), ("line-to-drop", [f[1] for f in lines]),
                             ("order-to-element", [f[0] for f in orders]), ("order-to-answer", [f[1] for f in orders])):
            fig.tell_spread(f"{elements}/{name}", values, "ms")
    finally:
        daemon.close()


class Libnftables:
    """A context that stays, as a program holds it that is linked to the library."""

    def __init__(self, ns):
        self.library = ctypes.CDLL("libnftables.so.1")
        self.library.nft_ctx_new.restype = ctypes.c_void_p
        with ns.inside():
            self.context = ctypes.c_void_p(self.library.nft_ctx_new(0))
        self.ns = ns

    def run(self, command):
        """Milliseconds."""
        with self.ns.inside():
            begin = time.monotonic()
            code = self.library.nft_run_cmd_from_buffer(self.context, command.encode())
            took = (time.monotonic() - begin) * 1e3
        assert code == 0, command
        return took

    def close(self):
        self.library.nft_ctx_free(self.context)


def measure_floor(fig, elements, times):
    ns = Netns("floor")
    try:
        fig.prepare(ns)
        fig.progress(f"the floor: {elements} elements")
        fill(ns, elements, AT_ONCE)
        library, in_process, alone = Libnftables(ns), [], []
        for i in range(times):
            fig.progress(f"the floor at {elements} elements: {i + 1} of {times}")
            in_process.append(library.run(f"add element inet floor all4 {{ {attacked(i)} timeout 1h }}"))
            with ns.inside():
                begin = time.monotonic()
                subprocess.run(["nft", f"add element inet floor all4 {{ {ordered(i)} timeout 1h }}"], check=True)
                alone.append((time.monotonic() - begin) * 1e3)
        library.close()
        fig.tell_spread(f"{elements}/nft-element", alone, "ms")
        fig.tell_spread(f"{elements}/libnftables-element", in_process, "ms")
    finally:
        ns.close()


def main():
    parser = figures.options(__doc__)
    parser.add_argument("--elements", type=figures.numbers, default="0,10000,100000,1000000", help="bans that stand already")
    parser.add_argument("--times", type=int, default=200, help="bans of each kind at each number of elements")
    args, fig = figures.start(parser, "latency")
    for elements in args.elements:
        cable = Cable()
        try:
            fig.prepare(cable.server)
            measure_daemon(fig, cable, args.build, elements, args.times)
        finally:
            cable.close()
        measure_floor(fig, elements, args.times)
    fig.progress("")


if __name__ == "__main__":
    main()
