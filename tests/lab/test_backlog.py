# SPDX-License-Identifier: MIT
"""A day's log is taken in while another log goes on: live lines are not held up.

Environment: BACKLOG_MB (200); the figures are printed (pytest -s). The time is that until the kernel says that it has the element.
"""
import ipaddress
import os
import select
import shutil
import statistics
import time

import pytest

from daemon import line
from elements import heard, watcher
from netns import PATIENCE, until

MB = 1 << 20


def fill(path, size, hostile, ago):
    """Lines of a day: every `hostile`th is counted, of 5,000 addresses."""
    block = []
    for i in range(60000):
        address = f"10.{i % 5000 // 250}.{i % 250}.9"
        block.append(line(f"203.{address[3:]}" if i % hostile == 0 else address, 1 if i % hostile == 0 else 99,
                          "[x] a line as long as they usually are in such a log, so that the figures mean something", seconds_ago=ago))
    text = "".join(block).encode()
    with open(path, "wb") as log:
        while log.tell() < size:
            log.write(text)
    return path.stat().st_size


@pytest.mark.parametrize("hostile", [20, 1], ids=["a-twentieth", "all-hostile"])
def test_live_lines_are_not_held_up_by_a_backlog(daemons, hostile):
    daemon = daemons()
    backlog = daemon.log.with_name("backlog.log")
    conf = daemon.etc / "filters" / "vpop3-ids.conf"
    conf.write_text(conf.read_text().replace(f"sources = {daemon.log}", f"sources = {daemon.log} {backlog}"))
    size = int(os.environ.get("BACKLOG_MB", "200")) * MB // (1 if hostile > 1 else 8)
    if shutil.disk_usage(daemon.dir).free < size + 4096 * MB:
        pytest.skip("needs room for the backlog")
    ready = daemon.dir / "ready"
    size = fill(ready, size, hostile, 20 * 3600)
    daemon.start()

    def lag():
        sources = {s["path"]: s["lag_bytes"] for s in daemon.ctl("status", "--json").json["sources"]}
        return sources[str(backlog)] or 0

    took, n, nl = [], 0, watcher(daemon.ns)
    begun = time.monotonic()
    os.rename(ready, backlog)
    until(lambda: lag() > 0, "the backlog")
    while lag() > 0 and n < 200:
        n += 1
        address = f"198.51.100.{n}"
        wrote = time.monotonic()
        daemon.attack(address)
        while not heard(nl, ipaddress.ip_address(address).packed):
            assert select.select([nl], [], [], PATIENCE)[0], f"the element of {address}"
        took.append(time.monotonic() - wrote)
    nl.close()
    until(lambda: lag() == 0, "the end of the backlog", 300)
    seconds = time.monotonic() - begun
    print(f"\nbacklog {size // MB} MB in {seconds:.1f} s ({size / MB / seconds:.0f} MB/s); {n} live bans meanwhile: median "
          f"{statistics.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")
    assert n >= 3 and statistics.median(took) < 0.1
