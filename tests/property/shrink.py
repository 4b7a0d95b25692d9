# SPDX-License-Identifier: MIT
"""The shortest sequence that still fails: drops lines, then makes the rest plainer, until nothing helps."""
import re

PLAINER = {
    "rules": [("never=\\S+", "never=-"), ("observe=yes", "observe=no"), ("host-v6=\\d+", "host-v6=64")],
    "jail": [("never=\\S+", "never=-"), ("services=\\S+", "services=all"), ("mode=\\S+", "mode=enforce"),
             ("after=\\S+", "after=keep"), ("scope=\\d+", "scope=0"), ("memory=\\S+", "memory=2592000"),
             ("(ladder=[^, ]+),\\S+", "\\1"), ("(types=\\S+),[^, ]+", "\\1"),
             ("types=[^, ]+,(\\S+)", "types=\\1"), ("(watch=\\S+),[^, ]+", "\\1")],
    "event": [("\\d+$", "1"), ("^(event \\S+ \\S+ \\S+) \\d ", "\\1 none "), ("\\d \\d (\\d+)$", "0 0 \\1"),
              (" (event \\S+) \\S+", "\\1 203.0.113.9")],
    "unban": [("(\\d+|hand)$", "any")],
    "end": [(" [^ ]+$", "")],
}


def kind(line):
    return line.split()[0]


def is_whole(lines):
    """An unban names a jail that there is, and so does a jail that watches one; rules have jails, and are
    taken over."""
    said = []
    for line in lines + ["rules"]:
        if kind(line) == "rules":
            names = {re.search("name=(\\S+)", jail)[1] for jail in said}
            if any(set(re.findall("jail:([a-z]+)", jail)) - names for jail in said):
                return False
            said = []
        elif kind(line) == "jail":
            said.append(line)
    letters = "".join({"rules": "R", "jail": "J", "reload": "L"}.get(kind(line), ".") for line in lines)
    jails = 0
    for line in lines:
        if kind(line) in ("rules", "jail"):
            jails = jails + 1 if kind(line) == "jail" else 0
        elif kind(line).startswith("unban") and line.split()[-1].isdigit():
            if int(line.split()[-1]) >= jails:
                return False
    return re.fullmatch("RJ+([.]|RJ+L)*", letters) is not None


def without_lines(lines, fails):
    size = len(lines) // 2
    while size:
        at = 0
        while at < len(lines):
            part = [line for n, line in enumerate(lines)
                    if not at <= n < at + size or n == 0 or kind(line) == "end"]
            if len(part) < len(lines) and is_whole(part) and fails(part):
                lines = part
            else:
                at += size
        size //= 2
    return lines


def plainer(lines, fails):
    for n, line in enumerate(lines):
        for pattern, instead in PLAINER.get(kind(line), ()):
            other = lines[:n] + [re.sub(pattern, instead, lines[n])] + lines[n + 1:]
            if other != lines and len(other[n].split()) >= 2 and fails(other):
                lines = other
    return lines


def shrink(lines, fails):
    while True:
        smaller = plainer(without_lines(lines, fails), fails)
        if smaller == lines:
            return lines
        lines = smaller
