"""RTCP as bytes (RFC 3550 §6, 3611, 4585, 5104, REMB, transport-wide feedback). Pure.

Belongs here: building what a sender of video says, reading what a viewer says. `parse` raises ValueError and
nothing else, whatever it is given, and its cost is bounded by the size of a datagram.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK, _TRANSPORT_FEEDBACK = 1, 15
_PLI, _FIR, _APPLICATION = 1, 4, 15
_XR = 207
_REFERENCE_TIME, _DELAY_SINCE = 4, 5
_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900-01-01 to 1970-01-01."""
LONGEST = 1500
"""Bytes of the longest compound that is read."""
MOST_LOST = 1024
"""Sequence numbers of one NACK that are read; a viewer that misses more than these needs a fresh start."""
MOST_STATUSES = 2048
"""Packets that one transport-wide feedback may speak of."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One reception report (RFC 3550 §6.4.1).

    fraction_lost: 0 to 1, since the last report. cumulative_lost: packets, may be negative by duplicates.
    highest: extended highest sequence number. jitter: RTP ticks. last_report: middle 32 bits of the NTP time
    of the last SR, 0 if none. delay: seconds since that SR came.
    """

    ssrc: int
    fraction_lost: float
    cumulative_lost: int
    highest: int
    jitter: int
    last_report: int
    delay: float


@dataclass(frozen=True, slots=True)
class Report:
    """Receiver report, or the report blocks of a sender report."""

    sender: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers (16 bits) of `media` that are missing (RFC 4585 §6.2.1), in the order of the
    message."""

    media: int
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLoss:
    """PLI (RFC 4585 §6.3.1)."""

    media: int


@dataclass(frozen=True, slots=True)
class FullIntra:
    """FIR for `media` (RFC 5104 §4.3.1). A repeated `number` repeats the request, it is not a new one."""

    media: int
    number: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """REMB (draft-alvestrand-rmcat-remb-03): bit/s that the receiver believes its link to carry."""

    bitrate: float
    media: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

    arrivals: transport-wide sequence number (16 bits) and time of arrival, seconds by a clock of the
    receiver's own that wraps every 12.4 days; None: not arrived.
    """

    count: int
    arrivals: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True, slots=True)
class Goodbye:
    """BYE (RFC 3550 §6.6)."""

    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReceiverTime:
    """Receiver reference time (RFC 3611 §4.4): `receiver`, who sends no media, wants to know its round trip.
    ntp: 64 bits, by its own clock."""

    receiver: int
    ntp: int


Message = Report | Nack | PictureLoss | FullIntra | Estimate | TransportFeedback | Goodbye | ReceiverTime


def to_ntp(utc: float) -> int:
    """UTC seconds as a 64-bit NTP time stamp."""
    return int((utc + _NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def sender_report(ssrc: int, ntp: int, stamp: int, packets: int, octets: int) -> bytes:
    """SR without report blocks. `ntp` (64 bits) and `stamp` (RTP time) are one instant; `octets`: payload."""
    return struct.pack(
        "!BBHIQIII",
        0x80,
        _SR,
        6,
        ssrc,
        ntp,
        stamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )


def receiver_report(ssrc: int) -> bytes:
    """RR without report blocks: what a compound packet begins with when there is nothing else to report."""
    return struct.pack("!BBHI", 0x80, _RR, 1, ssrc)


def source_description(ssrc: int, cname: str) -> bytes:
    """SDES with the one item that is required (RFC 3550 §6.5.1). `cname`: at most 255 bytes of UTF-8."""
    name = cname.encode()
    if len(name) > 255:
        raise ValueError("a CNAME has at most 255 bytes")
    chunk = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    chunk += bytes(-len(chunk) % 4)
    return struct.pack("!BBH", 0x81, _SDES, len(chunk) // 4) + chunk


def delay_since(ssrc: int, asked: ReceiverTime, delay: float) -> bytes:
    """XR with one DLRR block (RFC 3611 §4.5): what answers `asked`, which came `delay` seconds ago."""
    ticks = min(max(round(delay * 65_536), 0), 0xFFFFFFFF)
    middle = asked.ntp >> 16 & 0xFFFFFFFF
    return struct.pack("!BBHIBBHIII", 0x80, _XR, 5, ssrc, _DELAY_SINCE, 0, 3, asked.receiver, middle, ticks)


def goodbye(ssrc: int) -> bytes:
    """BYE of one source."""
    return struct.pack("!BBHI", 0x81, _BYE, 1, ssrc)


def parse(compound: bytes) -> list[Message]:
    """The messages of a compound packet that concern a sender of video; other kinds are passed over.

    ValueError where it is not RTCP or contradicts itself.
    """
    if len(compound) > LONGEST:
        raise ValueError("RTCP longer than a datagram")
    messages: list[Message] = []
    at = 0
    while at < len(compound):
        if len(compound) - at < 4:
            raise ValueError("RTCP header cut off")
        first, kind, words = struct.unpack_from("!BBH", compound, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(compound):
            raise ValueError("RTCP version or length wrong")
        body = compound[at + 4 : end]
        if first & 0x20:
            if not body or not 0 < body[-1] <= len(body):
                raise ValueError("RTCP padding wrong")
            body = body[: -body[-1]]
        message = _parse_one(kind, first & 0x1F, body)
        if message is not None:
            messages.append(message)
        at = end
    return messages


def _parse_one(kind: int, count: int, body: bytes) -> Message | None:
    if kind == _SR:
        return _report(count, body, 24)
    if kind == _RR:
        return _report(count, body, 4)
    if kind == _BYE:
        if len(body) < 4 * count:
            raise ValueError("BYE cut off")
        return Goodbye(struct.unpack_from(f"!{count}I", body))
    if kind == _XR:
        return _receiver_time(body)
    if kind not in (_RTPFB, _PSFB):
        return None
    if len(body) < 8:
        raise ValueError("feedback cut off")
    (media,) = struct.unpack_from("!I", body, 4)
    if kind == _RTPFB and count == _NACK:
        return _nack(media, body)
    if kind == _RTPFB and count == _TRANSPORT_FEEDBACK:
        return _transport_feedback(body)
    if kind == _PSFB and count == _PLI:
        return PictureLoss(media)
    if kind == _PSFB and count == _FIR:
        return _full_intra(body)
    if kind == _PSFB and count == _APPLICATION and body[8:12] == b"REMB":
        return _estimate(body)
    return None


def _receiver_time(body: bytes) -> ReceiverTime | None:
    """The first reference time among the blocks of an XR."""
    if len(body) < 4:
        raise ValueError("XR cut off")
    at = 4
    while at < len(body):
        if len(body) - at < 4:
            raise ValueError("XR block cut off")
        kind, _, words = struct.unpack_from("!BBH", body, at)
        end = at + 4 + 4 * words
        if end > len(body) or (kind == _REFERENCE_TIME and words != 2):
            raise ValueError("XR block of a wrong length")
        if kind == _REFERENCE_TIME:
            (receiver,), (ntp,) = struct.unpack_from("!I", body), struct.unpack_from("!Q", body, at + 4)
            return ReceiverTime(receiver, ntp)
        at = end
    return None


def _report(count: int, body: bytes, head: int) -> Report:
    if len(body) < head + 24 * count:
        raise ValueError("report blocks cut off")
    blocks = []
    for index in range(count):
        ssrc, lost, highest, jitter, last, delay = struct.unpack_from("!6I", body, head + 24 * index)
        cumulative = lost & 0xFFFFFF
        if cumulative & 0x800000:
            cumulative -= 1 << 24
        blocks.append(ReportBlock(ssrc, (lost >> 24) / 256, cumulative, highest, jitter, last, delay / 65536))
    return Report(struct.unpack_from("!I", body)[0], tuple(blocks))


def _nack(media: int, body: bytes) -> Nack:
    if len(body) % 4:
        raise ValueError("NACK cut off")
    lost: list[int] = []
    for at in range(8, len(body), 4):
        first, mask = struct.unpack_from("!HH", body, at)
        lost.append(first)
        lost.extend((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
        if len(lost) > MOST_LOST:
            break
    return Nack(media, tuple(lost[:MOST_LOST]))


def _full_intra(body: bytes) -> FullIntra:
    if len(body) < 16:
        raise ValueError("FIR cut off")
    media, number = struct.unpack_from("!IB", body, 8)
    return FullIntra(media, number)


def _estimate(body: bytes) -> Estimate:
    if len(body) < 16 or len(body) < 16 + 4 * body[12]:
        raise ValueError("REMB cut off")
    bits = int.from_bytes(body[13:16], "big")
    bitrate = float((bits & 0x3FFFF) << (bits >> 18))
    return Estimate(bitrate, struct.unpack_from(f"!{body[12]}I", body, 16))


def _transport_feedback(body: bytes) -> TransportFeedback:
    if len(body) < 16:
        raise ValueError("transport feedback cut off")
    base, total = struct.unpack_from("!HH", body, 8)
    reference = int.from_bytes(body[12:15], "big", signed=True)
    if total > MOST_STATUSES:
        raise ValueError("transport feedback about too many packets")
    statuses: list[int] = []
    at = 16
    while len(statuses) < total:
        if at + 2 > len(body):
            raise ValueError("transport feedback cut off")
        (chunk,) = struct.unpack_from("!H", body, at)
        at += 2
        if not chunk & 0x8000:
            statuses += [chunk >> 13 & 3] * min(chunk & 0x1FFF, total - len(statuses))
            if not chunk & 0x1FFF:
                raise ValueError("transport feedback with a run of nothing")
        elif chunk & 0x4000:
            statuses += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            statuses += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    clock = reference * 0.064
    arrivals: list[tuple[int, float | None]] = []
    for offset, status in enumerate(statuses[:total]):
        size = (0, 1, 2, 2)[status]
        if at + size > len(body):
            raise ValueError("transport feedback cut off")
        arrived: float | None = None
        if size:
            clock += int.from_bytes(body[at : at + size], "big", signed=size == 2) * 0.00025
            at += size
            arrived = clock
        arrivals.append(((base + offset) & 0xFFFF, arrived))
    return TransportFeedback(body[15], tuple(arrivals))
