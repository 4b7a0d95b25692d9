# SPDX-License-Identifier: MIT
"""Who is never banned because this host itself says so: names by a real name server, own addresses, gateways, resolvers, ssh."""
import json
import os
import signal
import subprocess

import pytest

from daemon import ROOT
from nameserver import AAAA, MX, A, NameServer
from netns import FRIEND, SERVER, until

RELAY, MOVED, RELAY6, BAD = "198.51.100.10", "198.51.100.11", "2001:db8:a::10", "198.51.100.7"
QUIET = "[ipsd]\nmode = enforce\n[never-block]\nown-addresses = no\nresolvers = no\ngateways = no\nssh-peers = no\n"
NAME = "mail.example.org"


@pytest.fixture
def names(cable):
    server = NameServer(cable.server, "127.0.0.1")
    yield server
    server.close()


def hosts(*entries):
    return QUIET + "hosts = " + "\n        ".join(entries) + "\n"


def verdict(daemon, address):
    """What comes of an attack from there: "ban" or "spared"."""
    daemon.attack(address)
    return until(lambda: last_decision(daemon, address), f"a decision about {address}")


def last_decision(daemon, address):
    rows = map(json.loads, daemon.ctl("events", "--decisions", "--json", "--address", address).out.splitlines())
    found = [row["decision"] for row in rows if row["decision"] in ("ban", "spared")]
    return found[-1] if found else None


def is_known(daemon, address):
    return daemon.ctl("show", address, "--json").json["never_block"] is not None


def knows(daemon, *addresses):
    until(lambda: all(is_known(daemon, a) for a in addresses), f"{addresses} on never-block")


def findings(daemon):
    return [f for f in daemon.ctl("status", "--json").json["findings"] if "never-block" in f["text"] or "host name" in f["text"]]


# ---- host names -----------------------------------------------------------------------------------


def test_the_addresses_of_a_name_are_spared_and_nobody_elses(cable, daemons, names):
    names.records = {(NAME, A): [RELAY]}
    daemon = daemons(conf=hosts(NAME)).start()
    knows(daemon, RELAY)
    assert verdict(daemon, RELAY) == "spared" and verdict(daemon, BAD) == "ban"
    until(daemon.settled, "the kernel")
    assert cable.passes(RELAY) and not cable.passes(BAD)
    assert findings(daemon) == []


def test_an_ipv6_address_is_a_hole_in_its_banned_network(cable, daemons, names):
    names.records = {(NAME, AAAA): [RELAY6]}
    daemon = daemons(conf=hosts(NAME)).start()
    until(lambda: (NAME, AAAA) in names.asked and f"{NAME} is {RELAY6}" in daemon.words(), "the answer")
    assert verdict(daemon, "2001:db8:a::99") == "ban"
    until(daemon.settled, "the kernel")
    assert not cable.passes("2001:db8:a::99")
    assert cable.passes(RELAY6)


def test_the_hosts_that_take_the_mail_of_a_domain_are_spared(daemons, names):
    names.records = {("example.org", MX): [NAME, "mx2.example.org"], (NAME, A): [RELAY], ("mx2.example.org", A): [MOVED],
                     ("example.org", A): [BAD]}
    daemon = daemons(conf=hosts("mx:example.org")).start()
    knows(daemon, RELAY, MOVED)
    assert not is_known(daemon, BAD)


def test_a_domain_without_mx_takes_its_mail_itself(daemons, names):
    names.records = {("example.org", A): [RELAY]}
    daemon = daemons(conf=hosts("mx:example.org")).start()
    knows(daemon, RELAY)


def test_a_ban_is_lifted_when_a_name_turns_out_to_mean_its_address(cable, daemons, names):
    names.records = {(NAME, A): [MOVED]}
    daemon = daemons(conf=hosts(NAME)).start()
    knows(daemon, MOVED)
    assert verdict(daemon, RELAY) == "ban"
    until(daemon.settled, "the kernel")
    names.records = {(NAME, A): [RELAY]}
    assert daemon.stop() == 0
    daemon.start()
    knows(daemon, RELAY, MOVED)
    assert not daemon.is_blocked(RELAY)
    until(daemon.settled, "the kernel")
    assert cable.passes(RELAY)


def test_a_name_by_hand_spares_its_addresses_for_as_long_as_was_ordered_last(daemons, names):
    names.records = {(NAME, A): [RELAY]}
    daemon = daemons(conf=QUIET).start()

    def seconds_left():
        rows = daemon.ctl("never-block", "list", "--json").json["entries"]
        return next((row["seconds_left"] for row in rows if row["entry"] == f"{RELAY}/32"), 0)

    assert daemon.ctl("never-block", "add", NAME, "--for", "10m").code == 0
    until(lambda: 0 < seconds_left() <= 600, "its address")
    assert daemon.ctl("never-block", "add", NAME, "--for", "1h").code == 0
    until(lambda: seconds_left() > 600, "the longer time")
    assert daemon.ctl("never-block", "add", NAME, "--for", "1s").code == 0
    until(lambda: not is_known(daemon, RELAY), "the end of the entry")
    assert verdict(daemon, RELAY) == "ban"


def test_without_a_name_server_the_last_addresses_stay_over_a_restart(daemons, names):
    names.records = {(NAME, A): [RELAY]}
    daemon = daemons(conf=hosts(NAME)).start()
    knows(daemon, RELAY)
    names.silent = True
    assert daemon.stop() == 0
    daemon.start()
    assert is_known(daemon, RELAY)
    until(lambda: "its last addresses stay" in daemon.words(), "the failure")
    assert is_known(daemon, RELAY)


def test_a_name_that_never_resolved_is_a_finding_until_it_does(daemons, names):
    names.records = {("other.example.org", A): [RELAY]}
    daemon = daemons(conf=hosts(NAME)).start()
    found = until(lambda: findings(daemon), "the finding")
    assert NAME in found[0]["text"] and found[0]["command"] == f"getent ahosts {NAME}"
    assert daemon.ctl("status").code == 1
    names.records[NAME, A] = [RELAY]
    knows(daemon, RELAY)
    assert findings(daemon) == []


def test_a_dead_name_server_holds_up_nothing(daemons, names):
    names.silent = True
    daemon = daemons(conf=hosts(NAME, "mx:example.org")).start()
    assert verdict(daemon, BAD) == "ban"
    until(lambda: len(findings(daemon)) == 2, "the findings", patience=60)


def test_the_resolver_has_no_rights_and_is_started_again(daemons, names):
    names.records = {("other.example.org", A): [RELAY]}
    daemon = daemons(conf=hosts(NAME)).start()
    (pid,) = until(lambda: daemon.children("ipsd: resolver"), "the resolver")
    status = open(f"/proc/{pid}/status", encoding="ascii").read()
    rights = dict(row.split(":\t", 1) for row in status.splitlines() if ":\t" in row)
    assert rights["Uid"].split()[0] != "0" and rights["Groups"].strip() == ""
    assert {rights[k] for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert rights["NoNewPrivs"] == "1"
    assert len(os.listdir(f"/proc/{pid}/fd")) == 4
    os.kill(pid, signal.SIGKILL)
    until(lambda: daemon.children("ipsd: resolver") not in ([], [pid]), "another resolver")
    names.records[NAME, A] = [RELAY]
    knows(daemon, RELAY)


def test_without_resolver_and_keeper_ipsd_goes_on_and_says_so(daemons, names):
    names.records = {(NAME, A): [RELAY]}
    daemon = daemons(conf=hosts(NAME)).start()
    knows(daemon, RELAY)
    (pid,) = daemon.children("ipsd: resolver")
    keeper = int(open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[1])
    os.kill(keeper, signal.SIGKILL)
    until(lambda: [f for f in findings(daemon) if f["command"] == "systemctl restart ipsd"], "the finding")
    assert is_known(daemon, RELAY) and verdict(daemon, BAD) == "ban"
    until(lambda: not daemon.children("ipsd: resolver"), "the end of the resolver")


def test_resolver_and_keeper_end_with_the_daemon(daemons, names):
    daemon = daemons(conf=hosts(NAME)).start()
    until(lambda: daemon.children("ipsd: resolver"), "the resolver")
    daemon.stop(signal.SIGKILL)
    until(lambda: not daemon.children("ipsd: resolver") and not daemon.children("ipsd: starter"), "the end of all")


# ---- what this host knows by itself ----------------------------------------------------------------


def test_own_addresses_gateways_and_resolvers_are_spared_by_default(daemons, names):
    daemon = daemons(conf="[ipsd]\nmode = enforce\n[never-block]\nprivate = no\n").start()
    assert is_known(daemon, SERVER[4]) and is_known(daemon, FRIEND[4])
    daemon.stop()
    quiet = daemons(conf=QUIET + "private = no\n").start()
    assert not is_known(quiet, SERVER[4]) and not is_known(quiet, FRIEND[4]) and not is_known(quiet, "127.0.0.1")


def test_name_servers_are_spared(cable, daemons, names):
    (names.etc / "resolv.conf").write_text(f"nameserver 127.0.0.1\nnameserver {RELAY}\n")
    daemon = daemons().start()
    assert is_known(daemon, RELAY) and verdict(daemon, RELAY) == "spared"


def test_behind_the_stub_of_systemd_resolved_the_servers_that_it_asks_are_spared(daemons, names):
    stub = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/resolve && echo nameserver $0 > /run/systemd/resolve/resolv.conf"
    wrapper = ("unshare", "--mount", "sh", "-c", f'{stub} && exec "$@"', RELAY)
    daemon = daemons().start(wrapper=wrapper)
    assert not is_known(daemon, RELAY), "the server in resolv.conf is no stub"
    daemon.stop()
    (names.etc / "resolv.conf").write_text("nameserver 127.0.0.53\n")
    daemon.start(wrapper=wrapper)
    assert is_known(daemon, RELAY) and verdict(daemon, RELAY) == "spared"


def test_an_address_that_the_host_gets_later_is_its_own(cable, daemons):
    daemon = daemons().start()
    assert not is_known(daemon, "203.0.113.77")
    cable.server.run("ip", "addr", "add", "203.0.113.77/32", "dev", "wire")
    knows(daemon, "203.0.113.77")
    cable.server.run("ip", "addr", "del", "203.0.113.77/32", "dev", "wire")
    until(lambda: not is_known(daemon, "203.0.113.77"), "the end of it")


def test_all_hops_of_a_default_route_are_gateways(cable, daemons):
    cable.server.run("ip", "addr", "add", "203.0.113.1/24", "dev", "wire")
    cable.server.run("ip", "route", "replace", "default", "nexthop", "via", "203.0.113.8", "dev", "wire",
                     "nexthop", "via", "203.0.113.9", "dev", "wire")
    daemon = daemons().start()
    assert is_known(daemon, "203.0.113.8") and is_known(daemon, "203.0.113.9") and not is_known(daemon, "203.0.113.10")


# ---- ssh ------------------------------------------------------------------------------------------

SSHD = "[jail]\nabout = OpenSSH\nwatch = sshd\nwindow = 10m\nthreshold = 100\nban = 30m\n[multipliers]\nauth-failure = 20\n"


def with_sshd(daemon):
    text = (ROOT / "filters" / "sshd.conf").read_text()
    (daemon.etc / "filters" / "sshd.conf").write_text(text.replace("/var/log/auth.log", str(daemon.dir / "log" / "auth.log")))
    (daemon.etc / "jails" / "sshd.conf").write_text(SSHD)
    (daemon.dir / "log" / "auth.log").touch()
    return daemon


def sshd_says(daemon, *messages, seconds_ago=0):
    stamp = subprocess.run(["date", "-Iseconds", "-d", f"{seconds_ago} seconds ago"], capture_output=True, text=True, check=True).stdout.strip()
    with open(daemon.dir / "log" / "auth.log", "a", encoding="ascii") as f:
        f.writelines(f"{stamp} mail sshd[812]: {message}\n" for message in messages)


def test_who_came_in_by_ssh_within_twelve_hours_is_spared_and_after_a_restart_too(daemons):
    daemon = with_sshd(daemons()).start()
    sshd_says(daemon, f"Accepted publickey for root from {RELAY} port 50112 ssh2", seconds_ago=11 * 3600)
    sshd_says(daemon, f"Accepted publickey for root from {MOVED} port 50112 ssh2", seconds_ago=13 * 3600)
    knows(daemon, RELAY)
    assert verdict(daemon, RELAY) == "spared"
    assert not is_known(daemon, MOVED)
    daemon.stop(signal.SIGKILL)
    daemon.start()
    assert is_known(daemon, RELAY)


def test_a_mere_connection_to_port_22_protects_nobody(cable, daemons):
    daemon = with_sshd(daemons()).start()
    listener = cable.server.listen(SERVER[4], 22)
    with listener, cable.attacker.connect(BAD, SERVER[4], 22) as held:
        taken, peer = listener.accept()
        assert peer[0] == BAD
        sshd_says(daemon, *[f"Failed password for root from {BAD} port {held.getsockname()[1]} ssh2"] * 5)
        daemon.wait_blocked(BAD)
        until(daemon.settled, "the kernel")
        assert not cable.passes(BAD) and not is_known(daemon, BAD)
        taken.close()


def test_from_where_logind_knows_a_session_is_spared(daemons, tmp_path):
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    tmp_path.chmod(0o755)
    for number, host, state, remote in ((1, RELAY, "active", 1), (2, MOVED, "closing", 1), (3, BAD, "active", 0)):
        (sessions / str(number)).write_text(f"UID=0\nUSER=root\nACTIVE=1\nSTATE={state}\nREMOTE={remote}\nREMOTE_HOST={host}\nSERVICE=sshd\n")
    # The daemon alone sees the test's folder where logind has its own.
    wrapper = ["sh", "-c", f'mount --bind {sessions} /run/systemd/sessions && exec "$@"', "sh"]
    daemon = daemons().start(wrapper=wrapper)
    assert is_known(daemon, RELAY) and not is_known(daemon, MOVED) and not is_known(daemon, BAD)
    assert verdict(daemon, RELAY) == "spared"
