"""RTP time to media time: one timeline per camera, whatever the camera's clocks do.

Pure: RTP time stamps, sender reports and arrival times in, 90 kHz ticks out. All renditions of a camera share
one `CameraTimeline`; each has one `Track` on it, which lives across reconnects.

What holds by construction: media time is strictly increasing within a track; it goes on at the pace of real
time across reconnects; the same instant has the same media time on every track of the camera, to within the
difference of their delays at first, and exactly (by the camera's own clock) a second or two after sender
reports have come for both. A camera's wall clock may be wrong or step: that moves `captured`, never media
time.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.rtp import SenderReport

TICKS = 90_000
_JUMP = 5 * TICKS  # RTP time further than this from the time that really passed is a jump
_BACK = 1 * TICKS  # going back further than this is a jump, less is reordering
_BELIEVE_AFTER = 3  # pictures on a new line before it is the line
_CLOCK_STEP = 1.0  # s: a sender report further off is a step of the wall clock, not drift
_REPORT_REACH = 60 * TICKS  # a sender report about an RTP time further off is nonsense
_SLEW = 8  # a correction moves a picture by at most this fraction of an interval
_LATER_REPORTS_GAIN = 1 / 8


@dataclass(frozen=True, slots=True)
class Instant:
    """When a picture was taken. See `AccessUnit` for the fields."""

    rtp_time: int
    media_time: int
    captured: float | None
    jumped: bool  # the RTP time stamp could not be true


class CameraTimeline:
    """The one media time of a camera, common to its renditions. State belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._newest: tuple[int, float] | None = None  # media time, arrival
        self._utc_at_zero: float | None = None  # camera's UTC minus media time in seconds

    def track(self) -> Track:
        """A rendition's own part of the timeline."""
        return Track(self)

    def at(self, arrived: float) -> int:
        """The media time that a picture arriving at `arrived` (monotonic seconds) would have."""
        if self._newest is None:
            return round(arrived * TICKS)
        media_time, when = self._newest
        return media_time + round((arrived - when) * TICKS)

    def _note(self, media_time: int, arrived: float) -> None:
        self._newest = (media_time, arrived)

    def _correction(self, media_time: float, utc: float) -> float:
        """Ticks by which `media_time` is off if the camera's clock read `utc` then; 0 for who comes first."""
        zero = utc - media_time / TICKS
        if self._utc_at_zero is None or abs(zero - self._utc_at_zero) > _CLOCK_STEP:
            self._utc_at_zero = zero
            return 0.0
        return (zero - self._utc_at_zero) * TICKS


class Track:
    """One rendition's RTP time on the camera's timeline. `restart()` at every new RTP session."""

    def __init__(self, timeline: CameraTimeline) -> None:
        self._timeline = timeline
        self._media_time: int | None = None  # of the newest picture, over all sessions
        self._arrived = 0.0
        self._rtp: int | None = None  # unwrapped, newest picture on the line
        self._offset = 0  # media time minus RTP time
        self._pending = 0.0  # ticks still to be slewed
        self._strange: list[int] = []  # 32-bit times of pictures off the line, in a row
        self._report: tuple[float, int] | None = None  # camera's UTC, unwrapped RTP time
        self._early_report: SenderReport | None = None  # came before the first picture
        self._reports = 0

    def restart(self) -> None:
        """A new RTP session begins: its time stamps have nothing to do with the last one's."""
        self._rtp = None
        self._strange.clear()
        self._pending = 0.0
        self._report = self._early_report = None
        self._reports = 0

    def picture(self, timestamp: int, arrived: float) -> Instant:
        """Place a picture with a 32-bit RTP time stamp that arrived at `arrived` (monotonic seconds)."""
        if self._rtp is None:
            return self._first(timestamp, arrived)
        assert self._media_time is not None
        elapsed = max(0, round((arrived - self._arrived) * TICKS))
        step = _signed(timestamp - self._rtp)
        jumped = False
        if step == 0:  # a clock that stands still: real time instead
            self._offset += elapsed
            rtp = self._rtp
        elif abs(step - elapsed) <= _JUMP and step > -_BACK:
            self._strange.clear()
            rtp = self._rtp + step
        else:
            jumped = True
            rtp = self._rtp + step
            if not self._on_new_line(timestamp):
                return self._off_the_line(rtp, arrived, elapsed)
            self._strange.clear()
            self._offset = self._media_time + max(1, elapsed) - rtp
            self._report = None
        self._slew(step)
        media_time = max(self._media_time + 1, rtp + self._offset)
        self._rtp = rtp
        return self._placed(rtp, media_time, arrived, jumped)

    def report(self, report: SenderReport) -> bool:
        """Take a sender report. False if its RTP time has nothing to do with the pictures'."""
        if self._rtp is None:
            self._early_report = report
            return True
        step = _signed(report.rtp_time - self._rtp)
        if abs(step) > _REPORT_REACH:
            return False
        rtp = self._rtp + step
        self._report = (report.utc, rtp)
        error = self._timeline._correction(rtp + self._offset + self._pending, report.utc)
        # zero too large means media time is too small by as much.
        self._pending += error * (1.0 if self._reports == 0 else _LATER_REPORTS_GAIN)
        self._reports += 1
        return True

    def _first(self, timestamp: int, arrived: float) -> Instant:
        media_time = self._timeline.at(arrived)
        if self._media_time is not None:
            media_time = max(media_time, self._media_time + 1)
        self._rtp = timestamp
        self._offset = media_time - timestamp
        if self._early_report is not None:
            early, self._early_report = self._early_report, None
            self.report(early)
        return self._placed(timestamp, media_time, arrived, False)

    def _on_new_line(self, timestamp: int) -> bool:
        """Whether enough pictures in a row agree on another line than the known one."""
        if self._strange and abs(_signed(timestamp - self._strange[-1])) > _JUMP:
            self._strange.clear()
        self._strange.append(timestamp & 0xFFFFFFFF)
        return len(self._strange) >= _BELIEVE_AFTER

    def _off_the_line(self, rtp: int, arrived: float, elapsed: int) -> Instant:
        """A picture whose time stamp cannot be true is placed by its arrival; the line stays."""
        assert self._media_time is not None
        media_time = self._media_time + max(1, elapsed)
        captured = self._captured(media_time - self._offset)
        self._media_time, self._arrived = media_time, arrived
        # The line moves on with real time, or the next good picture would look like a jump.
        assert self._rtp is not None
        self._rtp += elapsed
        self._timeline._note(media_time, arrived)
        return Instant(rtp, media_time, captured, True)

    def _placed(self, rtp: int, media_time: int, arrived: float, jumped: bool) -> Instant:
        self._media_time, self._arrived = media_time, arrived
        self._timeline._note(media_time, arrived)
        return Instant(rtp, media_time, self._captured(rtp), jumped)

    def _captured(self, rtp: int) -> float | None:
        if self._report is None:
            return None
        utc, at = self._report
        return utc + (rtp - at) / TICKS

    def _slew(self, step: int) -> None:
        if self._pending and step > 0:
            most = max(1, step // _SLEW)
            move = max(-most, min(most, round(self._pending)))
            self._offset += move
            self._pending = 0.0 if move == 0 else self._pending - move


def _signed(difference: int) -> int:
    """A difference of 32-bit times, taken the short way round."""
    return ((difference + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
