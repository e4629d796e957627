"""The SDP answer: one video track, sent only, on ICE-lite and DTLS as server. Pure.

Belongs here: the text and its order. Not here: what was chosen (`relay/offer.py`).

As RFC 7742 §6.2 demands, profile-level-id is there and sprop-parameter-sets is not: SPS and PPS come in band.
Audio, further video and data channels are refused with port 0.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from relay.ice import Credentials
from relay.offer import Offer
from relay.ports import Format, RtpParameters

_HOST, _HOST_TCP = 126, 90  # type preferences (RFC 8445 §5.1.2.2, RFC 6544 §4.2)
_PASSIVE = 4  # direction preference of a passive TCP host candidate (RFC 6544 §4.2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address of ours that a client can reach. `tcp`: ICE-TCP, passive (RFC 6544)."""

    host: str
    port: int
    tcp: bool = False


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """`a=candidate` lines (RFC 8839 §5.1), the most preferred first, and the end."""
    lines = []
    for index, each in enumerate(candidates):
        local = max(0, 65_535 - index)
        if each.tcp:
            priority = (_HOST_TCP << 24) + ((_PASSIVE << 13) + (local & 0x1FFF) << 8) + 255
            lines.append(
                f"a=candidate:{index + 1} 1 tcp {priority} {each.host} {each.port} typ host tcptype passive"
            )
        else:
            priority = (_HOST << 24) + (local << 8) + 255
            lines.append(f"a=candidate:{index + 1} 1 udp {priority} {each.host} {each.port} typ host")
    return [*lines, "a=end-of-candidates"]


def write_answer(
    offer: Offer,
    rtp: RtpParameters,
    credentials: Credentials,
    fingerprint: str,
    candidates: Sequence[Candidate],
    origin: int,
) -> str:
    """The answer to `offer`. `origin`: a number for the `o=` line, unlike that of other answers."""
    first = candidates[0]
    version = ipaddress.ip_address(first.host).version
    connection = f"c=IN IP{version} {first.host}"
    lines = [
        "v=0",
        f"o=- {origin} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=ice-options:trickle",
        "a=msid-semantic: WMS *",
    ]
    if offer.bundled:
        lines.append(f"a=group:BUNDLE {rtp.mid}")
    for index, section in enumerate(offer.sections):
        if index == offer.video:
            lines.append(f"m=video {first.port} {section.protocol} {_payload_types(rtp)}")
            lines.append(connection)
            lines += _video(offer, rtp, credentials, fingerprint)
            lines += candidate_lines(candidates)
        else:
            lines.append(f"m={section.kind} 0 {section.protocol} {section.format}")
            lines.append("c=IN IP4 0.0.0.0")
            lines.append("a=inactive")
            if section.mid is not None:
                lines.append(f"a=mid:{section.mid}")
    return "\r\n".join(lines) + "\r\n"


def write_restart(mid: str, credentials: Credentials, candidates: Sequence[Candidate]) -> str:
    """The answer to an ICE restart: an SDP fragment (RFC 8840) with the new generation and all candidates."""
    lines = [
        "a=ice-lite",
        f"a=ice-ufrag:{credentials.ufrag}",
        f"a=ice-pwd:{credentials.password}",
        f"m=video {candidates[0].port} UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{mid}",
        *candidate_lines(candidates),
    ]
    return "\r\n".join(lines) + "\r\n"


def _payload_types(rtp: RtpParameters) -> str:
    numbers = [number for each in rtp.formats for number in (each.payload_type, each.rtx_payload_type)]
    return " ".join(str(number) for number in numbers if number is not None)


def _format(each: Format) -> list[str]:
    """One payload type, and the one of its retransmissions."""
    number, told = each.payload_type, each.parameters
    if each.codec == "H264":
        told = f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={each.profile_level_id}"
    lines = [
        f"a=rtpmap:{number} {each.codec}/90000",
        *([f"a=fmtp:{number} {told}"] if told else []),
        *(f"a=rtcp-fb:{number} {kind}" for kind in sorted(each.feedback)),
    ]
    if each.rtx_payload_type is not None:
        lines.append(f"a=rtpmap:{each.rtx_payload_type} rtx/90000")
        lines.append(f"a=fmtp:{each.rtx_payload_type} apt={number}")
    return lines


def _video(offer: Offer, rtp: RtpParameters, credentials: Credentials, fingerprint: str) -> list[str]:
    lines = [f"a=mid:{rtp.mid}"] if offer.sections[offer.video].mid is not None else []
    lines += [
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        *(["a=rtcp-rsize"] if offer.reduced_size else []),
        f"a=ice-ufrag:{credentials.ufrag}",
        f"a=ice-pwd:{credentials.password}",
        f"a=fingerprint:{fingerprint}",
        "a=setup:passive",
        *(f"a=extmap:{extension} {uri}" for uri, extension in rtp.extensions.items()),
        *(line for each in rtp.formats for line in _format(each)),
    ]
    if rtp.rtx_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {rtp.ssrc} {rtp.rtx_ssrc}")
    lines.append(f"a=msid:{rtp.cname} video")
    for ssrc in (rtp.ssrc, rtp.rtx_ssrc):
        if ssrc is not None:
            lines.append(f"a=ssrc:{ssrc} cname:{rtp.cname}")
            lines.append(f"a=ssrc:{ssrc} msid:{rtp.cname} video")
    return lines
