# SPDX-License-Identifier: MIT
"""ipsctl doctor: each thing that makes bans void is made true in a namespace, and told with what to do."""
import contextlib
import json
import os
import shutil
import subprocess
import time

import pytest

import journal
from daemon import ROOT, line
from netns import until

BAD = "198.51.100.7"


def words(rows, check):
    """What was said by this check."""
    return [row["text"] for row in rows if row["check"] == check]


def findings(daemon, check=None):
    answer = daemon.ctl("doctor", "--json")
    return [row for row in answer.json["findings"] if check in (None, row["check"])]


@pytest.fixture
def sound(cable, daemon):
    """A daemon where a server listens."""
    with contextlib.closing(cable.server.listen("0.0.0.0", 25)):
        yield daemon


def test_a_sound_host_has_no_finding_and_says_what_was_looked_at(sound):
    daemon = sound
    until(daemon.settled, "the kernel")
    answer = daemon.ctl("doctor")
    assert answer.code == 0 and answer.err == ""
    assert answer.out.startswith("nothing was found that makes blocks do less than they should\n")
    seen = {row["check"] for row in daemon.ctl("doctor", "--json").json["ok"]}
    assert seen >= {"ipsd", "config", "nftables", "conntrack", "interfaces", "flowtables", "clock", "disk", "place", "proxy",
                    "logs", "others", "journald", "socket"}


def test_without_a_daemon_the_rest_is_looked_at(daemons):
    daemon = daemons()
    answer = daemon.ctl("doctor", "--json")
    assert answer.code == 3 and not answer.json["daemon"]
    assert [row["check"] for row in answer.json["findings"]] == ["ipsd", "place"]
    assert "systemctl start ipsd" in answer.json["findings"][0]["command"]
    assert {"nftables", "conntrack", "interfaces", "config"} <= {row["check"] for row in answer.json["ok"]}


def test_what_cannot_be_looked_at_is_said(daemon):
    ipsctl = [str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "doctor"]
    for more in ([], ["--json"]):
        done = subprocess.run(daemon.ns.command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *ipsctl, *more),
                              check=False, capture_output=True, text=True)
        assert done.returncode == 3 and done.stderr == ""
        for what in ("no right to ask it", "only root may ask the kernel", "could not be listed", "sudo ipsctl doctor"):
            assert what in done.stdout


def test_an_observing_daemon_is_found(sound):
    daemon = sound
    assert daemon.ctl("observe").code == 0
    found = findings(daemon, "mode")
    assert found[0]["text"] == "ipsd only observes: nobody is blocked" and found[0]["command"] == "ipsctl enforce"
    assert daemon.ctl("doctor").code == 1
    assert daemon.ctl("enforce").code == 0
    until(lambda: daemon.ctl("doctor").code == 0, "a sound host")


def test_a_never_block_entry_for_half_the_internet_is_found(daemons):
    daemon = daemons(conf="[never-block]\naddresses = 198.0.0.0/7\n  198.51.100.0/24\n").start()
    found = findings(daemon, "never-block")
    assert [row["text"] for row in found] == ["198.0.0.0/7 is on never-block: nobody in it is ever blocked"]
    assert found[0]["command"] == f"editor +2 {daemon.etc / 'ipsd.conf'} && ipsctl reload"


def test_a_daemon_without_the_capability_is_found_and_told_once(daemons):
    daemon = daemons()
    daemon.start("--observe", wrapper=("setpriv", "--inh-caps=-net_admin", "--bounding-set=-net_admin"))
    found = [row for row in findings(daemon) if row["check"] != "place"]
    assert len(found) == 1 and found[0]["text"].startswith("nobody is blocked: ") and found[0]["command"] == "systemctl restart ipsd"
    assert daemon.ctl("doctor").code == 1


def test_broken_config_is_found_without_a_daemon(daemons):
    daemon = daemons()
    (daemon.etc / "jails" / "test.conf").write_text("[jail]\nthreshold = many\n")
    found = findings(daemon, "config")
    assert len(found) == 1 and found[0]["command"] == f"ipsctl --config-dir={daemon.etc} check"


XDP = "int pass(void *packet) { (void)packet; return 2; }\n"


def test_an_xdp_program_is_found_on_its_interface(cable, daemon, tmp_path):
    if not shutil.which("clang"):
        pytest.skip("needs clang for a BPF program")
    (tmp_path / "pass.c").write_text(XDP)
    subprocess.run(["clang", "-target", "bpf", "-O2", "-c", "pass.c", "-o", "pass.o"], cwd=tmp_path, check=True)
    set_xdp = ("ip", "link", "set", "dev", "wire", "xdpgeneric")
    tried = subprocess.run(cable.server.command(*set_xdp, "obj", str(tmp_path / "pass.o"), "sec", ".text"), check=False,
                           capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"the kernel takes no XDP program: {tried.stderr.strip()}")
    found = findings(daemon, "interfaces")
    assert len(found) == 1 and "XDP program on wire" in found[0]["text"] and found[0]["command"] == "ip -d link show dev wire"
    cable.server.run(*set_xdp, "off")
    assert not findings(daemon, "interfaces")


def test_traffic_control_before_nftables_is_found(cable, daemon):
    cable.server.run("tc", "qdisc", "add", "dev", "wire", "clsact")
    found = findings(daemon, "interfaces")
    assert len(found) == 1 and found[0]["command"] == "tc filter show dev wire ingress"


def test_a_flowtable_is_found(cable, daemon):
    made = subprocess.run(cable.server.command("nft", "add table inet other; add flowtable inet other fast { hook ingress priority 0; devices = { wire }; }"),
                          check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip("the kernel has no flowtables (CONFIG_NF_FLOW_TABLE)")
    found = findings(daemon, "flowtables")
    assert len(found) == 1 and "inet other fast" in found[0]["text"] and found[0]["command"] == "nft list flowtables"


def test_a_kernel_that_forbids_nftables_is_found(cable, daemon):
    ipsctl = [str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "doctor", "--json"]
    asked = subprocess.run(cable.server.command("unshare", "--user", "--map-root-user", *ipsctl), check=False, capture_output=True, text=True)
    if not asked.stdout:
        pytest.skip(f"no user namespaces: {asked.stderr.strip()}")
    assert "forbids nftables" in words(json.loads(asked.stdout)["findings"], "nftables")[0]


def test_a_full_connection_tracker_is_found(daemon, tmp_path):
    ipsctl = [str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "doctor", "--json"]
    for name, number in (("count", 95), ("max", 100)):
        (tmp_path / name).write_text(f"{number}\n")
    mounts = "".join(f"mount --bind {tmp_path}/{name} /proc/sys/net/netfilter/nf_conntrack_{name} && " for name in ("count", "max"))
    asked = subprocess.run(daemon.ns.command("unshare", "--mount", "sh", "-c", f'{mounts} exec "$@"', "sh", *ipsctl), check=False,
                           capture_output=True, text=True).stdout
    assert words(json.loads(asked)["findings"], "conntrack") == ["the connection tracker is nearly full: 95 of 100"]


def test_a_disk_that_is_nearly_full_is_found(daemons):
    daemon = daemons()
    with daemon.on_a_full_disk("4m"):
        found = findings(daemon, "disk")
        assert len(found) == 1 and found[0]["command"] == f"df -h {daemon.dir / 'state'}"


def test_a_network_namespace_without_servers_is_found(cable, daemon):
    found = findings(daemon, "place")
    assert len(found) == 1 and "in which no server listens" in found[0]["text"]
    with contextlib.closing(cable.server.listen("127.0.0.1", 25)):
        assert findings(daemon, "place")
    with contextlib.closing(cable.server.listen("::", 25)):
        assert not findings(daemon, "place")


def test_a_jail_whose_ports_nobody_listens_at_is_found(cable, daemons):
    daemon = daemons(jail="ports = 2222,udp/53").start()
    with contextlib.closing(cable.server.listen("0.0.0.0", 22)):
        assert not findings(daemon, "ports"), "nobody was seen yet"
        daemon.write(line(BAD))
        until(daemon.has_read, "the line")
        found = findings(daemon, "ports")
        assert len(found) == 1 and "jail test blocks the ports 2222,udp/53" in found[0]["text"]
        with contextlib.closing(cable.server.listen("0.0.0.0", 2222)):
            assert not findings(daemon, "ports")


def test_an_ipsctl_in_another_network_namespace_says_so(cable, daemon):
    asked = subprocess.run(cable.attacker.command(str(daemon.build / "src/ctl/ipsctl"), *daemon.options(), "doctor", "--json"),
                           check=False, capture_output=True, text=True)
    unseen = [row for row in json.loads(asked.stdout)["unseen"] if row["check"] == "place"]
    assert len(unseen) == 1 and unseen[0]["command"] == f"nsenter -n -t {daemon.process.pid} ipsctl doctor"


def test_a_socket_that_everybody_may_use_is_found(daemon):
    control = daemon.dir / "run" / "control"
    assert not findings(daemon, "socket")
    control.chmod(0o666)
    found = findings(daemon, "socket")
    assert len(found) == 1 and "(mode 666)" in found[0]["text"]
    control.chmod(0o660)
    os.chown(control, 0, 65534)
    assert "group 65534" in findings(daemon, "socket")[0]["text"]


def test_another_programs_set_that_holds_a_blocked_address_is_found(cable, daemon):
    assert daemon.ctl("ban", BAD, "198.51.100.9", "--for", "1h").code == 0
    cable.server.nft("""add table ip f2b
        add set ip f2b addr-set-sshd { type ipv4_addr; }
        add element ip f2b addr-set-sshd { 198.51.100.8 }""")
    assert not findings(daemon, "others")
    cable.server.nft(f"add element ip f2b addr-set-sshd {{ {BAD} }}")
    found = findings(daemon, "others")
    assert len(found) == 1 and found[0]["text"].startswith("blocked addresses stand in the nftables set ip f2b addr-set-sshd of another program, too: 1 of 2 (")
    assert found[0]["command"] == "nft list set ip f2b addr-set-sshd"


def test_another_program_that_blocks_is_named(daemon, tmp_path):
    shutil.copy(shutil.which("sleep"), tmp_path / "fail2ban-server")
    assert "fail2ban runs" not in daemon.ctl("doctor").out
    with subprocess.Popen([tmp_path / "fail2ban-server", "60"]) as other:
        assert "fail2ban runs on this host, too" in daemon.ctl("doctor").out
        other.kill()


# ---- what the logs give away -------------------------------------------------------------------------


def all_read(daemon, n):
    until(lambda: len(daemon.ctl("events", "--json", "--limit", "1000").out.splitlines()) >= n, f"{n} events")


def test_a_proxy_that_hides_the_clients_is_found(daemon):
    daemon.write(*(line("10.0.0.2", 1, seconds_ago=i) for i in range(19)))
    daemon.write(line("198.51.100.8"))
    all_read(daemon, 20)
    found = findings(daemon, "proxy")
    assert len(found) == 1 and found[0]["text"].startswith(f"19 of the latest 20 events in {daemon.log} come from 10.0.0.2")
    assert found[0]["command"] == "ipsctl events --address 10.0.0.2"


def test_clients_of_their_own_addresses_are_no_proxy(daemon):
    daemon.write(*(line(f"198.51.100.{i}") for i in range(15)), *(line("10.0.0.2") for _ in range(5)))
    all_read(daemon, 20)
    assert not findings(daemon, "proxy")


def test_the_same_events_in_two_logs_are_found(daemons):
    daemon = daemons()
    other = daemon.dir / "log" / "copy.log"
    jail = (daemon.etc / "jails" / "test.conf").read_text()
    (daemon.etc / "jails" / "test.conf").write_text(jail.replace("watch = vpop3-ids", f"watch = vpop3-ids\n  vpop3-ids {other}"))
    other.touch()
    daemon.start()
    lines = [line(f"198.51.100.{i}") for i in range(12)]
    daemon.write(*lines)
    other.write_text("".join(lines))
    all_read(daemon, 24)
    found = findings(daemon, "twice")
    assert len(found) == 1 and "tell the same: 12 of 12 events" in found[0]["text"]
    assert str(daemon.log) in found[0]["text"] and str(other) in found[0]["text"]


def test_a_log_that_the_filter_does_not_know_is_found(daemon):
    daemon.write(*("nothing that anybody knows\n" for _ in range(1000)))
    until(daemon.has_read, "all lines")
    found = findings(daemon, "logs")
    assert len(found) == 1 and "of 1000 lines" in found[0]["text"]
    assert found[0]["command"] == f"ipsctl try --missed vpop3-ids {daemon.log}"
    daemon.write(line(BAD))
    all_read(daemon, 1)
    assert not findings(daemon, "logs")


def test_a_log_that_nobody_writes_any_more_is_found(daemon):
    assert not findings(daemon, "logs")
    week = time.time() - 8 * 86400
    os.utime(daemon.log, (week, week))
    found = findings(daemon, "logs")
    assert len(found) == 1 and f"nothing was written to {daemon.log} since" in found[0]["text"]


def journald_said(written, text):
    written.write(text, unit="systemd-journald.service", program="systemd-journald", _TRANSPORT="driver",
                  MESSAGE_ID="a596d6fe7bfa4994828e72309e95d61e")


def test_lines_that_journald_threw_away_are_found(daemons):
    if journal.why_not():
        pytest.skip(journal.why_not())
    daemon = daemons()
    written = journal.Journal(daemon.dir / "journal")
    (daemon.etc / "filters" / "sshd.conf").write_text((ROOT / "filters" / "sshd.conf").read_text())
    jail = (daemon.etc / "jails" / "test.conf").read_text()
    watched = f"watch = sshd journal:{written.dir} _SYSTEMD_UNIT=ssh.service"
    (daemon.etc / "jails" / "test.conf").write_text(jail.replace("watch = vpop3-ids", watched))
    journald_said(written, "Suppressed 9 messages from chatty.service")
    written.write("Suppressed 11 messages from ssh.service", MESSAGE_ID="a596d6fe7bfa4994828e72309e95d61e")
    assert not findings(daemon, "journald")
    assert "chatty.service only" in daemon.ctl("doctor").out
    journald_said(written, "Suppressed 40 messages from ssh.service")
    journald_said(written, "Suppressed 2 messages from ssh.service")
    found = findings(daemon, "journald")
    assert len(found) == 1 and "threw away 42 lines of ssh.service" in found[0]["text"]
    assert found[0]["command"] == "systemctl edit ssh.service"


def test_lines_that_rsyslog_threw_away_are_found(daemon):
    say = "Nov 22 03:04:05 mx {}: imuxsock lost {} messages from pid 4711 due to rate-limiting\n"
    daemon.write(say.format("sshd[1]", 5))
    assert not findings(daemon, "rsyslog")
    daemon.write(say.format("rsyslogd", 313), say.format("rsyslogd", 4))
    found = findings(daemon, "rsyslog")
    assert len(found) == 1 and found[0]["text"].startswith(f"as {daemon.log} says, rsyslog threw lines away, ") and "(317, last at " in found[0]["text"]
    assert "every user" in found[0]["advice"] and found[0]["command"] == "journalctl -u rsyslog -g rate-limiting"
    assert str(daemon.log) in found[0]["text"] and "last at Nov 22 03:04:05" in found[0]["text"]
