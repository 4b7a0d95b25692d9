#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What does a ban cost in the kernel, alone and beside the ruleset of a host that has been lived on?

usage: enforce.py ENFORCER_TOOL [--userns]

Runs in network namespaces of its own and prints lines of `name value unit`. Exit 77 where it may not.
A hold is add, delete, add: three operations.
"""
import json
import subprocess
import sys
import time

from figures import LIVED_IN, enter_user_namespace

AT_ONCE, EACH = 20000, 2000


class Tool:
    """An enforcer_tool on the other side of two pipes, in a namespace prepared by a shell command."""

    def __init__(self, tool, prepare):
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", f"{prepare} && echo prepared && exec '{tool}'"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process.stdout.readline()
        begin = time.monotonic()
        assert self.read("start")["start"] == 0
        self.started_ms = (time.monotonic() - begin) * 1e3

    def read(self, key):
        for line in self.process.stdout:
            said = json.loads(line)
            if key in said:
                return said
        raise SystemExit(f"enforcer_tool ended before {key}")

    def ask(self, command, key):
        """(what it said, milliseconds)"""
        begin = time.monotonic()
        self.process.stdin.write(command + "\n")
        return self.read(key), (time.monotonic() - begin) * 1e3

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(where, path, prepare):
    def tell(name, value, unit):
        print(f"enforce/{where}/{name} {value:.1f} {unit}", flush=True)

    tool = Tool(path, prepare)
    tell("start", tool.started_ms, "ms")
    tell("first-of-a-length", tool.ask("hold 198.51.100.0/24 0 600", "fate")[1], "ms")
    for elements in (0, 100000):
        if elements:
            tell("fill-100000", tool.ask(f"many {elements} 600", "many")[0]["us_each"], "us")
        each = tool.ask(f"one-by-one {EACH} 600", "one_by_one")[0]
        tell(f"one-at-{elements}-p50", each["p50_us"], "us")
        tell(f"one-at-{elements}-p99", each["p99_us"], "us")
        tell(f"many-at-{elements}", tool.ask(f"many {AT_ONCE} 600", "many")[0]["us_each"], "us")
    tell("release-all-of-100000", tool.ask("release-all\nask 192.0.2.1/32 0", "answer")[1], "ms")
    tool.stop()


def main(tool, in_userns):
    if subprocess.run(["unshare", "-n", "nft", "add", "table", "inet", "try"], check=False,
                      capture_output=True).returncode != 0:
        print("needs root, network namespaces and nftables")
        return 77
    userns = "-userns" if in_userns else ""
    if in_userns:
        enter_user_namespace()
    measure(f"alone{userns}", tool, "true")
    measure(f"lived-in{userns}", tool, f"'{LIVED_IN}'")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--userns"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], bool(sys.argv[2:])))
