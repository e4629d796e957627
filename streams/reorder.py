"""Are pictures sent in another order than they are shown in? By what the slices say, not by what the
parameter set allows: many an encoder allows B-frames and never makes one, and some make them unannounced.

Pure: NAL units in, a verdict out. H.264 only (H.265 says it in its SPS, and is trusted there).
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.bits import Bits
from streams.errors import ProtocolError
from streams.h264 import NalType, Sps, is_b_slice, unescape

_FORGET = 3  # groups of pictures without a B slice, and the camera has been set up anew
_B = 1


class SliceOrder:
    """Watches one H.264 video, over reconnects.

    has_b_slices: in the newest groups of pictures. reorders: a B slice was seen whose picture order count
    lies below one that came before it (§8.2.1), or, where the count is not in the slices, any B slice at all
    unless the SPS excludes another order.
    """

    def __init__(self) -> None:
        self.has_b_slices = False
        self.reorders = False
        self._groups_without = 0
        self._highest: int | None = None  # picture order count since the newest IDR
        self._previous = (0, 0)  # MSB and LSB of the last reference picture's count

    def observe(self, nal_units: Sequence[bytes], is_idr: bool, sps: Sps | None) -> None:
        """Take the next picture in the order of arrival."""
        if is_idr:
            self._new_group()
        if sps is None or sps.profile_idc == 66:  # Baseline has neither
            return
        slice_nal = next((unit for unit in nal_units if unit[0] & 0x1F in (NalType.SLICE, NalType.IDR)), None)
        if slice_nal is None:
            return
        try:
            kind, lsb = _read(slice_nal, sps)
        except ProtocolError:
            return
        last = nal_units[-1]
        is_b = kind == _B or (last[0] & 0x1F == NalType.SLICE and is_b_slice(last))
        if is_b:
            self.has_b_slices = True
            self._groups_without = 0
        if lsb is None:
            self.reorders = self.reorders or (is_b and sps.may_reorder)
            return
        order = self._order(lsb, sps.order_bits, is_idr, bool(slice_nal[0] & 0x60))
        if self._highest is not None and order < self._highest:
            self.reorders = self.reorders or is_b
        else:
            self._highest = order

    def _new_group(self) -> None:
        self._highest = None
        self._groups_without += 1
        if self._groups_without > _FORGET:
            self.has_b_slices = self.reorders = False

    def _order(self, lsb: int, bits: int, is_idr: bool, is_reference: bool) -> int:
        """The picture order count of type 0 (§8.2.1.1)."""
        high, low = (0, 0) if is_idr else self._previous
        half = 1 << (bits - 1)
        if lsb < low and low - lsb >= half:
            high += 2 * half
        elif lsb > low and lsb - low > half:
            high -= 2 * half
        if is_reference:
            self._previous = high, lsb
        return high + lsb


def _read(slice_nal: bytes, sps: Sps) -> tuple[int, int | None]:
    """slice_type modulo 5, and pic_order_cnt_lsb where the slice has one (§7.3.3)."""
    bits = Bits(unescape(slice_nal[:32]))
    bits.ue()  # first_mb_in_slice
    kind = bits.ue() % 5
    if sps.order_bits == 0:
        return kind, None
    bits.ue()  # pic_parameter_set_id
    if sps.separate_planes:
        bits.u(2)
    bits.u(sps.frame_bits)
    if not sps.frames_only and bits.u(1):  # field_pic_flag
        bits.u(1)
    if slice_nal[0] & 0x1F == NalType.IDR:
        bits.ue()  # idr_pic_id
    return kind, bits.u(sps.order_bits)
