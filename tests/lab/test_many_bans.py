# SPDX-License-Identifier: MIT
"""A start with many bans: who waits for it hears how far it is; and how many there are is told."""
import re
import socket

import pytest

from netns import PATIENCE, until
from test_control import Client, ban_many

BANS = 20_000


@pytest.fixture
def manager(daemon, monkeypatch):
    """Where the service manager would listen."""
    path = daemon.dir / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        path.chmod(0o777)
        listener.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def said_until_ready(manager):
    said = [manager.recv(4096).decode()]
    while "READY=1" not in said[-1]:
        said.append(manager.recv(4096).decode())
    return said


def test_the_service_manager_hears_how_far_the_start_is(daemon, manager):
    ban_many(daemon, BANS)
    daemon.stop()
    daemon.spawn()
    said = said_until_ready(manager)
    assert any(re.search(r"(?m)^STATUS=Starting: 16384 bans of before were read$", text) for text in said)
    assert any(f"STATUS=Starting: {BANS} bans of before were read, reading events" in text for text in said)
    assert all(re.search(r"(?m)^EXTEND_TIMEOUT_USEC=\d{8,}$", text) for text in said[:-1])
    assert said[-1].splitlines() == ["READY=1", "STATUS="]
    until(daemon.is_up, "the daemon")


def test_who_asks_while_it_starts_is_answered_when_it_has(daemon):
    ban_many(daemon, BANS)
    daemon.stop()
    (daemon.dir / "run" / "control").unlink(missing_ok=True)
    daemon.spawn()
    until((daemon.dir / "run" / "control").is_socket, "the socket")
    client = Client(daemon)
    assert client.call("Status")["parameters"]["bans"] == {"running": BANS, "entries": BANS, "limit": 2_000_000}
    client.close()


def test_the_number_of_bans_their_limit_and_the_memory_are_told(daemon):
    ban_many(daemon, 1000)
    assert daemon.ctl("unban", "198.18.0.0", "198.18.0.1").code == 0
    bans = daemon.ctl("status", "--json").json["bans"]
    assert bans["running"] == 998 and bans["entries"] <= 1000 and bans["limit"] == 2_000_000
    figures = dict(re.findall(r"(?m)^(ipsd_\w+) (\S+)$", daemon.ctl("metrics").out))
    assert int(figures["ipsd_bans"]) == 998 and int(figures["ipsd_ban_entries"]) == bans["entries"]
    assert int(figures["ipsd_ban_entries_limit"]) == 2_000_000 and int(figures["ipsd_no_room_total"]) == 0
    assert 4 << 20 < float(figures["ipsd_memory_peak_bytes"]) < 512 << 20
