"""The newest pictures of one rendition, and cursors that read them. There is no queue per viewer.

Bounds: everything that arrived in the last `keep_s` seconds and the rest of that group of pictures, never
less than the newest group, at most `max_bytes`. Whole groups of pictures go, oldest first. A group that is
larger than `max_bytes` by itself loses its beginning: then there is nothing to start from until the next
IDR, and `newest_gop()` is empty. A reader that falls behind is told how much it lost; its cure is the
newest IDR.

State belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from enum import Enum

from streams.access_unit import AccessUnit

log = logging.getLogger(__name__)


class Lagged(Exception):
    """The reader fell behind: `lost` pictures are gone; the cursor now stands at `resume_at`.

    `resume_at` is the number of the newest IDR picture, or of the next picture to come where the ring holds
    none (the reader then waits for an IDR: `Cursor` gives none before).
    """

    def __init__(self, lost: int, resume_at: int) -> None:
        super().__init__(f"{lost} pictures lost")
        self.lost = lost
        self.resume_at = resume_at


class Start(Enum):
    """Where a new cursor stands."""

    NEWEST_GOP = "newest_gop"  # at the newest IDR: the picture is there at once
    NEXT_IDR = "next_idr"  # at the next IDR to come
    OLDEST = "oldest"  # at the oldest IDR held


class Ring:
    """One writer pushes, any number of cursors read."""

    def __init__(self, *, keep_s: float = 4.0, max_bytes: int = 16 * 1024 * 1024) -> None:
        self._keep_s = keep_s
        self._max_bytes = max_bytes
        self._units: deque[AccessUnit] = deque()
        self._gops: deque[int] = deque()  # numbers of the IDR pictures held
        self._bytes = 0
        self._next_number = 1
        self._waiters: set[asyncio.Future[None]] = set()
        self._listeners: list[Callable[[AccessUnit], None]] = []
        self._forgetters: list[Callable[[], None]] = []
        self.on_reader: Callable[[], None] | None = None  # called when somebody begins to read

    @property
    def has_readers(self) -> bool:
        """Whether anybody listens, or waits for the next picture at this moment."""
        return bool(self._listeners or self._waiters)

    @property
    def newest(self) -> AccessUnit | None:
        """The newest picture held."""
        return self._units[-1] if self._units else None

    @property
    def next_number(self) -> int:
        """The number that the next picture must have."""
        return self._next_number

    @property
    def oldest_number(self) -> int:
        """The number of the oldest picture held, or of the next to come."""
        return self._next_number - len(self._units)

    @property
    def newest_idr(self) -> int | None:
        """The number of the newest IDR picture held."""
        return self._gops[-1] if self._gops else None

    @property
    def size(self) -> int:
        """Bytes of coded picture held."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._units)

    def bitrate(self, now: float, window_s: float = 2.0) -> float:
        """Bit/s of the pictures that arrived in the last `window_s` seconds, as far back as is held."""
        size = 0
        for unit in reversed(self._units):
            if unit.arrived < now - window_s:
                break
            size += unit.size
        return size * 8 / window_s

    def newest_gop(self) -> tuple[AccessUnit, ...]:
        """From the newest IDR to the newest picture; empty where there is nothing to start from."""
        if not self._gops:
            return ()
        count = self._next_number - self._gops[-1]
        units = self._units
        return tuple(units[index] for index in range(-count, 0))

    def push(self, unit: AccessUnit) -> None:
        """Add the next picture, drop what the bounds say, wake the readers.

        Raises `ValueError` if its number is not the next one.
        """
        if unit.number != self._next_number:
            raise ValueError(f"picture {unit.number} pushed where {self._next_number} was due")
        self._next_number += 1
        self._units.append(unit)
        self._bytes += unit.size
        if unit.is_idr:
            self._gops.append(unit.number)
        self._trim(unit.arrived)
        for listener in tuple(self._listeners):
            try:
                listener(unit)
            except Exception:
                # One reader's fault must not cost the camera or the other readers; it is heard no more.
                log.exception("a listener of a ring failed and was detached")
                if listener in self._listeners:
                    self._listeners.remove(listener)
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """Forget all pictures, and have those who listen forget theirs; numbers go on."""
        self._units.clear()
        self._gops.clear()
        self._bytes = 0
        for forget in tuple(self._forgetters):
            forget()

    def listen(
        self, listener: Callable[[AccessUnit], None], forget: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call `listener` with every picture as it is pushed, in the same loop iteration, before cursors
        wake.

        It must be quick and must not raise. `forget` is called when the pictures so far may not be seen any
        more: whoever keeps some lets go of them. Returns what detaches both.
        """
        self._listeners.append(listener)
        if forget is not None:
            self._forgetters.append(forget)
        if self.on_reader is not None:
            self.on_reader()

        def detach() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if forget is not None and forget in self._forgetters:
                self._forgetters.remove(forget)

        return detach

    def reader(self, start: Start | int = Start.NEWEST_GOP) -> Cursor:
        """A cursor at `start`, or at the picture of that number."""
        if isinstance(start, int):
            return Cursor(self, start, needs_idr=False)
        if start is Start.OLDEST and self._gops:
            return Cursor(self, self._gops[0], needs_idr=True)
        if start is Start.NEWEST_GOP and self._gops:
            return Cursor(self, self._gops[-1], needs_idr=True)
        return Cursor(self, self._next_number, needs_idr=True)

    def get(self, number: int) -> AccessUnit | None:
        """The picture of that number, None if it is gone or yet to come."""
        back = number - self._next_number
        return self._units[back] if -len(self._units) <= back < 0 else None

    async def _pushed(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        if self.on_reader is not None:
            self.on_reader()
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _trim(self, now: float) -> None:
        gops = self._gops
        while len(gops) > 1:
            second = self.get(gops[1])
            assert second is not None
            if self._bytes <= self._max_bytes and now - second.arrived < self._keep_s:
                return
            self._drop_until(gops[1])
        if self._bytes > self._max_bytes:
            gops.clear()
            while self._bytes > self._max_bytes // 2 and len(self._units) > 1:
                self._bytes -= self._units.popleft().size

    def _drop_until(self, number: int) -> None:
        while self.oldest_number < number:
            dropped = self._units.popleft()
            self._bytes -= dropped.size
        while self._gops and self._gops[0] < number:
            self._gops.popleft()


class Cursor:
    """One reader's place in a ring. Not shared between tasks."""

    __slots__ = ("_needs_idr", "_ring", "position")

    def __init__(self, ring: Ring, position: int, *, needs_idr: bool) -> None:
        self._ring = ring
        self._needs_idr = needs_idr  # give nothing before an IDR
        self.position = position  # number of the picture to be read next

    @property
    def behind(self) -> int:
        """How many pictures are there to be read."""
        return max(0, self._ring.next_number - self.position)

    def poll(self) -> AccessUnit | None:
        """The next picture, None if it is yet to come. Raises `Lagged` as `next` does."""
        ring = self._ring
        while self.position < ring.next_number:
            unit = ring.get(self.position)
            if unit is None:
                lost = ring.oldest_number - self.position
                newest = ring.newest_idr
                self.position = ring.next_number if newest is None else newest
                self._needs_idr = True
                raise Lagged(lost, self.position)
            self.position += 1
            if unit.is_idr:
                self._needs_idr = False
            elif self._needs_idr:
                continue
            return unit
        return None

    async def next(self) -> AccessUnit:
        """The next picture, as soon as it is there. Raises `Lagged` once when pictures were lost."""
        while True:
            unit = self.poll()
            if unit is not None:
                return unit
            await self._ring._pushed()

    def to_newest_idr(self) -> int:
        """Jump to the newest IDR (or wait for the next); returns how many pictures are skipped.

        Never moves back: at or past the newest IDR nothing happens, and 0 is returned.
        """
        newest = self._ring.newest_idr
        if newest is None or newest <= self.position:
            return 0
        skipped = newest - self.position
        self.position = newest
        self._needs_idr = True
        return skipped
