# SPDX-License-Identifier: MIT
"""Real servers: what they write about a guesser leads to his ban, by the shipped filters and jails."""
import base64
import contextlib
import imaplib
import poplib
import select
import shutil
import smtplib
import subprocess
import tempfile

import pytest

import mail_servers
import netns
from conftest import WHY_NOT
from daemon import ROOT, Daemon
from netns import FRIEND, SERVER, until

HERE = SERVER[4]
GUESSER = {"smtp": "198.51.100.11", "imap": "198.51.100.12", "pop3": "198.51.100.13", "ssh": "198.51.100.14", "ssh-nobody": "198.51.100.15"}
PORT = {"smtp": 25, "imap": 143, "pop3": 110, "ssh": 22, "ssh-nobody": 22}


class Lab:
    def __init__(self, build):
        self.closing = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self.cable = netns.Cable()
            stack.callback(self.cable.close)
            self.servers = mail_servers.Servers(self.cable.server, tempfile.mkdtemp(prefix="ipsd-lab-"))
            stack.callback(self.servers.close)
            self.daemon = Daemon(self.cable.server, build)
            stack.callback(self.daemon.close)
            self._start()
            self.closing = stack.pop_all()

    def _start(self):
        self.attacker = self.cable.attacker
        for kind, names in (("filters", ("postfix", "dovecot", "sshd")), ("jails", ("mail", "sshd"))):
            for name in names:
                shutil.copy(ROOT / kind / f"{name}.conf", self.daemon.etc / kind)
        shutil.copy(ROOT / "dist" / "ipsd.conf", self.daemon.etc)
        for port in (25, 22):
            self.cable.attacker.connect(FRIEND[4], HERE, port).close()
        for name in ("mail.log", "auth.log"):
            until(lambda name=name: self.servers.log(name), name)
        self.daemon.start(wrapper=self.servers.inside())
        assert self.daemon.ctl("enforce").code == 0

    def close(self):
        self.closing.close()

    # The connections end without a farewell: the ban may come before its answer.

    def smtp(self, address, user, password):
        with self.attacker.inside():
            smtp = smtplib.SMTP(HERE, 25, "client", source_address=(address, 0))
        with contextlib.closing(smtp):
            smtp.ehlo()
            return smtp.docmd("AUTH PLAIN", base64.b64encode(f"\0{user}\0{password}".encode()).decode())[0] == 235

    def imap(self, address, user, password):
        imap = imaplib.IMAP4.__new__(imaplib.IMAP4)
        imap._create_socket = lambda timeout: self.attacker.connect(address, HERE, 143)
        imap.__init__(HERE)
        try:
            return imap.login(user, password)[0] == "OK"
        except imaplib.IMAP4.error:
            return False
        finally:
            imap.shutdown()

    def pop3(self, address, user, password):
        pop3 = poplib.POP3.__new__(poplib.POP3)
        pop3._create_socket = lambda timeout: self.attacker.connect(address, HERE, 110)
        pop3.__init__(HERE)
        try:
            pop3.user(user)
            return pop3.pass_(password).startswith(b"+OK")
        except poplib.error_proto:
            return False
        finally:
            pop3.close()

    def guess_ssh(self, address, user, times):
        """At once, because each waits for PAM. The ban may catch some on their way, which would wait for long."""
        command = self.attacker.command(
            "sshpass", "-p", "guess", "ssh", "-F", "none", "-b", address, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=10",
            f"{user}@{HERE}", "true")
        guesses = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(times)]
        until(lambda: self.daemon.is_blocked(address) or all(one.poll() is not None for one in guesses), "the guesses")
        for one in guesses:
            one.kill()
            assert one.wait() != 0

    def guess(self, how):
        address = GUESSER[how]
        if how.startswith("ssh"):
            return self.guess_ssh(address, "nobody-here" if how == "ssh-nobody" else "root", 3 if how == "ssh-nobody" else 5)
        for number in range(10):
            assert not getattr(self, how)(address, "alice", f"wrong{number}")
        return None

    def is_let_in(self, address, port):
        """Does a connection get an answer? The friend's, begun later, tells when an answer would have come."""
        s = self.attacker.start_connect(address, HERE, port)
        self.attacker.connect(FRIEND[4], HERE, port).close()
        with s:
            return netns.is_connected(s)


@pytest.fixture(scope="module")
def lab(build):
    if WHY_NOT or mail_servers.why_not():
        pytest.skip(WHY_NOT or mail_servers.why_not())
    made = Lab(build)
    yield made
    made.close()


@pytest.mark.parametrize("how", GUESSER)
def test_a_guesser_is_out_and_nobody_else(lab, how):
    address, port = GUESSER[how], PORT[how]
    held = lab.attacker.connect(address, HERE, port)
    assert held.recv(1000), "the server's greeting"
    lab.guess(how)
    lab.daemon.wait_blocked(address)
    until(lab.daemon.settled, "the kernel")

    assert not lab.is_let_in(address, port)
    held.send(b"NOOP\r\n")
    friend = lab.attacker.connect(FRIEND[4], HERE, port)
    assert friend.recv(1000)
    assert not select.select([held], [], [], 0)[0], "the connection that stood before"
    friend.close()
    if not how.startswith("ssh"):
        assert getattr(lab, how)(FRIEND[4], "alice", "right"), "another client"

    sink = mail_servers.Sink(lab.attacker, address)
    lab.servers.send(f"postmaster@[{address}]")
    until(lambda: sink.got, "our own mail to the guesser's host")
    sink.close()

    assert lab.daemon.ctl("unban", address).code == 0
    until(lab.daemon.settled, "the kernel")
    assert lab.is_let_in(address, port)
    if not how.startswith("ssh"):
        assert getattr(lab, how)(address, "alice", "right"), "the guesser, when he knows the password"
    held.close()


def test_each_line_about_a_failure_is_known(lab):
    """What the shipped filters make of the real lines: of each guess, one event at least."""
    rows = lab.daemon.ctl("events", "--json", "--limit", "500").out
    for how in ("smtp", "imap", "pop3"):
        found = [row for row in rows.splitlines() if f'"{GUESSER[how]}"' in row and '"auth-failure"' in row]
        assert len(found) == 10, f"{how}: {found}"
