# SPDX-License-Identifier: MIT
"""ipsctl verify and metrics: does the tool say what the kernel holds, and what the log said?"""
import contextlib
import json
import os
import signal
import subprocess

import pytest

from daemon import line
from netns import PATIENCE, until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


@contextlib.contextmanager
def verified_too_soon(daemon, answers):
    """What is done meanwhile the enforcer hears of when it has answered an `ipsctl verify`, whose (code, words) are the answer."""
    [enforcer] = daemon.children("ipsd: enforcer")
    os.kill(enforcer, signal.SIGSTOP)
    yield
    asked = subprocess.Popen(daemon.ns.command(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "verify"),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    until(lambda: daemon.ctl("status", "--json").json["kernel"]["pending"], "the questions")
    os.kill(enforcer, signal.SIGCONT)
    answers.append((asked.communicate(timeout=PATIENCE)[0], asked.returncode))


def test_verify_agrees_and_names_what_is_missing(cable, daemon):
    assert daemon.ctl("ban", *(f"198.51.{i}.{j}" for i in range(3) for j in range(250)), "--for", "1h").code == 0
    answer = daemon.ctl("verify", "--json")
    assert answer.code == 0 and answer.json == {"checked": 750, "listed": True, "differing": 0, "differences": []}
    assert daemon.ctl("verify").out == "the kernel holds all 750 blocks, and nothing else\n"
    answers = []
    with verified_too_soon(daemon, answers):
        cable.server.run("nft", "delete", "element", "inet", "ipsd", "all4_32", "{ 198.51.1.7 }")
    [(words, code)] = answers
    assert code == 1 and "198.51.1.7/32 (ports all) is not in the kernel: packets pass; put back" in words
    until(lambda: daemon.ctl("verify").code == 0, "the missing one")


def test_verify_finds_that_the_table_is_gone_and_has_it_made_again(cable, daemon):
    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    answers = []
    with verified_too_soon(daemon, answers):
        cable.server.run("nft", "flush", "ruleset")
    [(words, code)] = answers
    assert code == 1 and words.startswith("the kernel differed in ") and "ipsctl verify" in words.splitlines()[0]
    assert "  the table was changed or removed by somebody else; made again\n" in words
    until(lambda: daemon.ctl("verify").code == 0, "the table")
    assert cable.probe([BAD, OTHER]) == {OTHER}


def test_verify_takes_out_what_nobody_wishes(cable, daemon):
    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    answers = []
    with verified_too_soon(daemon, answers):
        cable.server.run("nft", "add", "element", "inet", "ipsd", "all4_32", f"{{ {OTHER} timeout 1h }}")
    [(words, code)] = answers
    assert code == 1 and f"{OTHER}/32 (ports all) is in the kernel, though nobody wishes it: packets are dropped; taken out" in words
    assert daemon.ctl("verify").code == 0 and cable.probe([BAD, OTHER]) == {OTHER}


@pytest.mark.parametrize("change", ["flush chain inet ipsd bans", "delete chain inet ipsd prerouting",
                                    "insert rule inet ipsd prerouting accept", "add element inet ipsd never4 { 198.51.100.7 }"])
def test_verify_finds_that_rules_were_changed(cable, daemon, change):
    assert daemon.ctl("ban", BAD, "--for", "1h").code == 0
    answers = []
    with verified_too_soon(daemon, answers):
        cable.server.nft(change)
    [(words, code)] = answers
    assert code == 1 and "the table was changed or removed by somebody else; made again" in words
    assert daemon.ctl("verify").code == 0 and cable.probe([BAD, OTHER]) == {OTHER}


def test_metrics_are_prometheus_text(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    samples = {}
    for row in daemon.ctl("metrics").out.splitlines():
        if not row.startswith("#"):
            name, number = row.rsplit(" ", 1)
            samples[name] = float(number)
    assert samples["ipsd_bans_total"] == 1 and samples['ipsd_jail_bans{jail="test"}'] == 1
    assert samples["ipsd_kernel_elements"] == 1 and samples["ipsd_kernel_agrees"] == 1 and samples["ipsd_lines_total"] == 10
    assert 0 < samples["ipsd_longest_turn_seconds"] < PATIENCE
    assert OTHER not in str(samples)


def test_text_from_logs_is_escaped_once(daemon):
    with open(daemon.log, "ab") as f:
        for _ in range(10):
            f.write(line(BAD, 1, "[x] ").encode()[:-1] + b"caf\xe9 \\n \x1b[2J\n")
    daemon.wait_blocked(BAD)
    shown = daemon.ctl("show", BAD).out
    assert "caf\\xe9 \\n \\x1b[2J" in shown and "\\\\" not in shown and "\x1b" not in shown
    assert daemon.ctl("ban", OTHER, "--reason", "a\\b").code == 0
    assert "a\\b" in daemon.ctl("list", "-o", "reason").out


def test_decisions_tell_what_counted(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    decision = json.loads(daemon.ctl("events", "--decisions", "--json").out.splitlines()[0])
    assert decision["events"] == {"relay-denied": 10}
    assert daemon.ctl("list", "--jail", "nope").code == 2


def test_so_many_elements_of_somebody_else_that_they_are_not_looked_through_are_told(cable, daemons):
    daemon = daemons().start()
    assert daemon.ctl("ban", "198.51.100.7", "--for", "1h").code == 0
    many = ", ".join(f"100.64.{i >> 8}.{i & 255}" for i in range(20001))
    cable.server.nft(f"add element inet ipsd all4_32 {{ {many} }}")
    answer = daemon.ctl("verify")
    assert answer.code == 1 and "nothing else" not in answer.out
    status = daemon.ctl("status")
    assert status.code == 1 and "next: ipsctl observe; ipsctl enforce" in status.out
    assert daemon.ctl("observe").code == 0 and daemon.ctl("enforce").code == 0
    until(lambda: daemon.ctl("verify").out == "the kernel holds the 1 block, and nothing else\n", "the sets")
    assert daemon.ctl("status").code == 0
