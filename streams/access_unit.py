"""The coded picture, as it travels from the camera's marker bit to the viewer's packetizer."""

from __future__ import annotations

from dataclasses import dataclass

EARLIEST_S, LATEST_S = -0.5, 10.0
"""Seconds from capture to arrival within which the camera's clock counts as set: cameras whose clock is years
off are common."""


def taken_at(captured: float | None, arrived: float) -> float:
    """When a picture was taken, for people: what the camera says if its clock is set, else when it arrived.
    All UTC seconds."""
    if captured is not None and EARLIEST_S <= arrived - captured <= LATEST_S:
        return captured
    return arrived


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture, immutable and shared by every reader (RFC 6184 §1.2: access unit).

    number: from 1, in the order of arrival, never reused within one rendition.
    rtp_time: the camera's RTP time stamp, 90 kHz, unwrapped.
    media_time: the same instant on the camera's one timeline, 90 kHz, unwrapped, strictly increasing
        within a rendition and common to all renditions of the camera (see `streams/timeline.py`). The low
        32 bits are what viewers see as RTP time stamp.
    arrived: when the last packet arrived, seconds of the monotonic clock.
    captured: when the picture was taken, UTC seconds by the camera's own clock (RTCP SR); None until known.
    is_idr: a picture to start from; then `nal_units` begins with SPS and PPS.
    nal_units: without start codes, none empty.
    """

    number: int
    rtp_time: int
    media_time: int
    arrived: float
    captured: float | None
    is_idr: bool
    nal_units: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of coded picture."""
        return sum(map(len, self.nal_units))
