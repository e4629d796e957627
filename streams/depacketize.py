"""RTP payloads to coded pictures. H.264 (RFC 6184, packetization modes 0 and 1); other codecs by the same
door.

Belongs here: what a payload means and where a picture ends. Sequence numbers are `rtp.py`'s, presentation
time is `timeline.py`'s. Pure: bytes in, pictures out through `emit`, no clock.

A picture ends with the marker bit. A marker on parameter sets or SEI alone ends nothing (Tapo TC70), a change
of the time stamp ends a picture whose marker was lost, and a camera that sets the marker on every slice is
found out and from then on read by its time stamps. After a loss nothing is passed on that could refer to the
lost picture: everything up to the next IDR is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from streams.counters import Counters
from streams.errors import CameraError, ProtocolError
from streams.h264 import START_CODE, NalType, ParameterSets, split_annex_b, starts_picture
from streams.state import Reason

MAX_PICTURE_BYTES = 4 * 1024 * 1024
_UNIT_OVERHEAD = 64  # bytes charged for every NAL unit, so that a flood of tiny ones is bounded too
_MAX_PARTS = 512  # NAL units in one, with start codes between

_STAP_A = 24
_FU_A = 28
_SLICES = frozenset(
    {NalType.SLICE, NalType.PARTITION_A, NalType.PARTITION_B, NalType.PARTITION_C, NalType.IDR}
)
_SETS = frozenset({NalType.SPS, NalType.PPS})
_IGNORED = frozenset(
    {
        NalType.SEI,  # no browser needs it, and vendors put their analytics in
        NalType.DELIMITER,
        NalType.END_OF_SEQUENCE,
        NalType.END_OF_STREAM,
        NalType.FILLER,
        NalType.SPS_EXTENSION,
        NalType.PREFIX,  # scalable and multiview layers: the base layer stands without
        NalType.SUBSET_SPS,
        NalType.AUXILIARY_SLICE,
        NalType.SLICE_EXTENSION,
        NalType.SLICE_EXTENSION_DEPTH,
    }
)


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One picture before it has a number and a time: 32-bit RTP time stamp, keyframe or not, NAL units."""

    timestamp: int
    is_idr: bool
    nal_units: tuple[bytes, ...]


class Depacketizer(Protocol):
    """One video track's payloads to pictures. The seam between codecs."""

    parameter_sets: ParameterSets

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence. Never raises for what the bytes hold."""

    def lost(self) -> None:
        """Packets before the next one are missing."""


def depacketizer(
    codec: str, parameter_sets: Iterable[bytes], emit: Callable[[CodedPicture], None], counters: Counters
) -> Depacketizer:
    """The depacketizer of a codec by its RTP encoding name. Raises `CameraError` where there is none."""
    if codec.upper() != "H264":
        raise CameraError(Reason.UNSUPPORTED_CODEC, "no depacketizer for this codec")
    return H264Depacketizer(parameter_sets, emit, counters)


class H264Depacketizer:
    """RFC 6184: single NAL unit packets, STAP-A and FU-A."""

    def __init__(
        self, parameter_sets: Iterable[bytes], emit: Callable[[CodedPicture], None], counters: Counters
    ) -> None:
        self.parameter_sets = ParameterSets()
        self._emit = emit
        self._counters = counters
        self._timestamp = -1  # of the picture being put together
        self._units: list[bytes] = []
        self._size = 0
        self._has_slice = False
        self._is_idr = False
        self._damaged = False
        self._fragment: bytearray | None = None  # the FU-A NAL unit under way
        self._after_gap = False  # the next picture may have lost its beginning
        self._waiting = True  # for an IDR
        self._ended_by_marker = -1  # time stamp of the last picture that its marker ended
        self._marker_trusted = True
        for unit in parameter_sets:
            try:
                self.parameter_sets.add(unit)
            except ProtocolError:
                counters.bad_nal_units += 1

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        if timestamp != self._timestamp:
            if self._has_slice:
                self._counters.lost_markers += self._marker_trusted
                self._finish()
            elif self._fragment is not None or self._damaged:
                self._drop()
            self._timestamp = timestamp  # parameter sets with a time stamp of their own go with this picture
        size = len(payload)
        if size == 0:
            self._counters.bad_nal_units += 1
        else:
            kind = payload[0] & 0x1F
            if kind == _FU_A:
                self._fragmented(payload, size)
            else:
                if self._fragment is not None:
                    self._truncated()
                if kind == _STAP_A:
                    self._aggregated(payload, size)
                elif kind < _STAP_A:
                    self._add(bytes(payload))
                else:  # STAP-B, MTAP, FU-B: interleaved mode, which we never asked for
                    self._counters.bad_nal_units += 1
                    self._damaged = True
        if marker and self._marker_trusted:
            if self._fragment is not None:
                self._truncated()
            if self._has_slice:
                self._ended_by_marker = timestamp
                self._finish()
            elif self._damaged:
                self._drop()

    def lost(self) -> None:
        self._fragment = None
        self._waiting = True
        self._after_gap = True
        if self._has_slice or self._units:
            self._damaged = True

    def _fragmented(self, payload: memoryview, size: int) -> None:
        if size < 3:  # an empty fragment: some cameras send them; only its flags may count
            self._counters.bad_nal_units += 1
            if size < 2:
                return
        header = payload[1]
        fragment = self._fragment
        if header & 0x80:
            if fragment is not None:
                self._truncated()
            self._fragment = fragment = bytearray(((payload[0] & 0xE0) | (header & 0x1F),))
        elif fragment is None:  # its beginning is lost
            self._damaged = True
            return
        fragment += payload[2:]
        if self._size + len(fragment) > MAX_PICTURE_BYTES:
            self._counters.bad_nal_units += 1
            self._fragment = None
            self._damaged = True
            self._units.clear()
        elif header & 0x40:
            self._fragment = None
            self._add(bytes(fragment))

    def _aggregated(self, payload: memoryview, size: int) -> None:
        at = 1
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

    def _add_one(self, unit: bytes) -> None:
        if not unit:
            self._counters.bad_nal_units += 1
            return
        kind = unit[0] & 0x1F
        if kind in _SLICES:
            self._add_slice(unit, kind)
        elif unit[0] & 0x80:
            self._counters.bad_nal_units += 1
        elif kind in _SETS:
            self._add_set(unit)
        elif kind in _IGNORED:
            self._counters.ignored_nal_units += 1
        else:
            self._counters.bad_nal_units += 1

    def _add_slice(self, unit: bytes, kind: int) -> None:
        if unit[0] & 0x80 or len(unit) < 2:  # forbidden bit, or nothing behind the header
            self._counters.bad_nal_units += 1
            self._damaged = True
            return
        if not self._has_slice:
            if not starts_picture(unit):
                if self._ended_by_marker == self._timestamp:
                    # The rest of a picture that its marker seemed to end: the marker is on every slice.
                    self._marker_trusted = False
                    self._damaged = True
                elif self._after_gap:
                    self._damaged = True
            self._after_gap = False
            self._has_slice = True
        if kind == NalType.IDR:
            self._is_idr = True
        self._keep(unit)

    def _add_set(self, unit: bytes) -> None:
        try:
            changed = self.parameter_sets.add(unit)
        except ProtocolError:
            self._counters.bad_nal_units += 1
            return
        if changed:  # needed in front of this picture even if it is no IDR
            self._keep(unit.rstrip(b"\x00"))

    def _keep(self, unit: bytes) -> None:
        self._size += len(unit) + _UNIT_OVERHEAD
        if self._size > MAX_PICTURE_BYTES:
            self._counters.bad_nal_units += 1
            self._damaged = True
            self._units.clear()
        else:
            self._units.append(unit)

    def _truncated(self) -> None:
        """A FU-A NAL unit without its end."""
        self._fragment = None
        self._counters.bad_nal_units += 1
        self._damaged = True

    def _finish(self) -> None:
        if self._fragment is not None:
            self._truncated()
        if self._damaged or (self._waiting and not self._is_idr) or not self.parameter_sets.complete:
            self._drop()
            return
        units = self._units
        if self._is_idr:
            self._waiting = False
            units = self.parameter_sets.units() + [unit for unit in units if unit[0] & 0x1F not in _SETS]
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
