"""What the child is trusted with: RTP payloads that FFmpeg's demuxer knows and cameras may send, and the
codecs that may come out. Pure; the child reads this table too.

Left out on purpose: uncompressed video (RFC 4175, a gigabit per camera), H.261 (it has no keyframes, so
nobody could join), and what only players and studios send (Theora, VC-2, QuickTime).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MP2T = "MP2T"


@dataclass(frozen=True, slots=True)
class Payload:
    """payload_type: what our packets to the child say; FFmpeg knows some formats by their static number alone
    (RFC 3551 §6). codec: our name of what is in it; None where only the payload itself says."""

    payload_type: int
    codec: str | None


PAYLOADS: Mapping[str, Payload] = {
    "MP2T": Payload(33, None),  # RFC 2250 §2: often H.264, in encoders made for television
    "VP8": Payload(96, "VP8"),  # RFC 7741
    "VP9": Payload(96, "VP9"),  # RFC 9628
    "AV1": Payload(96, "AV1"),  # AOMedia's RTP payload format
    "MPV": Payload(32, "MPV"),  # RFC 2250 §3: MPEG-1 and MPEG-2
    "H263-2000": Payload(96, "H263"),  # RFC 4629
    "H263-1998": Payload(96, "H263"),
    "H263": Payload(34, "H263"),  # RFC 2190
}
"""By RTP encoding name, the cheapest to pass on or to decode first."""

CODECS: Mapping[str, str] = {
    "h264": "H264",
    "hevc": "H265",
    "mpeg4": "MP4V-ES",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "mpeg1video": "MPV",
    "mpeg2video": "MPV",
    "h263": "H263",
}
"""FFmpeg's name of a codec that may come out, to ours. Any other ends the session."""


def description(name: str) -> bytes:
    """The session description for FFmpeg: nothing in it comes from the camera."""
    number = PAYLOADS[name].payload_type
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=video 0 RTP/AVP {number}",
        *([f"a=rtpmap:{number} {name}/90000"] if number >= 96 else []),
        "a=control:track",
    ]
    return "".join(line + "\r\n" for line in lines).encode()
