"""One rendition to all its viewers: read once, packetized once, given to each sender.

Belongs here: who is on the rendition and the clocks that drive its senders. What one viewer gets is
`relay/sender.py`. A fault in one viewer's sending ends that viewer only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from relay.capture import reference
from relay.history import History
from relay.picture import Picture
from relay.resync import SWITCH_AIRTIME
from relay.sender import PictureSender, State
from relay.stats import FanoutCounters, FanoutStatistics
from relay.tally import Tally
from streams.access_unit import AccessUnit
from streams.rendition import Rendition

log = logging.getLogger(__name__)

PACE_TICK = 0.004
"""Seconds between two looks at what pacing holds back."""
REPORT_TICK = 0.5
"""Seconds without a picture from which on reports go out all the same: else they go out with the picture,
since waking up for them costs more than they do."""

Failed = Callable[[Exception], None]


class Fanout:
    """The viewers of one rendition. Everything but `run` is plain calls in the loop's thread.

    request_keyframe: asks the rendition's maker for a keyframe, where it can make one. instant_start:
    whether a viewer begins with the newest group of pictures or waits for the next keyframe (for
    comparison).
    """

    def __init__(
        self,
        rendition: Rendition,
        *,
        request_keyframe: Callable[[], None] | None = None,
        instant_start: bool = True,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self.name = rendition.form
        self.history = History()
        self.counters = FanoutCounters()
        self._tally = Tally()
        self._rendition = rendition
        self._request_keyframe = request_keyframe
        self._instant = instant_start
        self._clock = clock
        self._utc = utc
        self._stop_listening: Callable[[], None] | None = None
        self._senders: dict[PictureSender, Failed | None] = {}
        self._arriving: dict[PictureSender, Failed | None] = {}
        self._holding: set[PictureSender] = set()
        self._something_held = asyncio.Event()

    @property
    def viewers(self) -> int:
        """How many are on it."""
        return len(self._senders)

    @property
    def busy(self) -> bool:
        """Whether anybody is on it, or about to be."""
        return bool(self._senders or self._arriving)

    async def run(self) -> None:
        """Serve until cancelled."""
        self.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pace(), name=f"pace/{self._rendition.camera_id}/{self.name}")
                tasks.create_task(self._report(), name=f"report/{self._rendition.camera_id}/{self.name}")
        finally:
            self.close()

    def open(self) -> None:
        """Begin to take pictures, with the newest group of those that are there; once open, it is open."""
        if self._stop_listening is not None:
            return
        self.history = History()
        for unit in self._rendition.ring.newest_gop():
            self.history.push(Picture(unit, self._rendition.codec))
        self._stop_listening = self._rendition.ring.listen(self.push, self.forget)
        for sender in tuple(self._senders):
            self._guard(sender, lambda each: each.start(self, self._clock(), instant=self._instant))

    def close(self) -> None:
        """Take no more pictures; it may be opened again."""
        stop, self._stop_listening = self._stop_listening, None
        if stop is not None:
            stop()
            self.history.clear()  # from here on nobody says what of it may not be seen any more

    def attach(self, sender: PictureSender, failed: Failed | None = None, *, at_once: bool = False) -> None:
        """Put a viewer on the rendition. `failed` is called with the fault that ended its sending, if one
        does.

        A new viewer starts at once where the link can take the group of pictures so far. One that is on
        another rendition leaves that one when it can start here: at once if that takes no time, else at the
        next keyframe.
        at_once: it leaves that one in any case, as the link does not carry it.
        """
        now = self._clock()
        if sender.arriving_at is not None:
            sender.arriving_at.detach(sender)  # it has changed its mind
        if sender.supply is None:
            self._senders[sender] = failed
            self._tally.came(sender)
            self._guard(sender, lambda each: each.start(self, now, instant=self._instant))
            self._report_to(sender, now)
        elif sender.supply is not self:
            self._arriving[sender] = failed
            sender.arriving_at = self
            if at_once or (self._instant and sender.can_replay(self.history, SWITCH_AIRTIME)):
                self._take_over(sender, now, urgent=at_once)
            else:
                self.request_keyframe()

    def detach(self, sender: PictureSender) -> None:
        """Send it no more pictures. Detaching one that is not there does nothing."""
        self._senders.pop(sender, None)
        self._tally.went(sender)
        if sender in self._arriving:
            del self._arriving[sender]
            sender.arriving_at = None
        self._holding.discard(sender)

    def request_keyframe(self) -> None:
        """Ask for a keyframe, where the rendition can make one."""
        if self._request_keyframe is not None:
            self.counters.keyframe_requests += 1
            self._request_keyframe()

    def push(self, unit: AccessUnit) -> None:
        """Give the next picture to all viewers. Never raises: one bad picture is left out and logged."""
        try:
            self._push(unit)
        except Exception:
            log.exception("picture %d of %s/%s left out", unit.number, self._rendition.camera_id, self.name)

    def forget(self) -> None:
        """What was sent so far may not be seen any more (a mask was drawn): nothing of it is kept, sent again
        or let go; each viewer goes on at the next keyframe."""
        self.history.clear()
        for sender in self._senders:
            sender.forget()

    def bitrate(self, now: float) -> float:
        """Bit/s of the pictures of the last two seconds."""
        return self._rendition.ring.bitrate(now)

    def statistics(self, now: float) -> FanoutStatistics:
        """The rendition as it stands."""
        counters, newest = self.counters, self._rendition.ring.newest
        return FanoutStatistics(
            camera=self._rendition.camera_id,
            rendition=self._rendition.name,
            viewers=len(self._senders),
            pictures=counters.pictures,
            keyframes=counters.keyframes,
            media_bytes=counters.media_bytes,
            gaps=counters.gaps,
            refused_nal_units=counters.refused_nal_units,
            failed_viewers=counters.failed_viewers,
            keyframe_requests=counters.keyframe_requests,
            bitrate=self.bitrate(now),
            history_bytes=self.history.size,
            sent=self._tally.total(),
            state=self._rendition.state,
            age=now - newest.arrived if newest is not None else None,
        )

    def _push(self, unit: AccessUnit) -> None:
        now = self._clock()
        newest = self.history.newest
        gap = newest is not None and unit.number != newest.unit.number + 1
        picture = Picture(unit, self._rendition.codec)
        self.history.push(picture)
        self._count(unit)
        if gap:
            self.counters.gaps += 1
            for sender in self._senders:
                sender.missed(now)
        have_it = self._let_in(now) if unit.is_idr and self._arriving else set()
        if not self._senders:
            return
        due: list[PictureSender] = []
        for sender in tuple(self._senders):
            if sender in have_it:
                continue
            try:
                held = sender.send_picture(picture, now)
            except Exception as fault:
                self._end(sender, fault)
                continue
            if held:
                self._hold(sender)
            if sender.report_due(now):
                due.append(sender)
        for sender in due:  # when every viewer has the picture
            self._report_to(sender, now)
        self.counters.refused_nal_units += picture.refused
        picture.release()

    def _count(self, unit: AccessUnit) -> None:
        self.counters.pictures += 1
        self.counters.keyframes += unit.is_idr
        self.counters.media_bytes += unit.size

    def _let_in(self, now: float) -> set[PictureSender]:
        """Take over who waited for this keyframe; those who have it by that already, and need it no more."""
        arriving = tuple(self._arriving)
        for sender in arriving:
            self._take_over(sender, now)
        return {sender for sender in arriving if sender.state is State.LIVE}

    def _take_over(self, sender: PictureSender, now: float, *, urgent: bool = False) -> None:
        failed = self._arriving.pop(sender)
        sender.arriving_at = None
        if sender.supply is not None:
            sender.supply.detach(sender)
        self._senders[sender] = failed
        self._tally.came(sender)
        self._guard(sender, lambda each: each.start(self, now, instant=self._instant, urgent=urgent))

    def _guard(self, sender: PictureSender, act: Callable[[PictureSender], None]) -> None:
        try:
            act(sender)
        except Exception as fault:
            self._end(sender, fault)
            return
        if sender.held:
            self._hold(sender)

    def _end(self, sender: PictureSender, fault: Exception) -> None:
        failed = self._senders.get(sender)
        self.detach(sender)
        self.counters.failed_viewers += 1
        log.error(
            "sending to a viewer of %s/%s failed; it ends here",
            self._rendition.camera_id,
            self.name,
            exc_info=fault,
        )
        if failed is not None:
            failed(fault)

    def _hold(self, sender: PictureSender) -> None:
        self._holding.add(sender)
        self._something_held.set()

    async def _pace(self) -> None:
        while True:
            await self._something_held.wait()
            while self._holding:
                await asyncio.sleep(PACE_TICK)
                self._pump(self._clock())
            self._something_held.clear()

    def _pump(self, now: float) -> None:
        for sender in tuple(self._holding):
            self._holding.discard(sender)
            self._guard(sender, lambda each: each.pump(now))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_TICK)
            now = self._clock()
            newest = self.history.newest
            if newest is None or now - newest.unit.arrived < REPORT_TICK:
                continue
            for sender in tuple(self._senders):
                if sender.report_due(now):
                    self._report_to(sender, now)

    def _report_to(self, sender: PictureSender, now: float) -> None:
        newest = self.history.newest
        if newest is not None and sender.report_due(now):
            here = reference(newest.unit, now, self._utc())
            self._guard(sender, lambda each: each.report(now, here))
