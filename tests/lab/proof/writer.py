# SPDX-License-Identifier: MIT
"""Who writes the logs: numbered hostile lines, each of which can be told from all others.

No subject has two lines within one second, so that what the store may fold within a second stays apart.
"""
import collections
import datetime
import os
import re
import time
from dataclasses import dataclass

from proof.world import JAILS, SECOND, seconds

LATE = 20       # a stamp lies at most so many seconds back
MARGIN = 8      # seconds that a line may take to be read
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
        stamp = datetime.datetime.fromtimestamp(self.time // 1_000_000, datetime.timezone.utc)
        return f"{stamp:%Y-%m-%dT%H:%M:%S}.{self.time % 1_000_000 // 1000:03}Z {self.address} {self.text}\n".encode()


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
    Lines of several logs that wait to be read are read in any order.
    """

    def __init__(self, jails):
        self.jails = [(name, keys.get("subject", "address"), seconds(keys["window"]) // SECOND, multipliers)
                      for name, (keys, multipliers) in jails.items()]
        self.times = collections.defaultdict(list)      # (jail, what it counts by) -> the newest that is read, and the unread

    def of(self, address, kind, account):
        for name, by, window, multipliers in self.jails:
            if kind in multipliers:
                what = {"address": subject(address), "network": network(address), "account": account}[by]
                yield (name, what), window
                if by == "account":
                    yield (name, what, subject(address)), window

    def is_sure(self, at, now, address, kind, account):
        return all(now - time < window - MARGIN or at >= time + window
                   for key, window in self.of(address, kind, account) for time in self.times[key])

    def note(self, at, address, kind, account):
        for key, _ in self.of(address, kind, account):
            self.times[key].append(at)

    def all_are_read(self):
        self.times = collections.defaultdict(list, {key: [max(times)] for key, times in self.times.items() if times})


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

    def make(self, log, address):
        """A line of this address, or None: it has one for each second."""
        now = self.clock()
        seq = len(self.lines) + 1
        for _ in range(8):
            at = now - self.random.random() * LATE
            kind = self.random.choice(list(TEXTS))
            text = self.random.choice(TEXTS[kind]).format(account=f"u{self.random.randrange(40)}", seq=seq)
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
        return line

    def burst(self, log):
        """Some lines, of an attacker or of anybody, written whole, a line a time, or in pieces."""
        attacker = self.random.choice(self.addresses)
        made = [self.make(log, attacker if self.random.random() < 0.7 else self.random.choice(self.addresses))
                for _ in range(self.random.randint(1, 12))]
        chunks = [line.bytes for line in made if line]
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
        self.spans.all_are_read()
        now = self.clock()
        self.busy = {key: until for key, until in self.busy.items() if until > now}


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]
