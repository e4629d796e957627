"""One picture on its way to many viewers: packetized once, laid out once per kind of viewer.

Belongs here: what all viewers share. What differs between them (SSRC, sequence number, keys) is
`relay/sender.py`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from relay.extensions import ExtensionBlock
from relay.packetize import RTP_HEADER, packetize
from streams.access_unit import AccessUnit

MOST_SEGMENTS = 54
"""Datagrams in one system call: 54 of 1,200 bytes fit into the 65,507 that UDP carries; the kernel's own
limit is 64 (UDP_MAX_SEGMENTS)."""

_MARKER = 0x80
_head = struct.Struct("!BB").pack


@dataclass(frozen=True, slots=True)
class Shape:
    """What packets of different viewers must have in common to be prepared together.

    overhead: bytes that SRTP adds to each packet.
    """

    payload_type: int
    extensions: ExtensionBlock
    overhead: int


@dataclass(frozen=True, slots=True)
class Run:
    """Packets that leave in one system call: all of one size, the last may be shorter.

    template: the packets one every `stride` bytes, zeros where sequence number, time stamp, SSRC and SRTP
    tag go. first: index of the first packet within the picture. length, last: bytes of each packet and of
    the last one, before SRTP.
    """

    template: bytes
    first: int
    count: int
    length: int
    last: int
    stride: int


class Picture:
    """An access unit with its RTP payloads, made when first asked for, and the prepared runs of the
    moment."""

    __slots__ = ("_payloads", "_refused", "_runs", "unit")

    def __init__(self, unit: AccessUnit) -> None:
        self.unit = unit
        self._payloads: tuple[bytes, ...] | None = None
        self._refused = 0
        self._runs: dict[Shape, tuple[Run, ...]] = {}

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """RTP payloads in order; empty where the camera sent nothing that can be sent on."""
        if self._payloads is None:
            made = packetize(self.unit.nal_units)
            self._payloads, self._refused = made.payloads, made.refused
        return self._payloads

    @property
    def refused(self) -> int:
        """NAL units that could not be sent on."""
        _ = self.payloads
        return self._refused

    def runs(self, shape: Shape, now: float) -> tuple[Run, ...]:
        """The packets for viewers of this shape, prepared at the first call and kept until `release`."""
        runs = self._runs.get(shape)
        if runs is None:
            runs = self._runs[shape] = lay_out(self.payloads, shape, now)
        return runs

    def release(self) -> None:
        """Forget the prepared runs: history needs the payloads only."""
        self._runs.clear()


def lay_out(payloads: tuple[bytes, ...], shape: Shape, now: float) -> tuple[Run, ...]:
    """Payloads to runs. `now`: seconds, for the absolute send time."""
    block = shape.extensions.at(now)
    first_byte = 0x90 if block else 0x80
    rest = bytes(RTP_HEADER - 2) + block
    header = _head(first_byte, shape.payload_type) + rest
    marked = _head(first_byte, shape.payload_type | _MARKER) + rest
    tail = bytes(shape.overhead)
    runs = []
    final = len(payloads) - 1
    for first, end in _equal_sizes(payloads):
        parts: list[bytes] = []
        for index in range(first, end):
            parts += (marked if index == final else header, payloads[index], tail)
        length = len(header) + len(payloads[first])
        runs.append(
            Run(
                template=b"".join(parts),
                first=first,
                count=end - first,
                length=length,
                last=len(header) + len(payloads[end - 1]),
                stride=length + shape.overhead,
            )
        )
    return tuple(runs)


def _equal_sizes(payloads: tuple[bytes, ...]) -> list[tuple[int, int]]:
    """Index ranges (first, end) of payloads of one size, where the last of a range may be shorter."""
    ranges = []
    first = 0
    for index in range(1, len(payloads) + 1):
        if (
            index == len(payloads)
            or len(payloads[index]) > len(payloads[first])
            or len(payloads[index - 1]) < len(payloads[first])
            or index - first == MOST_SEGMENTS
        ):
            ranges.append((first, index))
            first = index
    return ranges
