# SPDX-License-Identifier: MIT
"""Verbs, options, help, exit codes, and where the answer goes."""
import re
import subprocess

import pytest

NO_DAEMON = ["status", "list", "show 203.0.113.9", "ban 203.0.113.9", "unban 203.0.113.9", "unban --all --yes", "events", "observe",
             "enforce", "verify", "metrics"]


def verbs(ctl):
    return re.findall(r"^  ([a-z-]+) ", ctl("--help").out, re.M)


def test_help_names_each_verb_and_each_verb_has_help(ctl):
    known = verbs(ctl)
    assert {"status", "list", "show", "ban", "unban", "events", "replay", "try", "check", "cat", "teardown"} <= set(known)
    for verb in known:
        for words in ((verb, "--help"), ("--help", verb), (verb, "-h"), (verb, "x", "--help", "--config-dir=x")):
            answer = ctl(*words)
            assert answer.code == 0 and answer.err == ""
            assert answer.out.startswith(f"Usage: ipsctl {verb} ") and "--config-dir" in answer.out
            assert all(len(line) < 130 for line in answer.out.splitlines())


def test_help_tells_each_verbs_own_exit_codes_and_json_where_there_is_some(ctl):
    said = {verb: ctl(verb, "--help").out for verb in verbs(ctl)}
    for verb, text in said.items():
        exits = re.search(r"^Exit: 0 .*, 2 wrong usage or input(, 3 ipsd cannot be reached)?\.$", text, re.M)
        assert exits, verb
        assert bool(exits[1]) == (verb not in ("replay", "try", "check", "cat", "teardown")), verb
    assert "1 it is not" in said["show"] and "1 something needs a person" in said["status"] and "1 none is" in said["try"]
    for verb in said:
        assert ("--json" in said[verb]) == (verb not in ("cat", "metrics", "teardown")), verb


def test_a_verb_of_another_version_is_no_verb(ctl):
    for words in (["import-fail2ban", "/etc"], ["import-fail2ban", "--help"]):
        answer = ctl(*words)
        assert answer.code == 2 and f'there is no verb "{words[0]}"' in answer.err


def test_version(ctl):
    assert re.fullmatch(r"ipsctl \d+\.\d+\.\d+\n", ctl("--version").out)


@pytest.mark.parametrize("words", [line.split() for line in NO_DAEMON], ids=lambda words: "_".join(words))
def test_no_daemon_is_exit_3_with_one_sentence_and_the_next_command(ctl, words):
    for more in ([], ["--json"]):
        answer = ctl(*words, *more)
        if words == ["metrics"] and more and answer.code == 2:
            continue
        assert answer.code == 3 and answer.out == ""
        assert len(answer.err.splitlines()) == 1 and "systemctl start ipsd" in answer.err


def test_no_verb_is_status_and_an_address_is_show(ctl):
    assert ctl().err == ctl("status").err
    assert ctl("--json").code == 3
    for address in ("203.0.113.9", "2001:db8::1", "203.0.113.0/24", "203.0.113.9/24"):
        assert ctl(address).code == 3


@pytest.mark.parametrize("words, hint", [
    (["lst"], "list"), (["unbann", "203.0.113.9"], "unban"), (["statsu"], "status"), (["list", "--jial=x"], "--jail"),
    (["ban", "203.0.113.9", "--permanant"], "--permanent"), (["events", "--folow"], "--follow"), (["replay", "--form=x"], "--from"),
])
def test_a_word_that_is_nearly_right_is_guessed(ctl, words, hint):
    answer = ctl(*words)
    assert answer.code == 2 and answer.out == ""
    assert f"did you mean {hint}?" in answer.err.replace('"', "")


@pytest.mark.parametrize("words", [
    ["frobnicate"], ["list", "extra"], ["status", "extra"], ["show"], ["ban"], ["unban"], ["unban", "--all", "203.0.113.9"], ["unban", "--all"],
    ["ban", "203.0.113"], ["ban", "203.0.113.9/24"], ["ban", "203.0.113.9", "--for=30"], ["ban", "203.0.113.9", "--for", "soon"],
    ["ban", "203.0.113.9", "--for=1h", "--permanent"], ["ban", "203.0.113.9", "--for=0s"], ["ban", "203.0.113.9", "--for=1000000000m"],
    ["list", "-o"], ["list", "-o", ""], ["list", "-o", ","], ["list", "-o", "SOURCE,NOPE"], ["list", "--sort=NOPE"], ["list", "--raw=x"],
    ["list", "--for=1h"], ["list", "-x"], ["list", "-json"], ["events", "--limit=-1"], ["events", "--limit=10001"], ["events", "--limit=many"],
    ["events", "--since=yesterday"], ["events", "203.0.113.9"], ["replay"], ["try"], ["try", "vpop3-ids", "a", "b"],
    ["try", "vpop3-ids", "a", "--line=x"], ["try", "nosuch"], ["check", "extra"], ["cat", "nosuch"], ["cat", "jail", "nosuch"],
    ["cat", "thing", "x"], ["cat", "a", "b", "c"], ["cat", "--json"], ["replay", "--jail=nosuch", "/dev/null"],
    ["replay", "--filter=nosuch", "/dev/null"], ["replay", "--from=x", "/dev/null"], ["replay", "/nonexistent"], ["replay", "/"],
    ["teardown", "extra"], ["--jobs"], ["--json=yes", "list"],
], ids=lambda words: "_".join(words) or "none")
def test_wrong_usage_is_exit_2_and_nothing_on_stdout(ctl, words):
    answer = ctl(*words)
    assert answer.code == 2, answer.err
    assert answer.out == ""
    assert answer.err.startswith("ipsctl") and 1 <= len(answer.err.splitlines()) <= 2


def test_a_length_without_a_unit_tells_whose_it_may_be(ctl):
    assert "30 what? VPOP3 means minutes, 30m; fail2ban seconds, 30s" in ctl("ban", "203.0.113.9", "--for=30").err


def test_host_bits_are_told_with_the_prefix_that_is_meant(ctl):
    assert "did you mean 203.0.113.0/24?" in ctl("ban", "203.0.113.9/24").err


def test_the_own_address_is_not_banned_without_force(ctl):
    here = {"SSH_CONNECTION": "203.0.113.9 40000 192.0.2.1 22"}
    refused = ctl("ban", "203.0.113.0/24", env=here)
    assert refused.code == 2 and "--force" in refused.err
    assert ctl("ban", "203.0.113.0/24", "--force", env=here).code == 3
    assert ctl("ban", "198.51.100.1", env=here).code == 3


def test_options_stand_anywhere_and_behind_two_dashes_is_no_option(ctl):
    log = ctl.dir / "-log"
    log.write_text("2024-03-05T11:02:17Z 203.0.113.9 1 [Relay denied] x\n")
    for words in (["replay", "--json", "./-log"], ["--json", "replay", str(log)], ["replay", str(log), "--json"], ["replay", "--json", "--", str(log)]):
        answer = ctl(*[w if w != "./-log" else str(log) for w in words])
        assert answer.code == 0 and answer.rows[-1]["summary"]["events"] == 1


def test_a_letter_takes_its_value_with_or_without_a_blank(ctl):
    assert ctl("list", "-oSOURCE").err == ctl("list", "-o", "SOURCE").err == ctl("list", "--output=SOURCE").err


def test_what_was_typed_cannot_steer_the_terminal(ctl):
    for words in (["\x1b]0;x\x07"], ["show", "--\x1b[2J"], ["ban", "203.0.113.9", "--for=\x1b[31m"], ["cat", "\x1b[2J\xff"], ["list", "--sort=\x1b"]):
        answer = ctl(*words)
        assert answer.code == 2
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", answer.err)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check"], ["cat"], ["cat", "test"], ["replay", "LOG"], ["replay", "--json", "LOG"],
                                   ["try", "vpop3-ids", "LOG"]], ids=lambda words: "_".join(words))
def test_an_answer_that_cannot_be_written_is_no_success(ctl, words):
    log = ctl.dir / "log"
    log.write_text("2024-03-05T11:02:17Z 203.0.113.9 1 [Relay denied] x\n" * 2000)
    command = ctl.command(*[str(log) if w == "LOG" else w for w in words])
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ctl.env(), timeout=60, check=False)
    assert done.returncode not in (0, -13) and b"cannot write the answer" in done.stderr


def test_a_reader_that_has_enough_ends_it_quietly(ctl):
    log = ctl.dir / "log"
    log.write_text("2024-03-05T11:02:17Z 203.0.113.9 1 [Relay denied] x\n" * 20000)
    with subprocess.Popen(ctl.command("try", "vpop3-ids", str(log)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ctl.env()) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) in (0, -13)


def test_events_of_a_word_that_is_no_address_is_wrong_usage(ctl):
    answer = ctl("events", "--address=bob")
    assert answer.code == 2 and "--address=bob" in answer.err and "ipsctl events --help" in answer.err
