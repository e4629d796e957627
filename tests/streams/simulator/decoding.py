"""Decoding for the simulator's tests, by FFmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import numpy.typing as npt

from streams.simulator.encoder import Coded


def decoded(parameter_sets: Sequence[bytes], pictures: Sequence[Coded]) -> list[npt.NDArray[Any]]:
    """BGR pictures of what an encoder gave."""
    decoder = av.CodecContext.create("h264", "r")
    frames = []
    for picture in pictures:
        units = (*parameter_sets, *picture.nal_units) if picture.is_idr else picture.nal_units
        frames += decoder.decode(av.Packet(b"".join(b"\0\0\0\1" + unit for unit in units)))
    frames += decoder.decode(None)
    return [frame.to_ndarray(format="bgr24") for frame in frames]
