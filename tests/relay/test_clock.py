"""The clock of rights: what a step of the system's clock does to it, and to who watches."""

from __future__ import annotations

import time

import pytest

from relay.client import WhepViewer
from relay.clock import STEP, SteadyClock, follow
from tests.support.waiting import until

from .house import house
from .studio import studio
from .test_viewer import moving

HOUR = 3600.0


class Hands:
    """Both clocks of a machine, moved by hand."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.monotonic = 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.monotonic)

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.wall += seconds
        self.monotonic += seconds


@pytest.mark.parametrize("step", [HOUR, -HOUR, 9 * HOUR, 10.0, -10.0])
def test_a_step_neither_shortens_nor_lengthens_what_was_granted(step: float) -> None:
    hands = Hands()
    begun = hands.clock.utc()
    hands.wait(60)
    hands.wall += step
    assert hands.clock.utc() - begun == pytest.approx(60)
    hands.wait(60)
    assert hands.clock.utc() - begun == pytest.approx(120)
    assert hands.clock.offset == pytest.approx(step)
    assert hands.clock.steps == 1


def test_a_step_that_is_taken_back_is_told_and_forgotten() -> None:
    hands = Hands()
    hands.wall += HOUR
    hands.clock.utc()
    hands.wall -= HOUR
    assert hands.clock.utc() == pytest.approx(hands.wall)
    assert hands.clock.steps == 2
    assert hands.clock.offset == pytest.approx(0)


def test_a_small_difference_is_followed_slowly() -> None:
    hands = Hands()
    hands.wall += 1.0
    hands.wait(100)
    assert hands.wall - hands.clock.utc() == pytest.approx(0.9)
    for _ in range(1000):
        hands.wait(1)
        hands.clock.utc()
    assert hands.clock.utc() == pytest.approx(hands.wall)
    assert hands.clock.steps == 0


def test_time_goes_forward_only() -> None:
    assert follow((1000.0, 50.0), 1000.0, 49.0)[0] == 1000.0
    utc, offset = follow((1000.0, 50.0), 999.0, 50.5)
    assert utc > 1000.0
    assert offset == pytest.approx(-1.5, abs=0.01)
    assert abs(offset) < STEP


def test_the_systems_time_is_taken_when_nothing_depends_on_ours() -> None:
    hands = Hands()
    hands.wall += HOUR
    hands.clock.utc()
    hands.clock.adopt()
    assert hands.clock.utc() == pytest.approx(hands.wall)
    assert hands.clock.offset == pytest.approx(0)
    assert hands.clock.steps == 1
    hands.clock.adopt()
    assert hands.clock.utc() == pytest.approx(hands.wall)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_who_watches_goes_on_and_a_token_stays_good_through_a_step(step: float) -> None:
    ahead = 0.0
    clock = SteadyClock(lambda: time.time() + ahead)
    async with studio() as cameras, house(cameras, utc=clock.utc) as ours:
        ours.grant(seconds=600)
        token = ours.token(seconds=600)
        async with WhepViewer.open(ours.url(), token) as viewer:
            await viewer.wait_picture()
            ahead = step
            await until(lambda: clock.steps == 1)
            await moving(viewer)
            async with WhepViewer.open(ours.url(), token) as other:
                await other.wait_picture()
