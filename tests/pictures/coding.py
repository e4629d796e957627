"""A picture as it comes out of a camera: grain of the sensor, text burned in, coded, and decoded again."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from streams.access_unit import AccessUnit
from streams.decoder import decode_alone
from streams.simulator.caption import Caption
from streams.simulator.planes import Pixels, Planes
from tests.pictures.places import VIEW

_CLOCK = 1_800_000_000


class Sensor:
    """One camera from its sensor to its keyframes. named: it burns in name and clock."""

    def __init__(self, noise: float, *, named: bool, seed: int) -> None:
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        self._caption = Caption("CAMERA", VIEW, 9.0) if named else None
        self._encoders: dict[int, VideoCodecContext] = {}
        self._number = 0

    def grain(self, picture: Pixels) -> Pixels:
        """The picture with the sensor's noise: another one each time."""
        noise = self._rng.normal(0, self._noise, picture.shape[:2]).astype(np.float32)[:, :, None]
        grainy: Pixels = np.clip(picture + noise, 0, 255).astype(np.uint8)
        return grainy

    def keyframe(self, picture: Pixels, qp: int) -> av.VideoFrame:
        """Text, encoder (qp: quantizer, 0 to 51), and the decoder of the watch."""
        frame = decode_alone("H264", self.coded(picture, qp))
        assert frame is not None
        return frame

    def coded(self, picture: Pixels, qp: int) -> AccessUnit:
        """The same before the decoder."""
        self._number += 1
        planes = Planes.blank(VIEW)
        planes.take(picture, (0, 0, *VIEW))
        if self._caption is not None:
            self._caption.draw(planes, _CLOCK + 2 * self._number)
        context = self._encoders.get(qp)
        if context is None:
            context = self._encoders[qp] = _encoder(qp)
        frame = av.VideoFrame.from_numpy_buffer(planes.whole, format="yuv420p")
        frame.pts, frame.time_base, frame.pict_type = self._number, Fraction(1, 25), PictureType.I
        (packet,) = context.encode(frame)
        nal_units = tuple(unit.lstrip(b"\0") for unit in bytes(packet).split(b"\0\0\1") if unit.strip(b"\0"))
        return AccessUnit(self._number, 0, 0, 0.0, None, True, nal_units)


def _encoder(qp: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = *VIEW, "yuv420p"
    context.framerate, context.time_base, context.thread_count = Fraction(25), Fraction(1, 25), 1
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": f"qp={qp}:scenecut=0:keyint=infinite",
    }
    context.open()
    return context
