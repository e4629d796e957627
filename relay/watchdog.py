"""Whether a viewer is starved: its camera sends keyframes and nothing of them leaves. Pure.

A connection that stands says nothing about pictures: a fault in what sends them would leave a tile for ever
as it is, with every state in order. What counts is packets that left. A keyframe is what every viewer can be
sent, so a camera that is silent, or whose next keyframe is far away, starves nobody.
"""

from __future__ import annotations

PATIENCE = 10.0
"""Seconds after a keyframe of which nothing left. A link that is dead has ended the viewer before that."""
LOOK_S = 1.0
"""Seconds between two looks."""


class Watchdog:
    """One viewer's. `now`: monotonic seconds."""

    def __init__(self) -> None:
        self._packets = -1
        self._on: str | None = None
        self._keyframe: tuple[str, int] | None = None
        self._owed_since: float | None = None

    def starved(self, now: float, packets: int, keyframe: tuple[str, int] | None) -> bool:
        """packets: sent so far. keyframe: the newest of the rendition that the viewer is on (its name and the
        picture's number), None while there is none."""
        on = keyframe[0] if keyframe is not None else None
        changed = on is None or self._on not in (None, on)
        if packets != self._packets or changed:
            self._packets, self._keyframe, self._owed_since = packets, keyframe, None
            self._on = on
            return False
        self._on = on
        if self._owed_since is None and keyframe != self._keyframe:
            self._owed_since = now
        return self._owed_since is not None and now - self._owed_since >= PATIENCE
