"""Pictures from NAL units: what H.264 (RFC 6184) and H.265 (RFC 7798) have in common.

Belongs here: where a picture begins and ends, what damage and loss mean, bounds. What a payload or a NAL unit
is, the codec's own module says through the methods at the end of the class.

A picture ends with the marker bit. A marker on parameter sets or SEI alone ends nothing (Tapo TC70), a change
of the time stamp ends a picture whose marker was lost, and a camera that sets the marker on every slice is
found out and from then on read by its time stamps. After a loss nothing is passed on that could refer to the
lost picture: everything up to the next keyframe is dropped and counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from streams.counters import Counters
from streams.depacketize.picture import MAX_PICTURE_BYTES, CodedPicture
from streams.errors import ProtocolError
from streams.h264 import START_CODE, split_annex_b
from streams.parameter_sets import Format, ParameterSetStore

_UNIT_OVERHEAD = 64  # bytes charged for every NAL unit, so that a flood of tiny ones is bounded too
_MAX_PARTS = 512  # NAL units in one, with start codes between


class NalDepacketizer(ABC):
    """Puts pictures together. Subclasses know one codec.

    `sets`: the codec's empty store of parameter sets; `described`: those of the session description.
    """

    def __init__(
        self,
        sets: ParameterSetStore,
        described: Iterable[bytes],
        emit: Callable[[CodedPicture], None],
        counters: Counters,
    ) -> None:
        self.parameter_sets = sets
        self._emit = emit
        self._counters = counters
        self._timestamp = -1  # of the picture being put together
        self._units: list[bytes] = []
        self._size = 0
        self._has_slice = False
        self._is_idr = False
        self._damaged = False
        self._fragment: bytearray | None = None  # the fragmented NAL unit under way
        self._after_gap = False  # the next picture may have lost its beginning
        self._waiting = True  # for a keyframe
        self._ended_by_marker = -1  # time stamp of the last picture that its marker ended
        self._marker_trusted = True
        for unit in described:
            self._learn(unit)

    @property
    def ready(self) -> bool:
        """Whether the parameter sets that a keyframe needs are there."""
        return self.parameter_sets.complete

    @property
    def version(self) -> int:
        """Counts changes of the parameter sets."""
        return self.parameter_sets.version

    @property
    def format(self) -> Format | None:
        """The newest SPS, parsed."""
        return self.parameter_sets.active

    @property
    def sps(self) -> bytes | None:
        """The newest SPS as it came."""
        return self.parameter_sets.sps

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence."""
        if timestamp != self._timestamp:
            if self._has_slice:
                self._counters.lost_markers += self._marker_trusted
                self._finish()
            elif self._fragment is not None or self._damaged:
                self._drop()
            self._timestamp = timestamp  # parameter sets with a time stamp of their own go with this picture
        self._payload(payload, len(payload))
        if marker and self._marker_trusted:
            if self._fragment is not None:
                self._truncated()
            if self._has_slice:
                self._ended_by_marker = timestamp
                self._finish()
            elif self._damaged:
                self._drop()

    def lost(self) -> None:
        """Packets before the next one are missing."""
        self._fragment = None
        self._waiting = True
        self._after_gap = True
        if self._has_slice or self._units:
            self._damaged = True

    # For the codec:

    def _fragmented(self, header: bytes, starts: bool, ends: bool, part: memoryview) -> None:
        """A piece of a NAL unit whose own header is `header`."""
        fragment = self._fragment
        if starts:
            if fragment is not None:
                self._truncated()
            self._fragment = fragment = bytearray(header)
        elif fragment is None:  # its beginning is lost
            self._damaged = True
            return
        fragment += part
        if self._size + len(fragment) > MAX_PICTURE_BYTES:
            self._counters.bad_nal_units += 1
            self._fragment = None
            self._damaged = True
            self._units.clear()
        elif ends:
            self._fragment = None
            self._add(bytes(fragment))

    def _aggregated(self, payload: memoryview, size: int, at: int) -> None:
        """NAL units of one packet, each behind its length in two bytes, from `at` on."""
        while at + 2 <= size:
            length = (payload[at] << 8) | payload[at + 1]
            at += 2
            if at + length > size:
                break
            self._add(bytes(payload[at : at + length]))
            at += length
        if at != size:
            self._counters.bad_nal_units += 1
            self._damaged = True

    def _add(self, unit: bytes) -> None:
        """Take one NAL unit, or several with start codes between them (V380 and others)."""
        if START_CODE not in unit:
            self._add_one(unit)
            return
        try:
            parts = split_annex_b(unit, _MAX_PARTS)
        except ProtocolError:
            self._counters.bad_nal_units += 1
            self._damaged = True
            return
        for part in parts:
            self._add_one(part)

    def _add_slice(self, unit: bytes, *, first: bool, idr: bool) -> None:
        """Take a slice. `first`: it begins its picture; `idr`: it belongs to a keyframe."""
        if not self._has_slice:
            if not first:
                if self._ended_by_marker == self._timestamp:
                    # The rest of a picture that its marker seemed to end: the marker is on every slice.
                    self._marker_trusted = False
                    self._damaged = True
                elif self._after_gap:
                    self._damaged = True
            self._after_gap = False
            self._has_slice = True
        if idr:
            self._is_idr = True
        self._keep(unit)

    def _add_set(self, unit: bytes) -> None:
        """Take a parameter set that came in band."""
        self._counters.in_band_sets += 1
        if self._learn(unit):  # needed in front of this picture even if it is no keyframe
            self._keep(unit.rstrip(b"\x00"))

    def _learn(self, unit: bytes) -> bool:
        """Whether a parameter set says something new; a broken one is counted."""
        try:
            return self.parameter_sets.add(unit)
        except ProtocolError:
            self._counters.bad_nal_units += 1
            return False

    def _keep(self, unit: bytes) -> None:
        self._size += len(unit) + _UNIT_OVERHEAD
        if self._size > MAX_PICTURE_BYTES:
            self._counters.bad_nal_units += 1
            self._damaged = True
            self._units.clear()
        else:
            self._units.append(unit)

    def _truncated(self) -> None:
        """A fragmented NAL unit without its end."""
        self._fragment = None
        self._counters.bad_nal_units += 1
        self._damaged = True

    def _finish(self) -> None:
        if self._fragment is not None:
            self._truncated()
        if self._damaged or (self._waiting and not self._is_idr) or not self.ready:
            self._drop()
            return
        units = self._units
        if self._is_idr:
            self._waiting = False
            units = self.parameter_sets.units() + [unit for unit in units if not self._is_set(unit)]
        picture = CodedPicture(self._timestamp, self._is_idr, tuple(units))
        self._reset()
        self._emit(picture)

    def _drop(self) -> None:
        self._counters.dropped_pictures += 1
        self._waiting = True
        self._reset()

    def _reset(self) -> None:
        self._units = []
        self._size = 0
        self._fragment = None
        self._has_slice = self._is_idr = self._damaged = False

    # The codec's own:

    @abstractmethod
    def _payload(self, payload: memoryview, size: int) -> None:
        """Take one payload apart."""

    @abstractmethod
    def _add_one(self, unit: bytes) -> None:
        """Take one NAL unit, which may be empty."""

    @abstractmethod
    def _is_set(self, unit: bytes) -> bool:
        """Whether a NAL unit is a parameter set."""
