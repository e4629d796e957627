"""Links on which viewers met a limit, so that the next viewer begins within it. Pure.

Belongs here: remembering, for a while, within bounds. Not here: what is a limit (`relay/adaptation.py`).

A tablet that opens nine cameras, or that comes back after a lost connection, is behind the same link as a
moment ago. A vehicle so needs no setting that a control room does not need.
"""

from __future__ import annotations

from collections.abc import Hashable

LINK_KNOWN_S = 300.0
"""Seconds that a limit is remembered."""
MOST_LINKS = 1024
"""Links that are remembered."""


class KnownLinks:
    """Limits in bit/s by whoever sits behind the link. `now`: monotonic seconds."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, float]] = {}

    def learn(self, whose: Hashable, bps: float, now: float) -> None:
        """The link carries `bps` at most."""
        self._known.pop(whose, None)
        while len(self._known) >= MOST_LINKS:
            del self._known[next(iter(self._known))]
        self._known[whose] = (bps, now)

    def find(self, whose: Hashable, now: float) -> float | None:
        """The limit, or None where none was met lately."""
        bps, learnt = self._known.get(whose, (0.0, now - LINK_KNOWN_S))
        return bps if now - learnt < LINK_KNOWN_S else None
