# SPDX-License-Identifier: MIT
"""Rounds of writing, rotating and killing, and at the end of each the proof."""
import collections
import random
import time

from proof.check import Checker, Wrong
from proof.killer import Killer, moment
from proof.orders import Orders
from proof.rotator import Rotator
from proof.world import World
from proof.writer import Writer


ORDERED = 0.4   # rounds that end with an order


class Rounds:
    """What happens is drawn from the seed alone; when, is up to the machine."""

    def __init__(self, ns, build, seed, wrapper=()):
        self.seed = seed
        self.random = random.Random(seed)
        self.world = World(ns, build)
        self.world.wrapper = wrapper
        self.rotator = Rotator(self.world.dir / "log", self.random)
        self.world.configure(self.rotator.sources())
        self.writer = Writer(self.random)
        self.checker = Checker(self.world, self.writer, {log.name: self.rotator.source_of(log) for log in self.rotator.logs})
        self.killer = Killer(self.world, self.random)
        self.orders = Orders(self.checker, self.killer, self.random)
        self.told = collections.deque(maxlen=60)
        self.round = self.starts = 0
        self.world.start()

    def run(self, rounds):
        for _ in range(rounds):
            self.round += 1
            self.tell(f"---- round {self.round}")
            try:
                self.one()
            except Exception as e:
                e.args = ("the daemon's last words:\n" + self.world.words()[-3000:] + "\nwhat was done before:\n  "
                          + "\n  ".join(self.told) + f"\nseed {self.seed}, round {self.round}:\n{e}",)
                raise

    def tell(self, text):
        self.told.append(f"{time.time() % 1000:8.3f} {text}")

    def one(self):
        for _ in range(self.random.randint(3, 9)):
            self.random.choices([self.write, self.rotate, self.strike, self.revive], [6, 3, 2, 1])[0]()
            moment(self.random)
        self.revive()
        self.checker.check()
        self.writer.all_are_read()
        for log in self.rotator.logs:
            log.sweep()
        if self.random.random() < ORDERED:
            self.tell(self.orders.one(self.revive))

    def write(self):
        log = self.random.choice(self.rotator.logs)
        self.tell(f"write {self.writer.burst(log)} into {log.name}")

    def rotate(self):
        log = self.random.choice(self.rotator.logs)
        self.tell(f"rotate {log.name}: {self.rotator.rotate(log, self.read, self.writer.burst, self.maybe_strike)}")

    def read(self, log):
        self.revive()
        self.checker.wait_stored(log.name)

    def maybe_strike(self):
        if self.random.random() < 0.3:
            self.strike()

    def strike(self):
        self.tell(self.killer.strike())

    def revive(self):
        if self.killer.revive():
            self.starts += 1
            self.tell("started again")

    def summary(self):
        lines, stored = len(self.writer.lines), len(self.checker.stored)
        return (f"seed {self.seed}: {self.round} rounds, {lines} lines, {lines - stored} lost, 0 twice, {self.checker.bans} bans as the "
                f"oracle's, {self.starts} starts\n  rotations: {words(self.rotator.done)}\n  signals: {words(self.killer.done)}\n"
                f"  orders: {words(self.orders.given)}")

    def close(self):
        self.killer.close()
        self.rotator.close()
        self.world.close()


def words(counts):
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))


__all__ = ["Rounds", "Wrong"]
