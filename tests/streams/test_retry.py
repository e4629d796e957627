"""When a camera is tried again."""

from __future__ import annotations

import pytest

from streams.camera import Credentials
from streams.policies import Policies
from streams.retry import Backoff, Refusals

POLICIES = Policies()
ONE, OTHER = Credentials("viewer", "one"), Credentials("viewer", "other")


@pytest.mark.parametrize(
    ("urgent", "delays"), [(True, [0.25, 0.5, 1, 1, 1, 1]), (False, [0.25, 0.5, 1, 5, 5, 5])]
)
def test_the_row_of_delays(urgent: bool, delays: list[float]) -> None:
    backoff = Backoff(POLICIES)
    seen = []
    for _ in delays:
        backoff.failed(None)
        seen.append(backoff.delay_s(urgent, 0.5))
    assert seen == delays


def test_a_camera_that_reboots_is_asked_for_four_times_a_second_while_somebody_may_look() -> None:
    backoff = Backoff(POLICIES)
    for _ in range(10):
        backoff.failed(None)
    assert backoff.delay_s(True, 0.5, rebooting=True) == 0.25
    assert backoff.delay_s(False, 0.5, rebooting=True) == 5


def test_jitter_is_a_fifth() -> None:
    backoff = Backoff(POLICIES)
    backoff.failed(None)
    assert backoff.delay_s(True, 0.0) == pytest.approx(0.2)
    assert backoff.delay_s(True, 1.0) == pytest.approx(0.3)


def test_a_steady_session_starts_the_row_anew_and_a_flicker_does_not() -> None:
    backoff = Backoff(POLICIES)
    for _ in range(4):
        backoff.failed(0.1)
    assert backoff.delay_s(True, 0.5) == 1
    backoff.failed(60.0)
    assert backoff.delay_s(True, 0.5) == 0.25


def test_two_refusals_then_once_a_minute() -> None:
    refusals = Refusals(POLICIES)
    refusals.refused(ONE, 0.0)
    assert refusals.wait_s(ONE, 0.1) == 0
    refusals.refused(ONE, 1.0)
    assert refusals.wait_s(ONE, 2.0) == pytest.approx(59)
    assert refusals.wait_s(OTHER, 2.0) == 0
    refusals.claim(ONE, 61.0)  # the main stream's attempt: the sub stream waits
    assert refusals.wait_s(ONE, 61.0) == pytest.approx(60)
    refusals.accepted()
    assert refusals.wait_s(ONE, 61.0) == 0


def test_other_credentials_begin_a_new_count() -> None:
    refusals = Refusals(POLICIES)
    refusals.refused(ONE, 0.0)
    refusals.refused(OTHER, 1.0)
    assert refusals.wait_s(OTHER, 1.0) == 0
    refusals.refused(OTHER, 2.0)
    assert refusals.wait_s(OTHER, 2.0) > 0
