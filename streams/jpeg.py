"""JPEG facts: quantization tables and the header that RTP leaves out (RFC 2435 §4 and appendices A and B,
ITU-T T.81 annex K). Pure: numbers in, bytes out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

# T.81 tables K.1 and K.2, in zigzag order as DQT wants them.
_LUMA = (
    *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
    *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
    *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
    *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
)
_CHROMA = (
    *(17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99),
    *(99,) * 48,
)
# T.81 tables K.3 to K.6: counts by code length, then values; class and destination in front.
_HUFFMAN = tuple(
    bytes.fromhex(table)
    for table in (
        "00 00010501010101010100000000000000 000102030405060708090a0b",
        "10 0002010303020403050504040000017d 01020300041105122131410613516107227114328191a1082342b1c1"
        "1552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465"
        "666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9ba"
        "c2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
        "01 00030101010101010101010000000000 000102030405060708090a0b",
        "11 00020102040403040705040400010277 0001020311040521310612415107617113223281081442 91a1b1c10923"
        "3352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465"
        "666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9"
        "bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    )
)
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class JpegFormat:
    """The size of a JPEG video's pictures."""

    width: int
    height: int
    frames_per_second: float | None = None
    may_reorder: bool = False


def standard_tables(q: int) -> bytes:
    """Luma and chroma table, 64 bytes each, of a Q from 1 to 99 (RFC 2435 §4.2); others are clamped."""
    q = max(1, min(99, q))
    factor = 5000 // q if q < 50 else 200 - 2 * q
    return bytes(max(1, min(255, (step * factor + 50) // 100)) for step in _LUMA + _CHROMA)


def jfif_header(
    kind: int, width: int, height: int, tables: bytes, precision: int, restart_interval: int
) -> bytes:
    """Everything of a JFIF picture in front of the coded scan.

    kind: 0 for 4:2:2, 1 for 4:2:0 (§4.1). tables: one quantization table for all components, or one for luma
    and one for chroma; bit n of `precision` says that table n has 16-bit steps. Raises `ValueError` where
    the tables do not have the length that this takes.
    """
    sizes = [128 if precision & 1 else 64, 128 if precision & 2 else 64]
    if len(tables) == sizes[0]:
        parts = [tables]
    elif len(tables) == sum(sizes):
        parts = [tables[: sizes[0]], tables[sizes[0] :]]
    else:
        raise ValueError("quantization tables of another length than announced")
    segments = [b"\xff\xd8", _JFIF]
    for number, table in enumerate(parts):
        segments.append(_segment(0xDB, bytes(((len(table) // 128 << 4) | number,)) + table))
    if restart_interval:
        segments.append(_segment(0xDD, struct.pack("!H", restart_interval)))
    chroma = len(parts) - 1
    sampling = 0x22 if kind else 0x21
    frame = struct.pack("!BHHB", 8, height, width, 3)
    segments.append(_segment(0xC0, frame + bytes((1, sampling, 0, 2, 0x11, chroma, 3, 0x11, chroma))))
    segments += [_segment(0xC4, table) for table in _HUFFMAN]
    segments.append(_segment(0xDA, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0))))
    return b"".join(segments)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0xFF, marker, len(body) + 2) + body
