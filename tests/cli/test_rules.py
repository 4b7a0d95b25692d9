# SPDX-License-Identifier: MIT
"""Is the table of docs/rules.md true: does each test and jail that it names exist, and is each shipped jail in it?"""
import configparser
import re

import pytest

from conftest import ROOT

CELLS = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in (ROOT / "docs" / "rules.md").read_text().splitlines()
         if row.startswith("| ") and not row.startswith("| product")]
JAILS = {path.stem for path in (ROOT / "jails").glob("*.conf")}


def keys(name):
    """The keys of [jail]."""
    parser = configparser.ConfigParser(interpolation=None, comment_prefixes=(";", "#"), strict=True)
    parser.read(ROOT / "jails" / f"{name}.conf")
    return parser["jail"]


def test_each_shipped_jail_stands_in_the_table():
    named = [word for row in CELLS for word in re.findall(r"`([^`]+)`", row[2])]
    assert set(named) == JAILS


@pytest.mark.parametrize("row", CELLS, ids=lambda row: f"{row[0]}: {row[1]}"[:60])
def test_each_rule_has_a_test_that_exists(row):
    _, _, jail, tests = row
    words = re.findall(r"`([^`]+)`", tests)
    assert words or jail.startswith("none: ")
    while words:
        word = words.pop(0)
        if "/" in word:
            assert words.pop(0) in (ROOT / word).read_text()
        else:
            assert (ROOT / "tests" / "scenario" / word / "expected").exists(), word


@pytest.mark.parametrize("row", [row for row in CELLS if re.match(r"`[^`]+`", row[2])], ids=lambda row: f"{row[0]}: {row[1]}"[:60])
def test_the_table_says_which_jails_do_not_ban(row):
    name = re.match(r"`([^`]+)`", row[2])[1]
    assert ("observes" in row[2]) == (keys(name).get("mode") == "observe"), name
    assert ("disabled" in row[2]) == (keys(name)["enabled"] == "no"), name


def test_a_jail_by_account_has_a_plain_one_beside():
    filters = {name: {entry.split()[0] for entry in keys(name)["watch"].splitlines() if entry} for name in JAILS}
    for name in JAILS:
        enforces = keys(name)["subject"] == "account" and keys(name).get("mode") != "observe"
        beside = [other for other in JAILS if keys(other)["subject"] == "address" and keys(other)["enabled"] == "auto"
                  and keys(other).get("mode") != "observe" and filters[name] & filters[other]]
        assert not enforces or beside, name


def test_scenarios_show_the_jail_that_they_are_named_for():
    for row in CELLS:
        for jail in re.findall(r"`([^`]+)`", row[2]):
            scenarios = [word for word in re.findall(r"`([^`]+)`", row[3]) if (ROOT / "tests" / "scenario" / word).is_dir()]
            texts = [(ROOT / "tests" / "scenario" / word / "expected").read_text() for word in scenarios]
            assert not texts or any(f'"jail": "{jail}"' in text for text in texts), (row[1], jail)


def test_descriptions_leave_a_list_on_the_screen():
    assert max(len(keys(name)["about"]) for name in JAILS) <= 60
