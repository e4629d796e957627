"""RFC 7798: H.265 payloads. Where a picture ends is `nal.py`'s.

Decoding order numbers (`sprop-max-don-diff` above 0) are not read: no camera is known to send them, and the
session description refuses a track that announces them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.counters import Counters
from streams.depacketize.nal import NalDepacketizer
from streams.depacketize.picture import CodedPicture
from streams.h265 import NalType, ParameterSets, is_irap, layer, nal_type, starts_picture

_AGGREGATION = 48
_FRAGMENTATION = 49
_SETS = frozenset({NalType.VPS, NalType.SPS, NalType.PPS})
_IGNORED = frozenset(
    {
        NalType.DELIMITER,
        NalType.END_OF_SEQUENCE,
        NalType.END_OF_BITSTREAM,
        NalType.FILLER,
        NalType.PREFIX_SEI,  # as in H.264: nobody needs it, and vendors put their analytics in
        NalType.SUFFIX_SEI,
    }
)


class H265Depacketizer(NalDepacketizer):
    """Single NAL unit packets, aggregation packets and fragmentation units (§4.4.1 to §4.4.3).

    Every random access point (IDR, CRA, BLA) counts as a keyframe. Leading pictures that refer to what came
    before one (RASL) are dropped where decoding begins at it.
    """

    def __init__(
        self, parameter_sets: Iterable[bytes], emit: Callable[[CodedPicture], None], counters: Counters
    ) -> None:
        super().__init__(ParameterSets(), parameter_sets, emit, counters)
        self._kind = 0  # of the picture's first slice
        self._skip_leading = False

    def _payload(self, payload: memoryview, size: int) -> None:
        if size < 2:
            self._counters.bad_nal_units += 1
            return
        kind = nal_type(payload)
        if kind == _FRAGMENTATION:
            if size < 4:
                self._counters.bad_nal_units += 1
                if size < 3:
                    return
            flags = payload[2]
            header = bytes(((payload[0] & 0x81) | ((flags & 0x3F) << 1), payload[1]))
            self._fragmented(header, bool(flags & 0x80), bool(flags & 0x40), payload[3:])
            return
        if self._fragment is not None:
            self._truncated()
        if kind == _AGGREGATION:
            self._aggregated(payload, size, 2)
        elif kind < _AGGREGATION:
            self._add(bytes(payload))
        else:  # PACI and reserved: nobody sends them
            self._counters.bad_nal_units += 1
            self._damaged = True

    def _add_one(self, unit: bytes) -> None:
        if len(unit) < 2:
            self._counters.bad_nal_units += 1
            return
        kind = nal_type(unit)
        if layer(unit):
            self._counters.ignored_nal_units += 1  # scalable and multiview layers
        elif kind < NalType.VPS:
            if unit[0] & 0x80 or len(unit) < 3:
                self._counters.bad_nal_units += 1
                self._damaged = True
            else:
                if not self._has_slice:
                    self._kind = kind
                self._add_slice(unit, first=starts_picture(unit), idr=is_irap(kind))
        elif unit[0] & 0x80:
            self._counters.bad_nal_units += 1
        elif kind in _SETS:
            self._add_set(unit)
        elif kind in _IGNORED:
            self._counters.ignored_nal_units += 1
        else:
            self._counters.bad_nal_units += 1

    def _finish(self) -> None:
        if self._is_idr:
            self._skip_leading = self._waiting
        elif self._skip_leading and self._kind in (NalType.RASL_N, NalType.RASL_R):
            self._counters.dropped_pictures += 1
            self._reset()
            return
        super()._finish()

    def _is_set(self, unit: bytes) -> bool:
        return nal_type(unit) in _SETS
