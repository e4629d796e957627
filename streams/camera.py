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


@dataclass(frozen=True, slots=True)
class Credentials:
    """RTSP user and password (RFC 2617, 7616). The password never appears in `repr`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as the media side sees it. Holds no secret.

    `profiles` maps a profile to its `rtsp://host[:port]/path` address, which never carries a user or
    password. A camera without a sub stream has only `main`.
    """

    id: str
    name: str
    profiles: Mapping[ProfileName, str]

    def nearest_profile(self, wanted: ProfileName) -> ProfileName:
        """The wanted profile, or the main one where the camera does not have it."""
        return wanted if wanted in self.profiles else ProfileName.MAIN
