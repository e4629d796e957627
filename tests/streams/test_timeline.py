"""RTP time to media time, on virtual time."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rtp import SenderReport
from streams.timeline import TICKS, CameraTimeline, Instant, Track

STEP = 3600  # 25 pictures a second


def run(track: Track, stamps: list[int], begin: float = 100.0, interval: float = 0.04) -> list[Instant]:
    return [track.picture(stamp & 0xFFFFFFFF, begin + index * interval) for index, stamp in enumerate(stamps)]


def steps(instants: list[Instant]) -> list[int]:
    return [b.media_time - a.media_time for a, b in itertools.pairwise(instants)]


@pytest.mark.parametrize("start", [0, 0xFFFFF000, 2**31 - 5000])
def test_wraps_without_a_gap(start: int) -> None:
    instants = run(CameraTimeline().track(), [start + n * STEP for n in range(50)])
    assert steps(instants) == [STEP] * 49
    assert [b.rtp_time - a.rtp_time for a, b in itertools.pairwise(instants)] == [STEP] * 49


@pytest.mark.parametrize("hours", [10, -10])
def test_one_wild_time_stamp_is_placed_by_its_arrival(hours: int) -> None:
    stamps = [n * STEP for n in range(20)]
    stamps[10] += hours * 3600 * TICKS
    instants = run(CameraTimeline().track(), stamps)
    assert all(abs(step - STEP) < 10 for step in steps(instants))
    assert [instant.jumped for instant in instants].count(True) == 1


@pytest.mark.parametrize("jump", [10 * 3600, -10 * 3600, 6, -2])
def test_a_new_line_is_believed_after_three(jump: int) -> None:
    stamps = [n * STEP + (jump * TICKS if n >= 10 else 0) for n in range(30)]
    instants = run(CameraTimeline().track(), stamps)
    assert all(abs(step - STEP) < 10 for step in steps(instants))
    assert [instant.jumped for instant in instants].count(True) == 3


def test_a_clock_that_stands_still() -> None:
    instants = run(CameraTimeline().track(), [777] * 30)
    assert all(abs(step - STEP) < 10 for step in steps(instants))


def test_a_real_pause_is_a_pause() -> None:
    track = CameraTimeline().track()
    first = track.picture(0, 10.0)
    second = track.picture(30 * TICKS, 40.0)
    assert second.media_time - first.media_time == 30 * TICKS and not second.jumped


def test_reordered_pictures_keep_media_time_increasing() -> None:
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    instants = run(CameraTimeline().track(), [n * STEP for n in order])
    assert all(step >= 1 for step in steps(instants))
    assert instants[-1].media_time - instants[0].media_time <= 9 * STEP + len(order)


def test_time_goes_on_over_a_reconnect() -> None:
    track = CameraTimeline().track()
    before = run(track, [n * STEP for n in range(10)], begin=100.0)
    track.restart()
    after = run(track, [5_000_000 + n * STEP for n in range(10)], begin=130.36)
    assert after[0].media_time - before[-1].media_time == pytest.approx(30 * TICKS, abs=10)
    assert after[0].captured is None


def report(utc: float, rtp: int) -> SenderReport:
    return SenderReport(1, utc, rtp & 0xFFFFFFFF, 0)


def test_capture_time() -> None:
    track = CameraTimeline().track()
    assert track.picture(1000, 50.0).captured is None
    assert track.report(report(1_700_000_000.0, 1000))
    assert track.picture(1000 + STEP, 50.04).captured == pytest.approx(1_700_000_000.04)
    assert not track.report(report(1_700_000_000.0, 1000 + 3600 * TICKS))  # about another time altogether


def test_a_report_before_the_first_picture() -> None:
    track = CameraTimeline().track()
    assert track.report(report(1_700_000_000.0, 0xFFFFFF00))
    assert track.picture(0xFFFFFF00, 1.0).captured == pytest.approx(1_700_000_000.0)


def test_two_renditions_meet_on_one_timeline() -> None:
    """The sub stream comes 300 ms later than the main one; reports bring them together without a leap."""
    timeline = CameraTimeline()
    main, sub = timeline.track(), timeline.track()
    sub_instants = []
    for n in range(100):
        taken = 1_700_000_000.0 + n * 0.04
        arrived = 20.0 + n * 0.04
        at_main = main.picture(n * STEP, arrived + 0.05)
        at_sub = sub.picture(9_999 + n * STEP, arrived + 0.35)
        sub_instants.append(at_sub)
        if n == 10:
            main.report(report(taken, n * STEP))
        if n == 12:
            sub.report(report(taken, 9_999 + n * STEP))
    assert at_main.media_time == pytest.approx(at_sub.media_time, abs=2)
    assert all(STEP * 0.8 < step < STEP * 1.2 for step in steps(sub_instants))


def test_a_step_of_the_wall_clock_moves_no_picture() -> None:
    track = CameraTimeline().track()
    instants = []
    for n in range(100):
        instants.append(track.picture(n * STEP, 5.0 + n * 0.04))
        if n % 10 == 0:
            track.report(report(1_700_000_000.0 + n * 0.04 + (3600 if n >= 50 else 0), n * STEP))
    assert steps(instants) == [STEP] * 99
    captured = instants[-1].captured
    assert captured is not None and math.isclose(captured, 1_700_003_600.0 + 99 * 0.04, abs_tol=0.01)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1) | st.integers(0, 10).map(lambda n: n * STEP),
            st.floats(0, 10),
            st.sampled_from(["picture", "report", "restart"]),
        ),
        max_size=80,
    )
)
def test_media_time_always_increases(events: list[tuple[int, float, str]]) -> None:
    timeline = CameraTimeline()
    tracks = [timeline.track(), timeline.track()]
    newest: list[int | None] = [None, None]
    now = 1000.0
    for index, (stamp, pause, what) in enumerate(events):
        now += pause
        which = index % 2
        if what == "restart":
            tracks[which].restart()
        elif what == "report":
            tracks[which].report(report(1e9 + stamp, stamp))
        else:
            media_time = tracks[which].picture(stamp, now).media_time
            before = newest[which]
            assert before is None or media_time > before
            newest[which] = media_time
