# SPDX-License-Identifier: MIT
"""A journal with what the test wants in it: real files, written by systemd-journal-remote."""
import os
import pathlib
import shutil
import subprocess
import time

REMOTE = pathlib.Path("/usr/lib/systemd/systemd-journal-remote")
BOOT = "5f3b0c3a1d6c4d0b8e6f0a9b8c7d6e5f"


def why_not():
    return None if REMOTE.exists() else "needs systemd-journal-remote"


def field(name, value):
    value = value if isinstance(value, bytes) else str(value).encode()
    if b"\n" in value or b"\0" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


class Journal:
    """One directory of files; `file` is written to."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self.number = 0
        self.rotate()

    def rotate(self):
        self.number += 1
        self.file = self.dir / f"system@{self.number}.journal"

    def write(self, *messages, unit="ssh.service", program="sshd", at=None, **more):
        """Appends an entry a message, now or at a time (seconds since 1970)."""
        text = b""
        for i, message in enumerate(messages):
            us = int((time.time() if at is None else at) * 1e6) + i
            fields = {"__REALTIME_TIMESTAMP": us, "__MONOTONIC_TIMESTAMP": us - 1_700_000_000_000_000, "_BOOT_ID": BOOT,
                      "MESSAGE": message, "SYSLOG_IDENTIFIER": program, "_SYSTEMD_UNIT": unit, **more}
            text += b"".join(field(name, value) for name, value in fields.items()) + b"\n"
        subprocess.run([REMOTE, f"--output={self.file}", "-"], input=text, capture_output=True, check=True)
        os.chmod(self.file, 0o644)

    def vacuum(self):
        """All files but the one that is written to are gone."""
        for path in self.dir.glob("*.journal"):
            if path != self.file:
                path.unlink()

    def remove(self):
        shutil.rmtree(self.dir)
