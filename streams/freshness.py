"""Is the picture still true? Pure: arrivals and `now` in, a verdict out. No clock, no task.

`Freshness` knows when a picture is overdue; `Watch` says what an RTSP session that has been played is worth
at `now`, and when to look again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from streams.policies import Policies
from streams.state import Reason
from streams.timeline import TICKS

_INTERVALS_KEPT = 7  # the median of these: one long gap does not make a camera slow


class Freshness:
    """When the newest picture came, and how long the next may take."""

    __slots__ = ("_ceiling", "_floor_s", "_intervals", "_media_time", "_multiple", "arrived")

    def __init__(self, floor_s: float = 1.0, multiple: float = 3.0) -> None:
        self._floor_s = floor_s
        self._multiple = multiple
        self._intervals: deque[int] = deque(maxlen=_INTERVALS_KEPT)
        self._media_time: int | None = None
        self.arrived: float | None = None  # monotonic seconds, newest picture

    def observe(self, arrived: float, media_time: int) -> None:
        """A picture came. Intervals are taken from media time, which bursts on the network leave alone."""
        if self._media_time is not None:
            self._intervals.append(media_time - self._media_time)
        self._media_time = media_time
        self.arrived = arrived

    @property
    def interval_s(self) -> float | None:
        """The usual time between two pictures in seconds, None before the third."""
        if len(self._intervals) < 2:
            return None
        return sorted(self._intervals)[len(self._intervals) // 2] / TICKS

    @property
    def limit_s(self) -> float:
        """How old the newest picture may be: max(1 s, three picture intervals)."""
        interval = self.interval_s
        return self._floor_s if interval is None else max(self._floor_s, self._multiple * interval)

    def age(self, now: float) -> float | None:
        """Seconds since the newest picture arrived, None before the first."""
        return None if self.arrived is None else now - self.arrived

    def stalled(self, now: float) -> bool:
        """Whether the next picture is overdue. False before the first picture."""
        return self.arrived is not None and now - self.arrived > self.limit_s


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a played session has shown so far. Times are monotonic seconds."""

    played: float  # when PLAY was answered
    first_packet: float | None
    other_packets: bool  # packets came, but of another payload type
    parameter_sets: bool
    newest_picture: float | None  # of this session
    limit_s: float
    patient: bool = False  # the last attempt failed for want of parameter sets: wait for a keyframe's length
    hurried: bool = False  # the camera may keep an earlier session of ours, and be silent because of it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to make of it. `failure` ends the session; `silent`: nothing came, which is to be said, but the
    session goes on."""

    stalled: bool
    failure: tuple[Reason, str] | None
    look_again: float  # monotonic seconds
    silent: bool = False


def judge(evidence: Evidence, policies: Policies, now: float) -> Verdict:
    """What a played session is worth at `now`."""
    if evidence.newest_picture is not None:
        return _judge_pictures(evidence.newest_picture, evidence.limit_s, policies, now)
    if evidence.first_packet is None:
        return _judge_silence(evidence, policies, now)
    if not evidence.parameter_sets:
        due = evidence.played + (policies.keyframe_s if evidence.patient else policies.first_picture_s)
        why = (Reason.NO_PARAMETER_SETS, "packets came, but no SPS and PPS, neither described nor in band")
    else:
        due = evidence.played + policies.keyframe_s
        why = (Reason.NO_DATA, "packets came, but no keyframe")
    return Verdict(False, why if now >= due else None, due)


def _judge_silence(evidence: Evidence, policies: Policies, now: float) -> Verdict:
    """Some cameras send nothing until their next keyframe: whoever left them early would never have a picture
    of them. So the silence is stated soon, and the session ended late."""
    said = evidence.played + policies.first_data_s
    why = (Reason.NO_DATA, "PLAY was answered, but no packet came")
    if evidence.other_packets:
        why = (Reason.NO_DATA, "only packets of another payload type than described came")
    due = evidence.played + max(policies.first_data_s, policies.keyframe_s)
    if evidence.other_packets or evidence.hurried:
        due = said
    if now >= due:
        return Verdict(False, why, due)
    return Verdict(False, None, due if now >= said else said, now >= said)


def _judge_pictures(newest: float, limit_s: float, policies: Policies, now: float) -> Verdict:
    age = now - newest
    give_up = max(policies.reconnect_after_s, 2 * limit_s)
    if age >= give_up:
        return Verdict(True, (Reason.NO_DATA, f"no picture for {age:.0f} s"), now)
    if age > limit_s:
        return Verdict(True, None, newest + give_up)
    return Verdict(False, None, newest + limit_s)
