# SPDX-License-Identifier: MIT
"""The units, and ipsd started as they start it: as its own user, with the capability it needs and the socket handed over."""
import os
import pwd
import re
import shutil
import socket
import subprocess

import pytest

from daemon import ROOT
from netns import until

BAD = "198.51.100.7"


needs_systemd_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=True,
                          env=dict(os.environ, SYSTEMD_COLORS="0")).stdout


@needs_systemd_analyze
@pytest.mark.parametrize("unit", ["ipsd.service", "ipsd-notify.service"])
def test_the_unit_is_tight(unit):
    said = analyze("security", "--offline=true", str(ROOT / "dist" / unit))
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", said)
    assert float(level[1]) < 2.0, said


def calls_of(name):
    """The system calls behind a word of SystemCallFilter=."""
    if not name.startswith("@"):
        return {name}
    words = [line.split("#")[0].strip() for line in analyze("syscall-filter", name).splitlines()[1:]]
    return set().union(*(calls_of(word) for word in words if word))


@needs_systemd_analyze
def test_the_unit_allows_what_the_seals_allow():
    allowed = set()
    for words in re.findall(r"(?m)^SystemCallFilter=(.*)$", (ROOT / "dist" / "ipsd.service").read_text()):
        calls = set().union(*(calls_of(word) for word in words.lstrip("~").split()))
        allowed = allowed - calls if words.startswith("~") else allowed | calls
    source = (ROOT / "src" / "sys" / "seal_calls.c").read_text()
    source = source[:source.index("seal_fatal")]
    wanted = set(re.findall(r'"(\w+)"', source))
    assert {"seccomp", "landlock_restrict_self", "futex", "openat", "socket"} <= wanted
    assert wanted & calls_of("@known") - allowed == set()


ACTIVATE = """
import os, sys
if int(sys.argv[1]) != 3:
    os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="control")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def test_it_runs_as_its_unit_starts_it(cable, daemons):
    daemon = daemons()
    user = pwd.getpwnam("ipsd")
    for sub in ("state", "run"):
        (daemon.dir / sub).mkdir()
    os.chown(daemon.dir / "state", user.pw_uid, user.pw_gid)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(daemon.dir / "run" / "control"))
    listener.listen(8)
    fd = listener.fileno()
    os.set_inheritable(fd, True)
    wrapper = ("setpriv", "--reuid=ipsd", "--regid=ipsd", "--init-groups", "--inh-caps=-all,+net_admin",
               "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin", "--no-new-privs",
               "/usr/bin/python3", "-c", ACTIVATE, str(fd))
    daemon.pass_fds = (fd,)
    daemon.start(wrapper=wrapper)
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    until(daemon.settled, "the kernel")
    assert not cable.passes(BAD)
    listener.close()


def test_install_goes_below_another_root_and_is_taken_away_again(tmp_path, build):
    env = dict(os.environ, DESTDIR=str(tmp_path))
    subprocess.run(["meson", "install", "-C", str(build), "--no-rebuild"], check=True, capture_output=True, env=env)
    share = tmp_path / "usr/share/ipsd"
    for name in ("usr/sbin/ipsd", "usr/bin/ipsctl", "usr/lib/systemd/system/ipsd.service", "usr/lib/systemd/system/ipsd-notify.service", "usr/lib/sysusers.d/ipsd.conf", "usr/share/man/man1/ipsctl.1"):
        assert (tmp_path / name).is_file(), name
    shipped = {f.name for f in (ROOT / "filters").glob("*.conf")}
    assert {f.name for f in (share / "filters").iterdir()} == shipped
    edited = tmp_path / "etc/ipsd/ipsd.conf"
    edited.parent.mkdir(parents=True)
    edited.write_text("; mine\n")
    subprocess.run([str(ROOT / "tools" / "install"), "--uninstall"], check=True, capture_output=True, env=env)
    assert edited.read_text() == "; mine\n"
    left = [str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()]
    assert left == ["etc/ipsd/ipsd.conf"]
