"""H.264 encoders: which of them works on this machine, and one at work.

Belongs here: what each encoder must be told to give every picture at once, no B-frame, and keyframes when
asked. Who encodes what is `pipeline.py`'s. Used by one thread at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from streams.h264 import NalType, split_annex_b
from streams.planes import PIXELS
from streams.timeline import TICKS

SOFTWARE = "libx264"
CANDIDATES = ("h264_nvenc", "h264_qsv", "h264_amf", SOFTWARE)
_KEPT = frozenset({NalType.SLICE, NalType.IDR, NalType.SPS, NalType.PPS})
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "h264_nvenc": {"preset": "p2", "tune": "ull", "zerolatency": "1", "delay": "0", "rc": "vbr"}
    | {"profile": "baseline", "forced-idr": "1"},
    "h264_qsv": {"preset": "veryfast", "async_depth": "1", "profile": "baseline", "forced_idr": "1"},
    "h264_amf": {"usage": "ultralowlatency", "profile": "constrained_baseline", "forced_idr": "1"},
    "libx264": {"tune": "zerolatency", "profile": "baseline", "forced-idr": "1"},
}
_TRIAL_SIZE = (640, 360)
_TRIAL_PICTURES = 8

Create = Callable[[str], av.VideoCodecContext]


class EncoderError(Exception):
    """An encoder does not work; in our own words."""


@dataclass(frozen=True, slots=True)
class Coded:
    """One encoded picture: the media time it was given, and its NAL units, SPS and PPS in front of an IDR."""

    media_time: int
    is_idr: bool
    nal_units: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Format:
    """What an encoder is to make. bitrate: the most, bit/s, over a second; a calm picture takes less."""

    width: int
    height: int
    frames_per_second: float
    bitrate: int


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The encoder that this machine uses. refused: the ones tried before, with why."""

    name: str
    cpu_ms_per_megapixel: float
    refused: tuple[tuple[str, str], ...] = ()


def create(name: str) -> av.VideoCodecContext:
    """An encoder of FFmpeg's, not yet open. Raises what PyAV raises for one that is not there."""
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    return context


def choose(
    wanted: str | None = None, candidates: Sequence[str] = CANDIDATES, make: Create = create
) -> EncoderChoice:
    """Try encoders until one really encodes. Blocks for some tens of milliseconds: call it in a thread.

    wanted: the only one to try. Raises `EncoderError` where none works.
    """
    refused: list[tuple[str, str]] = []
    for name in (wanted,) if wanted else candidates:
        try:
            return EncoderChoice(name, _try(name, make), tuple(refused))
        except EncoderError as error:
            refused.append((name, str(error)))
    raise EncoderError("no H.264 encoder works: " + "; ".join(f"{name}: {why}" for name, why in refused))


def settle(wanted: str | None = None, make: Create = create) -> EncoderChoice:
    """`choose`, but where the wanted encoder does not work the software one is used, and `refused` says why.

    Raises `EncoderError` where that one does not work either.
    """
    try:
        return choose(wanted, make=make)
    except EncoderError:
        if wanted is None:
            raise
        return choose(candidates=tuple(dict.fromkeys((wanted, SOFTWARE))), make=make)


def _try(name: str, make: Create) -> float:
    """CPU milliseconds per megapixel. Raises `EncoderError` unless each picture comes out at once."""
    width, height = _TRIAL_SIZE
    encoder = H264Encoder(name, Format(width, height, 25, 1_000_000), make)
    noise = np.random.default_rng(1).integers(60, 120, (height * 3 // 2, width), dtype=np.uint8)
    began = time.thread_time()
    for number in range(_TRIAL_PICTURES):
        frame = av.VideoFrame.from_ndarray(np.roll(noise, number, axis=1), format=PIXELS)
        coded = encoder.encode(frame, number * 3600, keyframe=number in (0, 4))
        if len(coded) != 1 or coded[0].is_idr != (number in (0, 4)):
            raise EncoderError("it holds pictures back, or makes no keyframe when asked")
    spent = time.thread_time() - began
    return spent * 1e3 / (_TRIAL_PICTURES * width * height / 1e6)


class H264Encoder:
    """One rendition's encoder. Every picture comes out at once. Raises `EncoderError` where FFmpeg does."""

    def __init__(self, name: str, format: Format, make: Create = create) -> None:  # noqa: A002
        self.name = name
        self.format = format
        try:
            self._context = context = make(name)
            context.width, context.height = format.width, format.height
            context.pix_fmt = PIXELS
            context.time_base = Fraction(1, TICKS)
            context.framerate = Fraction(format.frames_per_second).limit_denominator(1000)
            context.gop_size = 10_000  # keyframes are asked for, all renditions' at the same picture
            context.max_b_frames = 0
            context.thread_count = 1
            options = dict(_OPTIONS.get(name, {}))
            options["maxrate"] = str(format.bitrate)
            options["bufsize"] = str(format.bitrate)
            if name == "libx264":
                small = min(format.width, format.height) <= 480
                options["preset"] = "superfast" if small else "ultrafast"
                options["crf"] = "25"
                options["x264-params"] = "scenecut=0:keyint=infinite:aud=0"
            else:
                context.bit_rate = format.bitrate
            context.options = options
            context.open()
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise EncoderError(_why(error)) from None

    def encode(self, frame: av.VideoFrame, media_time: int, *, keyframe: bool) -> list[Coded]:
        """Encode a `yuv420p` frame of the right size; what comes out, normally this one picture."""
        frame.pts = media_time
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        try:
            return [_coded(packet) for packet in self._context.encode(frame)]
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise EncoderError(_why(error)) from None


def _coded(packet: av.Packet[Any]) -> Coded:
    units = tuple(unit for unit in split_annex_b(bytes(packet)) if unit[0] & 0x1F in _KEPT)
    if packet.pts is None or not units:
        raise EncoderError("it gave a picture without a time or without content")
    return Coded(packet.pts, any(unit[0] & 0x1F == NalType.IDR for unit in units), units)


def _why(error: Exception) -> str:
    """FFmpeg's own words without what it was called with."""
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
