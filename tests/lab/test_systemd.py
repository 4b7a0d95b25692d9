# SPDX-License-Identifier: MIT
"""The units under a real systemd: start, attack on a real OpenSSH, reload, restart, stop, kill and a broken config."""
import json
import subprocess
import tempfile

import pytest

from conftest import WHY_NOT
from daemon import ROOT
from netns import Cable, SERVER, until
from systemd_host import CannotBoot, SystemdHost, why_not

GUESSER, BAD = "198.51.100.14", "198.51.100.66"
PORT = 22


class Lab:
    def __init__(self, build):
        self.cable = Cable()
        try:
            self.host = SystemdHost(self.cable.server, tempfile.mkdtemp(prefix="ipsd-systemd-"), build, ROOT)
        except BaseException:
            self.cable.close()
            raise

    def close(self):
        self.host.close()
        self.cable.close()

    def ctl(self, *words):
        return self.host.run("ipsctl", *words)

    def systemctl(self, *words):
        return self.host.done("systemctl", *words)

    def property(self, name, unit="ipsd.service"):
        return self.systemctl("show", unit, f"--property={name}", "--value").strip()

    def blocked(self):
        listed = self.host.done("ipsctl", "list", "--json")
        return {row["prefix"].removesuffix("/32") for row in json.loads(listed)["bans"]}

    def in_kernel(self, address):
        return address in self.host.run("nft", "list", "table", "inet", "ipsd").stdout

    def guess(self, address, times):
        """Wrong passwords, at once, because each waits for PAM."""
        command = self.cable.attacker.command(
            "sshpass", "-p", "guess", "ssh", "-F", "none", "-b", address, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=10", f"root@{SERVER[4]}", "true")
        return [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(times)]


@pytest.fixture(scope="module")
def lab(build):
    reason = WHY_NOT or why_not(build)
    if reason:
        pytest.skip(reason)
    try:
        made = Lab(build)
    except CannotBoot as error:
        pytest.skip(f"no systemd comes up here: {error}")
    made.host.done("systemd-sysusers")
    made.systemctl("start", "ipsd")
    assert made.ctl("enforce").returncode == 0
    yield made
    made.close()


def test_it_is_up_as_its_unit_says(lab):
    assert lab.property("ActiveState") == "active" and "ready" in lab.host.log()
    status = lab.ctl("status")
    assert status.returncode == 0 and status.stdout.startswith("ipsd is well"), status
    fine = {row["check"] for row in json.loads(lab.ctl("doctor", "--json").stdout)["ok"]}
    assert {"config", "ipsd", "jails", "nftables", "journald", "socket"} <= fine
    assert lab.host.done("stat", "-c", "%U:%G %a", "/var/lib/ipsd", "/run/ipsd/control") == "ipsd:ipsd 750\nroot:ipsd 660\n"


def test_who_guesses_at_the_real_ssh_service_is_blocked_by_the_real_journal(lab):
    lab.host.done("ssh-keygen", "-A")
    lab.systemctl("start", "ssh")
    lab.cable.attacker.connect("192.0.2.2", SERVER[4], PORT).close()
    guesses = lab.guess(GUESSER, 8)
    try:
        until(lambda: GUESSER in lab.blocked(), f"the block: {lab.host.log()}")
    finally:
        for one in guesses:
            one.kill()
            one.wait()
    assert lab.in_kernel(GUESSER)
    shown = lab.ctl("show", GUESSER)
    assert "Failed password" in shown.stdout or "authentication failure" in shown.stdout, shown
    assert lab.ctl("verify").returncode == 0
    assert lab.ctl("unban", GUESSER).returncode == 0 and not lab.in_kernel(GUESSER)


def test_reload_and_restart_keep_what_stands(lab):
    assert lab.ctl("ban", BAD, "--for", "1h").returncode == 0
    for word in ("reload", "restart"):
        lab.systemctl(word, "ipsd")
        assert lab.blocked() >= {BAD} and lab.in_kernel(BAD)


def test_what_was_stopped_stays_so_and_can_be_started_again(lab):
    lab.systemctl("stop", "ipsd")
    assert lab.in_kernel(BAD), "bans stay"
    asked = lab.ctl("list")
    assert asked.returncode == 3 and "ipsd does not run" in asked.stderr, asked
    assert lab.host.run("systemctl", "is-active", "ipsd").stdout == "inactive\n", "a question does not start it"
    lab.systemctl("start", "ipsd")
    assert lab.blocked() >= {BAD}


@pytest.mark.parametrize("who", ["main", "all"])
def test_killed_it_is_started_again(lab, who):
    """Whether the others end behind it, or with it: how the service manager gets to know of it differs."""
    lab.systemctl("reset-failed", "ipsd", "ipsd.socket")  # of the starts by these tests
    before = lab.property("MainPID")
    lab.systemctl("kill", "--signal=KILL", f"--kill-who={who}", "ipsd")
    until(lambda: lab.property("ActiveState") == "active" and lab.property("MainPID") not in ("0", before), "its next start")
    until(lambda: lab.blocked() >= {BAD}, "the bans")
    assert lab.in_kernel(BAD) and lab.host.run("systemctl", "is-active", "ipsd.socket").stdout == "active\n"


def test_a_config_that_cannot_work_is_told_and_once_mended_it_starts(lab):
    conf = lab.host.root("/etc/ipsd/ipsd.conf")
    good = conf.read_text()
    conf.write_text("[ipsd]\nmode = perhaps\n")
    reloaded = lab.host.run("systemctl", "reload", "ipsd")
    assert reloaded.returncode != 0 and lab.blocked() >= {BAD}, "the rules of before go on"
    assert lab.host.run("systemctl", "restart", "ipsd").returncode != 0
    assert lab.property("ExecMainStatus") == "2" and lab.property("NRestarts") == "0"
    assert "ipsd.conf:2" in lab.host.log()
    conf.write_text(good)
    lab.systemctl("reset-failed", "ipsd", "ipsd.socket")
    lab.systemctl("start", "ipsd")
    assert lab.blocked() >= {BAD}


def test_a_socket_that_somebody_removed_comes_back_as_it_is_told(lab):
    lab.systemctl("reset-failed", "ipsd", "ipsd.socket")
    lab.host.done("rm", "/run/ipsd/control")
    asked = lab.ctl("list")
    assert asked.returncode == 3 and "systemctl stop ipsd && systemctl start ipsd" in asked.stderr, asked
    lab.systemctl("stop", "ipsd")
    lab.systemctl("start", "ipsd")
    assert lab.blocked() >= {BAD}
