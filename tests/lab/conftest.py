# SPDX-License-Identifier: MIT
"""What the lab's tests share: the build to test, and two hosts with a cable between them."""
import contextlib
import os
import pathlib
import subprocess

import pytest

import netns
from daemon import Daemon
from enforcer import Enforcer


def why_not():
    """Why there can be no lab here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for command in (["ip", "-V"], ["nft", "--version"]):
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return f"needs {command[0]}"
    name = f"ipsd-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"no network namespaces: {made.stderr.strip()}"
    tried = subprocess.run(["ip", "netns", "exec", name, "nft", "add", "table", "inet", "try"],
                           capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None if tried.returncode == 0 else f"no nftables: {tried.stderr.strip()}"


WHY_NOT = why_not()


@pytest.fixture(scope="session")
def build():
    """The build directory: IPSD_BUILD, else build/gcc."""
    root = pathlib.Path(__file__).parent.parent.parent
    return pathlib.Path(os.environ.get("IPSD_BUILD", root / "build" / "gcc"))


def kernel_log(fd):
    """What it has said since the last look."""
    while True:
        try:
            yield os.read(fd, 8192).decode(errors="replace")
        except BrokenPipeError:  # older lines were overwritten
            continue
        except BlockingIOError:
            return


@pytest.fixture(scope="session", autouse=True)
def nothing_refused(build):
    """Whatever the tests had them do, no process of ours asked the kernel for what its seal refuses (src/sys/seal_calls.c)."""
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        yield
        return
    os.lseek(log, 0, os.SEEK_END)
    yield
    ours = [f'exe="{build.resolve() / program}"' for program in ("src/daemon/ipsd", "tests/lab/enforcer_tool", "/usr/sbin/ipsd")]
    refused = [line for line in kernel_log(log) if "type=1326" in line and any(exe in line for exe in ours)]
    os.close(log)
    assert not refused, "".join(refused[:5])


@pytest.fixture
def cable():
    """A server and an attacker, new for each test."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    made = netns.Cable()
    yield made
    made.close()


@pytest.fixture
def sockets():
    """What a test opens is closed after it."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def start(cable, build):
    """Starts enforcers on the server; whatever the test leaves running is killed after it."""
    started = []

    def run(*options, **more):
        started.append(Enforcer(cable.server, build, *options, **more))
        return started[-1]

    yield run
    for one in started:
        one.kill()
    assert "".join(one.complaints() for one in started) == ""


@pytest.fixture
def daemons(cable, build):
    made = []

    def make(**more):
        made.append(Daemon(cable.server, build, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def daemon(daemons):
    return daemons().start()
