# SPDX-License-Identifier: MIT
"""Random sequences in which much happens: small numbers of subjects, types and times that meet often.

Times lie on a grid, and all lengths are multiples of it, so that edges are hit exactly; some events
lie a microsecond beside.
"""
import random

from sequence import seconds

GRID = 10_000_000
START = 100_000 * 1_000_000

# Several forms of the same subject, neighbours in one network, one /64 and the next.
ADDRESSES = ["203.0.113.9", "203.0.113.10", "198.51.100.7", "::ffff:203.0.113.9",
             "2001:db8:0:1::a", "2001:db8:0:1::b", "2001:db8:0:2::1", "2001:db8:9:1::a",
             "64:ff9b::cb00:7109", "2002:cb00:7109::1", "2001:0:c000:201:0:f00:34ff:8ef6"]
PREFIXES = ["203.0.113.9/32", "203.0.113.10/32", "203.0.113.8/31", "203.0.113.0/24", "198.51.100.7/32",
            "198.51.100.0/24", "203.0.0.0/16", "2001:db8:0:1::a/128", "2001:db8:0:1::/64",
            "2001:db8:0:2::/64", "2001:db8:0:1::/80", "2001:db8::/48", "2001:db8::/32", "192.0.2.0/24"]
ASKED = {64: "203.0.113.9/32 203.0.113.10/32 198.51.100.7/32 2001:db8:0:1::/64 2001:db8:0:2::/64 2001:db8:9:1::/64",
         56: "203.0.113.9/32 203.0.113.10/32 198.51.100.7/32 2001:db8::/56 2001:db8:9::/56"}
ASKED_TOO = "203.0.113.0/24 2001:db8::/48 @bob @ann"
STRANGERS = ["198.51.100.7", "2001:db8:0:2::1"]      # nobody logs in from there while the server's login fails
TYPES = [0, 1, 3, 9, 24]
LOGIN, BANNED = 18, 23
ACCOUNTS = ["bob", "bob", "BOB", "ann", "eve", ""]
SERVICES = ["0", "1", "2", "none"]
COUNTS = [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 7, 100, 1000]
PLACES = ["0.0", "0.1", "1.0", "1.1"]
NAMES = "abcdef"
STEPS = [1, 1, 1, 2, 3, 5, 8, 10, 20, 30, 60, 100]
BRAKES_STEPS = [1, 1, 5, 10, 20, 30, 30, 60, 90]     # its rate is one of 30, it lets go after 90
VERBS = ["ban", "ban", "ban", "unban", "unban", "unban", "unban-all", "observe", "enforce", "never-add", "never-add",
         "never-remove"]


class Dice(random.Random):
    def choice(self, things):     # the library's costs four times as much
        return things[int(self.random() * len(things))]


def some(r, things, least=1):
    return r.sample(things, r.randint(least, min(len(things), least + 2)))


def length(r, *steps):
    return seconds(r.choice(steps) * GRID)


def prefixes(r, chance):
    return ",".join(some(r, PREFIXES)) if r.random() < chance else "-"


def ladder(r):
    steps = [length(r, 1, 2, 3, 5, 8, 20, 120) for _ in range(r.choice([1, 1, 2, 3, 4]))]
    return ",".join(steps + ["permanent"] * (r.random() < 0.25))


def watch(r, watched):
    """Places, or jails that watch none, or both."""
    places = some(r, PLACES) if r.random() < 0.5 else PLACES
    if not watched or r.random() < 0.6:
        return places
    return [f"jail:{n}" for n in some(r, watched)] + (some(r, PLACES) if r.random() < 0.2 else [])


def multipliers(r, watches_jails):
    types = [f"{t}:{r.choice([0, 1, 1, 2, 3, 5, 7, 10, 'ban' if r.random() < 0.4 else 4])}"
             for t in some(r, TYPES, least=2)]
    if watches_jails:
        types.append(f"{BANNED}:{r.choice([1, 1, 1, 2, 3, 'ban'])}")
    if r.random() < 0.3:
        types.append(f"{LOGIN}:{r.choice(['forgive', 'forgive', 'forgive', 1])}")
    return types


def jail(r, name, others):
    """What counts by network or account must be easily reached: few events go to each."""
    places = watch(r, [other for other in others if other != name])
    watches_jails = any(place.startswith("jail:") for place in places)
    subject = r.choice(["address", "address", "address", "network", "network", "account", "account"])
    distinct = r.choice(["none", *{"address": ["account"], "network": ["address", "account"],
                                   "account": ["address"]}[subject]])
    low = watches_jails or distinct != "none" or subject == "account"
    words = {
        "name": name,
        "watch": ",".join(places),
        "services": ",".join(some(r, SERVICES[:3])) if r.random() < 0.3 else "all",
        "types": ",".join(multipliers(r, watches_jails)),
        "window": length(r, 1, 2, 3, 5, 10, 20, 60),
        "threshold": r.choice([1, 2, 3, 3, 4, 5, 7] if low else [1, 2, 3, 4, 5, 7, 10, 15, 20, 40]),
        "ladder": ladder(r),
        "memory": length(r, 1, 5, 20, 259200, 259200),
        "after": r.choice(["keep", "keep", "clear"]),
        "mode": "observe" if r.random() < 0.15 else "enforce",
        "scope": r.choice([0, 0, 0, 1, 2]),
        "never": prefixes(r, 0.1),
        "subject": subject,
        "distinct": distinct,
        "share": r.choice([1, 2, 2, 2, 3]),
        "spare": r.choice(["yes", "yes", "no"]),
    }
    return "jail " + " ".join(f"{key}={value}" for key, value in words.items())


def places_of(line):
    return pairs_of(line)["watch"].split(",")


def pairs_of(line):
    return dict(word.split("=", 1) for word in line.split()[1:])


def joined(words):
    return "jail " + " ".join(f"{key}={value}" for key, value in words.items())


def tidy(lines):
    """Only jails that watch none are watched, as the config has it."""
    plain = {f"jail:{pairs_of(line)['name']}" for line in lines if "jail:" not in line}
    tidied = []
    for line in lines:
        places = [place for place in places_of(line) if not place.startswith("jail:") or place in plain]
        tidied.append(joined(pairs_of(line) | {"watch": ",".join(places or PLACES)}))
    return tidied


def jails(r, of=NAMES):
    names = r.sample(of, r.choice([1, 1, 2, 2, 3, 4]))
    return tidy([jail(r, name, names) for name in names])


def rules(r, host_v6, brakes):
    return (f"rules host-v6={host_v6} observe={'yes' if r.random() < 0.07 else 'no'}"
            f" never={prefixes(r, 0.3)} networks={r.choice(['24,48', '24,48', '24,48', '30,52'])}"
            f" known={length(r, 5, 20, 60, 259200, 259200)} brake={r.choice(brakes)}")


def outage(r):
    """The server's own login has failed, and there is a jail that hears of it from another."""
    own = {"watch": ",".join(PLACES), "services": "all", "subject": "address", "threshold": r.choice([1, 2, 3]),
           "mode": "enforce", "never": "-", "distinct": "none", "ladder": length(r, 3, 20, 120, 120)}
    heard = {"watch": "jail:a", "services": "all", "types": f"{BANNED}:{r.choice([1, 1, 2])}", "mode": "enforce",
             "subject": r.choice(["network", "network", "address"]), "threshold": r.choice([1, 2]), "never": "-",
             "distinct": r.choice(["none", "address"]), "window": length(r, 20, 60)}
    lines = [joined(pairs_of(jail(r, "a", [])) | own), joined(pairs_of(jail(r, "b", [])) | heard)]
    return lines + jails(r, "cdef") * (r.random() < 0.3)


def changed(r, line, names):
    """The same jail with some keys of another one."""
    words = pairs_of(line)
    other = pairs_of(jail(r, words["name"], names))
    keys = some(r, list(other))
    for key in keys + (["subject", "distinct"] if {"subject", "distinct"} & set(keys) else []):
        words[key] = other[key]
    return joined(words)


def other_jails(r, lines):
    """One removed, one added, one changed, their order changed: or none of it."""
    lines = list(lines)
    if len(lines) > 1 and r.random() < 0.25:
        lines.remove(r.choice(lines))
    names = [pairs_of(line)["name"] for line in lines]
    if len(lines) < len(NAMES) and r.random() < 0.2:
        names.append(r.choice([name for name in NAMES if name not in names]))
        lines.append(jail(r, names[-1], names))
    if r.random() < 0.2:
        r.shuffle(lines)
    return tidy([changed(r, line, names) if r.random() < 0.4 else line for line in lines])


class Happening:
    """The second part of a sequence: time goes on, mostly."""

    def __init__(self, r, host_v6):
        self.r = r
        self.now = START
        self.host_v6 = host_v6
        self.fails = r.random() < 0.15
        self.brakes = [1, 2] if self.fails else [0, 1, 1, 1, 2, 20]
        self.rules = rules(r, host_v6, self.brakes)
        self.jails = outage(r) if self.fails else jails(r)
        self.addresses = ADDRESSES if self.fails else some(r, ADDRESSES)
        self.accounts = some(r, ACCOUNTS)
        self.logins = 0.4 if self.fails else r.choice([0, 0.1, 0.3])
        self.verbs = VERBS + ["never-add"] * r.choice([0, 0, 0, 12])
        self.prefixes = some(r, PREFIXES)
        self.hurry = r.choice([0.3, 0.6, 0.9])     # how often no time passes
        self.late = r.choice([0, 0.1, 0.3])
        self.orders = r.choice([0, 0.05, 0.15])
        self.ticks = r.choice([0, 0.05, 0.2])
        self.reloads = r.choice([0, 0.05, 0.1, 0.2])

    def pass_time(self):
        r = self.r
        if r.random() > self.hurry:
            self.now += r.choice(BRAKES_STEPS if self.fails else STEPS) * GRID
        if r.random() < 0.05:
            self.now += r.choice([-1, 1, 1, 3_141_592])

    def event(self):
        r, time = self.r, self.now
        if r.random() < self.late:
            time -= r.choice([1, 1, 2, 3, 5, 10, 20, 60, 200]) * GRID
        time += r.choice([-1, 1]) * (r.random() < 0.03)
        addr = "-" if r.random() < 0.01 else r.choice(self.addresses)
        count = r.choice(COUNTS)
        place = r.choice(PLACES).replace(".", " ")
        kind = LOGIN if r.random() < self.logins else r.choice(TYPES)
        if self.fails and kind == LOGIN and addr in STRANGERS:
            addr = ADDRESSES[0]
        return (f"event {seconds(time)} {addr} {kind} {r.choice(SERVICES)} {place} {count}"
                f" {r.choice(self.accounts)}").rstrip()

    def order(self):
        r = self.r
        time = self.now - (r.random() < 0.1) * r.choice([1, 3, 10]) * GRID
        verb = r.choice(self.verbs)
        words = [verb, seconds(time)]
        which = r.choice(["any", "any", "any", "hand", *map(str, range(len(self.jails)))])
        if verb == "ban":
            until = time + r.choice([1, 2, 5, 10, 20, 100]) * GRID
            words += [r.choice(self.prefixes), r.choice([seconds(until)] * 4 + ["never"]),
                      str(r.choice([0, 0, 0, 1]))]
        elif verb.startswith("never-"):
            until = time + r.choice([1, 2, 5, 10, 20, 100]) * GRID
            words += [r.choice(self.prefixes)]
            words += [r.choice([seconds(until)] * 2 + ["never"])] if verb == "never-add" else []
            words += [r.choice(["any", "any", *map(str, range(len(self.jails)))])]
            words += [r.choice(["any", "any", "any", *SERVICES[:3]])]
        elif verb == "unban":
            words += [r.choice(self.prefixes), which]
        elif verb == "unban-all":
            words += [which]
        return " ".join(words)

    def lines(self):
        self.pass_time()
        dice = self.r.random()
        if dice < self.orders:
            return [self.order()]
        if dice < self.orders + self.ticks:
            lag = ["", " 60", " 3600"][self.now // 1_000_000 % 3]
            return [f"tick {seconds(self.now)}{lag}"]
        if dice < self.orders + self.ticks + self.reloads:
            return self.reload()
        return [self.event()]

    def reload(self):
        r = self.r
        self.jails = other_jails(r, self.jails)
        if r.random() < 0.2:
            self.rules = rules(r, self.host_v6, self.brakes)
        return [self.rules, *self.jails, f"reload {seconds(self.now)}"]


def sequence(seed, number):
    r = Dice(f"{seed}/{number}")
    happening = Happening(r, r.choice([64, 64, 64, 56]))
    lines = [happening.rules, *happening.jails]
    for _ in range(r.randint(5, 80)):
        lines += happening.lines()
    end = seconds(happening.now + r.choice([0, 1, 5]) * GRID + 2)
    return lines + [f"end {end} {ASKED[happening.host_v6]} {ASKED_TOO}"]
