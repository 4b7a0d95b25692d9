# SPDX-License-Identifier: MIT
"""Who gives orders, between two rounds, when all that was written is read: bans and unbans, and some of them see ipsd die.

What was answered is done. Of an unban that nobody answered the database knows whether it was; done by half is wrong. A ban waits for
its answer: the kernel hears of it first, and keeps what the database never got.
"""
from proof.check import Wrong
from proof.killer import moment
from proof.world import SECOND, law
from proof.writer import subject

UNBAN = 6       # BECAUSE_UNBAN
MADE = "SELECT since, until FROM bans WHERE id > ? AND jail = 0"
LIFTED = "SELECT id, ended FROM bans WHERE ended_because = ? AND kind = 0"
IGNORED = "SELECT hex(addr), len, jail, up_to FROM ignored"


class Orders:
    def __init__(self, checker, killer, random):
        self.world, self.checker, self.killer, self.random = checker.world, checker, killer, random
        self.given = {}

    @property
    def oracle(self):
        return self.checker.oracle

    def one(self, revive):
        """One order; what it was. `revive` has the daemon run again, if it does not."""
        order = self.random.choice([self.ban, self.unban])
        address = self.random.choice(self.checker.writer.addresses)
        banned = [ban.prefix for ban in self.oracle.enforced() if self.is_first(ban)]
        if order == self.unban and not banned and self.checker.decided[self.prefix(subject(address))]:
            order = self.ban
        target = f"192.0.2.{self.random.randrange(1, 20)}" if order == self.ban else self.random.choice(banned or [address])
        said = order(target, revive)
        self.given[order.__name__] = self.given.get(order.__name__, 0) + 1
        return said

    def is_first(self, ban):
        """By hand, or of an address that was never banned before; and it will not have ended meanwhile. What comes of an order when
        late lines reach back to bans before it is not the same after a restart as without one."""
        return ban.until > self.checker.us() + SECOND and self.is_sole(ban)

    def is_sole(self, ban):
        return ban.jail == law.BY_HAND or (self.checker.decided[ban.prefix] == 1 and ban.prefix.endswith(("/32", "/64")))

    def give(self, revive, method, **parameters):
        """The answer; None: there was none. The daemon runs again afterwards."""
        way = self.random.choice(["wait", "wait and kill"] + ["kill"] * (method == "Unban"))
        answer = None
        with self.world.asking(method, **parameters) as hear:
            if way == "kill":
                moment(self.random)
                self.killer.kill_reader()
            answer = hear()
        if way == "wait and kill":
            self.killer.kill_reader()
        if answer and "parameters" in answer and "error" in answer:
            raise Wrong(f"an order was refused: {method} {parameters}: {answer}")
        revive()
        return answer and answer["parameters"], way

    def tell_oracle(self, at, order, *words):
        self.checker.note(self.oracle.tick(at))
        said, _ = order(at, *words)
        self.checker.note(said)
        return len([decision for decision in said if decision.kind == "lift"])

    def ban(self, target, revive):
        seconds = self.random.choice([2, 5, 600])
        answer, way = self.give(revive, "Ban", prefixes=[target], seconds=seconds, force=True)
        made = self.world.rows(MADE, self.checker.last_ban)
        if len(made) > 1 or (answer and answer["made"] != len(made)):
            raise Wrong(f"ORDER: ban {target} ({way}): answered {answer}, stored {made}")
        for since, until in made:
            if not 0 <= until - since - seconds * SECOND < SECOND // 10:
                raise Wrong(f"ORDER: ban {target} for {seconds} s is from {since} to {until}")
            self.tell_oracle(since, self.oracle.order_ban, self.prefix(target), until, 0)
        return f"ban {target}: {way}, {'made' if made else 'not made'}"

    def unban(self, target, revive):
        lifted, ignored = set(self.world.rows(LIFTED, UNBAN)), set(self.world.rows(IGNORED))
        answer, way = self.give(revive, "Unban", prefixes=[target])
        lifted = set(self.world.rows(LIFTED, UNBAN)) - lifted
        is_done = bool(answer or lifted or set(self.world.rows(IGNORED)) - ignored)
        if is_done:
            at = max((ended for _, ended in lifted), default=self.checker.us())
            n = self.tell_oracle(at, self.oracle.order_unban, self.prefix(target))
            self.checker.writer.spans.forget(subject(target.split("/")[0]))
            if n != len(lifted) or (answer and answer["lifted"] != n):
                raise Wrong(f"ORDER: unban {target} ({way}): answered {answer}, stored {lifted}, the oracle's {n}")
        return f"unban {target}: {way}, {'done' if is_done else 'not done'}"

    @staticmethod
    def prefix(target):
        return target if "/" in target else f"{target}::/64" if target.count(":") == 3 else f"{target}/{128 if ':' in target else 32}"
