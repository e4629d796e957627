"""Looks at the newest keyframe of every camera whose pictures come in, one at a time, and says what is wrong.

The shell of `watch.py`: one worker thread for all cameras, never the loop's. After each look it rests nine
times as long as the look took by the clock, so that it takes a tenth of one core at most and, on a machine
that is busy, less: keyframes that come meanwhile are passed over, not queued. Views that were learnt are kept
by whoever composes this (`ViewKeeper`). State belongs to the event loop's thread, each camera's memory to the
worker while it looks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import cv2

from streams.camera import Polygon, ProfileName
from streams.decoder import decode_alone
from streams.keyframe import Keyframe
from streams.mask import Mask
from streams.threads import in_thread
from streams.watch.fault import Finding
from streams.watch.look import Flags, look_at, seen_through
from streams.watch.reference import Reference
from streams.watch.watch import Light, Watch

log = logging.getLogger(__name__)

_TICK_S = 0.25
_SHARE = 0.1  # of the time
_KEEPER_S = 5.0
_GONE_S = 10.0  # without a keyframe to be had: nothing is known any more
_FORGET_S = 60.0
_AFTER_FAILURE_S = 60.0


class ViewKeeper(Protocol):
    """Keeps cameras' reference views, to it opaque bytes. May raise what it likes: it is asked again."""

    async def load(self, camera_id: str) -> Mapping[str, bytes]:
        """The views of a camera by their light."""
        ...

    async def save(self, camera_id: str, views: Mapping[str, bytes]) -> None:
        """Keep views, each instead of the one of the same light."""
        ...


class NotWatched(LookupError):
    """No picture of the camera has been looked at lately."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of one camera's picture. looked_at: monotonic seconds. light: by which it was taken; None
    where nothing could be seen yet. views: the lights whose reference view is known."""

    findings: tuple[Finding, ...]
    looked_at: float
    light: Light | None
    views: frozenset[Light]


@dataclass(slots=True)
class _Seat:
    """One camera. The first four are the worker's."""

    watch: Watch
    masks: tuple[Polygon, ...] = ()
    mask: Mask | None = None
    seen: Flags | None = None
    newest: tuple[ProfileName, int] | None = None  # keyframe looked at
    due_at: float = 0.0
    here_at: float = 0.0  # a keyframe was to be had
    known: Watched | None = None
    accepted: bool = False  # the view is to be learnt anew
    unsaved: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Result:
    known: Watched | None  # None where the keyframe could not be decoded
    views: Mapping[str, bytes]
    cpu_s: float


class Watcher:
    """See the module. keyframes: what there is to look at, by camera (`CameraHub.keyframes`). interval:
    seconds between two looks at a camera, at least. turned: whether somebody turns it on purpose. looks,
    failures, cpu_s: since the start."""

    def __init__(
        self,
        keyframes: Callable[[], Mapping[str, Keyframe]],
        keeper: ViewKeeper,
        *,
        interval: float = 2.0,
        turned: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keyframes = keyframes
        self._keeper = keeper
        self._interval = interval
        self._turned = turned
        self._clock = clock
        self._seats: dict[str, _Seat] = {}
        self._saving = asyncio.Lock()
        self.looks = 0
        self.failures = 0
        self.cpu_s = 0.0

    def watched(self, camera_id: str) -> Watched | None:
        """What is known of a camera's picture; None where it is not looked at."""
        seat = self._seats.get(camera_id)
        return seat.known if seat is not None else None

    def findings(self, camera_id: str) -> tuple[Finding, ...]:
        """What is wrong with a camera's picture, the weightiest first."""
        known = self.watched(camera_id)
        return known.findings if known is not None else ()

    @asynccontextmanager
    async def accepting_view(self, camera_id: str) -> AsyncIterator[None]:
        """What the camera sees now is how it should be. The block forgets the views that are kept; when it
        ends well, the view is learnt anew. Raises `NotWatched`."""
        if self.watched(camera_id) is None:
            raise NotWatched(camera_id)
        async with self._saving:  # nothing of before may be written after the block
            yield
            seat = self._seats.get(camera_id)
            if seat is not None:
                seat.accepted = True
                seat.unsaved.clear()

    async def run(self) -> None:
        """Look, until cancelled; then wait for the look that is under way."""
        # OpenCV's own threads would only fight with ours over small pictures. The setting is the process's.
        pool = ThreadPoolExecutor(
            1, thread_name_prefix="picture-watch", initializer=cv2.setNumThreads, initargs=(1,)
        )
        try:
            while True:
                begin = self._clock()
                looked = await self._look_at_next(pool, begin)
                passed = self._clock() - begin
                await asyncio.sleep(passed * (1 / _SHARE - 1) if looked else _TICK_S)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    async def _look_at_next(self, pool: ThreadPoolExecutor, now: float) -> bool:
        """Whether there was anything to look at."""
        there = self._keyframes()
        self._tidy(there, now)
        due = [
            (self._seats[camera_id].due_at if camera_id in self._seats else 0.0, camera_id)
            for camera_id, keyframe in there.items()
            if self._is_due(camera_id, keyframe, now)
        ]
        if not due:
            return False
        _, camera_id = min(due)  # who has waited longest
        await self._look_at(pool, there[camera_id], now)
        return True

    def _is_due(self, camera_id: str, keyframe: Keyframe, now: float) -> bool:
        seat = self._seats.get(camera_id)
        return seat is None or (
            now >= seat.due_at and seat.newest != (keyframe.profile, keyframe.unit.number)
        )

    def _tidy(self, there: Mapping[str, Keyframe], now: float) -> None:
        for camera_id, seat in list(self._seats.items()):
            if camera_id in there:
                seat.here_at = now
            elif now - seat.here_at > _FORGET_S and not seat.unsaved:
                del self._seats[camera_id]
            elif now - seat.here_at > _GONE_S:
                seat.known = None

    async def _look_at(self, pool: ThreadPoolExecutor, keyframe: Keyframe, now: float) -> None:
        camera_id = keyframe.camera_id
        seat = self._seats.get(camera_id)
        if seat is None:
            seat = await self._taken(camera_id, now)
            if seat is None:
                return
        seat.newest, seat.due_at = (keyframe.profile, keyframe.unit.number), now + self._interval
        accepted, seat.accepted = seat.accepted, False
        try:
            turned = self._turned(camera_id)
            result = await in_thread(pool, lambda: _look(seat, keyframe, accepted, turned))
        except Exception:
            # One camera's fault must not blind the watch of the others.
            log.exception("camera %s: its picture cannot be judged", camera_id)
            self.failures += 1
            seat.due_at = now + _AFTER_FAILURE_S
            return
        self.looks += 1
        self.cpu_s += result.cpu_s
        if result.known is None:
            self.failures += 1
            return
        self._tell(camera_id, seat, result.known)
        if not seat.accepted:  # else they are of the view before
            seat.unsaved.update(result.views)
        if seat.unsaved:
            await self._save(camera_id, seat)

    def _tell(self, camera_id: str, seat: _Seat, known: Watched) -> None:
        before = {finding.fault for finding in seat.known.findings} if seat.known is not None else set()
        after = {finding.fault for finding in known.findings}
        for fault in after - before:
            log.warning("camera %s: the picture is %s", camera_id, fault)
        for fault in before - after:
            log.info("camera %s: the picture is no longer %s", camera_id, fault)
        seat.known = known

    async def _taken(self, camera_id: str, now: float) -> _Seat | None:
        """A camera's seat, its views loaded. None where they cannot be had now: without them, the first
        picture of a camera that was turned would be learnt as its view."""
        try:
            async with asyncio.timeout(_KEEPER_S):
                kept = await self._keeper.load(camera_id)
        except Exception as error:
            log.error("camera %s: its reference views cannot be read (%s)", camera_id, type(error).__name__)
            return None
        references: dict[Light, Reference] = {}
        for light, packed in kept.items():
            try:
                references[Light(light)] = Reference.unpacked(packed)
            except ValueError as error:
                log.warning("camera %s: its view by %s is learnt anew: %s", camera_id, light, error)
        seat = self._seats[camera_id] = _Seat(Watch(references), here_at=now)
        return seat

    async def _save(self, camera_id: str, seat: _Seat) -> None:
        async with self._saving:
            views = dict(seat.unsaved)
            try:
                async with asyncio.timeout(_KEEPER_S):
                    await self._keeper.save(camera_id, views)
            except Exception as error:
                # They stay, and are tried again after the next look.
                log.error("camera %s: its view cannot be kept (%s)", camera_id, type(error).__name__)
                return
            for light, view in views.items():
                if seat.unsaved.get(light) is view:
                    del seat.unsaved[light]


def _look(seat: _Seat, keyframe: Keyframe, accepted: bool, turned: bool) -> _Result:
    """In the worker: decode, measure, judge."""
    begin = time.thread_time()
    if accepted:
        seat.watch.accept_view()
    if seat.masks != keyframe.masks:
        seat.masks = keyframe.masks
        seat.mask = Mask(keyframe.masks) if keyframe.masks else None
        seat.seen = seen_through(keyframe.masks) if keyframe.masks else None
    frame = decode_alone(keyframe.codec, keyframe.unit, seat.mask)
    if frame is None:
        return _Result(None, {}, time.thread_time() - begin)
    source = (keyframe.profile, keyframe.codec, frame.width, frame.height, keyframe.masks)
    seat.watch.see(look_at(frame, seat.seen), keyframe.unit.arrived, source, turned=turned)
    known = Watched(seat.watch.findings, keyframe.unit.arrived, seat.watch.light, seat.watch.known)
    views = {light.value: reference.packed() for light, reference in seat.watch.to_save().items()}
    return _Result(known, views, time.thread_time() - begin)
