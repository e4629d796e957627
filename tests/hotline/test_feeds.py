from __future__ import annotations

from typing import Any

import pytest

from hotline import feeds
from relay.ports import Feed
from streams.state import Connecting, Live, Offline, Reason, SourceState, Stalled

UTC = 1_800_000_000.0
MONOTONIC = 5000.0


def told(state: SourceState, rtp: int | None = None, age: float | None = None) -> dict[str, Any]:
    return feeds.feed(Feed("camera", state, rtp, age, 1.5), utc=UTC, monotonic=MONOTONIC)


def test_every_reason_has_words_for_people() -> None:
    for reason in Reason:
        words = told(Offline(MONOTONIC, reason, None))["reason"]
        assert words["code"] == reason.value
        assert words["ko"]
        assert words["en"]


@pytest.mark.parametrize(
    ("state", "word"),
    [(Connecting(4990.0), "connecting"), (Live(4990.0), "live"), (Stalled(4990.0), "stalled")],
)
def test_states_and_since_when_by_the_wall_clock(state: SourceState, word: str) -> None:
    assert told(state, 4_294_967_295, 0.25) == {
        "state": word,
        "since": "2027-01-15T07:59:50.000Z",
        "reason": None,
        "next_attempt_at": None,
        "newest_rtp": 4_294_967_295,
        "newest_at": "2027-01-15T07:59:59.750Z",
        "limit_ms": 1500,
        "picture": [],
    }


def test_a_camera_that_is_offline_says_when_it_is_tried_again() -> None:
    found = told(Offline(4000.0, Reason.REFUSED, MONOTONIC + 1))
    assert found["next_attempt_at"] == "2027-01-15T08:00:01.000Z"
    assert told(Offline(4000.0, Reason.STOPPED, None))["next_attempt_at"] is None


def test_a_camera_the_relay_says_nothing_of_is_offline_and_not_silent() -> None:
    found = feeds.unknown(utc=UTC)
    assert (found["state"], found["reason"]["code"]) == ("offline", "unknown")
    assert found.keys() == told(Live(0.0)).keys()
