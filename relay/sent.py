"""Which packet of which picture left under which sequence number, for one viewer. Pure.

A retransmitted packet must be the same to the last bit (SRTP uses its key stream once), so the stamp is kept
too. The payload itself is in the history that all viewers share.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

DEPTH = 512
"""Runs that are remembered: a few seconds of live video and a replay of a long group of pictures."""


@dataclass(frozen=True, slots=True)
class SentPacket:
    """number: of the access unit. index: of the payload within the picture. stamp: RTP time on the wire."""

    number: int
    index: int
    stamp: int


class SentPackets:
    """The newest `depth` runs in fixed arrays: about 20 kB, whatever is sent."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._first = array("q", bytes(8 * depth))
        self._count = array("H", bytes(2 * depth))
        self._index = array("H", bytes(2 * depth))
        self._number = array("q", bytes(8 * depth))
        self._stamp = array("I", bytes(4 * depth))
        self._written = 0

    def add(self, first: int, count: int, number: int, index: int, stamp: int) -> None:
        """`count` packets from sequence number `first` (unwrapped, increasing from call to call)."""
        slot = self._written % self._depth
        self._first[slot] = first
        self._count[slot] = count
        self._number[slot] = number
        self._index[slot] = index
        self._stamp[slot] = stamp
        self._written += 1

    def find(self, sequence: int) -> SentPacket | None:
        """What left under this sequence number (unwrapped); None: too old, or never."""
        low, high = max(0, self._written - self._depth), self._written
        while low < high:  # the newest run that begins at or before it
            middle = (low + high) // 2
            if self._first[middle % self._depth] <= sequence:
                low = middle + 1
            else:
                high = middle
        if low == max(0, self._written - self._depth):
            return None
        slot = (low - 1) % self._depth
        offset = sequence - self._first[slot]
        if offset >= self._count[slot]:
            return None
        return SentPacket(self._number[slot], self._index[slot] + offset, self._stamp[slot])


def unwrap(sequence: int, next_sequence: int) -> int:
    """The 16-bit `sequence` as the newest unwrapped number before `next_sequence` that it can mean."""
    return next_sequence - 1 - ((next_sequence - 1 - sequence) & 0xFFFF)
