"""A decoded frame's planes as arrays: the one place that knows how FFmpeg lays out memory."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
PIXELS = "yuv420p"


def planes(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Luma and the two chroma planes of a `yuv420p` frame, without their padding. Not copies."""
    width, height = frame.width, frame.height
    half = ((width + 1) // 2, (height + 1) // 2)
    y, u, v = (_view(frame, index, *size) for index, size in enumerate(((width, height), half, half)))
    return y, u, v


def writable(frame: av.VideoFrame) -> av.VideoFrame:
    """A `yuv420p` frame that may be drawn on: decoders keep the frames they give, to predict from them."""
    if frame.format.name != PIXELS:
        frame = frame.reformat(format=PIXELS)
    frame.make_writable()
    return frame


def _view(frame: av.VideoFrame, index: int, width: int, height: int) -> Plane:
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[:height, :width]
