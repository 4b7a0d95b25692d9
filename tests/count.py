#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many tests passed, failed, and were skipped? Prints the three sums over all logs.

usage: count.py LOG... (meson's testlog .json, or junit .xml; a log that is not there counts none)

A program that speaks TAP counts by its subtests, any other one as one test. A program that failed
though none of its subtests did (a crash, a leak, a timeout) is one more failure.
"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

SUBTEST = re.compile(r"^(not )?ok\b[^#\n]*(#\s*skip)?", re.MULTILINE | re.IGNORECASE)


def meson(path):
    for line in path.read_text().splitlines():
        test = json.loads(line)
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        said = SUBTEST.findall(test.get("stdout", ""))
        failed = sum(1 for bad, _ in said if bad)
        skipped = sum(1 for bad, skip in said if skip and not bad)
        if test["result"] == "SKIP":
            yield 0, 0, 1
        elif said:
            yield len(said) - failed - skipped, failed or int(not good), skipped
        else:
            yield int(good), int(not good), 0


def junit(path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        failed = bool(kinds & {"failure", "error"})
        skipped = "skipped" in kinds and not failed
        yield int(not failed and not skipped), int(failed), int(skipped)


def main(paths):
    sums = [0, 0, 0]
    for path in map(pathlib.Path, paths):
        if path.exists():
            for counts in (junit if path.suffix == ".xml" else meson)(path):
                sums = [a + b for a, b in zip(sums, counts)]
    print(*sums)


if __name__ == "__main__":
    main(sys.argv[1:])
