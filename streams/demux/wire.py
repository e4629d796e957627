"""What the child says to its parent: messages behind their kind and length. Pure.

The child works on a stranger's bytes and may be anything by now: it is read as a stranger too. Whatever it
sends gives messages or a `ProtocolError`, in bounded memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from streams.depacketize.picture import MAX_PICTURE_BYTES
from streams.errors import ProtocolError

_HEADER = struct.Struct("!BI")  # kind, length of the rest
_STREAM = struct.Struct("!HHB")  # width, height, 1 if pictures come in another order than shown; codec's name
_PICTURE = struct.Struct("!qB")  # time, flags; the picture
_HELLO_KIND, _STREAM_KIND, _PICTURE_KIND = 1, 2, 3
_KEY, _CORRUPT = 1, 2
_MAX_NAME = 32
_MOST = {
    _HELLO_KIND: 0,
    _STREAM_KIND: _STREAM.size + _MAX_NAME,
    _PICTURE_KIND: _PICTURE.size + MAX_PICTURE_BYTES,
}
_LEAST = {_HELLO_KIND: 0, _STREAM_KIND: _STREAM.size + 1, _PICTURE_KIND: _PICTURE.size + 1}


@dataclass(frozen=True, slots=True)
class Hello:
    """It is there and takes packets."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the packets hold. codec: FFmpeg's name. Sizes are 0 where they are not known."""

    codec: str
    width: int
    height: int
    reorders: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture. time: 90 kHz, signed. is_corrupt: some of it is missing."""

    time: int
    is_key: bool
    is_corrupt: bool
    data: bytes


Message = Hello | Found | Picture


def format_message(message: Message) -> bytes:
    """A message as it is written. Raises `ValueError` for one that no reader would take."""
    match message:
        case Hello():
            kind, body = _HELLO_KIND, b""
        case Found():
            head = _STREAM.pack(min(message.width, 0xFFFF), min(message.height, 0xFFFF), message.reorders)
            kind, body = _STREAM_KIND, head + message.codec.encode("ascii")
        case Picture():
            flags = (_KEY if message.is_key else 0) | (_CORRUPT if message.is_corrupt else 0)
            kind, body = _PICTURE_KIND, _PICTURE.pack(message.time, flags) + message.data
    if not _LEAST[kind] <= len(body) <= _MOST[kind]:
        raise ValueError("a message of a length that is not taken")
    return _HEADER.pack(kind, len(body)) + body


class Reader:
    """Bytes in any pieces to messages. After a `ProtocolError` it is of no use any more."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now. Raises `ProtocolError`."""
        held = self._data
        held += data
        found: list[Message] = []
        at = 0
        while at + _HEADER.size <= len(held):
            kind, length = _HEADER.unpack_from(held, at)
            if kind not in _MOST or not _LEAST[kind] <= length <= _MOST[kind]:
                raise ProtocolError("the demuxer's process wrote what is no message")
            start = at + _HEADER.size
            if start + length > len(held):
                break
            at = start + length
            found.append(_parse(kind, bytes(held[start:at])))
        del held[:at]
        return found


def _parse(kind: int, body: bytes) -> Message:
    if kind == _HELLO_KIND:
        return Hello()
    if kind == _PICTURE_KIND:
        time, flags = _PICTURE.unpack_from(body)
        return Picture(time, bool(flags & _KEY), bool(flags & _CORRUPT), body[_PICTURE.size :])
    width, height, reorders = _STREAM.unpack_from(body)
    name = body[_STREAM.size :]
    if not name.isalnum():
        raise ProtocolError("the demuxer's process named no codec")
    return Found(name.decode("ascii"), width, height, bool(reorders))
