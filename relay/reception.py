"""What a viewer tells about its side of the link: loss, jitter, round trip, estimate. Pure.

Belongs here: reports to figures. What follows from the figures is `relay/adaptation.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from relay.rtcp import Estimate, ReportBlock, TransportFeedback

_REPORTS_KEPT = 8
_LONGEST_ROUND_TRIP = 10.0
"""Seconds: what comes out longer is a mistake of the peer's."""
_ESTIMATE_LASTS = 10.0
"""Seconds after which an estimate that is not repeated says nothing."""


LOSS_PACKETS = 40
"""A fraction of fewer packets than these says little: then older reports are taken in as well ..."""
LOSS_WINDOW_S = 3.0
"""... but none that is older than this, seconds."""


class RecentLoss:
    """The share of packets lost, over as many of the newest reports as it takes to mean something."""

    def __init__(self) -> None:
        self.fraction: float | None = None
        """0 to 1, before retransmission; None before the second report."""
        self.packets = 0
        """How many packets `fraction` speaks of."""
        self._highest: int | None = None
        self._reports: deque[tuple[float, int, float]] = deque(maxlen=_REPORTS_KEPT)

    def report(self, highest: int, fraction: float, now: float) -> None:
        """`highest`: extended sequence number; `fraction`: lost since the last report."""
        expected = 0 if self._highest is None else max(0, highest - self._highest)
        self._highest = highest
        if not expected:
            return
        self._reports.append((now, expected, fraction * expected))
        packets, lost = 0, 0.0
        for at, count, missing in reversed(self._reports):
            if packets >= LOSS_PACKETS or now - at > LOSS_WINDOW_S:
                break
            packets, lost = packets + count, lost + missing
        self.fraction, self.packets = lost / packets, packets


@dataclass(frozen=True, slots=True)
class Losses:
    """How many packets one transport-wide feedback reports as arrived, as missing, and the time (seconds)
    from its first to its last arrival."""

    arrived: int
    missing: int
    span: float


class Reception:
    """The figures of one viewer's newest reports. `now`: monotonic seconds of our own clock."""

    def __init__(self) -> None:
        self.fraction_lost: float | None = None
        self.loss = RecentLoss()
        self.cumulative_lost = 0
        self.lost = 0
        """The most that `cumulative_lost` ever was: packets that come late after all are taken off it."""
        self.jitter: float | None = None
        self.round_trip: float | None = None
        self.reported_at: float | None = None
        self.losses: Losses | None = None
        self._estimate: tuple[float, float] | None = None
        self._sent: deque[tuple[int, float]] = deque(maxlen=_REPORTS_KEPT)

    def sent(self, ntp: int, now: float) -> None:
        """A sender report with that NTP time (64 bits) left."""
        self._sent.append((ntp >> 16 & 0xFFFFFFFF, now))

    def report(self, block: ReportBlock, now: float) -> None:
        """A reception report about the media came."""
        self.fraction_lost = block.fraction_lost
        self.loss.report(block.highest, block.fraction_lost, now)
        self.cumulative_lost = block.cumulative_lost
        self.lost = max(self.lost, block.cumulative_lost)
        self.jitter = block.jitter / 90_000
        self.reported_at = now
        sent_at = next((at for middle, at in self._sent if middle == block.last_report), None)
        if sent_at is not None:
            round_trip = now - sent_at - block.delay
            # Below zero by less than the clocks' grain is zero.
            if -0.005 < round_trip < _LONGEST_ROUND_TRIP:
                self.round_trip = max(round_trip, 0.0)

    def estimated(self, estimate: Estimate, now: float) -> None:
        """A REMB came."""
        self._estimate = (estimate.bitrate, now)

    def transport(self, feedback: TransportFeedback, now: float) -> None:
        """A transport-wide feedback came."""
        times = [arrived for _, arrived in feedback.arrivals if arrived is not None]
        self.losses = Losses(
            arrived=len(times),
            missing=len(feedback.arrivals) - len(times),
            span=max(times) - min(times) if times else 0.0,
        )
        self.reported_at = now

    def estimate(self, now: float) -> float | None:
        """Bit/s that the viewer's REMB gave within the last seconds."""
        if self._estimate is None or now - self._estimate[1] > _ESTIMATE_LASTS:
            return None
        return self._estimate[0]
