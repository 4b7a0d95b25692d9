# SPDX-License-Identifier: MIT
"""The real ipsd in a namespace, with files of its own, and ipsctl to ask it."""
import contextlib
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile

from netns import PATIENCE, until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

JAIL = """
[jail]
about = VPOP3, all ports
type = SMTP abuse
watch = vpop3-ids
window = 60m
threshold = 1000
ban = {ban}
{more}
[multipliers]
auth-failure = 50
bad-recipient = 50
relay-denied = 100
"""


def now(seconds_ago=0):
    t = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def line(address, number=1, text="[Relay denied] a@example.net", seconds_ago=0):
    return f"{now(seconds_ago)} {address} {number} {text}\n"


class Answer:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Daemon:
    """Files stand below `dir`: etc, log, state, run. The config is the shipped filter and one jail, `test`, for all ports."""

    def __init__(self, ns, build, ban="30m", jail="", conf="[ipsd]\nmode = enforce\n"):
        self.ns, self.build = ns, build
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ipsd-lab-"))
        self.dir.chmod(0o755)
        self.log = self.dir / "log" / "ids.log"
        self.etc = self.dir / "etc"
        for sub in ("log", "etc/filters", "etc/jails"):
            (self.dir / sub).mkdir(parents=True)
        text = (ROOT / "filters" / "vpop3-ids.conf").read_text()
        text = re.sub(r"(?m)^sources *=.*$", f"sources = {self.log}", text)
        (self.etc / "filters" / "vpop3-ids.conf").write_text(text)
        (self.etc / "jails" / "test.conf").write_text(JAIL.format(ban=ban, more=jail))
        (self.etc / "ipsd.conf").write_text(conf)
        self.log.touch()
        self.process = None
        self.pass_fds = ()
        self.said = ""
        self.errors = open(self.dir / "said", "w+", encoding="utf-8", errors="replace")

    def ship(self, filters=(), jails=(), **changes):
        """These shipped files instead of `test`; the filters read this log. changes: jail = {key: value}, in its file."""
        (self.etc / "jails" / "test.conf").unlink(missing_ok=True)
        for name in filters:
            text = (ROOT / "filters" / f"{name}.conf").read_text()
            text = re.sub(r"(?m)^sources *=.*\n(?:[ \t]+\S.*\n)*", f"sources = {self.log}\n", text, count=1)
            (self.etc / "filters" / f"{name}.conf").write_text(text)
        for name in jails:
            text = (ROOT / "jails" / f"{name}.conf").read_text()
            for key, value in changes.get(name.replace("-", "_"), {}).items():
                text = re.sub(rf"(?m)^{key} *=.*$", f"{key} = {value}", text)
            (self.etc / "jails" / f"{name}.conf").write_text(text)
        return self

    def options(self):
        return [f"--config-dir={self.etc}", f"--state-dir={self.dir / 'state'}", f"--runtime-dir={self.dir / 'run'}"]

    def spawn(self, *more, wrapper=()):
        """Starts it and does not wait."""
        env = dict(os.environ, IPSD_SHARE_DIR="/nonexistent")
        self.process = self.ns.popen(*wrapper, str(self.build / "src/daemon/ipsd"), *self.options(), *more,
                                     stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors, env=env, pass_fds=self.pass_fds)
        return self

    def start(self, *more, wrapper=()):
        self.spawn(*more, wrapper=wrapper)
        until(self.is_up, "the daemon")
        return self

    def run_once(self, *more, wrapper=()):
        """Starts it, expects that it ends by itself; its exit code and what it said."""
        self.spawn(*more, wrapper=wrapper)
        code = self.process.wait(PATIENCE)
        return code, self.words()

    def is_up(self):
        assert self.process.poll() is None, f"the daemon ended: {self.words()}"
        return self.ctl("status").code != 3

    def words(self):
        """All that it has said."""
        return (self.dir / "said").read_text(errors="replace")

    def ctl(self, *words, input_file=subprocess.DEVNULL, patience=60, **more):
        done = subprocess.run(self.ns.command(str(self.build / "src/ctl/ipsctl"), *self.options(), *words), check=False,
                              stdin=input_file, capture_output=True, text=True, timeout=patience,
                              env=dict(os.environ, IPSD_SHARE_DIR="/nonexistent"), **more)
        return Answer(done)

    @contextlib.contextmanager
    def on_a_full_disk(self, size):
        """Starts it with a disk of `size` for its state and fills that disk. The file that fills it, to shrink or to take away."""
        state = self.dir / "state"
        state.mkdir()
        owner = pwd.getpwnam("ipsd").pw_uid
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755,uid={owner}", "tmpfs", str(state)], check=True)
        try:
            self.start()
            with open(state / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
                while True:
                    ballast.write(b"x" * 4096)
            yield state / "ballast"
        finally:
            self.stop()
            subprocess.run(["umount", str(state)], check=True)

    @contextlib.contextmanager
    def asking(self, *words):
        """An ipsctl that is not waited for."""
        asked = subprocess.Popen(self.ns.command(str(self.build / "src/ctl/ipsctl"), *self.options(), *words),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            yield asked
        finally:
            asked.kill()
            asked.wait(PATIENCE)

    @contextlib.contextmanager
    def follow(self, *words):
        """What ipsctl prints as JSON, a line at a time. Who wants to know when it listens has it print something first."""
        asked = subprocess.Popen(self.ns.command(str(self.build / "src/ctl/ipsctl"), *self.options(), *words),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            yield map(json.loads, asked.stdout)
        finally:
            asked.kill()
            asked.wait(PATIENCE)
            asked.stdout.close()

    def write(self, *lines):
        with open(self.log, "a", encoding="latin-1") as f:
            f.write("".join(lines))

    def has_read(self):
        """All that was written is taken in, and the kernel has heard of it."""
        status = self.ctl("status", "--json").json
        return all(source["lag_bytes"] == 0 for source in status["sources"]) and status["kernel"]["agrees"]

    def attack(self, address, times=10, **more):
        self.write(*(line(address, **more) for _ in range(times)))

    def is_blocked(self, address):
        return self.ctl("show", address).code == 0

    def wait_blocked(self, address):
        until(lambda: self.is_blocked(address), f"the ban of {address}")

    def settled(self):
        """The kernel holds all that is wished."""
        return self.ctl("status", "--json").json["kernel"]["agrees"]

    def held(self):
        """The addresses and prefixes in our sets."""
        listed = json.loads(self.ns.run("nft", "-j", "list", "table", "inet", "ipsd"))
        found = set()
        for thing in listed["nftables"]:
            if "set" in thing and not thing["set"]["name"].startswith("never"):
                for elem in thing["set"].get("elem", []):
                    found.add(elem["elem"]["val"] if isinstance(elem, dict) else elem)
        return found

    def sql(self, question):
        """The first value of the answer of its database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.dir / 'state' / 'state.db'}?mode=ro", uri=True, timeout=PATIENCE)) as database:
            return database.execute(question).fetchone()[0]

    def children(self, comm):
        """Living processes of this name in the namespace."""
        listed = subprocess.run(["ip", "netns", "pids", self.ns.name], capture_output=True, text=True, check=True)
        found = []
        for pid in map(int, listed.stdout.split()):
            try:
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            if stat[stat.index("(") + 1:stat.rindex(")")] == comm and stat[stat.rindex(")") + 2] != "Z":
                found.append(pid)
        return found

    def stop(self, signo=signal.SIGTERM):
        # `ip netns exec` has become the daemon: the pid is its own.
        self.process.send_signal(signo)
        return self.process.wait(PATIENCE)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)
