# SPDX-License-Identifier: MIT
"""What the oracle speaks of: jails, events, never-block, bans, decisions."""
from dataclasses import dataclass, field

NEVER = 2**63 - 1       # the end of a permanent ban
PERMANENT = NEVER       # a step of a ladder
BAN_AT_ONCE = "ban"     # a multiplier
FORGIVE = "forgive"     # another
ADDRESS, NETWORK, ACCOUNT = "address", "network", "account"
LOGIN, BANNED = 18, 23  # event types that the policy itself knows
BY_HAND = "hand"        # the jail of a ban that a person ordered
ALL_PORTS = 0           # the scope of a ban of everything
ANY_JAIL = "any"        # an unban of whatever jail; a never-block entry for all of them
ANY_SERVICE = "any"     # a never-block entry for all services, and for events of none
ENFORCED = "enforced"   # the history that all enforcing jails share
MINUTE = 60_000_000
MONTH = 30 * 1440 * MINUTE
RATE = 5 * MINUTE       # the brake counts over this time,
CALM = 10 * MINUTE      # and lets go after so much of quiet
ACCOUNT_KEPT = 256      # bytes of an account that make it that account
EVERYTHING = ("0.0.0.0/0", "::/0")


@dataclass
class Jail:
    name: str
    watch: set              # of (source, filter), and of names of jails
    services: set | None    # None: all, also events without a service
    multipliers: dict       # event type -> points, BAN_AT_ONCE or FORGIVE
    window: int
    threshold: int
    ladder: list
    ban_memory: int
    clears: bool = False    # after-ban = clear
    observes: bool = False
    scope: int = 0
    never_block: list = field(default_factory=list)
    subject: str = ADDRESS
    distinct: str | None = None     # ADDRESS, ACCOUNT
    share: int = 2
    spare_known: bool = True

    @property
    def watches_jails(self):
        return any(isinstance(place, str) for place in self.watch)

    @property
    def forgives(self):
        return FORGIVE in self.multipliers.values()

    @property
    def positive(self):
        return {m for m in self.multipliers.values() if isinstance(m, int) and m > 0}

    @property
    def kept(self):
        """So many of the newest entries, or values, reach the threshold on their own (7.3)."""
        return -(-self.threshold // min(self.positive, default=self.threshold))

    @property
    def levels(self):
        """So many entries of one value can matter: one of each multiplier."""
        return len(self.positive) if self.distinct else 1


NO_JAIL = Jail("", set(), None, {}, 0, 0, [], 0)    # of a ban by hand


@dataclass
class Rules:
    jails: list
    never_block: list = field(default_factory=list)
    observe: bool = False
    host_v6: int = 64
    network_v4: int = 24
    network_v6: int = 48
    known_for: int = MONTH      # how long a login makes an address known
    brake: int = 20             # so many known addresses may be banned within RATE


@dataclass
class Event:
    time: int
    addr: str | None        # None: the line named none
    type: int
    service: int | None
    place: object           # (source, filter); the name of the jail whose ban it is
    count: int = 1
    account: str = ""


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
    address: str            # the host prefix
    account: str


@dataclass
class Window:
    latest: int             # T, the latest event time seen
    entries: list = field(default_factory=list)


@dataclass
class Episode:
    start: int
    end: int
    first: int      # its first ban: one that came late may lie before the episode
    told: set = field(default_factory=set)  # names of jails that it was a `banned` event for


@dataclass
class Ban:
    id: int
    kind: str               # "ban", or the shadows "spared", "observed"
    because: str | None     # of a shadow
    prefix: str
    jail: object            # number, or BY_HAND
    scope: int
    until: int
    since: int = 0
    ended: bool = False
    service: int | None = None
    event: int = 0          # number of the one that decided


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
    window: tuple = ()          # with `distinct`, all that it was made from

    @property
    def action(self):
        return "blacklist" if self.ban.until == NEVER else "block"
