"""When packets left, set against what the viewer says it has: a queue shows before anything is lost. Pure.

A receiver report names the highest sequence number that has come (RFC 3550 §6.4.1), and Chromium sends one
with every estimate, five a second. The packet after that one had not come when the report was written; when
it left long ago, it stands in a queue. No single loss looks like that, since later packets come all the same,
and the round trip by sender reports says it only when the next of these has come through the queue.

Belongs here: how far behind the viewer is, and what the link carries meanwhile. Not here: what follows from
it (`relay/adaptation.py`).
"""

from __future__ import annotations

import struct
from collections import deque

from relay.sent import unwrap

KEPT = 128
"""Pictures whose departure is remembered: five seconds at 25 a second."""
AT_LEAST = 3
"""Pictures that must be on their way: fewer may be lost altogether, and a camera that is silent then would
look like a queue."""
APART_S = 0.1
"""Seconds between two reports that count as two: what waited while this machine stood still comes at once."""
RATE_S = 0.25
"""Seconds over which it is measured, at least, what the link carries."""

_PICTURE = struct.Struct("=dqq")  # when it left, number of the next packet, bytes that had left by then
_write = _PICTURE.pack_into


class Departures:
    """One viewer's. `now`: monotonic seconds; sequence numbers unwrapped.

    behind: seconds that the oldest packet under way had left ago when the viewer spoke: a round trip and what
    the queue adds, by the lower of the newest two reports. None before there are two.
    """

    __slots__ = ("_left", "_reports", "_written", "behind")

    def __init__(self) -> None:
        # One fixed block, as in `relay/sent.py`: the hot path writes, and looks at nothing that is old.
        self._left = bytearray(_PICTURE.size * KEPT)
        self._written = 0
        self._reports: deque[tuple[float, float, float]] = deque(maxlen=4)  # when, seconds behind, bytes
        self.behind: float | None = None

    def left(self, now: float, next_sequence: int, total: int) -> None:
        """A picture has left; the next packet has that number, and `total` bytes have left so far."""
        written = self._written
        _write(self._left, written % KEPT * _PICTURE.size, now, next_sequence, total)
        self._written = written + 1

    def reported(self, now: float, highest: int) -> None:
        """The viewer reports `highest` (of which the low 16 bits count) as the newest packet that came."""
        if not self._written or (self._reports and now - self._reports[-1][0] < APART_S):
            return
        later = self._read(self._written - 1)
        newest = unwrap(highest & 0xFFFF, later[1])
        came: float | None = None
        under_way = 0
        since = now
        for number in range(self._written - 1, max(self._written - KEPT, 0) - 1, -1):
            picture = at, end, total = self._read(number)
            if end <= newest + 1:
                # Of the picture that is coming, so many packets.
                share = (newest + 1 - end) / (later[1] - end) if later[1] > end else 0.0
                came = total + share * (later[2] - total)
                break
            under_way += 1
            since = at
            later = picture
        if came is None:  # of a picture that is forgotten
            return
        behind = now - since if under_way >= AT_LEAST else 0.0
        if self._reports:
            self.behind = min(behind, self._reports[-1][1])
        self._reports.append((now, behind, came))

    @property
    def carried(self) -> float | None:
        """Bit/s that came out of the queue lately, lost packets counted; None while there is no queue, or one
        that is too young."""
        if len(self._reports) < 2:
            return None
        end, _, came = self._reports[-1]
        for begin, behind, had_come in reversed(self._reports):
            if not behind:
                return None
            if end - begin >= RATE_S and came > had_come:
                return (came - had_come) * 8 / (end - begin)
        return None

    def _read(self, picture: int) -> tuple[float, int, int]:
        at, end, total = _PICTURE.unpack_from(self._left, picture % KEPT * _PICTURE.size)
        return at, end, total
