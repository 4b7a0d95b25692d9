# SPDX-License-Identifier: MIT
"""What each process may still do: tried from inside (sandbox_tool), and read off the processes of a real daemon."""
import os
import pathlib
import signal
import subprocess

import pytest

from netns import until

CAP_DAC_READ_SEARCH, CAP_NET_ADMIN = 1 << 2, 1 << 12
PROFILES = ("reader", "keeper", "enforcer", "starter", "resolver")
NOT_IN_THIS_BUILD = 77

# What ends each of them, whoever they run as: the test runs as root.
FATAL = """exec exec-descriptor trace read-memory setuid setgroups capset mount unshare chroot mknod module bpf perf
io-uring""".split()
# What none of them gets.
REFUSED = """symlink-inside mkdir chmod chown clone-namespace packet vsock netlink-audit listen stop-child kill-other type dumpable
limit unknown-call open-handle write-outside make-outside cut-outside unlink-outside rename-outside carry-in""".split()
# What only some get.
MAY = {
    "reader": """read read-openat2 list write-inside make-inside cut-inside rename-inside unlink-inside unix netlink-route
              memory memory-code memory-to-code kill-child""",
    "keeper": "read read-openat2 list fork netlink-route netlink-netfilter netlink-diag memory",
    "enforcer": "netlink-route netlink-netfilter netlink-diag memory",
    "starter": "read read-openat2 list fork unix inet inet6 netlink-route memory memory-code memory-to-code",
    "resolver": "read read-openat2 list unix inet inet6 netlink-route memory memory-code memory-to-code",
}
# What an unsealed process gets other answers for: without these the rest proves nothing.
NEEDS_SEAL = """exec fork read write-outside write-inside unlink-outside inet unix netlink-netfilter memory-code kill-child
kill-other setuid chmod chown mknod trace unshare limit""".split()


def try_all(build, tmp_path, profile):
    for sub in ("state", "outside"):
        (tmp_path / sub).mkdir()
    done = subprocess.run([str(build / "tests/lab/sandbox_tool"), profile, str(tmp_path)], capture_output=True, text=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL)
    if done.returncode == NOT_IN_THIS_BUILD:
        pytest.skip("this build or kernel has no seal")
    assert done.returncode == 0, done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see that not even root may")
def test_without_a_seal_all_of_it_is_possible(build, tmp_path):
    got = try_all(build, tmp_path, "none")
    assert {thing: got[thing] for thing in NEEDS_SEAL} == dict.fromkeys(NEEDS_SEAL, "done")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see that not even root may")
@pytest.mark.parametrize("profile", PROFILES)
def test_a_sealed_process_gets_what_it_needs_and_nothing_else(build, tmp_path, profile):
    got = try_all(build, tmp_path, profile)
    assert {thing: got[thing] for thing in FATAL} == dict.fromkeys(FATAL, "SIGSYS")
    assert got.pop("abort") == "SIGABRT"
    got.pop("filter")
    done = {thing for thing, outcome in got.items() if outcome == "done"}
    assert done == set(MAY[profile].split())
    assert {got[thing] for thing in got.keys() - done - set(FATAL)} <= {"ENOSYS", "EACCES"}
    assert {got[thing] for thing in REFUSED} <= {"ENOSYS", "EACCES"}


def test_a_seal_can_be_made_tighter_by_parents_only(build, tmp_path):
    got = {}
    for profile in PROFILES:
        (tmp_path / profile).mkdir()
        got[profile] = try_all(build, tmp_path / profile, profile)["filter"]
    assert got == {"reader": "ENOSYS", "keeper": "EINVAL", "enforcer": "ENOSYS", "starter": "EINVAL", "resolver": "ENOSYS"}


# --- The real daemon ---------------------------------------------------------------------------------

def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def family_of(daemon):
    names = {"reader": "ipsd", "keeper": "ipsd: keeper", "enforcer": "ipsd: enforcer", "starter": "ipsd: starter",
             "resolver": "ipsd: resolver"}
    return {role: until(lambda name=name: daemon.children(name), name)[0] for role, name in names.items()}


def test_every_process_of_the_daemon_is_sealed(build, daemon):
    if "without its seal" in daemon.words():
        pytest.skip("this build has no seal")
    filters = {"reader": 1, "keeper": 1, "enforcer": 2, "starter": 1, "resolver": 2}
    for role, pid in family_of(daemon).items():
        until(lambda pid=pid, n=filters[role]: status(pid).get("Seccomp_filters", str(n)) == str(n), f"the seal of {role}")
        told = status(pid)
        assert (told["Seccomp"], told["NoNewPrivs"]) == ("2", "1"), role
        allowed = CAP_NET_ADMIN if role in ("keeper", "enforcer") else 0
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"):
            want = allowed if name in ("CapPrm", "CapEff") else 0
            assert int(told[name], 16) == want, (role, name)
        assert set(told["Uid"].split()) != {"0"}, role


def test_with_read_any_log_the_reader_reads_what_its_user_may_not(cable, daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\nread-any-log = yes\n")
    daemon.log.chmod(0o600)
    daemon.start()
    daemon.attack("198.51.100.7")
    daemon.wait_blocked("198.51.100.7")
    reader = family_of(daemon)["reader"]
    assert int(status(reader)["CapEff"], 16) == int(status(reader)["CapPrm"], 16) == CAP_DAC_READ_SEARCH
    (daemon.etc / "ipsd.conf").write_text("[ipsd]\nmode = enforce\n")
    assert "read-any-log yes -> no: takes effect at the next start" in daemon.ctl("reload").out
    daemon.restart()
    told = daemon.ctl("status", "--json").json
    assert told["sources"][0]["state"] == "unreadable"
    assert any("read-any-log" in finding["text"] for finding in told["findings"])


def test_read_any_log_without_the_right_is_told(daemons):
    daemon = daemons(conf="[ipsd]\nmode = observe\nread-any-log = yes\n")
    daemon.start(wrapper=("setpriv", "--bounding-set=-dac_read_search,-setpcap", "--inh-caps=-all"))
    assert "CAP_DAC_READ_SEARCH is missing" in daemon.words()


def test_who_is_ended_by_its_seal_is_started_again(cable, daemon):
    if "without its seal" in daemon.words():
        pytest.skip("this build has no seal")
    daemon.attack("198.51.100.7")
    daemon.wait_blocked("198.51.100.7")
    for name in ("ipsd: enforcer", "ipsd: resolver"):
        dead = daemon.children(name)[0]
        os.kill(dead, signal.SIGSYS)
        until(lambda name=name, dead=dead: [p for p in daemon.children(name) if p != dead], f"the next {name}")
    until(daemon.settled, "the kernel")
    assert not cable.passes("198.51.100.7")
