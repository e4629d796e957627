"""How often an address has failed to authenticate lately, and how often a unit has asked to watch. Pure;
`now` is monotonic seconds.

By address only failures count: a fire station, or all tablets of a carrier, may share one, and whoever has a
good token is let in whatever his neighbours do. Who has one is counted by whose it is: an offer costs
milliseconds, and one page that asks in a loop must not take them from everybody.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

FAILURES = 20
"""Failures within `WINDOW` that an address may have."""
WINDOW = 60.0
MOST_ADDRESSES = 4096
"""Addresses remembered; the one that failed first goes first."""


class Failures:
    """Counts failures by address."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[float, int]] = {}  # address: when its window began, failures in it

    def note(self, address: str, now: float) -> int | None:
        """Count one more. None while that is within bounds, else the whole seconds until it is again."""
        began, count = self._counts.get(address, (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
            self._counts.pop(address, None)  # to stand at the end again, in the order of time
        if address not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            del self._counts[next(iter(self._counts))]
        self._counts[address] = (began, count + 1)
        return None if count < FAILURES else max(1, math.ceil(began + WINDOW - now))


class Allowance:
    """Token buckets by key: `burst` at once, `rate` a second after that."""

    def __init__(self, burst: float, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left: dict[Hashable, tuple[float, float]] = {}  # key: what is left, when that was reckoned

    def take(self, key: Hashable, now: float) -> int | None:
        """Take one. None if there was one, else the whole seconds until there is."""
        left, at = self._left.pop(key, (self._burst, now))  # to stand at the end again, in the order of time
        left = min(self._burst, left + max(0.0, now - at) * self._rate)
        if len(self._left) >= MOST_ADDRESSES:
            del self._left[next(iter(self._left))]
        taken = left >= 1
        self._left[key] = (left - taken, now)
        return None if taken else max(1, math.ceil((1 - left) / self._rate))
