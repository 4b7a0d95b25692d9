#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Can the property test fail? Each small error, put into the oracle, must be noticed.

usage: mutate.py [--sequences N] [--seed S] DRIVER

First the sequences of regressions/*.txt, then N random ones. Exit 1 when one of them was not seen, or when the
oracle as it stands differs.
"""
import argparse
import pathlib
import re
import sys
import types

import compare
import generate
import run

HERE = pathlib.Path(__file__).resolve().parent
HALVES = ("oracle_windows.py", "oracle_episodes.py", "oracle_brake.py", "oracle.py")     # become one module, so that each line can be another
BATCH = 100

# What, the line of the oracle, what it becomes.
MUTANTS = [
    ("nothing", "import bisect", "import bisect"),
    ("the threshold must be passed", "in evidence) < jail.threshold:", "in evidence) <= jail.threshold:"),
    ("`ban` does not ban at once", "if jail.multipliers[e.type] == BAN_AT_ONCE:", "if False:"),
    ("<COUNT> is ignored", "else multiplier * count", "else multiplier"),
    ("<COUNT> counts with distinct", "count = 1 if jail.distinct else e.count", "count = e.count"),
    ("the window's old edge counts", "after < x.time <= at)", "after <= x.time <= at)"),
    ("what is just too late counts", "if e.time <= window.latest - jail.window:",
     "if e.time < window.latest - jail.window:"),
    ("T goes back with a late event", "window.latest = max(window.latest, e.time)",
     "window.latest = e.time"),
    ("equal times in wrong order", "bisect.insort(", "bisect.insort_left("),
    ("a late ban runs from T", "else e.time + step", "else max(e.time, evidence[-1].time) + step"),
    ("the ladder is off by one", "jail.ladder[min(nth, len(jail.ladder)) - 1]",
     "jail.ladder[min(nth, len(jail.ladder) - 1)]"),
    ("ban-memory's old edge counts", "if at - memory < x.start <= at]", "if at - memory <= x.start <= at]"),
    ("a joined episode counts again", "len(recent) + (not any(x is joined for x in recent))",
     "len(recent) + 1"),
    ("shadows climb the common ladder", 'ENFORCED if kind == "ban" else n', "ENFORCED"),
    ("shadows of all jails share a ladder", 'ENFORCED if kind == "ban" else n',
     'ENFORCED if kind == "ban" else "shadows"'),
    ("a late ban begins no episode", "joined.start = min(joined.start, max([at, *before]))", "pass"),
    ("a shorter ban shortens its episode", "joined.end = max(joined.end, until)", "joined.end = until"),
    ("the end of an episode is in it", "at < episodes[-1].end else None",
     "at <= episodes[-1].end else None"),
    ("what still runs keeps no episode", "[ban.until for ban in self.running_bans(prefix, at)]", "[]"),
    ("what is over keeps an episode", "if ban.prefix == prefix and at < ban.until]", "if ban.prefix == prefix]"),
    ("a reload leaves episodes", "self.shorten(prefix, time, False)", "pass"),
    ("a reload pardons", "self.shorten(prefix, time, False)", "self.shorten(prefix, time, True)"),
    ("unban pardons nothing", "self.histories[ENFORCED, prefix].pop()", "pass"),
    ("by hand is no episode", "        self.add_episode(ENFORCED, prefix, time, until)\n", ""),
    ("a ban runs at its end", "e.time >= standing.until:", "e.time > standing.until:"),
    ("shadows do not run", "if standing is None or e.time", 'if standing is None or standing.kind != "ban" or e.time'),
    ("the brake's shadows outlast it", 'shadow.because == "brake":', "False:"),
    ("the brake's shadows of known ones go with it", "or self.is_known(None, shadow.prefix, e.time)", ""),
    ("who is known to one account is to all", 'if shadow.because == "known-good":', "if False:"),
    ("who is spared for one service is for all", 'shadow.because == "service-never-block":', "False:"),
    ("a ban ends late", "not ban.ended and ban.until <= now]", "not ban.ended and ban.until < now]"),
    ("lifts by id", "key=lambda ban: (ban.until, ban.id)", "key=lambda ban: ban.id"),
    ("ended bans go early", "ban.until + window <= now", "ban.until <= now"),
    ("ended bans go late", "ban.until + window <= now", "ban.until + window < now"),
    ("subjects are forgotten early", "if window.latest <= now - ", "if window.latest <= 1 + now - "),
    ("subjects are forgotten late", "if window.latest <= now - ", "if window.latest < now - "),
    ("clear clears nothing", "                del self.windows[n, subject]\n        return said\n\n    def verdict",
     "                pass\n        return said\n\n    def verdict"),
    ("clear, but what comes during the ban is entered",
     "if jail.clears and not forgotten and self.spoken(n, prefix, e):", "if False:"),
    ("the shortest never-block entry is named", "return max((q for q", "return min((q for q"),
    ("the longest entry wins, for whomever it is", "[x.prefix for x in holds if x.for_everybody]",
     "[x.prefix for x in holds if x.for_everybody and covering([y.prefix for y in holds], prefix) == x.prefix]"),
    ("an entry for a jail holds for all", "x.jail in (ANY_JAIL, jail) and ", ""),
    ("an entry for a service holds for all", "x.jail in (ANY_JAIL, jail) and x.service in (ANY_SERVICE, service)",
     "x.jail in (ANY_JAIL, jail)"),
    ("an entry for a jail stays exact", "if not entry.for_everybody:", "if False:"),
    ("an entry for everybody is widened", "if not entry.for_everybody:", "if True:"),
    ("never-block lifts nothing", 'if ban.kind == "ban" and not ban.ended and spared:', "if False:"),
    ("what never-block lifts is not pardoned", """            self.shorten(lifted, time, True)
        return said

    # --- Time (7.4""", """            pass
        return said

    # --- Time (7.4"""),
    ("what was spared stays spared", 'elif ban.kind == "spared" and ban.because != "known-good" and not spared:', "elif False:"),
    ("an entry ends late", "any(x.until <= now for x in self.never)", "any(x.until < now for x in self.never)"),
    ("an entry's end drops no shadow", "            self.settle(now)\n", ""),
    ("an entry again keeps its first end", "if not x.same(entry)] + [entry]\n",
     "if not x.same(entry)] + (renewed or [entry])\n"),
    ("remove takes all with the prefix", "kept = [x for x in self.never if not x.same(entry)]",
     "kept = [x for x in self.never if not (x.by_hand and x.prefix == entry.prefix)]"),
    ("the deadline forgets never-block", "ends + [x.until for x in self.never]", "ends"),
    ("the daemon's observing is asked first", "if jail.observes:", "if jail.observes and not self.observing:"),
    ("services are not asked", "and (jail.services is None or", "and (True or"),
    ("filters are not asked", "return (e.place in jail.watch",
     "return (((e.place[0], 0) if isinstance(e.place, tuple) else e.place) in jail.watch"),
    ("6to4 is IPv6", "if addr.sixtofour:", "if False:"),
    ("Teredo is IPv6", "if addr.teredo:", "if False:"),
    ("an IPv6 order is not widened", "network.prefixlen > host_v6", "network.prefixlen > 128"),
    ("the same ban by hand again is a ban", "known and until <= standing.until", "known and False"),
    ("unban keeps the score", "elif inside(subject, prefix):", "elif False:"),
    ("unban keeps what is around", "x.address != prefix]", "True]"),
    ("unban frees accounts", "if prefix in EVERYTHING:", "if True:"),
    ("unban of everything keeps accounts", "if prefix in EVERYTHING:", "if False:"),
    ("unban keeps shares", "if jail in (ANY_JAIL, n) and inside(host, prefix):", "if False:"),
    ("all networks are the default's", "v4 if addr.version == 4 else v6)", "24 if addr.version == 4 else 48)"),
    ("accounts are spelt", "c.lower() if c.isascii() else c", "c"),
    ("distinct: the lowest multiplier", "x.points >= best[value].points", "x.points <= best[value].points"),
    ("distinct: the oldest of equals", "x.points >= best[value].points", "x.points > best[value].points"),
    ("distinct: the other value", "if jail.distinct == ADDRESS else", "if jail.distinct != ADDRESS else"),
    ("share is not asked", ".latest) < jail.share:", ".latest) < 1:"),
    ("share must be passed", ".latest) < jail.share:", ".latest) <= jail.share:"),
    ("share is one of lines", "sum(x.count for x in own if", "sum(1 for x in own if"),
    ("share is at the event's time", "self.windows[n, subject].latest) < jail.share", "e.time) < jail.share"),
    ("nobody is spared", "ACCOUNT and jail.spare_known \\\n", "ACCOUNT and False \\\n"),
    ("spare-known is not asked", "ACCOUNT and jail.spare_known \\\n", "ACCOUNT \\\n"),
    ("known to anybody is known", "self.is_known(folded(e.account), subject", "self.is_known(None, subject"),
    ("a login is known at the end of its time", "last < self.rules.known_for", "last <= self.rules.known_for"),
    ("a late login makes a known one older", "max(e.time, self.logins.get(who, e.time))", "e.time"),
    ("logins are told too seldom", "self.rules.known_for // 30", "self.rules.known_for // 20"),
    ("a login forgives all accounts", " and x.account == account\n", "\n"),
    ("a login forgives all addresses", "x.address == self.host(e) and x.account", "x.account"),
    ("a login forgives what came later", "< x.time <= e.time]) for w", "< x.time]) for w"),
    ("a login leaves the share", "self.shares.get((n, self.host(e), account)))", "None)"),
    ("forgiving is no line", "!= FORGIVE or self.forgives(n, e)", "!= FORGIVE"),
    ("each ban of an episode is told", "if n not in told]", "]"),
    ("shadows are told", 'if decision.kind != "ban" or self.rules', 'if decision.kind == "lift" or self.rules'),
    ("bans of networks are told", "or self.rules.jails[ban.jail].subject == NETWORK:", "or False:"),
    ("never-block counts for networks", "jail.subject == ADDRESS or not self.is_trusted(jail, e)", "True"),
    ("never-block is asked about the /64", "self.spares(host_prefix(e.addr, 128), n", "self.spares(self.host(e), n"),
    ("no account counts", "e.account or ACCOUNT not in", "True or ACCOUNT not in"),
    ("the brake holds one later", "in noted.values()) > self.rules.brake]", "in noted.values()) > self.rules.brake + 1]"),
    ("the brake's rate has an end", "at < first + RATE\n                  and sum(first <= x < first",
     "at <= first + RATE\n                  and sum(first <= x <= first"),
    ("the brake's five minutes are any", "if first <= at < first + RATE\n", "if True\n"),
    ("the brake's five minutes are the first", "first = max(begins)", "first = min(begins)"),
    ("the brake lets go early", "+ RATE + CALM", "+ CALM"),
    ("the brake keeps what was banned", "if first <= x < first + RATE\n", "if False\n"),
    ("the brake takes all back", "if first <= x < first + RATE\n", "if True\n"),
    ("the brake hears nothing of those it holds", 'if not reached or standing.because != "brake" or', "if True or"),
    ("the brake pardons nothing", "        self.shorten(prefix, at, True)\n        return said\n\n    def remove", "        return said\n\n    def remove"),
    ("what the brake takes back was told", "                window.entries = [x for x in window.entries if (x.type, x.address) != (BANNED, prefix)", "                window.entries = [x for x in window.entries if True"),
    ("what others ban was not told, either", "if not any(x.jail == BY_HAND or", "if not any(False and"),
    ("what a person bans was not told", "x.jail == BY_HAND or not self", "x.jail != BY_HAND and not self"),
    ("what came of it stays", "and self.score(n, subject, ban.since) < jail.threshold:", "and False:"),
    ("what was banned before came of it", "and ban.since >= episode.start", "and True"),
    ("who was not told has banned because of it", "or jail.name not in episode.told or", "or"),
    ("what came of it counts", "if subject != prefix:", "if False:"),
    ("the brake is for unknown ones", "NETWORK and self.is_known(None, subject, e.time):", "NETWORK:"),
    ("an account begins anew", "            if jail.subject == ACCOUNT:\n                del self.shares[n, subject, folded(e.account)]\n            else:\n                del self.windows[n, subject]",
     "            del self.windows[n, self.subject(jail, e)]"),
    ("unban frees what is around", "or not inside(ban.prefix, prefix)",
     "or not (inside(ban.prefix, prefix) or inside(prefix, ban.prefix))"),
    ("unban of one jail frees all", "if jail not in (ANY_JAIL, ban.jail) or", "if"),
    ("observing, the kernel holds bans", "if ends and not self.observing else", "if ends else"),
    ("a reload takes jails by number", "{(jail.name, jail.subject): n for n, jail in enumerate(rules.jails)}",
     "{(jail.name, jail.subject): n for n, jail in enumerate(before.jails) if n < len(rules.jails)}"),
    ("bans stay at the ports of before", "scope = ban.scope if n == BY_HAND else self.rules.jails[n].scope",
     "scope = ban.scope"),
    ("a reload keeps bans of what is never blocked", "return None if because == ban.because",
     'return None if because in (ban.because, "never-block")'),
    ("a reload lets observing jails block", "return None if because == ban.because",
     'return None if because in (ban.because, "jail-observes")'),
    ("enforce keeps what was observed", "if not yes:", "if False:"),
    ("a reload takes the mode again", "if rules.observe != before.observe:", "if True:"),
    ("a reload keeps the scores as they were", "if scoring(before) != scoring(rules):", "if False:"),
    ("a reload always counts anew", "if scoring(before) != scoring(rules):", "if True:"),
    ("a reload forgets the shadows' ladders", "history if history == ENFORCED else moved.get(history)",
     "history if history == ENFORCED else None"),
    ("a reload brings back what was forgotten", "standing is not None and number <= standing.event", "False"),
    ("an unban holds until the next reload", "and name in (ANY_JAIL, jail)]", "and name == jail]"),
    ("an unban of one jail holds until the next reload", "and name in (ANY_JAIL, jail)]", "and name == ANY_JAIL]"),
    ("an unban of one jail is one of all", "and name in (ANY_JAIL, jail)]", "]"),
    ("an unban is one of what comes, too", "if number <= up_to and inside", "if inside"),
    ("a reload tells again", "episode.told &= listening", "episode.told = set()"),
    ("a reload lets the brake go", "{to: until[n] for n, to in moved.items()}", "{}"),
    ("a reload bans whom the brake had spared", '(ban.because == "brake" or', "(False or"),
    ("a reload counts what was taken back", "e.type == BANNED and not self.has_episode(e)", "False"),
    ("a reload forgets what came of a late ban", "x.first <= e.time < x.end", "x.start <= e.time < x.end"),
    ("a blacklist entry takes nothing over", "if until == NEVER:\n            said += self.take_over", "if False:\n            said += self.take_over"),
    ("the kernel holds the first end", "return max(ends) if", "return min(ends) if"),
]


def oracle_text():
    text = "".join((HERE / half).read_text() for half in HALVES)
    return re.sub(r"from oracle_(?:windows|episodes|brake) import .*\n", "", text)


def mutant(old, new):
    text = oracle_text()
    if text.count(old) != 1:
        raise SystemExit(f"mutate.py: {text.count(old)} times in the oracle: {old}")
    law = types.ModuleType("oracle_mutant")
    sys.modules[law.__name__] = law     # dataclasses look their module up
    exec(compile(text.replace(old, new), "oracle.py", "exec"), law.__dict__)
    return law


class Answers:
    """The engine's answers, asked for once."""

    def __init__(self, options):
        self.options = options
        self.driver = compare.Driver(options.driver)
        kept = [run.read(path) for path in sorted(run.REGRESSIONS.glob("*.txt"))]
        self.known = list(zip(kept, self.driver.answers(kept)))
        self.kept = len(kept)

    def __iter__(self):
        for n in range(self.kept + self.options.sequences):
            if n == len(self.known):
                more = [generate.sequence(self.options.seed, i) for i in range(n, n + BATCH)]
                self.known += zip(more, self.driver.answers(more))
            yield self.known[n]


def seen_at(law, answers):
    """The number of the first sequence that differs, or None."""
    for n, (lines, answer) in enumerate(answers):
        if compare.difference(law, lines, answer)[0]:
            return n
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sequences", type=int, default=8_000)
    parser.add_argument("--seed", default="mutants")
    parser.add_argument("driver")
    answers, bad = Answers(parser.parse_args()), 0
    for name, old, new in MUTANTS:
        at = seen_at(mutant(old, new), answers)
        bad += (at is None) != (old == new)
        print(f"{name}: {'not seen' if at is None else f'seen in sequence {at}'}", flush=True)
    print(f"{bad} of {len(MUTANTS)} went wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
