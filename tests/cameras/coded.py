"""Real coded video of every codec a camera may send, and its RTP payloads: H.265 (RFC 7798), JPEG (RFC 2435),
MPEG-4 part 2 (RFC 6416), H.264 with and without B-frames; and what goes to the demuxer's process: VP8 (RFC
7741), VP9 (RFC 9628), AV1 (AOMedia's payload format), MPEG-2 (RFC 2250), H.263 (RFC 4629).

Encoded by FFmpeg from moving pictures that carry their own number, so that a test can say which picture it
sees. The packetizers are the tests' own, written from the RFCs.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from streams.h264 import split_annex_b
from tests.cameras.video import payloads as h264_payloads

_BITS = 8


@dataclass(frozen=True)
class Coded:
    """One coded picture: its place in the order of showing, and its NAL units (or its one whole body)."""

    index: int
    is_key: bool
    nal_units: tuple[bytes, ...]


def drawing(index: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """Grey picture whose top row of eight blocks is `index` in binary, over a slope that moves along."""
    slope = (np.add.outer(np.arange(height), np.arange(width)) + 3 * index) % 160 + 40
    picture = slope.astype(np.uint8)
    cell = width // _BITS
    for bit in range(_BITS):
        picture[: height // 4, bit * cell : (bit + 1) * cell] = 235 if index >> bit & 1 else 16
    return picture


def number_in(luma: NDArray[np.uint8]) -> int:
    """What `drawing` wrote."""
    height, width = luma.shape
    cell = width // _BITS
    rows = luma[height // 16 : height // 6]
    return sum(
        1 << bit
        for bit in range(_BITS)
        if float(rows[:, bit * cell + cell // 4 : (bit + 1) * cell - cell // 4].mean()) > 126
    )


def frame(index: int, width: int = 320, height: int = 240, *, noise: int = 0) -> av.VideoFrame:
    """The same as a YUV 4:2:0 frame. noise: up to 20."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = drawing(index, width, height)
    if noise:
        planes[:height] += np.random.default_rng(index).integers(0, noise, (height, width), np.uint8)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


_ENCODERS = {
    "H264": "libx264",
    "H265": "libx265",
    "JPEG": "mjpeg",
    "MP4V-ES": "mpeg4",
    "VP8": "libvpx",
    "VP9": "libvpx-vp9",
    "AV1": "libsvtav1",
    "MPV": "mpeg2video",
    "H263-1998": "h263p",
}
_VPX = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "H264": {"preset": "ultrafast", "x264-params": "scenecut=0:threads=1"},
    "H265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1:scenecut=0"},
    "JPEG": {"huffman": "default", "qmin": "3", "qmax": "3"},
    "MP4V-ES": {},
    "VP8": _VPX,
    "VP9": _VPX,
    "AV1": {"preset": "10", "svtav1-params": "pred-struct=1:lp=1"},
    "MPV": {"sc_threshold": "1000000000"},
    "H263-1998": {},
}


def encode(
    codec: str,
    count: int,
    *,
    width: int = 320,
    height: int = 240,
    gop: int = 10,
    b_frames: int = 0,
    slices: int = 1,
    first: int = 0,
    pixels: str | None = None,
    bit_rate: int | None = None,
) -> list[Coded]:
    """`count` pictures in the order of sending. bit_rate: bit/s that they take, about; then there is noise in
    them."""
    os.environ["SVT_LOG"] = "1"  # or the AV1 encoder greets on standard error
    encoder = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = pixels or ("yuvj420p" if codec == "JPEG" else "yuv420p")
    encoder.time_base = Fraction(1, 25)
    encoder.framerate = Fraction(25)
    encoder.gop_size = gop
    encoder.max_b_frames = b_frames
    encoder.thread_count = 1
    if bit_rate is not None:
        encoder.bit_rate = bit_rate
    elif codec in ("VP8", "VP9", "MPV", "H263-1998"):
        encoder.bit_rate = 2_000_000
    options = dict(_OPTIONS[codec])
    if codec == "H265":
        options["x265-params"] += f":keyint={gop}:bframes={b_frames}"
    elif codec == "H264":
        options["x264-params"] += f":keyint={gop}:slices={slices}:bframes={b_frames}:b-adapt=0"
    encoder.options = options
    packets = []
    for index in range(first, first + count):
        picture = frame(index, width, height, noise=20 if bit_rate else 0)
        if encoder.pix_fmt != "yuv420p":
            picture = picture.reformat(format=encoder.pix_fmt)
        picture.pts = index
        picture.pict_type = PictureType.NONE
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    found = []
    for packet in packets:
        body = bytes(packet)
        units = tuple(split_annex_b(body)) if codec in ("H264", "H265") else (body,)
        assert packet.pts is not None
        found.append(Coded(packet.pts, bool(packet.is_keyframe) or codec == "JPEG", units))
    return found


def h265_payloads(nals: Sequence[bytes], most: int = 1400, aggregate: bool = True) -> list[bytes]:
    """RFC 7798: small units together in aggregation packets, large ones in fragmentation units."""
    found: list[bytes] = []
    small: list[bytes] = []

    def flush() -> None:
        if len(small) == 1:
            found.append(small[0])
        elif small:
            found.append(b"\x60\x01" + b"".join(struct.pack("!H", len(nal)) + nal for nal in small))
        small.clear()

    for nal in nals:
        if aggregate and len(nal) < 200 and nal[0] >> 1 >= 32:
            small.append(nal)
            continue
        flush()
        if len(nal) <= most:
            found.append(nal)
            continue
        head = bytes(((nal[0] & 0x81) | 49 << 1, nal[1]))
        parts = [nal[at : at + most - 3] for at in range(2, len(nal), most - 3)]
        for index, part in enumerate(parts):
            flags = (0x80 if index == 0 else 0) | (0x40 if index == len(parts) - 1 else 0)
            found.append(head + bytes((flags | nal[0] >> 1 & 0x3F,)) + part)
    flush()
    return found


def jpeg_segments(picture: bytes) -> tuple[dict[int, list[bytes]], bytes]:
    """Segments by marker, and the scan without the end marker."""
    segments: dict[int, list[bytes]] = {}
    at = 2
    while True:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        segments.setdefault(marker, []).append(picture[at + 4 : at + 2 + length])
        at += 2 + length
        if marker == 0xDA:
            return segments, picture[at:].removesuffix(b"\xff\xd9")


def jpeg_payloads(picture: bytes, most: int = 1400, q: int = 255, send_tables: bool = True) -> list[bytes]:
    """RFC 2435: a baseline JPEG with the standard Huffman tables, taken apart. `q` below 128 says which
    standard quantization tables it has; from 128 on they are sent along."""
    segments, scan = jpeg_segments(picture)
    frame_header = segments[0xC0][0]
    height, width = struct.unpack("!HH", frame_header[1:5])
    kind = 1 if frame_header[7] == 0x22 else 0
    interval = int.from_bytes(segments[0xDD][0], "big") if 0xDD in segments else 0
    tables = b""
    for segment in segments[0xDB]:
        for at in range(0, len(segment), 65):
            tables += segment[at + 1 : at + 65]
    restart = struct.pack("!HH", interval, 0xFFFF) if interval else b""
    size = bytes((width // 8, height // 8)) if max(width, height) <= 2040 else b"\0\0"
    found: list[bytes] = []
    at = 0
    while at < len(scan):
        head = b"\0" + at.to_bytes(3, "big") + bytes((kind + (64 if interval else 0), q)) + size + restart
        if at == 0 and q >= 128:
            head += struct.pack("!BBH", 0, 0, len(tables) if send_tables else 0)
            head += tables if send_tables else b""
        part = scan[at : at + most - len(head)]
        found.append(head + part)
        at += len(part)
    return found


def mpeg4_payloads(picture: bytes, most: int = 1400) -> list[bytes]:
    """RFC 6416: cut anywhere."""
    return [picture[at : at + most] for at in range(0, len(picture), most)]


def vp8_payloads(picture: bytes, most: int = 1400) -> list[bytes]:
    """RFC 7741: behind a descriptor of one byte; the beginning is marked."""
    return [bytes((0x10 if at == 0 else 0,)) + picture[at : at + most] for at in range(0, len(picture), most)]


def vp9_payloads(picture: bytes, is_key: bool, most: int = 1400) -> list[bytes]:
    """RFC 9628: behind a descriptor of one byte with beginning, end, and whether it refers to another."""
    found = []
    for at in range(0, len(picture), most):
        begins, ends = at == 0, at + most >= len(picture)
        flags = (0 if is_key else 0x40) | (8 if begins else 0) | (4 if ends else 0)
        found.append(bytes((flags,)) + picture[at : at + most])
    return found


def av1_payloads(picture: bytes, is_key: bool) -> list[bytes]:
    """AOMedia's RTP payload format: one packet whatever its size; units lose their own size field. N is set
    where a sequence begins."""
    elements, at = b"", 0
    while at < len(picture):
        head, start, size, shift = picture[at], at + 1, 0, 0
        while True:
            size |= (picture[start] & 0x7F) << shift
            shift, start = shift + 7, start + 1
            if not picture[start - 1] & 0x80:
                break
        if head >> 3 & 0xF != 2:  # temporal delimiters are not sent
            unit = bytes((head & ~2,)) + picture[start : start + size]
            rest, length = len(unit), b""
            while rest > 0x7F:
                length, rest = length + bytes((rest & 0x7F | 0x80,)), rest >> 7
            elements += length + bytes((rest,)) + unit
        at = start + size
    return [(b"\x08" if is_key else b"\0") + elements]


def mpeg2_payloads(picture: bytes, most: int = 1400) -> list[bytes]:
    """RFC 2250 §3.4: behind the video-specific header, which nobody reads."""
    return [bytes(4) + picture[at : at + most] for at in range(0, len(picture), most)]


def h263_payloads(picture: bytes, most: int = 1400) -> list[bytes]:
    """RFC 4629: the first two bytes of a picture's start code are left out and flagged."""
    parts = [picture[at : at + most] for at in range(0, len(picture), most)]
    return [b"\x04\0" + parts[0][2:], *(b"\0\0" + part for part in parts[1:])]


def payloads(codec: str, coded: Coded) -> list[bytes]:
    """One picture's payloads, the marker belongs on the last."""
    if codec == "H264":
        return h264_payloads(coded.nal_units)
    if codec == "H265":
        return h265_payloads(coded.nal_units)
    body = coded.nal_units[0]
    if codec in ("VP9", "AV1"):
        return (vp9_payloads if codec == "VP9" else av1_payloads)(body, coded.is_key)
    made = {
        "JPEG": jpeg_payloads,
        "MP4V-ES": mpeg4_payloads,
        "VP8": vp8_payloads,
        "MPV": mpeg2_payloads,
        "H263-1998": h263_payloads,
    }
    return made[codec](body)


def decoded(codec: str, pictures: Sequence[Sequence[bytes]]) -> Iterator[NDArray[np.uint8]]:
    """The luma of every picture, in the order of showing, by FFmpeg, which must find nothing wrong (except in
    MPEG-4 part 2, where it finds fault with its own encoder)."""
    name = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg", "MP4V-ES": "mpeg4"}[codec]
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    if codec != "MP4V-ES":
        decoder.options = {"err_detect": "explode"}
    start = b"\0\0\0\1" if codec in ("H264", "H265") else b""
    for units in [*pictures, None]:
        # Decoders read past the end of a packet, and PyAV's has nothing there (AV_INPUT_BUFFER_PADDING_SIZE).
        packet = None if units is None else av.Packet(b"".join(start + nal for nal in units) + bytes(64))
        for picture in decoder.decode(packet):
            yield luma(picture)


def luma(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame's Y plane."""
    plane = picture.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    copy: NDArray[np.uint8] = rows[: picture.height, : picture.width].copy()
    return copy
