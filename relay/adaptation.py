"""Which rendition a viewer's link can carry: decisions only, from reports and `now`.

Belongs here: what counts as trouble, how long good must last, when to test the link. Not here: where reports
come from (`relay/rtcp.py`), how a switch is made (at an IDR, `relay/fanout.py`), any clock or socket.

Trouble is congestion, not loss as such. A radio link loses 5% at random and carries its full rate all the
same, so loss counts only above 10% (as in Google congestion control, draft-ietf-rmcat-gcc §6), and above 20%
while the round trip says that no queue fills.
A queue that fills shows in packets that left long ago and have not come though the receiver speaks
(`relay/departures.py`), a little later in the round trip. REMB (draft-alvestrand-rmcat-remb) counts when it
falls below what is sent: that is the receiver saying that packets come ever later. When it merely is low,
and wavers there, it says nothing, since after one fall it takes half a minute to rise again. Cameras send
keyframes, so what is sent is always taken as a mean over `CARRIED_REPORTS`.

The way up: REMB can never say much more than about 1.5 times what is being sent, so a viewer on a small
rendition would stay there for ever. After `UP_AFTER` good seconds the link is tested with retransmitted
packets (RFC 4588) that nobody misses when they are lost, in steps; only a link that carried the rate of the
next rendition without trouble gets it. A failed test doubles the wait, so a weak link is not shaken for ever.
A viewer without retransmission cannot be tested: there the step itself is the test.

What was left for another reason than trouble (a camera's main stream away for a moment, a page that was
hidden) is taken up again at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

UP_AFTER = 10.0
"""Seconds without trouble before a step up is tried."""
UP_AFTER_LONGEST = 120.0
"""Seconds: the wait after repeated failures never grows beyond this."""
LOSS_TROUBLE = 0.10
"""Fraction of packets lost between two reports above which a link counts as congested, were there many of
them: of few, chance loses more, so its doubled standard deviation is added."""
LOSS_CALM = 0.20
"""The same where neither the round trip nor the estimate says that a queue fills: then it is the air that
loses them, and a smaller picture would lose as many. What a policer drops is more than that."""
QUEUE_CALM = 0.05
"""Seconds of round trip above the lowest up to which no queue fills."""
LOSS_SEVERE = 0.35
"""Fraction lost beyond which nothing needs to be waited for."""
ESTIMATE_SEVERE = 0.5
"""An estimate that falls below this share of what is sent is as bad."""
ESTIMATE_SHARE = 0.85
"""A receiver sets its estimate to this share of what arrives when the link is full (draft-ietf-rmcat-gcc
§5.5)."""
FALL_COUNTS_S = 1.5
"""Seconds after which a fall of the estimate is history."""
PACKET_BITS = 9_000
"""Bits of a packet on average: how many a report speaks of, from the rate."""
REPORT_S = 1.0
"""Seconds that a receiver report speaks of."""
QUEUE_TROUBLE = 0.3
"""Seconds of round trip above the lowest of the last half minute: the queue in front of the link fills."""
QUEUE_SEVERE = 0.5
"""The same, where nothing needs to be waited for."""
BEHIND_SEVERE = 0.4
"""Seconds beyond the lowest round trip that a packet is under way: two reports said so, that is enough."""
TROUBLE_LASTS = 0.8
"""Seconds that trouble must last before a step down; with a report each 0.5–1 s, well under 2 s in all."""
PROBE_STEP = 1.75
"""Each step of a test sends this multiple of what the link is known to carry."""
PROBE_STEP_S = 1.5
"""Seconds a step of a test lasts: one report at least falls into it, round trip included."""
PROBE_AHEAD = 7.0
"""Seconds before the end of the wait at which the test begins."""
CARRIED_REPORTS = 5
"""Reports over which a mean is taken; so many in a row without trouble, and the link carried it."""
LINK_GROWTH = 1.05
"""By this factor a limit that trouble has shown is raised with each report without trouble ..."""
LINK_BEYOND = 2.0
"""... up to this multiple of what the link is known to carry."""
LEAST_LINK = 64_000.0
"""Bit/s: no link is taken for less."""
HEADROOM = 1.15
"""A rendition's rate times this must fit: pictures are not all of one size."""
FALSE_START_S = 6.0
"""Trouble this soon after a step up means that the step was wrong, not the link new."""


class Cause(StrEnum):
    """Why the decision is what it is."""

    HOLD = "hold"
    TROUBLE = "trouble"
    RECOVERED = "recovered"
    PINNED = "pinned"
    CEILING = "ceiling"
    GONE = "gone"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Rung:
    """A rendition with the rate it has now: bit/s on the wire, measured over the last seconds."""

    name: str
    bitrate: float


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a receiver report (RFC 3550 §6.4.2), REMB or our own sender told. None: it did not say.

    lost: fraction of packets lost lately, 0 to 1, before retransmission; lost_of: of how many packets.
    behind: seconds since the oldest packet left that the viewer has not got yet, a round trip at least;
    carried: bit/s that came meanwhile. collapsed: bit/s that it carries at most, where it has just collapsed
    under a keyframe. rtt: round trip, seconds. estimate: REMB, bit/s. sent: bit/s that left
    for this viewer in the last second.
    overflowed: the relay itself had to drop pictures or replay for this viewer since the last report.
    """

    lost: float | None = None
    lost_of: int | None = None
    behind: float | None = None
    carried: float | None = None
    collapsed: float | None = None
    rtt: float | None = None
    estimate: float | None = None
    sent: float = 0.0
    overflowed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The rendition to be on, and the extra rate (bit/s, 0 for none) to test the link with meanwhile."""

    rung: str
    cause: Cause
    probe: float = 0.0


class LowestRoundTrip:
    """The lowest round trip of the last `window` seconds, in buckets: the link without its queue."""

    def __init__(self, window: float = 30.0, buckets: int = 6) -> None:
        self._span = window / buckets
        self._buckets = buckets
        self._lows: list[tuple[int, float]] = []

    @property
    def low(self) -> float | None:
        """The lowest that is known; None before the first."""
        return min((low for _, low in self._lows), default=None)

    def add(self, now: float, rtt: float) -> float:
        """Take in one round trip (seconds); returns the lowest still in the window."""
        slot = int(now / self._span)
        if self._lows and self._lows[-1][0] == slot:
            self._lows[-1] = (slot, min(rtt, self._lows[-1][1]))
        else:
            self._lows.append((slot, rtt))
        self._lows = [low for low in self._lows if low[0] > slot - self._buckets]
        return min(low for _, low in self._lows)


class Adaptation:
    """The decision for one viewer. Feed it reports, ask it as often as you like.

    wait: seconds without trouble before the first step up. link: bit/s, where a limit is known from before.
    round_trip: seconds, as it was before anything was sent, if that is known.
    wanted: what the viewer would be on, had it been there when it began.
    """

    def __init__(
        self,
        now: float,
        *,
        wait: float = UP_AFTER,
        link: float | None = None,
        round_trip: float | None = None,
        wanted: str | None = None,
    ) -> None:
        self._lowest = LowestRoundTrip()
        if round_trip is not None:
            self._lowest.add(now, round_trip)
        self._trouble_since: float | None = None
        self._good_since = now
        self._stepped_up_at: float | None = None
        self._wait = wait
        self._carried = 0.0  # bit/s that the link is known to have carried lately without trouble
        self._sent: deque[float] = deque(maxlen=CARRIED_REPORTS)
        self._link = link
        self._left = wanted  # where to go back to at once: nothing said yet that the link cannot carry it
        self._severe = False
        self._good_reports = 0
        self._remb: float | None = None
        self._fell_at: float | None = None
        self._fell_from = 0.0
        self._probe_from: float | None = None
        self._probe = 0.0

    @property
    def estimate(self) -> float:
        """Bit/s that the link is known to carry; 0 until something was sent without trouble."""
        return self._carried

    @property
    def link(self) -> float | None:
        """Bit/s that the link carries at most, as far as trouble has shown; None where it never did."""
        return self._link

    @property
    def probing(self) -> float:
        """The extra rate that the link is being tested with, bit/s."""
        return self._probe

    def observe(self, now: float, report: LinkReport) -> None:
        """Take in a report. `now`: monotonic seconds."""
        self._sent.append(report.sent)
        mean = sum(self._sent) / len(self._sent)
        if self._in_trouble(now, report, mean):
            self._trouble_since = now if self._trouble_since is None else self._trouble_since
            self._good_since = now
            self._left = None
            self._good_reports = 0
            if self._probe_from is not None:
                self._end_probe(failed=True)
            return
        self._trouble_since, self._severe = None, False
        self._good_reports += 1
        proven = mean if self._good_reports >= CARRIED_REPORTS else 0.0
        said = max(proven, report.estimate or 0.0)
        self._carried = said if said > self._carried else 0.9 * self._carried + 0.1 * said
        if self._link is not None:
            self._link = max(
                self._carried, min(self._link * LINK_GROWTH, LINK_BEYOND * self._carried), LEAST_LINK
            )
        if self._stepped_up_at is not None and now - self._stepped_up_at > FALSE_START_S:
            self._stepped_up_at, self._wait = None, UP_AFTER

    def decide(
        self,
        now: float,
        ladder: Sequence[Rung],
        current: str,
        *,
        ceiling: str | None = None,
        pinned: str | None = None,
        can_probe: bool = True,
    ) -> Decision:
        """The rendition to be on. `ladder`: what there is, the smallest rate first; never empty.

        `ceiling`: the largest that the viewer's tile has a use for. `pinned`: what the viewer insists on.
        `can_probe`: whether the link can be tested with packets that nobody misses.
        A name that the ladder does not hold (a rendition that ended) is as good as not said.
        """
        names = [rung.name for rung in ladder]
        if pinned in names:
            self._end_probe()
            return Decision(str(pinned), Cause.PINNED if pinned != current else Cause.HOLD)
        top = names.index(ceiling) if ceiling in names else len(names) - 1
        if current not in names:
            self._left = self._left or current
            return Decision(names[min(top, self._fitting(ladder))], Cause.GONE)
        at = names.index(current)
        if at > top:
            self._left = self._left or current
            self._end_probe()
            return Decision(names[top], Cause.CEILING)
        if self._trouble_since is not None and (self._severe or now - self._trouble_since >= TROUBLE_LASTS):
            return self._step_down(now, names, at)
        if self._left in names and (back := min(names.index(self._left), top)) > at:
            return Decision(names[back], Cause.RETURNED)
        if at == len(names) - 1:
            self._left = None
        if at == top:
            self._end_probe()
            return Decision(current, Cause.HOLD)
        if self._trouble_since is not None:
            return Decision(current, Cause.HOLD)
        return self._climb(now, ladder, at, can_probe)

    def _in_trouble(self, now: float, report: LinkReport, mean: float) -> bool:
        queued = lossy = starved = calm = False
        # What arrived is the most that the link carries.
        bound = mean * (1 - (report.lost or 0.0))
        if report.rtt is not None:
            queue = report.rtt - self._lowest.add(now, report.rtt)
            queued = queue > QUEUE_TROUBLE
            calm = queue < QUEUE_CALM
            self._severe |= queue > QUEUE_SEVERE
        if report.behind is not None and report.behind - (self._lowest.low or 0.0) > BEHIND_SEVERE:
            queued = self._severe = True
            calm = False
            if report.carried is not None and self._link is None:
                # The first thing that is known of the link. Later, what is sent again has its share of it.
                bound = min(bound, report.carried * (1 - (report.lost or 0.0)))
        if report.collapsed is not None:
            queued = self._severe = True
            calm = False
            bound = min(bound, report.collapsed)
        if report.estimate is not None and self._has_fallen(now, report.estimate):
            # What is sent as a test is not missed, but that it does not fit is what was to be known.
            share = ESTIMATE_SHARE * mean
            starved = bool(self._probe) or report.estimate < share <= self._fell_from
            self._severe |= starved and report.estimate < ESTIMATE_SEVERE * mean
            if starved:
                bound = min(mean, report.estimate / ESTIMATE_SHARE)
            calm &= not starved
        if report.lost is not None:
            packets = report.lost_of or max(report.sent * REPORT_S / PACKET_BITS, 1.0)
            limit = LOSS_CALM if calm else LOSS_TROUBLE
            chance = 2 * math.sqrt(limit * (1 - limit) / packets)
            lossy = report.lost > limit + chance
            self._severe |= report.lost > LOSS_SEVERE + chance
        if not (queued or lossy or starved or report.overflowed):
            return False
        self._carried = min(self._carried, bound) if self._carried else bound
        self._link = max(bound if self._link is None else min(self._link, bound), LEAST_LINK)
        return True

    def _has_fallen(self, now: float, estimate: float) -> bool:
        recent = self._fell_at is not None and now - self._fell_at <= FALL_COUNTS_S
        if self._remb is not None and estimate < 0.97 * self._remb:
            self._fell_from = max(self._remb, self._fell_from) if recent else self._remb
            self._fell_at, recent = now, True
        self._remb = estimate
        return recent

    def _step_down(self, now: float, names: list[str], at: int) -> Decision:
        # The next step, if this one is not enough, needs trouble of its own.
        self._trouble_since, self._severe = now, False
        if self._stepped_up_at is not None:
            self._wait = min(2 * self._wait, UP_AFTER_LONGEST)
            self._stepped_up_at = None
        if at == 0:
            return Decision(names[0], Cause.HOLD)
        return Decision(names[at - 1], Cause.TROUBLE)

    def _climb(self, now: float, ladder: Sequence[Rung], at: int, can_probe: bool) -> Decision:
        good, here = now - self._good_since, ladder[at]
        needed = ladder[at + 1].bitrate * HEADROOM
        if good >= self._wait and (self._carried >= needed or not can_probe):
            self._end_probe()
            self._good_since, self._stepped_up_at = now, now
            if self._link is not None:
                # Its first keyframe, at a pace just above its mean, would be a picture that stands still.
                self._link = max(self._link, LINK_BEYOND * needed)
            return Decision(ladder[at + 1].name, Cause.RECOVERED)
        if not can_probe or good < self._wait - PROBE_AHEAD or self._carried >= needed:
            return Decision(here.name, Cause.HOLD, probe=self._probe)
        if self._probe_from is None or now - self._probe_from >= PROBE_STEP_S:
            base = max(self._carried, here.bitrate)
            self._probe_from = now
            # A little more than needed: the report shall not fall short of it by a packet.
            self._probe = max(min(base * PROBE_STEP, 1.1 * needed) - here.bitrate, self._probe, 0.0)
        return Decision(here.name, Cause.HOLD, probe=self._probe)

    def _end_probe(self, *, failed: bool = False) -> None:
        self._probe_from, self._probe = None, 0.0
        if failed:
            self._wait = min(2 * self._wait, UP_AFTER_LONGEST)

    def _fitting(self, ladder: Sequence[Rung]) -> int:
        if not self._carried:
            return len(ladder) - 1
        fitting = [i for i, rung in enumerate(ladder) if rung.bitrate * HEADROOM <= self._carried]
        return max(fitting, default=0)
