"""The RTSP wire, without a socket: bytes in, interleaved frames and messages out (RFC 2326 §10.12).

One fixed buffer, parsed in place: an interleaved frame is handed on as a view into it, valid only during the
call. When the framing is lost while media runs (a frame cut short, junk between frames) it is found again
at the next plausible frame, within bounds, and `on_resync` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from streams.errors import NotRtspError, ProtocolError
from streams.rtsp.messages import MAX_BODY, MAX_HEAD, Request, Response, may_begin_message, parse_head

BUFFER_BYTES = 128 * 1024  # room for the largest frame (65,539) or message, and as much again to read ahead
_MAX_SKIP = 256 * 1024  # bytes that may be skipped between two frames while looking for the next
_DOLLAR = 0x24
_R = 0x52


class Wire:
    """Cuts what a camera sends into frames and messages.

    on_frame(channel, payload view); on_message(response or request). `channels`: those assigned by SETUP,
    used to recognise a frame when resynchronising.
    """

    def __init__(
        self,
        on_frame: Callable[[int, memoryview], None],
        on_message: Callable[[Response | Request], None],
        on_resync: Callable[[], None],
    ) -> None:
        self._on_frame = on_frame
        self._on_message = on_message
        self._on_resync = on_resync
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._end = 0
        self._message: tuple[Response | Request, int] | None = None  # head read, body of this length to come
        self._spoke_rtsp = False
        self._skipped = 0
        self._searching = False  # for the next plausible frame or message
        self.channels: tuple[int, ...] = ()

    def room(self) -> memoryview:
        """Where to put the next bytes; never empty between calls of `received`."""
        return self._view[self._end :]

    def received(self, count: int) -> None:
        """`count` bytes were put into `room()`. Raises `ProtocolError` when there is no going on."""
        end = self._end = self._end + count
        buffer, view = self._buffer, self._view
        at = 0
        on_frame = self._on_frame
        while at < end:
            if self._message is not None:
                message, length = self._message
                if end - at < length:
                    break
                self._message = None
                body = bytes(view[at : at + length])
                at += length
                self._on_message(replace(message, body=body))
                continue
            first = buffer[at]
            if first == _DOLLAR and not self._searching:
                if end - at < 4:
                    break
                length = (buffer[at + 2] << 8) | buffer[at + 3]
                following = at + 4 + length
                if following > end:
                    break
                if length:
                    on_frame(buffer[at + 1], view[at + 4 : following])
                at = following
            elif first in (0x0D, 0x0A) and not self._searching:
                at += 1  # blank lines between messages, CRLF before '$'
            else:
                was_searching = self._searching
                consumed = self._text(at, end)
                at += consumed
                if consumed == 0 and self._searching == was_searching:
                    break  # more bytes are needed
        if at:
            rest = end - at
            if rest:
                buffer[:rest] = buffer[at:end]
            self._end = rest
        if self._end == BUFFER_BYTES:
            raise ProtocolError("a message larger than the buffer")

    def _text(self, at: int, end: int) -> int:
        """Handle what is not a frame at a boundary; returns the bytes used up, 0 to wait for more."""
        if self._searching:
            return self._resync(at, end)
        window = bytes(self._view[at : min(end, at + MAX_HEAD)])
        if not may_begin_message(window[:16]):
            if not self._spoke_rtsp:
                raise NotRtspError("what answers does not speak RTSP")
            if not self.channels:
                raise ProtocolError("junk between messages")
            self._searching = True
            self._on_resync()
            return self._resync(at, end)
        finish, width = _end_of_head(window)
        if finish < 0:
            if len(window) >= MAX_HEAD:
                raise ProtocolError("a header of more than 16 KiB")
            return 0
        message, length = parse_head(window[:finish])
        self._spoke_rtsp = True
        assert length <= MAX_BODY
        self._message = (message, length)
        if length == 0:
            self._message = None
            self._on_message(message)
        return finish + width

    def _resync(self, at: int, end: int) -> int:
        """Skip to the next byte that plausibly begins a frame or a message; returns how many are skipped.

        Where more bytes are needed to tell, the search goes on at that byte when they are there.
        """
        buffer = self._buffer
        index = at
        while index < end:
            byte = buffer[index]
            if byte in (_DOLLAR, _R):
                found = self._plausible(index, end)
                if found is None:
                    break
                if found:
                    self._searching = False
                    break
            index += 1
        self._skipped += index - at
        if self._skipped > _MAX_SKIP:
            raise ProtocolError("more than 256 KiB of junk")
        return index - at

    def _plausible(self, at: int, end: int) -> bool | None:
        """Whether a frame or a response begins here; None if more bytes are needed to tell."""
        buffer = self._buffer
        if end - at < 5:
            return None
        if buffer[at] == _R:
            return buffer[at : at + 5] == b"RTSP/"
        length = (buffer[at + 2] << 8) | buffer[at + 3]
        return buffer[at + 1] in self.channels and buffer[at + 4] & 0xC0 == 0x80 and length >= 8


def _end_of_head(window: bytes) -> tuple[int, int]:
    """Where the blank line that ends a head begins, and its width; -1 if it is not there yet."""
    crlf = window.find(b"\r\n\r\n")
    bare = window.find(b"\n\n")
    if crlf >= 0 and (bare < 0 or crlf < bare):
        return crlf, 4
    return bare, 2
