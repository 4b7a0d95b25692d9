#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What came out of a suite?

usage: results.py count LOG     prints how many tests passed, failed, and were skipped
       results.py failures LOG  prints the end of what each failed test said

LOG is meson's testlog .json or a junit .xml; one that is not there counts none. A program that speaks
TAP counts by its subtests, any other one as one test. A program that failed though none of its subtests
did (a crash, a leak, a timeout) is one more failure.
"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

SUBTEST = re.compile(r"^(not )?ok\b[^#\n]*(#\s*skip)?", re.MULTILINE | re.IGNORECASE)
LINES = 25


def meson(path):
    """Yields (passed, failed, skipped, name, what it said) of each program."""
    for line in path.read_text().splitlines():
        test = json.loads(line)
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        out = test.get("stdout", "")
        said = SUBTEST.findall(out)
        failed = sum(1 for bad, _ in said if bad)
        skipped = sum(1 for bad, skip in said if skip and not bad)
        if test["result"] == "SKIP":
            counts = 0, 0, 1
        elif said:
            counts = len(said) - failed - skipped, failed or int(not good), skipped
        else:
            counts = int(good), int(not good), 0
        yield *counts, f"{test['name']}: {test['result']}", out + test.get("stderr", "")


def junit(path):
    """The same for each test case."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag: child.text or "" for child in case}
        bad = kinds.get("failure", kinds.get("error"))
        skipped = "skipped" in kinds and bad is None
        yield (int(bad is None and not skipped), int(bad is not None), int(skipped),
               f"{case.get('classname')}.{case.get('name')}", bad)


def worth_saying(text):
    """The last lines, without those that say that something went well."""
    lines = [line for line in text.splitlines() if not line.startswith("ok ")]
    return lines[-LINES:]


def main(what, path):
    path, tests = pathlib.Path(path), []
    if path.exists():
        tests = list((junit if path.suffix == ".xml" else meson)(path))
    if what == "count":
        print(*(sum(test[i] for test in tests) for i in range(3)))
        return
    for _, failed, _, name, said in tests:
        if failed:
            print("\n    ".join([name, *worth_saying(said)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
