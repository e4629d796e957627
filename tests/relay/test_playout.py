"""How long a viewer is asked to wait, on virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from relay.playout import (
    AGAIN_S,
    CALM_S,
    LOSS_WEIGHT,
    MOST_S,
    NOTICED_S,
    ONE_MOMENT_S,
    SHOWS_AFTER,
    SHOWS_WITHIN_S,
    PlayoutDelay,
)

INTERVAL = 0.04


def lossy(delay: PlayoutDelay, begin: float, round_trip: float | None = 0.1, loss: float = 0.01) -> float:
    """Packets are missing at three moments; when the last one was."""
    now = begin
    for moment in range(SHOWS_AFTER):
        now = begin + moment
        delay.missed(now)
    for _ in range(round(4 / LOSS_WEIGHT)):
        delay.review(now, round_trip, loss)
    return now


def run(delay: PlayoutDelay, begin: float, seconds: float) -> list[int]:
    """What is asked for with each of the pictures of that time."""
    return [delay.advance(begin + (number + 1) * INTERVAL) for number in range(round(seconds / INTERVAL))]


def test_a_whole_link_is_asked_for_nothing() -> None:
    delay = PlayoutDelay()
    delay.review(1.0, 0.1, 0.0)
    assert delay.settled
    assert delay.steps == 0


@pytest.mark.parametrize(("loss", "again"), [(0.01, 0), (0.05, 1), (0.1, 2)])
@pytest.mark.parametrize("round_trip", [0.05, 0.1, 0.2])
def test_where_losses_show_it_is_more_than_a_round_trip(round_trip: float, loss: float, again: int) -> None:
    delay = PlayoutDelay()
    begin = lossy(delay, 10.0, round_trip, loss)
    asked = run(delay, begin, 2.0)
    assert delay.settled
    assert asked[-1] == round(100 * (round_trip + NOTICED_S + again * AGAIN_S))


def test_one_bad_report_is_no_heavy_loss() -> None:
    delay = PlayoutDelay()
    begin = lossy(delay, 0.0)
    before = run(delay, begin, 2.0)[-1]
    delay.review(begin + 2.0, 0.1, 0.2)
    assert run(delay, begin + 2.0, 2.0)[-1] <= before + round(100 * AGAIN_S)  # once more at most, not twice


def test_it_is_never_more_than_the_most() -> None:
    delay = PlayoutDelay()
    assert run(delay, lossy(delay, 0.0, 3.0), 5.0)[-1] == round(100 * MOST_S)


def test_an_unknown_round_trip_is_taken_for_an_ordinary_one() -> None:
    delay = PlayoutDelay()
    assert 10 <= run(delay, lossy(delay, 0.0, None), 2.0)[-1] <= 30


def test_one_accident_is_no_lossy_link_however_much_is_missing() -> None:
    delay = PlayoutDelay()
    for packet in range(50):
        delay.missed(5.0 + packet * ONE_MOMENT_S / 60)
        delay.review(5.0 + packet * ONE_MOMENT_S / 60, 0.1, 0.2)
    assert delay.settled


def test_losses_far_apart_do_not_count() -> None:
    delay = PlayoutDelay()
    for now in (0.0, SHOWS_WITHIN_S, 2 * SHOWS_WITHIN_S, 3 * SHOWS_WITHIN_S):
        delay.missed(now)
        delay.review(now, 0.1, 0.001)
        assert delay.settled


def test_the_picture_neither_stands_nor_hurries_on_the_way() -> None:
    delay = PlayoutDelay()
    begin = lossy(delay, 0.0, 0.2)
    asked = [0, *run(delay, begin, 2.0)]
    assert max(later - sooner for sooner, later in pairwise(asked)) <= 3  # 30 ms: no picture waits long
    last = begin + 2.0
    delay.review(last + CALM_S, 0.2, 0.0)
    back = [asked[-1], *run(delay, last + CALM_S, 20.0)]
    assert back[-1] == 0
    assert max(sooner - later for sooner, later in pairwise(back)) <= 1


def test_it_lasts_while_losses_go_on_and_a_good_while_longer() -> None:
    delay = PlayoutDelay()
    run(delay, lossy(delay, 0.0), 2.0)
    steps = delay.steps
    for now in range(3, 100, 9):  # far fewer than it took to begin
        delay.missed(float(now))
        delay.review(float(now), 0.1, 0.0)
        assert run(delay, float(now), 1.0)[-1] == steps
    delay.review(93.0 + CALM_S / 3, 0.1, 0.0)
    assert delay.settled
    delay.review(93.0 + CALM_S + 1, 0.1, 0.0)
    assert not delay.settled


def test_a_round_trip_that_wavers_does_not_make_the_picture_waver() -> None:
    delay = PlayoutDelay()
    run(delay, lossy(delay, 0.0, 0.12), 2.0)
    for round_trip in (0.1, 0.11, 0.09, 0.12):
        delay.review(4.0, round_trip, 0.01)
        assert delay.settled
    delay.review(4.0, 0.3, 0.01)
    assert not delay.settled
