"""Where fuzzing begins: real bytes for every target, in the form that it reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from streams.demux.codecs import PAYLOADS
from streams.demux.wire import Found, Hello, Picture, format_message
from tests.cameras.coded import encode, payloads
from tests.cameras.fake import SDP
from tests.cameras.video import PPS_768, SPS_768, RtpWriter, b_slice, idr_slice, interleaved, p_slice

_DIALOGUES = Path(__file__).parents[1] / "streams" / "rtsp" / "dialogues"
_CODECS = ("H264", "H265", "JPEG", "MP4V-ES")


def seeds(name: str) -> Iterator[bytes]:
    """Some good inputs of a target."""
    if name == "rtsp":
        packet = interleaved(0, RtpWriter().packet(p_slice(200), True))
        for path in sorted(_DIALOGUES.glob("*.txt")):
            yield path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + packet
        yield packet * 3
    elif name == "headers":
        yield b'Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256, stale=true'
        yield b"12345678;timeout=60"
        yield b"RTP/AVP;unicast;client_port=4000-4001;server_port=6000-6001"
        yield b"RTP/AVP/TCP;unicast;interleaved=0-1"
    elif name == "sdp":
        yield SDP.encode()
        for codec in ("H265/90000", "JPEG/90000", "MP4V-ES/90000", "VP8/90000"):
            yield SDP.replace("H264/90000", codec).encode()
    elif name == "rtp":
        for number, codec in enumerate(_CODECS):
            yield bytes((number,)) + _packets(codec)
    elif name == "payloads":
        for number, codec in enumerate(_CODECS):
            yield bytes((number,)) + _payloads(codec)
    elif name == "child":
        names = {"VP8": "vp8", "VP9": "vp9", "MPV": "mpeg2video", "H263-1998": "h263", "MP2T": "h264"}
        for number, codec in enumerate(PAYLOADS):
            if codec in names:
                yield bytes((number,)) + _words(codec, names[codec])
    elif name == "nal":
        start = b"\0\0\1"
        yield start.join([b"", SPS_768, PPS_768, idr_slice(60), p_slice(40), b_slice(40)])
        for codec, b_frames in (("H264", 2), ("H265", 0)):
            video = encode(codec, 4, width=64, height=64, b_frames=b_frames)
            yield start.join([b"", *(unit for picture in video for unit in picture.nal_units)])


def _small(codec: str) -> Iterator[list[bytes]]:
    for picture in encode(codec, 3, width=32, height=32, gop=2):
        yield [part[:255] for part in payloads(codec, picture)]


def _words(codec: str, found: str) -> bytes:
    said = [format_message(Hello()), format_message(Found(found, 352, 288, False))]
    video = encode("H264" if codec == "MP2T" else codec, 3, width=352, height=288, gop=2)
    for picture in video:
        body = picture.nal_units[0]
        if codec == "MP2T":
            body = b"".join(b"\0\0\1" + unit for unit in picture.nal_units)
        said.append(format_message(Picture(3600 * picture.index, picture.is_key, False, body)))
    return b"".join(said)


def _packets(codec: str) -> bytes:
    writer = RtpWriter()
    found = [writer.sender_report(1_700_000_000.0)]
    for parts in _small(codec):
        found += [writer.packet(part[:240], part is parts[-1]) for part in parts]
        writer.timestamp += 3600
    return b"".join(struct.pack("!B", len(packet)) + packet for packet in found)


def _payloads(codec: str) -> bytes:
    found = b""
    for parts in _small(codec):
        for index, part in enumerate(parts):
            flags = (2 if index == 0 else 0) | (4 if index == len(parts) - 1 else 0)
            found += bytes((len(part), flags)) + part
    return found
