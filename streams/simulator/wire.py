"""Pictures to RTP packets in RTSP's interleaved frames, and RTCP sender reports. Pure.

Belongs here: bytes of RFC 6184 (packetization modes 0 and 1, as a camera sends them), RFC 3550 §5.1 and
§6.4.1, RFC 2326 §10.12. When and to whom is `dialogue.py`'s business.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

# A camera's usual packet: Ethernet's 1500 bytes less headers, rounded down.
MAX_PAYLOAD = 1400
PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


def nal_units(annex_b: bytes) -> list[bytes]:
    """Split an Annex B byte stream at its start codes (ITU-T H.264 annex B.1)."""
    units = []
    start = annex_b.find(b"\0\0\1")
    while start >= 0:
        following = annex_b.find(b"\0\0\1", start + 3)
        unit = annex_b[start + 3 : following if following >= 0 else len(annex_b)]
        if unit := unit.rstrip(b"\0"):
            units.append(unit)
        start = following
    return units


def payloads(units: Iterable[bytes], limit: int = MAX_PAYLOAD) -> list[bytes]:
    """RTP payloads of one picture: single NAL units, FU-A above `limit` bytes (RFC 6184 §5.6, §5.8)."""
    result: list[bytes] = []
    for unit in units:
        if len(unit) <= limit:
            result.append(unit)
            continue
        indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
        last = len(unit) - 1
        step = limit - 2
        for at in range(1, len(unit), step):
            first, end = at == 1, at + step > last
            result.append(bytes((indicator, first << 7 | end << 6 | kind)) + unit[at : at + step])
    return result


def rtp_packets(picture: Iterable[bytes], ssrc: int, sequence: int, time: int) -> list[bytes]:
    """RTP packets of one picture's payloads; the marker bit is on the last (RFC 6184 §5.1)."""
    chunks = list(picture)
    return [
        struct.pack(
            "!BBHII",
            0x80,
            PAYLOAD_TYPE | (0x80 if i == len(chunks) - 1 else 0),
            (sequence + i) & 0xFFFF,
            time & 0xFFFFFFFF,
            ssrc,
        )
        + chunk
        for i, chunk in enumerate(chunks)
    ]


def interleaved(channel: int, packets: Iterable[bytes]) -> bytes:
    """Frames of RFC 2326 §10.12: `$`, channel, length, packet."""
    return b"".join(struct.pack("!cBH", b"$", channel, len(packet)) + packet for packet in packets)


def sender_report(ssrc: int, utc: float, rtp_time: int, packets: int, octets: int, cname: str) -> bytes:
    """A compound RTCP packet: sender report and CNAME. `rtp_time` is the RTP time of the instant `utc`
    (Unix seconds)."""
    ntp = int((utc + _NTP_EPOCH) * (1 << 32)) & (1 << 64) - 1
    report = struct.pack(
        "!BBHIQIII",
        0x80,
        200,
        6,
        ssrc,
        ntp,
        rtp_time & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    item = bytes((1, len(cname))) + cname.encode()
    item += b"\0" * (4 - len(item) % 4)
    return report + struct.pack("!BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


def goodbye(ssrc: int) -> bytes:
    """RTCP BYE (RFC 3550 §6.6)."""
    return struct.pack("!BBHI", 0x81, 203, 1, ssrc)
