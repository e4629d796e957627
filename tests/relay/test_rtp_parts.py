"""The pure parts around a packet: layout, extensions, history, stamps, numbers, pace, figures."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import ports
from relay.capture import reference
from relay.extensions import ExtensionBlock, build_extensions
from relay.history import History
from relay.pacing import LEAST_BURST, MOST_BURST, Pacer
from relay.packetize import EXTENSION_LIMIT, PACKET_LIMIT, PAYLOAD_LIMIT
from relay.picture import MOST_SEGMENTS, Picture, Shape, lay_out
from relay.reception import Reception
from relay.resync import REPLAY_INTERVAL, Cause, Resync, affordable, better_wait
from relay.rtcp import Estimate, ReportBlock, TransportFeedback, to_ntp
from relay.sent import SentPacket, SentPackets, unwrap
from relay.timeline import Timeline, squeeze
from streams.access_unit import AccessUnit

from .wire import IDS, PPS, SPS, Rtp, gop, read_extensions, read_rtp, unit

ALL_IDS = {
    ports.EXTENSION_MID: 4,
    ports.EXTENSION_ABS_SEND_TIME: 2,
    ports.EXTENSION_TRANSPORT_CC: 3,
    ports.EXTENSION_PLAYOUT_DELAY: 5,
}


# Header extensions


def test_the_block_holds_what_was_negotiated() -> None:
    block = build_extensions(ALL_IDS, "0", (0, 40))
    assert len(block.block) % 4 == 0
    assert len(block.block) <= EXTENSION_LIMIT
    elements = read_extensions(block.at(2.5)[4:])
    assert elements == {4: b"0", 2: (5 << 17).to_bytes(3, "big"), 3: b"\0\0", 5: b"\0\0\x28"}
    assert block.transport_cc_at is not None


def test_no_extension_no_block() -> None:
    assert build_extensions({}, "0", (0, 0)) == ExtensionBlock()
    assert build_extensions({}, "0", None).at(1.0) == b""


def test_a_long_mid_gives_way_to_what_must_fit() -> None:
    block = build_extensions(ALL_IDS, "a-very-long-mid", None)
    assert set(read_extensions(block.at(1.0)[4:])) == {2, 3}


@pytest.mark.parametrize("number", [0, 15, 16, -1])
def test_ids_beyond_the_one_byte_form_are_left_out(number: int) -> None:
    assert build_extensions({ports.EXTENSION_MID: number}, "0", None).block == b""


# Layout


H264 = {"H264": 96}


def shape(overhead: int = 16) -> Shape:
    return Shape(H264, 0xABCD, build_extensions(IDS, "0", None), overhead)


@given(
    st.lists(st.integers(1, PAYLOAD_LIMIT), max_size=150)
    | st.tuples(st.integers(1, 150), st.integers(1, PAYLOAD_LIMIT)).map(
        lambda t: [PAYLOAD_LIMIT] * t[0] + [t[1]]
    )
)
def test_runs_hold_every_packet_once_and_the_kernel_can_cut_them(sizes: list[int]) -> None:
    payloads = tuple(bytes([index & 0xFF]) * size for index, size in enumerate(sizes))
    found: list[Rtp] = []
    for run in lay_out(payloads, shape(), 96, 0x1_0000_0005, 1.0):
        assert run.first == len(found)
        assert run.stride == run.length + 16 <= PACKET_LIMIT
        assert 1 <= run.count <= MOST_SEGMENTS
        assert run.last <= run.length
        assert len(run.template) == (run.count - 1) * run.stride + run.last + 16
        for index in range(run.count):
            size = run.length if index < run.count - 1 else run.last
            packet = read_rtp(run.template[index * run.stride :][:size])
            assert (packet.payload_type, packet.ssrc, packet.stamp) == (96, 0xABCD, 5)
            found.append(packet)
    assert [packet.payload for packet in found] == list(payloads)
    assert [packet.marker for packet in found] == [i == len(sizes) - 1 for i in range(len(sizes))]


def test_a_picture_of_one_slice_is_one_run() -> None:
    picture = Picture(unit(1, size=30_000))
    assert len(picture.runs(shape(), 1, 1.0)) == 1
    assert picture.runs(shape(), 1, 2.0) is picture.runs(shape(), 1, 1.0)
    kept = picture.runs(shape(), 1, 1.0)
    picture.release()
    assert picture.runs(shape(), 1, 1.0) is not kept


def test_shapes_differ_where_packets_would() -> None:
    keys = {
        Shape(H264, 1, build_extensions(IDS, "0", None), 16).key,
        Shape({"H264": 97}, 1, build_extensions(IDS, "0", None), 16).key,
        Shape(H264, 2, build_extensions(IDS, "0", None), 16).key,
        Shape(H264, 1, build_extensions(IDS, "1", None), 16).key,
        Shape(H264, 1, build_extensions({}, "0", None), 16).key,
        Shape(H264, 1, build_extensions(IDS, "0", None), 10).key,
        Shape({**H264, "H265": 98}, 1, build_extensions(IDS, "0", None), 16).key,
    }
    assert len(keys) == 7


def test_a_picture_goes_out_as_what_the_viewer_takes_its_codec_for_or_not_at_all() -> None:
    units = unit(1)
    both = Shape({"H264": 96, "H265": 98}, 1, build_extensions({}, "0", None), 16)
    (run,) = Picture(units).runs(both, 1, 1.0)
    assert read_rtp(run.template[: run.length]).payload_type == 96
    hevc = replace(units, nal_units=(b"\x26\x01" + bytes(500),))
    (run,) = Picture(hevc, "H265").runs(both, 1, 1.0)
    assert read_rtp(run.template[: run.last]).payload_type == 98
    assert Picture(hevc, "H265").runs(shape(), 1, 1.0) == ()


# History


def numbers(pictures: tuple[Picture, ...]) -> list[int]:
    return [picture.unit.number for picture in pictures]


def test_history_begins_at_the_newest_keyframe() -> None:
    history = History()
    for each in (*gop(1, 5), *gop(6, 3)):
        history.push(Picture(each))
    assert numbers(history.newest_gop()) == [6, 7, 8]
    assert history.gop_size == sum(picture.unit.size for picture in history.newest_gop())
    assert history.find(2) is not None


def test_nothing_to_start_from_before_a_keyframe_or_after_a_gap() -> None:
    history = History()
    history.push(Picture(unit(3)))
    assert history.newest_gop() == ()
    for each in gop(4, 3):
        history.push(Picture(each))
    history.push(Picture(unit(8)))
    assert history.newest_gop() == ()
    assert history.gop_size == 0
    assert history.find(5) is not None


def test_two_4k_keyframes_stay_within_reach() -> None:
    history = History()
    size = 1_500_000
    for each in (*gop(1, 4, key_size=size), *gop(5, 4, key_size=size), *gop(9, 2, key_size=size)):
        history.push(Picture(each))
    assert history.find(5) is not None
    assert history.find(1) is not None


def extra(idr: bool) -> int:
    """Bytes of a test picture that are not its body."""
    return 1 + (len(SPS) + len(PPS) if idr else 0)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), min_size=1, max_size=80))
def test_history_keeps_its_bounds(pictures: list[tuple[bool, int]]) -> None:
    history = History(keep_bytes=5_000, keep_ticks=10 * 3600, most_bytes=20_000)
    for number, (idr, size) in enumerate(pictures, 1):
        history.push(Picture(unit(number, idr=idr, size=size)))
        assert history.size <= 20_000
        kept = [n for n in range(1, number + 1) if history.find(n) is not None]
        assert kept == list(range(kept[0], number + 1))
        assert history.size == sum(pictures[n - 1][1] + extra(pictures[n - 1][0]) for n in kept)
        newest = history.newest_gop()
        if newest:
            assert newest[0].unit.is_idr
            assert not any(picture.unit.is_idr for picture in newest[1:])
            assert numbers(newest) == list(range(newest[0].unit.number, number + 1))


def test_the_next_keyframe_is_expected_after_the_same_interval() -> None:
    history = History()
    for each in (*gop(1, 50), *gop(51, 10)):
        history.push(Picture(each))
        if each.number < 51:
            assert history.next_keyframe(2.0) is None
    due, size = history.next_keyframe(60 / 25) or (0.0, 0)
    assert due == pytest.approx(41 / 25)
    assert size == 6000 + extra(True)
    assert history.next_keyframe(100.0) == (0.0, size)  # late


@pytest.mark.parametrize(
    ("gop_size", "due", "keyframe", "queue", "wait"),
    [
        (50_000, 0.2, 10_000, 0.0, True),  # a second of the link, or a keyframe in a moment
        (20_000, 1.5, 10_000, 0.0, False),
        (20_000, 1.5, 10_000, 1.4, True),  # what waits in front of it has to go first in any case
        (10_000, 2.0, 10_000, 0.0, False),  # it has only just begun
    ],
)
def test_a_full_link_gets_what_is_seen_first(
    gop_size: int, due: float, keyframe: int, queue: float, wait: bool
) -> None:
    assert better_wait(gop_size, due, keyframe, queue, 400_000) is wait


# Stamps


def test_live_stamps_are_media_times() -> None:
    timeline = Timeline()
    assert [timeline.live(t) for t in (100, 3700, 7300)] == [100, 3700, 7300]
    assert timeline.live(7300) == 7301
    assert timeline.live(9000) == 9000


def test_a_join_ends_on_the_true_stamp_of_the_live_picture() -> None:
    timeline = Timeline()
    assert timeline.replay([100, 3700, 7300]) == [7120, 7210, 7300]
    assert timeline.live(10_900) == 10_900


def test_a_replay_before_the_next_picture_ends_before_it() -> None:
    timeline = Timeline()
    times = [n * 3600 for n in range(100)]
    for each in times:
        timeline.live(each)
    stamps = timeline.replay(times)
    assert stamps[0] > times[-1]
    assert stamps[-1] <= times[-1] + 1800
    assert timeline.live(100 * 3600) == 100 * 3600


def test_a_replay_with_the_next_picture_ends_on_its_true_stamp() -> None:
    stamps = squeeze([n * 3600 for n in range(11)], 9 * 3600)
    assert stamps[-1] == 10 * 3600
    assert stamps[0] == 10 * 3600 - 10 * 90


@given(
    st.lists(st.integers(1, 9000), min_size=1, max_size=300),
    st.none() | st.integers(-50_000, 3_000_000),
)
def test_stamps_always_increase(steps: list[int], last: int | None) -> None:
    times = []
    now = 0
    for step in steps:
        now += step
        times.append(now)
    stamps = squeeze(times, last)
    assert len(stamps) == len(times)
    assert all(a < b for a, b in pairwise(stamps))
    assert last is None or stamps[0] > last


# Sequence numbers


def test_a_sent_packet_is_found_until_it_is_forgotten() -> None:
    sent = SentPackets(depth=3)
    sent.add(10, 5, 1, 0, 111)
    sent.add(15, 2, 1, 5, 111)
    sent.add(20, 4, 2, 0, 222)
    assert sent.find(9) is None
    assert sent.find(10) == SentPacket(1, 0, 111)
    assert sent.find(16) == SentPacket(1, 6, 111)
    assert sent.find(17) is None
    assert sent.find(23) == SentPacket(2, 3, 222)
    assert sent.find(24) is None
    sent.add(24, 1, 3, 0, 333)
    assert sent.find(10) is None
    assert sent.find(15) == SentPacket(1, 5, 111)


@given(st.lists(st.integers(1, 54), max_size=60), st.integers(1, 16))
def test_every_remembered_packet_is_found(counts: list[int], depth: int) -> None:
    sent = SentPackets(depth)
    expected: dict[int, SentPacket] = {}
    sequence, runs = 70_000, []
    for number, count in enumerate(counts):
        sent.add(sequence, count, number, 3, number * 7)
        runs.append({sequence + i: SentPacket(number, 3 + i, number * 7) for i in range(count)})
        sequence += count
    for run in runs[-depth:]:
        expected |= run
    for each in range(69_990, sequence + 10):
        assert sent.find(each) == expected.get(each)


@given(st.integers(1, 1 << 40), st.integers(1, 0xFFFF))
def test_a_low_number_means_the_newest_packet_before(next_sequence: int, back: int) -> None:
    assert unwrap((next_sequence - back) & 0xFFFF, next_sequence) == next_sequence - back


# Fresh starts and pace


def test_one_replay_each_half_second() -> None:
    resync = Resync()
    assert resync.allowed(5.0)
    resync.want(Cause.PLI)
    resync.want(Cause.NACK)
    assert resync.wanted is Cause.PLI
    resync.replayed(5.0)
    assert not resync.wanted
    assert not resync.allowed(5.0 + REPLAY_INTERVAL - 0.01)
    assert resync.allowed(5.0 + REPLAY_INTERVAL)


def test_worth_replaying_is_what_a_second_of_the_link_carries() -> None:
    assert affordable(125_000, 1_000_000)
    assert not affordable(125_001, 1_000_000)


def test_an_ordinary_picture_leaves_at_once_and_a_large_one_in_parts() -> None:
    pacer = Pacer(0.0, 2_000_000)
    assert pacer.room(0.0) == LEAST_BURST
    pacer.spend(LEAST_BURST)
    assert pacer.room(0.0) == 0
    assert pacer.room(0.04) == pytest.approx(LEAST_BURST)
    pacer.spend(20_000)
    assert pacer.room(0.041) < 0


@given(
    st.floats(1e5, 1e9),
    st.lists(st.tuples(st.floats(0, 0.1), st.integers(0, 50_000)), max_size=100),
)
def test_never_more_than_the_rate_and_one_burst(link: float, steps: list[tuple[float, int]]) -> None:
    pacer = Pacer(0.0, link)
    now = 0.0
    sent = 0
    for elapsed, wanted in steps:
        now += elapsed
        size = min(wanted, max(int(pacer.room(now)), 0))
        pacer.spend(size)
        sent += size
        assert sent <= MOST_BURST + now * 2.5 * link / 8 + 1e-3


# Figures


def block(last: int = 0, delay: float = 0.0, lost: float = 0.25) -> ReportBlock:
    return ReportBlock(1, lost, 7, 100, 900, last, delay)


def test_round_trip_from_last_report_and_delay() -> None:
    reception = Reception()
    ntp = to_ntp(1_700_000_000.5)
    reception.sent(ntp, 10.0)
    reception.report(block(ntp >> 16 & 0xFFFFFFFF, 0.3), 10.42)
    assert reception.round_trip == pytest.approx(0.12)
    assert reception.fraction_lost == 0.25
    assert reception.jitter == pytest.approx(0.01)
    reception.report(block(12345, 0.3), 11.0)
    assert reception.round_trip == pytest.approx(0.12)


@pytest.mark.parametrize("delay", [5.0, -60.0])
def test_a_round_trip_that_cannot_be_is_ignored(delay: float) -> None:
    reception = Reception()
    reception.sent(to_ntp(5.0), 1.0)
    reception.report(block(to_ntp(5.0) >> 16 & 0xFFFFFFFF, delay), 1.1)
    assert reception.round_trip is None


def test_an_estimate_grows_old() -> None:
    reception = Reception()
    assert reception.estimate(0.0) is None
    reception.estimated(Estimate(1e6, ()), 1.0)
    assert reception.estimate(5.0) == 1e6
    assert reception.estimate(12.0) is None


def test_transport_feedback_is_summed_up() -> None:
    reception = Reception()
    reception.transport(TransportFeedback(0, ((1, 5.0), (2, None), (3, 5.25))), 1.0)
    assert reception.losses is not None
    assert (reception.losses.arrived, reception.losses.missing) == (2, 1)
    assert reception.losses.span == pytest.approx(0.25)


# Capture time


def newest(captured: float | None) -> AccessUnit:
    return AccessUnit(1, 0, 900_000, 50.0, captured, True, ())


def seconds(ntp: int) -> float:
    return ntp / (1 << 32) - 2_208_988_800


def test_with_a_set_clock_the_report_is_of_now() -> None:
    made = reference(newest(1000.0), now=50.2, utc=1000.3)  # arrived at 1000.1
    assert seconds(made.ntp) == pytest.approx(1000.3, abs=1e-5)
    assert made.stamp == 900_000 + 27_000


@pytest.mark.parametrize("captured", [10.0, 5000.0])
def test_a_clock_far_off_is_passed_on_without_moving_the_stamp(captured: float) -> None:
    made = reference(newest(captured), now=50.2, utc=1000.3)
    assert seconds(made.ntp) == pytest.approx(captured + 0.2, abs=1e-5)
    assert made.stamp == 900_000 + 18_000


def test_without_a_clock_the_arrival_counts() -> None:
    made = reference(newest(None), now=50.2, utc=1000.3)
    assert seconds(made.ntp) == pytest.approx(1000.3, abs=1e-5)
    assert made.stamp == 900_000 + 18_000
