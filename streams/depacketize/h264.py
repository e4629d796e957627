"""RFC 6184: H.264 payloads, packetization modes 0 and 1. Where a picture ends is `nal.py`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.counters import Counters
from streams.depacketize.nal import NalDepacketizer
from streams.depacketize.picture import MAX_PICTURE_BYTES, CodedPicture
from streams.h264 import NalType, ParameterSets, starts_picture

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


class H264Depacketizer(NalDepacketizer):
    """Single NAL unit packets, STAP-A and FU-A."""

    def __init__(
        self, parameter_sets: Iterable[bytes], emit: Callable[[CodedPicture], None], counters: Counters
    ) -> None:
        super().__init__(ParameterSets(), parameter_sets, emit, counters)

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence."""
        fragment = self._fragment
        # Nine of ten packets are the middle of a fragmented slice: nothing begins or ends with them.
        if (
            fragment is not None
            and not marker
            and timestamp == self._timestamp
            and len(payload) > 2
            and payload[0] & 0x1F == _FU_A
            and payload[1] < 0x40
            and self._size + len(fragment) + len(payload) <= MAX_PICTURE_BYTES
        ):
            fragment += payload[2:]
        else:
            super().feed(payload, timestamp, marker)

    def _payload(self, payload: memoryview, size: int) -> None:
        if size == 0:
            self._counters.bad_nal_units += 1
            return
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            if size < 3:  # an empty fragment: some cameras send them; only its flags may count
                self._counters.bad_nal_units += 1
                if size < 2:
                    return
            flags = payload[1]
            header = bytes(((payload[0] & 0xE0) | (flags & 0x1F),))
            self._fragmented(header, bool(flags & 0x80), bool(flags & 0x40), payload[2:])
            return
        if self._fragment is not None:
            self._truncated()
        if kind == _STAP_A:
            self._aggregated(payload, size, 1)
        elif kind < _STAP_A:
            self._add(bytes(payload))
        else:  # STAP-B, MTAP, FU-B: interleaved mode, which we never asked for
            self._counters.bad_nal_units += 1
            self._damaged = True

    def _add_one(self, unit: bytes) -> None:
        if not unit:
            self._counters.bad_nal_units += 1
            return
        kind = unit[0] & 0x1F
        if kind in _SLICES:
            if unit[0] & 0x80 or len(unit) < 2:  # forbidden bit, or nothing behind the header
                self._counters.bad_nal_units += 1
                self._damaged = True
            else:
                self._add_slice(unit, first=starts_picture(unit), idr=kind == NalType.IDR)
        elif unit[0] & 0x80:
            self._counters.bad_nal_units += 1
        elif kind in _SETS:
            self._add_set(unit)
        elif kind in _IGNORED:
            self._counters.ignored_nal_units += 1
        else:
            self._counters.bad_nal_units += 1

    def _is_set(self, unit: bytes) -> bool:
        return unit[0] & 0x1F in _SETS
