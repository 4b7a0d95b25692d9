# SPDX-License-Identifier: MIT
"""The units: does systemd take them, are they tight, and does the notifier tell a program what was decided?"""
import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import ROOT
from server import WAIT, Server, reply

UNITS = sorted((ROOT / "dist").glob("ipsd*.s[eo][rc]*"))
NOTIFY = ROOT / "dist" / "ipsd-notify.service"

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def analyze(*words):
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False, timeout=60,
                          env=dict(os.environ, SYSTEMD_COLORS="0"))


def test_all_units_are_looked_at():
    assert {u.name for u in UNITS} == {"ipsd.service", "ipsd.socket", "ipsd-notify.service"}


@needs_analyze
def test_systemd_takes_the_units(build, tmp_path):
    for unit in UNITS:
        text = unit.read_text().replace("/usr/sbin/ipsd", str(build / "src/daemon/ipsd"))
        text = text.replace("ExecReload=/usr/bin/ipsctl", f"ExecReload={build / 'src/ctl/ipsctl'}")
        (tmp_path / unit.name).write_text(text)
    said = analyze("verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
    ours = [row for row in (said.stdout + said.stderr).splitlines() if "ipsd" in row]
    assert said.returncode == 0 and not ours, ours


@needs_analyze
def test_a_mistake_in_a_unit_would_be_seen(tmp_path):
    broken = tmp_path / "ipsd-broken.service"
    broken.write_text(NOTIFY.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    said = analyze("verify", "--man=no", broken)
    assert "NoNewPrivilege" in said.stdout + said.stderr


@needs_analyze
@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda u: u.name)
def test_the_services_are_tight(unit):
    said = analyze("security", "--offline=true", "--threshold=20", unit)
    assert said.returncode == 0 and "Overall exposure level" in said.stdout, said.stdout[-300:]


def notifier(ctl, program):
    """What the unit starts, with this test's files."""
    script = re.search(r"^ExecStart=/bin/bash -c '(.*)'$", NOTIFY.read_text(), re.M)[1]
    options = f"--config-dir={ctl.etc} --runtime-dir={ctl.dir / 'run'}"
    return ["/bin/bash", "-c", script.replace("/etc/ipsd/notify", str(program)).replace("/usr/bin/ipsctl", f"{ctl.program} {options}")]


def program(ctl, text):
    path = ctl.dir / "notify"
    path.write_text(text)
    path.chmod(0o755)
    return path


DECISION = {"decision": "ban", "time": "2026-11-22T03:00:00Z", "prefix": "203.0.113.9/32", "action": "block", "jail": "test", "type": "SMTP abuse",
            "score": 1000, "threshold": 1000, "until": "2026-11-22T03:30:00Z", "because": None, "by": "ipsd", "reason": "\x1b[2J$(id)", "ports": "all",
            "events": {"relay-denied": 10}}


def test_the_notifier_gives_the_program_each_decision_as_it_comes(ctl):
    def answer(_):
        yield dict(reply(events=[], decisions=[DECISION]), continues=True)
        yield WAIT

    server = Server(ctl.dir / "run" / "control", answer)
    one = program(ctl, "#!/bin/sh\nread -r line; printf '%s\\n' \"$line\"\n")
    with subprocess.Popen(notifier(ctl, one), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ctl.env(), start_new_session=True) as process:
        said = process.stdout.read()
        assert process.wait(20) == 0
        os.killpg(process.pid, signal.SIGTERM)     # as systemd ends what is left of a unit
    assert json.loads(said) == DECISION and b"\x1b" not in said
    asked = server.requests[0]["parameters"]
    assert asked["follow"] and asked["decisions"] and asked["limit"] == 0
    server.close()


def test_the_notifier_ends_when_ipsd_does(ctl):
    done = subprocess.run(notifier(ctl, program(ctl, "#!/bin/sh\ncat\n")), capture_output=True, env=ctl.env(), timeout=30, check=False)
    assert done.stdout == b"" and b"systemctl start ipsd" in done.stderr


def test_the_programs_that_are_shipped_go_on_when_nobody_takes_it():
    """Delivery itself is tried in the lab."""
    rows = (json.dumps(dict(DECISION, prefix="203.0.113.10/32")) + "\n") + json.dumps(dict(DECISION, reason="a\r\nBcc: x", jail="a\nb")) + "\n"
    env = dict(os.environ, NOTIFY_SERVER="127.0.0.1:1", NOTIFY_HOOK="http://127.0.0.1:1/")
    for name in ("mail", "web"):
        done = subprocess.run([ROOT / "dist" / "notify" / name], input=rows, capture_output=True, text=True, timeout=60, env=env, check=False)
        assert done.returncode == 0 and done.stdout == ""
        said = done.stderr.splitlines()
        assert len(said) == 2 and "203.0.113.10/32" in said[0] and "203.0.113.9/32" in said[1], done.stderr


def test_the_manual_names_what_is_shipped():
    page = (ROOT / "docs" / "man" / "ipsctl.1.scd.in").read_text()
    for path in (ROOT / "dist" / "notify").iterdir():
        assert f"*{path.name}*" in page and os.access(path, os.X_OK)
        for name in re.findall(r'environ.get\("(\w+)"', path.read_text()):
            assert f"_{name}_" in page, name
