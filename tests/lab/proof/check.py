# SPDX-License-Identifier: MIT
"""Who doubts: is each line stored once and as it was, are the bans those of the law, does the kernel hold just them?

Rows are read as they come; the oracle is fed with them in their order, which is the order in which the
engine heard the lines.
"""
import collections
import ipaddress
import json
import re

from netns import until
from proof.writer import account_of
from proof.world import SECOND, TYPES, law, rules_of_the_law

EVENTS = """SELECT e.id, e.time, (SELECT name FROM names WHERE id = e.type), (SELECT name FROM names WHERE id = e.source),
            e.addr, e.count, e.account, e.text FROM events e WHERE e.id > ? ORDER BY e.id"""
BANS = """SELECT b.id, b.kind, (SELECT name FROM names WHERE id = b.jail), b.addr, b.len, b.since, b.until
          FROM bans b WHERE b.id > ? ORDER BY b.id"""
KINDS = {0: "ban", 2: "spared", 3: "observed"}
NUMBER = re.compile(rb".*line (\d+)$", re.DOTALL)
AROUND = SECOND     # of an end, within which both answers are right


def word(blob):
    return blob.decode() if isinstance(blob, bytes) else blob


def prefix(addr, length):
    return f"{ipaddress.ip_address(addr)}/{length}"


class Wrong(Exception):
    """What was to be disproved."""


class Checker:
    def __init__(self, world, writer, sources):
        """`sources`: log's name -> source as the filter names it."""
        self.world, self.writer, self.sources = world, writer, sources
        self.oracle = law.Oracle(rules_of_the_law([(0, source) for source in sources.values()]))
        self.names = [jail.name for jail in self.oracle.rules.jails]
        self.stored = set()
        self.waiting = []       # events that the oracle has not heard
        self.fed_back = 0       # `banned` events in the database
        self.last_event = self.last_ban = 0
        self.said = []          # decisions of the oracle that the database has to hold
        self.decided = collections.Counter()    # prefix -> how many there ever were
        self.bans = 0

    def us(self):
        return int(self.writer.clock() * SECOND)

    # ---- lines ----

    def look(self):
        for row in self.world.rows(EVENTS, self.last_event):
            self.last_event = row[0]
            if word(row[2]) == "banned":
                self.fed_back += 1
            else:
                self.take(row)

    def take(self, row):
        number, at, kind, source, addr, count, _, text = row
        found = NUMBER.match(bytes(text))
        line = found and self.writer.lines.get(int(found[1]))
        if not line:
            raise Wrong(f"event {number} is no line that was written: {bytes(text)[:200]}")
        if line.seq in self.stored:
            raise Wrong(f"TWICE: event {number} is line {line.seq}, which is stored already: {line}")
        self.stored.add(line.seq)
        got = (at, word(kind), str(ipaddress.ip_address(addr)), word(source), count)
        if got != (line.time, line.type, line.address, self.sources[line.log], 1):
            raise Wrong(f"event {number} is not the line: {got}, {line}")
        self.waiting.append((number, line))

    def missing(self, log=None):
        self.look()
        return [line for seq, line in self.writer.lines.items() if seq not in self.stored and (not log or line.log == log)]

    def all_are_stored(self, log=None):
        if log is None:
            self.look()
            return len(self.stored) == len(self.writer.lines)
        return not self.missing(log)

    def wait_stored(self, log=None):
        try:
            until(lambda: self.all_are_stored(log), "the lines")
        except AssertionError:
            lost = self.missing(log)
            raise Wrong("LOST: {} lines: {}".format(len(lost), "\n  ".join(map(str, lost[:20])))) from None

    # ---- bans ----

    def feed(self):
        for _, line in self.waiting:
            event = law.Event(line.time, line.address, TYPES[line.type], 0, (0, self.sources[line.log]), 1,
                              account_of(line.text))
            self.note(self.oracle.event(event))
        self.waiting = []

    def note(self, decisions):
        made = [d for d in decisions if d.kind != "lift"]
        self.said += made
        self.decided.update(d.ban.prefix for d in made)

    def check_bans(self):
        self.feed()
        self.note(self.oracle.tick(self.us()))
        got = self.world.rows(BANS, self.last_ban)
        want = [(d.kind, self.jail(d.ban), d.ban.prefix, d.ban.since, d.ban.until) for d in self.said]
        have = [(KINDS[kind], word(jail) or "by hand", prefix(addr, length), since, end) for _, kind, jail, addr, length, since, end in got]
        if want != have:
            raise Wrong("BANS differ from the oracle's:\n" + "\n".join(
                ([f"  oracle: {x}" for x in want if x not in have] + [f"  stored: {x}" for x in have if x not in want]
                 or [f"  order: {want}\n         {have}"])
                + [f"  event: {x}" for x in self.events_of({x[2] for x in set(want) ^ set(have)})]))
        self.bans += len(want)
        self.said = []
        self.last_ban = got[-1][0] if got else self.last_ban
        if self.last_event != self.oracle.last_event:
            raise Wrong(f"event {self.last_event} is the last one, the oracle's {self.oracle.last_event}")

    def events_of(self, prefixes):
        """The last ones, as they are stored."""
        addresses = {ipaddress.ip_address(p.split("/")[0]).packed for p in prefixes}
        subjects = {address[:8] for address in addresses}
        return [(number, at, word(kind), word(source), bytes(text)) for number, at, kind, source, addr, _, _, text
                in self.world.rows(EVENTS, 0) if addr and bytes(addr)[:8] in subjects][-20:]

    def jail(self, ban):
        return "by hand" if ban.jail == law.BY_HAND else self.names[ban.jail]

    # ---- the kernel ----

    def check_kernel(self):
        until(self.world.is_settled, "the kernel")
        before = self.us()
        held = self.held()
        wished = {(ban.scope, ban.prefix): self.oracle.wish(ban.prefix, ban.scope) for ban in self.oracle.enforced()}
        after = self.us()
        for key in held.keys() | wished.keys():
            end = wished.get(key)
            if end is not None and before - AROUND <= end <= after + AROUND:
                continue
            if (end is not None and end > after) != (key in held):
                raise Wrong(f"KERNEL: {key} ends {end and (end - after) / SECOND} s from here, in the kernel: {held.get(key)}")
            if key in held and abs(before + held[key] * SECOND - end) > 3 * SECOND:
                raise Wrong(f"KERNEL: {key} ends in {(end - after) / SECOND} s, in the kernel in {held[key]} s")

    def held(self):
        """(scope, prefix) -> seconds left."""
        listed = json.loads(self.world.ns.run("nft", "-j", "list", "table", "inet", "ipsd"))
        found = {}
        for thing in listed["nftables"]:
            name = thing.get("set", {}).get("name", "never")
            if name.startswith("never"):
                continue
            scope = 0 if name.startswith("all") else 1
            for element in thing["set"].get("elem", []):
                found[scope, f"{element['elem']['val']}/{name.split('_')[-1]}"] = element["elem"].get("expires", 0)
        return found

    def check(self):
        self.wait_stored()
        self.check_bans()
        self.check_kernel()
