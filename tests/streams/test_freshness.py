"""When a picture is overdue, and what a played session is worth."""

from __future__ import annotations

import pytest

from streams.freshness import Evidence, Freshness, judge
from streams.policies import Policies
from streams.state import Reason
from streams.timeline import TICKS

POLICIES = Policies()


@pytest.mark.parametrize(
    ("interval", "limit"), [(0.04, 1.0), (0.1, 1.0), (1 / 3, 1.0), (0.5, 1.5), (1.0, 3.0), (5.0, 15.0)]
)
def test_the_limit_is_a_second_or_three_intervals(interval: float, limit: float) -> None:
    fresh = Freshness()
    for n in range(10):
        fresh.observe(100 + n * interval, round(n * interval * TICKS))
    assert fresh.limit_s == pytest.approx(limit, abs=0.001)
    newest = 100 + 9 * interval
    assert not fresh.stalled(newest + limit - 0.01)
    assert fresh.stalled(newest + limit + 0.01)
    assert fresh.age(newest + 2) == pytest.approx(2)


def test_one_long_gap_does_not_make_a_camera_slow() -> None:
    fresh = Freshness()
    for n in range(5):
        fresh.observe(n * 0.1, n * 9000)
    fresh.observe(30.0, 30 * TICKS)
    assert fresh.limit_s == 1.0


def test_before_the_first_picture_nothing_is_overdue() -> None:
    fresh = Freshness()
    assert fresh.age(5.0) is None and not fresh.stalled(5.0) and fresh.limit_s == 1.0


def evidence(
    first_packet: float | None = 0.1,
    *,
    sets: bool = True,
    newest: float | None = None,
    limit: float = 1.0,
    other: bool = False,
    patient: bool = False,
    hurried: bool = False,
) -> Evidence:
    return Evidence(0.0, first_packet, other, sets, newest, limit, patient, hurried)


@pytest.mark.parametrize(
    ("seen", "now", "stalled", "reason", "look_again"),
    [
        (evidence(None), 2.9, False, None, 3.0),
        (evidence(None), 3.0, False, None, 15.0),
        (evidence(None), 14.9, False, None, 15.0),
        (evidence(None), 15.0, False, Reason.NO_DATA, 15.0),
        (evidence(None, hurried=True), 2.9, False, None, 3.0),
        (evidence(None, hurried=True), 3.0, False, Reason.NO_DATA, 3.0),
        (evidence(None, other=True), 3.0, False, Reason.NO_DATA, 3.0),
        (evidence(sets=False), 4.9, False, None, 5.0),
        (evidence(sets=False), 5.0, False, Reason.NO_PARAMETER_SETS, 5.0),
        (evidence(sets=False, patient=True), 5.0, False, None, 15.0),
        (evidence(), 14.9, False, None, 15.0),
        (evidence(), 15.0, False, Reason.NO_DATA, 15.0),
        (evidence(newest=10.0), 10.5, False, None, 11.0),
        (evidence(newest=10.0), 11.1, True, None, 15.0),
        (evidence(newest=10.0), 15.0, True, Reason.NO_DATA, 15.0),
        (evidence(newest=10.0, limit=6.0), 15.0, False, None, 16.0),
        (evidence(newest=10.0, limit=6.0), 21.9, True, None, 22.0),
        (evidence(newest=10.0, limit=6.0), 22.0, True, Reason.NO_DATA, 22.0),
    ],
)
def test_verdicts(
    seen: Evidence, now: float, stalled: bool, reason: Reason | None, look_again: float
) -> None:
    verdict = judge(seen, POLICIES, now)
    assert verdict.stalled is stalled
    assert (verdict.failure[0] if verdict.failure else None) is reason
    assert verdict.look_again == look_again


@pytest.mark.parametrize(("now", "silent"), [(2.9, False), (3.0, True), (14.9, True)])
def test_silence_is_said_long_before_the_session_is_given_up(now: float, silent: bool) -> None:
    assert judge(evidence(None), POLICIES, now).silent is silent
    assert not judge(evidence(), POLICIES, now).silent
