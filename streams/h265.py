"""H.265 bitstream facts: NAL unit types and parameter sets (ITU-T H.265).

Belongs here: functions from bytes to values. RTP payload formats are in `depacketize/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from streams.bits import Bits
from streams.errors import ProtocolError
from streams.parameter_sets import MAX_SET_BYTES, SetStore

_MAX_VPS = 8
_MAX_SPS = 8
_MAX_PPS = 64


class NalType(IntEnum):
    """nal_unit_type (table 7-1) where it matters to us. All below 32 are slices."""

    RASL_N = 8  # leading pictures that refer to what came before their random access point
    RASL_R = 9
    BLA_W_LP = 16  # 16 to 23: random access points (IRAP)
    BLA_N_LP = 18
    IDR_W_RADL = 19
    IDR_N_LP = 20
    CRA = 21
    RESERVED_IRAP = 23
    VPS = 32
    SPS = 33
    PPS = 34
    DELIMITER = 35
    END_OF_SEQUENCE = 36
    END_OF_BITSTREAM = 37
    FILLER = 38
    PREFIX_SEI = 39
    SUFFIX_SEI = 40


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says (§7.3.2.2.1)."""

    id: int
    profile_idc: int  # general_profile_idc: 1 Main, 2 Main 10
    tier: int
    level_idc: int  # 30 times the level
    width: int  # luma samples after cropping
    height: int
    bit_depth: int
    reorder_frames: int  # sps_max_num_reorder_pics of the highest sub-layer
    frames_per_second: float | None = None  # stands behind the VUI's far end; taken from the pictures instead

    @property
    def may_reorder(self) -> bool:
        """Whether pictures come in another order than they are shown in."""
        return self.reorder_frames > 0


def nal_type(nal: bytes | memoryview) -> int:
    """nal_unit_type of a NAL unit (§7.3.1.2)."""
    return (nal[0] >> 1) & 0x3F


def layer(nal: bytes | memoryview) -> int:
    """nuh_layer_id; the base layer is 0."""
    return ((nal[0] & 1) << 5) | (nal[1] >> 3)


def is_irap(kind: int) -> bool:
    """Whether a NAL unit type is a slice of a picture to start from."""
    return NalType.BLA_W_LP <= kind <= NalType.RESERVED_IRAP


def starts_picture(slice_nal: bytes) -> bool:
    """Whether a slice is the picture's first (first_slice_segment_in_pic_flag, §7.3.6.1)."""
    return len(slice_nal) > 2 and slice_nal[2] >= 0x80


def unescape(nal: bytes) -> bytes:
    """The RBSP of a NAL unit without its two header bytes."""
    return nal[2:].replace(b"\x00\x00\x03", b"\x00\x00")


def parse_sps(nal: bytes) -> Sps:
    """Parse a sequence parameter set NAL unit. Raises `ProtocolError` for anything that cannot be one."""
    if len(nal) < 10 or nal[0] & 0x80 or nal_type(nal) != NalType.SPS:
        raise ProtocolError("not a sequence parameter set")
    bits = Bits(unescape(nal[:MAX_SET_BYTES]))
    bits.u(4)  # sps_video_parameter_set_id
    sub_layers = bits.u(3)  # sps_max_sub_layers_minus1
    bits.u(1)
    profile, tier, level = _profile_tier_level(bits, sub_layers)
    number = bits.ue()
    if number > 15:
        raise ProtocolError("sps_seq_parameter_set_id above 15")
    chroma_format = bits.ue()
    if chroma_format > 3:
        raise ProtocolError("chroma_format_idc above 3")
    separate_planes = bits.u(1) if chroma_format == 3 else 0
    width, height = bits.ue(), bits.ue()
    if bits.u(1):  # conformance window
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= (left + right) * (2 if chroma_format in (1, 2) and not separate_planes else 1)
        height -= (top + bottom) * (2 if chroma_format == 1 and not separate_planes else 1)
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise ProtocolError("picture size out of range")
    depth = 8 + bits.ue()
    bits.ue()  # bit_depth_chroma_minus8
    if depth > 16:
        raise ProtocolError("bit_depth_luma_minus8 above 8")
    bits.ue()  # log2_max_pic_order_cnt_lsb_minus4
    reorder = 0
    for _ in range(sub_layers + 1 if bits.u(1) else 1):
        bits.ue()  # sps_max_dec_pic_buffering_minus1
        reorder = bits.ue()
        bits.ue()  # sps_max_latency_increase_plus1
    return Sps(number, profile, tier, level, width, height, depth, reorder)


def _profile_tier_level(bits: Bits, sub_layers: int) -> tuple[int, int, int]:
    """general_profile_idc, general_tier_flag and general_level_idc (§7.3.3); the sub-layers' are skipped."""
    bits.u(2)  # general_profile_space
    tier, profile = bits.u(1), bits.u(5)
    bits.u(32 + 48)  # compatibility, source and constraint flags
    level = bits.u(8)
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.u(88 * has_profile + 8 * has_level)
    return profile, tier, level


class ParameterSets(SetStore):
    """The newest video, sequence and picture parameter sets of one video, by their ids."""

    __slots__ = ("active", "sps")

    def __init__(self) -> None:
        super().__init__(_MAX_VPS, _MAX_SPS, _MAX_PPS)
        self.sps: bytes | None = None  # the newest
        self.active: Sps | None = None  # the same, parsed

    def add(self, nal: bytes) -> bool:
        """Take a VPS, SPS or PPS; True if it says something new. Raises `ProtocolError` if it is none."""
        nal = nal.rstrip(b"\x00")
        if len(nal) > MAX_SET_BYTES:
            raise ProtocolError("parameter set of more than 4,096 bytes")
        if len(nal) < 3 or nal[0] & 0x80:
            raise ProtocolError("not a parameter set")
        kind = nal_type(nal)
        if kind == NalType.VPS:
            return self.keep(0, nal[2] >> 4, nal)
        if kind == NalType.SPS:
            if nal == self.sps:
                return False
            parsed = parse_sps(nal)
            self.sps, self.active = nal, parsed
            return self.keep(1, parsed.id, nal)
        if kind == NalType.PPS:
            number = Bits(unescape(nal[:16])).ue()
            if number > 63:
                raise ProtocolError("pps_pic_parameter_set_id above 63")
            return self.keep(2, number, nal)
        raise ProtocolError("not a parameter set")
