# SPDX-License-Identifier: MIT
"""The specification of ipsd's policy as a program: what becomes of a sequence of events and orders?

This is the law in its shortest readable form. It keeps everything and knows no bounds; the engine
(src/policy, src/engine) is bounded and fast and must say the same, which run.py tests over random
sequences. A change of policy is made here first.

The numbers behind a rule, as in (7.5), are those of the specification, "Policy", in the design:
  7.1 order   7.2 score   7.4 time   7.5 episodes   7.6 several jails   7.7 distinct   7.8 accounts
  7.9 feedback   7.10 never-block   7.11 brake   7.13 unban   7.14 reload   7.16 forms of an address

Words. A *subject* is what a jail counts by: the host prefix of an address, its network, an account. Each
(jail, subject) has a *window* of entries; in a jail that counts by account, each address has a *share*
beside, which is the window of its own events against that account. Each (jail, prefix, scope) has at most one *ban* in the table: a real one,
or the shadow of one that was spared or only observed. An *episode* of a prefix runs from its first
ban by any jail to the end of its last overlapping one. All times are whole microseconds; an address or
a prefix is its text in the usual form, prefixes with their length.
"""
import collections
from dataclasses import replace

from oracle_brake import Brake
from oracle_episodes import Episodes
from oracle_windows import Windows, covering, folded, host_prefix, inside, newest, widened
from oracle_words import (ACCOUNT, ADDRESS, ALL_PORTS, ANY_JAIL, ANY_SERVICE, BANNED, BAN_AT_ONCE, BY_HAND,
                          ENFORCED, EVERYTHING, FORGIVE, NETWORK, NEVER, NO_JAIL, PERMANENT, Ban,
                          Decision, Event, Jail, Never, Rules)


def scoring(rules):
    """All that makes up a score; a multiplier of 0 does not."""
    return rules.host_v6, rules.network_v4, rules.network_v6, [
        (its.name, its.watch, its.services, {t: m for t, m in its.multipliers.items() if m != 0}, its.window,
         its.threshold, its.subject, its.distinct, its.share) for its in rules.jails]


class Oracle(Windows, Episodes, Brake):
    def __init__(self, rules):
        Windows.__init__(self, rules)
        Brake.__init__(self)
        self.observing = rules.observe
        self.table = {}                                   # (jail, prefix, scope) -> Ban
        self.never = self.of_the_rules()
        self.histories = collections.defaultdict(list)    # (history, prefix) -> episodes
        self.log = []                                     # (number, event) of all that counted
        self.ignored = []                                 # (up to that number, prefix, name of a jail or any)
        self.last_event = self.last_ban = 0
        self.notes = collections.Counter()                # what happened, for the tests' own proof

    # --- Events (7.1, 7.2) --------------------------------------------------------------------

    def event(self, e):
        """An event is fed; the decisions that come of it."""
        said = self.end_bans(e.time)
        notable = self.login(e)
        counting = [n for n, jail in enumerate(self.rules.jails) if self.counts(jail, e)]
        if notable or any(jail.multipliers[e.type] != FORGIVE or self.forgives(n, e)
                          for n, jail in self.numbered(counting)):
            self.last_event += 1
            self.log.append((self.last_event, e))
        for n in counting:
            said += self.judge(n, e)
        for decision in list(said):
            said += self.feedback(decision, e)
        return said

    def numbered(self, numbers):
        return [(n, self.rules.jails[n]) for n in numbers]

    def judge(self, n, e):
        jail = self.rules.jails[n]
        if jail.multipliers[e.type] == FORGIVE:
            self.forgive(n, e)
            return []
        subject, prefix = self.subject(jail, e), self.target(n, e)
        window = self.windows.get((n, subject))
        late = window is not None and e.time < window.latest
        if not self.enter(n, e, self.last_event):
            return []
        window = self.windows[n, subject]
        standing = self.spoken(n, prefix, e)
        evidence = self.entries(n, subject, window.latest)
        reached = self.reaches(n, prefix, e, evidence)
        if standing:
            self.notes["during a ban"] += 1
            if not reached or standing.because != "brake" or not self.is_known(None, prefix, e.time):
                return []
            self.notes["brake: its own shadow"] += 1
            return self.brake(n, prefix, e.time)
        if not reached:
            return []
        self.notes["late: decided"] += late
        self.notes[f"decided: {jail.subject}"] += 1
        self.notes[f"decided: distinct {jail.distinct}"] += 1
        return self.decide(n, prefix, e, evidence, window)

    def reaches(self, n, prefix, e, evidence):
        jail = self.rules.jails[n]
        if jail.multipliers[e.type] == BAN_AT_ONCE:
            return True
        if sum(x.points for x in evidence) < jail.threshold:
            return False
        subject = self.subject(jail, e)
        if jail.subject == ACCOUNT and self.share(n, prefix, subject, self.windows[n, subject].latest) < jail.share:
            self.notes["share: too small"] += 1
            return False
        return True

    # --- Feedback (7.9) -----------------------------------------------------------------------

    def feedback(self, decision, e):
        """A new ban of an address is an event for the jails that watch the one that made it; for each of
        them once an episode."""
        ban = decision.ban
        if decision.kind != "ban" or self.rules.jails[ban.jail].watches_jails \
                or self.rules.jails[ban.jail].subject == NETWORK:
            return []
        episode = self.running_episode(ENFORCED, ban.prefix, decision.time)
        if episode is None:     # the brake took it back
            return []
        place = self.rules.jails[ban.jail].name
        fed = Event(decision.time, ban.prefix.split("/")[0], BANNED, e.service, place, 1, e.account)
        counting = [n for n, jail in enumerate(self.rules.jails) if self.counts(jail, fed)]
        told = [n for n in counting if self.rules.jails[n].name in episode.told]
        self.notes["feedback: told already"] += len(told) > 0
        counting = [n for n in counting if n not in told]
        said = []
        if counting:
            self.notes["feedback"] += 1
            self.last_event += 1
            self.log.append((self.last_event, fed))
            episode.told.update(self.rules.jails[n].name for n in counting)
        for n in counting:
            said += self.judge(n, fed)
        self.notes["feedback: decided"] += len(said) > 0
        return said

    # --- Decisions (7.5, 7.6, 7.10) -----------------------------------------------------------

    def decide(self, n, subject, e, evidence, window):
        jail = self.rules.jails[n]
        kind, because, cover, said = self.verdict(n, subject, e)
        history = ENFORCED if kind == "ban" else n
        nth = self.nth_episode(history, subject, e.time, jail.ban_memory)
        step = jail.ladder[min(nth, len(jail.ladder)) - 1]
        until = NEVER if step == PERMANENT else e.time + step
        self.add_episode(history, subject, e.time, until)
        self.notes[f"step {min(nth, len(jail.ladder))}"] += 1
        said += self.put(kind, because, subject, n, jail.scope, e.time, until)
        made = said[-1]
        made.type, made.service, made.threshold = e.type, e.service, jail.threshold
        made.ban.service, made.ban.event = e.service, self.last_event
        made.score, made.cover, made.evidence = sum(x.points for x in evidence), cover, evidence
        made.window = tuple(window.entries) if jail.distinct else ()
        if jail.clears:    # an account goes on, only the address begins anew
            self.notes["after-ban = clear"] += 1
            if jail.subject == ACCOUNT:
                del self.shares[n, subject, folded(e.account)]
            else:
                del self.windows[n, subject]
        return said

    def verdict(self, n, subject, e):
        """Kind, because, cover, and the lifts that come before it (7.8, 7.10, 7.11)."""
        jail = self.rules.jails[n]
        kind, because, cover = self.by_rules(n, subject, e.service, self.observing)
        if kind != "spared" and jail.subject == ACCOUNT and jail.spare_known \
                and self.is_known(folded(e.account), subject, e.time):
            return "spared", "known-good", None, []
        if kind != "ban":
            return kind, because, cover, []
        said = []
        if jail.subject != NETWORK and self.is_known(None, subject, e.time):
            said = self.brake(n, subject, e.time)
        if e.time < self.braked_until[n]:
            return "observed", "brake", None, said
        return "ban", None, None, said

    def by_rules(self, n, prefix, service, daemon_observes):
        """Kind, because, cover, as far as the rules say (7.10)."""
        jail = NO_JAIL if n == BY_HAND else self.rules.jails[n]
        if spared := self.spares(prefix, n, service):
            return "spared", *spared
        if jail.observes:
            return "observed", "jail-observes", None
        if daemon_observes:
            return "observed", "daemon-observes", None
        return "ban", None, None

    def put(self, kind, because, prefix, jail, scope, time, until):
        """A new ban or shadow takes the place of the one before, which gets its lift first (7.6)."""
        key = (jail, prefix, scope)
        said = self.overdue(self.table.get(key))
        self.last_ban += 1
        self.table[key] = Ban(self.last_ban, kind, because, prefix, jail, scope, until, time)
        return said + [Decision(kind, because, self.table[key], time)]

    def overdue(self, ban):
        """What another takes the place of has ended."""
        return [self.lift(ban, "expired", ban.until)] if ban and ban.kind == "ban" and not ban.ended else []

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
            elif ban.kind == "spared" and ban.because != "known-good" and not spared:
                self.notes["spared no more"] += not ban.ended
                del self.table[key]
        for lifted in {decision.ban.prefix for decision in said}:
            self.shorten(lifted, time, True)
        return said

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

    def tick(self, now, lag=0):
        """Everything up to `now` was fed, but for lines that come up to `lag` late. What can matter no more is
        forgotten."""
        said = self.end_bans(now)
        now -= lag
        for key, ban in list(self.table.items()):
            window = 0 if ban.jail == BY_HAND else self.rules.jails[ban.jail].window
            if ban.ended and ban.until + window <= now:
                del self.table[key]
        for windows in (self.windows, self.shares):
            for key, window in list(windows.items()):
                if window.latest <= now - self.rules.jails[key[0]].window:
                    del windows[key]
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
        said = [self.lift(standing, "replaced", time)] if known else self.overdue(standing)
        if until == NEVER:
            said += self.take_over(time, prefix, scope)
        self.add_episode(ENFORCED, prefix, time, until)
        said += self.put("ban", None, prefix, BY_HAND, scope, time, until)
        return said, {"made": 1, "known": known}

    def take_over(self, time, prefix, scope):
        """A blacklist entry is what becomes of the bans that jails have made of just that (12)."""
        said = []
        for n, jail in enumerate(self.rules.jails):
            ban = self.table.get((n, prefix, jail.scope))
            if ban and ban.kind == "ban" and not ban.ended and time < ban.until and scope in (ALL_PORTS, jail.scope):
                self.notes["taken over"] += 1
                said.append(self.lift(ban, "replaced", time))
                del self.table[n, prefix, jail.scope]
        return said

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
            self.shorten(lifted, time, True)
        for n, subject in list(self.windows):
            if jail in (ANY_JAIL, n):
                self.ignore(n, subject, prefix)
        for n, host, account in list(self.shares):
            if jail in (ANY_JAIL, n) and inside(host, prefix):
                del self.shares[n, host, account]
        if jail != BY_HAND:
            name = ANY_JAIL if jail == ANY_JAIL else self.rules.jails[jail].name
            self.ignored.append((self.last_event, prefix, name))
        return said

    def ignore(self, n, subject, prefix):
        """Of what is inside the prefix nothing is left; of an account, and of a network around it, what
        a single address did there. Whoever frees everything frees the accounts as well."""
        if self.rules.jails[n].subject == ACCOUNT:
            if prefix in EVERYTHING:
                del self.windows[n, subject]
                return
        elif inside(subject, prefix):
            del self.windows[n, subject]
            return
        window = self.windows[n, subject]
        left = [x for x in window.entries if x.address != prefix]
        self.notes["ignored in what is around"] += len(left) < len(window.entries)
        window.entries = left

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
        if not yes:  # nobody was stopped: the next event decides
            self.table = {key: ban for key, ban in self.table.items()
                          if ban.ended or ban.because != "daemon-observes"}
        return [], {}

    # --- Other rules (7.14) -------------------------------------------------------------------

    def reload(self, time, rules):
        """Jails are matched by name. Nobody is banned; the next event decides."""
        before, self.rules = self.rules, rules
        if rules.observe != before.observe:
            self.observing = rules.observe
        now = {(jail.name, jail.subject): n for n, jail in enumerate(rules.jails)}
        numbers = {jail.name: n for n, jail in enumerate(rules.jails)}
        by_name = {n: numbers.get(jail.name) for n, jail in enumerate(before.jails)}
        moved = {n: now.get((jail.name, jail.subject)) for n, jail in enumerate(before.jails)}
        self.never = self.of_the_rules() + [
            replace(x, jail=ANY_JAIL if x.jail == ANY_JAIL else by_name[x.jail]) for x in self.never
            if x.by_hand and (x.jail == ANY_JAIL or by_name[x.jail] is not None)]
        said = self.move_bans(time, moved | {BY_HAND: BY_HAND})
        self.move_histories({n: to for n, to in moved.items() if to is not None})
        if scoring(before) != scoring(rules):
            self.notes["reload: scores anew"] += 1
            self.score_anew()
        for prefix in {decision.ban.prefix for decision in said}:
            self.shorten(prefix, time, False)
        return said

    def move_histories(self, moved):
        """Of the jails that are gone nothing stays; an episode was told to those that still listen."""
        listening = {self.rules.jails[n].name for n in moved.values() if self.rules.jails[n].watches_jails}
        histories, self.histories = self.histories, collections.defaultdict(list)
        for (history, prefix), episodes in histories.items():
            history = history if history == ENFORCED else moved.get(history)
            for episode in episodes:
                episode.told &= listening
            if history is not None:
                self.histories[history, prefix] = episodes
        noted, until = self.noted, self.braked_until
        self.noted = collections.defaultdict(dict, {to: noted[n] for n, to in moved.items()})
        self.braked_until = collections.Counter({to: until[n] for n, to in moved.items()})

    def score_anew(self):
        """As at a start: what counted is weighed by the rules of now, as far as they count it."""
        self.windows, self.shares = {}, {}
        for number, e in self.log:
            for n, jail in enumerate(self.rules.jails):
                if not self.counts(jail, e) or (e.type == BANNED and not self.has_episode(e)):
                    continue
                if self.is_ignored(number, e, jail.name):
                    continue
                if jail.multipliers[e.type] == FORGIVE:
                    self.forgive(n, e)
                else:
                    self.enter(n, e, number)

    def is_ignored(self, number, e, jail):
        by = [name for up_to, prefix, name in self.ignored
              if number <= up_to and inside(self.host(e), prefix) and name in (ANY_JAIL, jail)]
        self.notes["reload: ignored in one jail"] += jail in by
        return bool(by)

    def has_episode(self, e):
        """A ban that was taken back is no event any more."""
        return any(x.first <= e.time < x.end for x in self.histories[ENFORCED, self.host(e)])

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
        kind, because, _ = self.by_rules(n, ban.prefix, ban.service,
                                         self.observing and ban.because == "daemon-observes")
        if kind == "ban" and (ban.because == "brake" or
                              ban.because == "known-good" and self.rules.jails[n].spare_known):
            return None
        return None if because == ban.because else because or kind

    # --- What can be asked --------------------------------------------------------------------

    def enforced(self):
        return [ban for ban in self.table.values() if ban.kind == "ban" and not ban.ended]

    def running_bans(self, prefix, at):
        return [ban for ban in self.enforced() if ban.prefix == prefix and at < ban.until]

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
