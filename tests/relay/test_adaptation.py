"""Adaptation on virtual time: a model of a link with a queue, a viewer on it, reports twice a second."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from relay.adaptation import UP_AFTER, Adaptation, Cause, Decision, LinkReport, LowestRoundTrip, Rung

SUB = Rung("sub", 250_000)
MAIN = Rung("main", 2_000_000)
LADDER = (SUB, MAIN)
STEP = 0.5


@dataclass
class Link:
    """A link of `rate(now)` bit/s with a queue of `queue_s` seconds in front and random loss."""

    rate: Callable[[float], float]
    loss: float = 0.0
    rtt: float = 0.08
    queue_s: float = 0.8
    seed: int = 7
    queued: float = 0.0
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def carry(self, now: float, sent: float) -> LinkReport:
        """Half a second of sending at `sent` bit/s, as the receiver reports it."""
        rate = self.rate(now)
        backlog = self.queued + (sent - rate) * STEP
        room = rate * self.queue_s
        dropped = max(backlog - room, 0.0)
        self.queued = min(max(backlog, 0.0), room)
        lost = min(dropped / (sent * STEP) + self.rng.uniform(0.6, 1.4) * self.loss, 1.0)
        received = min(sent, rate) * (1 - self.loss)
        return LinkReport(
            lost=lost,
            rtt=self.rtt + self.queued / rate,
            estimate=min(1.5 * received + 10_000, rate if sent > rate else 1e12),
            sent=sent,
        )


@dataclass
class Ride:
    """What happened to one viewer: its rendition over time."""

    path: list[tuple[float, str]] = field(default_factory=list)
    worst_queue: float = 0.0

    def at(self, when: float) -> str:
        return next(name for at, name in reversed(self.path) if at <= when)

    def switches(self) -> list[tuple[float, str]]:
        changes = [self.path[0]]
        changes += [now for before, now in zip(self.path, self.path[1:], strict=False) if now[1] != before[1]]
        return changes[1:]


def ride(
    link: Link, seconds: float, start: str = "main", *, ceiling: str | None = None, pinned: str | None = None
) -> Ride:
    adaptation = Adaptation(0.0)
    current, result, now = start, Ride(), 0.0
    decision = Decision(current, Cause.HOLD)
    rates = {rung.name: rung.bitrate for rung in LADDER}
    while now < seconds:
        result.path.append((now, current))
        report = link.carry(now, rates[current] + decision.probe)
        result.worst_queue = max(result.worst_queue, link.queued / link.rate(now))
        now += STEP
        adaptation.observe(now, report)
        decision = adaptation.decide(now, LADDER, current, ceiling=ceiling, pinned=pinned)
        current = decision.rung
    return result


def test_a_wide_link_stays_on_the_source() -> None:
    assert ride(Link(lambda _: 20e6), 60).switches() == []


def test_random_loss_on_a_wide_link_is_not_congestion() -> None:
    assert ride(Link(lambda _: 20e6, loss=0.05), 60).switches() == []


@pytest.mark.parametrize("seed", range(5))
def test_even_heavy_random_loss_is_not_congestion_while_no_queue_fills(seed: int) -> None:
    assert ride(Link(lambda _: 20e6, loss=0.12, seed=seed), 60).switches() == []


def test_loss_of_few_packets_in_a_calm_is_chance() -> None:
    adaptation = Adaptation(0.0, round_trip=0.2)
    for now in (0.5, 1.0, 1.5, 2.0):
        adaptation.observe(now, LinkReport(lost=0.28, lost_of=26, rtt=0.202, sent=850_000))
    assert adaptation.decide(2.0, LADDER, "main").rung == "main"
    assert adaptation.link is None


def test_what_a_policer_drops_is_trouble_even_without_a_queue() -> None:
    adaptation = Adaptation(0.0, round_trip=0.05)
    for now in (0.5, 1.0, 1.5, 2.0):
        adaptation.observe(now, LinkReport(lost=0.4, lost_of=220, rtt=0.05, sent=2e6))
    assert adaptation.decide(2.0, LADDER, "main") == Decision("sub", Cause.TROUBLE)


def test_an_estimate_that_wavers_below_what_is_sent_says_nothing() -> None:
    adaptation = Adaptation(0.0, round_trip=0.2)
    for step, estimate in enumerate((190_000, 180_000, 170_000, 178_000, 165_000, 160_000)):
        now = 0.4 * (step + 1)
        adaptation.observe(now, LinkReport(lost=0.05, lost_of=80, rtt=0.2, estimate=estimate, sent=1.5e6))
        assert adaptation.decide(now, LADDER, "main").rung == "main"
    assert adaptation.link is None


def test_an_estimate_that_falls_below_what_is_sent_is_trouble() -> None:
    adaptation = Adaptation(0.0)
    for step, estimate in enumerate((3e6, 2.2e6, 1.2e6, 0.4e6)):
        now = 0.4 * (step + 1)
        adaptation.observe(now, LinkReport(estimate=estimate, sent=1.5e6))
    assert adaptation.decide(1.6, LADDER, "main") == Decision("sub", Cause.TROUBLE)


def test_packets_that_stand_in_a_queue_are_trouble_at_once() -> None:
    adaptation = Adaptation(0.0, round_trip=0.05)
    adaptation.observe(0.4, LinkReport(behind=0.6, carried=400_000, rtt=0.05, sent=2e6))
    assert adaptation.decide(0.4, LADDER, "main") == Decision("sub", Cause.TROUBLE)
    assert adaptation.link == 400_000
    adaptation.observe(0.8, LinkReport(behind=0.6, carried=100_000, rtt=0.05, sent=350_000))
    assert adaptation.link == 400_000  # the rest of it was what was sent again


def test_a_link_that_collapses_under_a_keyframe_is_trouble_at_once() -> None:
    adaptation = Adaptation(0.0, round_trip=0.05)
    adaptation.observe(0.4, LinkReport(collapsed=430_000, rtt=0.05, sent=2e6))
    assert adaptation.decide(0.4, LADDER, "main") == Decision("sub", Cause.TROUBLE)
    assert adaptation.link == 430_000


def test_a_long_way_is_no_queue() -> None:
    adaptation = Adaptation(0.0, round_trip=0.6)
    for now in (0.4, 0.8, 1.2, 1.6):
        adaptation.observe(now, LinkReport(behind=0.7, rtt=0.6, sent=2e6))
    assert adaptation.decide(1.6, LADDER, "main").rung == "main"


def test_down_within_two_seconds_of_trouble() -> None:
    def rate(now: float) -> float:
        return 20e6 if now < 20 else 400_000

    assert ride(Link(rate), 40).at(22.0) == "sub"


def test_up_again_after_ten_good_seconds_and_a_test_of_the_link() -> None:
    def rate(now: float) -> float:
        return 400_000 if now < 20 else 20e6

    result = ride(Link(rate), 90)
    (_, first), (when, second) = result.switches()[:2]
    assert (first, second) == ("sub", "main")
    assert when >= 20
    assert result.path[-1][1] == "main"


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_weak_link_is_tested_ever_more_rarely_and_never_given_what_it_cannot_carry(loss: float) -> None:
    result = ride(Link(lambda _: 400_000, loss=loss), 300, start="sub")
    assert result.switches() == []
    assert result.worst_queue < 0.75


def test_a_step_up_leaves_room_for_the_keyframe_that_it_begins_with() -> None:
    adaptation = Adaptation(0.0, link=400_000)
    now, probe, rung = 0.0, 0.0, "sub"
    while rung == "sub":
        now += 0.4
        assert now < 60
        adaptation.observe(now, LinkReport(lost=0.0, rtt=0.05, sent=SUB.bitrate + probe))
        decision = adaptation.decide(now, LADDER, rung)
        rung, probe = decision.rung, decision.probe
    assert adaptation.link is not None
    assert adaptation.link >= 2 * MAIN.bitrate


def test_a_step_up_needs_the_good_seconds_first() -> None:
    result = ride(Link(lambda _: 20e6), 60, start="sub")
    assert result.switches()[0][0] >= UP_AFTER
    assert result.path[-1][1] == "main"


def test_a_pin_wins_even_on_a_bad_link() -> None:
    assert ride(Link(lambda _: 400_000), 30, pinned="main").switches() == []


def test_a_small_tile_never_gets_more_than_it_can_use() -> None:
    result = ride(Link(lambda _: 20e6), 60, ceiling="sub")
    assert result.switches() == [(STEP, "sub")]


def test_a_rendition_that_ended_is_left_at_once() -> None:
    adaptation = Adaptation(0.0)
    assert adaptation.decide(0.0, (SUB,), "main") == Decision("sub", Cause.GONE)


def test_what_the_relay_itself_had_to_drop_counts_as_trouble() -> None:
    adaptation = Adaptation(0.0)
    for now in (0.5, 1.0, 1.5):
        adaptation.observe(now, LinkReport(sent=2e6, overflowed=True))
    assert adaptation.decide(1.5, LADDER, "main") == Decision("sub", Cause.TROUBLE)


def test_trouble_at_the_lowest_rung_holds_it() -> None:
    adaptation = Adaptation(0.0)
    for now in (0.5, 1.0, 1.5, 2.0):
        adaptation.observe(now, LinkReport(lost=0.5, sent=250_000))
        assert adaptation.decide(now, LADDER, "sub").rung == "sub"


def test_the_lowest_round_trip_forgets_after_its_window() -> None:
    lowest = LowestRoundTrip(window=30.0)
    assert lowest.add(0.0, 0.05) == 0.05
    assert lowest.add(10.0, 0.2) == 0.05
    assert lowest.add(31.0, 0.2) == 0.2
