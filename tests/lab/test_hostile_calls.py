# SPDX-License-Identifier: MIT
"""Calls that no client of ours makes: every method with parameters of any kind, drawn by a seed. Each is answered, and the daemon is as
it was. The requests' framing and JSON have a fuzzer (tests/fuzz/fuzz_request.c); here is what methods make of what came through."""
import json
import os
import pathlib
import random
import re
import socket

from daemon import ROOT

SEED = int(os.environ.get("PROOF_SEED", "2026"))
CALLS = 1000
VARLINK = (ROOT / "src" / "wire" / "io.ipsd.Control.varlink").read_text()
ERRORS = {"org.varlink.service.ExpectedMore", "org.varlink.service.InvalidParameter", "org.varlink.service.MethodNotFound"} | {
    f"io.ipsd.Control.{name}" for name in re.findall(r"(?m)^error (\w+)", VARLINK)}
PLAUSIBLE = ["203.0.113.9", "203.0.113.0/24", "2001:db8::/48", "::ffff:203.0.113.9", "0.0.0.0/0", "test", "smtp", "auth-failure", "block", "account",
             "all", "25,465", "udp/53", "mail.example.net", "mx:example.net", "2026-01-01T00:00:00Z", "observe", "enforce", "1h", "ban", "ended"]
STRANGE = ["", " ", "\0", "a\0b", "%s%n", "../../etc/passwd", "\x1b[31m", "203.0.113.9/33", "203.0.113.9/-1", "1.2.3", ":" * 50, "9" * 400, "é" * 300,
           "x" * 70000, "0.0.0.0/00000000000000000000032", "udp/", ",", "65536", "1-0"]
NUMBERS = [0, 1, -1, 60, 2**31, 2**32, 2**63 - 1, -2**63, 1e308, -0.0, 10**15]


def parameters_of():
    """{method: [parameter]}, from the interface's description."""
    found = re.findall(r"(?ms)^method (\w+)\((.*?)\)\s*->", VARLINK)
    return {method: re.findall(r"(\w+):", words) for method, words in found}


def value(draw, depth=2):
    kind = draw.randrange(10 if depth else 7)
    if kind < 3:
        return draw.choice(PLAUSIBLE)
    if kind == 3:
        return draw.choice(STRANGE)
    if kind == 4:
        return draw.choice(NUMBERS)
    if kind < 7:
        return draw.choice([True, False, None])
    if kind < 9:
        return [value(draw, depth - 1) for _ in range(draw.choice([0, 1, 2, 300]))]
    names = ["prefix", "entry", "seconds", "reason", "x"]
    return {draw.choice(names): value(draw, depth - 1) for _ in range(3)}


def call(draw, methods):
    method = draw.choice(sorted(name for name in methods if methods[name] or draw.random() < 0.1))
    names = [name for name in methods[method] if draw.random() < 0.6] + (["unknown"] if draw.random() < 0.1 else [])
    parameters = {name: value(draw) for name in names}
    if method == "Ban" and draw.random() < 0.3:
        parameters["lines"] = [{"prefix": value(draw, 0), "seconds": value(draw, 0)} for _ in range(3)]
    message = {"method": f"io.ipsd.Control.{method}", "parameters": draw.choice([parameters] * 20 + [[], None, "x", 7])}
    if draw.random() < 0.3 and not parameters.get("follow"):
        message["more"] = True
    return message


def answers(connection):
    """Whole messages, as they come."""
    rest = b""
    while piece := connection.recv(1 << 16):
        *whole, rest = (rest + piece).split(b"\0")
        yield from map(json.loads, whole)


def test_calls_of_any_kind_are_answered(daemon):
    draw = random.Random(SEED)
    methods = parameters_of()
    assert {"Status", "Ban", "Events"} <= set(methods) and "what" in methods["Show"]
    descriptors = pathlib.Path(f"/proc/{daemon.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    daemon.attack("198.51.100.7")
    daemon.wait_blocked("198.51.100.7")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(daemon.dir / "run" / "control"))
        replies = answers(connection)
        for i in range(CALLS):
            message = call(draw, methods)
            text = json.dumps(message)
            connection.sendall(text.encode("ascii") + b"\0")
            while True:
                reply = next(replies, None)
                assert reply is not None, f"seed {SEED}, call {i} was not answered: {text[:300]}; {daemon.words()[-300:]}"
                assert reply.get("error") in ERRORS | {None} and isinstance(reply["parameters"], dict), (SEED, i, text[:300], reply)
                if not reply.get("continues"):
                    break
    assert daemon.ctl("enforce").code == 0
    daemon.ctl("never-block", "remove", "198.51.100.8")
    daemon.ctl("unban", "--all", "--yes")
    assert daemon.ctl("status", "--json").json["version"]
    assert len(list(descriptors.iterdir())) <= before + 2
