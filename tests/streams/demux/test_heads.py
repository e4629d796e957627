"""Keyframes and sizes by the pictures' own first bytes, on what real encoders write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.demux.heads import Head, read_head
from tests.cameras.coded import encode

OURS = {"VP8": "VP8", "VP9": "VP9", "AV1": "AV1", "MPV": "MPV", "H263-1998": "H263"}


@pytest.mark.parametrize("codec", OURS)
def test_real_pictures(codec: str) -> None:
    """FFmpeg flags every H.263 picture, and none in VP9 (as its RTP reader gives them)."""
    video = encode(codec, 25, width=352, height=288, b_frames=2 if codec == "MPV" else 0)
    for picture in video:
        flagged = picture.is_key if codec == "MPV" else codec == "H263-1998"
        head = read_head(OURS[codec], picture.nal_units[0], flagged)
        assert head.is_key == picture.is_key
        if head.is_key and codec != "AV1":
            assert head.size == (352, 288)
    assert sum(picture.is_key for picture in video) == 3


def test_an_intra_picture_without_its_sequence_header_is_none_to_begin_with() -> None:
    whole = encode("MPV", 1)[0].nal_units[0]
    assert read_head("MPV", whole[whole.index(b"\0\0\1\0") :], True) == Head(False)


def test_h263_that_says_its_size_at_length() -> None:
    """PLUSPTYPE with OPPTYPE (ITU-T H.263 §5.1.4): flags, CIF, then the kind of picture."""
    for kind, is_key in ((0, True), (1, False)):
        bits = f"{0x20:022b}" + "0" * 8 + "10000" + "111" + "001" + "011" + "0" * 15 + f"{kind:03b}"
        data = int(bits.ljust(96, "0"), 2).to_bytes(12, "big")
        assert read_head("H263", data, True) == Head(is_key, (352, 288))


def test_a_size_beyond_all_cameras_is_no_picture() -> None:
    """65,536 by 65,536 in VP9: the decoder is never asked."""
    bits = f"{0b10000010:08b}" + f"{0x498342:024b}" + "0010" + "1" * 32
    data = int(bits.ljust(80, "0"), 2).to_bytes(10, "big")
    assert read_head("VP9", data, True) == Head(False)
    smaller = int((bits[:36] + f"{351:016b}{287:016b}").ljust(80, "0"), 2).to_bytes(10, "big")
    assert read_head("VP9", smaller, True) == Head(True, (352, 288))


@given(st.sampled_from([*OURS.values(), "other"]), st.binary(max_size=60), st.booleans())
def test_any_bytes_give_an_answer(codec: str, data: bytes, flagged: bool) -> None:
    head = read_head(codec, data, flagged)
    assert head.size is None or (head.is_key or codec == "H263")
