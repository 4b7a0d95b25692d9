# SPDX-License-Identifier: MIT
"""A third of the oracle: how often was this prefix banned (7.5)?"""
from oracle_words import ENFORCED, MONTH, Episode


class Episodes:
    """Needs of its other parts: `histories`, `notes`, which bans of a prefix run."""

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
            before = [x.end for x in self.histories[history, prefix] if x is not joined]
            joined.start = min(joined.start, max([at, *before]))    # it began with its first ban, one that came late, too
            joined.first = min(joined.first, at)
        else:
            self.histories[history, prefix].append(Episode(at, until, at))

    def shorten(self, prefix, at, pardons):
        """Bans of the prefix were lifted before their time: its episode lasts for what still runs. When
        nothing does, it ends here; what a person lifted counts for none (7.5)."""
        episode = self.running_episode(ENFORCED, prefix, at)
        if episode is None:
            return
        ends = [ban.until for ban in self.running_bans(prefix, at)]
        if pardons and not ends:
            self.notes["pardoned"] += 1
            self.histories[ENFORCED, prefix].pop()
        else:
            self.notes["shortened" if ends else "cut short"] += 1
            episode.end = max([episode.start + 1] + (ends or [at]))

    def blocks_30d(self, prefix, at):
        return sum(at - MONTH < x.start <= at for x in self.histories[ENFORCED, prefix])
