"""Parameter sets and slice headers, against values from ffprobe and any bytes."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ProtocolError
from streams.h264 import (
    NalType,
    ParameterSets,
    is_b_slice,
    parse_sps,
    split_annex_b,
    starts_picture,
    unescape,
)
from tests.cameras.video import PPS_640, PPS_768, SPS_640, SPS_768, b_slice, idr_slice, p_slice


def encode(width: int, height: int, profile: str, *, b_frames: int = 0, pictures: int = 12) -> list[bytes]:
    """NAL units of a small film from x264."""
    out = BytesIO()
    with av.open(out, "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, 25)
        stream.options = {"profile": profile, "bf": str(b_frames), "preset": "veryfast", "threads": "1"}
        for number in range(pictures):
            frame = av.VideoFrame(width, height, "yuv420p")
            for index, plane in enumerate(frame.planes):
                plane.update(bytes([(number * 7 + index) % 255]) * plane.buffer_size)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return split_annex_b(out.getvalue())


@pytest.mark.parametrize(
    ("profile", "idc"), [("baseline", 66), ("main", 77), ("high", 100)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 360), (352, 288), (768, 432), (1278, 718)])
def test_sps_of_x264(size: tuple[int, int], profile: str, idc: int) -> None:
    units = encode(*size, profile, pictures=2)
    sps = parse_sps(next(unit for unit in units if unit[0] & 31 == NalType.SPS))
    assert (sps.width, sps.height) == size
    assert sps.profile_idc == idc and sps.profile_level_id[:2] == f"{idc:02x}"
    assert sps.frames_per_second == 25
    assert not sps.may_reorder


@pytest.mark.parametrize("b_frames", [0, 2])
def test_b_slices_of_x264(b_frames: int) -> None:
    units = encode(320, 240, "main", b_frames=b_frames)
    assert any(is_b_slice(unit) for unit in units if unit[0] & 31 == NalType.SLICE) is bool(b_frames)
    sps = parse_sps(next(unit for unit in units if unit[0] & 31 == NalType.SPS))
    assert sps.may_reorder is bool(b_frames)
    assert all(starts_picture(unit) for unit in units if unit[0] & 31 in (NalType.SLICE, NalType.IDR))


def test_sps_of_cameras() -> None:
    sps = parse_sps(SPS_768)
    assert (sps.width, sps.height, sps.profile_level_id, sps.frames_per_second) == (768, 432, "428016", 12.5)
    assert parse_sps(SPS_640 + b"\x00\x00\x03\x17\x42").width == 640  # bytes behind it (Reolink)


@pytest.mark.parametrize(
    "nal", [b"", b"\x67", b"\x68\x01\x02\x03\x04\x05", SPS_768[:6], b"\x67\x42\0\x1f" + bytes(40)]
)
def test_what_is_no_sps(nal: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_sps(nal)


def test_slices_made_for_tests_are_what_they_say() -> None:
    assert is_b_slice(b_slice()) and not is_b_slice(p_slice()) and not is_b_slice(b"\x41")
    assert starts_picture(idr_slice()) and not starts_picture(p_slice(first=False))


def test_unescape() -> None:
    assert unescape(b"\x67\x00\x00\x03\x01\x00\x00\x03\x00\x00\x03") == b"\x00\x00\x01\x00\x00\x00\x00"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_sps_or_an_error(data: bytes) -> None:
    for nal in (data, b"\x67" + data, b"\x67\x64\x00\x1f" + data):
        try:
            sps = parse_sps(nal)
        except ProtocolError:
            continue
        assert 0 < sps.width <= 16384 and 0 < sps.height <= 16384
        assert len(sps.profile_level_id) == 6


@given(st.lists(st.binary(max_size=60) | st.sampled_from([SPS_640, SPS_768, PPS_640, PPS_768]), max_size=200))
def test_parameter_sets_stay_bounded(units: list[bytes]) -> None:
    sets = ParameterSets()
    for unit in units:
        try:
            sets.add(unit)
        except ProtocolError:
            continue
    assert len(sets.units()) <= 72
    assert (sets.sps is None) == (sets.active is None)


@given(st.binary(max_size=300))
def test_any_annex_b(data: bytes) -> None:
    assert all(split_annex_b(data))
