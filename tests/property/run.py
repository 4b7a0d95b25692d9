#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engine against the oracle over random sequences.

usage: run.py [--sequences N] [--seed S] [--seconds LIMIT] [--jobs N] DRIVER

First the sequences of regressions/*.txt, then N random ones. The first that differs is shrunk and printed
as a file to save there. Exit 1 on a difference, or when too little happened to prove anything.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import sys
import time

import compare
import generate
import oracle
import sequence
import shrink

BATCH = 200
REGRESSIONS = pathlib.Path(__file__).resolve().parent / "regressions"

# What must have happened, in each hundred sequences at least that often.
NEEDED = {
    "ban -": 50, "spared never-block": 20, "spared jail-never-block": 5, "observed jail-observes": 20,
    "observed daemon-observes": 10, "lift expired": 50, "lift unban": 5, "lift replaced": 1,
    "step 2": 20, "step 3": 5, "step 4": 2, "permanent": 5, "joined an episode": 20, "pardoned": 3,
    "during a ban": 20, "after-ban = clear": 10, "not entered: after-ban = clear": 10,
    "decided: network": 50, "decided: account": 50, "decided: distinct address": 50,
    "decided: distinct account": 50, "distinct: counted once": 100, "share: too small": 20, "forgiven": 10,
    "spared known-good": 5, "taken over": 0.1, "feedback": 20, "feedback: decided": 5, "feedback: told already": 1, "brake": 5,
    "observed brake": 5, "lift brake": 0.5,
    "brake: taken back, what came of it": 0.3, "brake: its own shadow": 1, "holds no more: brake": 0.05,
    "holds no more: known-good": 0.5, "holds no more: service-never-block": 0.05, "shortened": 2, "cut short": 5, "ignored in what is around": 1,
    "trusted: no network's, no account's": 50, "late: too late": 10, "late: decided": 5, "by hand": 10,
    "at once": 10, "above the threshold": 10,
    "reload: kept": 20, "reload: lifted": 10, "reload: forgotten": 5, "reload: scores anew": 20, "reload: ignored in one jail": 5,
    "lift jail-gone": 5, "lift never-block": 2, "lift jail-never-block": 0.05, "lift jail-observes": 0.5,
}


def happened(decisions, the_oracle):
    seen = collections.Counter(the_oracle.notes)
    for d in decisions:
        seen[f"{d.kind} {d.because or '-'}"] += 1
        if d.kind != "lift":
            seen["permanent"] += d.action == "blacklist"
            seen["by hand"] += d.ban.jail == oracle.BY_HAND
            seen["at once"] += d.score < d.threshold
            seen["above the threshold"] += d.score > d.threshold
    return seen


def read(path):
    lines = path.read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def run_batch(driver, seed, numbers):
    """(sequences run, what happened, the first that differs and how, or None)."""
    sequences = [generate.sequence(seed, number) for number in numbers]
    seen = collections.Counter()
    for lines, answers in zip(sequences, driver.answers(sequences)):
        wrong, after, decisions = compare.difference(oracle, lines, answers)
        if wrong:
            return seen, (lines, wrong)
        seen += happened(decisions, after)
    return seen, None


def report(driver, name, lines, wrong):
    """Prints the difference, shrunk."""
    def fails(shorter):
        return compare.difference(oracle, shorter, driver.answers([shorter])[0])[0]

    print(f"{name}: the engine and the oracle differ\n{wrong}\nshrinking {len(lines)} lines", flush=True)
    lines = shrink.shrink(lines, fails)
    print(f"\n# {name}")
    print("\n".join(f"# {line}" for line in fails(lines).splitlines()))
    print("\n".join(lines))


def run_regressions(driver):
    paths = sorted(REGRESSIONS.glob("*.txt"))
    for path in paths:
        lines = read(path)
        wrong = compare.difference(oracle, lines, driver.answers([lines])[0])[0]
        if wrong:
            report(driver, path.name, lines, wrong)
            return False
    print(f"{len(paths)} regressions")
    return True


def run_random(options, driver):
    """(sequences run, what happened, all well?)."""
    begin, seen, done = time.monotonic(), collections.Counter(), 0
    batches = [range(n, min(n + BATCH, options.sequences)) for n in range(0, options.sequences, BATCH)]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        waiting = collections.deque()
        while batches or waiting:
            late = options.seconds and time.monotonic() - begin > options.seconds
            while batches and len(waiting) < 2 * options.jobs and not late:
                numbers = batches.pop(0)
                waiting.append((numbers, pool.submit(run_batch, driver, options.seed, numbers)))
            if not waiting:
                break
            numbers, future = waiting.popleft()
            more, failed = future.result()
            if failed:
                pool.shutdown(cancel_futures=True)
                report(driver, f"seed {options.seed}", *failed)
                return done, seen, False
            seen += more
            done += len(numbers)
    return done, seen, True


def enough(seen, sequences):
    """Prints what happened; a test in which nothing happens proves nothing."""
    for name, count in sorted(seen.items()):
        print(f"  {count:9} {name}")
    too_few = [name for name, least in NEEDED.items() if seen[name] * 100 < least * sequences]
    if too_few:
        print("happened too seldom: " + ", ".join(too_few))
    return not too_few


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("driver")
    options = parser.parse_args()
    options.seed = options.seed or str(random.SystemRandom().randrange(10**9))
    driver = compare.Driver(options.driver)
    print(f"seed {options.seed}", flush=True)
    if not run_regressions(driver):
        return 1
    begin = time.monotonic()
    done, seen, well = run_random(options, driver)
    print(f"{done} sequences in {time.monotonic() - begin:.0f} s")
    return 0 if well and enough(seen, done) else 1


if __name__ == "__main__":
    sys.exit(main())
