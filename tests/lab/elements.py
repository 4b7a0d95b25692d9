# SPDX-License-Identifier: MIT
"""The kernel's notifications of set elements, for who measures when a ban is there."""
import socket
import struct

NFNLGRP_NFTABLES, SOL_NETLINK, ADD_MEMBERSHIP, NEWSETELEM = 7, 270, 1, (10 << 8) | 12
SO_RCVBUFFORCE = 33


def make_room(s):
    """As much as it may have: in a user namespace not more than anybody."""
    try:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    except PermissionError:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)


def watcher(ns):
    """A socket that hears of every element that is added."""
    with ns.inside():
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        s.bind((0, 0))
        s.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
        make_room(s)
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
