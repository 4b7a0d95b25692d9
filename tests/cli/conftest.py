# SPDX-License-Identifier: MIT
"""ipsctl from outside: words in, words and an exit code out. No daemon, no root, no network."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# One jail over the shipped VPOP3 filter, for logs of any name.
JAIL = """[jail]
about = VPOP3, all ports
type = SMTP abuse
watch = vpop3-ids
window = 60m
threshold = 1000
ban = 30m
[multipliers]
auth-failure = 50
bad-recipient = 50
relay-denied = 100
"""


class Answer:
    def __init__(self, done):
        self.code, self.raw = done.returncode, done.stdout
        self.out, self.err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Ctl:
    def __init__(self, build, folder):
        self.program = build / "src/ctl/ipsctl"
        self.dir = folder
        self.etc = folder / "etc"
        for sub in ("filters", "jails"):
            (self.etc / sub).mkdir(parents=True)
        (self.etc / "filters" / "vpop3-ids.conf").write_text((ROOT / "filters" / "vpop3-ids.conf").read_text())
        (self.etc / "jails" / "test.conf").write_text(JAIL)
        (self.etc / "ipsd.conf").write_text("[ipsd]\nmode = enforce\n")

    def command(self, *words):
        return [str(self.program), f"--config-dir={self.etc}", f"--runtime-dir={self.dir / 'run'}", *map(os.fsencode, words)]

    def env(self, **more):
        return dict(dict(os.environ, IPSD_SHARE_DIR="/nonexistent", TZ="UTC", LC_ALL="C.UTF-8"), **more)

    def __call__(self, *words, stdin=b"", env=None):
        return Answer(subprocess.run(self.command(*words), input=stdin, capture_output=True, check=False, timeout=60,
                                     env=self.env(**(env or {}))))


@pytest.fixture(scope="session")
def build():
    """The build directory: IPSD_BUILD, else build/gcc."""
    return pathlib.Path(os.environ.get("IPSD_BUILD", ROOT / "build" / "gcc"))


@pytest.fixture
def ctl(build, tmp_path):
    return Ctl(build, tmp_path)
