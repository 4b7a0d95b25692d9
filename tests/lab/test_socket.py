# SPDX-License-Identifier: MIT
"""The control socket: Varlink, and what comes in that is none."""
import json
import socket

import pytest

from daemon import line, now
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


def test_no_daemon_is_exit_3_with_one_sentence(daemons):
    answer = daemons().ctl("status")
    assert answer.code == 3 and answer.out == ""
    assert len(answer.err.splitlines()) == 1 and "systemctl start ipsd" in answer.err


def talk(daemon, *messages, close=False):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(str(daemon.dir / "run" / "control"))
    for message in messages:
        s.sendall(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\0")
    if close:
        s.shutdown(socket.SHUT_WR)
    return s


def replies(s, n):
    data = b""
    while data.count(b"\0") < n:
        got = s.recv(65536)
        assert got, f"closed after {data!r}"
        data += got
    return [json.loads(part) for part in data.split(b"\0")[:n]]


def test_varlink_introspection_and_errors(daemon):
    s = talk(daemon, {"method": "org.varlink.service.GetInfo"},
             {"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "io.ipsd.Control"}},
             {"method": "io.ipsd.Control.Nothing"}, {"method": "io.ipsd.Control.List", "parameters": {"kinds": ["x"]}})
    info, description, unknown, invalid = replies(s, 4)
    assert "io.ipsd.Control" in info["parameters"]["interfaces"]
    assert "method Show(" in description["parameters"]["description"]
    assert unknown["error"] == "org.varlink.service.MethodNotFound"
    assert invalid["error"] == "org.varlink.service.InvalidParameter"


@pytest.mark.parametrize("message", [b"\0", b"{}\0", b"[]\0", b"{\"method\":1}\0", b"\xff\xfe\0", b"{\"method\":\"a\",\"method\":\"b\"}\0",
                                     b"[" * 100_000 + b"\0", b"x" * 1_000_000], ids=range(8))
def test_nonsense_on_the_socket_costs_only_the_connection(daemon, message):
    s = talk(daemon, message, close=True)
    while True:
        try:
            if not s.recv(65536):
                break
        except ConnectionResetError:
            break
    assert daemon.ctl("status").code == 0


def test_a_reader_that_does_not_read_holds_nobody_up(daemon):
    addresses = [f"198.51.{i}.{j}" for i in range(4) for j in range(250)]
    assert daemon.ctl("ban", *addresses, "--for", "1h").code == 0
    lazy = [talk(daemon, *[{"method": "io.ipsd.Control.List", "more": True}] * 50) for _ in range(8)]
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    assert len(daemon.ctl("list", "--json").json["bans"]) == 1001 - (BAD in addresses)
    for s in lazy:
        s.close()


def test_events_can_be_followed(daemon):
    s = talk(daemon, {"method": "io.ipsd.Control.Events", "parameters": {"follow": True}, "more": True})
    assert replies(s, 1)[0]["continues"]
    daemon.write(line(BAD, 0, "[x] bob"))
    event = replies(s, 1)[0]["parameters"]["events"][0]
    assert (event["type"], event["address"], event["account"]) == ("auth-failure", BAD, "bob")


def test_replay_decides_as_the_daemon_did(daemon):
    start = now()
    daemon.attack(BAD, 12)
    daemon.attack(OTHER, 9)
    daemon.attack("2001:db8:a::1", 10)
    daemon.wait_blocked("2001:db8:a::1")
    live = {(d["prefix"], d["time"], d["until"], d["score"]) for d in
            map(json.loads, daemon.ctl("events", "--decisions", "--json").out.splitlines()) if d["decision"] == "ban"}
    old = {(d["prefix"], d["time"], d["until"], d["score"]) for d in
           map(json.loads, daemon.ctl("replay", "--json", "--from", start, str(daemon.log)).out.splitlines())
           if d.get("decision") == "ban"}
    assert live == old and len(live) == 2
