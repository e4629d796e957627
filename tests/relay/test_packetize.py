"""Payloads by table, and by round trip through the depacketizer that reads cameras."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.packetize import PAYLOAD_LIMIT, packetize
from streams.counters import Counters
from streams.depacketize import CodedPicture, depacketizer
from streams.h264 import split_annex_b
from tests.cameras.coded import encode

from .wire import PPS, SPS


def read(payloads: tuple[bytes, ...], codec: str = "H264") -> list[tuple[bytes, ...]]:
    """The pictures that a camera's reader makes of the payloads."""
    pictures: list[CodedPicture] = []
    reader = depacketizer(codec, (), pictures.append, Counters())
    for index, payload in enumerate(payloads):
        reader.feed(memoryview(payload), 0, index == len(payloads) - 1)
    return [picture.nal_units for picture in pictures]


def idr(size: int) -> bytes:
    return b"\x65\x88" + os.urandom(size - 2).replace(b"\0", b"\1")


@pytest.mark.parametrize(
    ("sizes", "limit", "expected"),
    [
        ([100], 200, [("single", 100)]),
        ([200], 200, [("single", 200)]),
        ([201], 200, [("fu", 200), ("fu", 4)]),  # 200 bytes behind the header: 198 and 2, two more each
        ([397], 200, [("fu", 200), ("fu", 200)]),
        ([398], 200, [("fu", 200), ("fu", 200), ("fu", 3)]),
        ([198, 198], 200, [("single", 198), ("single", 198)]),
        ([97, 98], 200, [("stap", 200)]),
        ([98, 98], 200, [("single", 98), ("single", 98)]),
        ([20, 5, 500], 200, [("stap", 30), ("fu", 200), ("fu", 200), ("fu", 105)]),
        ([20, 500, 5], 200, [("single", 20), ("fu", 200), ("fu", 200), ("fu", 105), ("single", 5)]),
    ],
)
def test_the_form_follows_from_the_sizes(
    sizes: list[int], limit: int, expected: list[tuple[str, int]]
) -> None:
    made = packetize((b"\x65" + bytes(size - 1) for size in sizes), limit)
    names = {24: "stap", 28: "fu"}
    assert [(names.get(p[0] & 0x1F, "single"), len(p)) for p in made.payloads] == expected
    assert made.refused == 0


def test_aggregate_has_the_highest_importance() -> None:
    (payload,) = packetize((b"\x27abc", b"\x68d", b"\x06sei")).payloads
    assert payload == b"\x78" + b"\0\4\x27abc" + b"\0\2\x68d" + b"\0\4\x06sei"


@pytest.mark.parametrize("nal", [b"", b"\x80abc", b"\xe5abc", b"\x00abc", b"\x78abc", b"\x7cab", b"\x1fa"])
def test_what_would_break_a_receiver_is_refused(nal: bytes) -> None:
    made = packetize((nal, b"\x41abc", nal))
    assert made.payloads == (b"\x41abc",)
    assert made.refused == 2


@pytest.mark.parametrize("nal", [b"\x09\xf0", b"\x0a", b"\x0b", b"\x0c\xff\xff\x80"])
def test_delimiters_and_fillers_are_left_out(nal: bytes) -> None:
    assert packetize((nal, b"\x41abc", nal)) == packetize((b"\x41abc",))


def test_nothing_to_send_gives_no_payload() -> None:
    assert packetize(()).payloads == ()
    assert packetize((b"", b"\x09\xf0")).payloads == ()


def test_a_limit_that_cannot_hold_a_fragment_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        packetize((b"\x41abc",), 3)


@given(
    st.lists(st.integers(2, 6000), min_size=1, max_size=8),
    st.integers(50, PAYLOAD_LIMIT),
)
def test_a_picture_comes_back_as_it_was(sizes: list[int], limit: int) -> None:
    nals = (SPS, PPS, *(idr(size) for size in sizes))
    made = packetize(nals, limit)
    assert all(len(payload) <= limit for payload in made.payloads)
    assert read(made.payloads) == [nals]


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(4, 100))
def test_no_bytes_break_it(nals: list[bytes], limit: int) -> None:
    made = packetize(nals, limit)
    assert all(0 < len(payload) <= limit for payload in made.payloads)
    kept = [n for n in nals if n and n[0] < 0x80 and 0 < n[0] & 0x1F < 24]
    assert made.refused == len(nals) - len(kept)


def test_fragments_of_one_unit_are_of_one_size_but_the_last() -> None:
    payloads = packetize((idr(100_000),)).payloads
    assert {len(payload) for payload in payloads[:-1]} == {PAYLOAD_LIMIT}
    assert len(payloads[-1]) <= PAYLOAD_LIMIT


def test_an_encoder_s_picture_comes_back(clip_picture: bytes) -> None:
    nals = tuple(unit for unit in split_annex_b(clip_picture) if unit[0] & 0x1F in (1, 5, 7, 8))
    assert read(packetize(nals).payloads) == [nals]


@given(st.integers(5, PAYLOAD_LIMIT))
@settings(max_examples=30)
def test_an_h265_picture_comes_back_as_it_was(h265_picture: tuple[bytes, ...], limit: int) -> None:
    made = packetize(h265_picture, limit, "H265")
    assert made.refused == 0
    assert all(len(payload) <= limit for payload in made.payloads)
    assert read(made.payloads, "H265") == [h265_picture]


def test_h265_sets_go_together_with_the_lowest_layer_and_temporal_id() -> None:
    (payload,) = packetize((b"\x40\x02v", b"\x42\x01s", b"\x44\x0ap"), codec="H265").payloads
    assert payload == b"\x60\x01" + b"\0\3\x40\x02v" + b"\0\3\x42\x01s" + b"\0\3\x44\x0ap"


@pytest.mark.parametrize(
    "nal", [b"", b"\x26", b"\x26\x01", b"\xa6\x01a", b"\x26\x00a", b"\x60\x01a", b"\x62\x01a"]
)
def test_what_would_break_a_receiver_of_h265_is_refused(nal: bytes) -> None:
    made = packetize((nal, b"\x02\x01abc"), codec="H265")
    assert made.payloads == (b"\x02\x01abc",)
    assert made.refused == 1


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(5, 100))
def test_no_bytes_break_h265(nals: list[bytes], limit: int) -> None:
    assert all(0 < len(payload) <= limit for payload in packetize(nals, limit, "H265").payloads)


@pytest.fixture(scope="module")
def h265_picture() -> tuple[bytes, ...]:
    """A keyframe by x265 with its parameter sets."""
    return tuple(nal for nal in encode("H265", 1)[0].nal_units if nal[0] >> 1 not in (35, 39, 40))


@pytest.fixture(scope="module")
def clip_picture() -> bytes:
    """A keyframe by x264, in several slices."""
    from fractions import Fraction

    import av
    import numpy as np

    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = 640, 360, "yuv420p"
    codec.time_base = Fraction(1, 25)
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "slices=4:repeat-headers=1"}
    noise = np.random.default_rng(1).integers(0, 255, (540, 640), np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="yuv420p")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
