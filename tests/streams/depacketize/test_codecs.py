"""H.265, JPEG and MPEG-4 payloads to pictures: coded by FFmpeg, sent as the RFCs say, decoded by FFmpeg."""

from __future__ import annotations

import random
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.counters import Counters
from streams.depacketize import MAX_PICTURE_BYTES, CodedPicture, Depacketizer, depacketizer
from streams.h265 import NalType, nal_type
from streams.jpeg import standard_tables
from tests.cameras.coded import (
    Coded,
    decoded,
    drawing,
    encode,
    h265_payloads,
    jpeg_payloads,
    jpeg_segments,
    mpeg4_payloads,
    number_in,
    payloads,
)

CODECS = ("H265", "JPEG", "MP4V-ES")


class Bench:
    """A depacketizer and what came out of it."""

    def __init__(self, codec: str, *sets: bytes, size: tuple[int, int] | None = None) -> None:
        self.codec = codec
        self.counters = Counters()
        self.pictures: list[CodedPicture] = []
        self.depacketizer: Depacketizer = depacketizer(codec, sets, self.pictures.append, self.counters, size)

    def feed(self, timestamp: int, *parts: bytes, marker: bool = True) -> Bench:
        """Payloads of one time stamp; the marker on the last."""
        for index, part in enumerate(parts):
            self.depacketizer.feed(memoryview(part), timestamp, marker and index == len(parts) - 1)
        return self

    def feed_all(self, video: list[Coded]) -> Bench:
        for picture in video:
            self.feed(picture.index, *payloads(self.codec, picture))
        return self

    @property
    def numbers(self) -> list[int]:
        """What the decoded pictures show."""
        return [number_in(each) for each in decoded(self.codec, [p.nal_units for p in self.pictures])]


@pytest.fixture(scope="module")
def videos() -> dict[str, list[Coded]]:
    return {codec: encode(codec, 24) for codec in CODECS}


@pytest.mark.parametrize("codec", CODECS)
def test_a_video_comes_out_as_it_went_in(codec: str, videos: dict[str, list[Coded]]) -> None:
    bench = Bench(codec).feed_all(videos[codec])
    assert bench.numbers == list(range(24))
    assert [picture.is_idr for picture in bench.pictures] == [coded.is_key for coded in videos[codec]]
    assert bench.counters.dropped_pictures == bench.counters.bad_nal_units == bench.counters.bad_packets == 0


@pytest.mark.parametrize("codec", CODECS)
def test_after_a_loss_only_whole_pictures(codec: str, videos: dict[str, list[Coded]]) -> None:
    """Picture 4 loses its second packet."""
    bench = Bench(codec)
    for picture in videos[codec]:
        parts = payloads(codec, picture)
        if picture.index == 4:
            bench.feed(4, parts[0], marker=False)
            bench.depacketizer.lost()
            parts = parts[2:]
        bench.feed(picture.index, *parts)
    if codec == "JPEG":
        assert bench.numbers == [n for n in range(24) if n != 4]
        assert bench.counters.dropped_pictures == 1
    else:
        key = next(coded.index for coded in videos[codec] if coded.is_key and coded.index > 4)
        assert bench.numbers == [0, 1, 2, 3, *range(key, 24)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_lost_marker_costs_at_most_its_picture(codec: str, videos: dict[str, list[Coded]]) -> None:
    bench = Bench(codec)
    for picture in videos[codec][:6]:
        bench.feed(picture.index, *payloads(codec, picture), marker=picture.index != 2)
    assert bench.numbers == ([0, 1, 3, 4, 5] if codec == "JPEG" else [0, 1, 2, 3, 4, 5])
    assert bench.counters.lost_markers == 1


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.binary(max_size=60), st.integers(0, 3), st.booleans(), st.booleans()), max_size=60
    )
)
def test_any_payloads_do_no_harm(
    codec: str, parts: list[tuple[bytes, int, bool, bool]], videos: dict[str, list[Coded]]
) -> None:
    bench = Bench(codec)
    for payload, timestamp, marker, gap in parts:
        if gap:
            bench.depacketizer.lost()
        bench.depacketizer.feed(memoryview(payload), timestamp, marker)
    assert all(unit for picture in bench.pictures for unit in picture.nal_units)
    key = videos[codec][0]
    bench.feed(97, b"", marker=True)
    for timestamp in (98, 99, 100):  # the first may be lost, the last is open where markers lied
        bench.feed(timestamp, *payloads(codec, key))
    assert bench.pictures[-1].timestamp >= 99  # and it still works


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_damaged_pictures_do_no_harm(seed: int) -> None:
    """A real picture with bytes changed, cut or doubled anywhere."""
    chance = random.Random(seed)
    codec = chance.choice(CODECS)
    picture = encode(codec, 1, width=64, height=64)[0]
    bench = Bench(codec)
    parts = [bytearray(part) for part in payloads(codec, picture)]
    for part in parts:
        for _ in range(chance.randint(0, 4)):
            if part:
                part[chance.randrange(len(part))] = chance.randrange(256)
        if chance.random() < 0.2:
            del part[chance.randint(0, len(part)) :]
    bench.feed(1, *map(bytes, parts)).feed(2, *payloads(codec, picture))
    assert bench.pictures[-1].timestamp == 2


def _h265_flood() -> list[bytes]:
    return [b"\x62\x01\x93" + b"\x01" * 1000, *[b"\x62\x01\x13" + b"\x01" * 60_000] * 80]


def _jpeg_flood() -> list[bytes]:
    first = jpeg_payloads(encode("JPEG", 1, width=64, height=64)[0].nal_units[0])[0]
    size = len(jpeg_segments(encode("JPEG", 1, width=64, height=64)[0].nal_units[0])[1])
    parts = [first]
    at = size
    for _ in range(80):
        parts.append(b"\0" + at.to_bytes(3, "big") + first[4:8] + b"\1" * 60_000)
        at += 60_000
    return parts


def _mpeg4_flood() -> list[bytes]:
    return [b"\x01" * 60_000] * 80


@pytest.mark.parametrize(
    ("codec", "flood"), [("H265", _h265_flood), ("JPEG", _jpeg_flood), ("MP4V-ES", _mpeg4_flood)]
)
def test_a_picture_is_bounded(codec: str, flood: Callable[[], list[bytes]]) -> None:
    parts = flood()
    assert sum(map(len, parts)) > MAX_PICTURE_BYTES
    bench = Bench(codec).feed(1, *parts)
    assert not bench.pictures
    assert bench.counters.bad_nal_units + bench.counters.bad_packets >= 1


# H.265


def test_vps_sps_and_pps_stand_in_front_of_every_keyframe(videos: dict[str, list[Coded]]) -> None:
    """Also where the camera describes them and never sends them."""
    video = videos["H265"]
    sets = [unit for unit in video[0].nal_units if NalType.VPS <= nal_type(unit) <= NalType.PPS]
    assert len(sets) == 3
    bench = Bench("H265", *sets)
    for picture in video:
        slices = [unit for unit in picture.nal_units if nal_type(unit) < NalType.VPS]
        bench.feed(picture.index, *h265_payloads(slices))
    assert bench.numbers == list(range(24))
    kinds = [[nal_type(unit) for unit in picture.nal_units] for picture in bench.pictures if picture.is_idr]
    assert len(kinds) > 2 and all(each[:3] == [32, 33, 34] for each in kinds)
    assert bench.depacketizer.format is not None
    assert (bench.depacketizer.format.width, bench.depacketizer.format.height) == (320, 240)


@pytest.mark.parametrize("most", [60, 300, 65_000])
def test_h265_however_it_is_cut(most: int, videos: dict[str, list[Coded]]) -> None:
    whole, cut = Bench("H265"), Bench("H265")
    for picture in videos["H265"]:
        whole.feed(picture.index, *picture.nal_units)
        cut.feed(picture.index, *h265_payloads(picture.nal_units, most, aggregate=most == 60))
    assert whole.pictures == cut.pictures and len(cut.pictures) == 24


def test_several_slices_are_one_picture() -> None:
    """Also where the camera sets the marker on every slice: then only its first keyframe is lost."""
    idr = encode("H265", 1)[0].nal_units
    sets = [unit for unit in idr if NalType.VPS <= nal_type(unit) <= NalType.PPS]
    first, rest = b"\x26\x01\xaf\x11", b"\x26\x01\x2f\x22"
    bench = Bench("H265", *sets).feed(0, first, rest, rest)
    assert bench.pictures[0].nal_units == (*sets, first, rest, rest)
    lying = Bench("H265", *sets)
    for timestamp in range(4):
        for unit in (first, rest, rest):
            lying.feed(timestamp, unit)
    assert [len(picture.nal_units) for picture in lying.pictures] == [4, 6, 6]


def test_leading_pictures_are_dropped_where_decoding_begins() -> None:
    """A CRA picture, two RASL pictures that refer to what was before it, then pictures that do not."""
    idr = encode("H265", 1)[0].nal_units
    sets = [unit for unit in idr if NalType.VPS <= nal_type(unit) <= NalType.PPS]
    cra, rasl, trail = (bytes((kind << 1, 1)) + b"\xc0\x11\x22" for kind in (21, 9, 1))
    bench = Bench("H265", *sets)
    bench.feed(0, cra).feed(1, rasl).feed(2, rasl).feed(3, trail).feed(4, cra).feed(5, rasl)
    assert [picture.timestamp for picture in bench.pictures] == [0, 3, 4, 5]
    assert bench.counters.dropped_pictures == 2


# JPEG


@pytest.mark.parametrize("q", [5, 30, 50, 75, 95])
def test_standard_tables_are_the_ones_of_the_standard(q: int) -> None:
    """libjpeg's quality is RFC 2435's Q, and its tables are T.81's."""
    _, jpeg = cv2.imencode(".jpg", drawing(5), [cv2.IMWRITE_JPEG_QUALITY, q])
    segments, _ = jpeg_segments(jpeg.tobytes())
    ours = standard_tables(q)
    assert ours[:64] == segments[0xDB][0][1:65]


@pytest.mark.parametrize(
    "sampling", [cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
)
@pytest.mark.parametrize("restart", [0, 4])
@pytest.mark.parametrize("q", [60, 128, 255])
def test_jpeg_whole_pictures_are_the_same_to_the_pixel(sampling: int, restart: int, q: int) -> None:
    colour = cv2.applyColorMap(drawing(77), cv2.COLORMAP_JET)
    options = [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, sent = cv2.imencode(".jpg", colour, [*options, cv2.IMWRITE_JPEG_RST_INTERVAL, restart])
    bench = Bench("JPEG").feed(1, *jpeg_payloads(sent.tobytes(), q=q))
    came = cv2.imdecode(np.frombuffer(bench.pictures[0].nal_units[0], np.uint8), cv2.IMREAD_COLOR)
    wanted = cv2.imdecode(sent, cv2.IMREAD_COLOR)
    assert came is not None and wanted is not None and np.array_equal(came, wanted)


def test_tables_sent_once_serve_later_pictures() -> None:
    sent = encode("JPEG", 2)
    bench = Bench("JPEG")
    bench.feed(0, *jpeg_payloads(sent[0].nal_units[0], q=130))
    bench.feed(1, *jpeg_payloads(sent[1].nal_units[0], q=130, send_tables=False))
    bench.feed(2, *jpeg_payloads(sent[1].nal_units[0], q=255, send_tables=False))  # 255 is never kept
    assert bench.numbers == [0, 1] and bench.counters.dropped_pictures == 1


def test_a_large_picture_takes_its_size_from_the_description() -> None:
    sent = encode("JPEG", 1, width=2048, height=1152)[0].nal_units[0]
    assert Bench("JPEG", size=(2048, 1152)).feed(0, *jpeg_payloads(sent)).numbers == [0]
    assert not Bench("JPEG").feed(0, *jpeg_payloads(sent)).pictures


# MPEG-4 part 2


def test_the_described_configuration_stands_in_front_of_every_keyframe(
    videos: dict[str, list[Coded]],
) -> None:
    video = videos["MP4V-ES"]
    first = video[0].nal_units[0]
    configuration = first[: first.index(b"\0\0\1\xb6")]
    bench = Bench("MP4V-ES", configuration)
    for picture in video:
        body = picture.nal_units[0]
        bench.feed(picture.index, *mpeg4_payloads(body[body.index(b"\0\0\1\xb6") :]))
    assert bench.numbers == list(range(24))
    assert all(p.nal_units[0].startswith(configuration) for p in bench.pictures if p.is_idr)
