"""A camera's newest picture that can be decoded by itself, for whoever looks without showing anything."""

from __future__ import annotations

from dataclasses import dataclass

from streams.access_unit import AccessUnit
from streams.camera import Polygon, ProfileName


@dataclass(frozen=True, slots=True)
class Keyframe:
    """codec: RTP encoding name. masks: what must be covered right after decoding (`streams/decoder.py`): the
    picture is as it came from the camera."""

    camera_id: str
    profile: ProfileName
    codec: str
    unit: AccessUnit
    masks: tuple[Polygon, ...]
