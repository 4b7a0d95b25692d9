#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tries to disprove that each line counts once, for as long as one likes.

usage: exactly_once.py [--rounds N] [--seed S] [--build DIR]

Without a seed each thousand rounds has another one. What fails names its seed, and that tries it again;
what the daemon left is kept.
"""
import argparse
import os
import pathlib
import random
import sys
import time

import netns
from proof.rounds import Rounds, Wrong

ROOT = pathlib.Path(__file__).resolve().parents[2]
AT_ONCE = 1000


def prove(build, seed, rounds):
    ns = netns.Netns("proof")
    once = Rounds(ns, build, seed)
    try:
        once.run(rounds)
        return once.summary()
    except Wrong:
        print(f"what it left is kept: {once.world.keep()}", file=sys.stderr)
        raise
    finally:
        once.close()
        ns.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=AT_ONCE)
    options.add_argument("--seed", type=int)
    options.add_argument("--build", type=pathlib.Path, default=os.environ.get("IPSD_BUILD", ROOT / "build" / "gcc"))
    asked = options.parse_args()
    left = asked.rounds
    while left > 0:
        seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
        began = time.monotonic()
        print(prove(asked.build.resolve(), seed, left if asked.seed is not None else min(left, AT_ONCE)),
              f"\n  {time.monotonic() - began:.0f} s", flush=True)
        left = 0 if asked.seed is not None else left - AT_ONCE
    return 0


if __name__ == "__main__":
    sys.exit(main())
