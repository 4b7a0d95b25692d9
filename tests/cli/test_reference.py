# SPDX-License-Identifier: MIT
"""Each line of the two mail servers that is known from public sources, and the event that its filter makes of it.

Started as a program it prints them: line, then event.
"""
import os
import pathlib
import sys

import pytest

from conftest import ROOT, Ctl

TEXT = (ROOT / "tests" / "scenario" / "reference.txt").read_text()


def read():
    """[(filter, line, expected)]"""
    cases, name, sample = [], None, None
    for row in TEXT.splitlines():
        if row.startswith("=> "):
            cases.append((name, sample, row[3:]))
        elif row.startswith("[") and row.endswith("]") and " " not in row:
            name = row[1:-1]
        elif row and not row.startswith("# ") and row != "#":
            sample = row
    return cases


CASES = read()


def event(ctl, name, sample):
    *rows, last = ctl("try", str(ROOT / "filters" / f"{name}.conf"), f"--line={sample}", "--json").rows
    assert last["summary"]["lines"] == 1 and len(rows) == last["summary"]["hits"]
    return " ".join(rows[0][key] or "-" for key in ("event", "address", "service", "account")) if rows else "none"


def test_every_line_has_an_answer():
    lines = [row for row in TEXT.splitlines() if row and not row.startswith(("#", "=>")) and not (row[0] == "[" and " " not in row)]
    assert len(lines) == len(CASES) > 60
    assert {name for name, _, _ in CASES} == {f.stem for f in (ROOT / "filters").glob("*.conf") if f.stem.startswith(("vpop3-ids", "smarter"))}


@pytest.mark.parametrize("name, sample, wanted", CASES, ids=[f"{i}-{name}" for i, (name, _, _) in enumerate(CASES)])
def test_a_known_line_is_what_it_is(ctl, name, sample, wanted):
    assert event(ctl, name, sample) == wanted


def test_no_other_filter_takes_a_line_of_the_administrative_log_for_an_attack(ctl):
    """SmarterMail's own logs lie in one folder; a line in the wrong file must not count twice."""
    for name, sample, _ in CASES:
        if name == "smartermail-administrative":
            for other in ("smartermail-smtp", "smartermail-imap", "smartermail-pop", "vpop3-ids"):
                assert event(ctl, other, sample) == "none", (other, sample)


if __name__ == "__main__":
    import tempfile
    folder = pathlib.Path(tempfile.mkdtemp())
    program = Ctl(pathlib.Path(os.environ.get("IPSD_BUILD", ROOT / "build" / "gcc")), folder)
    for case in CASES:
        print(f"{case[0]}: {case[1]}\n    => {event(program, *case[:2])}", file=sys.stdout)
