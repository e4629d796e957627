"""Which rendition a viewer's link can carry: decisions only, from reports and `now`.

Belongs here: what counts as trouble, how long good must last, when to test the link. Not here: where reports
come from (`relay/rtcp.py`), how a switch is made (at an IDR, `relay/fanout.py`), any clock or socket.

Trouble is congestion, not loss as such. A radio link loses 5% at random and carries its full rate all the
same, so loss counts only above 10% (as in Google congestion control, draft-ietf-rmcat-gcc §6).
A queue that fills shows first in the round trip; REMB
(draft-alvestrand-rmcat-remb) tells the receiver's view.

The way up: REMB can never say much more than about 1.5 times what is being sent, so a viewer on a small
rendition would stay there for ever. After `UP_AFTER` good seconds the link is tested with retransmitted
packets (RFC 4588) that nobody misses when they are lost, in steps; only a link that carried the rate of the
next rendition without trouble gets it. A failed test doubles the wait, so a weak link is not shaken for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

UP_AFTER = 10.0
"""Seconds without trouble before a step up is tried."""
UP_AFTER_LONGEST = 120.0
"""Seconds: the wait after repeated failures never grows beyond this."""
LOSS_TROUBLE = 0.10
"""Fraction of packets lost between two reports above which a link counts as congested."""
QUEUE_TROUBLE = 0.3
"""Seconds of round trip above the lowest of the last half minute: the queue in front of the link fills."""
TROUBLE_LASTS = 0.8
"""Seconds that trouble must last before a step down; with a report each 0.5–1 s, well under 2 s in all."""
PROBE_STEP = 1.5
"""Each step of a test sends this much more than what the link is known to carry."""
PROBE_STEP_S = 1.0
"""Seconds a step of a test lasts: one report at least falls into it."""
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


@dataclass(frozen=True, slots=True)
class Rung:
    """A rendition with the rate it has now: bit/s on the wire, measured over the last seconds."""

    name: str
    bitrate: float


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a receiver report (RFC 3550 §6.4.2), REMB or our own sender told. None: it did not say.

    lost: fraction of packets lost since the last report, 0 to 1, before retransmission.
    rtt: round trip, seconds. estimate: REMB, bit/s. sent: bit/s that left for this viewer in the last second.
    overflowed: the relay itself had to drop pictures or replay for this viewer since the last report.
    """

    lost: float | None = None
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
    """The decision for one viewer. Feed it reports, ask it as often as you like."""

    def __init__(self, now: float) -> None:
        self._lowest = LowestRoundTrip()
        self._trouble_since: float | None = None
        self._good_since = now
        self._stepped_up_at: float | None = None
        self._wait = UP_AFTER
        self._carried = 0.0  # bit/s that the link is known to have carried lately without trouble
        self._probe_from: float | None = None
        self._probe = 0.0

    @property
    def estimate(self) -> float:
        """Bit/s that the link is known to carry; 0 until something was sent without trouble."""
        return self._carried

    def observe(self, now: float, report: LinkReport) -> None:
        """Take in a report. `now`: monotonic seconds."""
        if self._in_trouble(now, report):
            self._trouble_since = now if self._trouble_since is None else self._trouble_since
            self._good_since = now
            if report.estimate is not None:
                self._carried = min(self._carried, report.estimate) if self._carried else report.estimate
            if self._probe_from is not None:
                self._end_probe(failed=True)
            return
        self._trouble_since = None
        said = max(report.sent, report.estimate or 0.0)
        self._carried = said if said > self._carried else 0.9 * self._carried + 0.1 * said
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
    ) -> Decision:
        """The rendition to be on. `ladder`: what there is, the smallest rate first; never empty.

        `ceiling`: the largest that the viewer's tile has a use for. `pinned`: what the viewer insists on.
        A name that the ladder does not hold (a rendition that ended) is as good as not said.
        """
        names = [rung.name for rung in ladder]
        if pinned in names:
            self._end_probe()
            return Decision(str(pinned), Cause.PINNED if pinned != current else Cause.HOLD)
        top = names.index(ceiling) if ceiling in names else len(names) - 1
        if current not in names:
            return Decision(names[min(top, self._fitting(ladder))], Cause.GONE)
        at = names.index(current)
        if at > top:
            self._end_probe()
            return Decision(names[top], Cause.CEILING)
        if self._trouble_since is not None and now - self._trouble_since >= TROUBLE_LASTS:
            return self._step_down(now, names, at)
        if at == top or self._trouble_since is not None or now - self._good_since < self._wait:
            if at == top:
                self._end_probe()
            return Decision(current, Cause.HOLD)
        return self._climb(now, ladder, at)

    def _in_trouble(self, now: float, report: LinkReport) -> bool:
        queued = False
        if report.rtt is not None:
            queued = report.rtt - self._lowest.add(now, report.rtt) > QUEUE_TROUBLE
        lossy = report.lost is not None and report.lost > LOSS_TROUBLE
        # What is sent as a test does not count against an estimate that lags behind it.
        ordinary = report.sent - self._probe
        starved = report.estimate is not None and report.estimate < 0.85 * ordinary
        return queued or lossy or starved or report.overflowed

    def _step_down(self, now: float, names: list[str], at: int) -> Decision:
        self._trouble_since = now  # the next step, if this one is not enough, needs trouble of its own
        if self._stepped_up_at is not None:
            self._wait = min(2 * self._wait, UP_AFTER_LONGEST)
            self._stepped_up_at = None
        if at == 0:
            return Decision(names[0], Cause.HOLD)
        return Decision(names[at - 1], Cause.TROUBLE)

    def _climb(self, now: float, ladder: Sequence[Rung], at: int) -> Decision:
        needed = ladder[at + 1].bitrate * HEADROOM
        if self._carried >= needed:
            self._end_probe()
            self._good_since, self._stepped_up_at = now, now
            return Decision(ladder[at + 1].name, Cause.RECOVERED)
        if self._probe_from is None or now - self._probe_from >= PROBE_STEP_S:
            base = max(self._carried, ladder[at].bitrate)
            self._probe_from = now
            self._probe = min(base * PROBE_STEP, needed) - ladder[at].bitrate
        return Decision(ladder[at].name, Cause.HOLD, probe=max(self._probe, 0.0))

    def _end_probe(self, *, failed: bool = False) -> None:
        self._probe_from, self._probe = None, 0.0
        if failed:
            self._wait = min(2 * self._wait, UP_AFTER_LONGEST)

    def _fitting(self, ladder: Sequence[Rung]) -> int:
        if not self._carried:
            return len(ladder) - 1
        fitting = [i for i, rung in enumerate(ladder) if rung.bitrate * HEADROOM <= self._carried]
        return max(fitting, default=0)
