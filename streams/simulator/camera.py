"""The simulated camera as it is ordered: plain values, nothing running.

Belongs here: what a camera is and how it encodes. How it looks is `scenes/`, how it speaks is `dialogue.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Auth(StrEnum):
    """How the camera wants its user to prove himself (RFC 2617, RFC 7616)."""

    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"  # MD5 alone, as nearly all cameras
    DIGEST_SHA256 = "digest-sha256"  # SHA-256 alone
    DIGEST_BOTH = "digest-both"  # SHA-256 first, MD5 for those who cannot


class H264Profile(StrEnum):
    """H.264 profile (ITU-T H.264 annex A)."""

    BASELINE = "baseline"
    MAIN = "main"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the incident stands in a camera's picture.

    `x`: -1 at the left edge to 1 at the right edge; `distance_m`: from the camera, metres; `since`: Unix
    seconds when it broke out.
    """

    x: float
    distance_m: float
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class SimulatedCamera:
    """One camera of the simulated city: what it shows, how it encodes, how it is guarded.

    `scene` is "card", a test card that costs little, or one of SCENES in `scenes/catalogue.py`; `video_file`
    (any file PyAV can read, looped) takes its place.
    `name` is burned into the picture; so is the clock, at `utc_offset_h` hours from UTC.
    `gop_s` is the time from one IDR to the next, running on while nobody watches, except that an encoder
    that rested begins with an IDR. `b_frames` > 0 makes pictures come out of order and late.
    `session_timeout_s` as announced in SETUP and enforced; `lock_after` refusals of a password in a row lock
    the account for a minute (0: never). `fire` is where the incident burns in the picture, if it does.
    """

    id: str
    name: str
    scene: str = "card"
    fps: float = 10.0
    gop_s: float = 2.0
    profile: H264Profile = H264Profile.MAIN
    size: tuple[int, int] = (1280, 720)
    sub_size: tuple[int, int] | None = (640, 360)
    bit_rate: int = 1_000_000
    sub_bit_rate: int = 280_000
    b_frames: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    auth: Auth = Auth.NONE
    session_timeout_s: float = 60.0
    lock_after: int = 0
    video_file: Path | None = None
    fire: Sighting | None = None
    utc_offset_h: float = 9.0

    def __post_init__(self) -> None:
        if not self.id or not all(c.isalnum() or c in "-_." for c in self.id) or not self.id.isascii():
            raise ValueError(f"camera id {self.id!r}: use letters, digits, '-', '_' and '.'")
        if not 0.2 <= self.fps <= 60:
            raise ValueError(f"camera {self.id}: fps must be 0.2 to 60, not {self.fps:g}")
        if not 0.1 <= self.gop_s <= 60:
            raise ValueError(f"camera {self.id}: gop_s must be 0.1 to 60, not {self.gop_s:g}")
        for width, height in (self.size, self.sub_size or self.size):
            if width % 2 or height % 2 or not (128 <= width <= 4096 and 96 <= height <= 2304):
                raise ValueError(
                    f"camera {self.id}: size {width}x{height} must be even and 128x96 to 4096x2304"
                )
        if self.auth is not Auth.NONE and not (self.username and self.password):
            raise ValueError(f"camera {self.id}: auth {self.auth} needs a username and a password")
        if self.session_timeout_s <= 0:
            raise ValueError(f"camera {self.id}: session_timeout_s must be positive")
