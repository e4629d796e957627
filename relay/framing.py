"""Datagrams on a byte stream: a length of two bytes before each (RFC 4571 §2). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from relay.errors import RelayError

LONGEST = 2048
"""Bytes of a frame that we take: STUN, DTLS and RTCP stay far below."""

_length = struct.Struct("!H")


class FramingError(RelayError):
    """The stream does not hold frames, or one that is too long: the connection is of no use any more."""


class Deframer:
    """Gives back the datagrams of a stream. Holds at most one unfinished frame."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The datagrams that are whole now. Raises `FramingError`; after that the stream is lost."""
        data = self._rest + data
        frames, at = [], 0
        while at + 2 <= len(data):
            (size,) = _length.unpack_from(data, at)
            if size > self._longest:
                raise FramingError(f"a frame of {size} bytes")
            if at + 2 + size > len(data):
                break
            frames.append(data[at + 2 : at + 2 + size])
            at += 2 + size
        self._rest = data[at:]
        return frames


def frame(datagrams: Iterable[bytes | memoryview]) -> bytes:
    """Datagrams as they go on the stream. Each has at most 65,535 bytes."""
    parts: list[bytes | memoryview] = []
    for datagram in datagrams:
        parts += (_length.pack(len(datagram)), datagram)
    return b"".join(parts)
