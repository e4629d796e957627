"""RTP time stamps on the wire, for one viewer. Pure.

All viewers of a camera see the same stamp for the same picture: the low 32 bits of its `media_time`. That is
how a page can compare the picture shown with the newest one announced. Only a replay of pictures that a
viewer was sent before needs stamps of its own, because a receiver takes a stamp once; they fit in before the
next picture.
"""

from __future__ import annotations

from collections.abc import Sequence

_STEP = 90
"""Ticks (1 ms) between replayed pictures where there is room: enough to be told apart, gone in no time."""
_TYPICAL_INTERVAL = 3600
"""Ticks between pictures while nothing better is known: 25 pictures a second."""


class Timeline:
    """Media times (90 kHz, unwrapped) of one camera to strictly increasing stamps (unwrapped as well)."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: int | None = None

    def live(self, media_time: int) -> int:
        """The stamp of the next picture: its media time, but later than all stamps before."""
        last = self.last
        self.last = media_time if last is None or media_time > last else last + 1
        return self.last

    def replay(self, media_times: Sequence[int]) -> list[int]:
        """The stamps of a group of pictures that is sent at once, oldest first: squeezed together, ending
        with the true stamp of the newest picture if that is still to come, and else before its successor is
        due.

        With stamps as far apart as the pictures were taken, a receiver that was asked for a delay would take
        the stream for one that is seconds early, and hold the live picture back for as long.
        """
        stamps = squeeze(media_times, self.last)
        if stamps:
            self.last = stamps[-1]
        return stamps


def squeeze(media_times: Sequence[int], last: int | None) -> list[int]:
    """Strictly increasing stamps for `media_times` (strictly increasing), all later than `last`."""
    if not media_times:
        return []
    count = len(media_times)
    newest = media_times[-1]
    if last is None:
        return [newest - _STEP * (count - 1 - index) for index in range(count)]
    if newest - last >= count:
        step = min(_STEP, (newest - last) // count)
        return [newest - step * (count - 1 - index) for index in range(count)]
    interval = (newest - media_times[0]) // (count - 1) if count > 1 else _TYPICAL_INTERVAL
    # Half of the interval: cameras are not punctual, and the next picture must not have to be moved.
    step = max(1, min(_STEP, interval // 2 // count))
    return [last + step * (index + 1) for index in range(count)]
