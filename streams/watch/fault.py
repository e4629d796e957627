"""What can be wrong with a picture that arrives, and the values that say so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PictureFault(StrEnum):
    """In the order of weight: of two, the first is told first. `hotline` has the words for people."""

    BLACK = "black"  # no signal, or a sensor without light: nothing to be seen at all
    FROZEN = "frozen"  # the same picture again and again, though a clock in it may run on
    COVERED = "covered"  # a hand, paint, tape or a bag before the lens
    DEFOCUSED = "defocused"  # the view is there, its detail is gone
    MOVED = "moved"  # sharp, but not the view that the camera is known by


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that is certain by now. `since`: monotonic seconds of the first keyframe that had it."""

    fault: PictureFault
    since: float


class Suspicion:
    """From keyframes that look bad to a fault that is told, and back: one fault of one camera. Pure.

    confirm, clear: so many keyframes in a row must look bad, or good again.
    """

    def __init__(self, confirm: int, clear: int = 2) -> None:
        self._confirm = confirm
        self._clear = clear
        self._row = 0  # of what speaks against the state
        self._first = 0.0
        self.since: float | None = None  # told since

    def see(self, bad: bool, now: float, confirm: int | None = None) -> None:
        """Take in the next keyframe. `confirm`: another number for this time."""
        if bad is (self.since is not None):
            self._row = 0
            return
        if self._row == 0:
            self._first = now
        self._row += 1
        if bad and self._row >= (confirm or self._confirm):
            self.since, self._row = self._first, 0
        elif not bad and self._row >= self._clear:
            self.since, self._row = None, 0

    def forget(self) -> None:
        """Nothing can be said any more."""
        self.since, self._row = None, 0
