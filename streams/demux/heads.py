"""What the first bytes of a coded picture say, where FFmpeg's demuxer does not, or says it once only: is it a
keyframe, how large is it. Pure; any bytes give an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streams.bits import Bits
from streams.errors import ProtocolError

_SEQUENCE_HEADER = b"\x00\x00\x01\xb3"  # ISO/IEC 13818-2 §6.2.2.1
_VP8_START = b"\x9d\x01\x2a"  # RFC 6386 §9.1
_H263_SIZES = {1: (128, 96), 2: (176, 144), 3: (352, 288), 4: (704, 576), 5: (1408, 1152)}
_H263_EXTENDED = 7


@dataclass(frozen=True, slots=True)
class Head:
    """size: width and height, None where the picture does not say."""

    is_key: bool
    size: tuple[int, int] | None = None


_MOST = 16384  # as of an H.264 picture, width and height


def read_head(codec: str, data: bytes, flagged: bool) -> Head:
    """codec: ours, of `codecs.CODECS`. flagged: what the demuxer says of it being a keyframe."""
    head = _read(codec, data, flagged)
    return Head(False) if head.size is not None and max(head.size) > _MOST else head


def _read(codec: str, data: bytes, flagged: bool) -> Head:
    match codec:
        case "VP8":
            return _vp8(data)
        case "MPV":
            return _mpeg(data, flagged)
        case "H263":
            return _bits(_h263, data)
        case "VP9":
            return _bits(_vp9, data)
        case "AV1":
            return Head(_has_av1_sequence(data))
    return Head(flagged)


def _bits(parse: Callable[[Bits], Head], data: bytes) -> Head:
    try:
        return parse(Bits(data[:16]))
    except ProtocolError:
        return Head(False)


def _vp8(data: bytes) -> Head:
    if len(data) < 10 or data[0] & 1 or data[3:6] != _VP8_START:
        return Head(False)
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return Head(True, (width, height) if width and height else None)


def _vp9(bits: Bits) -> Head:
    """The uncompressed header (VP9 bitstream specification §6.2)."""
    if bits.u(2) != 2:
        return Head(False)
    profile = bits.u(1) | bits.u(1) << 1
    if profile == 3:
        bits.u(1)
    if bits.u(1) or bits.u(1):  # shows an earlier picture; refers to one
        return Head(False)
    bits.u(2)
    if bits.u(24) != 0x498342:
        return Head(False)
    if profile >= 2:
        bits.u(1)
    if bits.u(3) != 7:  # any colour space but RGB
        bits.u(3 if profile & 1 else 0)
        bits.u(1)
    else:
        bits.u(1 if profile & 1 else 0)
    return Head(True, (bits.u(16) + 1, bits.u(16) + 1))


def _has_av1_sequence(data: bytes) -> bool:
    """Whether a temporal unit holds a sequence header, without which none may be begun with (AV1 bitstream
    specification §5.3, §7.5)."""
    at = 0
    while at < len(data):
        head = data[at]
        if head >> 3 & 0xF == 1:
            return True
        if not head & 2:  # without a size it is the last
            return False
        at += 2 if head & 4 else 1
        size = 0
        for index in range(5):
            if at >= len(data):
                return False
            size |= (data[at] & 0x7F) << 7 * index
            at += 1
            if not data[at - 1] & 0x80:
                break
        at += size
    return False


def _mpeg(data: bytes, flagged: bool) -> Head:
    """An intra picture is one to begin with only where the sequence header stands in front of it."""
    at = data.find(_SEQUENCE_HEADER) if flagged else -1
    if at < 0 or at + 7 > len(data):
        return Head(False)
    sizes = int.from_bytes(data[at + 4 : at + 7], "big")
    width, height = sizes >> 12, sizes & 0xFFF
    return Head(True, (width, height) if width and height else None)


def _h263(bits: Bits) -> Head:
    """ITU-T H.263 §5.1: start code, then PTYPE or PLUSPTYPE. FFmpeg calls every picture a keyframe."""
    if bits.u(22) != 0x20:
        return Head(False)
    bits.u(8 + 5)  # temporal reference, and flags
    source = bits.u(3)
    if source != _H263_EXTENDED:
        return Head(bits.u(1) == 0, _H263_SIZES.get(source))
    extended = bits.u(3)
    if extended == 1:
        source = bits.u(3)
        bits.u(15)
    return Head(bits.u(3) == 0, _H263_SIZES.get(source))
