"""A WHEP offer (SDP, RFC 8866, 8829) read for what the relay needs, at bounded cost. Pure.

Belongs here: what an offer must have, and the choice of the format. Not here: HTTP (`relay/whep.py`),
the answer's text (`relay/answer.py`).

Candidates are not even read: a lite agent contacts none. Whatever is malformed raises `OfferRefused` with the
HTTP status and words that name the attribute; nothing else is ever raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from relay import seam
from relay.errors import OfferRefused
from relay.ports import EXTENSION_ABS_SEND_TIME, EXTENSION_MID, EXTENSION_PLAYOUT_DELAY, Format

MAX_BODY = 64 * 1024
"""Bytes of an offer. A browser's has 3 to 7 KiB."""
MAX_MEDIA = 8
"""Media sections of an offer; a player's has one to three."""
MAX_LINES = 2_000

ANSWERED_EXTENSIONS = (EXTENSION_MID, EXTENSION_ABS_SEND_TIME, EXTENSION_PLAYOUT_DELAY)
"""Header extensions we use. transport-cc is left out on purpose: with it Chromium sends no REMB."""
ANSWERED_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "rrtr")

_TOKEN = re.compile(r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,64}\Z")
_ICE = re.compile(r"[A-Za-z0-9+/]+\Z")
_PROFILE = re.compile(r"[0-9A-Fa-f]{6}\Z")
_NUMBER = re.compile(r"[0-9]{1,3}\Z")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}\Z")
_PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF")
_H265_ANSWERED = ("profile-id", "tier-flag", "level-id", "tx-mode")
_H265_LEVEL = "93"  # what silence about the level means (RFC 7798 §7.1)
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Section:
    """A media section as the answer must repeat it: kind, protocol, first format, mid (None without)."""

    kind: str
    protocol: str
    format: str
    mid: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offer says that matters here. `video` is the index of the section that we answer, `formats` are
    those of it that we can send."""

    sections: tuple[Section, ...]
    video: int
    formats: tuple[Format, ...]
    extensions: Mapping[str, int]
    ufrag: str
    password: str = field(repr=False)
    fingerprints: tuple[tuple[str, str], ...] = ()
    bundled: bool = False
    reduced_size: bool = False


@dataclass(slots=True)
class _Part:
    """The lines of the session or of one media section."""

    media: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None

    def all(self, name: str) -> Sequence[str]:
        return self.attributes.get(name, ())


def parse_offer(body: bytes) -> Offer:
    """Read an offer. Raises `OfferRefused`: 413 too large, 400 malformed, 406 nothing that we can send."""
    if len(body) > MAX_BODY:
        raise OfferRefused(413, f"an offer has at most {MAX_BODY} bytes")
    session, media = _split(body)
    sections = tuple(_section(part) for part in media)
    bundle = _bundle(session)
    if not any(section.kind == "video" for section in sections):
        raise OfferRefused(406, "the offer has no video")
    refusals: list[OfferRefused] = []
    for index, (section, part) in enumerate(zip(sections, media, strict=True)):
        if section.kind != "video":
            continue
        try:
            return _offer(session, part, sections, index, section.mid in bundle)
        except OfferRefused as refused:
            refusals.append(refused)
    raise refusals[0]


def takes(offer: Offer, codec: str) -> bool:
    """Whether the viewer can show what cameras send in `codec`."""
    return any(each.codec == codec for each in offer.formats)


def choose_formats(offer: Offer, camera: str | None, codecs: Sequence[str]) -> tuple[Format, ...]:
    """The formats to answer for pictures that come in `codecs`, one for each that the offer has, in the
    offer's order (RFC 3264 §6.1). camera: as for `choose_format`.

    Retransmissions are agreed upon for all or for none, so that what can be sent again does not change with
    the codec. Raises `OfferRefused` 406 when the offer has none of the codecs.
    """
    wanted = [codec for codec in codecs if takes(offer, codec)] or codecs[:1]
    chosen = [choose_format(offer, camera, codec) for codec in wanted]
    if any(each.rtx_payload_type is None for each in chosen):
        chosen = [replace(each, rtx_payload_type=None) for each in chosen]
    place = {each.payload_type: index for index, each in enumerate(offer.formats)}
    return tuple(sorted(chosen, key=lambda each: place[each.payload_type]))


def choose_format(offer: Offer, camera: str | None, codec: str = "H264") -> Format:
    """The format to answer for pictures in `codec`, of a camera whose H.264 SPS says profile-level-id
    `camera` (None: not known yet).

    The entry of the same profile; else of the same profile_idc; else Constrained Baseline, which every
    browser takes and whose decoder copes with what it gets; else Baseline; else the first. Of H.265 the one
    of the highest level: a camera's pictures are what they are.
    Raises `OfferRefused` 406 when the offer has no format of the codec.
    """
    formats = [each for each in offer.formats if each.codec == codec]
    if not formats:
        raise OfferRefused(406, f"the camera's pictures come as {codec}, which the offer does not have")
    if codec == "H265":
        return max(formats, key=lambda each: int(_parameters(each.parameters).get("level-id", _H265_LEVEL)))
    wanted = (camera or "42e01f").lower()
    by_taste = (
        [each for each in formats if _profile(each.profile_level_id) == _profile(wanted)],
        [each for each in formats if each.profile_level_id[:2] == wanted[:2]],
        [each for each in formats if _profile(each.profile_level_id) == "constrained-baseline"],
        [each for each in formats if _profile(each.profile_level_id) == "baseline"],
        formats,
    )
    return next(found[0] for found in by_taste if found)


def _split(body: bytes) -> tuple[_Part, list[_Part]]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise OfferRefused(400, "the offer is not UTF-8") from None
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise OfferRefused(400, f"an offer has at most {MAX_LINES} lines")
    if lines[0] != "v=0":
        raise OfferRefused(400, "an SDP offer begins with v=0")
    session = _Part()
    parts: list[_Part] = []
    for line in lines[1:]:
        if not line:
            continue
        if len(line) < 2 or line[1] != "=" or "\r" in line or "\0" in line:
            raise OfferRefused(400, "a line of the offer is not of the form x=value")
        if line[0] == "m":
            if len(parts) == MAX_MEDIA:
                raise OfferRefused(400, f"an offer has at most {MAX_MEDIA} media sections")
            parts.append(_Part(line[2:]))
        elif line[0] == "a":
            name, _, value = line[2:].partition(":")
            if name != "candidate":
                (parts[-1] if parts else session).attributes.setdefault(name, []).append(value.strip())
    if not parts:
        raise OfferRefused(400, "the offer has no media section")
    return session, parts


def _section(part: _Part) -> Section:
    words = part.media.split()
    if len(words) < 4 or not words[1].split("/")[0].isdecimal():
        raise OfferRefused(400, "m= wants kind, port, protocol and formats")
    kind, _, protocol, first = words[:4]
    mid = part.first("mid")
    if not all(_TOKEN.match(word) for word in (kind, first, *protocol.split("/"))) or (
        mid is not None and not _TOKEN.match(mid)
    ):
        raise OfferRefused(400, "m= or a=mid holds characters that are not allowed there")
    return Section(kind, protocol, first, mid)


def _bundle(session: _Part) -> frozenset[str]:
    for group in session.all("group"):
        semantics, *mids = group.split()[: MAX_MEDIA + 1] or [""]
        if semantics == "BUNDLE":
            return frozenset(mids)
    return frozenset()


def _offer(session: _Part, part: _Part, sections: tuple[Section, ...], index: int, bundled: bool) -> Offer:
    def inherited(name: str) -> str | None:
        return part.first(name) if part.first(name) is not None else session.first(name)

    section = sections[index]
    port = part.media.split()[1]
    if port == "0" and "bundle-only" not in part.attributes:
        raise OfferRefused(406, "the video section is switched off (port 0)")
    if section.protocol not in _PROTOCOLS:
        raise OfferRefused(406, "the video section is not DTLS-SRTP with feedback")
    if next((name for name in _DIRECTIONS if name in part.attributes), "sendrecv") not in (
        "recvonly",
        "sendrecv",
    ):
        raise OfferRefused(406, "the video section does not want to receive")
    if "rtcp-mux" not in part.attributes:
        raise OfferRefused(406, "a=rtcp-mux is missing")
    if inherited("setup") not in ("actpass", "active"):
        raise OfferRefused(400, "a=setup must be actpass or active")
    ufrag, password = inherited("ice-ufrag"), inherited("ice-pwd")
    if ufrag is None or not 4 <= len(ufrag) <= 256 or not _ICE.match(ufrag):
        raise OfferRefused(400, "a=ice-ufrag is missing or malformed")
    if password is None or not 22 <= len(password) <= 256 or not _ICE.match(password):
        raise OfferRefused(400, "a=ice-pwd is missing or malformed")
    formats = tuple(_formats(part))
    if not formats:
        raise OfferRefused(406, "the offer has neither H.264 with packetization-mode=1 nor H.265")
    return Offer(
        sections=sections,
        video=index,
        formats=formats,
        extensions=_extensions(part),
        ufrag=ufrag,
        password=password,
        fingerprints=_fingerprints(part.all("fingerprint") or session.all("fingerprint")),
        bundled=bundled,
        reduced_size="rtcp-rsize" in part.attributes,
    )


def _fingerprints(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    fingerprints = []
    for value in values[:8]:
        algorithm, _, digest = value.partition(" ")
        if not _FINGERPRINT.match(digest):
            raise OfferRefused(400, "a=fingerprint is malformed")
        fingerprints.append((algorithm.lower(), digest))
    if not any(seam.known_digest(algorithm) for algorithm, _ in fingerprints):
        raise OfferRefused(400, "a=fingerprint is missing or of an unknown algorithm")
    return tuple(fingerprints)


def _formats(part: _Part) -> Iterator[Format]:
    """H.264 and H.265 entries in the offer's order of preference."""
    encodings = dict(_numbered(part.all("rtpmap")))
    parameters = {number: _parameters(text) for number, text in _numbered(part.all("fmtp"))}
    retransmission = {
        parameters[number].get("apt"): number
        for number, encoding in encodings.items()
        if encoding.lower() == "rtx/90000" and number in parameters
    }
    feedback: dict[str, set[str]] = {}
    for value in part.all("rtcp-fb"):
        number, _, kind = value.partition(" ")
        feedback.setdefault(number, set()).add(kind.strip().lower())
    for word in part.media.split()[3:]:
        payload_type = int(word) if word.isdecimal() and len(word) <= 3 else -1
        encoding = encodings.get(payload_type, "").lower()
        wanted = parameters.get(payload_type, {})
        asked = feedback.get(word, set()) | feedback.get("*", set())
        rtx = retransmission.get(word)
        kinds = frozenset(kind for kind in ANSWERED_FEEDBACK if kind in asked)
        if encoding == "h265/90000" and _takes_main(wanted):
            told = ";".join(f"{name}={wanted[name]}" for name in _H265_ANSWERED if name in wanted)
            yield Format(payload_type, "", rtx, kinds, "H265", told)
        if encoding != "h264/90000":
            continue
        # No profile-level-id means Baseline level 1 to the RFC and 42e01f to every browser's code.
        profile = wanted.get("profile-level-id", "42e01f")
        if wanted.get("packetization-mode") != "1" or not _PROFILE.match(profile):
            continue
        yield Format(payload_type, profile.lower(), rtx, kinds)


def _takes_main(parameters: Mapping[str, str]) -> bool:
    """Whether H.265 parameters of an offer allow what cameras send: Main profile (1, which is also what
    silence means) and one stream. The level is not asked: a decoder takes what it can."""
    return (
        parameters.get("profile-id", "1") == "1"
        and parameters.get("tx-mode", "SRST").upper() == "SRST"
        and all(_NUMBER.match(parameters.get(name, "0")) for name in ("tier-flag", "level-id"))
    )


def _numbered(values: Sequence[str]) -> Iterator[tuple[int, str]]:
    """`a=rtpmap` and `a=fmtp` values: payload type and the rest."""
    for value in values:
        number, _, rest = value.partition(" ")
        if number.isdecimal() and len(number) <= 3 and int(number) <= 127:
            yield int(number), rest.strip()


def _parameters(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _extensions(part: _Part) -> dict[str, int]:
    extensions: dict[str, int] = {}
    for value in part.all("extmap"):
        number, _, rest = value.partition(" ")
        uri = rest.split(" ", 1)[0]
        number = number.partition("/")[0]
        if uri in ANSWERED_EXTENSIONS and number.isdecimal() and 1 <= int(number[:4]) <= 14:
            extensions.setdefault(uri, int(number))
    return extensions


def _profile(profile_level_id: str) -> str:
    """The profile that a profile-level-id names (RFC 6184 §8.1 table 5), level aside."""
    idc, flags = int(profile_level_id[:2], 16), int(profile_level_id[2:4], 16)
    constraint0, constraint1 = bool(flags & 0x80), bool(flags & 0x40)
    if idc == 0x42:
        return "constrained-baseline" if constraint1 else "baseline"
    if idc == 0x4D:
        return "constrained-baseline" if constraint0 else "main"
    if idc == 0x64:
        return "constrained-high" if flags & 0x0C == 0x0C else "high"
    return profile_level_id[:4]
