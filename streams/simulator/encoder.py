"""H.264 as a city camera makes it, by x264 through PyAV.

Belongs here: one encoder and its settings. It is a blocking thing for a worker thread; what it encodes and
when is `feed.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from streams.simulator.camera import H264Profile
from streams.simulator.planes import Planes
from streams.simulator.rate import FIRST_QP, next_qp
from streams.simulator.wire import CLOCK_HZ, nal_units

# What preset ultrafast leaves out and a profile is known by.
_TOOLS = {
    H264Profile.BASELINE: "cabac=0",
    H264Profile.MAIN: "cabac=1",
    H264Profile.HIGH: "cabac=1:8x8dct=1",
}


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """What an encoder needs to know; equal settings give equal parameter sets.

    `bit_rate`: bit/s that a group of pictures comes near after a few of them, if the scene has so much to
    say.
    """

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
    """One x264 encoder. Not for two threads at once."""

    def __init__(self, settings: EncoderSettings) -> None:
        self._settings = settings
        self._qp = FIRST_QP
        self._context = _opened(settings, self._qp)
        self.parameter_sets: tuple[bytes, ...] = _parameter_sets(self._context)
        self._group_began: int | None = None
        self._group_bits = 0

    def encode(self, planes: Planes, time: int, *, idr: bool) -> list[Coded]:
        """Encode a picture of the size in the settings. `time`: 90 kHz ticks, strictly increasing.

        Gives one picture, or with B-frames none or several, in coding order.
        """
        coded = self._begin_group(time) if idr else []
        frame = av.VideoFrame.from_numpy_buffer(planes.whole, format="yuv420p")  # x264 makes its own copy
        frame.pts, frame.time_base = time, Fraction(1, CLOCK_HZ)
        frame.pict_type = PictureType.I if idr else PictureType.NONE
        return coded + self._run(frame)

    def _begin_group(self, time: int) -> list[Coded]:
        """Choose the quantizer of a new group of pictures. Gives what a replaced encoder still held."""
        late: list[Coded] = []
        if self._group_began is not None:
            seconds = (time - self._group_began) / CLOCK_HZ
            qp = next_qp(self._qp, self._group_bits, seconds, self._settings.bit_rate)
            if qp != self._qp:
                late = self._run(None)
                self._qp, self._context = qp, _opened(self._settings, qp)
        self._group_began, self._group_bits = time, 0
        return late

    def _run(self, frame: av.VideoFrame | None) -> list[Coded]:
        coded = []
        for packet in self._context.encode(frame):
            units = tuple(u for u in nal_units(bytes(packet)) if u[0] & 0x1F in (1, 5))
            self._group_bits += 8 * sum(map(len, units))
            coded.append(Coded(packet.pts or 0, any(u[0] & 0x1F == 5 for u in units), units))
        return coded


def _opened(settings: EncoderSettings, qp: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = settings.size
    context.pix_fmt = "yuv420p"
    context.framerate = Fraction(settings.fps).limit_denominator(1000)
    context.time_base = Fraction(1, CLOCK_HZ)
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
            f"{_TOOLS[settings.profile]}:scenecut=0:bframes={settings.b_frames}:b-adapt=0:qp={qp}:"
            "stitchable=1:"  # parameter sets that do not depend on the quantizer
            "colorprim=bt709:transfer=bt709:colormatrix=smpte170m"  # what cv2 makes of BGR
        ),
    }
    context.open()
    return context


def _parameter_sets(context: VideoCodecContext) -> tuple[bytes, ...]:
    return tuple(unit for unit in nal_units(context.extradata or b"") if unit[0] & 0x1F in (7, 8))


def parameter_sets(settings: EncoderSettings) -> tuple[bytes, ...]:
    """SPS and PPS that an encoder with these settings would use."""
    return _parameter_sets(_opened(settings, FIRST_QP))
