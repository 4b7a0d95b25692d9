#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may include whom: the rooms, the doors of foreign libraries, no circles, blocks in order.

usage: check-layers.py ROOT
"""
import pathlib
import re
import sys

# What a room may include beside itself and the C library.
LEFT = {"base", "detect", "policy", "engine"}
ALL = LEFT | {"config", "wire", "sys", "input", "output", "lookup"}
MAY = {
    "base": set(),
    "detect": {"base"},
    "policy": {"base", "detect"},
    "engine": {"base", "detect", "policy"},
    "config": LEFT,
    "wire": LEFT,
    "sys": {"base"},
    "input": {"base", "sys", "detect"},
    "output": LEFT | {"sys"},
    "lookup": {"base", "sys"},
    "daemon": ALL,
    "ctl": ALL,
}

# Where MAY opens a room for one header only.
ONLY = {("policy", "detect"): {"detect/event.h"}}

# A foreign header, or the folder it stands in, and the files that may include it.
DOORS = {
    "pcre2.h": {"detect/pattern.c"},
    "hs/": {"detect/scanner.c"},
    "hs.h": {"detect/scanner.c"},
    "ini.h": {"config/ini.c"},
    "jansson.h": {"wire/json.c"},
    "nftables/": {"output/nft.c"},
    "libnftnl/": {"output/nft_elem.c", "output/other_sets.c"},
    "libmnl/": {"output/nft_elem.c", "output/other_tables.c"},
    "sqlite3.h": {"output/sql.c"},
    "zlib.h": {"input/replay.c"},
    "libsmartcols": {"ctl/table.c"},
    "maxminddb.h": {"lookup/geo.c"},
    "seccomp.h": {"sys/seal.c"},
    "cap-ng.h": {"sys/sandbox.c"},
    "systemd/sd-event.h": {"sys/loop.c"},
    "systemd/sd-daemon.h": {"sys/loop.c", "sys/log.c"},
    "systemd/sd-journal.h": {"sys/log.c", "input/journal.c", "input/journal_lost.c"},
    "systemd/sd-login.h": {"lookup/sessions.c"},
}

# Headers of the C library and the kernel.
SYSTEM_FOLDERS = ("arpa/", "linux/", "net/", "netinet/", "sys/")
SYSTEM = {name + ".h" for name in """
    assert ctype dirent endian err errno fcntl fnmatch getopt glob grp ifaddrs inttypes libgen limits
    locale malloc math netdb poll pwd regex resolv sched setjmp signal spawn stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog termios time unistd utmpx
    wchar wctype""".split()}

OWN, IS_SYSTEM, IS_FOREIGN, IS_OURS = range(4)
BLOCK = ("the header that the file implements", "system", "foreign", "ours")
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)')


class Includes:
    """The includes of one file, judged one after the other."""

    def __init__(self, path):
        self.path, self.room = path, path.split("/")[0]
        self.last = (0, OWN)
        self.bad, self.modules = [], set()

    def judge(self, line, quote, target):
        if quote == '"':
            kind = self._ours(line, target)
        elif target in SYSTEM or target.startswith(SYSTEM_FOLDERS):
            kind = IS_SYSTEM
        else:
            kind = self._foreign(line, target)
        if kind < self.last[1]:
            self._say(line, f"{BLOCK[kind]} include <{target}> below the {BLOCK[self.last[1]]} ones")
        elif self.last[1] != kind and self.last[0] == line - 1:
            self._say(line, f"a blank line parts {BLOCK[self.last[1]]} from {BLOCK[kind]}")
        self.last = (line, kind)

    def _ours(self, line, target):
        other = target.split("/")[0]
        if "/" not in target:
            self._say(line, f'"{target}": the include line carries the room')
        elif other != self.room and other not in MAY.get(self.room, ()):
            self._say(line, f"{self.room}/ may not include {other}/")
        elif target not in ONLY.get((self.room, other), {target}):
            self._say(line, f"{self.room}/ may not include {target}")
        self.modules.add(stem(target))
        implements = self.path.endswith(".c") and other == self.room and self.last == (0, OWN)
        return OWN if implements else IS_OURS

    def _foreign(self, line, target):
        doors = [door for lib, door in DOORS.items() if target.startswith(lib)]
        if not doors:
            self._say(line, f"<{target}> has no door; name one in check-layers.py")
        elif self.path not in doors[0]:
            self._say(line, f"<{target}> may be included by {', '.join(sorted(doors[0]))} only")
        return IS_FOREIGN

    def _say(self, line, what):
        self.bad.append(f"src/{self.path}:{line}: {what}")


def stem(path):
    return re.sub(r"\.[ch]$", "", path)


def circles(graph):
    """Yields one circle for each back edge met while walking the graph."""
    state, path = {}, []

    def walk(node):
        state[node] = "open"
        path.append(node)
        for other in sorted(graph.get(node, ())):
            if state.get(other) == "open":
                yield path[path.index(other):] + [other]
            elif other not in state:
                yield from walk(other)
        path.pop()
        state[node] = "done"

    for node in sorted(graph):
        if node not in state:
            yield from walk(node)


def unit_tests(root):
    """A unit test includes what its room may: what does not stand alone does not link."""
    for f in sorted((root / "tests/unit").glob("*/*.[ch]")):
        room = f.parent.name
        for n, text in enumerate(f.read_text().splitlines(), 1):
            found = INCLUDE.match(text)
            if found and found[1] == '"':
                other = found[2].split("/")[0]
                if other in MAY and other != room and other not in MAY.get(room, ()):
                    yield f"{f.relative_to(root)}:{n}: a test of {room}/ may not include {other}/"


def main(root):
    src, bad, graph = root / "src", [], {}
    for folder in sorted(p for p in src.iterdir() if p.is_dir()):
        if folder.name not in MAY:
            bad.append(f"src/{folder.name}: no such room; name its place in check-layers.py")
    for f in sorted(src.rglob("*.[ch]")):
        includes = Includes(str(f.relative_to(src)))
        for n, text in enumerate(f.read_text().splitlines(), 1):
            found = INCLUDE.match(text)
            if found:
                includes.judge(n, found[1], found[2])
        module = stem(includes.path)
        bad += includes.bad
        graph.setdefault(module, set()).update(includes.modules - {module})
    bad += ["circle: " + " -> ".join(c) for c in circles(graph)]
    bad += unit_tests(root)
    print("\n".join(bad) or f"{len(graph)} modules, no breach")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
