"""When a camera is tried again."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from dataclasses import dataclass, field

import pytest

from streams.camera import Credentials
from streams.policies import Policies
from streams.retry import Backoff, Door, Refusals

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


def test_a_camera_that_reboots_is_asked_for_twice_a_second_while_somebody_may_look() -> None:
    backoff = Backoff(POLICIES)
    for _ in range(10):
        backoff.failed(None)
    assert backoff.delay_s(True, 0.5, rebooting=True) == 0.5
    assert backoff.delay_s(False, 0.5, rebooting=True) == 5


def test_jitter_is_a_fifth_but_of_the_first_attempt() -> None:
    backoff = Backoff(POLICIES)
    backoff.failed(None)
    assert backoff.delay_s(True, 0.0) == pytest.approx(0.05)
    assert backoff.delay_s(True, 1.0) == pytest.approx(0.45)
    backoff.failed(None)
    assert backoff.delay_s(True, 0.0) == pytest.approx(0.4)
    assert backoff.delay_s(True, 1.0) == pytest.approx(0.6)


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


# The port that a camera's profiles share.


def test_the_others_wait_for_what_one_finds() -> None:
    door = Door(POLICIES)
    assert door.wait_s("main", 0.0) == 0
    door.knock("main", 0.0)
    assert door.wait_s("sub", 0.1) == POLICIES.connect_s
    seen = door.version
    door.done("main", connected=True)
    assert door.version > seen
    assert door.wait_s("sub", 0.1) == 0
    door.knock("sub", 0.1)
    door.done("sub", connected=True)
    assert door.wait_s("main", 0.5) == pytest.approx(0.5)  # two in a second: the third waits


def test_a_camera_that_works_lets_nobody_wait() -> None:
    door = Door(POLICIES)
    for number in range(10):
        assert door.wait_s(number, 1.0) == 0
        door.knock(number, 1.0)
        door.done(number, connected=True)
        door.worked()
    door.knock("one", 1.1)
    door.done("one", connected=True)  # and then it refused
    door.knock("two", 1.2)
    door.done("two", connected=True)
    assert door.wait_s("three", 1.3) == pytest.approx(0.8)


def test_a_closed_port_is_tried_evenly_and_in_turn() -> None:
    door = Door(POLICIES)
    door.knock("main", 0.0)
    door.done("main", connected=False)
    assert door.wait_s("sub", 0.1) == pytest.approx(0.4) == door.wait_s("main", 0.1)
    door.knock("sub", 0.5)
    door.done("sub", connected=True)
    door.done("sub", connected=False)  # its session ended: that says nothing of the port
    assert door.wait_s("main", 0.5) == pytest.approx(0.5)
    assert door.wait_s("main", 1.0) == 0


@dataclass
class Switch:
    """Fifty cameras behind one, each with two profiles that are tried as `Source` tries them; virtual time.
    All are lost at 0, and back at `back`: until then every attempt is refused at once."""

    back: float
    chance: random.Random
    attempts: list[list[float]] = field(default_factory=lambda: [[] for _ in range(50)])
    connected: dict[tuple[int, str], float] = field(default_factory=dict)

    def run(self) -> None:
        doors = [Door(POLICIES) for _ in self.attempts]
        backoffs = {(number, name): Backoff(POLICIES) for number in range(50) for name in ("main", "sub")}
        due: list[tuple[float, tuple[int, str]]] = []
        for who, backoff in backoffs.items():
            backoff.failed(60.0)
            heapq.heappush(due, (backoff.delay_s(True, self.chance.random()), who))
        while due:
            now, who = heapq.heappop(due)
            door = doors[who[0]]
            pause = door.wait_s(who, now)
            if pause > 1e-9:
                heapq.heappush(due, (now + pause, who))
                continue
            door.knock(who, now)
            self.attempts[who[0]].append(now)
            door.done(who, connected=now >= self.back)
            if now >= self.back:
                self.connected[who] = now
                continue
            backoffs[who].failed(None)
            delay = backoffs[who].delay_s(True, self.chance.random(), rebooting=True)
            heapq.heappush(due, (now + delay, who))


@pytest.mark.parametrize("away", [0.0, 0.9, 7.3, 60.0])
def test_fifty_cameras_of_one_switch_are_no_herd(away: float) -> None:
    """At most two attempts per camera in any second, spread over the cameras, and all are back soon."""
    switch = Switch(away, random.Random(away))
    switch.run()
    for attempts in switch.attempts:
        assert all(third - first > 1 - 1e-6 for first, third in zip(attempts, attempts[2:], strict=False))
    firsts = sorted(attempts[0] for attempts in switch.attempts)
    assert max(bisect_left(firsts, at + 0.05) - index for index, at in enumerate(firsts)) <= 25
    back = [at - away for at in switch.connected.values()]
    assert len(back) == 100 and max(back) < 1.5
