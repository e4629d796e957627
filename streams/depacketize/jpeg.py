"""RFC 2435: JPEG payloads to whole JFIF pictures, each of which stands by itself.

Pictures wider or higher than 2,040 have no size in their own header; it is taken from the session description
(`x-dimensions`, `framesize`). ONVIF's header extension with a header of its own is not read.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.counters import Counters
from streams.depacketize.picture import MAX_PICTURE_BYTES, CodedPicture
from streams.jpeg import END, JpegFormat, jfif_header, standard_tables

_MAX_TABLES = 1024  # bytes of quantization tables in one packet


class JpegDepacketizer:
    """Puts pictures together by fragment offset; a picture with a hole is dropped and counted."""

    ready = True
    sps = None

    def __init__(
        self,
        emit: Callable[[CodedPicture], None],
        counters: Counters,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._emit = emit
        self._counters = counters
        self._described = size
        self._tables: dict[int, tuple[bytes, int]] = {}  # by Q from 128 to 254: they may be sent only once
        self._timestamp = -1
        self._header = b""
        self._scan: bytearray | None = None  # None: nothing, or nothing whole, of this picture
        self._begun = False  # packets of this picture have come
        self.version = 0
        self.format: JpegFormat | None = None

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence."""
        if timestamp != self._timestamp:
            if self._begun:
                if self._scan is not None:
                    # Its marker is lost, or with it the end: only the decoder could tell.
                    self._counters.lost_markers += 1
                self._drop()
            self._timestamp = timestamp
        self._begun = True
        self._take(payload, len(payload))
        if marker:
            if self._scan is None:
                self._drop()
            else:
                self._finish(self._scan)

    def lost(self) -> None:
        """Packets before the next one are missing."""
        self._scan = None

    def _take(self, payload: memoryview, size: int) -> None:
        if size < 8:
            self._bad()
            return
        offset = int.from_bytes(payload[1:4], "big")
        kind, q = payload[4], payload[5]
        at, interval = 8, 0
        if 64 <= kind <= 127:
            if size < 12:
                self._bad()
                return
            interval = int.from_bytes(payload[8:10], "big")
            at = 12
        if offset == 0:
            at = self._begin(payload, size, at, kind, q, interval)
        elif self._scan is None or offset != len(self._scan):
            self._scan = None
            return
        if self._scan is None:
            return
        if len(self._scan) + size - at > MAX_PICTURE_BYTES:
            self._bad()
            return
        self._scan += payload[at:]

    def _begin(self, payload: memoryview, size: int, at: int, kind: int, q: int, interval: int) -> int:
        """The first packet of a picture; returns where its scan begins."""
        self._scan = None
        tables, precision = (standard_tables(q), 0) if q < 128 else (b"", 0)
        if q >= 128:
            if size < at + 4:
                self._bad()
                return size
            precision, length = payload[at + 1], int.from_bytes(payload[at + 2 : at + 4], "big")
            at += 4
            if length:
                if at + length > size or length > _MAX_TABLES:
                    self._bad()
                    return size
                tables = bytes(payload[at : at + length])
                at += length
                if q < 255:
                    self._tables[q] = tables, precision
            else:
                tables, precision = self._tables.get(q, (b"", 0))
        width, height = 8 * payload[6], 8 * payload[7]
        if not (width and height) and self._described is not None:
            width, height = self._described
        if q == 0 or kind & 0x3F > 1 or kind > 127 or not (width and height):
            self._bad()
            return size
        try:
            self._header = jfif_header(kind & 1, width, height, tables, precision, interval)
        except ValueError:
            self._bad()
            return size
        if self.format is None or (self.format.width, self.format.height) != (width, height):
            self.format = JpegFormat(width, height)
            self.version += 1
        self._scan = bytearray()
        return at

    def _finish(self, scan: bytearray) -> None:
        tail = b"" if scan.endswith(END) else END
        picture = CodedPicture(self._timestamp, True, (b"".join((self._header, scan, tail)),))
        self._scan = None
        self._begun = False
        self._emit(picture)

    def _bad(self) -> None:
        self._counters.bad_packets += 1
        self._scan = None

    def _drop(self) -> None:
        self._counters.dropped_pictures += 1
        self._scan = None
        self._begun = False
