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
from dataclasses import dataclass, field, replace

NEVER = 2**63 - 1       # the end of a permanent ban
PERMANENT = NEVER       # a step of a ladder
BAN_AT_ONCE = "ban"     # a multiplier
BY_HAND = "hand"        # the jail of a ban that a person ordered
ANY_JAIL = "any"        # an unban of whatever jail
ENFORCED = "enforced"   # the history that all enforcing jails share
MONTH = 30 * 86_400_000_000
EVERYTHING = ("0.0.0.0/0", "::/0")


@dataclass
class Jail:
    name: str
    watch: set              # of (source, filter)
    services: set | None    # None: all, also events without a service
    multipliers: dict       # event type -> points or BAN_AT_ONCE
    window: int
    threshold: int
    ladder: list
    ban_memory: int
    clears: bool = False    # after-ban = clear
    observes: bool = False
    scope: int = 0
    never_block: list = field(default_factory=list)


@dataclass
class Rules:
    jails: list
    never_block: list = field(default_factory=list)
    observe: bool = False
    host_v6: int = 64


@dataclass
class Event:
    time: int
    addr: str | None        # None: the line named none
    type: int
    service: int | None
    source: int
    filter: int
    count: int = 1


@dataclass
class Entry:
    """An event in a window."""
    time: int
    event: int
    type: int
    count: int
    points: int


@dataclass
class Window:
    latest: int             # T, the latest event time seen
    entries: list = field(default_factory=list)


@dataclass
class Episode:
    start: int
    end: int


@dataclass
class Ban:
    id: int
    kind: str               # "ban", or the shadows "spared", "observed"
    because: str | None     # of a shadow
    prefix: str
    jail: object            # number, or BY_HAND
    scope: int
    until: int
    ended: bool = False


@dataclass
class Decision:
    kind: str               # "ban", "lift", "spared", "observed"
    because: str | None
    ban: Ban
    time: int
    type: int | None = None
    service: int | None = None
    threshold: int = 0
    score: int = 0
    cover: str | None = None    # spared: the never-block entry
    evidence: tuple = ()

    @property
    def action(self):
        return "blacklist" if self.ban.until == NEVER else "block"


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
        kind, because, cover = self.verdict(jail, subject, self.observing)
        history = ENFORCED if kind == "ban" else n
        nth = self.nth_episode(history, subject, e.time, jail.ban_memory)
        step = jail.ladder[min(nth, len(jail.ladder)) - 1]
        until = NEVER if step == PERMANENT else e.time + step
        self.add_episode(history, subject, e.time, until)
        self.notes[f"step {min(nth, len(jail.ladder))}"] += 1
        said = self.put(kind, because, subject, n, jail.scope, e.time, until)
        made = said[-1]
        made.type, made.service, made.threshold = e.type, e.service, jail.threshold
        made.score, made.cover, made.evidence = sum(x.points for x in evidence), cover, evidence
        if jail.clears:
            self.notes["after-ban = clear"] += 1
            del self.windows[n, subject]
        return said

    def verdict(self, jail, subject, daemon_observes):
        """Kind, because, cover (7.10)."""
        if cover := covering(self.rules.never_block, subject):
            return "spared", "never-block", cover
        if cover := covering(jail.never_block, subject):
            return "spared", "jail-never-block", cover
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
        if cover := covering(self.rules.never_block, prefix):
            return [], {"made": 0, "never_block": True, "cover": cover}
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
        its = Jail("", set(), None, {}, 0, 0, [], 0) if n == BY_HAND else self.rules.jails[n]
        kind, because, _ = self.verdict(its, ban.prefix, daemon_observes=ban.because == "daemon-observes")
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
        """When the next one ends by itself."""
        return min((ban.until for ban in self.table.values() if not ban.ended), default=NEVER)
