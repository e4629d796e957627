"""What the media side knows of a camera: identity, profiles, and (apart) its password.

Belongs here: immutable records. Where the camera stands and who may see it is `hotline`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ProfileName(StrEnum):
    """The two ONVIF media profiles that every camera of a city centre has (Media service, GetProfiles)."""

    MAIN = "main"
    SUB = "sub"


class RenditionName(StrEnum):
    """The forms in which a camera's pictures can be asked for.

    MAIN and SUB are the camera's two profiles, in H.264 without B-frames whatever the camera sends. HIGH,
    MEDIUM and LOW are made here. SOURCE is the main profile as the camera sends it, in whatever codec, for
    viewers that take it; a masked camera has none. A `ProfileName` is equal to the rendition of its name.
    """

    MAIN = "main"
    SUB = "sub"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    SOURCE = "source"


Polygon = tuple[tuple[float, float], ...]
"""Corners from the picture's upper left: x and y from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """RTSP user and password (RFC 2617, 7616). The password never appears in `repr`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as the media side sees it. Holds no secret.

    `profiles` maps a profile to its `rtsp://host[:port]/path` address, which never carries a user or
    password. A camera without a sub stream has only `main`. `masks` hold what nobody may see: they are burned
    in before anything leaves (`streams/mask.py`), in every profile. `onvif` is the address of its ONVIF
    device service, where one is known.
    """

    id: str
    name: str
    profiles: Mapping[ProfileName, str]
    masks: tuple[Polygon, ...] = ()
    onvif: str | None = None

    def nearest_profile(self, wanted: ProfileName) -> ProfileName:
        """The wanted profile, or the main one where the camera does not have it."""
        return wanted if wanted in self.profiles else ProfileName.MAIN
