"""RFC 6416: MPEG-4 part 2 payloads. The bitstream is cut anywhere and goes on in the next packet; a picture
(VOP) ends with the marker bit or a change of the time stamp.

Size and order are not read from the bitstream: MPEG-4 part 2 is always decoded here, and the decoder says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.counters import Counters
from streams.depacketize.picture import MAX_PICTURE_BYTES, CodedPicture

_VOP = b"\x00\x00\x01\xb6"
_VISUAL_SEQUENCE = b"\x00\x00\x01\xb0"
_OBJECT_LAYERS = tuple(b"\x00\x00\x01" + bytes((kind,)) for kind in range(0x20, 0x30))
_MAX_CONFIGURATION = 4096


class Mpeg4Depacketizer:
    """Whole pictures, each keyframe with its configuration in front."""

    format = None
    sps = None

    def __init__(
        self, configuration: Iterable[bytes], emit: Callable[[CodedPicture], None], counters: Counters
    ) -> None:
        self._emit = emit
        self._counters = counters
        self._configuration = b"".join(configuration)[:_MAX_CONFIGURATION]
        self._timestamp = -1
        self._data = bytearray()
        self._damaged = False
        self._waiting = True
        self.version = 0

    @property
    def ready(self) -> bool:
        """Whether the visual object's configuration is known."""
        return bool(self._configuration)

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence."""
        if timestamp != self._timestamp:
            if self._data or self._damaged:
                self._counters.lost_markers += 1
                self._finish()
            self._timestamp = timestamp
        if not self._damaged:
            if len(self._data) + len(payload) > MAX_PICTURE_BYTES:
                self._counters.bad_packets += 1
                self._damaged = True
                self._data.clear()
            else:
                self._data += payload
        if marker:
            self._finish()

    def lost(self) -> None:
        """Packets before the next one are missing."""
        self._waiting = True
        self._damaged = True
        self._data.clear()

    def _finish(self) -> None:
        data, damaged = bytes(self._data), self._damaged
        self._data.clear()
        self._damaged = False
        at = data.find(_VOP)
        if at < 0 or at + 4 >= len(data):
            if data and not damaged and self._take_configuration(data):
                return  # a configuration by itself
            self._drop()
            return
        is_key = data[at + 4] >> 6 == 0  # vop_coding_type I
        if at:
            self._take_configuration(data[:at])
        if damaged or not self._configuration or (self._waiting and not is_key):
            self._drop()
            return
        if is_key:
            self._waiting = False
            data = self._configuration + data[at:]
        self._emit(CodedPicture(self._timestamp, is_key, (data,)))

    def _take_configuration(self, head: bytes) -> bool:
        """What stands in front of a picture; True if it holds an object layer or the sequence's beginning."""
        found = _VISUAL_SEQUENCE in head or any(code in head for code in _OBJECT_LAYERS)
        self._counters.in_band_sets += found
        if found and len(head) <= _MAX_CONFIGURATION and head != self._configuration:
            self._configuration = head
            self.version += 1
        return found

    def _drop(self) -> None:
        self._counters.dropped_pictures += 1
        self._waiting = True
