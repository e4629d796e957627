"""RTP payloads to pictures: what is passed on, what is dropped, what is counted."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.counters import Counters
from streams.depacketize import MAX_PICTURE_BYTES, CodedPicture, H264Depacketizer, depacketizer
from streams.errors import CameraError
from streams.rtp import RtpReceiver
from streams.state import Reason
from tests.cameras.video import (
    PPS_640,
    PPS_768,
    SPS_640,
    SPS_768,
    RtpWriter,
    fu_a,
    idr_slice,
    p_slice,
    payloads,
    stap_a,
)

IDR, P = idr_slice(), p_slice()
DELIMITER, SEI, FILLER = b"\x09\xf0", b"\x06\x05\x01\x00\x80", b"\x0c\xff\x80"


class Bench:
    """A depacketizer and what came out of it."""

    def __init__(self, *sets: bytes) -> None:
        self.counters = Counters()
        self.pictures: list[CodedPicture] = []
        self.depacketizer = H264Depacketizer(sets, self.pictures.append, self.counters)

    def feed(self, timestamp: int, *parts: bytes, marker: bool = True) -> Bench:
        """Payloads of one time stamp; the marker on the last."""
        for index, part in enumerate(parts):
            self.depacketizer.feed(memoryview(part), timestamp, marker and index == len(parts) - 1)
        return self

    @property
    def kinds(self) -> list[list[int]]:
        """NAL unit types of every picture."""
        return [[unit[0] & 31 for unit in picture.nal_units] for picture in self.pictures]


@pytest.mark.parametrize(
    ("parts", "units"),
    [
        pytest.param([SPS_768, PPS_768, IDR], [SPS_768, PPS_768, IDR], id="single"),
        pytest.param([SPS_768, PPS_768, *fu_a(IDR, 500)], [SPS_768, PPS_768, IDR], id="fragments"),
        pytest.param([stap_a([SPS_768, PPS_768]), IDR], [SPS_768, PPS_768, IDR], id="aggregate"),
        pytest.param([stap_a([SPS_768, PPS_768, IDR])], [SPS_768, PPS_768, IDR], id="all in one"),
        pytest.param([PPS_768, SPS_768, IDR], [SPS_768, PPS_768, IDR], id="other order"),
        pytest.param([SPS_768 + b"\0\0", PPS_768 + b"\0", IDR], [SPS_768, PPS_768, IDR], id="zeros behind"),
        pytest.param([DELIMITER, SPS_768, PPS_768, SEI, FILLER, IDR], [SPS_768, PPS_768, IDR], id="ballast"),
        pytest.param(
            [b"\0\0\0\1" + SPS_768 + b"\0\0\0\1" + PPS_768 + b"\0\0\0\1" + IDR],
            [SPS_768, PPS_768, IDR],
            id="annex B in one payload",
        ),
        pytest.param([SPS_768 + b"\0\0\1" + PPS_768, IDR], [SPS_768, PPS_768, IDR], id="start code between"),
        pytest.param(
            [SPS_768, PPS_768, IDR, idr_slice(90)], [SPS_768, PPS_768, IDR, idr_slice(90)], id="slices"
        ),
        pytest.param([SPS_768, PPS_768, b"", IDR], [SPS_768, PPS_768, IDR], id="empty payload"),
        pytest.param(
            [SPS_768, PPS_768, stap_a([b"", b""]), IDR], [SPS_768, PPS_768, IDR], id="empty in STAP"
        ),
        pytest.param([SPS_768, PPS_768, b"\x80\x01\x02", IDR], [SPS_768, PPS_768, IDR], id="forbidden bit"),
        pytest.param([SPS_768, PPS_768, b"\x1f\x01", IDR], [], id="reserved packet type"),
        pytest.param([SPS_768, PPS_768, b"\x17\x01", IDR], [SPS_768, PPS_768, IDR], id="reserved NAL type"),
        pytest.param([SPS_768, PPS_768, b"\xe5\x88\x01"], [], id="forbidden bit in a slice"),
        pytest.param([SPS_768, PPS_768, *fu_a(IDR, 500)[:-1]], [], id="no last fragment"),
        pytest.param([SPS_768, PPS_768, *fu_a(IDR, 500)[1:]], [], id="no first fragment"),
        pytest.param([SPS_768, PPS_768, *fu_a(IDR, 500)[:2], IDR], [], id="fragments cut short"),
        pytest.param([SPS_768, PPS_768, stap_a([IDR])[:-1]], [], id="STAP cut short"),
        pytest.param([IDR], [], id="no parameter sets"),
        pytest.param([SPS_768, IDR], [], id="no PPS"),
        pytest.param([b"\x67\x42", PPS_768, IDR], [], id="SPS cut short"),
    ],
)
def test_one_keyframe(parts: list[bytes], units: list[bytes]) -> None:
    bench = Bench().feed(1000, *parts)
    assert [list(picture.nal_units) for picture in bench.pictures] == ([units] if units else [])
    assert bench.counters.dropped_pictures == (0 if units else 1)


def test_sets_from_the_description_go_before_every_keyframe() -> None:
    bench = Bench(SPS_768, PPS_768)
    bench.feed(0, IDR).feed(1, P).feed(2, IDR)
    assert bench.kinds == [[7, 8, 5], [1], [7, 8, 5]]


def test_wrong_sets_in_the_description_do_not_cover_good_ones_in_band() -> None:
    bench = Bench(b"\x67\x00", b"", b"\x68")
    assert bench.counters.bad_nal_units == 3
    bench.feed(0, SPS_768, PPS_768, IDR)
    assert bench.pictures[0].nal_units == (SPS_768, PPS_768, IDR)


def test_new_sets_midstream() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR).feed(1, SPS_640, PPS_640, IDR).feed(2, P)
    assert bench.pictures[1].nal_units == (SPS_640, PPS_640, IDR)
    assert bench.depacketizer.parameter_sets.sps == SPS_640


def test_repeated_sets_are_not_passed_on_but_changed_ones_are() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR).feed(1, SPS_768, PPS_768, P).feed(2, PPS_640, P)
    assert bench.kinds == [[7, 8, 5], [1], [8, 1]]


@pytest.mark.parametrize("early", [[SPS_768], [SPS_768, PPS_768], [SEI], [DELIMITER]])
def test_a_marker_without_a_slice_ends_nothing(early: list[bytes]) -> None:
    bench = Bench(SPS_768, PPS_768)
    for part in early:
        bench.feed(5, part)  # each with the marker
    bench.feed(5, *fu_a(IDR, 500))
    assert bench.kinds == [[7, 8, 5]]


def test_sets_with_a_time_stamp_of_their_own() -> None:
    bench = Bench().feed(4, SPS_768, PPS_768).feed(5, IDR)
    assert bench.kinds == [[7, 8, 5]] and bench.counters.dropped_pictures == 0


def test_a_lost_marker_costs_no_picture() -> None:
    bench = Bench(SPS_768, PPS_768)
    bench.feed(0, IDR, marker=False).feed(1, P, marker=False).feed(2, P)
    assert [picture.timestamp for picture in bench.pictures] == [0, 1, 2]
    assert bench.counters.lost_markers == 2


def test_markers_on_every_slice_are_found_out() -> None:
    """From then on the pictures are read by time stamp, from the next keyframe."""
    bench = Bench(SPS_768, PPS_768)
    rest = p_slice(first=False)
    for timestamp in range(8):
        first = idr_slice() if timestamp % 4 == 0 else P
        bench.feed(timestamp, first)
        bench.feed(timestamp, b"\x65\x26" + bytes([9] * 50) if timestamp % 4 == 0 else rest)
    whole = [picture for picture in bench.pictures if picture.timestamp >= 4]
    assert [len(picture.nal_units) for picture in whole] == [4, 2, 2]  # the last still waits for its end
    assert bench.counters.lost_markers == 0


def test_after_a_loss_nothing_until_the_next_keyframe() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR).feed(1, P)
    bench.depacketizer.lost()
    bench.feed(2, P).feed(3, P).feed(4, IDR).feed(5, P)
    assert [picture.timestamp for picture in bench.pictures] == [0, 1, 4, 5]
    assert bench.counters.dropped_pictures == 2


def test_a_loss_just_before_a_keyframe_spares_it() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR)
    bench.depacketizer.lost()
    bench.feed(1, IDR)
    assert [picture.timestamp for picture in bench.pictures] == [0, 1]


def test_a_keyframe_that_lost_its_first_slice_is_dropped() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR)
    bench.depacketizer.lost()
    bench.feed(1, b"\x65\x26" + bytes([7] * 40)).feed(2, IDR)
    assert [picture.timestamp for picture in bench.pictures] == [0, 2]


def test_a_loss_inside_a_picture() -> None:
    bench = Bench(SPS_768, PPS_768).feed(0, IDR)
    parts = fu_a(p_slice(3000), 500)
    bench.feed(1, *parts[:2], marker=False)
    bench.depacketizer.lost()
    bench.feed(1, *parts[3:]).feed(2, P).feed(3, IDR)
    assert [picture.timestamp for picture in bench.pictures] == [0, 3]


@pytest.mark.parametrize(
    "flood",
    [
        lambda: fu_a(b"\x65\x88" + bytes([1]) * (MAX_PICTURE_BYTES + 10_000), 60_000),
        lambda: [b"\x41\x9a\x01"] * 80_000,
        lambda: [idr_slice(50_000)] * 100,
        lambda: fu_a(b"\x65\x88" + b"\x00\x00\x01" * 1_000_000, 60_000),
    ],
    ids=["one NAL unit of 4 MiB", "tiny ones", "many slices", "start codes"],
)
def test_a_picture_is_bounded(flood: Callable[[], list[bytes]]) -> None:
    bench = Bench(SPS_768, PPS_768)
    bench.feed(0, *flood()).feed(1, P).feed(2, IDR)
    assert [picture.timestamp for picture in bench.pictures] == [2]
    assert bench.counters.bad_nal_units >= 1


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(CameraError) as caught:
        depacketizer("VP9", (), lambda picture: None, Counters())
    assert caught.value.reason is Reason.UNSUPPORTED_CODEC


@given(
    st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 3), st.booleans(), st.booleans()), max_size=60)
)
def test_any_payloads_do_no_harm(parts: list[tuple[bytes, int, bool, bool]]) -> None:
    bench = Bench(SPS_768, PPS_768)
    for payload, timestamp, marker, gap in parts:
        if gap:
            bench.depacketizer.lost()
        bench.depacketizer.feed(memoryview(payload), timestamp, marker)
    _check(bench)
    bench.feed(99, P).feed(100, IDR, marker=False).feed(101, idr_slice(40))  # and it still works
    assert bench.pictures[-1].timestamp >= 100


UNITS = st.sampled_from([IDR, P, SPS_768, PPS_768, SEI])


@given(
    st.integers(0, 2**32 - 1),
    st.lists(UNITS, min_size=1, max_size=9),
)
def test_what_is_packetized_comes_out(seed: int, units: list[bytes]) -> None:
    """However it is cut, a picture is the same."""
    chance = random.Random(seed)
    bench, reference = Bench(SPS_768, PPS_768), Bench(SPS_768, PPS_768)
    for timestamp in range(3):
        picture = [IDR, *units]
        bench.feed(timestamp, *payloads(picture, chance.randint(20, 3500)))
        reference.feed(timestamp, *picture)
    assert bench.pictures == reference.pictures and len(bench.pictures) == 3


def _check(bench: Bench) -> None:
    waiting = True
    for picture in bench.pictures:
        assert picture.nal_units and all(picture.nal_units)
        assert all(not unit[0] & 0x80 for unit in picture.nal_units)
        if picture.is_idr:
            waiting = False
            kinds = [unit[0] & 31 for unit in picture.nal_units]
            assert kinds[0] == 7 and 8 in kinds
        assert not waiting


@given(st.lists(st.binary(max_size=80), max_size=40), st.data())
def test_any_packets_do_no_harm(packets: list[bytes], data: st.DataObject) -> None:
    bench = Bench(SPS_768, PPS_768)
    receiver = RtpReceiver(96, bench.depacketizer, bench.counters)
    writer = RtpWriter()
    for packet in packets:
        if data.draw(st.booleans()):
            writer.sequence = (writer.sequence + data.draw(st.integers(-3, 3))) & 0xFFFF
            packet = writer.packet(packet, data.draw(st.booleans()))
        receiver.feed(memoryview(packet), 1.0)
    receiver.receiver_report(1, 2.0)
    _check(bench)


def test_an_empty_fragment_costs_that_picture_at_most() -> None:
    """An FU-A of its two header bytes alone."""
    bench = Bench(SPS_768, PPS_768)
    first, *rest = fu_a(IDR, 500)
    bench.feed(1, first, rest[0][:2], *rest)
    bench.feed(2, IDR)
    assert bench.pictures and bench.pictures[-1].nal_units[-1] == IDR
    assert all(picture.nal_units[-1] == IDR for picture in bench.pictures)
    assert len(bench.pictures) == 2 or bench.counters.bad_nal_units + bench.counters.dropped_pictures


def test_a_type_that_changes_within_the_fragments_breaks_nothing_after_it() -> None:
    """Some Tiandy cameras: the later fragments of one NAL unit name another type than its first."""
    bench = Bench(SPS_768, PPS_768)
    parts = fu_a(IDR, 500)
    changed = [bytes([part[0], part[1] & 0xE0 | 1, *part[2:]]) for part in parts[1:]]
    bench.feed(1, parts[0], *changed)
    bench.feed(2, IDR)
    assert bench.pictures and bench.pictures[-1].nal_units[-1] == IDR
    assert all(picture.nal_units[-1] == IDR for picture in bench.pictures)
    assert len(bench.pictures) == 2 or bench.counters.bad_nal_units + bench.counters.dropped_pictures
