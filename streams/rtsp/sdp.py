"""Session descriptions of cameras (RFC 4566, RFC 6184 §8), as tolerant as cameras need. Pure.

Anything gives a description or a `ProtocolError`; a line that cannot be read is skipped, a media section that
cannot be read is left out. Audio is never looked at: nothing here can set it up.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.demux.codecs import PAYLOADS
from streams.errors import CameraError, ProtocolError
from streams.state import Reason

MAX_SDP = 64 * 1024
_MAX_MEDIA = 32
_MAX_LINES = 2000
_STATIC = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}
# Names that may be repeated in a message; a camera's own text may not.
_OTHERS = frozenset({"H265", "H266", "H261", "JPEG2000", "RAW", "THEORA"})
# The cheapest to pass on, or to decode, first; those of the demuxer's process (streams/demux) last.
_TAKEN = ("H264", "H265", "MP4V-ES", "JPEG", *PAYLOADS)


@dataclass(slots=True)
class Media:
    """One `m=` section."""

    kind: str
    payload_types: tuple[int, ...]
    control: str | None = None
    encodings: dict[int, tuple[str, int]] = field(default_factory=dict)  # a=rtpmap: name, clock rate
    formats: dict[int, str] = field(default_factory=dict)  # a=fmtp
    frames_per_second: float | None = None
    size: tuple[int, int] | None = None  # width and height


@dataclass(frozen=True, slots=True)
class Description:
    """A camera's answer to DESCRIBE."""

    control: str | None
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The one track that is set up."""

    codec: str  # RTP encoding name in capitals
    payload_type: int
    clock_rate: int
    control: str | None
    parameter_sets: tuple[bytes, ...]  # (VPS,) SPS and PPS, or the codec's configuration, where described
    frames_per_second: float | None
    size: tuple[int, int] | None = None  # width and height where described, which hardly any camera does


def parse_sdp(data: bytes) -> Description:
    """Parse a session description. Raises `ProtocolError` if it is too large or no description at all."""
    if len(data) > MAX_SDP:
        raise ProtocolError("session description of more than 64 KiB")
    control: str | None = None
    media: list[Media] = []
    current: Media | None = None
    in_media = is_sdp = False
    for count, line in enumerate(data.decode("utf-8", "replace").replace("\r", "\n").split("\n")):
        if count > 2 * _MAX_LINES:
            raise ProtocolError("session description of too many lines")
        kind, equals, value = line.partition("=")
        if not equals:
            continue
        kind, value = kind.strip(), value.strip()
        if kind == "v":
            is_sdp = True
        elif kind == "m":
            in_media = is_sdp = True
            current = _media(value)
            if current is not None:
                if len(media) >= _MAX_MEDIA:
                    raise ProtocolError("more than 32 media sections")
                media.append(current)
        elif kind == "a":
            if current is not None:
                _attribute(current, value)
            elif not in_media and value.lower().startswith("control:"):
                control = value[len("control:") :].strip()
    if not is_sdp:
        raise ProtocolError("the answer to DESCRIBE is no session description")
    return Description(control, tuple(media))


def choose_video(description: Description) -> VideoTrack:
    """The first H.264 video track, else the first in another codec that can be taken.

    Raises `CameraError`: NO_VIDEO without a video track, UNSUPPORTED_CODEC where none can be taken.
    """
    others: set[str] = set()
    found: dict[str, VideoTrack] = {}
    for media in description.media:
        if media.kind != "video":
            continue
        for payload_type in media.payload_types:
            name, rate = media.encodings.get(payload_type, (_STATIC.get(payload_type, ""), 90_000))
            parameters = _parameters(_format_of(description, media, payload_type))
            if not name and ("sprop-parameter-sets" in parameters or "packetization-mode" in parameters):
                name = "H264"  # no rtpmap, but these two are H.264's own
            if name == "HEVC":
                name = "H265"
            if name not in _TAKEN or parameters.get("sprop-max-don-diff", "0") != "0":
                others.add(name if name in _OTHERS else "unknown")
                continue
            track = VideoTrack(
                name,
                payload_type,
                rate or 90_000,
                media.control,
                _described_sets(name, parameters),
                media.frames_per_second,
                media.size,
            )
            found.setdefault(name, track)
    for name in _TAKEN:
        if name in found:
            return found[name]
    if others:
        raise CameraError(Reason.UNSUPPORTED_CODEC, f"video, but only in {', '.join(sorted(others))}")
    raise CameraError(Reason.NO_VIDEO, "no video track is described")


def _media(value: str) -> Media | None:
    """`m=` value to a section; None if it is no section of ours to understand."""
    fields = value.split()
    if len(fields) < 3:
        return None
    types = tuple(int(item) for item in fields[3:] if item.isascii() and item.isdigit() and len(item) <= 3)
    return Media(fields[0].lower(), tuple(number for number in types if number < 128))


def _attribute(media: Media, value: str) -> None:
    name, _, text = value.partition(":")
    name, text = name.strip().lower(), text.strip()
    if name == "control":
        media.control = text
    elif name == "rtpmap":
        number, _, rest = text.partition(" ")
        encoding = rest.strip().split("/")
        if _is_payload_type(number) and encoding[0]:
            rate = encoding[1].strip() if len(encoding) > 1 else ""
            usable = rate.isascii() and rate.isdigit() and len(rate) <= 9
            media.encodings[int(number)] = (encoding[0].strip().upper(), int(rate) if usable else 0)
    elif name == "fmtp":
        number, _, rest = text.partition(" ")
        if _is_payload_type(number):
            media.formats.setdefault(int(number), rest.strip())
    elif name in ("framerate", "x-framerate"):
        try:
            rate_number = float(text)
        except ValueError:
            return
        if 0 < rate_number <= 1000:
            media.frames_per_second = rate_number

    elif name in ("x-dimensions", "framesize"):
        media.size = _size(text) or media.size


def _size(text: str) -> tuple[int, int] | None:
    """`1920,1080` (RTP/JPEG receivers' own) or `26 1920-1080` (3GPP TS 26.234)."""
    numbers = text.replace(",", " ").replace("-", " ").split()[-2:]
    if len(numbers) != 2 or not all(item.isascii() and item.isdigit() and len(item) <= 5 for item in numbers):
        return None
    width, height = int(numbers[0]), int(numbers[1])
    return (width, height) if 0 < width <= 16384 and 0 < height <= 16384 else None


def _is_payload_type(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128


def _format_of(description: Description, media: Media, payload_type: int) -> str:
    """The fmtp of a payload type, also where the camera wrote it into another section (TP-Link)."""
    if payload_type in media.formats:
        return media.formats[payload_type]
    return next((m.formats[payload_type] for m in description.media if payload_type in m.formats), "")


def _parameters(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for item in text.split(";"):
        name, equals, value = item.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _described_sets(codec: str, parameters: Mapping[str, str]) -> tuple[bytes, ...]:
    """What the fmtp says ahead of the pictures."""
    if codec == "MP4V-ES":
        try:
            configuration = bytes.fromhex(parameters.get("config", ""))
        except ValueError:
            return ()
        return (configuration,) if configuration else ()
    names = ("sprop-parameter-sets",) if codec == "H264" else ("sprop-vps", "sprop-sps", "sprop-pps")
    return tuple(unit for name in names for unit in _parameter_sets(parameters.get(name, "")))


def _parameter_sets(text: str) -> tuple[bytes, ...]:
    """Parameter sets in base64 to NAL units; what is not base64 is left out."""
    sets: list[bytes] = []
    for item in text.split(",")[:16]:
        item = item.strip().rstrip("=")
        if not item:
            continue
        try:
            unit = base64.b64decode(item + "=" * (-len(item) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if unit:
            # Some cameras leave the start code in.
            sets.append(unit.lstrip(b"\x00")[1:] if unit.startswith((b"\0\0\1", b"\0\0\0\1")) else unit)
    return tuple(unit for unit in sets if unit)
