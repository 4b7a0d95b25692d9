#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is clang-tidy content with the sources and the tests? What it asks is in .clang-tidy.

usage: check-tidy.py ROOT BUILD (a build by clang: it does not know the options of gcc)
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys


def sources(root, build):
    """Each file of ours that this build compiles, once."""
    found = set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        f = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if {root / "src", root / "tests"} & set(f.parents):
            found.add(f)
    return sorted(found)


def tidy(build, f):
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(f)],
                         capture_output=True, text=True)
    return f, run.returncode, run.stdout


def main(root, build):
    files, bad = sources(root, build), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for f, code, said in pool.map(lambda f: tidy(build, f), files):
            if code != 0:
                bad += 1
                print(*re.findall(r"^.*? (?:error|warning): .*", said, re.MULTILINE) or [said], sep="\n")
    print(f"{len(files)} files, {bad} with findings; clang-tidy -p {build} FILE says more")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])))
