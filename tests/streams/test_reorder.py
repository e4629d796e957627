"""B-frames by what slices say: real encodes, with and without, announced and not."""

from __future__ import annotations

import pytest

from streams.h264 import Sps, parse_sps
from streams.reorder import SliceOrder
from tests.cameras.coded import Coded, encode


def watch(order: SliceOrder, video: list[Coded]) -> SliceOrder:
    sps: Sps | None = None
    for picture in video:
        for unit in picture.nal_units:
            if unit[0] & 31 == 7:
                sps = parse_sps(unit)
        slices = tuple(unit for unit in picture.nal_units if unit[0] & 31 in (1, 5))
        order.observe(slices, picture.is_key, sps)
    return order


@pytest.mark.parametrize(("b_frames", "slices"), [(0, 1), (0, 3), (1, 1), (2, 1), (3, 2)])
def test_reordering_is_seen_exactly_where_it_is(b_frames: int, slices: int) -> None:
    video = encode("H264", 30, b_frames=b_frames, slices=slices)
    assert ([p.index for p in video] != sorted(p.index for p in video)) is (b_frames > 0)
    order = watch(SliceOrder(), video)
    assert order.has_b_slices is order.reorders is (b_frames > 0)


def test_the_first_group_is_enough() -> None:
    assert watch(SliceOrder(), encode("H264", 8, b_frames=2)[:4]).reorders


def test_a_set_that_allows_b_frames_is_no_b_frame() -> None:
    """The SPS of one video on the slices of one without: only slices count."""
    video = encode("H264", 20, b_frames=2)
    allowed = parse_sps(next(unit for unit in video[0].nal_units if unit[0] & 31 == 7))
    assert allowed.may_reorder
    order = SliceOrder()
    for picture in video:
        if picture.is_key:
            order.observe(picture.nal_units[-1:], True, allowed)
    assert not order.reorders


def test_a_camera_that_was_set_up_anew_is_believed_after_three_groups() -> None:
    order = watch(SliceOrder(), encode("H264", 20, b_frames=2))
    plain = encode("H264", 60, b_frames=0, gop=10)
    watch(order, plain[:20])
    assert order.reorders
    watch(order, plain[20:])
    assert [order.reorders, order.has_b_slices] == [False, False]


def test_order_survives_a_wrap_of_the_count() -> None:
    """Far more pictures than the count has room for, in one group."""
    video = encode("H264", 300, gop=300, width=64, height=64, b_frames=0)
    assert not watch(SliceOrder(), video).reorders


@pytest.mark.parametrize("unit", [b"\x41", b"\x01\x00", b"\x41" + b"\0" * 40, b"\x41" + b"\xff" * 3])
def test_slices_cut_short_say_nothing(unit: bytes) -> None:
    sps = parse_sps(next(u for u in encode("H264", 1, b_frames=2)[0].nal_units if u[0] & 31 == 7))
    order = SliceOrder()
    order.observe((unit,), False, sps)
    assert not order.reorders
