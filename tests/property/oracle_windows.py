# SPDX-License-Identifier: MIT
"""The half of the oracle that keeps: what did each subject do lately, and who is known?"""
import bisect
import functools
import ipaddress

from oracle_words import (ACCOUNT, ACCOUNT_KEPT, ADDRESS, BAN_AT_ONCE, FORGIVE, LOGIN, NETWORK, Entry, Window)


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
def network_prefix(addr, v4, v6):
    addr = unwrap(ipaddress.ip_address(addr))
    return str(ipaddress.ip_network((addr, v4 if addr.version == 4 else v6), strict=False))


def folded(account):
    """Accounts are the same whatever the case of their ASCII letters, and what is beyond bounds."""
    return "".join(c.lower() if c.isascii() else c for c in account[:ACCOUNT_KEPT])


@functools.lru_cache(None)
def widened(prefix, host_v6):
    """Nothing smaller than a host is banned or freed."""
    network = ipaddress.ip_network(prefix)
    longer = network.version == 6 and network.prefixlen > host_v6
    return str(network.supernet(new_prefix=host_v6) if longer else network)


def value_of(jail, entry):
    """What `distinct` counts once (7.7)."""
    return entry.address if jail.distinct == ADDRESS else entry.account


def newest(held, scoring, threshold, kept):
    """Without the oldest, as long as the rest is above the threshold and more than can matter (7.3)."""
    if sum(x.points for x in scoring) <= threshold:
        return held
    with_points = [x for x in held if x.points]
    dropped = {id(x) for x in with_points[:max(0, len(with_points) - kept)]}
    return [x for x in held if id(x) not in dropped]


class Windows:
    """Needs of its other parts: `rules`, `notes`, the `table` of bans, what `spares`, `braked_until`."""

    def __init__(self, rules):
        self.rules = rules
        self.windows = {}                                 # (jail, subject) -> Window
        self.shares = {}                                  # (jail, prefix, account) -> Window
        self.logins, self.told_logins = {}, {}            # (account or None, prefix) -> time

    def counts(self, jail, e):
        return (e.place in jail.watch
                and (jail.services is None or e.service in jail.services)
                and jail.multipliers.get(e.type, 0) != 0
                and e.addr is not None
                and (e.account or ACCOUNT not in (jail.subject, jail.distinct)
                     or jail.multipliers[e.type] == FORGIVE)
                and (jail.subject == ADDRESS or not self.is_trusted(jail, e)))

    def is_trusted(self, jail, e):
        """What comes from never-block counts for no network and no account (7.10)."""
        n = [its.name for its in self.rules.jails].index(jail.name)
        trusted = self.spares(host_prefix(e.addr, 128), n, e.service)
        self.notes["trusted: no network's, no account's"] += trusted is not None
        return trusted is not None

    def host(self, e):
        return host_prefix(e.addr, self.rules.host_v6)

    def subject(self, jail, e):
        if jail.subject == ACCOUNT:
            return folded(e.account)
        if jail.subject == NETWORK:
            return network_prefix(e.addr, self.rules.network_v4, self.rules.network_v6)
        return self.host(e)

    def target(self, n, e):
        """What the jail would ban for it."""
        jail = self.rules.jails[n]
        return self.host(e) if jail.subject == ACCOUNT else self.subject(jail, e)

    def spoken(self, n, prefix, e):
        """The ban of that jail, or the shadow, because of which it decides nothing about the event (7.5)."""
        standing = self.table.get((n, prefix, self.rules.jails[n].scope))
        if standing is None or e.time >= standing.until:
            return None
        if not self.holds(standing, n, e):
            self.notes[f"holds no more: {standing.because}"] += 1
            return None
        return standing

    def holds(self, shadow, n, e):
        """A shadow stands for what would have been banned, as long as it still would not be: the brake
        lets go of those whom nobody knows, and who is spared for one account, or service, is not for the
        next."""
        if shadow.because == "brake":
            return e.time < self.braked_until[n] or self.is_known(None, shadow.prefix, e.time)
        if shadow.because == "known-good":
            return self.is_known(folded(e.account), shadow.prefix, e.time)
        if shadow.because == "service-never-block":
            return self.spares(shadow.prefix, n, e.service) is not None
        return True

    def is_forgotten(self, n, prefix, number):
        """With after-ban = clear, a ban forgot what came before it, also when scores are counted anew."""
        standing = self.table.get((n, prefix, self.rules.jails[n].scope))
        return self.rules.jails[n].clears and standing is not None and number <= standing.event

    def enter(self, n, e, number):
        """Puts the event into its window, and into its share (7.2, 7.8); false when it may decide
        nothing."""
        jail = self.rules.jails[n]
        subject, prefix, multiplier = self.subject(jail, e), self.target(n, e), jail.multipliers[e.type]
        forgotten = self.is_forgotten(n, prefix, number)
        if jail.clears and not forgotten and self.spoken(n, prefix, e):
            self.notes["not entered: after-ban = clear"] += 1
            return False
        if forgotten and jail.subject != ACCOUNT:
            self.notes["not entered: was forgotten"] += 1
            return False
        window = self.windows.setdefault((n, subject), Window(latest=e.time))
        if e.time <= window.latest - jail.window:
            self.notes["late: too late"] += 1
            return False
        count = 1 if jail.distinct else e.count
        points = 0 if multiplier == BAN_AT_ONCE else multiplier * count
        self.put_into(window, e, count, points, number)
        self.trim(window, jail)
        if jail.subject == ACCOUNT and not forgotten:
            share = self.shares.setdefault((n, prefix, subject), Window(latest=e.time))
            self.put_into(share, e, e.count, e.count, number)
            held = [x for x in share.entries if share.latest - jail.window < x.time]
            share.entries = newest(held, held, jail.share, jail.share)
        return True

    def put_into(self, window, e, count, points, number):
        window.latest = max(window.latest, e.time)
        entry = Entry(e.time, number, e.type, count, points, self.host(e), folded(e.account))
        bisect.insort(window.entries, entry, key=lambda other: other.time)

    def trim(self, window, jail):
        """What can make no difference is not held (7.3). That says nothing about an address's own score,
        but where a part of a window may be taken out, it says what is left: of what lies above the
        threshold the newest that reach it, and with `distinct` of each value only what no later event of
        as many points stands for."""
        hears_bans = any(isinstance(place, str) for place in jail.watch)    # the brake takes some back
        if jail.subject == ADDRESS and not jail.forgives and not hears_bans:
            return
        held = [x for x in window.entries if window.latest - jail.window < x.time]
        if jail.distinct:
            held = [x for i, x in enumerate(held) if not x.points or not any(
                y.points >= x.points and value_of(jail, y) == value_of(jail, x) for y in held[i + 1:])]
        window.entries = newest(held, self.scoring(jail, held), jail.threshold, jail.kept * jail.levels)

    def held(self, n, subject, at):
        """Those in (at - window, at], oldest first, equal times in order of arrival (7.2)."""
        window = self.windows.get((n, subject))
        after = at - self.rules.jails[n].window
        return tuple(x for x in window.entries if after < x.time <= at) if window else ()

    def entries(self, n, subject, at):
        """What makes up the score."""
        return self.scoring(self.rules.jails[n], self.held(n, subject, at))

    def scoring(self, jail, held):
        """With `distinct` each value has one entry, that of its highest multiplier, and of several the
        newest (7.7)."""
        if not jail.distinct:
            return tuple(held)
        best = {}
        for x in held:
            value = value_of(jail, x)
            if x.points and (value not in best or x.points >= best[value].points):
                best[value] = x
        self.notes["distinct: counted once"] += len(best) < len(held)
        return tuple(x for x in held if not x.points or x is best[value_of(jail, x)])

    def score(self, n, subject, at):
        """At that time, or at the latest event's where that is later (7.2)."""
        window = self.windows.get((n, subject))
        latest = max(at, window.latest) if window else at
        return sum(x.points for x in self.entries(n, subject, latest))

    def share(self, n, prefix, account, at):
        """How often this address failed at this account (7.8)."""
        after = at - self.rules.jails[n].window
        own = self.shares[n, prefix, account].entries
        return sum(x.count for x in own if after < x.time and x.time <= at)

    def scored(self, n, prefix):
        """What stands for the prefix in the jail: itself or, where networks are counted, its network."""
        if self.rules.jails[n].subject != NETWORK:
            return prefix
        around = network_prefix(prefix.split("/")[0], self.rules.network_v4, self.rules.network_v6)
        return around if inside(prefix, around) else prefix

    # --- Logins (7.8, 6.2) --------------------------------------------------------------------

    def login(self, e):
        """The address is known from here on, to that account and at all. True: this is worth a line in
        the event log, as the first in a thirtieth of the time that it is known for."""
        if e.type != LOGIN or e.addr is None or not e.account:
            return False
        key = folded(e.account), self.host(e)
        for who in (key, (None, key[1])):
            self.logins[who] = max(e.time, self.logins.get(who, e.time))
        notable = key not in self.told_logins or e.time - self.told_logins[key] >= self.rules.known_for // 30
        if notable:
            self.told_logins[key] = e.time
        return notable

    def is_known(self, account, prefix, at):
        """Did someone log in as `account` (None: as anybody) from there lately?"""
        last = self.logins.get((account, prefix))
        return last is not None and at - last < self.rules.known_for

    def failures(self, n, e):
        """Those of that account from that address up to now: (window or share, entries)."""
        jail, account = self.rules.jails[n], folded(e.account)
        windows = (self.windows.get((n, self.subject(jail, e))), self.shares.get((n, self.host(e), account)))
        found = [(w, [x for x in w.entries if x.address == self.host(e) and x.account == account
                      and w.latest - jail.window < x.time <= e.time]) for w in windows if w]
        return [(w, gone) for w, gone in found if gone] if account else []

    def forgives(self, n, e):
        return any(x.points for _, gone in self.failures(n, e) for x in gone)

    def forgive(self, n, e):
        """A login clears the failures of that account from that address, and no other's (6.2)."""
        for window, gone in self.failures(n, e):
            self.notes["forgiven"] += 1
            window.entries = [x for x in window.entries if not any(x is y for y in gone)]
