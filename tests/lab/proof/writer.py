# SPDX-License-Identifier: MIT
"""Who writes the logs: numbered hostile lines, each of which can be told from all others.

No subject has two lines within one second, so that what the store may fold within a second stays apart.

Between them stand lines that count nothing by themselves: the beginning and the middle of sessions, of which the last line is a
numbered one if no message came; what was told already, in other words; the end of a session that has ended. The last line of a
burst counts, so who has that one in his state has these, too.
"""
import collections
import datetime
import itertools
import os
import re
import time
from dataclasses import dataclass

from proof.world import JAILS, SECOND, seconds

LATE = 20       # a stamp lies at most so many seconds back
MARGIN = 8      # seconds that a line may take to be read
SILENCE = 600   # seconds after which a session ends by itself
UNCOUNTED = 10 ** 9     # numbers of lines that begin sessions are above this one
FORGOTTEN = 180 # seconds after which no window that is asked for knows of a line
OPEN = 60       # seconds that a session is open at most, if its log is written to
NOISE = [b"nothing to see here\n", b"\n", b"\xff\xfe\x00binary\x00\n", b"x" * 3000 + b"\n",
         b"2026-01-01T00:00:00Z 999.1.1.1 wrong password for bob, line 1\n",
         b"203.0.113.9 no relay to nobody, line 2\n"]
TEXTS = {
    "auth-failure": ["wrong password for {account}, line {seq}",
                     "wrong password for {account}, line 1 2026-03-05T11:02:17Z 198.51.100.1 wrong password for {account}, line {seq}"],
    "bad-recipient": ["nobody is {account}@example.com, line {seq}", "nobody is x, line {account} nobody is y, line {seq}"],
    "relay-denied": ["no relay to {account}, line {seq}"],
}


@dataclass
class Line:
    seq: int
    log: str
    address: str
    type: str
    time: int           # microseconds
    text: str
    how: str = ""       # what had happened to the log when it was written

    @property
    def bytes(self):
        return said(self.time, "-" if self.type == "bad-session" else self.address, self.text)


@dataclass
class Again:
    path: object        # of the file that has it; files of one log may be read in any order. None: it is read
    bytes: bytes


@dataclass
class Session:
    path: object
    seq: int            # the number of its first line, which counts only if nothing else is said
    address: str
    last: int           # stamp of that line
    begun: float        # when it was written
    satisfied: bool     # it will have a message
    took: bool = False  # it has one

    @property
    def name(self):
        return f"s{self.seq}"

    @property
    def hello(self):
        return f"hello {self.name}, line {self.seq}"


def said(us, who, what):
    stamp = datetime.datetime.fromtimestamp(us // 1_000_000, datetime.timezone.utc)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{us % 1_000_000 // 1000:03}Z {who} {what}\n".encode()


def account_of(text):
    found = re.match(r"wrong password for (.*), line \d+$", text)
    return found[1] if found else ""


def addresses():
    """Known ones, in few networks: v4, and v6 of which two share each subject."""
    found = [f"198.51.{net}.{host}" for net in range(20, 34) for host in range(1, 41)]
    return found + [f"2001:db8:{net:x}:{host:x}::{end}" for net in range(1, 7) for host in range(1, 13) for end in (1, 2)]


def subject(address):
    """What is counted for it; text that is the same for the same subject."""
    return address.rsplit("::", 1)[0] if ":" in address else address


def network(address):
    return ":".join(address.split(":")[:3]) if ":" in address else address.rsplit(".", 1)[0]


class Spans:
    """When is a stamp too late to be sure of the answer?

    A jail forgets a subject when its window is over by the clock. A later line with an earlier stamp that
    would still reach back to what was forgotten counts with it or without it, just as the clock will have it.
    Lines of several logs that wait to be read are read in any order. What an unban forgot may be the newest.
    """

    def __init__(self, jails):
        self.jails = [(name, keys.get("subject", "address"), seconds(keys["window"]) // SECOND, multipliers)
                      for name, (keys, multipliers) in jails.items()]
        # By (jail, what it counts by): the unread, and of each subject the newest that is read. Those of subjects with a
        # bar before them are forgotten.
        self.unread = collections.defaultdict(list)
        self.read = collections.defaultdict(dict)

    def of(self, address, kind, account):
        for name, by, window, multipliers in self.jails:
            if kind in multipliers:
                what = {"address": subject(address), "network": network(address), "account": account}[by]
                yield (name, what), window
                if by == "account":
                    yield (name, what, subject(address)), window

    def is_sure(self, at, now, address, kind, account):
        return all(now - time < window - MARGIN or at >= time + window
                   for key, window in self.of(address, kind, account) for time in self.of_key(key))

    def of_key(self, key):
        """Each that may be the newest."""
        read = self.read[key]
        some = read.values() if any(who.startswith("|") for who in read) else [max(read.values(), default=0)]
        return [time for _, time in self.unread[key]] + [*some]

    def note(self, at, address, kind, account):
        for key, _ in self.of(address, kind, account):
            self.unread[key].append((subject(address), at))

    def all_are_read(self, now):
        for key, lines in self.unread.items():
            for who, at in lines:
                self.read[key][who] = max(at, self.read[key].get(who, 0))
        self.unread.clear()
        for key, read in self.read.items():
            self.read[key] = {who: at for who, at in read.items() if at > now - FORGOTTEN}

    def forget(self, who):
        """An unban of this subject, when all are read."""
        for read in self.read.values():
            if who in read:
                read[f"|{who}"] = read.pop(who)


class Writer:
    """Writes into logs (rotator.Log). `lines` holds all that was ever written, by number."""

    def __init__(self, random):
        self.random = random
        self.clock = time.time
        self.addresses = addresses()
        self.spans = Spans(JAILS)
        self.lines = {}
        self.busy = {}          # (subject, second) -> when it may be forgotten
        self.of_log = collections.defaultdict(int)      # log's name -> its newest number
        self.again = collections.defaultdict(list)      # log's name -> what is to be told again
        self.sessions = collections.defaultdict(list)   # log's name -> those that are open
        self.begun = 0
        self.begins_sessions = True

    def make(self, log, address, session=None):
        """A line of this address, or the end of its session; None: it has one for each second."""
        now = self.clock()
        seq = len(self.lines) + 1
        for _ in range(8):
            at = now - self.random.random() * LATE
            kind = "bad-session" if session else self.random.choice(list(TEXTS))
            text = self.random.choice(TEXTS.get(kind, [f"{session} bye, line {{seq}}"])).format(
                account=f"u{self.random.randrange(40)}", seq=seq)
            key, does = (subject(address), int(at)), (address, kind, account_of(text))
            if key not in self.busy and self.spans.is_sure(at, now, *does):
                break
        else:
            return None
        self.busy[key] = int(at) + LATE + 10
        self.spans.note(at, *does)
        line = Line(seq, log.name, address, kind, int(at * 1000) * 1000, text, log.history)
        self.lines[seq] = line
        self.of_log[log.name] = seq
        if session:
            self.again[log.name].append(Again(log.path, said(int(now * 1000) * 1000, "-", text)))
        elif self.random.random() < 0.2:
            self.again[log.name].append(Again(log.path, said(line.time, address, f"again: {text}")))
        return line

    def open_in(self, log):
        """Sessions that can go on: whatever of them stands in other files is read."""
        return [one for one in self.sessions[log.name] if one.path in (None, log.path)]

    def end_some(self, log):
        """Lines of sessions that end without a message."""
        ended = []
        for one in self.open_in(log):
            if not one.satisfied and (self.random.random() < 0.5 or self.clock() - one.begun > OPEN):
                line = self.make(log, one.address, one.name)
                if line:
                    ended.append(line)
                    self.sessions[log.name].remove(one)
        return ended

    def quiet(self, log, told):
        """Lines that count nothing; again what was `told` in earlier bursts."""
        now = int(self.clock() * 1000) * 1000
        again = [one for one in self.again[log.name][:told] if one.path in (None, log.path) and self.random.random() < 0.5]
        self.again[log.name] = [one for one in self.again[log.name] if one not in again]
        found = [one.bytes for one in again]
        if self.random.random() < 0.2:
            found.append(said(now, "-", self.random.choice(["nobody bye, line 1", "nobody took a message"])))
        for one in self.open_in(log):
            if one.took and (self.random.random() < 0.5 or self.clock() - one.begun > OPEN):
                found.append(said(now, "-", f"{one.name} bye, line 1"))
                self.sessions[log.name].remove(one)
            elif one.satisfied and not one.took:
                found.append(said(now, "-", f"{one.name} took a message"))
                one.took, one.path = True, log.path
        for _ in range(self.random.randrange(3) if self.begins_sessions else 0):
            self.begun += 1
            one = Session(log.path, UNCOUNTED + self.begun, self.random.choice(self.addresses), now - self.random.randrange(LATE) * SECOND,
                          self.clock(), self.random.random() < 0.5)
            found.append(said(one.last, one.address, one.hello))
            self.sessions[log.name].append(one)
        return found

    def fall_silent(self):
        """The clock was set forward: open sessions end, ten minutes after what was said in them."""
        for name, some in self.sessions.items():
            for one in some:
                if not one.took:
                    at = one.last + SILENCE * SECOND
                    self.lines[one.seq] = Line(one.seq, name, one.address, "bad-session", at, one.hello, "silent")
                    self.spans.note(at / SECOND, one.address, "bad-session", "")
            some.clear()

    def burst(self, log):
        """Some lines, of an attacker or of anybody, written whole, a line a time, or in pieces."""
        attacker, told = self.random.choice(self.addresses), len(self.again[log.name])
        made = [self.make(log, attacker if self.random.random() < 0.7 else self.random.choice(self.addresses))
                for _ in range(self.random.randint(1, 12))] + self.end_some(log)
        chunks = [line.bytes for line in made if line]
        for chunk in self.quiet(log, told) if chunks else []:
            chunks.insert(self.random.randrange(len(chunks)), chunk)
        for _ in range(self.random.randrange(3)):
            chunks.insert(self.random.randrange(len(chunks) + 1), self.random.choice(NOISE))
        self.put(log, chunks)
        log.written = log.written or any(made)
        return len(chunks)

    def put(self, log, chunks):
        way = self.random.randrange(3)
        if way == 0:
            log.write(b"".join(chunks))
        elif way == 1:
            for chunk in chunks:
                log.write(chunk)
        else:
            text = b"".join(chunks)
            while text:
                n = self.random.randint(1, 200)
                log.write(text[:n])
                text = text[n:]

    def all_are_read(self):
        now = self.clock()
        self.spans.all_are_read(now)
        for one in itertools.chain(*self.again.values(), *self.sessions.values()):
            one.path = None
        self.busy = {key: until for key, until in self.busy.items() if until > now}


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]
