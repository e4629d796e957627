"""Who holds which camera, and therefore which sources run: one RTSP session per camera and profile, however
many watch. Owns all source tasks.

State belongs to the event loop's thread; nothing here blocks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType

from streams.camera import Camera, Credentials, ProfileName
from streams.errors import UnknownCameraError
from streams.freshness import Freshness
from streams.policies import Policies
from streams.rendition import Rendition
from streams.retry import Refusals
from streams.ring import Ring
from streams.signal import Signal
from streams.source import Source
from streams.timeline import CameraTimeline

log = logging.getLogger(__name__)


class Hold:
    """Somebody wants a camera's pictures. Release it, or use it as a context manager."""

    def __init__(self, hub: CameraHub, entry: _Entry, urgent: bool) -> None:
        self._hub = hub
        self._entry: _Entry | None = entry
        self.rendition = entry.rendition
        self.profile = entry.profile  # the one really held: `main` where the camera has no `sub`
        self.urgent = urgent

    def release(self) -> None:
        """Want them no more. Releasing again does nothing."""
        entry, self._entry = self._entry, None
        if entry is not None:
            self._hub._released(entry, self)

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class _Entry:
    """One camera and profile: its rendition for good, its source while it is held."""

    def __init__(self, rendition: Rendition, profile: ProfileName, source: Source) -> None:
        self.rendition = rendition
        self.profile = profile
        self.source = source
        self.holds: set[Hold] = set()
        self.task: asyncio.Task[None] | None = None
        self.linger: asyncio.TimerHandle | None = None
        self.stopping = False

    def cancel_linger(self) -> None:
        """Somebody wants it again, or it stops now."""
        if self.linger is not None:
            self.linger.cancel()
            self.linger = None


class CameraHub:
    """The cameras' sources, started by the first hold and stopped after the last.

    cameras, credentials: look-ups by camera id, called in the event loop at each attempt: they must be quick.
    linger: seconds a source goes on after its last hold, so that a switch of views costs no new session.
    policies: how to treat a camera, by its id.
    """

    def __init__(
        self,
        cameras: Callable[[str], Camera | None],
        credentials: Callable[[str], Credentials | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        linger: float = 5.0,
        policies: Callable[[str], Policies] = lambda _: Policies(),
    ) -> None:
        self._cameras = cameras
        self._credentials = credentials
        self._clock = clock
        self._linger = linger
        self._policies = policies
        self._entries: dict[tuple[str, ProfileName], _Entry] = {}
        self._timelines: dict[str, CameraTimeline] = {}
        self._refusals: dict[str, Refusals] = {}
        self._signal = Signal()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Run the sources that are held, until cancelled; then each says TEARDOWN, within its deadline."""
        if self._tasks is not None:
            raise RuntimeError("the hub is running already")
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                for entry in self._entries.values():
                    if entry.holds:
                        self._start(entry)
                await asyncio.get_running_loop().create_future()
            finally:
                self._tasks = None  # from here on nothing starts any more
                for entry in self._entries.values():
                    entry.cancel_linger()

    def hold(self, camera_id: str, profile: ProfileName, *, urgent: bool) -> Hold:
        """Want a camera's pictures. `urgent`: somebody has the right to look now, so retry every second.

        Before `run` the source starts as soon as the hub does. Raises `UnknownCameraError`.
        """
        entry = self._entry(camera_id, profile)
        hold = Hold(self, entry, urgent)
        was_urgent = _urgent(entry)
        entry.holds.add(hold)
        entry.cancel_linger()
        if entry.task is None:
            self._start(entry)
        elif urgent and not was_urgent:
            entry.source.wake()
        return hold

    def rendition(self, camera_id: str, profile: ProfileName) -> Rendition | None:
        """The profile's rendition, or `main`'s where the camera has no such profile; None if unknown."""
        camera = self._cameras(camera_id)
        if camera is None or ProfileName.MAIN not in camera.profiles:
            return None
        return self._entry(camera_id, profile).rendition

    def renditions(self, camera_id: str) -> list[Rendition]:
        """The camera's renditions that anybody has ever asked for."""
        return [entry.rendition for (known, _), entry in self._entries.items() if known == camera_id]

    def refresh(self, camera_id: str) -> None:
        """The camera's record or password changed: a running session ends, a waiting one tries at once."""
        for (known, _), entry in self._entries.items():
            if known == camera_id and entry.task is not None and not entry.stopping:
                self._stop(entry)

    @property
    def version(self) -> int:
        """Counts changes of any rendition's state; see `changed`."""
        return self._signal.version

    async def changed(self, seen: int) -> int:
        """Wait until `version` is another than `seen`; returns it. Set a deadline around it."""
        return await self._signal.changed(seen)

    def _entry(self, camera_id: str, profile: ProfileName) -> _Entry:
        camera = self._cameras(camera_id)
        if camera is None:
            raise UnknownCameraError("no such camera")
        profile = camera.nearest_profile(profile)
        if profile not in camera.profiles:
            raise UnknownCameraError("the camera has no main profile")
        entry = self._entries.get((camera_id, profile))
        if entry is None:
            entry = self._make(camera_id, profile)
            self._entries[camera_id, profile] = entry
        return entry

    def _make(self, camera_id: str, profile: ProfileName) -> _Entry:
        policies = self._policies(camera_id)
        rendition = Rendition(
            camera_id,
            profile.value,
            self._timelines.setdefault(camera_id, CameraTimeline()),
            ring=Ring(),
            freshness=Freshness(policies.stall_floor_s, policies.stall_intervals),
            clock=self._clock,
            on_change=self._signal.notify,
        )
        source = Source(
            rendition,
            profile,
            lambda: self._cameras(camera_id),
            lambda: self._credentials(camera_id),
            self._refusals.setdefault(camera_id, Refusals(policies)),
            policies,
            urgent=lambda: _urgent(entry),
            clock=self._clock,
        )
        entry = _Entry(rendition, profile, source)
        return entry

    def _start(self, entry: _Entry) -> None:
        if self._tasks is None or entry.task is not None:
            return
        name = f"source/{entry.rendition.camera_id}/{entry.rendition.name}"
        entry.task = self._tasks.create_task(self._supervise(entry), name=name)

    async def _supervise(self, entry: _Entry) -> None:
        """A source's life, and the next one if it was wanted again while it stopped."""
        try:
            await entry.source.run()
        except Exception:
            # One source's fault must not end the others'.
            log.exception("source %s/%s failed", entry.rendition.camera_id, entry.rendition.name)
        finally:
            entry.task = None
            wanted_again, entry.stopping = entry.stopping and bool(entry.holds), False
            if wanted_again:
                self._start(entry)

    def _released(self, entry: _Entry, hold: Hold) -> None:
        entry.holds.discard(hold)
        if not entry.holds and entry.task is not None and not entry.stopping and entry.linger is None:
            loop = asyncio.get_running_loop()
            entry.linger = loop.call_later(self._linger, self._stop, entry)

    def _stop(self, entry: _Entry) -> None:
        entry.cancel_linger()
        if entry.task is not None and not entry.stopping:
            entry.stopping = True
            entry.task.cancel()


def _urgent(entry: _Entry) -> bool:
    return any(hold.urgent for hold in entry.holds)
