"""Which packet of which picture left under which sequence number, for one viewer. Pure.

A retransmitted packet must be the same to the last bit (SRTP uses its key stream once), so the stamp is kept
too. The payload itself is in the history that all viewers share.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

DEPTH = 512
"""Runs that are remembered: a few seconds of live video and a replay of a long group of pictures."""


_RUN = struct.Struct("=qqIHH")  # first sequence number, access unit, stamp, packets, index of the first
_write = _RUN.pack_into


@dataclass(frozen=True, slots=True)
class SentPacket:
    """number: of the access unit. index: of the payload within the picture. stamp: RTP time on the wire."""

    number: int
    index: int
    stamp: int


class SentPackets:
    """The newest `depth` runs in one fixed block: about 12 kB, whatever is sent. One block, no column for
    each value: a picture to many viewers touches the memory of each of them."""

    __slots__ = ("_depth", "_runs", "_written")

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._runs = bytearray(_RUN.size * depth)
        self._written = 0

    def add(self, first: int, count: int, number: int, index: int, stamp: int) -> None:
        """`count` packets from sequence number `first` (unwrapped, increasing from call to call)."""
        _write(self._runs, self._written % self._depth * _RUN.size, first, number, stamp, count, index)
        self._written += 1

    def find(self, sequence: int) -> SentPacket | None:
        """What left under this sequence number (unwrapped); None: too old, or never."""
        low, high = max(0, self._written - self._depth), self._written
        while low < high:  # the newest run that begins at or before it
            middle = (low + high) // 2
            if self._read(middle)[0] <= sequence:
                low = middle + 1
            else:
                high = middle
        if low == max(0, self._written - self._depth):
            return None
        first, number, stamp, count, index = self._read(low - 1)
        offset = sequence - first
        if offset >= count:
            return None
        return SentPacket(number, index + offset, stamp)

    def _read(self, run: int) -> tuple[int, int, int, int, int]:
        first, number, stamp, count, index = _RUN.unpack_from(self._runs, run % self._depth * _RUN.size)
        return first, number, stamp, count, index


def unwrap(sequence: int, next_sequence: int) -> int:
    """The 16-bit `sequence` as the newest unwrapped number before `next_sequence` that it can mean."""
    return next_sequence - 1 - ((next_sequence - 1 - sequence) & 0xFFFF)
