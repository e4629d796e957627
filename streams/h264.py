"""H.264 bitstream facts: NAL unit types, sequence parameter sets, slice types (ITU-T H.264).

Belongs here: functions from bytes to values. RTP payload formats are in `depacketize.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from streams.bits import Bits
from streams.errors import ProtocolError
from streams.parameter_sets import MAX_SET_BYTES, SetStore

START_CODE = b"\x00\x00\x01"
_MAX_SPS = 8
_MAX_PPS = 64
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class NalType(IntEnum):
    """nal_unit_type (table 7-1) where it matters to us."""

    SLICE = 1
    PARTITION_A = 2
    PARTITION_B = 3
    PARTITION_C = 4
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9
    END_OF_SEQUENCE = 10
    END_OF_STREAM = 11
    FILLER = 12
    SPS_EXTENSION = 13
    PREFIX = 14
    SUBSET_SPS = 15
    AUXILIARY_SLICE = 19
    SLICE_EXTENSION = 20
    SLICE_EXTENSION_DEPTH = 21


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says (§7.3.2.1.1)."""

    id: int
    profile_idc: int
    constraints: int  # constraint_set flags, the whole byte
    level_idc: int
    width: int  # luma samples after cropping
    height: int
    frames_per_second: float | None  # from the VUI timing, where given
    reorder_frames: int | None  # max_num_reorder_frames, 0 where the syntax excludes reordering, None unknown
    frame_bits: int = 4  # length of frame_num in a slice header
    order_bits: int = 0  # length of pic_order_cnt_lsb, 0 where slices have none
    frames_only: bool = True  # no field pictures
    separate_planes: bool = False

    @property
    def profile_level_id(self) -> str:
        """The six hex digits of RFC 6184 §8.1, such as `42e01f`."""
        return f"{self.profile_idc:02x}{self.constraints:02x}{self.level_idc:02x}"

    @property
    def may_reorder(self) -> bool:
        """Whether B-frames out of order are possible. True where the set leaves it open."""
        return self.reorder_frames != 0


def unescape(nal: bytes) -> bytes:
    """The RBSP of a NAL unit without its header byte: emulation prevention bytes removed (§7.4.1.1)."""
    return nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")


def split_annex_b(data: bytes, most: int = 10_000) -> list[bytes]:
    """NAL units between start codes (annex B), without empty ones. Bytes before the first are a unit too.

    Raises `ProtocolError` for more than `most` start codes.
    """
    parts = data.split(START_CODE, most)
    if START_CODE in parts[-1]:
        raise ProtocolError("more start codes than a picture has slices")
    return [unit for unit in (part.rstrip(b"\x00") for part in parts) if unit]


def starts_picture(slice_nal: bytes) -> bool:
    """Whether a slice begins with the picture's first macroblock (first_mb_in_slice is 0)."""
    return len(slice_nal) > 1 and slice_nal[1] >= 0x80


def is_b_slice(slice_nal: bytes) -> bool:
    """Whether a slice NAL unit (type 1) holds a B slice (slice_type 1 or 6, table 7-6)."""
    try:
        bits = Bits(unescape(slice_nal[:12]))
        bits.ue()  # first_mb_in_slice
        return bits.ue() % 5 == 1
    except ProtocolError:
        return False


def parse_sps(nal: bytes) -> Sps:
    """Parse a sequence parameter set NAL unit. Bytes after it are ignored (some cameras add them).

    Raises `ProtocolError` for anything that cannot be one.
    """
    if len(nal) < 5 or nal[0] & 0x9F != NalType.SPS:
        raise ProtocolError("not a sequence parameter set")
    rbsp = unescape(nal[:MAX_SET_BYTES])
    profile, constraints, level = rbsp[0], rbsp[1], rbsp[2]
    bits = Bits(rbsp[3:])
    sps_id = bits.ue()
    if sps_id > 31:
        raise ProtocolError("seq_parameter_set_id above 31")
    chroma_format = 1
    separate_planes = 0
    if profile in _HIGH_PROFILES:
        chroma_format = bits.ue()
        if chroma_format > 3:
            raise ProtocolError("chroma_format_idc above 3")
        if chroma_format == 3:
            separate_planes = bits.u(1)
        bits.ue()  # bit_depth_luma_minus8
        bits.ue()  # bit_depth_chroma_minus8
        bits.u(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.u(1):
            _skip_scaling_lists(bits, 8 if chroma_format != 3 else 12)
    frame_bits = 4 + bits.ue()
    order_type = bits.ue()
    order_bits = 0
    if order_type == 0:
        order_bits = 4 + bits.ue()
    elif order_type == 1:
        bits.u(1)
        bits.se()
        bits.se()
        cycle = bits.ue()
        if cycle > 255:
            raise ProtocolError("num_ref_frames_in_pic_order_cnt_cycle above 255")
        for _ in range(cycle):
            bits.se()
    if frame_bits > 16 or order_bits > 16:
        raise ProtocolError("frame number or order count of more than 16 bits")
    bits.ue()  # max_num_ref_frames
    bits.u(1)  # gaps_in_frame_num_value_allowed_flag
    width_mbs = bits.ue() + 1
    height_units = bits.ue() + 1
    frame_mbs_only = bits.u(1)
    if not frame_mbs_only:
        bits.u(1)  # mb_adaptive_frame_field_flag
    bits.u(1)  # direct_8x8_inference_flag
    width = width_mbs * 16
    height = height_units * 16 * (2 - frame_mbs_only)
    if bits.u(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        monochrome = chroma_format == 0 or separate_planes == 1
        unit_x = 1 if monochrome or chroma_format == 3 else 2
        unit_y = (2 if chroma_format == 1 and not monochrome else 1) * (2 - frame_mbs_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    if not (16 <= width + 15 <= 16384 and 16 <= height + 15 <= 16384 and width > 0 and height > 0):
        raise ProtocolError("picture size out of range")
    reorder = 0 if profile == 66 or order_type == 2 else None
    rate: float | None = None
    try:
        rate, restricted = _parse_vui(bits)
    except ProtocolError:
        restricted = None  # a cut VUI spoils only what it would have said
    if reorder is None:
        reorder = restricted
    return Sps(
        sps_id,
        profile,
        constraints,
        level,
        width,
        height,
        rate,
        reorder,
        frame_bits,
        order_bits,
        bool(frame_mbs_only),
        bool(separate_planes),
    )


def _skip_scaling_lists(bits: Bits, count: int) -> None:
    for index in range(count):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _parse_vui(bits: Bits) -> tuple[float | None, int | None]:
    """Frames per second and max_num_reorder_frames (annex E.1.1), each None where not given."""
    if not bits.u(1):
        return None, None
    if bits.u(1) and bits.u(8) == 255:  # aspect_ratio_idc, Extended_SAR
        bits.u(32)
    if bits.u(1):  # overscan
        bits.u(1)
    if bits.u(1):  # video signal type
        bits.u(4)
        if bits.u(1):
            bits.u(24)
    if bits.u(1):  # chroma location
        bits.ue()
        bits.ue()
    rate = None
    if bits.u(1):
        tick, scale = bits.u(32), bits.u(32)
        bits.u(1)
        if tick and scale:
            rate = scale / (2 * tick)
    hrd = 0
    for _ in range(2):  # NAL, then VCL HRD parameters
        if bits.u(1):
            hrd = 1
            count = bits.ue() + 1
            if count > 32:
                raise ProtocolError("cpb_cnt_minus1 above 31")
            bits.u(8)
            for _ in range(count):
                bits.ue()
                bits.ue()
                bits.u(1)
            bits.u(20)
    if hrd:
        bits.u(1)
    bits.u(1)  # pic_struct_present_flag
    if not bits.u(1):
        return rate, None
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return rate, bits.ue()


class ParameterSets(SetStore):
    """The newest sequence and picture parameter sets of one video, by their ids.

    From the SDP first, then whatever comes in band. Sets that cannot be parsed are refused, so that a wrong
    one in the SDP never covers a good one in band.
    """

    __slots__ = ("active", "sps")

    def __init__(self) -> None:
        super().__init__(_MAX_SPS, _MAX_PPS)
        self.sps: bytes | None = None  # the newest
        self.active: Sps | None = None  # the same, parsed

    def add(self, nal: bytes) -> bool:
        """Take an SPS or PPS; True if it says something new. Raises `ProtocolError` if it is neither."""
        nal = nal.rstrip(b"\x00")
        if len(nal) > MAX_SET_BYTES:
            raise ProtocolError("parameter set of more than 4,096 bytes")
        if nal and nal[0] & 0x9F == NalType.SPS:
            if nal == self.sps:
                return False
            parsed = parse_sps(nal)
            self.sps, self.active = nal, parsed
            return self.keep(0, parsed.id, nal)
        if len(nal) > 1 and nal[0] & 0x9F == NalType.PPS:
            number = Bits(unescape(nal[:16])).ue()
            if number > 255:
                raise ProtocolError("pic_parameter_set_id above 255")
            return self.keep(1, number, nal)
        raise ProtocolError("not a parameter set")
