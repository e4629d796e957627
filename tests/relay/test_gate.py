"""How much of a keyframe leaves before the link has shown what it carries, on virtual time."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import pytest

from relay.gate import COLLAPSED_S, FIRST, GIVE_UP_S, NARROW_BPS, SHORT_WAY_S, TRUSTED_S, Gate

TICK = 0.004
KEYFRAME = 200_000
PACKET = 1_200


@dataclass
class Way:
    """A link of `rate` bit/s, `round_trip` seconds while its queue is empty, and a viewer that answers."""

    rate: float = 20e6
    round_trip: float = 0.04
    loss: float = 0.0
    answers: bool = True
    reports: bool = True
    report_every: float = 0.2
    gate: Gate = field(default_factory=Gate)
    now: float = 0.0
    free: float = 0.0  # when the queue is empty
    left: int = 0
    collapsed: float | None = None
    _answers: list[tuple[float, int]] = field(default_factory=list)
    _report_due: float = 0.0
    _draw: random.Random = field(default_factory=lambda: random.Random(3))

    def send(self, size: int) -> None:
        self.free = max(self.free, self.now) + size * 8 / self.rate

    def ask(self) -> None:
        number = self.gate.asked(self.now)
        self.send(100)
        if self.answers and self._draw.random() >= 2 * self.loss:
            self._answers.append((self.free + self.round_trip, number))

    def tick(self, seconds: float = TICK) -> None:
        self.now += seconds
        while self._answers and self._answers[0][0] <= self.now:
            self.gate.answered(self._answers.pop(0)[1], self.now)
        if self.reports and self.now >= self._report_due:
            self._report_due = self.now + self.report_every
            self.gate.heard(self.now, self.round_trip)
        if self.gate.practice_due(self.now):
            self.ask()

    def known(self) -> Way:
        """After three seconds, in which it was practised."""
        while self.now < 3:
            self.tick()
        return self

    def keyframe(self, size: int = KEYFRAME, seconds: float = 5.0) -> float:
        """Send one, packet by packet; the seconds until its last packet leaves, or until the link has
        collapsed."""
        begun = self.now
        self.left = 0
        self.gate.begin(size, self.now)
        while self.now - begun < seconds:
            while self.left < size and self.gate.room(self.now) > 0:
                self.gate.spend(PACKET)
                self.send(PACKET)
                self.left += PACKET
            if self.left >= size:
                self.gate.open()
                break
            if self.gate.ask_due(self.now):
                self.ask()
            if self.gate.has_collapsed:
                self.collapsed = self.gate.collapsed()
                break
            self.tick()
        return self.now - begun


def test_on_a_good_link_a_keyframe_waits_for_one_round_trip() -> None:
    way = Way().known()
    assert way.gate.most_whole == FIRST
    assert way.keyframe() <= way.round_trip + 0.02
    assert way.left >= KEYFRAME
    assert way.collapsed is None
    assert not way.gate.shut


@pytest.mark.parametrize("rate", [150_000, 400_000])
def test_on_a_link_that_has_collapsed_the_rest_never_leaves(rate: float) -> None:
    way = Way().known()
    way.rate = rate
    assert way.keyframe() <= way.round_trip + COLLAPSED_S + 0.05
    assert way.collapsed is not None
    assert way.left <= FIRST + PACKET
    assert way.collapsed < 1.5 * 400_000
    assert not way.gate.has_collapsed  # told once


def test_a_link_on_which_the_rest_would_take_seconds_has_collapsed_though_it_answers() -> None:
    way = Way().known()
    way.rate = 800_000
    way.keyframe()
    assert way.collapsed == pytest.approx(800_000, rel=0.15)
    assert way.left <= 4 * FIRST


def test_one_answer_that_is_late_by_chance_is_no_collapse() -> None:
    way = Way().known()
    way.gate.begin(KEYFRAME, way.now)
    way.gate.spend(FIRST)
    number = way.gate.asked(way.now)
    way.now += way.round_trip + 0.12
    way.gate.answered(number, way.now)
    assert not way.gate.has_collapsed
    assert way.gate.room(way.now) >= FIRST


def test_a_link_that_carries_the_rest_within_a_second_is_given_it_at_its_own_rate() -> None:
    way = Way(rate=2.5e6).known()
    took = way.keyframe()
    assert way.collapsed is None
    assert way.left >= KEYFRAME
    assert took == pytest.approx(KEYFRAME * 8 / way.rate, abs=0.25)


@pytest.mark.parametrize("seed", range(20))
def test_answers_that_get_lost_are_no_collapse(seed: int) -> None:
    way = Way(loss=0.1, round_trip=0.1).known()
    way._draw.seed(seed)
    for _ in range(20):
        way.keyframe()
        assert way.left >= KEYFRAME
        for _ in range(50):
            way.tick()
    assert way.collapsed is None


def test_a_short_way_is_a_wire_and_nothing_is_measured_out() -> None:
    way = Way(round_trip=SHORT_WAY_S / 2).known()
    assert way.gate.most_whole == math.inf
    assert not way.gate.practice_due(way.now + 10)
    assert way.keyframe() == 0.0


def test_a_link_with_a_narrow_limit_has_its_pace_and_no_gate() -> None:
    way = Way().known()
    way.gate.limit(NARROW_BPS / 2)
    assert way.keyframe() == 0.0
    way.gate.limit(2 * NARROW_BPS)
    assert way.gate.most_whole == FIRST


def test_a_limit_that_becomes_known_opens_it() -> None:
    way = Way().known()
    way.rate = 400_000
    way.keyframe()
    assert way.gate.shut
    way.gate.limit(400_000)
    assert way.gate.room(way.now) == math.inf


def test_a_viewer_that_does_not_answer_is_sent_everything() -> None:
    assert Way(answers=False).known().keyframe() == 0.0
    way = Way().known()
    way.answers = False
    for _ in range(int((TRUSTED_S + 1) / TICK)):
        way.tick()
    assert way.keyframe() == 0.0


def test_who_says_nothing_at_all_is_in_a_tunnel_and_not_on_a_narrow_link() -> None:
    way = Way().known()
    way.answers = way.reports = False
    assert way.keyframe() == pytest.approx(way.round_trip + GIVE_UP_S, abs=0.05)
    assert way.left >= KEYFRAME
    assert way.collapsed is None


def test_where_reports_are_rare_their_absence_says_nothing() -> None:
    way = Way(report_every=1.0).known()
    way.rate = 400_000
    assert way.keyframe() <= way.round_trip + COLLAPSED_S + 0.05
    assert way.collapsed is not None


def test_while_this_machine_stands_still_nothing_is_heard() -> None:
    way = Way().known()
    way.gate.begin(KEYFRAME, way.now)
    way.gate.spend(FIRST)
    way.ask()
    way.now += 1.0
    way.gate.heard(way.now, way.round_trip)
    assert way.gate.room(way.now) == 0.0
    assert not way.gate.has_collapsed


def test_a_viewer_that_has_moved_has_to_be_learnt_anew() -> None:
    way = Way().known()
    way.gate.moved()
    assert way.keyframe() == 0.0
    way.now += 0.2
    way.tick()
    for _ in range(300):
        way.tick()
    assert way.gate.most_whole == FIRST


def test_an_answer_to_nothing_changes_nothing() -> None:
    way = Way().known()
    for number in (-1, 0, 10**9):
        way.gate.answered(number, way.now)
    assert way.keyframe() <= way.round_trip + 0.02
