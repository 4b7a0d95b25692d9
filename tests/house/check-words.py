#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Words that must not stand in the tree, and the few that must.

usage: check-words.py ROOT
"""
import pathlib
import re
import sys

import csource

C = (".c", ".h")
SCRIPT = (".py", ".sh", "")
SKIP = {".git", "__pycache__", ".pytest_cache"}

# Where, in which files, in the code alone or in comments too, what, and why not.
FORBIDDEN = [
    ("src", C, "code",
     r"\b(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|strtok|strtok_r)\s*\(",
     "text has a length: see base/str.h and base/buf.h"),
    ("src", C, "code", r"\b(atoi|atol|atoll|atof)\s*\(", "a number that is none must be an error"),
    ("src", C, "code", r"\b(alloca|strdupa|strndupa)\s*\(", "no frame grows with what somebody sent"),
    ("src", C, "code", r"\b(system|popen|execlp|execvp)\s*\(", "no shell, and no search for programs"),
    ("src", C, "code", r"\b(mktemp|tmpnam|tempnam)\s*\(", "the name is taken before the file is open"),
    ("src", C, "code", r"\b(pthread_create|thrd_create)\s*\(", "no threads"),
    ("", (".c", ".h", ".py", ".sh", ".md", ".build", ".conf", ""), "all",
     r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", "do it, or describe what is"),
    ("tests", C, "code", r"\b(sleep|usleep|nanosleep)\s*\(", "wait for a condition"),
    ("tests", (".py", ".sh"), "all", r"\btime\.sleep\((?!POLL\))", "wait for a condition"),
    ("", None, "all", r"(?<![\w.~])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|far" r"m)/(?!\.\.)",
     "a path of one machine"),
    ("", None, "all", r"/tmp/(?:ba" r"sh_|b-)", "a path of one machine"),
]

# In which files, what, where it must stand, and why.
REQUIRED = [
    (C, r"\A/\* SPDX-License-Identifier: MIT \*/\n", "the first line is the licence"),
    ((".h",), r"^#pragma once$", "a header says #pragma once"),
    ((".py", ".sh", ".build"), r"\A(#!.*\n)?# SPDX-License-Identifier: MIT\n",
     "the first line, or the one after #!, is the licence"),
]


def files(root):
    """Each text file of the tree as (path, text); what was built is not part of it."""
    for f in sorted(root.rglob("*")):
        rel = f.relative_to(root)
        if SKIP & set(rel.parts) or rel.parts[0].startswith("build") or not f.is_file():
            continue
        try:
            yield rel, f.read_text()
        except UnicodeDecodeError:
            continue


def forbidden(rel, text):
    for folder, suffixes, scope, pattern, why in FORBIDDEN:
        if folder and rel.parts[0] != folder or suffixes is not None and rel.suffix not in suffixes:
            continue
        where = csource.code(text) if scope == "code" else text
        for found in re.finditer(pattern, where):
            yield f"{rel}:{csource.line_of(where, found.start())}: {found[0].strip()}: {why}"


def required(rel, text):
    for suffixes, pattern, why in REQUIRED:
        if rel.suffix in suffixes and not re.search(pattern, text, re.MULTILINE):
            yield f"{rel}:1: {why}"


def main(root):
    bad, n = [], 0
    for rel, text in files(root):
        bad += [*forbidden(rel, text), *required(rel, text)]
        n += 1
    print("\n".join(bad) or f"{n} files, no breach")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
