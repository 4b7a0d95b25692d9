#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden tests of `ipsctl replay`: what do these jails decide on this log?

usage: run.py [--update] [--ipsctl=PATH] [NAME...]      (PATH: else $IPSCTL; NAME: all unless named)

A scenario is a folder: ipsd.conf, the log (`log`, or *.log in order of their names), `expected`, and its
own filters/ and jails/; where it has none of these, the shipped ones. What lies in its changes/ (files or
drop-ins of filters and jails) is laid over these. `args` may hold more arguments for
ipsctl; `written` the time when the log was last written, which stamps without a year depend on. The command is

  ipsctl --config-dir=DIR replay --json ARGS LOG...

and its exit code 0. `expected` holds a JSON object for each line of output. The fields that it names must be
equal, others may stand beside; `summary` is compared in the same way. --update writes it anew, without
what differs from run to run. Prints TAP; without an ipsctl everything is skipped.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHANGES = {"seconds"}     # from run to run


def config_dir(scenario, into):
    (into / "ipsd.conf").symlink_to(scenario / "ipsd.conf")
    for name in ("filters", "jails"):
        own = scenario / name
        shutil.copytree(own if own.exists() else ROOT / name, into / name)
        if (scenario / "changes" / name).exists():
            shutil.copytree(scenario / "changes" / name, into / name, dirs_exist_ok=True)
    return into


def written_then(scenario, logs, into):
    """The logs, or copies that were last written when the scenario says."""
    written = scenario / "written"
    if not written.exists():
        return logs
    then = datetime.datetime.fromisoformat(written.read_text().strip()).timestamp()
    copies = [pathlib.Path(shutil.copy(log, into)) for log in logs]
    for copy in copies:
        os.utime(copy, (then, then))
    return copies


def replay(ipsctl, scenario):
    """(lines of output, what is wrong with them, or None)."""
    logs = [scenario / "log"] if (scenario / "log").exists() else sorted(scenario.glob("*.log"))
    args = scenario / "args"
    with tempfile.TemporaryDirectory() as folder:
        config = config_dir(scenario, pathlib.Path(folder))
        logs = written_then(scenario, logs, folder)
        command = [ipsctl, f"--config-dir={config}", "replay", "--json",
                   *(args.read_text().split() if args.exists() else []), *logs]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if done.returncode != 0 or done.stderr:
        return [], f"exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
    try:
        return [json.loads(line) for line in done.stdout.decode().splitlines()], None
    except ValueError as e:
        return [], f"no JSON: {e}: {done.stdout[-500:]!r}"


def different(expected, got):
    """The names of the fields that differ."""
    bad = [key for key in expected if key not in got or expected[key] != got[key]]
    if bad == ["summary"] and isinstance(got.get("summary"), dict):
        return different(expected["summary"], got["summary"])
    return bad


def check(expected, got):
    """What is wrong, line for line."""
    if len(expected) != len(got):
        yield f"{len(expected)} lines expected, {len(got)} came"
    for n, (wanted, came) in enumerate(zip(expected, got), 1):
        bad = different(wanted, came)
        if bad:
            yield f"line {n}: {', '.join(bad)}"
            yield f"  expected {json.dumps(wanted)}"
            yield f"  got      {json.dumps(came)}"


def stable(line):
    if "summary" in line:
        return {"summary": {key: value for key, value in line["summary"].items() if key not in CHANGES}}
    return line


def run(ipsctl, scenario, update):
    """What is wrong with the scenario."""
    got, wrong = replay(ipsctl, scenario)
    if wrong:
        return [wrong]
    path = scenario / "expected"
    if update:
        path.write_text("".join(json.dumps(stable(line)) + "\n" for line in got))
    return list(check([json.loads(line) for line in path.read_text().splitlines()], got))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--ipsctl", default=os.environ.get("IPSCTL"))
    parser.add_argument("name", nargs="*")
    options = parser.parse_args()
    scenarios = [HERE / name for name in options.name] or sorted(p.parent for p in HERE.glob("*/ipsd.conf"))
    if not options.ipsctl or not os.access(options.ipsctl, os.X_OK):
        print(f"1..0 # SKIP no ipsctl to run: {options.ipsctl or 'name it by --ipsctl or $IPSCTL'}")
        return 0
    print(f"1..{len(scenarios)}")
    failed = 0
    for n, scenario in enumerate(scenarios, 1):
        wrong = run(os.path.abspath(options.ipsctl), scenario, options.update)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {n} - {scenario.name}")
        for line in wrong:
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
