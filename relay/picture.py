"""One picture on its way to many viewers: packetized once, laid out once per kind of viewer.

Belongs here: what all viewers share. What differs between them (SSRC, sequence number, keys) is
`relay/sender.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from relay.extensions import ExtensionBlock
from relay.packetize import packetize
from streams.access_unit import AccessUnit

MOST_SEGMENTS = 54
"""Datagrams in one system call: 54 of 1,200 bytes fit into the 65,507 that UDP carries; the kernel's own
limit is 64 (UDP_MAX_SEGMENTS)."""

_MARKER = 0x80
_head = struct.Struct("!BBHII").pack


@dataclass(frozen=True, slots=True)
class Shape:
    """What packets of different viewers must have in common to be prepared together.

    payload_types: by codec, of those that the viewer takes. overhead: bytes that SRTP adds to each packet.
    key: equal for equal shapes, and quick to compare.
    """

    payload_types: Mapping[str, int]
    ssrc: int
    extensions: ExtensionBlock
    overhead: int
    key: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = (self.extensions.abs_send_time_at, self.extensions.transport_cc_at)
        key = repr(
            (sorted(self.payload_types.items()), self.ssrc, self.overhead, self.extensions.block, places)
        )
        object.__setattr__(self, "key", key.encode())


@dataclass(frozen=True, slots=True)
class Run:
    """Packets that leave in one system call: all of one size, the last may be shorter.

    template: the packets one every `stride` bytes, zeros where sequence number and SRTP tag go. first: index
    of the first packet within the picture. length, last: bytes of each packet and of the last one, before
    SRTP.
    """

    template: bytes
    first: int
    count: int
    length: int
    last: int
    stride: int


class Picture:
    """An access unit with its RTP payloads, made when first asked for, and the prepared runs of the
    moment. size: bytes of coded picture. codec: what it is coded in: one viewer's pictures may come in one
    and then in another."""

    __slots__ = ("_payloads", "_refused", "_runs", "codec", "size", "unit")

    def __init__(self, unit: AccessUnit, codec: str = "H264") -> None:
        self.unit = unit
        self.size = unit.size
        self.codec = codec
        self._payloads: tuple[bytes, ...] | None = None
        self._refused = 0
        self._runs: dict[tuple[bytes, int], tuple[Run, ...]] = {}

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """RTP payloads in order; empty where the camera sent nothing that can be sent on."""
        if self._payloads is None:
            made = packetize(self.unit.nal_units, codec=self.codec)
            self._payloads, self._refused = made.payloads, made.refused
        return self._payloads

    @property
    def refused(self) -> int:
        """NAL units that could not be sent on."""
        _ = self.payloads
        return self._refused

    def runs(self, shape: Shape, stamp: int, now: float) -> tuple[Run, ...]:
        """The packets for viewers of this shape, prepared at the first call and kept until `release`; none
        where they do not take the picture's codec.

        stamp: RTP time, unwrapped. now: seconds, for the absolute send time.
        """
        key = (shape.key, stamp)
        runs = self._runs.get(key)
        if runs is None:
            runs = self._runs[key] = self._lay_out(shape, stamp, now)
        return runs

    def release(self) -> None:
        """Forget the prepared runs: history needs the payloads only."""
        self._runs.clear()

    def _lay_out(self, shape: Shape, stamp: int, now: float) -> tuple[Run, ...]:
        kind = shape.payload_types.get(self.codec)
        return () if kind is None else lay_out(self.payloads, shape, kind, stamp, now)


def lay_out(payloads: tuple[bytes, ...], shape: Shape, kind: int, stamp: int, now: float) -> tuple[Run, ...]:
    """Payloads to runs of payload type `kind`, see `Picture.runs`."""
    block = shape.extensions.at(now)
    first_byte = 0x90 if block else 0x80
    header = _head(first_byte, kind, 0, stamp & 0xFFFFFFFF, shape.ssrc) + block
    marked = _head(first_byte, kind | _MARKER, 0, stamp & 0xFFFFFFFF, shape.ssrc) + block
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
