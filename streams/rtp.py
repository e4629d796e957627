"""RTP and RTCP as a receiver sees them (RFC 3550): order of packets, sender reports, receiver reports.

Pure: packets in, values out; `now` is an argument.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

from streams.counters import Counters

_RTP = struct.Struct("!BBHII")
_SR = struct.Struct("!IIIIII")  # SSRC, NTP seconds and fraction, RTP time, packets, octets
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_LATE_WINDOW = 64  # sequence numbers behind: out of order, not a new row
_LATE_RUN = 8  # that many late ones in a row are a new row after all
_SSRC_PROBATION = 5  # packets of another SSRC before it is believed


@dataclass(frozen=True, slots=True)
class SenderReport:
    """RTCP SR: the camera's wall clock at one RTP time stamp (§6.4.1)."""

    ssrc: int
    utc: float  # seconds since 1970 by the camera's clock
    rtp_time: int  # 32 bits
    ntp_middle: int  # the middle 32 bits of the NTP time, for LSR


def parse_sender_report(compound: memoryview | bytes) -> SenderReport | None:
    """The first sender report of an RTCP compound, None without one or when it has no clock (NTP 0).

    Never raises: what does not parse holds no report.
    """
    at = 0
    size = len(compound)
    while at + 8 <= size:
        if compound[at] & 0xC0 != 0x80:
            return None
        length = 4 * (((compound[at + 2] << 8) | compound[at + 3]) + 1)
        if compound[at + 1] == 200 and at + 28 <= size and length >= 28:
            ssrc, seconds, fraction, rtp_time, _, _ = _SR.unpack_from(compound, at + 4)
            if seconds == 0:
                return None
            if seconds < 0x8000_0000:  # era 1, from February 2036 (RFC 4330 §3)
                seconds += 1 << 32
            utc = seconds - _NTP_EPOCH + fraction / (1 << 32)
            return SenderReport(ssrc, utc, rtp_time, ((seconds & 0xFFFF) << 16) | (fraction >> 16))
        at += length
    return None


class PayloadSink(Protocol):
    """What becomes of payloads in order: the part of a depacketizer that is asked for here."""

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """The next payload in sequence, with its 32-bit time stamp."""
        ...

    def lost(self) -> None:
        """Packets before the next one are missing."""
        ...


class RtpReceiver:
    """Puts one track's RTP packets in front of its depacketizer, in order, and tells it of gaps.

    Over TCP packets come in order; a gap is what the camera itself threw away. A late or repeated packet is
    dropped and counted. Another SSRC is believed after five packets in a row: some cameras leave the
    remains of an older session on the connection (live555's stale descriptors).
    """

    def __init__(self, payload_type: int, depacketizer: PayloadSink, counters: Counters) -> None:
        self._payload_type = payload_type
        self._depacketizer = depacketizer
        self._counters = counters
        self._ssrc: int | None = None
        self._expected = -1  # next sequence number, -1 before the first packet
        self._late_run = 0
        self._other_ssrc = 0
        self._other_run = 0
        self.cycles = 0  # wraps of the sequence number
        self.received = 0
        self._first_extended = 0
        self._expected_prior = self._received_prior = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._report: SenderReport | None = None
        self._report_at = 0.0

    def feed(self, packet: memoryview, now: float) -> None:
        """Take one RTP packet. `now`: monotonic seconds."""
        size = len(packet)
        counters = self._counters
        if size < 12:
            counters.bad_packets += 1
            return
        first, second, sequence, timestamp, ssrc = _RTP.unpack_from(packet)
        if first & 0xC0 != 0x80:
            counters.bad_packets += 1
            return
        if second & 0x7F != self._payload_type or (ssrc != self._ssrc and not self._new_ssrc(ssrc)):
            counters.foreign_packets += 1
            return
        self._other_run = 0
        if sequence != self._expected and not self._out_of_row(sequence):
            return
        self._late_run = 0
        self._expected = (sequence + 1) & 0xFFFF
        if self._expected == 0:
            self.cycles += 1
        self.received += 1
        counters.packets += 1
        counters.bytes += size
        start = 12
        if first & 0x3F:
            start, size = _payload_bounds(packet, first, size)
            if start > size:
                counters.bad_packets += 1
                self._depacketizer.lost()
                return
        marker = second >= 0x80
        if marker:
            self._measure_jitter(timestamp, now)
        self._depacketizer.feed(packet[start:size], timestamp, marker)

    def report_received(self, report: SenderReport, now: float) -> bool:
        """Remember a sender report for the next receiver report; False if it is another sender's."""
        if self._ssrc is not None and report.ssrc != self._ssrc:
            # Some cameras put another SSRC in RTCP than in RTP; with one track there is no doubt whose it is.
            report = SenderReport(self._ssrc, report.utc, report.rtp_time, report.ntp_middle)
        self._report, self._report_at = report, now
        return self._ssrc is not None

    def receiver_report(self, own_ssrc: int, now: float) -> bytes:
        """A compound of RR and SDES (§6.4.2, §6.5), ready for the RTCP channel."""
        cname = b"hotline"
        sdes = struct.pack("!IBB", own_ssrc, 1, len(cname)) + cname
        sdes += b"\x00" * (4 - len(sdes) % 4)
        tail = struct.pack("!BBH", 0x81, 202, len(sdes) // 4) + sdes
        if self._ssrc is None:
            return struct.pack("!BBHI", 0x80, 201, 1, own_ssrc) + tail
        highest = (self.cycles << 16) + ((self._expected - 1) & 0xFFFF)
        if self._expected == 0:
            highest -= 1 << 16
        expected = highest - self._first_extended + 1
        lost = max(-(1 << 23), min((1 << 23) - 1, expected - self.received))
        span = expected - self._expected_prior
        gap = span - (self.received - self._received_prior)
        self._expected_prior, self._received_prior = expected, self.received
        fraction = min(255, gap * 256 // span) if span > 0 and gap > 0 else 0
        middle = delay = 0
        if self._report is not None:
            middle = self._report.ntp_middle
            delay = min(0xFFFFFFFF, max(0, int((now - self._report_at) * 65536)))
        block = struct.pack(
            "!IIIIII",
            self._ssrc,
            (fraction << 24) | (lost & 0xFFFFFF),
            highest & 0xFFFFFFFF,
            int(self._jitter) & 0xFFFFFFFF,
            middle,
            delay,
        )
        return struct.pack("!BBHI", 0x81, 201, 7, own_ssrc) + block + tail

    def _new_ssrc(self, ssrc: int) -> bool:
        if self._ssrc is not None:
            self._other_run = self._other_run + 1 if ssrc == self._other_ssrc else 1
            self._other_ssrc = ssrc
            if self._other_run < _SSRC_PROBATION:
                return False
            self._depacketizer.lost()
        self._ssrc = ssrc
        self._expected = -1
        self._transit = None
        self._report = None
        return True

    def _out_of_row(self, sequence: int) -> bool:
        """Whether to take a packet that is not the expected one; tells the depacketizer of a gap."""
        if self._expected < 0:
            self.cycles = self.received = 0
            self._first_extended = sequence
            self._expected_prior = self._received_prior = 0
            return True
        ahead = (sequence - self._expected) & 0xFFFF
        if ahead >= 0x10000 - _LATE_WINDOW:
            self._late_run += 1
            if self._late_run < _LATE_RUN:
                self._counters.late_packets += 1
                return False
        elif ahead < 0x8000:
            self._counters.lost_packets += ahead
            if sequence < self._expected:
                self.cycles += 1
        self._depacketizer.lost()
        return True

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        """Interarrival jitter (§6.4.1, A.8), by the last packet of each picture."""
        transit = now * 90_000 - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < 450_000:  # not a wrap or a jump
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit


def _payload_bounds(packet: memoryview, first: int, size: int) -> tuple[int, int]:
    """Start and end of the payload past CSRCs, extension and padding (§5.1); start > end if they lie."""
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > size:
            return 1, 0
        start += 4 + 4 * ((packet[start + 2] << 8) | packet[start + 3])
    if first & 0x20:
        padding = packet[size - 1]
        if padding == 0:
            return 1, 0
        size -= padding
    return start, size
