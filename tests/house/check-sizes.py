#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each file, each function and each parameter list still fit a reader's head?

usage: check-sizes.py ROOT
"""
import pathlib
import sys

import csource

FILE_LINES = 500
FUNCTION_LINES = 40  # from brace to brace, both counted
PARAMETERS = 6


def sources(root):
    for folder, patterns in (("src", ("*.c", "*.h")), ("tests", ("*.c", "*.h", "*.py"))):
        for pattern in patterns:
            yield from sorted((root / folder).rglob(pattern))
    yield from (f for f in sorted((root / "tools").glob("*")) if f.is_file())


def functions(rel, text, bad):
    try:
        return list(csource.functions(text))
    except ValueError as e:
        bad.append(f"{rel}: {e}")
        return []


def main(root):
    bad, files, longest, widest = [], [], [], []
    for f in sources(root):
        rel = f.relative_to(root)
        text = f.read_text(errors="replace")
        lines = len(text.splitlines())
        files.append((lines, str(rel)))
        if lines > FILE_LINES:
            bad.append(f"{rel}:{lines}: {lines} lines; a file has at most {FILE_LINES}")
        if rel.parts[0] != "src":
            continue
        for name, line, length, parameters in functions(rel, text, bad):
            longest.append((length, f"{rel}:{line}: {name}()"))
            widest.append((len(parameters), f"{rel}:{line}: {name}()"))
            if length > FUNCTION_LINES:
                bad.append(f"{rel}:{line}: {name}() has {length} lines; at most {FUNCTION_LINES}")
            if len(parameters) > PARAMETERS:
                bad.append(f"{rel}:{line}: {name}() takes {len(parameters)} parameters;"
                           f" at most {PARAMETERS}")
    print("\n".join(bad) or f"{len(files)} files, {len(longest)} functions, no breach")
    for title, ranking in (("files", files), ("functions", longest), ("parameters", widest)):
        worst = ", ".join(f"{where} {n}" for n, where in sorted(ranking, reverse=True)[:5])
        print(f"largest {title}: {worst}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
