# SPDX-License-Identifier: MIT
"""replay, try, check, cat: on good logs, on hostile ones, and what stands in the config."""
import gzip
import json
import os
import re
import subprocess

import pytest

from conftest import ROOT

SEED = ROOT / "tests" / "scenario" / "vpop3-seed-example" / "log"


def line(address, minute=0, number=1, text="[Relay denied] a@example.net"):
    return f"2024-03-05T11:{minute:02}:00Z {address} {number} {text}\n"


# What a client can send, as it may stand in a log.
HOSTILE = [
    b"[x] \x1b[2J\x1b]0;owned\x07", b"[x] " + b"A" * 10240, b"[x] caf\xe9", b"[x] nul\x00byte", b"[x] \xc2\x9b31m", "[x] \u202egnp.exe".encode(),
    b"[x] \xff\xfe\x80", b"[x] tab\there", b"[x] back\\slash \"quote\"", b"[x] \x7f\x08\x08", "[x] \U0001f600 \u200b".encode(), b"[x] %s%n%p",
]


def hostile_log():
    return b"".join(b"2024-03-05T11:%02d:00Z 203.0.113.9 0 %s\n" % (i, text) for i, text in enumerate(HOSTILE))


def assert_tame(raw):
    text = raw.decode("utf-8")
    raw = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    assert not raw, ascii(text[max(0, raw.start() - 40):raw.end() + 40])


# ---- replay ---------------------------------------------------------------------------------------


def test_replay_tells_each_ban_and_the_sum(ctl):
    log = ctl.dir / "log"
    log.write_text("".join(line("203.0.113.9", i) for i in range(10)) + line("198.51.100.7", 11))
    answer = ctl("replay", str(log))
    assert answer.code == 0 and answer.err == ""
    first, last = answer.out.splitlines()
    assert first == ("2024-03-05T11:09:00Z ban 203.0.113.9 for 30m, until 2024-03-05T11:39:00Z: test: "
                     "10 relay-denied x 100 = 1000 >= 1000")
    assert re.fullmatch(r"11 lines, 11 events: 1 ban, 0 spared, 0 observed; from 2024-03-05T11:00:00Z to 2024-03-05T11:11:00Z \(\d+\.\d s\)", last)
    ban, summary = ctl("replay", "--json", str(log)).rows
    assert ban == {"decision": "ban", "time": "2024-03-05T11:09:00Z", "prefix": "203.0.113.9/32", "action": "block", "jail": "test",
                   "type": "SMTP abuse", "score": 1000, "threshold": 1000, "until": "2024-03-05T11:39:00Z", "events": {"relay-denied": 10}}
    summary["summary"].pop("seconds")
    assert summary == {"summary": {"lines": 11, "events": 11, "bans": 1, "spared": 0, "observed": 0,
                                   "first": "2024-03-05T11:00:00Z", "last": "2024-03-05T11:11:00Z"}}


def test_the_vendors_example_bans_at_1050(ctl):
    rows = ctl("replay", "--json", str(SEED)).rows
    assert [(r["prefix"], r["score"]) for r in rows[:-1] if r["decision"] == "ban"] == [("203.0.113.9/32", 1050)]


def test_files_of_all_kinds_are_one_log_in_the_order_of_their_first_stamps(ctl):
    parts = [ctl.dir / name for name in ("z.log", "m.gz", "a.log")]
    parts[0].write_text("".join(line("203.0.113.9", i) for i in range(4)))
    with gzip.open(parts[1], "wt") as f:
        f.write("".join(line("203.0.113.9", i) for i in range(10, 14)))
    parts[2].write_text("".join(line("203.0.113.9", i) for i in range(20, 22)))
    whole = ctl("replay", "--json", "-", stdin=b"".join(p.read_bytes() if p.suffix != ".gz" else gzip.decompress(p.read_bytes()) for p in parts))
    expected = [r for r in whole.rows if "decision" in r]
    assert [r["time"] for r in expected] == ["2024-03-05T11:21:00Z"]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        answer = ctl("replay", "--json", *(str(parts[i]) for i in order))
        assert [r for r in answer.rows if "decision" in r] == expected
        assert answer.rows[-1]["summary"]["lines"] == 10
    mixed = ctl("replay", "--json", str(parts[2]), "-", str(parts[1]), stdin=parts[0].read_bytes())
    assert mixed.rows[-1]["summary"]["lines"] == 10


def test_files_that_begin_alike_keep_their_order(ctl):
    logs = [ctl.dir / f"{name}.log" for name in "cab"]
    for number, log in enumerate(logs):
        log.write_text(line("203.0.113.9", 0, 0, f"[x] user{number}") * 10)
    (ctl.etc / "jails" / "test.conf").write_text((ctl.etc / "jails" / "test.conf").read_text().replace("1000", "50"))
    for _ in range(3):
        assert ctl("replay", "--json", *map(str, logs)).rows[-1]["summary"]["lines"] == 30


def test_from_and_to_cut_what_happened(ctl):
    log = ctl.dir / "log"
    log.write_text("".join(line("203.0.113.9", i) for i in range(20)))
    for words, events in ((["--from", "2024-03-05T11:05"], 15), (["--to", "2024-03-05T11:05"], 5), (["--from", "2024-03-05T11:05", "--to", "2024-03-05T11:07"], 2),
                          (["--from", "2024-03-06"], 0), (["--to", "2024-03-05"], 0)):
        summary = ctl("replay", "--json", *words, str(log)).rows[-1]["summary"]
        assert summary["bans"] == (events >= 10)


def test_only_the_jails_that_are_named_decide(ctl):
    second = (ctl.etc / "jails" / "test.conf").read_text().replace("threshold = 1000", "threshold = 500")
    (ctl.etc / "jails" / "strict.conf").write_text(second)
    log = ctl.dir / "log"
    log.write_text("".join(line("203.0.113.9", i) for i in range(10)))

    def jails(*words):
        return sorted(r["jail"] for r in ctl("replay", "--json", *words, str(log)).rows if r.get("decision") == "ban")

    assert jails() == ["strict", "test"]
    assert jails("--jail", "strict") == ["strict"]
    assert jails("--jail=test", "--jail", "strict") == ["strict", "test"]
    unknown = ctl("replay", "--jail=strikt", str(log))
    assert unknown.code == 2 and "strikt" in unknown.err


def test_a_damaged_gz_is_read_as_far_as_it_goes_and_said(ctl):
    whole = gzip.compress(os.urandom(1 << 16).hex().encode().join([b"\n"] * 2) + b"".join(line("203.0.113.9", i).encode() for i in range(10)))
    log = ctl.dir / "log.gz"
    log.write_bytes(whole[:-40])
    answer = ctl("replay", "--json", str(log))
    assert answer.code == 1 and "damaged" in answer.err
    assert answer.rows[-1]["summary"]["lines"] >= 1
    empty = ctl.dir / "empty"
    empty.write_bytes(b"")
    assert ctl("replay", str(empty)).code == 0


def test_replay_of_hostile_lines_shows_nothing_raw(ctl):
    (ctl.etc / "jails" / "test.conf").write_text((ctl.etc / "jails" / "test.conf").read_text().replace("1000", "50"))
    for words in (["replay", "-"], ["replay", "--json", "-"]):
        answer = ctl(*words, stdin=hostile_log())
        assert answer.code == 0
        assert_tame(answer.raw)


def test_random_bytes_are_a_log_without_events(ctl):
    for words in (["replay", "--json", "-"], ["try", "vpop3-ids", "-", "--json"]):
        answer = ctl(*words, stdin=os.urandom(1 << 20))
        assert_tame(answer.raw)
        assert answer.rows[-1]["summary"].get("events", 0) == 0


# ---- try ------------------------------------------------------------------------------------------


def test_try_tells_line_by_line(ctl):
    answer = ctl("try", "vpop3-ids", "--line=2024-03-05T11:02:17Z 203.0.113.9 0 [SMTP authentication failure] bob")
    assert answer.code == 0
    assert re.match(r"line 1: auth-failure  address 203\.0\.113\.9  service smtp  account bob  time 2024-03-05T11:02:17Z  by .*vpop3-ids\.conf:\d+\n",
                    answer.out), answer.out
    answer = ctl("try", "vpop3-ids", "-", "--json", stdin=b"nothing\n" + line("2001:db8::5").encode())
    hit, total = answer.rows
    assert (hit["line"], hit["event"], hit["address"], hit["service"], hit["account"], hit["time"]) == (
        2, "relay-denied", "2001:db8::5", "smtp", None, "2024-03-05T11:00:00Z")
    assert re.fullmatch(r".*vpop3-ids\.conf:\d+", hit["pattern"])
    assert total == {"summary": {"lines": 2, "hits": 1, "misses": 1, "folded": 0}}
    assert ctl("try", "vpop3-ids", "--line=nothing").code == 1


def test_try_takes_a_path_and_says_what_is_wrong_with_it(ctl):
    path = ctl.dir / "mine.conf"
    path.write_text((ctl.etc / "filters" / "vpop3-ids.conf").read_text())
    assert ctl("try", str(path), "--line=" + line("203.0.113.9").strip()).code == 0
    path.write_text("[filter]\nmacth = x\n")
    answer = ctl("try", str(path), "--line=x")
    assert answer.code == 2 and "mine.conf:2" in answer.err


def test_try_of_hostile_lines_shows_nothing_raw(ctl):
    for words in ([], ["--json"]):
        answer = ctl("try", "vpop3-ids", "-", *words, stdin=hostile_log())
        assert answer.code == 0
        assert_tame(answer.raw)
    rows = answer.rows
    assert len(rows) == len(HOSTILE) + 1
    accounts = {row["line"]: row["account"] for row in rows[:-1]}
    assert accounts[1].startswith("\x1b[2J") and accounts[3] == "caf\\xe9" and accounts[4] == "nul\x00byte"


FILTER = r"""[filter]
about = test
prefix = "^<STAMP> <ADDR> "
ignore = from the monitor
once-per = address, stamp
[define]
who = user=\[<USER>\]
[event auth-failure]
ignore = expired
match = login failed <who> for (?:mail|web)
        login \S+ for shell
hit = 2024-03-05T11:02:17Z 203.0.113.9 login failed user=[bob] for mail
      2024-03-05T11:02:17Z 203.0.113.9 login failed for shell
[event login]
match = login
hit = 2024-03-05T11:02:17Z 203.0.113.9 login well
"""
STAMP = "2024-03-05T11:02:17Z 203.0.113.9 "


@pytest.fixture
def mine(ctl):
    path = ctl.dir / "mine.conf"
    path.write_text(FILTER)
    return lambda text, *words: ctl("try", str(path), f"--line={text}", *words)


@pytest.mark.parametrize("text, reached, wants", [
    # (the line, where the pattern of line 10 stops, what it wants there)
    ("nothing", "", "<STAMP>"), ("2024-03-05T11:02:17Z mail.example.com login failed", "2024-03-05T11:02:17Z ", "<ADDR>"),
    (STAMP + "logon", STAMP + "log", "in failed user=["), (STAMP + "login failed user=[bob", STAMP + "login failed user=[", "] for "),
    (STAMP + "login failed user=[bob] for ftp", STAMP + "login failed user=[bob] for ", "(?:mail|web)"),
    (STAMP + "login failed user=[bob]", STAMP + "login failed user=[bob]", " for "),
])
def test_try_shows_where_a_pattern_stops_and_what_it_wants_there(mine, text, reached, wants):
    last = mine(text, "--json").rows[-1]
    row = next(p for p in last["patterns"] if p["pattern"].endswith(":10"))
    assert (row["result"], row["reached"], row["wants"]) == ("stops", len(reached), wants)
    out = mine(text).out.splitlines()
    at = next(i for i, r in enumerate(out) if wants in r and "^ " in r)
    assert out[at].index("^") == 2 + len(reached) and out[at - 1] == "  " + text


def test_try_names_who_took_the_line_and_who_vetoed_it(mine):
    out = mine(STAMP + "login failed user=[bob] for mail").out
    assert re.search(r"^line 1: auth-failure .* account bob ", out) and re.search(r"mine\.conf:10 \[event auth-failure\] takes it", out)
    assert re.search(r":15 \[event login\] matches, too, but line 10 is tried first", out)
    out = mine(STAMP + "login failed user=[bob] for mail expired").out
    assert re.search(r"^line 1: login ", out) and re.search(r":10 .* matches, but the ignore of line 9 vetoes it", out)
    answer = mine(STAMP + "login failed user=[bob] for mail from the monitor")
    assert answer.code == 1 and answer.out.startswith("no event: an ignore pattern vetoes it")
    assert re.search(r":10 .* matches, but the ignore of line 4 vetoes it", answer.out)
    rows = mine(STAMP + "login failed user=[bob] for mail expired", "--json").rows[-1]["patterns"]
    assert [(p["pattern"][-2:], p["result"], p["ignore"] and p["ignore"][-2:]) for p in rows] == [("10", "vetoed", ":9"), ("15", "event", None), ("11", "stops", None)]


def test_try_names_the_text_without_which_a_pattern_is_not_tried(mine):
    rows = {p["pattern"][-2:]: p for p in mine(STAMP + "login failed", "--json").rows[-1]["patterns"]}
    assert rows["10"]["lacks"] == "login failed " and rows["11"]["lacks"] == " for shell"
    assert 'it is tried only on lines that hold "login failed "' in mine(STAMP + "login failed").out


def test_try_says_what_syslog_misses(ctl):
    path = ctl.dir / "mine.conf"
    path.write_text("[filter]\nlayout = syslog\nprogram = app\n[event auth-failure]\nmatch = ^bad <ADDR>\nhit = Mar  5 11:02:17 h app[1]: bad 203.0.113.9\n")
    for text, words in (("bad 203.0.113.9", "no event: it does not begin as a line of syslog does"),
                        ("Mar  5 11:02:17 h cron[1]: bad 203.0.113.9", "no event: `program` does not name the program that said it")):
        answer = ctl("try", str(path), f"--line={text}")
        assert answer.code == 1 and answer.out.startswith(words)
    text = "Mar  5 11:02:17 h app[1]: bad x"
    out = ctl("try", str(path), f"--line={text}").out.splitlines()
    assert out[-1].index("^") == 2 + text.index("x") and out[-1].endswith("here must stand <ADDR>")


def test_try_of_a_long_or_hostile_line_points_at_the_place_all_the_same(mine):
    for text in (STAMP + "login failed user=[" + "a" * 5000 + "] for ftp", STAMP + "login failed user=[\x1b[2J\u202e\u20ac] for ftp"):
        answer = mine(text)
        assert_tame(answer.raw)
        row = next(i for i, r in enumerate(answer.out.splitlines()) if r.endswith("here must stand (?:mail|web)"))
        shown, caret = answer.out.splitlines()[row - 1:row + 1]
        assert shown[caret.index("^"):] == "ftp" and len(shown) < 300


def test_try_tells_the_same_event_once(ctl):
    (ctl.dir / "mine.conf").write_text(FILTER)
    log = "".join(STAMP + f"login failed user=[u{i}] for mail\n" for i in range(5)) + STAMP.replace(":17", ":18") + "login\nx\n"
    answer = ctl("try", str(ctl.dir / "mine.conf"), "-", stdin=log.encode())
    assert answer.out.splitlines()[-1] == "7 lines: 2 events, 4 that told one of them again (once-per), 1 without"
    rows = ctl("try", str(ctl.dir / "mine.conf"), "-", "--json", stdin=log.encode()).rows
    assert [row["line"] for row in rows[:-1]] == [1, 6]
    assert rows[-1]["summary"] == {"lines": 7, "hits": 2, "misses": 1, "folded": 4}


def test_try_ties_lines_to_sessions_as_ipsd_does(ctl):
    path = ctl.dir / "mine.conf"
    path.write_text("[filter]\nservice = smtp\n[session]\nid = <SESSION>\nopens = connection\ncarry = addr\n"
                    "hit = a1: from 203.0.113.9\n  => connection 203.0.113.9\n  a1: no such user\n  => bad-recipient 203.0.113.9\n"
                    "[event connection]\nmatch = ^<SESSION>: from <ADDR>\nhit = a1: from 203.0.113.9\n"
                    "[event bad-recipient]\nmatch = ^<SESSION>: no such user\nhit = a1: no such user\n")
    rows = ctl("try", str(path), "-", "--json", stdin=b"a1: from 203.0.113.9\nb2: from 203.0.113.10\na1: no such user\nx\n").rows
    assert [(row["event"], row["address"]) for row in rows[:-1]] == [
        ("connection", "203.0.113.9"), ("connection", "203.0.113.10"), ("bad-recipient", "203.0.113.9")]
    assert rows[-1]["summary"] == {"lines": 4, "hits": 3, "misses": 1, "folded": 0}


def test_missed_lines_are_grouped_by_shape(ctl):
    log = "".join(line("203.0.113.9", i % 60) for i in range(5))
    log += "".join(f"10:00:{i % 60:02} [198.51.100.{i % 200}] refused <a{i}@example.com> by \"rule {i}\" as 2001:db8::{i:x}\n" for i in range(300))
    log += "".join(f"took {i} ms\n" for i in range(40)) + "once\n"
    zipped = ctl.dir / "log.gz"
    zipped.write_bytes(gzip.compress(log.encode()))
    for words, stdin in ((["-"], log.encode()), ([str(zipped)], b"")):
        rows = ctl("try", "vpop3-ids", *words, "--missed", "--json", stdin=stdin).rows
        assert [(r["shape"], r["count"], r["line"]) for r in rows[:-1]] == [
            ('N:N:N [...] refused <...> by "..." as ADDR', 300, 6), ("took N ms", 40, 306), ("once", 1, 346)]
        assert rows[0]["example"].startswith("10:00:00 [198.51.100.0] refused <a0@")
        assert rows[-1]["summary"] == {"lines": 346, "hits": 5, "misses": 341, "folded": 0}
    out = ctl("try", "vpop3-ids", "-", "--missed", stdin=log.encode()).out.splitlines()
    assert out[0].split() == ["300", "N:N:N", "[...]", "refused", "<...>", "by", '"..."', "as", "ADDR"]
    assert out[1].startswith("          line 6: 10:00:00 ") and out[-1] == "346 lines: 5 events, 341 without"


def test_missed_lines_of_endless_shapes_are_counted_and_the_frequent_stay(ctl):
    words = ["".join(chr(97 + (i // 26 ** k) % 26) for k in range(4)) for i in range(20000)]
    log = "".join(f"{word}\n" + ("again and again\n" if i % 10 == 0 else "") for i, word in enumerate(words))
    rows = ctl("try", "vpop3-ids", "-", "--missed", "--json", stdin=log.encode()).rows
    assert (rows[0]["shape"], rows[0]["count"]) == ("again and again", 2000)
    assert len(rows) <= 4097
    out = ctl("try", "vpop3-ids", "-", "--missed", stdin=log.encode()).out.splitlines()
    counted = [int(row.split()[0]) for row in out[:-1] if not row.startswith("          line ")]
    assert sum(counted) == 22000 and len(out) < 70


def test_missed_hostile_lines_show_nothing_raw(ctl):
    log = b"".join(text + b"\n" for text in HOSTILE) + b"\n\n[((((<" * 1000
    for more in ([], ["--json"]):
        answer = ctl("try", "vpop3-ids", "-", "--missed", *more, stdin=log)
        assert answer.code == 1
        assert_tame(answer.raw)


def test_all_finds_the_filter_that_knows_a_log(ctl):
    for name in ("postfix", "dovecot", "sshd"):
        (ctl.etc / "filters" / f"{name}.conf").write_text((ROOT / "filters" / f"{name}.conf").read_text())
    log = ROOT / "tests" / "scenario" / "mail-one-score" / "log"
    *rows, last = ctl("try", "--all", str(log), "--json").rows
    assert [(r["filter"], r["hits"]) for r in rows] == [("postfix", 24), ("dovecot", 6)] and rows[0]["percent"] == 16.0
    assert last["summary"] == {"lines": 150, "hits": 30, "misses": 120, "folded": 0}
    answer = ctl("try", "--all", str(log))
    assert answer.code == 0 and answer.out.startswith("postfix knows this log best. Of 150 lines:\n  postfix ")
    none = ctl("try", "--all", "-", stdin=b"nothing\n")
    assert none.code == 1 and none.out.startswith("No filter knows this log: no event in 1 line.")


@pytest.mark.parametrize("words", [["--all", "a", "b"], ["--all", "--missed", "a"], ["--all", "--line=x"], ["vpop3-ids", "--missed", "--line=x"], ["--missed"],
                                   ["--all", "/nonexistent"], ["vpop3-ids", "/nonexistent", "--missed"]], ids=lambda words: "_".join(words))
def test_options_of_try_that_contradict_are_wrong_usage(ctl, words):
    answer = ctl("try", *words)
    assert answer.code == 2 and answer.out == "" and len(answer.err.splitlines()) <= 2


# ---- check and cat --------------------------------------------------------------------------------


def test_the_shipped_files_are_well(ctl, build):
    done = subprocess.run([str(build / "src/ctl/ipsctl"), f"--config-dir={ROOT}", "check", "--json"], capture_output=True, check=False,
                          env=dict(os.environ, IPSD_SHARE_DIR="/nonexistent"), timeout=60)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert done.returncode == 0
    assert not [row for row in rows if row["level"] == "error"]


def test_check_tells_all_problems_in_one_run(ctl):
    (ctl.etc / "jails" / "broken.conf").write_text("[jail]\nwach = vpop3-ids\nban = 30\n")
    (ctl.etc / "ipsd.conf").write_text("[ipsd]\nmode = enfroce\n")
    answer = ctl("check")
    assert answer.code == 1
    for words in ("broken.conf:2", "did you mean watch", "broken.conf:3", "30 what?", "ipsd.conf:2"):
        assert words in answer.out
    rows = ctl("check", "--json").rows
    assert {(os.path.basename(r["file"]), r["line"]) for r in rows if r["level"] == "error"} >= {
        ("broken.conf", 2), ("broken.conf", 3), ("ipsd.conf", 2)}


BROKEN_JAIL = "[jail]\nwach = vpop3-ids\n"


@pytest.mark.parametrize("files, verdict", [
    ({}, r"all is well in .*/etc: 1 filter, 1 jail"),
    ({"jails/off.conf": "[jail]\nenabled = no\nwatch = vpop3-ids\nthreshold = 1\n[multipliers]\nauth-failure = 1\n"},
     r"all is well in .*/etc: 1 filter, 1 jail, 1 disabled"),
    ({"jails/a.conf": BROKEN_JAIL}, r"\d errors in 1 file; ipsd would start without jail a"),
    ({"jails/a.conf": BROKEN_JAIL, "jails/b.conf": BROKEN_JAIL}, r"\d+ errors in 2 files; ipsd would start without jails a, b"),
    ({f"jails/{i}.conf": BROKEN_JAIL for i in range(9)}, r"\d+ errors in 9 files; ipsd would start without jails 0, 1, 2, 3, 4 and 4 more"),
    ({"filters/vpop3-ids.conf": "[filter]\nx = 1\n"}, r"\d errors in 2 files; ipsd would start without jail test and filter vpop3-ids"),
    ({"ipsd.conf": "[never-block]\naddresses = 192.0.2.9/24\n"}, r"1 error in 1 file; ipsd would start, but only observe"),
    ({"ipsd.conf": "[never-block]\naddresses = x\n", "jails/a.conf": BROKEN_JAIL},
     r"\d errors in 2 files; ipsd would start, but only observe, without jail a"),
    ({"ipsd.conf": "[ipsd]\nmode = x\n"}, r"1 error in 1 file; ipsd would not start"),
    ({"filters/a.conf": "[filter]\n[event auth-failure]\nmatch = ^<ADDR> abcd\nhit = x\n"}, r"\d errors in 1 file; ipsd would start"),
], ids=["well", "off", "jail", "jails", "many", "filter", "never-block", "both", "main", "samples"])
def test_the_first_line_of_check_says_what_ipsd_would_do(ctl, files, verdict):
    for name, text in files.items():
        (ctl.etc / name).write_text(text)
    answer = ctl("check")
    first, *rest = answer.out.splitlines()
    assert re.fullmatch(verdict, first), first
    assert answer.code == (0 if "well" in verdict else 1)
    assert ("well" in verdict) or any(name.split("/")[-1] in row for row in rest for name in files)


POSTFIX = """# relayhost = [other.example.org]
mynetworks = 127.0.0.0/8, [::1]/128
    192.0.2.0/24 hash:/etc/postfix/nets
    203.0.113.0/24
relayhost = [{relay}]:587
"""


def test_check_names_what_postfix_works_with_and_ipsd_might_ban(ctl):
    main_cf = ctl.dir / "main.cf"
    env = {"IPSD_POSTFIX_MAIN_CF": str(main_cf)}
    main_cf.write_text(POSTFIX.format(relay="smtp.example.org"))
    (ctl.etc / "ipsd.conf").write_text("[never-block]\naddresses = 192.0.2.0/23\n")

    def notes():
        answer = ctl("check", env=env)
        assert answer.code == 0 and answer.out.startswith("all is well")
        return [row for row in answer.out.splitlines() if str(main_cf) in row]

    assert notes() == [
        f"note: {main_cf}:5: relayhost: mail goes through smtp.example.org, which is not on never-block; "
        "ipsd.conf: [never-block] hosts = smtp.example.org",
        f"note: {main_cf}:2: mynetworks: Postfix trusts 203.0.113.0/24, which is not on never-block; "
        "ipsd.conf: [never-block] addresses = 203.0.113.0/24"]
    (ctl.etc / "ipsd.conf").write_text("[never-block]\naddresses = 192.0.2.0/23 203.0.113.0/24\nhosts = SMTP.example.org\n")
    assert notes() == []
    main_cf.write_text(POSTFIX.format(relay="198.51.100.25"))
    assert notes()[0].endswith("addresses = 198.51.100.25")
    main_cf.unlink()
    assert notes() == []


def test_check_tells_costs_when_asked(ctl):
    quiet = ctl("check").out
    assert "found by" not in quiet and "keeps at most" not in quiet
    (ctl.etc / "filters" / "a.conf").write_text("[filter]\nservice = x\n[event auth-failure]\nmatch = ^<ADDR> failed\n        ^no <ADDR>\n"
                                                "hit = 192.0.2.1 failed\n      no 192.0.2.1\n")
    for words in (["-v"], ["--verbose"]):
        out = ctl("check", *words).out
        assert re.search(r'a\.conf:4 \[event auth-failure\]: found by " failed"; \d+ ns a try, \d+ KiB\n', out)
        assert re.search(r"a\.conf:5 \[event auth-failure\]: tried on every line, about \d+ ns a line: no 4 bytes stand", out)
        assert re.search(r"jail test: keeps at most 20 events of a subject, then \d+ bytes; at most 1000000 subjects", out)
    rows = [row for row in ctl("check", "-v", "--json").rows if row["level"] == "cost"]
    assert {"failed"} <= {literal.strip() for row in rows for literal in row.get("literals", [])}
    assert [row["events"] for row in rows if "jail" in row] == [20]
    assert all(row["bytes"] > 100 for row in rows)


def test_types_that_no_jail_counts_are_noted_for_ones_own_files(ctl):
    assert re.search(r"^note: .*vpop3-ids\.conf:\d+: \[filter\]: no jail counts relay-allowed", ctl("check").out, re.M)


def test_check_strict_minds_warnings(ctl):
    (ctl.etc / "jails" / "test.conf").write_text((ctl.etc / "jails" / "test.conf").read_text().replace("about = VPOP3", "about = VPOP3 ; x"))
    assert ctl("check").code == 0
    assert ctl("check", "--strict").code == 1


def test_check_of_hostile_files_shows_nothing_raw(ctl):
    (ctl.etc / "jails" / "bytes.conf").write_bytes(b"[jail]\nab\x1b[2Jout = \xff\x00x\n\xc2\x9b = 3\n[\x1b]\n")
    for words in (["check"], ["check", "--json"]):
        answer = ctl(*words)
        assert answer.code == 1
        assert_tame(answer.raw)


@pytest.mark.parametrize("words", [["cat"], ["cat", "test"], ["cat", "jail", "test"], ["cat", "vpop3-ids"], ["cat", "filter", "vpop3-ids"]],
                         ids=lambda words: "_".join(words))
def test_what_cat_prints_is_read_again_as_the_same(ctl, words):
    first = ctl(*words)
    assert first.code == 0 and first.err == ""
    target = {1: ctl.etc / "ipsd.conf"}.get(len(words)) or ctl.etc / ("jails/test.conf" if "test" in words else "filters/vpop3-ids.conf")
    target.write_text(first.out)
    assert ctl("check").code == 0
    second = ctl(*words)

    def values(text):
        return [row for row in text.splitlines() if row and not row.startswith(";")]

    assert values(second.out) == values(first.out)
    assert ctl("replay", "--json", str(SEED)).rows[0]["score"] == 1050


def test_cat_names_where_each_value_comes_from(ctl):
    drop = ctl.etc / "jails" / "test.conf.d"
    drop.mkdir()
    (drop / "local.conf").write_text("[jail]\nban = 2h\n")
    out = ctl("cat", "jail", "test").out
    assert re.search(r"; .*local\.conf:2\nban += 2h", out) and re.search(r"; .*test\.conf:6\nthreshold += 1000", out)


def test_a_name_that_is_two_things_is_asked_back(ctl):
    (ctl.etc / "jails" / "vpop3-ids.conf").write_text((ctl.etc / "jails" / "test.conf").read_text())
    answer = ctl("cat", "vpop3-ids")
    assert answer.code == 2 and "cat jail vpop3-ids" in answer.err and "cat filter vpop3-ids" in answer.err
