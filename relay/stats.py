"""Counters and their snapshots, per viewer and per rendition, for the API and for Prometheus. No decisions.

Everything here is counted where it happens, in plain integers, and read out as a frozen value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from relay.reception import Reception
from relay.resync import Cause
from relay.tally import Sent
from streams.state import SourceState


@dataclass(slots=True)
class SenderCounters:
    """What one viewer was sent, since it was attached first."""

    packets: int = 0
    payload_bytes: int = 0
    bytes: int = 0
    pictures: int = 0
    retransmitted: int = 0
    retransmitted_bytes: int = 0
    unserveable: int = 0
    suppressed: int = 0
    nacks: int = 0
    plis: int = 0
    firs: int = 0
    skipped: int = 0
    overflows: int = 0
    bad_rtcp: int = 0
    replays: Counter[Cause] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class SenderStatistics:
    """One viewer as it stands. Times in seconds, sizes in bytes, rates in bit/s; None: not known yet.

    state: waiting (for a keyframe), live, lost (waits for a fresh start) or ended. rendition: name of the
    one it is on. packets, bytes: media on the wire, retransmissions not included. skipped: pictures left out
    while waiting. overflows: times that the link or the socket did not take what was due. unserveable:
    packets asked for that could not be sent again. suppressed: requests that a moment ago were answered
    already. age: of the newest picture sent, from its arrival at the relay. backlog: bytes held back by
    pacing. lost: packets reported lost so far, those not taken off that came late after all.
    """

    state: str
    rendition: str | None
    packets: int
    bytes: int
    payload_bytes: int
    pictures: int
    retransmitted: int
    retransmitted_bytes: int
    unserveable: int
    suppressed: int
    nacks: int
    plis: int
    firs: int
    skipped: int
    overflows: int
    bad_rtcp: int
    replays: dict[str, int]
    fraction_lost: float | None
    cumulative_lost: int
    lost: int
    jitter: float | None
    round_trip: float | None
    estimate: float | None
    age: float | None
    backlog: int


def sender_statistics(
    counters: SenderCounters,
    reception: Reception,
    now: float,
    *,
    state: str,
    rendition: str | None,
    age: float | None,
    backlog: int,
) -> SenderStatistics:
    """One viewer's counters and reports, read out at `now`, monotonic seconds."""
    return SenderStatistics(
        state=state,
        rendition=rendition,
        packets=counters.packets,
        bytes=counters.bytes,
        payload_bytes=counters.payload_bytes,
        pictures=counters.pictures,
        retransmitted=counters.retransmitted,
        retransmitted_bytes=counters.retransmitted_bytes,
        unserveable=counters.unserveable,
        suppressed=counters.suppressed,
        nacks=counters.nacks,
        plis=counters.plis,
        firs=counters.firs,
        skipped=counters.skipped,
        overflows=counters.overflows,
        bad_rtcp=counters.bad_rtcp,
        replays={cause.value: count for cause, count in counters.replays.items()},
        fraction_lost=reception.fraction_lost,
        cumulative_lost=reception.cumulative_lost,
        lost=reception.lost,
        jitter=reception.jitter,
        round_trip=reception.round_trip,
        estimate=reception.estimate(now),
        age=age,
        backlog=backlog,
    )


def sent(counters: SenderCounters, reception: Reception) -> Sent:
    """The part of one viewer's counters that its rendition is counted by."""
    return Sent(
        packets=counters.packets,
        bytes=counters.bytes,
        retransmitted=counters.retransmitted,
        retransmitted_bytes=counters.retransmitted_bytes,
        lost=reception.lost,
        replays=Counter({cause.value: count for cause, count in counters.replays.items()}),
    )


@dataclass(slots=True)
class FanoutCounters:
    """What one rendition did for all its viewers."""

    pictures: int = 0
    keyframes: int = 0
    media_bytes: int = 0
    gaps: int = 0
    refused_nal_units: int = 0
    failed_viewers: int = 0
    keyframe_requests: int = 0


@dataclass(frozen=True, slots=True)
class FanoutStatistics:
    """One rendition as it stands.

    gaps: times that pictures were missing from the camera. bitrate: bit/s of the last seconds, pictures
    only. history_bytes: kept for retransmission and replay. sent: to all its viewers so far. state: of the
    pictures it is made of. age: of the newest of them, seconds; None before the first.
    """

    camera: str
    rendition: str
    viewers: int
    pictures: int
    keyframes: int
    media_bytes: int
    gaps: int
    refused_nal_units: int
    failed_viewers: int
    keyframe_requests: int
    bitrate: float
    history_bytes: int
    sent: Sent
    state: SourceState
    age: float | None
