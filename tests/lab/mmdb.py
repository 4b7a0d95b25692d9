#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small databases in MaxMind's format: a search tree over IPv6 (IPv4 under ::/96), data, metadata.

usage: mmdb.py FILE PREFIX=CODE...
"""
import ipaddress
import pathlib
import struct
import sys

MARKER = b"\xab\xcd\xefMaxMind.com"
TEXT, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def head(kind, size):
    assert size < 29 or kind in (TEXT, MAP)
    length, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | length]) + more if kind < 8 else bytes([length, kind - 7]) + more


def encode(value, kind=None):
    if isinstance(value, dict):
        return head(MAP, len(value)) + b"".join(encode(k) + encode(*v) if isinstance(v, tuple) else encode(k) + encode(v)
                                                for k, v in value.items())
    if isinstance(value, list):
        return head(ARRAY, len(value)) + b"".join(encode(one) for one in value)
    if isinstance(value, str):
        data = value.encode()
        return head(TEXT, len(data)) + data
    data = value.to_bytes(8, "big").lstrip(b"\0")
    return head(kind, len(data)) + data


def bits(prefix):
    net = ipaddress.ip_network(prefix)
    if net.version == 4:
        net = ipaddress.ip_network(f"::{net.network_address}/{96 + net.prefixlen}")
    return format(int(net.network_address), "0128b")[:net.prefixlen]


def database(records):
    """`records`: {prefix: what is said about it}, longer prefixes inside shorter ones last."""
    nodes, data = [[None, None]], b""
    for prefix, said in records.items():
        node, path = 0, bits(prefix)
        for bit in map(int, path[:-1]):
            child = nodes[node][bit]
            if not isinstance(child, int):
                nodes.append([child, child])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][int(path[-1])] = ("data", len(data))
        data += encode(said)

    def pointer(child):
        if child is None:
            return len(nodes)
        return child if isinstance(child, int) else len(nodes) + 16 + child[1]

    tree = b"".join(struct.pack(">I", pointer(child))[1:] for node in nodes for child in node)
    metadata = {"binary_format_major_version": (2, UINT16), "binary_format_minor_version": (0, UINT16),
                "build_epoch": (1700000000, UINT64), "database_type": "Test-Country", "description": {"en": "a test"},
                "ip_version": (6, UINT16), "languages": ["en"], "node_count": (len(nodes), UINT32), "record_size": (24, UINT16)}
    return tree + bytes(16) + data + MARKER + encode(metadata)


def countries(codes):
    """{prefix: code} as GeoLite2-Country has it."""
    return database({prefix: {"country": {"iso_code": code}} for prefix, code in codes.items()})


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_bytes(countries(dict(pair.split("=") for pair in sys.argv[2:])))
