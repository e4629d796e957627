"""How long an event loop keeps what is due waiting, and how much of that is the process's own doing.

A busy machine makes every process wait for a core. The kernel counts that wait for each thread
(`/proc/thread-self/schedstat`, second number, nanoseconds); taken off, what is left is time in which the
loop's thread computed or was blocked by something it called itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STEP = 0.005
"""Seconds between two looks."""


class LoopLag:
    """The worst since the last `take`, seconds."""

    def __init__(self, schedstat: int) -> None:
        self._schedstat = schedstat
        self._own = 0.0
        self._all = 0.0
        self._long = 0

    def take(self) -> dict[str, float]:
        """`own_ms`: the longest lateness less the wait for a core. `all_ms`: the longest lateness as it was.
        `over_20`: how often it was more than 20 ms of our own. Begins anew."""
        taken = {
            "own_ms": round(self._own * 1000, 1),
            "all_ms": round(self._all * 1000, 1),
            "over_20": self._long,
        }
        self._own, self._all, self._long = 0.0, 0.0, 0
        return taken

    async def run(self) -> None:
        """Look until cancelled, in the loop that is watched."""
        while True:
            began, starved = time.monotonic(), self._starved()
            await asyncio.sleep(STEP)
            late = time.monotonic() - began - STEP
            own = late - (self._starved() - starved)
            self._all = max(self._all, late)
            self._own = max(self._own, own)
            self._long += own > 0.02

    def _starved(self) -> float:
        return int(os.pread(self._schedstat, 64, 0).split()[1]) / 1e9


@asynccontextmanager
async def loop_lag() -> AsyncIterator[LoopLag]:
    """Watch this loop while the block runs. The kernel must keep scheduling statistics (Linux does)."""
    descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    lag = LoopLag(descriptor)
    watching = asyncio.create_task(lag.run(), name="loop lag")
    try:
        yield lag
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        os.close(descriptor)
