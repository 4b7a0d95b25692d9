# SPDX-License-Identifier: MIT
"""A part of the oracle: is a jail about to ban the host's own people (7.11)?"""
import collections

from oracle_words import ACCOUNT, BANNED, BY_HAND, CALM, ENFORCED, RATE


class Brake:
    """Needs of its other parts: `rules`, `notes`, `windows`, the `table` of bans, episodes, lifts, scores."""

    def __init__(self):
        self.noted = collections.defaultdict(dict)        # jail -> known addresses that would be banned, and when
        self.braked_until = collections.Counter()         # jail -> time

    def brake(self, n, prefix, at):
        """A known address would be banned. When some five minutes in which that falls hold too many of
        them, the jail observes, and those of them that it had banned before it knew are free again, as if
        nothing had been. The lifts."""
        noted = self.noted[n]
        noted.pop(prefix, None)
        noted[prefix] = at
        begins = [first for first in noted.values() if first <= at < first + RATE
                  and sum(first <= x < first + RATE for x in noted.values()) > self.rules.brake]
        if not begins:
            return []
        self.notes["brake"] += 1
        self.notes["brake: goes on"] += at < self.braked_until[n]
        first = max(begins)
        self.braked_until[n] = max(self.braked_until[n], first + RATE + CALM)
        return [lifted for known, x in sorted(noted.items(), key=lambda item: item[1]) if first <= x < first + RATE
                for lifted in self.take_back(n, known, at)]

    def take_back(self, n, prefix, at):
        """The lifts: of the ban, and of those that came of it."""
        ban = self.table.get((n, prefix, self.rules.jails[n].scope))
        if ban is None or ban.kind != "ban" or ban.ended:
            return []
        self.notes["brake: taken back"] += 1
        said = [self.remove(ban, at)]
        if not any(x.jail == BY_HAND or not self.rules.jails[x.jail].watches_jails
                   for x in self.running_bans(prefix, at)):
            said += self.unsay(prefix, at)
        self.shorten(prefix, at, True)
        return said

    def remove(self, ban, at):
        return self.lift(self.table.pop((ban.jail, ban.prefix, ban.scope)), "brake", at)

    def unsay(self, prefix, at):
        """No other jail bans it on its own: those that were told have not heard of it, and what they would
        not have banned without is free, too."""
        episode, said = self.running_episode(ENFORCED, prefix, at), []
        for n, jail in enumerate(self.rules.jails):
            if episode is None or jail.name not in episode.told or jail.subject == ACCOUNT:
                continue
            subject = self.scored(n, prefix)
            if window := self.windows.get((n, subject)):
                window.entries = [x for x in window.entries if (x.type, x.address) != (BANNED, prefix)
                                  or x.time < episode.start]
            ban = self.table.get((n, subject, jail.scope))
            if ban and ban.kind == "ban" and not ban.ended and ban.since >= episode.start \
                    and self.score(n, subject, ban.since) < jail.threshold:
                self.notes["brake: taken back, what came of it"] += 1
                said.append(self.remove(ban, at))
                if subject != prefix:
                    self.shorten(subject, at, True)
        return said
