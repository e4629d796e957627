"""How often an address has failed to authenticate lately. Pure; `now` is monotonic seconds.

Only failures count: a fire station, or all tablets of a carrier, may share one address, and whoever has a
good token is let in whatever his neighbours do.
"""

from __future__ import annotations

import math

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
