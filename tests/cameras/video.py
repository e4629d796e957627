"""H.264 made up for tests: real parameter sets, slices with true headers and no sense inside, RTP packets.

Nothing here decodes to a picture; it is for everything in front of a decoder.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SPS_768 = bytes.fromhex(
    "6742801696540601bd3506060640000003004000000661"
)  # car-detection.mp4: 768x432, 12.5/s
PPS_768 = bytes.fromhex("68ce3520")
SPS_640 = bytes.fromhex("67420c1e8c8d40501e900f08846a")  # 640x480 baseline, of an encoder without VUI
PPS_640 = bytes.fromhex("68ce3c80")  # goes with it
NTP_EPOCH = 2_208_988_800


def idr_slice(size: int = 3000, seed: int = 0) -> bytes:
    """An IDR slice NAL unit: first_mb 0, slice type I; no start code inside."""
    return b"\x65\x88" + _filler(size - 2, seed)


def p_slice(size: int = 800, seed: int = 0, first: bool = True) -> bytes:
    """A non-IDR slice NAL unit: slice type P; `first` has first_mb 0."""
    return (b"\x41\x9a" if first else b"\x41\x26") + _filler(size - 2, seed)


def b_slice(size: int = 300, seed: int = 0) -> bytes:
    """A B slice, not referred to: first_mb 0, slice_type 6 (1, 00111)."""
    return b"\x01\x9e" + _filler(size - 2, seed)


def _filler(size: int, seed: int) -> bytes:
    return bytes(random.Random(seed).choices(range(1, 256), k=max(0, size)))


def single(nal: bytes) -> list[bytes]:
    """One payload: a single NAL unit packet."""
    return [nal]


def fu_a(nal: bytes, most: int = 1400) -> list[bytes]:
    """FU-A payloads of at most `most` bytes (RFC 6184 §5.8)."""
    indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
    parts = [nal[at : at + most - 2] for at in range(1, len(nal), most - 2)]
    return [
        bytes((indicator, kind | (0x80 if i == 0 else 0) | (0x40 if i == len(parts) - 1 else 0))) + part
        for i, part in enumerate(parts)
    ]


def stap_a(nals: Sequence[bytes]) -> bytes:
    """A STAP-A payload (§5.7.1)."""
    return b"\x78" + b"".join(struct.pack("!H", len(nal)) + nal for nal in nals)


def payloads(nals: Sequence[bytes], most: int = 1400) -> list[bytes]:
    """Each NAL unit as one packet, or fragmented where it is too large."""
    found: list[bytes] = []
    for nal in nals:
        found += [nal] if len(nal) <= most else fu_a(nal, most)
    return found


@dataclass
class RtpWriter:
    """Numbers packets and stamps pictures."""

    ssrc: int = 0x1234
    sequence: int = 100
    timestamp: int = 90_000
    payload_type: int = 96

    def packet(self, payload: bytes, marker: bool, *, timestamp: int | None = None) -> bytes:
        """The next RTP packet."""
        stamp = self.timestamp if timestamp is None else timestamp
        kind = self.payload_type | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, kind, self.sequence, stamp & 0xFFFFFFFF, self.ssrc)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return header + payload

    def picture(self, nals: Sequence[bytes], most: int = 1400) -> list[bytes]:
        """A picture's packets, the marker on the last."""
        parts = payloads(nals, most)
        return [self.packet(part, index == len(parts) - 1) for index, part in enumerate(parts)]

    def sender_report(self, utc: float) -> bytes:
        """An RTCP SR that gives `utc` to the current time stamp."""
        ntp = round((utc + NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        return struct.pack("!BBHIQIII", 0x80, 200, 6, self.ssrc, ntp, self.timestamp & 0xFFFFFFFF, 0, 0)


def pictures(
    writer: RtpWriter, *, gop: int = 10, in_band: bool = True, step: int = 9000, idr_bytes: int = 3000
) -> Iterator[list[bytes]]:
    """Pictures without end, as RTP packets; the time stamp moves on by `step` after each."""
    number = 0
    while True:
        if number % gop == 0:
            sets = [SPS_768, PPS_768] if in_band else []
            nals = [*sets, idr_slice(idr_bytes, number)]
        else:
            nals = [p_slice(800, number)]
        yield writer.picture(nals)
        writer.timestamp = (writer.timestamp + step) & 0xFFFFFFFF
        number += 1


def interleaved(channel: int, packet: bytes) -> bytes:
    """An interleaved frame (RFC 2326 §10.12)."""
    return b"$" + bytes((channel,)) + struct.pack("!H", len(packet)) + packet
