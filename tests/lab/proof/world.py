# SPDX-License-Identifier: MIT
"""The daemon whose exactness is doubted: its config, its processes, its socket, its database.

RULES is said twice, as files for the daemon and as objects for the oracle; both come from JAILS.
"""
import contextlib
import json
import pathlib
import shutil
import socket
import sqlite3
import sys

from daemon import Daemon
from netns import PATIENCE

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "property"))
import oracle as law  # noqa: E402
from oracle_words import MONTH  # noqa: E402

SECOND = 1_000_000
TYPES = {"auth-failure": 0, "relay-denied": 1, "bad-recipient": 3, "bad-session": 17, "banned": law.BANNED}

FILTER = r"""
[filter]
about    = Numbered hostile lines
sources  = {sources}
layout   = bare
stamp    = auto
timezone = UTC
service  = smtp
prefix   = "^<STAMP> <ADDR> (?:again: )?"
once-per = address, stamp, type

[event auth-failure]
match = wrong password for <USER>, line \d+$
hit   = 2026-03-05T11:02:17.250Z 203.0.113.9 wrong password for bob, line 7
        => auth-failure 203.0.113.9 smtp bob
        2026-03-05T11:02:17.250Z 203.0.113.9 wrong password for x, line 7 2026-03-05T11:02:17Z 198.51.100.1 wrong password for y, line 8
        => auth-failure 203.0.113.9 smtp x, line 7 2026-03-05T11:02:17Z 198.51.100.1 wrong password for y

[event bad-recipient]
match = nobody is <DATA>, line \d+$
hit   = 2026-03-05T11:02:17.250Z 203.0.113.9 nobody is bob@example.com, line 7
        => bad-recipient 203.0.113.9 smtp

[event relay-denied]
match = no relay to <DATA>, line \d+$
hit   = 2026-03-05T11:02:17.250Z 203.0.113.9 no relay to a@example.net, line 7
        => relay-denied 203.0.113.9 smtp

[event connection]
match = hello <SESSION>, line \d+$
hit   = 2026-03-05T11:02:17.250Z 203.0.113.9 hello s1, line 6
        => connection 203.0.113.9 smtp

[event message-accepted]
prefix = "^<STAMP> - "
match  = <SESSION> took a message$
hit    = 2026-03-05T11:02:17.250Z - s1 took a message
         => message-accepted - smtp

[event disconnection]
prefix = "^<STAMP> - "
match  = <SESSION> bye, line \d+$
hit    = 2026-03-05T11:02:17.250Z - s1 bye, line 7
         => disconnection - smtp

[session]
id        = <SESSION>
opens     = connection
closes    = disconnection
satisfied = message-accepted
otherwise = bad-session
carry     = addr
hit       = 2026-03-05T11:02:17.250Z 203.0.113.9 hello s1, line 6
            => connection 203.0.113.9 smtp
            2026-03-05T11:02:18.250Z - s1 bye, line 7
            => disconnection 203.0.113.9 smtp
            => bad-session 203.0.113.9 smtp
"""

# name -> keys of the jail's file; `multipliers` apart. The oracle's side is read from the same words. Where
# another window than 1d stands, the writer must know which lines are seen by the jail (writer.Spans).
JAILS = {
    "account": ({"subject": "account", "share": "2", "spare-known": "no", "window": "60s", "threshold": "9", "ban": "6s"},
                {"auth-failure": 1}),
    "clear": ({"after-ban": "clear", "ports": "25", "window": "1d", "threshold": "5", "ban": "3s, 8s"},
              {"bad-recipient": 1, "bad-session": 1, "relay-denied": 2}),
    "guess": ({"window": "60s", "threshold": "12", "ban": "2s, 5s, 30s"},
              {"auth-failure": 2, "bad-recipient": 1, "bad-session": 2, "relay-denied": 3}),
    "look": ({"mode": "observe", "window": "60s", "threshold": "8", "ban": "4s"},
             {"auth-failure": 1, "relay-denied": 1}),
    "network": ({"subject": "network", "distinct": "address", "window": "60s", "threshold": "20", "ban": "3s"},
                {"bad-recipient": 1, "relay-denied": 4}),
    "once": ({"window": "30s", "threshold": "2", "distinct": "account", "ban": "1s, 20s"},
             {"auth-failure": 1}),
    "recidive": ({"watch": "jail:clear jail:guess jail:once", "window": "1d", "threshold": "3", "ban": "20s"},
                 {"banned": 1}),
}


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "d": 86400}[text[-1]] * SECOND


def jail_file(keys, multipliers):
    keys = {"about": "x", "type": "x", "watch": "proof"} | keys
    watch = "\n        ".join(keys.pop("watch").split())
    return "".join(["[jail]\n", f"watch = {watch}\n", *(f"{key} = {value}\n" for key, value in keys.items()),
                    "[multipliers]\n", *(f"{name} = {points}\n" for name, points in multipliers.items())])


def jail_of_the_law(name, keys, multipliers, places):
    watch = {w.removeprefix("jail:") for w in keys["watch"].split()} if "watch" in keys else places
    return law.Jail(name=name, watch=watch, services=None, window=seconds(keys["window"]),
                    threshold=int(keys["threshold"]), ladder=[seconds(step) for step in keys["ban"].split(", ")],
                    multipliers={TYPES[t]: m for t, m in multipliers.items()}, ban_memory=MONTH,
                    clears=keys.get("after-ban") == "clear", observes=keys.get("mode") == "observe",
                    scope=1 if "ports" in keys else 0, subject=keys.get("subject", law.ADDRESS),
                    distinct=keys.get("distinct"), share=int(keys.get("share", 2)), spare_known=False)


def rules_of_the_law(places):
    return law.Rules([jail_of_the_law(name, *JAILS[name], set(places)) for name in sorted(JAILS)])


class World(Daemon):
    """`sources` are paths, as the filter names them."""

    def __init__(self, ns, build):
        super().__init__(ns, build, conf="[ipsd]\nmode = enforce\n[never-block]\nprivate = no\nown-addresses = no\n"
                         "resolvers = no\ngateways = no\nssh-peers = no\n")
        self.log.unlink()
        (self.etc / "jails" / "test.conf").unlink()
        (self.etc / "filters" / "vpop3-ids.conf").unlink()
        self.database = None
        self.wrapper = ()       # what each start goes through

    def configure(self, sources):
        (self.etc / "filters" / "proof.conf").write_text(FILTER.format(sources=" ".join(map(str, sources))))
        for name, (keys, multipliers) in JAILS.items():
            (self.etc / "jails" / f"{name}.conf").write_text(jail_file(keys, multipliers))

    # ---- processes ----

    def spawn(self, *more, wrapper=()):
        return super().spawn(*more, wrapper=wrapper or self.wrapper)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_up(self):
        assert self.process.poll() is None, f"the daemon ended, {self.process.returncode}: {self.words()[-2000:]}"
        return self.status() is not None

    # ---- the socket ----

    @contextlib.contextmanager
    def asking(self, method, **parameters):
        """A question under way, and who hears the answer; None: nobody gives one."""
        message = {"method": f"io.ipsd.Control.{method}", "parameters": parameters}

        def hear():
            answer = b""
            while not answer.endswith(b"\0"):
                try:
                    piece = s.recv(1 << 16)
                except ConnectionError:
                    return None
                if not piece:
                    return None
                answer += piece
            return json.loads(answer[:-1])

        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            try:
                s.connect(str(self.dir / "run" / "control"))
                s.sendall(json.dumps(message).encode() + b"\0")
            except (ConnectionError, FileNotFoundError):
                yield lambda: None
            else:
                yield hear

    def call(self, method, **parameters):
        """One call. None: nobody answers."""
        with self.asking(method, **parameters) as hear:
            return hear()

    def status(self):
        answer = self.call("Status")
        return answer and answer["parameters"]

    def is_settled(self):
        status = self.status()
        return status and status["kernel"]["agrees"]

    # ---- the database ----

    def rows(self, question, *values):
        if self.database is None:
            self.database = sqlite3.connect(f"file:{self.dir / 'state' / 'state.db'}?mode=ro", uri=True, timeout=PATIENCE)
        return self.database.execute(question, values).fetchall()

    def let_go(self):
        """Nobody but the daemon has the database open, as in life."""
        if self.database:
            self.database.close()
            self.database = None

    def keep(self):
        """What it leaves is for somebody to look at; where."""
        kept = self.dir.with_name(self.dir.name + "-kept")
        shutil.copytree(self.dir, kept, symlinks=True, ignore=shutil.ignore_patterns("control"))
        return kept

    def close(self):
        self.let_go()
        super().close()
