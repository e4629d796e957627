"""Which wall-clock time belongs to which RTP time: what a sender report tells. Pure.

Chromium reads from it when each picture it shows was taken (`captureTime` of a video frame), once it knows
its round trip, which it asks for with `a=rtcp-fb:… rrtr` (RFC 3611) in its offer.
"""

from __future__ import annotations

from dataclasses import dataclass

from relay import rtcp
from streams.access_unit import AccessUnit

EARLIEST = -0.5
LATEST = 10.0
"""Seconds from capture to arrival within which the camera's clock counts as set, like ours: a camera's way
here takes less than that. Cameras whose clock is years off are common."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One instant twice. ntp: 64-bit NTP time stamp. stamp: RTP time, 90 kHz, unwrapped."""

    ntp: int
    stamp: int


def reference(newest: AccessUnit, now: float, utc: float) -> Reference:
    """The reference at `now` (monotonic seconds), which is `utc` (seconds) by our own clock.

    Where the camera's clock is set, the NTP time is ours and the RTP time the one of a picture taken right
    now. A camera that tells no time is taken to have captured a picture when it arrived. A clock that is far
    off is passed on as it is, since the record of the capture is the camera's, without moving the RTP time.
    """
    arrived = utc - (now - newest.arrived)
    captured = arrived if newest.captured is None else newest.captured
    if EARLIEST <= arrived - captured <= LATEST:
        return Reference(rtcp.to_ntp(utc), newest.media_time + round((utc - captured) * 90_000))
    elapsed = now - newest.arrived
    return Reference(rtcp.to_ntp(captured + elapsed), newest.media_time + round(elapsed * 90_000))
