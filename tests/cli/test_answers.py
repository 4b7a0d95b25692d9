# SPDX-License-Identifier: MIT
"""What ipsctl makes of a daemon's answers: good ones, hostile ones, and none."""
import re
import subprocess
import threading

import pytest

from server import WAIT, Server, ban, error, reply

EVIL = "\x1b[2J\x07\u202e\x9b31m\x00 caf\xe9"


def assert_tame(raw):
    text = raw.decode("utf-8")
    found = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    assert not found, ascii(text[max(0, found.start() - 40):found.end() + 40])


@pytest.fixture
def serve(ctl):
    """Starts the server with an answer, and gives it."""
    servers = []

    def start(answer):
        servers.append(Server(ctl.dir / "run" / "control", answer if callable(answer) else lambda _: answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


# ---- list -----------------------------------------------------------------------------------------


BANS = [
    ban("203.0.113.9/32", blocks_30d=10, seconds_left=60),
    ban("198.51.100.0/24", jail="by hand", type="Manual", action="blacklist", service=None, until=None, seconds_left=None, score=None, threshold=None,
        by="root", reason="ten of them", description=None, ports="mail", blocks_30d=2),
    ban("2001:db8:a::/64", kind="observed", because="jail-observes", country="DE", seconds_left=7200, blocks_30d=1),
]


def test_list_is_a_table_and_a_line_with_the_sum(ctl, serve):
    serve([reply(mode="enforce", bans=BANS)])
    answer = ctl("list")
    assert answer.code == 0 and answer.err == ""
    lines = answer.out.splitlines()
    assert re.sub(" +", " ", lines[0]).strip() == "SOURCE TIME-LEFT COUNTRY TYPE ACTION PORTS DESCRIPTION BLOCKS-30D BY"
    assert re.sub(" +", " ", lines[1]).strip().startswith("203.0.113.9 1m")
    assert "permanent" in lines[2] and "198.51.100.0/24" in lines[2]
    assert "block (observed)" in lines[3]
    assert lines[-1].startswith("2 blocks, 1 observed: ")


def test_columns_without_a_word_are_left_out(ctl, serve):
    serve([reply(mode="enforce", bans=[ban("203.0.113.9/32")])])
    head = ctl("list").out.splitlines()[0]
    assert "COUNTRY" not in head and "PORTS" not in head
    assert "COUNTRY" in ctl("list", "-o", "SOURCE,COUNTRY").out


def test_columns_are_those_that_were_asked_for(ctl, serve):
    serve([reply(mode="enforce", bans=BANS)])
    assert ctl("list", "-o", "source,score").out.splitlines()[0].split() == ["SOURCE", "SCORE"]
    more = ctl("list", "-o+JAIL,score").out.splitlines()[0].split()
    assert more[0] == "SOURCE" and more[-2:] == ["JAIL", "SCORE"]
    unknown = ctl("list", "-oSOURCE,NOPE")
    assert unknown.code == 2 and "NOPE" in unknown.err and "TIME-LEFT" in unknown.err


@pytest.mark.parametrize("column, order", [("SOURCE", [1, 0, 2]), ("TIME-LEFT", [0, 2, 1]), ("blocks-30d", [2, 1, 0]), ("BY", [0, 2, 1])])
def test_sorting_is_by_value(ctl, serve, column, order):
    serve([reply(mode="enforce", bans=BANS)])
    rows = [line.split()[0] for line in ctl("list", "--raw", "-o", "SOURCE", "--sort", column).out.splitlines()]
    assert rows == [BANS[i]["prefix"] for i in order]


def test_raw_is_for_scripts(ctl, serve):
    serve([reply(mode="enforce", bans=[ban("203.0.113.9/32", reason="two words", description=None)])])
    out = ctl("list", "--raw", "-o", "SOURCE,TIME-LEFT,SINCE,UNTIL,REASON,DESCRIPTION,SCORE").out
    assert out == "203.0.113.9/32 1752 2026-11-22T03:00:00Z 2026-11-22T03:30:00Z two\\x20words - 1050\n"


def test_list_json_is_one_object_of_all_replies(ctl, serve):
    parts = [dict(reply(mode="enforce", bans=[b]), continues=True) for b in BANS] + [reply(mode="enforce", bans=[])]
    server = serve(parts)
    answer = ctl("list", "--json", "--jail=test", "--all")
    assert answer.json == {"mode": "enforce", "bans": BANS, "folded": 0}
    request = server.requests[0]
    assert request["more"] and request["method"] == "io.ipsd.Control.List"
    assert request["parameters"]["jail"] == "test" and set(request["parameters"]["kinds"]) == {"ban", "observed", "spared", "ended"}


@pytest.mark.parametrize("words", [["--raw"], ["--json"]])
def test_a_list_for_scripts_is_printed_as_it_comes(ctl, serve, words):
    seen = threading.Event()

    def answer():
        yield dict(reply(mode="enforce", bans=[ban("203.0.113.9/32", reason="x" * 65536)]), continues=True)
        yield reply(mode="enforce", bans=BANS[1:] if seen.wait(30) else [])

    serve(answer())
    with subprocess.Popen(ctl.command("list", "-oSOURCE,REASON", *words), stdout=subprocess.PIPE, env=ctl.env()) as asked:
        first = asked.stdout.read(1024)
        seen.set()
        rest = asked.stdout.read()
    assert b"203.0.113.9/32" in first and b"2001:db8:a::/64" in rest


def test_a_script_gets_the_same_columns_whatever_stands_in_them(ctl, serve):
    serve([reply(mode="enforce", bans=[ban("203.0.113.9/32"), ban("2001:db8:a::/64", country="DE", ports="mail")])])
    assert [len(row.split()) for row in ctl("list", "--raw").out.splitlines()] == [9, 9]


def test_a_long_list_is_printed_in_pieces_and_counted_as_one(ctl, serve):
    rows = [ban(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32", country="DE" if i == 29_000 else None, service=f"s{i % 2}") for i in range(30_000)]
    serve([dict(reply(mode="enforce", bans=rows[i:i + 250]), continues=True) for i in range(0, 30_000, 250)] + [reply(mode="enforce", bans=[])])
    lines = ctl("list").out.splitlines()
    heads = [line for line in lines if line.startswith("SOURCE")]
    assert len(heads) == 3 and ["COUNTRY" in head for head in heads] == [False, False, True]
    assert [line.split()[0] for line in lines if line.startswith("10.")] == [row["prefix"].removesuffix("/32") for row in rows]
    assert lines[-1] == "30000 blocks: 15000 s0, 15000 s1"


def test_a_long_list_is_sorted_as_one(ctl, serve):
    rows = [ban(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32") for i in reversed(range(11_000))]
    serve([dict(reply(mode="enforce", bans=rows), continues=True), reply(mode="enforce", bans=[])])
    lines = ctl("list", "--sort=SOURCE").out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [row["prefix"].removesuffix("/32") for row in reversed(rows)]


def test_an_empty_list_is_well(ctl, serve):
    serve([reply(mode="enforce", bans=[])])
    assert ctl("list").code == 0
    assert ctl("list", "--json").json == {"mode": "enforce", "bans": [], "folded": 0}
    assert ctl("list", "--raw").out == ""


def test_who_only_observes_says_so_first(ctl, serve):
    serve([reply(mode="observe", bans=BANS)])
    assert "OBSERVES" in ctl("list").out.splitlines()[0]
    assert "OBSERVES" not in ctl("list", "--raw").out


# ---- text from logs -------------------------------------------------------------------------------


def event(**more):
    row = {"id": 1, "time": "2026-11-22T03:00:00Z", "address": "203.0.113.9", "type": "auth-failure", "service": "smtp", "account": EVIL, "filter": "f",
           "source": "/log", "data": None, "text": EVIL + "x" * 10240, "counted": True, "points": 50}
    return dict(row, **more)


def never():
    return {"entry": EVIL, "until": None, "seconds_left": None, "jail": EVIL, "service": EVIL, "reason": EVIL, "by": EVIL, "from": "config",
            "file": EVIL, "line": 3, "text": EVIL, "spared_24h": 1}


def hostile(request):
    method = request["method"].rsplit(".", 1)[1]
    row = ban("203.0.113.9/32", reason=EVIL, by=EVIL, description=EVIL, type=EVIL, service=EVIL, jail=EVIL, ports=EVIL, because=EVIL)
    if method == "List":
        return [reply(mode="enforce", bans=[row])]
    if method == "Show":
        return [reply(query=EVIL, prefix="203.0.113.9/32", mode="enforce", banned=True, bans=[row], scores=[{
            "jail": EVIL, "score": 50, "threshold": 1000, "falls": None,
            "events": [{"type": EVIL, "about": EVIL, "innocent": EVIL, "count": 1, "multiplier": 50, "points": 50}]}],
            evidence=[event()], events=[event(id=2)], never_block=EVIL, never=[never()], country=EVIL, blocks_30d=1,
            kernel=[{"ports": EVIL, "held": True, "seconds_left": 5, "packets": 1, "error": EVIL}], covered_by=EVIL, past=[row])]
    if method == "NeverBlockList":
        return [reply(entries=[never(), dict(never(), **{"from": "host"})])]
    if method == "NeverBlockAdd":
        return [reply(added=1, renewed=0, lifted=1, notes=[EVIL], warnings=[EVIL])]
    if method == "NeverBlockRemove":
        return [reply(removed=0, still=[never()], warnings=[EVIL])]
    if method == "Events":
        return [reply(events=[event(), event(data=EVIL)], decisions=[{
            "decision": "ban", "time": "2026-11-22T03:00:00Z", "prefix": EVIL, "action": "block", "jail": EVIL, "type": EVIL, "score": 1, "threshold": 2,
            "until": EVIL, "because": EVIL, "by": EVIL, "reason": EVIL, "ports": EVIL, "events": {}}])]
    if method == "Status":
        return [reply(version=EVIL, mode="enforce", uptime=5, sources=[{"path": EVIL, "state": EVIL, "lag_bytes": 0, "lines": 1, "why": EVIL}],
                      jails=[{"name": EVIL, "state": EVIL, "mode": EVIL, "subjects": 0, "near": 0, "bans": 0, "spared": 0, "observed": 0, "why": EVIL}],
                      kernel={"agrees": True, "elements": 0, "pending": 0, "last_error": EVIL},
                      findings=[{"level": EVIL, "text": EVIL, "command": EVIL}])]
    if method == "Ban":
        return [reply(made=1, known=0, bans=[row], warnings=[EVIL])]
    if method == "Unban":
        return [reply(lifted=1, free=False, covered_by=[EVIL], notes=[EVIL], warnings=[EVIL])]
    return [error("io.ipsd.Control.Refused", reason=EVIL, command=EVIL)]


@pytest.mark.parametrize("words", [["list", "--all"], ["list", "--raw"], ["show", "203.0.113.9"], ["events"], ["events", "--decisions"], ["status"],
                                   ["ban", "203.0.113.9"], ["unban", "203.0.113.9"], ["observe"],
                                   ["never-block", "list"], ["never-block", "add", "203.0.113.9"],
                                   ["never-block", "remove", "203.0.113.9"]], ids=lambda words: "_".join(words))
@pytest.mark.parametrize("json", [False, True])
def test_nothing_in_an_answer_reaches_the_terminal_raw(ctl, serve, words, json):
    serve(hostile)
    answer = ctl(*words, *(["--json"] if json else []))
    assert answer.code in (0, 1, 2)
    assert_tame(answer.raw)
    assert_tame(answer.err.encode())
    if json and answer.code != 2:
        assert answer.rows


# ---- answers that are none ------------------------------------------------------------------------


GARBAGE = {
    "text": [b"HTTP/1.1 400 Bad Request\r\n\r\n\0"], "empty": [b"\0"], "number": [b"5\0"], "list": [b"[]\0"], "object": [b"{}\0"], "null": [b"null\0"],
    "half": [b'{"parameters":{"mode":"enf\0'], "twice": [b'{"parameters":{},"parameters":{}}\0'], "bytes": [b"\xff\xfe\x00"],
    "parameters": [b'{"parameters":[1]}\0'], "error": [b'{"error":5}\0'], "nest": [b"[" * 100000 + b"\0"],
}


@pytest.mark.parametrize("words", [["status"], ["list", "--json"], ["show", "203.0.113.9"], ["ban", "203.0.113.9"], ["events"]], ids=lambda words: words[0])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_exit_3_with_one_sentence(ctl, serve, words, name):
    serve(GARBAGE[name])
    answer = ctl(*words)
    assert answer.code == 3 and answer.out == ""
    assert len(answer.err.splitlines()) == 1 and "does not speak" in answer.err


@pytest.mark.parametrize("answer", [[], [b""], [b'{"parameters":{"mo'], None], ids=["closed", "nothing", "half", "none"])
def test_a_daemon_that_ends_in_between_is_exit_3(ctl, serve, answer):
    serve(answer)
    for words in (["status"], ["list"], ["unban", "203.0.113.9"]):
        got = ctl(*words)
        assert got.code == 3 and got.out == "" and len(got.err.splitlines()) == 1 and "ended before" in got.err


def test_a_daemon_that_keeps_silent_is_not_waited_for_for_ever(ctl, serve):
    serve([b'{"parameters":', WAIT])
    answer = ctl("status", env={"IPSCTL_TIMEOUT": "1"})
    assert answer.code == 3 and "has not answered for 1 seconds" in answer.err


def test_a_stream_that_breaks_off_is_told_and_what_came_stands(ctl, serve):
    serve([dict(reply(events=[event(account="bob", text="x")], decisions=[]), continues=True)])
    answer = ctl("events", "--json")
    assert answer.code == 3 and answer.rows[0]["account"] == "bob" and "ended before" in answer.err


def test_members_of_other_types_are_no_crash(ctl, serve):
    nonsense = {"mode": 5, "bans": {"a": 1}, "events": "x", "decisions": 3, "findings": [1, None, "x"], "sources": [[]], "jails": [{"bans": "x"}], "kernel": [],
                "uptime": "x", "version": [], "banned": "yes", "prefix": 7, "scores": [{"events": 5}], "evidence": [3], "past": [None], "lifted": "x",
                "warnings": [5], "notes": [{}], "covered_by": 5}
    serve([reply(**nonsense)])
    for words in (["status"], ["list"], ["show", "203.0.113.9"], ["events"], ["ban", "203.0.113.9"], ["unban", "203.0.113.9"], ["observe"], ["verify"]):
        for more in ([], ["--json"]):
            answer = ctl(*words, *more)
            assert answer.code in (0, 1), (words, answer.code, answer.err)
    assert ctl("metrics").out == ""


# ---- errors of the daemon -------------------------------------------------------------------------


@pytest.mark.parametrize("said, words", [
    (error("io.ipsd.Control.Refused", reason="10.0.0.0/7 is wide", command="ipsctl cat"), ["10.0.0.0/7 is wide", "next: ipsctl cat"]),
    (error("io.ipsd.Control.Refused", reason="no", command=None), ["no"]),
    (error("org.varlink.service.InvalidParameter", parameter="ports"), ["ports"]),
    (error("org.varlink.service.MethodNotFound", method="x"), ["older than this ipsctl"]),
    (error("io.example.Something"), ["io.example.Something"]),
])
def test_a_refusal_is_a_sentence_and_exit_2(ctl, serve, said, words):
    serve([said])
    answer = ctl("ban", "203.0.113.9")
    assert answer.code == 2 and answer.out == "" and len(answer.err.splitlines()) == 1
    assert all(w in answer.err for w in words)


def test_exit_codes_tell_the_answer(ctl, serve):
    free = {"lifted": 1, "free": True, "covered_by": [], "notes": [], "warnings": []}
    for parameters, code in ((free, 0), (dict(free, lifted=0), 0), (dict(free, free=False, covered_by=["203.0.113.0/24"]), 1), (dict(free, warnings=["x"]), 1)):
        server = serve([reply(**parameters)])
        assert ctl("unban", "203.0.113.9").code == code
        server.close()
        (ctl.dir / "run" / "control").unlink()
        server.close = lambda: None


# ---- following ------------------------------------------------------------------------------------


def test_what_is_followed_is_printed_as_it_comes(ctl, serve):
    import subprocess
    go = threading.Event()

    def answer(_):
        yield dict(reply(events=[event(account="one", text="x")], decisions=[]), continues=True)
        go.wait(20)
        yield dict(reply(events=[event(account="two", text="x")], decisions=[]), continues=True)
        yield WAIT

    serve(answer)
    with subprocess.Popen(ctl.command("events", "--follow", "--json"), stdout=subprocess.PIPE, env=ctl.env()) as process:
        assert b'"one"' in process.stdout.readline()
        go.set()
        assert b'"two"' in process.stdout.readline()
        process.terminate()
        process.wait(20)
