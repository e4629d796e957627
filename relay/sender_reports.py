"""What one viewer is told by RTCP: sender reports when they are due, and good-bye.

Belongs here: when, and what stands in them. Not here: the bytes (`relay/rtcp.py`), the capture time of a
picture (`relay/capture.py`), what the viewer answers (`relay/reception.py`).
"""

from __future__ import annotations

from relay import rtcp
from relay.capture import Reference
from relay.ports import RtpParameters
from relay.stats import SenderCounters
from relay.writer import PacketWriter

REPORT_INTERVAL = 1.0
"""Seconds between two sender reports ..."""
FIRST_REPORT_INTERVAL = 0.5
"""... and while nothing is known of the link yet: what a viewer reports speaks of the newest one it got."""
FIRST_REPORTS_S = 5.0
"""Seconds for which that is so. Chromium tells its first estimate after five."""


class SenderReports:
    """One viewer's. `now`: monotonic seconds.

    due_at: when the next one is due, if anything was sent.
    """

    __slots__ = ("_asked", "_counters", "_description", "_often_until", "_ssrc", "_writer", "due_at")

    def __init__(self, parameters: RtpParameters, writer: PacketWriter, counters: SenderCounters) -> None:
        self._ssrc = parameters.ssrc
        self._description = rtcp.source_description(parameters.ssrc, parameters.cname)
        self._writer = writer
        self._counters = counters
        self.due_at = 0.0
        self._often_until = 0.0
        self._asked: tuple[rtcp.ReceiverTime, float] | None = None

    def begin(self, now: float) -> None:
        """The first picture is about to leave."""
        self._often_until = now + FIRST_REPORTS_S

    def asked(self, time: rtcp.ReceiverTime, now: float) -> None:
        """The viewer wants to know its round trip; the next report tells. A browser that does not know it
        believes no capture time."""
        self._asked = (time, now)

    def send(self, now: float, reference: Reference) -> None:
        """Send a sender report (RFC 3550 §6.4.1) and SDES."""
        self.due_at = now + (FIRST_REPORT_INTERVAL if now < self._often_until else REPORT_INTERVAL)
        packets, payload = self._counters.packets, self._counters.payload_bytes
        compound = rtcp.sender_report(self._ssrc, reference.ntp, reference.stamp, packets, payload)
        compound += self._description
        if self._asked is not None:
            (time, came), self._asked = self._asked, None
            compound += rtcp.delay_since(self._ssrc, time, now - came)
        self._writer.control(compound)

    def goodbye(self) -> None:
        """Say good-bye (RFC 3550 §6.6)."""
        self._writer.control(rtcp.receiver_report(self._ssrc) + self._description + rtcp.goodbye(self._ssrc))
