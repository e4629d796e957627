"""UTC by which rights begin and end: steady, also where somebody sets the system's clock.

Belongs here: the clock and what it does about a step. Not here: what is done by it (`relay/rights.py`,
tokens, shares).

The policy. UTC is the time since the start, by a clock that nobody can set, on top of what the system's clock
said then. Small differences are followed slowly (`SLEW`), as a time server needs that keeps the clock right.
A step, a difference of more than `STEP` seconds, is told (log, metric) and not followed while anything
depends on the time: so a right lasts as long as it was granted for, no shorter where the clock is set
forward, no longer where it is set back, and tokens that were just given out stay good. Whoever knows that
nothing is shared calls `adopt`, and the clock takes the system's time; so does a start of the service.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

STEP = 2.0
"""Seconds of difference that are no drift any more but a step."""
SLEW = 0.001
"""Seconds per second by which a small difference is taken back."""


def since_boot() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """See the module. `utc()` may be called as often as one likes, from any thread."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = since_boot
    ) -> None:
        self.steps = 0
        """Steps of the system's clock that were seen."""
        self.offset = 0.0
        """Seconds by which the system's clock is ahead of this one."""
        self._wall = wall
        self._monotonic = monotonic
        self._told = 0.0  # the offset that was told last; within STEP of it nothing is new
        self._anchor = (wall(), monotonic())

    def utc(self) -> float:
        """UTC seconds."""
        wall, monotonic = self._wall(), self._monotonic()
        utc, self.offset = follow(self._anchor, wall, monotonic)
        self._anchor = (utc, monotonic)
        if abs(self.offset - self._told) > STEP:
            self._told = self.offset
            self.steps += 1
            logger.warning(
                "the system's clock was set and is now %+.1f s from the service's, which goes on until "
                "nothing is shared, or until a restart: rights last as long as they were granted for",
                self.offset,
            )
        return utc

    def adopt(self) -> None:
        """Take the system's time: nothing depends on ours now."""
        self.utc()
        if abs(self.offset) > STEP:
            logger.warning("nothing is shared: the service's clock moves by %+.1f s", self.offset)
            self._anchor = (self._wall(), self._monotonic())
            self.offset = self._told = 0.0


def follow(anchor: tuple[float, float], wall: float, monotonic: float) -> tuple[float, float]:
    """UTC now, and by how much the system's clock (`wall`) is ahead of it. Pure.

    anchor: UTC, and what the monotonic clock said then.
    """
    elapsed = max(0.0, monotonic - anchor[1])
    utc = anchor[0] + elapsed
    offset = wall - utc
    if abs(offset) <= STEP:
        utc += math.copysign(min(abs(offset), elapsed * SLEW), offset)
    return utc, wall - utc
