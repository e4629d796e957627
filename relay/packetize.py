"""A coded picture to RTP payloads (RFC 6184, packetization-mode 1). Pure.

Belongs here: which payloads a picture becomes. Not here: RTP headers (`relay/picture.py`), sequence numbers
and sending (`relay/sender.py`).

Fragments are as large as the limit allows and only the last one of a NAL unit is shorter, because that is
what lets the kernel cut a whole picture out of one buffer (UDP_SEGMENT wants equal sizes, the last may be
shorter).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PACKET_LIMIT = 1200
"""Bytes of the largest RTP packet on the wire, RTP header, header extension and SRTP tag included."""
RTP_HEADER = 12
EXTENSION_LIMIT = 20
"""Bytes of the largest header extension block, its own four bytes of header included."""
SRTP_TAG_LIMIT = 16
RTX_HEADER = 2
"""Bytes of the original sequence number in front of a retransmitted payload (RFC 4588 §4)."""
PAYLOAD_LIMIT = PACKET_LIMIT - RTP_HEADER - EXTENSION_LIMIT - SRTP_TAG_LIMIT - RTX_HEADER

_STAP_A = 24
_FU_A = 28
_START, _END = 0x80, 0x40
# Access unit delimiter, end of sequence, end of stream, filler: RTP says all of it already (RFC 6184 §6.x
# lets a sender leave them out), and a decoder must not see "end of sequence" in the middle of a live picture.
_LEFT_OUT = frozenset({9, 10, 11, 12})


@dataclass(frozen=True, slots=True)
class Payloads:
    """The RTP payloads of one picture, in order, and how many NAL units could not be sent at all (empty,
    forbidden bit set, or of a type that means something else in RTP)."""

    payloads: tuple[bytes, ...]
    refused: int


def packetize(nal_units: Iterable[bytes], limit: int = PAYLOAD_LIMIT) -> Payloads:
    """Payloads of at most `limit` bytes: single NAL unit, STAP-A where several small ones fit into one (as
    SPS and PPS do), FU-A where one is too large (RFC 6184 §5.6, §5.7.1, §5.8)."""
    if limit < 4:
        raise ValueError(f"no NAL unit can be fragmented into payloads of {limit} bytes")
    payloads: list[bytes] = []
    small: list[bytes] = []
    small_size = 1
    refused = 0
    for nal in nal_units:
        if not _can_be_sent(nal):
            refused += 1
            continue
        if nal[0] & 0x1F in _LEFT_OUT:
            continue
        if small and small_size + 2 + len(nal) > limit:
            payloads.append(_aggregate(small))
            small, small_size = [], 1
        if len(nal) > limit:
            payloads += _fragment(nal, limit)
        elif 3 + len(nal) > limit:
            payloads.append(nal)
        else:
            small.append(nal)
            small_size += 2 + len(nal)
    if small:
        payloads.append(_aggregate(small))
    return Payloads(tuple(payloads), refused)


def _can_be_sent(nal: bytes) -> bool:
    # Types 24 to 31 would be read as aggregation or fragmentation by the receiver, 0 is undefined.
    return bool(nal) and nal[0] < 0x80 and 0 < nal[0] & 0x1F < _STAP_A


def _aggregate(nals: Sequence[bytes]) -> bytes:
    if len(nals) == 1:
        return nals[0]
    importance = max(nal[0] & 0x60 for nal in nals)
    parts = [bytes((importance | _STAP_A,))]
    for nal in nals:
        parts += (struct.pack("!H", len(nal)), nal)
    return b"".join(parts)


def _fragment(nal: bytes, limit: int) -> list[bytes]:
    indicator = nal[0] & 0x60 | _FU_A
    kind = nal[0] & 0x1F
    room = limit - 2
    last = 1 + (len(nal) - 2) // room * room
    first_header = bytes((indicator, kind | _START))
    header = bytes((indicator, kind))
    last_header = bytes((indicator, kind | _END))
    fragments = [header + nal[at : at + room] for at in range(1 + room, last, room)]
    return [first_header + nal[1 : 1 + room], *fragments, last_header + nal[last:]]
