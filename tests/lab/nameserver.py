# SPDX-License-Identifier: MIT
"""A name server for a namespace: answers A, AAAA and MX from a dictionary that a test may change, or nothing while `silent`."""
import pathlib
import shutil
import socket
import struct
import threading

A, MX, AAAA = 1, 15, 28
NXDOMAIN = 3


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record_bytes(kind, value):
    if kind == A:
        return socket.inet_pton(socket.AF_INET, value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    return struct.pack("!H", 10) + name_bytes(value)


class NameServer:
    """`records` maps (name, type) to a list of values."""

    def __init__(self, ns, address, records=None):
        self.records = records or {}
        self.asked = []
        self.etc = pathlib.Path("/etc/netns") / ns.name
        self.etc.mkdir(parents=True)
        (self.etc / "resolv.conf").write_text(f"nameserver {address}\noptions timeout:1 attempts:1\n")
        self.silent = False
        self.socket = ns.datagrams(address, 53)
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while self.socket.fileno() >= 0:
            try:
                question, peer = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            if not self.silent:
                self.socket.sendto(self._answer(question), peer)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        end = at + 5
        name, kind = ".".join(labels).lower(), struct.unpack("!H", question[at + 1:at + 3])[0]
        self.asked.append((name, kind))
        values = self.records.get((name, kind), [])
        code = 0 if any(known == name for known, _ in self.records) else NXDOMAIN
        head = question[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(values), 0, 0)
        body = b""
        for value in values:
            data = record_bytes(kind, value)
            body += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(data)) + data
        return head + question[12:end] + body

    def close(self):
        self.socket.close()
        self.thread.join()
        shutil.rmtree(self.etc, ignore_errors=True)
