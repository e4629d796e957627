"""H.264 as a city camera makes it, by x264 through PyAV.

Belongs here: one encoder and its settings. It is a blocking thing for a worker thread; what it encodes and
when is `feed.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

from streams.simulator.camera import H264Profile
from streams.simulator.wire import CLOCK_HZ, nal_units

Pixels = npt.NDArray[np.uint8]

# What preset ultrafast leaves out and a profile is known by.
_TOOLS = {
    H264Profile.BASELINE: "cabac=0",
    H264Profile.MAIN: "cabac=1",
    H264Profile.HIGH: "cabac=1:8x8dct=1",
}


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """What an encoder needs to know; equal settings give equal parameter sets."""

    size: tuple[int, int]
    fps: float
    profile: H264Profile
    bit_rate: int
    b_frames: int = 0


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture: its time in 90 kHz ticks as given in, and its NAL units, parameter sets left out."""

    time: int
    is_idr: bool
    nal_units: tuple[bytes, ...]


class Encoder:
    """One x264 encoder and the one frame it encodes from. Not for two threads at once."""

    def __init__(self, settings: EncoderSettings) -> None:
        width, height = settings.size
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(settings.fps).limit_denominator(1000)
        context.time_base = Fraction(1, CLOCK_HZ)
        context.bit_rate = settings.bit_rate
        context.gop_size = 1 << 20  # IDR pictures come when `encode` is told
        context.max_b_frames = settings.b_frames
        context.thread_count = 1
        context.flags |= av.codec.context.Flags.global_header
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": settings.profile.value,
            "forced-idr": "1",
            "x264-params": (
                f"{_TOOLS[settings.profile]}:scenecut=0:bframes={settings.b_frames}:b-adapt=0:"
                f"vbv-maxrate={settings.bit_rate * 3 // 2000}:vbv-bufsize={settings.bit_rate * 2 // 1000}:"
                "colorprim=bt709:transfer=bt709:colormatrix=smpte170m"  # what cv2 makes of BGR
            ),
        }
        context.open()
        self._context = context
        sets = nal_units(context.extradata or b"")
        self.parameter_sets: tuple[bytes, ...] = tuple(u for u in sets if u[0] & 0x1F in (7, 8))
        self._frame = av.VideoFrame(width, height, "yuv420p")
        y, u, v = (
            np.frombuffer(cast(bytes, plane), np.uint8).reshape(-1, plane.line_size)[
                : plane.height, : plane.width
            ]
            for plane in self._frame.planes
        )
        # The encoder's own picture memory, to be drawn into: luma and the two chroma planes of half size.
        self.planes: tuple[Pixels, Pixels, Pixels] = (y, u, v)

    def encode(self, time: int, *, idr: bool) -> list[Coded]:
        """Encode what `planes` holds. `time`: 90 kHz ticks, strictly increasing.

        Gives one picture, or with B-frames none or several, in coding order.
        """
        self._frame.pts = time
        self._frame.time_base = Fraction(1, CLOCK_HZ)
        self._frame.pict_type = PictureType.I if idr else PictureType.NONE
        coded = []
        for packet in self._context.encode(self._frame):
            units = tuple(u for u in nal_units(bytes(packet)) if u[0] & 0x1F in (1, 5))
            coded.append(Coded(packet.pts or 0, any(u[0] & 0x1F == 5 for u in units), units))
        return coded


def parameter_sets(settings: EncoderSettings) -> tuple[bytes, ...]:
    """SPS and PPS that an encoder with these settings would use."""
    return Encoder(settings).parameter_sets
