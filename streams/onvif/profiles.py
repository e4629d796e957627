"""What a camera says of itself, as values, and which two of its profiles are ours. Pure.

Everything a camera says is cut to a length and to printable letters: it goes to terminals and pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streams.camera import ProfileName

_MAX_TEXT = 100
MAX_PROFILES = 64
MAX_PRESETS = 300
SUB_PIXELS = 720 * 576
"""A sub stream is at most this large (a full PAL picture): what a tile shows and a vehicle's link carries."""
_CODECS = ("H264", "H265", "MPEG4", "JPEG")


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Whose camera it is. clock_skew_s: its clock minus ours; None where it does not tell the time."""

    maker: str
    model: str
    firmware: str
    serial: str
    clock_skew_s: float | None


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """One media profile. rate: pictures a second; kilobits: a second; None where the camera does not say.

    source: its video source, of which a recorder has several. media2: it came from the second Media service.
    """

    token: str
    name: str
    codec: str
    width: int
    height: int
    rate: int | None
    kilobits: int | None
    source: str
    turns: bool
    media2: bool

    @property
    def pixels(self) -> int:
        """The size of its picture."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Preset:
    """A view that the camera remembers."""

    token: str
    name: str


def clean(text: str) -> str:
    """One printable line of a camera's text."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:_MAX_TEXT]


def media_profiles(found: Sequence[Mapping[str, Any]], *, media2: bool) -> tuple[MediaProfile, ...]:
    """The profiles that have a picture. `found`: of `onveef.parsers.parse_profiles`."""
    profiles = []
    for each in found[:MAX_PROFILES]:
        encoder, source = each.get("video_encoder"), each.get("video_source") or {}
        token = each.get("token", "")
        if not encoder or not token or len(token) > _MAX_TEXT:
            continue
        profiles.append(
            MediaProfile(
                token=token,
                name=clean(each.get("name", "")),
                codec=clean(encoder.get("encoding", "")).upper().removeprefix("VIDEO/").replace(".", ""),
                width=encoder.get("width", 0),
                height=encoder.get("height", 0),
                rate=encoder.get("fps_limit"),
                kilobits=encoder.get("bitrate_kbps"),
                source=source.get("source_token", ""),
                turns="ptz" in each,
                media2=media2,
            )
        )
    return tuple(profiles)


def choose(profiles: Sequence[MediaProfile]) -> Mapping[ProfileName, MediaProfile]:
    """Which profile is `main` and which is `sub`: of the first video source, in a codec we can take.

    `main` is the largest, and of equals the one in the codec that browsers take; `sub` the largest of the
    others that is small enough to be one. Empty where none has a picture.
    """
    usable = [each for each in profiles if each.codec in _CODECS]
    usable = [each for each in usable if each.source == usable[0].source]
    if not usable:
        return {}
    ranked = sorted(usable, key=lambda each: (-each.pixels, _CODECS.index(each.codec)))
    main = next((each for each in ranked if each.codec != "JPEG"), ranked[0])
    chosen = {ProfileName.MAIN: main}
    small = [each for each in ranked if each is not main and each.pixels <= min(SUB_PIXELS, main.pixels - 1)]
    sub = next((each for each in small if each.codec != "JPEG"), None)
    if sub is not None:
        chosen[ProfileName.SUB] = sub
    return chosen


def presets(found: Sequence[Mapping[str, Any]]) -> tuple[Preset, ...]:
    """The presets that can be gone to. `found`: of `onveef.parsers.parse_ptz_presets`."""
    named = (Preset(each.get("token", ""), clean(each.get("name", ""))) for each in found[:MAX_PRESETS])
    return tuple(
        Preset(each.token, each.name or each.token) for each in named if 0 < len(each.token) <= _MAX_TEXT
    )


def moment(told: Mapping[str, Any]) -> float | None:
    """UTC seconds of `onveef.parsers.parse_system_datetime`; None where it is no date."""
    utc = told.get("UTCDateTime")
    if not isinstance(utc, dict):
        return None
    try:
        date = utc["year"], utc["month"], utc["day"], utc["hour"], utc["minute"], utc["second"]
        # Half a second: cameras cut theirs to whole ones.
        return datetime(*date).replace(tzinfo=UTC).timestamp() + 0.5
    except (ValueError, OverflowError):
        return None
