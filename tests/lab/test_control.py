# SPDX-License-Identifier: MIT
"""The control socket under people and programs that mean no good, and orders of every size."""
import json
import os
import pathlib
import random
import socket
import threading
import time

import pytest

from daemon import line
from netns import until

BAD, GOOD, OTHER = "198.51.100.7", "203.0.113.20", "198.51.100.8"
CONTROL = "io.ipsd.Control."


class Client:
    """One connection, by hand."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(daemon.dir / "run" / "control"))
        self.socket.settimeout(30)
        self.data = b""

    def send(self, method, more=False, **parameters):
        message = {"method": CONTROL + method, "parameters": parameters, "more": more}
        self.socket.sendall(json.dumps(message).encode() + b"\0")
        return self

    def take(self):
        """The next reply; None when the daemon has closed."""
        while b"\0" not in self.data:
            got = self.socket.recv(1 << 20)
            if not got:
                return None
            self.data += got
        reply, self.data = self.data.split(b"\0", 1)
        return json.loads(reply)

    def call(self, method, **parameters):
        return self.send(method, **parameters).take()

    def close(self):
        self.socket.close()


def resident(daemon):
    """KiB."""
    return int(pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]) * 4


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def addresses(n, first=0):
    return [f"198.{18 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(first, first + n)]


def ban_many(daemon, n):
    client = Client(daemon)
    for first in range(0, n, 1000):
        reply = client.call("Ban", prefixes=addresses(min(1000, n - first), first), seconds=3600)
        assert reply["parameters"]["made"] == min(1000, n - first), reply
    client.close()


# ---- clients --------------------------------------------------------------------------------------


def test_who_asks_faster_than_he_reads_costs_no_memory(daemon):
    daemon.ctl("status")
    before = resident(daemon)
    client = Client(daemon)
    asked = 0
    client.socket.settimeout(1)
    try:
        while asked < 200_000:
            client.send("Status")
            asked += 1
    except TimeoutError:
        pass
    assert asked < 200_000, "everything was read, so the answers must be somewhere"
    assert resident(daemon) - before < 64 * 1024
    assert daemon.ctl("status").code == 0
    client.close()


def test_pipelined_calls_are_all_answered_in_their_order(daemon):
    client = Client(daemon)
    n = 500

    def write():
        for i in range(n):
            client.send("Show", what=f"192.0.2.{i % 250 + 1}")

    writer = threading.Thread(target=write)
    writer.start()
    got = [client.take()["parameters"]["query"] for _ in range(n)]
    writer.join()
    assert got == [f"192.0.2.{i % 250 + 1}" for i in range(n)]


def test_what_comes_while_a_call_waits_costs_no_memory(daemon):
    client = Client(daemon).send("Events", more=True, follow=True)
    assert client.take()["continues"]
    before = resident(daemon)
    client.socket.settimeout(1)
    try:
        for _ in range(64):
            client.socket.sendall(b"x" * (1 << 20))
        pytest.fail("64 MiB were taken")
    except TimeoutError:
        pass
    assert resident(daemon) - before < 32 * 1024
    daemon.write(line(BAD))
    assert client.take()["parameters"]["events"][0]["address"] == BAD
    client.close()


def test_a_client_that_has_said_all_gets_all_its_answers(daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    client = Client(daemon)
    for _ in range(5):
        client.send("Show", what=BAD)
    client.send("Unban", prefixes=[BAD]).send("Show", what=BAD)
    client.socket.shutdown(socket.SHUT_WR)
    got = [client.take()["parameters"] for _ in range(7)]
    assert [g.get("banned") for g in got] == [True] * 5 + [None, False]
    assert client.take() is None


def test_clients_may_go_away_at_any_moment(daemon):
    rng = random.Random(1)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    before = descriptors(daemon)
    for round_ in range(150):
        client = Client(daemon)
        for _ in range(rng.randrange(1, 4)):
            rng.choice([lambda: client.send("Show", what=BAD), lambda: client.send("Ban", prefixes=addresses(5, round_ * 5), seconds=60),
                        lambda: client.send("Events", more=True, follow=True), lambda: client.send("List", more=True),
                        lambda: client.send("Unban", prefixes=[f"192.0.2.{round_}"]), lambda: client.socket.sendall(b'{"method":')])()
        if rng.randrange(2):
            daemon.write(line(OTHER, seconds_ago=7200))
        client.close()
    assert daemon.ctl("status").code in (0, 1)
    until(lambda: descriptors(daemon) == before, "the descriptors of those that are gone")
    assert daemon.process.poll() is None


def test_idle_connections_make_room(daemon):
    idle = [Client(daemon) for _ in range(200)]
    assert daemon.ctl("status").code == 0
    follower = Client(daemon).send("Events", more=True, follow=True)
    assert follower.take()["continues"]
    idle += [Client(daemon) for _ in range(200)]
    daemon.write(line(BAD))
    assert follower.take()["parameters"]["events"], "who waits for something is not idle"
    for client in idle:
        client.close()


@pytest.mark.parametrize("message", [
    b'{"method":"io.ipsd.Control.Show","parameters":{"what":"\xff\xfe"}}\0', b'{"method":"io.ipsd.Control.Show","parameters":{"what":"a\\u0000b"}}\0',
    b'{"method":"io.ipsd.Control.Show","parameters":[]}\0', b'{"method":"io.ipsd.Control.Show"}\0', b'{"method":["x"]}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":"198.18.0.1"}}\0', b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":[5]}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":[]}}\0', b'{"method":"io.ipsd.Control.Ban"}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1"],"seconds":"60"}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1"],"seconds":0}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1"],"seconds":-9223372036854775808}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1"],"seconds":9223372036854775807}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1/8"],"seconds":60}}\0',
    b'{"method":"io.ipsd.Control.Ban","parameters":{"prefixes":["198.18.0.1"],"seconds":60,"ports":"nosuch"}}\0',
    b'{"method":"io.ipsd.Control.Unban"}\0', b'{"method":"io.ipsd.Control.Unban","parameters":{"all":true,"jail":"nosuch"}}\0',
    b'{"method":"io.ipsd.Control.List","parameters":{"kinds":[5]}}\0', b'{"method":"io.ipsd.Control.Events","parameters":{"limit":-1}}\0',
    b'{"method":"io.ipsd.Control.Events","parameters":{"address":"x"}}\0', b'{"method":"io.ipsd.Control.Events","parameters":{"follow":true}}\0',
    b'{"method":"io.ipsd.Control.Events","parameters":{"since":"x"}}\0', b'{"method":"io.ipsd.Control.Events","parameters":{"jail":"nosuch"}}\0',
    b'{"method":"io.ipsd.Control.Mode","parameters":{"mode":"observe","seconds":"60"}}\0', b'{"method":"io.ipsd.Control.Mode","parameters":{"mode":"x"}}\0',
], ids=range(25))
def test_a_bad_call_is_an_error_and_changes_nothing(daemon, message):
    client = Client(daemon)
    client.socket.sendall(message)
    reply = client.take()
    assert reply is None or reply["error"], reply
    assert not daemon.ctl("list", "--json", "--all").json["bans"]


# ---- orders ---------------------------------------------------------------------------------------


def test_a_thousand_prefixes_are_one_order(daemon):
    started = time.monotonic()
    reply = Client(daemon).call("Ban", prefixes=addresses(1000), seconds=None, reason="a list")["parameters"]
    took = time.monotonic() - started
    assert reply["made"] == 1000 and len(reply["bans"]) == 1000 and reply["warnings"] == []
    assert len(daemon.held()) == 1000
    daemon.stop(9)
    daemon.start()
    assert len(daemon.ctl("list", "--json").json["bans"]) == 1000, "the answer came before it was on the disk"
    again = Client(daemon).call("Ban", prefixes=addresses(1000), seconds=None)["parameters"]
    assert (again["made"], again["known"]) == (0, 1000)
    freed = Client(daemon).call("Unban", prefixes=addresses(1000))["parameters"]
    assert freed["lifted"] == 1000 and freed["free"]
    assert daemon.held() == set()
    assert took < 5


@pytest.mark.parametrize("prefixes", [addresses(1001), addresses(10) + [GOOD], addresses(10) + ["198.0.0.0/7"], addresses(10) + ["198.18.0.1/31"]],
                         ids=["too_many", "never_block", "wide", "host_bits"])
def test_an_order_with_one_bad_prefix_does_nothing(daemons, prefixes):
    daemon = daemons(conf=f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {GOOD}\n").start()
    assert Client(daemon).call("Ban", prefixes=prefixes, seconds=60)["error"]
    assert daemon.ctl("list", "--json").json["bans"] == []
    assert daemon.held() == set()


def test_everything_can_be_lifted_at_once(daemon):
    n = 20_000
    ban_many(daemon, n)
    until(lambda: len(daemon.held()) == n, "all bans")
    answer = daemon.ctl("unban", "--all", "--yes", "--json")
    assert answer.code == 0 and answer.json["lifted"] == n
    until(lambda: not daemon.held(), "empty sets")
    until(daemon.settled, "the kernel")
    ban_many(daemon, 10)
    assert len(daemon.held()) == 10


def test_the_whole_internet_can_be_banned_by_force_and_let_in_again(cable, daemon):
    for everything, inside in (("0.0.0.0/0", [BAD, GOOD]), ("::/0", ["2001:db8:a:1::5"])):
        refused = daemon.ctl("ban", everything, "--for", "1m")
        assert refused.code == 2 and "--force" in refused.err
        before = cable.probe(inside)
        assert before == set(inside)
        assert daemon.ctl("ban", everything, "--for", "1m", "--force").code == 0
        shown = daemon.ctl("show", inside[0], "--json")
        assert shown.code == 0 and shown.json["bans"][0]["prefix"] == everything
        under = daemon.ctl("unban", inside[0])
        assert under.code == 1 and f"ipsctl unban {everything}" in under.out
        assert "ipsctl never-block add" in under.out
        assert daemon.ctl("unban", everything).code == 0
        assert cable.probe(inside) == set(inside)


@pytest.mark.parametrize("typed, meant", [("2001:db8:a:1::5", "2001:db8:a:1::/64"), ("::ffff:198.51.100.7", "198.51.100.7/32"), ("64:ff9b::198.51.100.7", "198.51.100.7/32"),
                                          ("2001:db8:a:1::/112", "2001:db8:a:1::/64"), ("198.51.100.7/32", "198.51.100.7/32")])
def test_an_address_means_its_subject(daemon, typed, meant):
    assert daemon.ctl("ban", typed, "--for", "1m").code == 0
    assert [b["prefix"] for b in daemon.ctl("list", "--json").json["bans"]] == [meant]
    assert daemon.ctl("show", typed).code == 0
    assert daemon.ctl("unban", typed).code == 0
    assert daemon.ctl("list", "--json").json["bans"] == []


def test_an_unban_by_the_inner_address_forgets_what_came_through_a_gateway(daemon):
    daemon.attack("64:ff9b::198.51.100.7", 9)
    until(lambda: len(daemon.ctl("events", "--json", "--address", BAD).out.splitlines()) == 9, "the events")
    assert daemon.ctl("unban", BAD).code == 0
    daemon.stop()
    daemon.start()
    daemon.attack(BAD, 1)
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 10, "the tenth event")
    assert not daemon.is_blocked(BAD)


# ---- many bans ------------------------------------------------------------------------------------


def test_questions_among_many_bans_hold_nobody_up(daemon):
    n = 20_000
    ban_many(daemon, n)
    longest = 0
    done = threading.Event()

    def ask():
        client = Client(daemon)
        while not done.is_set():
            for call in ((lambda: client.call("Show", what="198.18.0.0/15")), (lambda: client.call("Show", what="0.0.0.0/0"))):
                assert call()["parameters"]["banned"]

    asker = threading.Thread(target=ask)
    asker.start()
    probe = Client(daemon)
    for _ in range(100):
        started = time.monotonic()
        assert probe.call("Status")
        longest = max(longest, time.monotonic() - started)
    done.set()
    asker.join()
    assert longest < 2
    rows = daemon.ctl("list", "--json").json["bans"]
    assert len(rows) == n and len({r["prefix"] for r in rows}) == n
    assert daemon.ctl("list", "--json", "--jail", "test").json["bans"] == []
    refused = Client(daemon).call("List")
    assert refused["error"] == "org.varlink.service.ExpectedMore"


def test_a_list_that_nobody_reads_is_made_as_far_as_it_is_read(daemon):
    ban_many(daemon, 20_000)
    before = resident(daemon)
    lazy = [Client(daemon).send("List", more=True) for _ in range(20)]
    assert daemon.ctl("status").code == 0
    assert resident(daemon) - before < 100 * 1024, "a list of 20,000 is 8 MB"
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    reply = lazy[0].take()
    assert reply["continues"] and len(reply["parameters"]["bans"]) == 256
    for client in lazy:
        client.close()


def pages(client):
    """The rows of a stream, a reply at a time."""
    while True:
        reply = client.take()
        yield reply["parameters"]["bans"]
        if not reply.get("continues"):
            return


def test_what_stands_all_the_time_is_listed_once_while_others_come_and_go(daemon):
    """Before each page that is taken some go that were there, and others come."""
    stay, go = addresses(5000), [f"11.0.{i >> 8}.{i & 255}" for i in range(5000)]
    client, other = Client(daemon), Client(daemon)
    mixed = [address for pair in zip(stay, go) for address in pair]
    for first in range(0, len(mixed), 1000):
        assert client.call("Ban", prefixes=mixed[first:first + 1000], seconds=3600)["parameters"]["made"] == 1000
    client.send("List", more=True)
    seen = []
    for n, rows in enumerate(pages(client)):
        seen += [row["prefix"].removesuffix("/32") for row in rows]
        if n < 40:
            other.call("Unban", prefixes=go[-100:] + go[:20])
            del go[-100:], go[:20]
            other.call("Ban", prefixes=[f"11.1.{n}.{i}" for i in range(100)], seconds=3600)
    assert sorted(address for address in seen if address.startswith("198.")) == sorted(stay)
    assert set(go) <= set(seen) and len(seen) > len(stay) + len(go), "some that went or came were seen, too"
    client.close()
    other.close()


def test_a_reload_in_the_middle_of_a_list_changes_nothing_in_it(daemon):
    """The table of before had gaps, that of after has none."""
    ban_many(daemon, 3000)
    client, other = Client(daemon), Client(daemon)
    assert other.call("Unban", prefixes=addresses(500))["parameters"]["lifted"] == 500
    client.send("List", more=True)
    seen = []
    for n, rows in enumerate(pages(client)):
        seen += [row["prefix"].removesuffix("/32") for row in rows]
        if n in (2, 5):
            assert daemon.ctl("reload").code == 0
    assert sorted(seen) == sorted(addresses(2500, 500))
    client.close()
    other.close()


# ---- events ---------------------------------------------------------------------------------------


def test_who_follows_one_address_is_told_its_new_events_only(daemon):
    daemon.write(*(line(f"192.0.2.{i % 200 + 1}", 3, f"[x] u{i}@example.com", seconds_ago=10) for i in range(3000)))
    until(lambda: daemon.ctl("status", "--json").json["sources"][0]["lines"] == 3000, "the lines")
    client = Client(daemon).send("Events", more=True, follow=True, address=BAD)
    assert client.take()["parameters"]["events"] == []
    daemon.write(line(OTHER), line(BAD, 0, "[x] bob"), line(OTHER))
    events = client.take()["parameters"]["events"]
    assert [(e["address"], e["account"]) for e in events] == [(BAD, "bob")]
    client.close()


def test_who_follows_decisions_about_one_address_is_told_those_only(daemon):
    client = Client(daemon).send("Events", more=True, follow=True, decisions=True, address=BAD)
    assert client.take()["parameters"]["decisions"] == []
    daemon.attack(OTHER)
    daemon.attack(BAD)
    decisions = client.take()["parameters"]["decisions"]
    assert [d["prefix"] for d in decisions] == [f"{BAD}/32"]
    client.close()


def test_late_lines_hide_no_events_from_since(daemon):
    daemon.write(line(BAD, seconds_ago=600), line(BAD, seconds_ago=500))
    daemon.write(line(OTHER, seconds_ago=2400), line(BAD, seconds_ago=100))
    until(lambda: len(daemon.ctl("events", "--json").out.splitlines()) == 4, "the events")
    assert len(daemon.ctl("events", "--json", "--since", "20m").out.splitlines()) == 3
    assert daemon.ctl("events", "--json", "--limit", "0").out == ""
    assert len(daemon.ctl("events", "--json", "--limit", "1").out.splitlines()) == 1


def test_bytes_of_a_log_come_through_the_socket(daemon):
    with open(daemon.log, "ab") as f:
        f.write(line(BAD, 0, "[x] ").encode()[:-1] + b"a\x00b\xff\xc2\x9b\x1b[2J" + b"z" * 300 + b"\n")
    event = until(lambda: daemon.ctl("events", "--json").out.splitlines(), "the event")
    account = json.loads(event[0])["account"]
    assert account.startswith("a\\x00b\\xff")
    assert daemon.ctl("show", BAD, "--json").json["events"][0]["account"] == account


# ---- the database ---------------------------------------------------------------------------------


def test_a_database_damaged_in_the_middle_is_set_aside(daemon):
    for i in range(100):
        daemon.write(*(line(f"192.0.2.{i + 1}", 0, "[x] " + "y" * 200) for _ in range(3)))
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    daemon.stop()
    path = daemon.dir / "state" / "state.db"
    data = bytearray(path.read_bytes())
    for at in range(4096 * 2, len(data), 4096):
        data[at:at + 64] = b"\xa5" * 64
    path.write_bytes(data)
    daemon.start()
    assert "was damaged" in daemon.words() and list((daemon.dir / "state").glob("state.db.damaged-*"))
    daemon.attack(OTHER)
    daemon.wait_blocked(OTHER)


def test_a_full_disk_does_not_make_it_spin(daemons):
    daemon = daemons()
    with daemon.on_a_full_disk("1m"):
        daemon.write(*("2026 nothing that anybody knows\n" for _ in range(10)), *(line(BAD, text="[x] " + "y" * 1500) for _ in range(200)))
        until(lambda: daemon.ctl("status").code == 1, "red")
        ticks = lambda: sum(map(int, pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        before, started = ticks(), time.monotonic()
        until(lambda: time.monotonic() - started > 7, "the time after which positions are written")
        assert ticks() - before < 100, "a second of work in seven"


def test_bans_of_a_jail_that_is_gone_are_lifted_in_the_kernel_too(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    daemon.stop()
    (daemon.etc / "jails" / "other.conf").write_text((daemon.etc / "jails" / "test.conf").read_text())
    (daemon.etc / "jails" / "test.conf").unlink()
    daemon.start()
    assert "were lifted" in daemon.words()
    assert daemon.ctl("list", "--json").json["bans"] == []
    until(lambda: cable.passes(BAD), "packets")
