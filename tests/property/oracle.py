# SPDX-License-Identifier: MIT
"""The specification of ipsd's policy as a program: what becomes of a sequence of events and orders?

This is the law in its shortest readable form. It keeps everything and knows no bounds; the engine
(src/policy, src/engine) is bounded and fast and must say the same, which run.py tests over random
sequences. A change of policy is made here first.

The numbers behind a rule, as in (7.5), are those of the specification, "Policy", in the design:
  7.1 order   7.2 score   7.4 time   7.5 episodes   7.6 several jails   7.10 never-block
  7.13 unban  7.14 reload  7.16 forms of an address

Words. A *subject* is what a jail counts by; here the host prefix of an address. Each (jail, subject)
has a *window* of entries. Each (jail, prefix, scope) has at most one *ban* in the table: a real one,
or the shadow of one that was spared or only observed. An *episode* of a prefix runs from its first
ban by any jail to the end of its last overlapping one. All times are whole microseconds; an address or
a prefix is its text in the usual form, prefixes with their length.
"""
import bisect
import collections
import functools
import ipaddress
from dataclasses import replace

from oracle_words import (ANY_JAIL, ANY_SERVICE, BAN_AT_ONCE, BY_HAND, ENFORCED, EVERYTHING, MONTH, NEVER,
                          NO_JAIL, PERMANENT, Ban, Decision, Entry, Episode, Event, Jail, Never, Rules, Window)


@functools.lru_cache(None)
def inside(inner, outer):
    inner, outer = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    return inner.version == outer.version and inner.subnet_of(outer)


def covering(prefixes, p):
    """The longest of the prefixes that contains p wholly, or None (7.10)."""
    return max((q for q in prefixes if inside(p, q)), key=lambda q: int(q.split("/")[1]), default=None)


def unwrap(addr):
    """The IPv4 address inside a mapped, NAT64, 6to4 or Teredo address (7.16)."""
    if addr.version == 6:
        if addr.ipv4_mapped:
            return addr.ipv4_mapped
        if addr in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(addr) & 0xffffffff)
        if addr.sixtofour:
            return addr.sixtofour
        if addr.teredo:
            return addr.teredo[1]
    return addr


@functools.lru_cache(None)
def host_prefix(addr, host_v6):
    """What is counted and banned for an address (2)."""
    addr = unwrap(ipaddress.ip_address(addr))
    return str(ipaddress.ip_network((addr, 32 if addr.version == 4 else host_v6), strict=False))


@functools.lru_cache(None)
def widened(prefix, host_v6):
    """Nothing smaller than a host is banned or freed."""
    network = ipaddress.ip_network(prefix)
    longer = network.version == 6 and network.prefixlen > host_v6
    return str(network.supernet(new_prefix=host_v6) if longer else network)


def scoring(rules):
    """All that makes up a score."""
    return rules.host_v6, [(its.name, its.watch, its.services, its.multipliers, its.window, its.threshold)
                           for its in rules.jails]


class Oracle:
    def __init__(self, rules):
        self.rules = rules
        self.observing = rules.observe
        self.windows = {}                                 # (jail, subject) -> Window
        self.table = {}                                   # (jail, prefix, scope) -> Ban
        self.never = self.of_the_rules()
        self.histories = collections.defaultdict(list)    # (history, prefix) -> episodes
        self.log = []                                     # (number, event) of all that counted
        self.last_event = self.last_ban = 0
        self.notes = collections.Counter()                # what happened, for the tests' own proof

    # --- Events (7.1, 7.2) --------------------------------------------------------------------

    def event(self, e):
        """An event is fed; the decisions that come of it."""
        said = self.end_bans(e.time)
        counting = [n for n, jail in enumerate(self.rules.jails) if self.counts(jail, e)]
        if counting:
            self.last_event += 1
            self.log.append((self.last_event, e))
        for n in counting:
            said += self.judge(n, host_prefix(e.addr, self.rules.host_v6), e)
        return said

    def counts(self, jail, e):
        return ((e.source, e.filter) in jail.watch
                and (jail.services is None or e.service in jail.services)
                and jail.multipliers.get(e.type, 0) != 0
                and e.addr is not None)

    def judge(self, n, subject, e):
        jail = self.rules.jails[n]
        window = self.windows.get((n, subject))
        late = window is not None and e.time < window.latest
        if not self.enter(n, subject, e, self.last_event):
            return []
        if self.is_banned(n, subject, e):    # (7.5): nothing more is decided about it
            self.notes["during a ban"] += 1
            return []
        evidence = self.entries(n, subject, self.windows[n, subject].latest)
        at_once = jail.multipliers[e.type] == BAN_AT_ONCE
        if sum(x.points for x in evidence) < jail.threshold and not at_once:
            return []
        self.notes["late: decided"] += late
        return self.decide(n, subject, e, evidence)

    def is_banned(self, n, subject, e):
        standing = self.table.get((n, subject, self.rules.jails[n].scope))
        return standing is not None and e.time < standing.until

    def enter(self, n, subject, e, number):
        """Puts the event into its window (7.2); false when it may decide nothing."""
        jail = self.rules.jails[n]
        if jail.clears and self.is_banned(n, subject, e):
            self.notes["not entered: after-ban = clear"] += 1
            return False
        window = self.windows.setdefault((n, subject), Window(latest=e.time))
        if e.time <= window.latest - jail.window:
            self.notes["late: too late"] += 1
            return False
        window.latest = max(window.latest, e.time)
        multiplier = jail.multipliers[e.type]
        points = 0 if multiplier == BAN_AT_ONCE else multiplier * e.count
        entry = Entry(e.time, number, e.type, e.count, points)
        bisect.insort(window.entries, entry, key=lambda other: other.time)
        return True

    def entries(self, n, subject, at):
        """Those in (at - window, at], oldest first, equal times in order of arrival (7.2)."""
        window = self.windows.get((n, subject))
        after = at - self.rules.jails[n].window
        return tuple(x for x in window.entries if after < x.time <= at) if window else ()

    def score(self, n, subject, at):
        """At that time, or at the latest event's where that is later (7.2)."""
        window = self.windows.get((n, subject))
        latest = max(at, window.latest) if window else at
        return sum(x.points for x in self.entries(n, subject, latest))

    # --- Decisions (7.5, 7.6, 7.10) -----------------------------------------------------------

    def decide(self, n, subject, e, evidence):
        jail = self.rules.jails[n]
        kind, because, cover = self.verdict(n, subject, e.service, self.observing)
        history = ENFORCED if kind == "ban" else n
        nth = self.nth_episode(history, subject, e.time, jail.ban_memory)
        step = jail.ladder[min(nth, len(jail.ladder)) - 1]
        until = NEVER if step == PERMANENT else e.time + step
        self.add_episode(history, subject, e.time, until)
        self.notes[f"step {min(nth, len(jail.ladder))}"] += 1
        said = self.put(kind, because, subject, n, jail.scope, e.time, until)
        made = said[-1]
        made.type, made.service, made.threshold = e.type, e.service, jail.threshold
        made.ban.service = e.service
        made.score, made.cover, made.evidence = sum(x.points for x in evidence), cover, evidence
        if jail.clears:
            self.notes["after-ban = clear"] += 1
            del self.windows[n, subject]
        return said

    def verdict(self, n, subject, service, daemon_observes):
        """Kind, because, cover (7.10)."""
        jail = NO_JAIL if n == BY_HAND else self.rules.jails[n]
        if spared := self.spares(subject, n, service):
            return "spared", *spared
        if jail.observes:
            return "observed", "jail-observes", None
        if daemon_observes:
            return "observed", "daemon-observes", None
        return "ban", None, None

    def put(self, kind, because, prefix, jail, scope, time, until):
        """A new ban or shadow takes the place of the one before, which gets its lift first (7.6)."""
        key = (jail, prefix, scope)
        before, said = self.table.get(key), []
        if before and before.kind == "ban" and not before.ended:
            said.append(self.lift(before, "expired", before.until))
        self.last_ban += 1
        self.table[key] = Ban(self.last_ban, kind, because, prefix, jail, scope, until)
        return said + [Decision(kind, because, self.table[key], time)]

    def lift(self, ban, because, time):
        ban.ended = True
        return Decision("lift", because, ban, time)

    # --- Never-block (7.10) -------------------------------------------------------------------

    def of_the_rules(self):
        return [Never(p) for p in self.rules.never_block] + [
            self.exact(Never(p, jail=n)) for n, jail in enumerate(self.rules.jails) for p in jail.never_block]

    def exact(self, entry):
        """Inside a subject nothing is counted, so an entry for a jail or service holds for all of it."""
        if not entry.for_everybody:
            entry.prefix = widened(entry.prefix, self.rules.host_v6)
        return entry

    def spares(self, prefix, jail, service):
        """(because, cover), or None. An entry for everybody first, then those of the jail or service."""
        holds = [x for x in self.never if inside(prefix, x.prefix)
                 and x.jail in (ANY_JAIL, jail) and x.service in (ANY_SERVICE, service)]
        if cover := covering([x.prefix for x in holds if x.for_everybody], prefix):
            return "never-block", cover
        if cover := covering([x.prefix for x in holds], prefix):
            of_jail = any(x.prefix == cover and x.jail == jail for x in holds)
            return "jail-never-block" if of_jail else "service-never-block", cover
        return None

    def settle(self, time):
        """After a change: what is on the list is not banned, what is on it no more is not spared, so
        that the jail decides again at the next event."""
        said = []
        for key, ban in list(self.table.items()):
            spared = self.spares(ban.prefix, ban.jail, ban.service)
            if ban.kind == "ban" and not ban.ended and spared:
                said.append(self.lift(ban, "never-block", time))
                del self.table[key]
            elif ban.kind == "spared" and not spared:
                self.notes["spared no more"] += not ban.ended
                del self.table[key]
        for lifted in {decision.ban.prefix for decision in said}:
            self.pardon(lifted, time)
        return said

    # --- Episodes (7.5) -----------------------------------------------------------------------

    def running_episode(self, history, prefix, at):
        """The newest one if it has not ended; one that starts later than a late `at` is it, too."""
        episodes = self.histories[history, prefix]
        return episodes[-1] if episodes and at < episodes[-1].end else None

    def nth_episode(self, history, prefix, at, memory):
        """How many began in (at - memory, at], counting the one that a ban at `at` begins or joins."""
        joined = self.running_episode(history, prefix, at)
        recent = [x for x in self.histories[history, prefix] if at - memory < x.start <= at]
        return len(recent) + (not any(x is joined for x in recent))

    def add_episode(self, history, prefix, at, until):
        if joined := self.running_episode(history, prefix, at):
            self.notes["joined an episode"] += 1
            joined.end = max(joined.end, until)
        else:
            self.histories[history, prefix].append(Episode(at, until))

    def pardon(self, prefix, at):
        """A ban that a person lifted counts for none (7.5)."""
        if self.running_episode(ENFORCED, prefix, at):
            self.notes["pardoned"] += 1
            self.histories[ENFORCED, prefix].pop()

    def blocks_30d(self, prefix, at):
        return sum(at - MONTH < x.start <= at for x in self.histories[ENFORCED, prefix])

    # --- Time (7.4, 7.5) ----------------------------------------------------------------------

    def end_bans(self, now):
        """What has ended by `now` is lifted as of its end; shadows end silently."""
        if any(x.until <= now for x in self.never):
            self.notes["never-block ended"] += 1
            self.never = [x for x in self.never if x.until > now]
            self.settle(now)
        over = [ban for ban in self.table.values() if not ban.ended and ban.until <= now]
        said = []
        for ban in sorted(over, key=lambda ban: (ban.until, ban.id)):
            lifted = self.lift(ban, "expired", ban.until)
            said += [lifted] if ban.kind == "ban" else []
        return said

    def tick(self, now):
        """Everything up to `now` was fed. What can matter no more is forgotten."""
        said = self.end_bans(now)
        for key, ban in list(self.table.items()):
            window = 0 if ban.jail == BY_HAND else self.rules.jails[ban.jail].window
            if ban.ended and ban.until + window <= now:
                del self.table[key]
        for (n, subject), window in list(self.windows.items()):
            if window.latest <= now - self.rules.jails[n].window:
                del self.windows[n, subject]
        return said

    # --- Orders (7.5, 7.10, 7.13); each answers (decisions, result) ---------------------------

    def order_ban(self, time, prefix, until, scope):
        prefix = widened(prefix, self.rules.host_v6)
        if spared := self.spares(prefix, BY_HAND, None):
            return [], {"made": 0, "never_block": True, "cover": spared[1]}
        standing = self.table.get((BY_HAND, prefix, scope))
        known = standing is not None and not standing.ended and time < standing.until
        if known and until <= standing.until:
            return [], {"made": 0, "known": True}
        said = [self.lift(standing, "replaced", time)] if known else []
        self.add_episode(ENFORCED, prefix, time, until)
        said += self.put("ban", None, prefix, BY_HAND, scope, time, until)
        return said, {"made": 1, "known": known}

    def order_unban(self, time, prefix, jail=ANY_JAIL):
        prefix = widened(prefix, self.rules.host_v6)
        said = self.free(time, prefix, jail)
        cover = self.covering_ban(prefix)
        return said, {"lifted": len(said), "covered": cover is not None, "cover": cover}

    def order_unban_all(self, time, jail=ANY_JAIL):
        said = [decision for prefix in EVERYTHING for decision in self.free(time, prefix, jail)]
        return said, {"lifted": len(said)}

    def free(self, time, prefix, jail):
        """Lifts the bans inside the prefix, drops the shadows, ignores the events (7.13)."""
        said = []
        for key, ban in list(self.table.items()):
            if jail not in (ANY_JAIL, ban.jail) or not inside(ban.prefix, prefix):
                continue
            if ban.kind == "ban" and ban.ended:
                continue
            if ban.kind == "ban":
                said.append(self.lift(ban, "unban", time))
            del self.table[key]
        for lifted in {decision.ban.prefix for decision in said}:
            self.pardon(lifted, time)
        for n, subject in list(self.windows):
            if jail in (ANY_JAIL, n) and inside(subject, prefix):
                del self.windows[n, subject]
        if jail == ANY_JAIL:
            self.log = [(number, e) for number, e in self.log
                        if not inside(host_prefix(e.addr, self.rules.host_v6), prefix)]
        return said

    def order_never_add(self, time, prefix, until, jail, service):
        entry = self.exact(Never(prefix, until, jail, service, by_hand=True))
        renewed = [x for x in self.never if x.same(entry)]
        self.never = [x for x in self.never if not x.same(entry)] + [entry]
        said = self.settle(time)
        self.notes["never-block lifts"] += len(said)
        return said, {"made": not renewed, "renewed": len(renewed), "lifted": len(said)}

    def order_never_remove(self, time, prefix, jail, service):
        entry = self.exact(Never(prefix, NEVER, jail, service, by_hand=True))
        kept = [x for x in self.never if not x.same(entry)]
        removed, self.never = len(self.never) - len(kept), kept
        return self.settle(time), {"removed": removed}

    def order_observe(self, yes):
        self.observing = yes
        return [], {}

    # --- Other rules (7.14) -------------------------------------------------------------------

    def reload(self, time, rules):
        """Jails are matched by name. Nobody is banned; the next event decides."""
        before, self.rules = self.rules, rules
        if rules.observe != before.observe:
            self.observing = rules.observe
        now = {jail.name: n for n, jail in enumerate(rules.jails)}
        moved = {n: now.get(jail.name) for n, jail in enumerate(before.jails)} | {BY_HAND: BY_HAND}
        self.never = self.of_the_rules() + [
            replace(x, jail=ANY_JAIL if x.jail == ANY_JAIL else moved[x.jail]) for x in self.never
            if x.by_hand and (x.jail == ANY_JAIL or moved[x.jail] is not None)]
        said = self.move_bans(time, moved)
        histories = self.histories
        self.histories = collections.defaultdict(list)
        for (history, prefix), episodes in histories.items():
            history = history if history == ENFORCED else moved.get(history)
            if history is not None:
                self.histories[history, prefix] = episodes
        if scoring(before) != scoring(rules):
            self.notes["reload: scores anew"] += 1
            self.score_anew()
        return said

    def score_anew(self):
        """As at a start: what counted is weighed by the rules of now, as far as they count it."""
        self.windows = {}
        for number, e in self.log:
            for n, jail in enumerate(self.rules.jails):
                if self.counts(jail, e):
                    self.enter(n, host_prefix(e.addr, self.rules.host_v6), e, number)

    def move_bans(self, time, moved):
        """A ban goes to the ports that its jail has now; what would not be made today goes."""
        said, table, self.table = [], self.table, {}
        for ban in table.values():
            n = moved[ban.jail]
            because = "jail-gone" if n is None else self.why_it_goes(n, ban)
            if because is None:
                scope = ban.scope if n == BY_HAND else self.rules.jails[n].scope
                self.notes["reload: kept"] += 1
                self.table[n, ban.prefix, scope] = replace(ban, jail=n, scope=scope)
            elif ban.kind == "ban" and not ban.ended:
                self.notes["reload: lifted"] += 1
                said.append(self.lift(ban, because, time))
            else:
                self.notes["reload: forgotten"] += 1
        return said

    def why_it_goes(self, n, ban):
        """Its kind of entry is another one by the rules of now; None: it is not."""
        if ban.ended:
            return None
        kind, because, _ = self.verdict(n, ban.prefix, ban.service, ban.because == "daemon-observes")
        return None if because == ban.because else because or kind

    # --- What can be asked --------------------------------------------------------------------

    def enforced(self):
        return [ban for ban in self.table.values() if ban.kind == "ban" and not ban.ended]

    def covering_ban(self, prefix):
        return covering([ban.prefix for ban in self.enforced()], prefix)

    def wish(self, prefix, scope):
        """Until when the kernel should hold the prefix; None: not at all (7.6)."""
        ends = [ban.until for ban in self.enforced() if (ban.prefix, ban.scope) == (prefix, scope)]
        return max(ends) if ends and not self.observing else None

    def deadline(self):
        """When the next one, or an entry of never-block, ends by itself."""
        ends = [ban.until for ban in self.table.values() if not ban.ended]
        return min(ends + [x.until for x in self.never], default=NEVER)
