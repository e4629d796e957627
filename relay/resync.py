"""When a viewer is sent the newest group of pictures again, and when it waits for the next keyframe. Pure.

A browser that has lost packets shows nothing true until the next keyframe, up to four seconds later, and
asks for one only after more than a second, or never. The relay knows better: a lost packet that it cannot
send again is reason enough.
"""

from __future__ import annotations

from enum import StrEnum

REPLAY_INTERVAL = 0.5
"""Seconds between two replays for one viewer, whatever it asks for."""
REPLAY_AIRTIME = 1.0
"""Seconds of the link that a group of pictures may take to be worth replaying."""
SWITCH_AIRTIME = 0.2
"""The same where the viewer has another rendition to look at meanwhile: what takes longer would be a picture
that stands still, and then the past."""
URGENT_AIRTIME = 2.0
"""The same where the viewer has nothing to look at meanwhile: to wait for a keyframe, and for that to come
through, takes longer on average."""

STALE_S = 1.0
"""Seconds after which the newest picture is no longer of now, or three picture intervals if that is longer:
then a replay would show the past, and its stamps would tell the receiver that the stream had slowed down
(Chromium then holds the next pictures back for as long as the camera was silent)."""


class Cause(StrEnum):
    """Why a viewer needs a fresh start."""

    JOIN = "join"
    NACK = "nack"
    PLI = "pli"
    FIR = "fir"
    OVERFLOW = "overflow"
    GAP = "gap"
    SWITCH = "switch"


def affordable(size: int, link_bps: float, airtime: float = REPLAY_AIRTIME) -> bool:
    """Whether `size` bytes of pictures are worth sending at once over a link of `link_bps` bit/s, of which
    they may take `airtime` seconds."""
    return size * 8 <= link_bps * airtime


def better_wait(gop: int, due: float, keyframe: int, queue: float, link_bps: float) -> bool:
    """Whether a viewer whose link is full sees a picture sooner with the next keyframe than with the group of
    pictures so far.

    gop, keyframe: bytes of these. due: seconds until the keyframe. queue: seconds that stand in front of the
    link; what is sent now comes after that anyway. link_bps: bit/s that the link carries.
    """
    return max(due, queue) + keyframe * 8 / link_bps < queue + gop * 8 / link_bps


def of_now(age: float, interval: float) -> bool:
    """Whether a picture that came `age` seconds ago, from a camera that sends one every `interval` seconds,
    is what the camera sees now."""
    return age <= max(STALE_S, 3 * interval)


class Resync:
    """What one viewer wants and when it last got it. `now`: monotonic seconds."""

    __slots__ = ("_last", "wanted")

    def __init__(self) -> None:
        self._last: float | None = None
        self.wanted: Cause | None = None

    def want(self, cause: Cause) -> None:
        """A fresh start is needed. The first cause stands."""
        if self.wanted is None:
            self.wanted = cause

    def allowed(self, now: float) -> bool:
        """Whether a replay may be sent now."""
        return self._last is None or now - self._last >= REPLAY_INTERVAL

    def replayed(self, now: float) -> None:
        """The newest group of pictures was sent."""
        self._last = now
        self.wanted = None

    def recovered(self) -> None:
        """A keyframe was sent in the ordinary course."""
        self.wanted = None
