"""A coded picture to RTP payloads (H.264: RFC 6184, packetization-mode 1; H.265: RFC 7798). Pure.

Belongs here: which payloads a picture becomes. Not here: RTP headers (`relay/picture.py`), sequence numbers
and sending (`relay/sender.py`).

Fragments are as large as the limit allows and only the last one of a NAL unit is shorter, because that is
what lets the kernel cut a whole picture out of one buffer (UDP_SEGMENT wants equal sizes, the last may be
shorter).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

PACKET_LIMIT = 1200
"""Bytes of the largest RTP packet on the wire, RTP header, header extension and SRTP tag included."""
RTP_HEADER = 12
EXTENSION_LIMIT = 20
"""Bytes of the largest header extension block, its own four bytes of header included."""
SRTP_TAG_LIMIT = 16
RTX_HEADER = 2
"""Bytes of the original sequence number in front of a retransmitted payload (RFC 4588 §4)."""
PAYLOAD_LIMIT = PACKET_LIMIT - RTP_HEADER - EXTENSION_LIMIT - SRTP_TAG_LIMIT - RTX_HEADER

_START, _END = 0x80, 0x40


class Framing(Protocol):
    """How NAL units of one codec become payloads.

    header: bytes of the codec's NAL unit header. aggregation_overhead: bytes of an aggregation packet beside
    its units and their sizes.
    """

    header: int
    aggregation_overhead: int

    def is_allowed(self, nal: bytes) -> bool:
        """Whether a receiver would read it as the NAL unit that it is."""
        ...

    def is_needed(self, nal: bytes) -> bool:
        """Whether RTP does not say all of it already."""
        ...

    def aggregation_header(self, nals: Sequence[bytes]) -> bytes:
        """What stands in front of several small units in one payload."""
        ...

    def fragment_headers(self, nal: bytes) -> tuple[bytes, bytes, bytes]:
        """What stands in front of the first, of a middle and of the last part of a large unit."""
        ...


class _H264:
    """RFC 6184: single NAL unit, STAP-A (§5.7.1), FU-A (§5.8)."""

    header = 1
    aggregation_overhead = 1
    _STAP_A, _FU_A = 24, 28
    # Access unit delimiter, end of sequence, end of stream, filler: RTP says all of it already, and a decoder
    # must not see "end of sequence" in the middle of a live picture.
    _LEFT_OUT = frozenset({9, 10, 11, 12})

    def is_allowed(self, nal: bytes) -> bool:
        # Types 24 to 31 would be read as aggregation or fragmentation by the receiver, 0 is undefined.
        return bool(nal) and nal[0] < 0x80 and 0 < nal[0] & 0x1F < self._STAP_A

    def is_needed(self, nal: bytes) -> bool:
        return nal[0] & 0x1F not in self._LEFT_OUT

    def aggregation_header(self, nals: Sequence[bytes]) -> bytes:
        return bytes((max(nal[0] & 0x60 for nal in nals) | self._STAP_A,))

    def fragment_headers(self, nal: bytes) -> tuple[bytes, bytes, bytes]:
        indicator, kind = nal[0] & 0x60 | self._FU_A, nal[0] & 0x1F
        return bytes((indicator, kind | _START)), bytes((indicator, kind)), bytes((indicator, kind | _END))


class _H265:
    """RFC 7798: single NAL unit, aggregation packet (§4.4.2), fragmentation unit (§4.4.3); sent in decoding
    order, so without decoding order numbers (sprop-max-don-diff is 0)."""

    header = 2
    aggregation_overhead = 2
    _AP, _FU = 48, 49
    _LEFT_OUT = frozenset({35, 36, 37, 38})  # the same four as in H.264

    def is_allowed(self, nal: bytes) -> bool:
        return len(nal) > 2 and nal[0] < 0x80 and nal[0] >> 1 < self._AP and bool(nal[1] & 7)

    def is_needed(self, nal: bytes) -> bool:
        return nal[0] >> 1 not in self._LEFT_OUT

    def aggregation_header(self, nals: Sequence[bytes]) -> bytes:
        # The lowest layer and the lowest temporal id of its units.
        layer = min((nal[0] & 1) << 5 | nal[1] >> 3 for nal in nals)
        return bytes((self._AP << 1 | layer >> 5, (layer & 0x1F) << 3 | min(nal[1] & 7 for nal in nals)))

    def fragment_headers(self, nal: bytes) -> tuple[bytes, bytes, bytes]:
        head, kind = bytes((self._FU << 1 | nal[0] & 1, nal[1])), nal[0] >> 1
        return head + bytes((kind | _START,)), head + bytes((kind,)), head + bytes((kind | _END,))


FRAMINGS: Mapping[str, Framing] = {"H264": _H264(), "H265": _H265()}
"""By RTP encoding name: what can be sent as it is."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """The RTP payloads of one picture, in order, and how many NAL units could not be sent at all (empty,
    forbidden bit set, or of a type that means something else in RTP)."""

    payloads: tuple[bytes, ...]
    refused: int


def packetize(nal_units: Iterable[bytes], limit: int = PAYLOAD_LIMIT, codec: str = "H264") -> Payloads:
    """Payloads of at most `limit` bytes: single NAL unit, an aggregation where several small ones fit into
    one (as parameter sets do), fragments where one is too large. codec: one of `FRAMINGS`."""
    framing = FRAMINGS[codec]
    if limit < framing.header + 3:
        raise ValueError(f"no NAL unit can be fragmented into payloads of {limit} bytes")
    payloads: list[bytes] = []
    small: list[bytes] = []
    overhead = framing.aggregation_overhead
    small_size = overhead
    refused = 0
    for nal in nal_units:
        if not framing.is_allowed(nal):
            refused += 1
            continue
        if not framing.is_needed(nal):
            continue
        if small and small_size + 2 + len(nal) > limit:
            payloads.append(_aggregate(small, framing))
            small, small_size = [], overhead
        if len(nal) > limit:
            payloads += _fragment(nal, limit, framing)
        elif overhead + 2 + len(nal) > limit:
            payloads.append(nal)
        else:
            small.append(nal)
            small_size += 2 + len(nal)
    if small:
        payloads.append(_aggregate(small, framing))
    return Payloads(tuple(payloads), refused)


def _aggregate(nals: Sequence[bytes], framing: Framing) -> bytes:
    if len(nals) == 1:
        return nals[0]
    parts = [framing.aggregation_header(nals)]
    for nal in nals:
        parts += (struct.pack("!H", len(nal)), nal)
    return b"".join(parts)


def _fragment(nal: bytes, limit: int, framing: Framing) -> list[bytes]:
    first, middle, last = framing.fragment_headers(nal)
    begin, room = framing.header, limit - len(first)
    end = begin + (len(nal) - begin - 1) // room * room
    fragments = [middle + nal[at : at + room] for at in range(begin + room, end, room)]
    return [first + nal[begin : begin + room], *fragments, last + nal[end:]]
