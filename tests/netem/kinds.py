"""What a datagram of a WebRTC flow is, told by its first byte (RFC 7983 §7). Nothing else is looked at."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The protocols that share one port."""

    STUN = "stun"
    DTLS = "dtls"
    RTP = "rtp"  # RTCP too: RFC 5761 keeps both in 128..191
    OTHER = "other"  # anything else, the empty datagram included


ALL_KINDS = frozenset(Kind)


def kind_of(datagram: bytes) -> Kind:
    """The kind of one datagram."""
    if not datagram:
        return Kind.OTHER
    first = datagram[0]
    if first <= 3:
        return Kind.STUN
    if 20 <= first <= 63:
        return Kind.DTLS
    if 128 <= first <= 191:
        return Kind.RTP
    return Kind.OTHER
