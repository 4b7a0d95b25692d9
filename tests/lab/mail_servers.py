# SPDX-License-Identifier: MIT
"""Postfix, Dovecot, OpenSSH and rsyslog as Debian has them, on the lab's server.

They run in a mount namespace of their own with a /dev, /run and /var/log that nobody else sees, so that the logs have
the names and the lines that they have on a host; configs, queues and mailboxes lie in the test's directory.
"""
import pathlib
import shutil
import smtplib
import socket
import subprocess
import threading

from netns import until

NEEDED = {"/usr/sbin/postfix": "postfix", "/usr/sbin/dovecot": "dovecot-core", "/usr/lib/dovecot/imap": "dovecot-imapd",
          "/usr/lib/dovecot/pop3": "dovecot-pop3d", "/usr/sbin/sshd": "openssh-server", "/usr/sbin/rsyslogd": "rsyslog",
          "/usr/bin/sshpass": "sshpass", "/usr/bin/ssh": "openssh-client"}

PRIVATE = """
set -eu
mkdir -p {dir}/dev
mount --rbind /dev {dir}/dev
mount -t tmpfs tmpfs /dev
for node in null zero full random urandom tty; do touch /dev/$node; mount --bind {dir}/dev/$node /dev/$node; done
ln -s /proc/self/fd /dev/fd
mkdir /dev/pts /dev/shm
mount --bind {dir}/dev/pts /dev/pts
ln -s pts/ptmx /dev/ptmx
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir /run/sshd
echo ready
exec cat
"""

RSYSLOG = """
module(load="imuxsock")
$FileOwner root
$FileGroup adm
$FileCreateMode 0640
$Umask 0022
$WorkDirectory {dir}
auth,authpriv.* /var/log/auth.log
mail.* -/var/log/mail.log
"""

DOVECOT = """
base_dir = {dir}/dovecot
state_dir = {dir}/dovecot-state
protocols = imap pop3
listen = *
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{dir}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {dir}/users
}}
userdb {{
  driver = static
  args = uid=ipsd gid=ipsd home={dir}/mail/%u
}}
first_valid_uid = 1
service auth {{
  unix_listener {dir}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

MAIN = """
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/postfix-data
myhostname = mail.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = all
alias_maps =
alias_database =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_error_sleep_time = 0
smtpd_peername_lookup = no
smtpd_hard_error_limit = 100
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = none
smtp_tls_security_level = none
disable_dns_lookups = yes
maximal_backoff_time = 1s
minimal_backoff_time = 1s
queue_run_delay = 1s
"""

MASTER = """
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

SSHD = """
Port 22
HostKey {dir}/host_key
PidFile none
UsePAM yes
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100
PerSourceMaxStartups none
"""


def why_not():
    missing = [package for path, package in NEEDED.items() if not pathlib.Path(path).exists()]
    return "needs " + " ".join(missing) if missing else None


class Servers:
    """Everything runs after __init__, and ends with the namespace `ns`. The mail user alice has the password `right`."""

    def __init__(self, ns, directory):
        self.ns, self.dir = ns, pathlib.Path(directory)
        self.running = []
        for sub in ("postfix", "queue", "postfix-data", "mail"):
            (self.dir / sub).mkdir(parents=True)
        self.dir.chmod(0o755)
        for name in ("mail", "postfix-data"):
            shutil.chown(self.dir / name, *{"mail": ("ipsd", "ipsd"), "postfix-data": ("postfix", "postfix")}[name])
        for name, text in (("rsyslog.conf", RSYSLOG), ("dovecot.conf", DOVECOT), ("postfix/main.cf", MAIN),
                           ("postfix/master.cf", MASTER), ("sshd_config", SSHD)):
            (self.dir / name).write_text(text.format(dir=self.dir).lstrip())
        (self.dir / "users").write_text("alice:right::::::\n")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "host_key"], check=True)
        self.said = open(self.dir / "said", "w+", encoding="utf-8", errors="replace")
        self._enter_private()
        self._run("/usr/sbin/rsyslogd", "-n", "-f", self.dir / "rsyslog.conf", "-i", self.dir / "rsyslog.pid")
        until(lambda: self.root("/dev/log").exists(), "rsyslogd")
        self._run("/usr/sbin/postfix", "-c", self.dir / "postfix", "start").wait()
        self._run("/usr/sbin/dovecot", "-F", "-c", self.dir / "dovecot.conf")
        self._run("/usr/sbin/sshd", "-D", "-f", self.dir / "sshd_config")
        for port in (22, 25, 110, 143):
            until(lambda port=port: self.listens(port), f"port {port}: {self.words()}")

    def _enter_private(self):
        self.private = self.ns.popen("unshare", "--mount", "--propagation", "private", "sh", "-c", PRIVATE.format(dir=self.dir),
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said)
        assert self.private.stdout.readline() == b"ready\n", self.words()

    def _run(self, *command):
        self.running.append(self.ns.popen(*self.inside(), *map(str, command), stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said))
        return self.running[-1]

    def inside(self):
        """What a command begins with that is to see the servers' files."""
        return ("nsenter", f"--mount=/proc/{self.private.pid}/ns/mnt")

    def root(self, path):
        return pathlib.Path(f"/proc/{self.private.pid}/root{path}")

    def listens(self, port):
        with self.ns.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def log(self, name):
        """Lines of mail.log or auth.log."""
        path = self.root(f"/var/log/{name}")
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def words(self):
        return (self.dir / "said").read_text(errors="replace")

    def send(self, recipient):
        """Gives Postfix a mail to deliver."""
        with self.ns.inside(), smtplib.SMTP("127.0.0.1", 25, local_hostname="lab") as smtp:
            smtp.sendmail("alice@example.com", [recipient], "Subject: out\r\n\r\nhello\r\n")

    def close(self):
        self.ns.kill_all()
        for process in self.running + [self.private]:
            process.wait()
        self.said.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Sink:
    """A mail server that takes one mail."""

    def __init__(self, ns, address):
        self.listener = ns.listen(address, 25)
        self.got = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rw", newline="\r\n") as stream:
            def say(text):
                stream.write(text + "\r\n")
                stream.flush()
            say("220 sink")
            for line in stream:
                verb = line[:4].upper()
                if verb == "DATA":
                    say("354 go on")
                    text = list(iter(stream.readline, ".\r\n"))
                    self.got.append("".join(text))
                elif verb == "QUIT":
                    say("221 bye")
                    return
                say("250 ok")

    def close(self):
        self.listener.close()
