# SPDX-License-Identifier: MIT
"""A wall clock that the test sets, for the daemon and for whoever writes its logs (clock_shim.c)."""
import mmap
import struct
import time


class Clock:
    def __init__(self, build, folder, offset=0):
        path = folder / "clock"
        path.write_bytes(bytes(8))
        self.wrapper = ("env", f"LD_PRELOAD={build / 'tests/lab/clock_shim.so'}", f"CLOCK_SHIM={path}")
        with open(path, "r+b") as f:
            self.shared = mmap.mmap(f.fileno(), 8)
        self.offset = 0
        self.step(offset)

    def step(self, seconds):
        self.offset += seconds
        self.shared[:] = struct.pack("=q", int(self.offset * 1e9))

    def now(self):
        return time.time() + self.offset
