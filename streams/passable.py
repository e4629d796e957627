"""Can a browser take a camera's pictures as they are? Pure."""

from __future__ import annotations

from enum import StrEnum

from streams.h264 import Sps
from streams.parameter_sets import Format

_PROFILES = frozenset({66, 77, 100})  # Baseline, Main, High: 8 bits, 4:2:0


class Obstacle(StrEnum):
    """Why a camera's pictures need transcoding."""

    CODEC = "codec"  # not H.264
    PROFILE = "profile"  # H.264 in more than 8 bits or with more colour than 4:2:0
    B_FRAMES = "b_frames"  # sent in another order than shown: browsers play them at half the rate
    MASK = "mask"  # part of the picture may not be seen


def obstacle(codec: str, format: Format | None, *, reorders: bool, masked: bool) -> Obstacle | None:  # noqa: A002
    """What stands in the way of passing the pictures through; None if nothing does, as far as is known."""
    if masked:
        return Obstacle.MASK
    if codec != "H264":
        return Obstacle.CODEC
    if isinstance(format, Sps) and format.profile_idc not in _PROFILES:
        return Obstacle.PROFILE
    return Obstacle.B_FRAMES if reorders else None
