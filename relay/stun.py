"""STUN binding requests and responses: the part of RFC 8489 that a lite ICE agent speaks. Pure.

Belongs here: bytes. Not here: whose request it is and what follows from it (`relay/ice.py`).

Every viewer sends a check every two or three seconds for as long as it looks, so this is written to be cheap:
one walk over the attributes, one HMAC, no objects but the request itself.
"""

from __future__ import annotations

import hmac
import socket
import struct
from binascii import crc32
from dataclasses import dataclass

HEADER = 20
COOKIE = 0x2112A442
_COOKIE_BYTES = COOKIE.to_bytes(4, "big")
_BINDING_REQUEST = b"\x00\x01"
_BINDING_RESPONSE = b"\x01\x01"
_REQUEST = 0x0001
_RESPONSE = 0x0101
_ERROR = 0x0111
_USERNAME, _INTEGRITY, _ERROR_CODE, _XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0009, 0x0020
_USE_CANDIDATE, _FINGERPRINT, _ICE_CONTROLLED = 0x0025, 0x8028, 0x8029
_INTEGRITY_SIZE = 24
_FINGERPRINT_SIZE = 8
_FINGERPRINT_XOR = 0x5354554E

_attribute = struct.Struct("!HH").unpack_from
_head = struct.Struct("!HHI").pack


@dataclass(frozen=True, slots=True)
class Request:
    """A binding request. username: as it came. controlled: the sender claims to be the controlled agent.
    integrity_at: where MESSAGE-INTEGRITY stands in the datagram, None without one."""

    transaction: bytes
    username: bytes
    controlled: bool
    use_candidate: bool
    integrity_at: int | None


def is_binding_request(datagram: bytes) -> bool:
    """Whether it says so: type, length and magic cookie (§5)."""
    return (
        len(datagram) >= HEADER
        and datagram[:2] == _BINDING_REQUEST
        and datagram[4:8] == _COOKIE_BYTES
        and int.from_bytes(datagram[2:4], "big") == len(datagram) - HEADER
    )


def requested_ufrag(datagram: bytes) -> bytes | None:
    """The local ufrag that a binding request asks for; None for anything else. Never raises.

    The cheap look, before any hashing: what names no viewer of ours ends here.
    """
    if not is_binding_request(datagram):
        return None
    size, at = len(datagram), HEADER
    while at + 4 <= size:
        kind, length = _attribute(datagram, at)
        if kind == _USERNAME:
            ufrag, colon, _ = datagram[at + 4 : at + 4 + length].partition(b":")
            return ufrag if colon else None
        at += 4 + length + (-length & 3)
    return None


def read_request(datagram: bytes) -> Request | None:
    """A binding request taken apart; None for anything else, whatever it is. Never raises.

    Attributes behind MESSAGE-INTEGRITY are not authenticated and do not count (§14.5), but a FINGERPRINT that
    is wrong makes it no STUN at all (§14.7).
    """
    if not is_binding_request(datagram):
        return None
    username = b""
    controlled = use_candidate = False
    integrity_at: int | None = None
    size, at = len(datagram), HEADER
    while at + 4 <= size:
        kind, length = _attribute(datagram, at)
        end = at + 4 + length
        if end > size:
            return None
        if kind == _FINGERPRINT:
            if length != 4 or datagram[at + 4 : end] != _fingerprint(datagram[:at]):
                return None
        elif integrity_at is None:
            if kind == _USERNAME:
                username = datagram[at + 4 : end]
            elif kind == _INTEGRITY:
                if length != _INTEGRITY_SIZE - 4:
                    return None
                integrity_at = at
            elif kind == _USE_CANDIDATE:
                use_candidate = True
            elif kind == _ICE_CONTROLLED:
                controlled = True
        at = end + (-length & 3)
    return Request(datagram[8:HEADER], username, controlled, use_candidate, integrity_at)


def is_authentic(datagram: bytes, request: Request, key: bytes) -> bool:
    """Whether MESSAGE-INTEGRITY is there and of that key (§14.5)."""
    at = request.integrity_at
    if at is None:
        return False
    return hmac.compare_digest(datagram[at + 4 : at + _INTEGRITY_SIZE], _integrity(datagram[:at], key))


def success(request: Request, key: bytes, source: tuple[str, int]) -> bytes:
    """The response that tells the sender which host and port its request came from (§14.2)."""
    host, port = source
    if ":" in host:
        family, packed = 2, socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    else:
        family, packed = 1, socket.inet_pton(socket.AF_INET, host)
    pad = int.from_bytes((_COOKIE_BYTES + request.transaction)[: len(packed)], "big")
    masked = (int.from_bytes(packed, "big") ^ pad).to_bytes(len(packed), "big")
    value = bytes((0, family)) + (port ^ COOKIE >> 16).to_bytes(2, "big") + masked
    return _signed(_RESPONSE, request, key, _XOR_MAPPED_ADDRESS, value)


def request(transaction: bytes, username: bytes, key: bytes) -> bytes:
    """A binding request of our own; the peer answers as soon as it comes (§3.3). No part of finding a path:
    it nominates nothing and says that we are the controlled agent. `transaction`: 12 bytes nobody can guess.
    """
    body = _attributes((_USERNAME, username), (_ICE_CONTROLLED, transaction[:8]))
    return _sealed(_REQUEST, transaction, key, body)


def is_success(datagram: bytes, key: bytes) -> bool:
    """Whether that is a response to a binding request, good news and authentic. Never raises."""
    size = len(datagram)
    if (
        size < HEADER
        or datagram[:2] != _BINDING_RESPONSE
        or datagram[4:8] != _COOKIE_BYTES
        or int.from_bytes(datagram[2:4], "big") != size - HEADER
    ):
        return False
    at = HEADER
    while at + 4 <= size:
        kind, length = _attribute(datagram, at)
        if kind == _INTEGRITY:
            given = datagram[at + 4 : at + _INTEGRITY_SIZE]
            return hmac.compare_digest(given, _integrity(datagram[:at], key))
        at += 4 + length + (-length & 3)
    return False


def error(request: Request, key: bytes, code: int, reason: str) -> bytes:
    """The response that refuses a request (§14.8). `reason`: words of ASCII."""
    value = bytes((0, 0, code // 100, code % 100)) + reason.encode("ascii")
    return _signed(_ERROR, request, key, _ERROR_CODE, value)


def _signed(kind: int, request: Request, key: bytes, attribute: int, value: bytes) -> bytes:
    return _sealed(kind, request.transaction, key, _attributes((attribute, value)))


def _attributes(*pairs: tuple[int, bytes]) -> bytes:
    parts: list[bytes] = []
    for kind, value in pairs:
        parts += (kind.to_bytes(2, "big"), len(value).to_bytes(2, "big"), value, bytes(-len(value) & 3))
    return b"".join(parts)


def _sealed(kind: int, transaction: bytes, key: bytes, body: bytes) -> bytes:
    whole = len(body) + _INTEGRITY_SIZE + _FINGERPRINT_SIZE
    message = _head(kind, whole, COOKIE) + transaction + body
    message += _INTEGRITY.to_bytes(2, "big") + b"\x00\x14" + _integrity(message, key)
    return message + _FINGERPRINT.to_bytes(2, "big") + b"\x00\x04" + _fingerprint(message)


def _integrity(before: bytes, key: bytes) -> bytes:
    """HMAC-SHA1 of what stands before the attribute, as if the message ended with it."""
    length = (len(before) - HEADER + _INTEGRITY_SIZE).to_bytes(2, "big")
    return hmac.digest(key, before[:2] + length + before[4:], "sha1")


def _fingerprint(before: bytes) -> bytes:
    """CRC-32 of what stands before the attribute, as if the message ended with it (§14.7)."""
    length = (len(before) - HEADER + _FINGERPRINT_SIZE).to_bytes(2, "big")
    return (crc32(before[:2] + length + before[4:]) ^ _FINGERPRINT_XOR).to_bytes(4, "big")
