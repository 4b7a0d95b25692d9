# SPDX-License-Identifier: MIT
"""What the oracle speaks of: jails, events, never-block, bans, decisions."""
from dataclasses import dataclass, field

NEVER = 2**63 - 1       # the end of a permanent ban
PERMANENT = NEVER       # a step of a ladder
BAN_AT_ONCE = "ban"     # a multiplier
BY_HAND = "hand"        # the jail of a ban that a person ordered
ANY_JAIL = "any"        # an unban of whatever jail; a never-block entry for all of them
ANY_SERVICE = "any"     # a never-block entry for all services, and for events of none
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


NO_JAIL = Jail("", set(), None, {}, 0, 0, [], 0)    # of a ban by hand


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
class Never:
    """An entry of never-block."""
    prefix: str
    until: int = NEVER
    jail: object = ANY_JAIL
    service: object = ANY_SERVICE
    by_hand: bool = False

    @property
    def for_everybody(self):
        return self.jail == ANY_JAIL and self.service == ANY_SERVICE

    def same(self, other):
        return ((self.prefix, self.jail, self.service, self.by_hand)
                == (other.prefix, other.jail, other.service, other.by_hand))


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
    service: int | None = None


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
