# SPDX-License-Identifier: MIT
"""What ipsd decides arrives by mail and at a web address: the real daemon, a real ban, the unit's own command, the programs that are shipped."""
import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from daemon import ROOT, line
from netns import until

BAD, OFFICE, WATCHED = "198.51.100.7", "203.0.113.80", "198.51.100.9"
REASON = 'x"; touch owned; \'$(touch owned)`touch owned` \\ \x1b[2J\x07 caf\u00e9 \u202egnp'
COMMAND = re.search(r"^ExecStart=/bin/bash -c '(.*)'$", (ROOT / "dist" / "ipsd-notify.service").read_text(), re.M)[1]

# Takes any mail, and writes it as one JSON text a line.
SMTP_SINK = r"""
import json, socketserver, sys
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b"\r\n")
        say("220 sink")
        for command in self.rfile:
            if command[:4].upper() == b"DATA":
                say("354 go on")
                body = b""
                for row in self.rfile:
                    if row == b".\r\n":
                        break
                    body += row[1:] if row.startswith(b".") else row
                with open(sys.argv[1], "a") as f:
                    f.write(json.dumps(body.decode("latin-1")) + "\n")
            say("221 bye" if command[:4].upper() == b"QUIT" else "250 well")
            if command[:4].upper() == b"QUIT":
                return
socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer(("127.0.0.1", 2525), Session)
open(sys.argv[1], "a").close()
server.serve_forever()
"""

# Takes any POST, and writes its kind and body as one JSON text a line. The first one is refused.
WEB_SINK = r"""
import http.server, json, sys
class Hook(http.server.BaseHTTPRequestHandler):
    refused = False
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not Hook.refused:
            Hook.refused = True
            self.send_error(503)
            return
        with open(sys.argv[1], "a") as f:
            f.write(json.dumps([self.headers["Content-Type"], body.decode("ascii")]) + "\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 8080), Hook)
open(sys.argv[1], "a").close()
server.serve_forever()
"""


def for_nobody(daemon, path):
    """A copy where every user may run it: the source tree may lie where only its owner looks."""
    copy = daemon.dir / path.name
    if not copy.exists():
        shutil.copyfile(path, copy)
        copy.chmod(0o755)
    return copy


class Notifier:
    """A sink and the unit's command, as a user who is nobody but in the group of the control socket."""

    def __init__(self, daemon, program, sink, environment):
        self.daemon, self.got = daemon, daemon.dir / "got"
        self.said = open(daemon.dir / "notifier", "w+", encoding="utf-8", errors="replace")
        self.sink = daemon.ns.popen("/usr/bin/python3", "-c", sink, str(self.got), stdin=subprocess.DEVNULL)
        until(self.got.exists, "the sink")
        options = f"--config-dir={daemon.etc} --runtime-dir={daemon.dir / 'run'}"
        ctl = for_nobody(daemon, daemon.build / "src/ctl/ipsctl")
        command = COMMAND.replace("/etc/ipsd/notify", str(for_nobody(daemon, program))).replace("/usr/bin/ipsctl", f"{ctl} {options}")
        self.process = daemon.ns.popen("setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=ipsd", "--no-new-privs", "--bounding-set=-all",
                                       "/bin/bash", "-c", command, cwd=daemon.dir, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said,
                                       env=dict(os.environ, **environment), start_new_session=True)

    def words(self):
        return pathlib.Path(self.said.name).read_text(errors="replace")

    def rows(self):
        return [json.loads(row) for row in self.got.read_text().splitlines()]

    def wait(self, n):
        until(lambda: len(self.rows()) >= n, f"{n} deliveries, with {self.words()!r}")
        return self.rows()

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.sink.kill()
        self.sink.wait()
        self.said.close()


@pytest.fixture
def notifiers(cable, daemons):
    made = []

    def make(program, sink, **environment):
        daemon = daemons(conf=f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {OFFICE}\n")
        jail = (daemon.etc / "jails" / "test.conf").read_text()
        (daemon.etc / "jails" / "watcher.conf").write_text(jail.replace("type =", "mode = observe\ntype =").replace("1000", "1500"))
        daemon.start()
        made.append(Notifier(daemon, ROOT / "dist" / "notify" / program, sink, environment))
        return made[-1]

    yield make
    for notifier in made:
        notifier.close()


def listening(notifier):
    """It listens when what is decided arrives: a ban by hand is told until one came."""
    for n in range(1, 200):
        notifier.daemon.ctl("ban", f"192.0.2.{n}", "--for=1h")
        try:
            until(lambda: notifier.rows(), "the first one", patience=0.5)
        except AssertionError:
            continue
        return
    raise AssertionError(notifier.words())


def decide(daemon):
    daemon.attack(BAD)
    daemon.write(line(BAD, 0, "[SMTP authentication failure] \x1b[2J\"'$(touch owned)\\"))
    daemon.wait_blocked(BAD)


def test_a_ban_is_mailed(notifiers):
    notifier = notifiers("mail", SMTP_SINK, NOTIFY_SERVER="127.0.0.1:2525", NOTIFY_TO="admin@example.com", NOTIFY_FROM="ipsd@example.com")
    daemon = notifier.daemon
    listening(notifier)
    decide(daemon)
    until(lambda: any(BAD in row for row in notifier.rows()), "the mail")
    assert daemon.ctl("ban", "192.0.2.250", "--reason", REASON).code == 0
    until(lambda: any("192.0.2.250" in row for row in notifier.rows()), "the other mail")
    assert daemon.ctl("unban", BAD).code == 0
    assert daemon.ctl("ban", "192.0.2.251").code == 0
    until(lambda: any("192.0.2.251" in row for row in notifier.rows()), "the last mail")
    mails = [email.message_from_string(row, policy=email.policy.default) for row in notifier.rows()]
    ours = [m for m in mails if BAD in m["Subject"]]
    assert len(ours) == 1, "lifts are not mailed unless asked for"
    assert re.fullmatch(rf"ipsd on \S+: ban {BAD}/32 by test", ours[0]["Subject"])
    assert (ours[0]["From"], ours[0]["To"]) == ("ipsd@example.com", "admin@example.com")
    body = ours[0].get_content()
    told, _ = json.JSONDecoder().raw_decode(body)
    assert (told["decision"], told["jail"], told["score"], told["events"]) == ("ban", "test", 1000, {"relay-denied": 10})
    assert f"ipsctl show {BAD}/32" in body
    by_hand = next(m for m in mails if "192.0.2.250" in m["Subject"])
    assert json.JSONDecoder().raw_decode(by_hand.get_content())[0]["reason"]
    assert all(set(m.keys()) <= {"From", "To", "Subject", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"} for m in mails)
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xff]", "".join(notifier.rows()))
    assert not list(daemon.dir.rglob("owned")) and notifier.words() == ""


def test_each_decision_is_posted(notifiers):
    notifier = notifiers("web", WEB_SINK, NOTIFY_HOOK="http://127.0.0.1:8080/hook")
    daemon = notifier.daemon
    listening(notifier)
    decide(daemon)
    daemon.attack(OFFICE)
    daemon.attack(WATCHED, times=16)
    assert daemon.ctl("ban", "192.0.2.250", "--reason", REASON).code == 0
    assert daemon.ctl("unban", "192.0.2.250").code == 0

    def told():
        return [json.loads(body) for _, body in notifier.rows()]

    def seen():
        return {(row["decision"], row["prefix"], row["because"]) for row in told()}

    wanted = {("ban", f"{BAD}/32", None), ("spared", f"{OFFICE}/32", "never-block"), ("observed", f"{WATCHED}/32", "jail-observes"),
              ("ban", "192.0.2.250/32", None), ("lift", "192.0.2.250/32", "unban")}
    until(lambda: wanted <= seen(), f"all of it; {notifier.words()!r}")
    assert {kind for kind, _ in notifier.rows()} == {"application/json"}
    assert next(row["score"] for row in told() if row["decision"] == "spared") == 1000
    assert any(row["reason"] for row in told() if row["prefix"] == "192.0.2.250/32")
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/hook was not told about 192\.0\.2\.\d+/32: HTTP Error 503: \S.*\n", notifier.words())
    assert not list(daemon.dir.rglob("owned"))


def test_it_may_ban_because_it_is_in_the_group(notifiers):
    """What the page says of the notifier's rights holds: in the group it may, out of it it may not even ask."""
    daemon = notifiers("web", WEB_SINK).daemon
    words = [str(for_nobody(daemon, daemon.build / "src/ctl/ipsctl")), *daemon.options(), "ban", "192.0.2.9"]
    for groups, codes in (("--groups=ipsd", {0}), ("--clear-groups", {2, 3})):
        done = subprocess.run(daemon.ns.command("setpriv", "--reuid=nobody", "--regid=nogroup", groups, *words), check=False,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in codes, done.stderr
    assert daemon.is_blocked("192.0.2.9")
