"""What is known of one viewer's link, from its reports and from what left for it. Pure.

Belongs here: keeping reports, departures and amounts together. Not here: what follows from them
(`relay/adaptation.py`).
"""

from __future__ import annotations

from relay.adaptation import LinkReport
from relay.departures import Departures
from relay.reception import Reception
from relay.rtcp import ReportBlock
from relay.stats import SenderCounters


class LinkView:
    """One viewer's. `now`: monotonic seconds."""

    __slots__ = ("_counters", "_told", "departures", "reception")

    def __init__(self, counters: SenderCounters) -> None:
        self.reception = Reception()
        self._counters = counters
        self.departures = Departures()
        self._told = (0.0, 0, 0)  # when, bytes and overflows at the last summary

    def begin(self, now: float) -> None:
        """The first picture is about to leave."""
        self._told = (now, 0, 0)

    def reported(self, block: ReportBlock, now: float) -> None:
        """A reception report about the media came."""
        self.reception.report(block, now)
        self.departures.reported(now, block.highest)

    def summary(self, now: float, collapsed: float | None = None) -> LinkReport:
        """What happened since the last call. collapsed: see `LinkReport`."""
        at, sent, overflows = self._told
        counters, reception = self._counters, self.reception
        total = counters.bytes + counters.retransmitted_bytes
        self._told = (now, total, counters.overflows)
        return LinkReport(
            lost=reception.loss.fraction,
            lost_of=reception.loss.packets,
            behind=self.departures.behind,
            carried=self.departures.carried,
            rtt=reception.round_trip,
            estimate=reception.estimate(now),
            sent=(total - sent) * 8 / max(now - at, 0.001),
            collapsed=collapsed,
            overflowed=counters.overflows > overflows,
        )
