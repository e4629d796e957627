"""The pictures that pacing holds back for one viewer, and how they leave.

Belongs here: their order, what is dropped of them, when holding back has lasted too long. Not here: how fast
(`relay/pacing.py`, `relay/gate.py`), what is held at all, and what follows when it cannot leave
(`relay/sender.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from relay.gate import Gate
from relay.pacing import Pacer
from relay.picture import Picture, Run
from relay.stats import SenderCounters
from relay.writer import PacketWriter
from streams.access_unit import AccessUnit

MOST_HELD_S = 1.5
"""Seconds that a picture may be held back by pacing; then all that is held is dropped."""
MOST_HELD = 1024
"""Pictures that may be held back."""


class Stuck(Enum):
    """Why a picture did not leave whole."""

    PATH = auto()  # the link or the socket did not take it
    LATE = auto()  # it was held back for longer than it may be


class _Held:
    """A picture that the pacer holds back, and how much of it has left."""

    __slots__ = ("packet", "picture", "run", "runs", "since", "stamp")

    def __init__(self, picture: Picture, runs: tuple[Run, ...], stamp: int, since: float) -> None:
        self.picture = picture
        self.runs = runs
        self.stamp = stamp
        self.since = since
        self.run = 0
        self.packet = 0


class HeldPictures:
    """One viewer's. `left` is called with each picture whose last packet has left, and when."""

    __slots__ = ("_counters", "_gate", "_left", "_pacer", "_writer", "waiting")

    def __init__(
        self,
        writer: PacketWriter,
        pacer: Pacer,
        gate: Gate,
        counters: SenderCounters,
        left: Callable[[AccessUnit, float], None],
    ) -> None:
        self._writer = writer
        self._pacer = pacer
        self._gate = gate
        self._counters = counters
        self._left = left
        self.waiting: deque[_Held] = deque()
        """What is held back, the next one first. To be looked at only."""

    @property
    def size(self) -> int:
        """Bytes of coded picture that are held back, what has left of the first one counted."""
        return sum(held.picture.unit.size for held in self.waiting)

    def add(self, picture: Picture, stamp: int, now: float) -> bool:
        """Hold a picture back. False: there are too many already."""
        if len(self.waiting) >= MOST_HELD:
            return False
        self.waiting.append(_Held(picture, picture.runs(self._writer.shape, stamp, now), stamp, now))
        return True

    def pump(self, now: float) -> Stuck | None:
        """Send what the pacer lets go. What is said to be stuck is still held."""
        queue, pacer, gate, writer = self.waiting, self._pacer, self._gate, self._writer
        while queue:
            head = queue[0]
            while head.run < len(head.runs):
                run = head.runs[head.run]
                room = min(pacer.room(now), gate.room(now))
                if room <= 0:
                    return Stuck.LATE if now - head.since > MOST_HELD_S else None
                count = min(run.count - head.packet, max(1, int(room // run.stride)))
                pacer.spend(count * run.stride)
                gate.spend(count * run.stride)
                number = head.picture.unit.number
                if not writer.write(run, head.packet, count, head.stamp, number, now):
                    return Stuck.PATH
                head.packet += count
                if head.packet == run.count:
                    head.run, head.packet = head.run + 1, 0
            queue.popleft()
            self._left(head.picture.unit, now)
        gate.open()
        return None

    def drop_unbegun(self) -> None:
        """A keyframe has come: what has not begun to leave is out of date."""
        begun = [held for held in self.waiting if held.run or held.packet]
        self._counters.skipped += len(self.waiting) - len(begun)
        self.waiting = deque(begun)

    def drop(self) -> None:
        """Send nothing of it any more."""
        self._counters.skipped += len(self.waiting)
        self.waiting.clear()
        self._gate.open()
