"""Who holds which camera, and therefore what runs: one RTSP session per camera and profile, one encoder per
rendition, however many watch. Owns all tasks of the media side.

The one door: what `hold` and `rendition` give is what may leave. Of a masked camera that is what was made
with its masks and nothing else; the pictures as they come stay inside (`intake.py`).

State belongs to the event loop's thread; nothing here blocks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from hashlib import blake2b
from types import TracebackType
from typing import Any

from streams.access_unit import taken_at
from streams.camera import Camera, Credentials, ProfileName, RenditionName
from streams.counters import Counters
from streams.demux.process import Demuxers
from streams.errors import UnknownCameraError
from streams.freshness import Freshness
from streams.intake import Intake
from streams.keyframe import Keyframe
from streams.outlet import House, Outlet
from streams.passable import Obstacle, obstacle
from streams.policies import Policies
from streams.recipe import Overlay, Transcoding
from streams.rendition import Rendition
from streams.retry import Door, Refusals
from streams.ring import Ring
from streams.signal import Signal
from streams.source import Source
from streams.state import Live
from streams.still import Darkroom, Order, Still, keyframe
from streams.timeline import CameraTimeline
from streams.workshop import Workshop

log = logging.getLogger(__name__)

AnyName = ProfileName | RenditionName


class Hold:
    """Somebody wants a camera's pictures. Release it, or use it as a context manager.

    profile: the camera's profile that they really come from: `main` where the camera has no `sub`.
    """

    def __init__(self, outlet: Outlet, urgent: bool) -> None:
        self._outlet: Outlet | None = outlet
        self.rendition = outlet.rendition
        self.profile = outlet.profile
        self.name = outlet.name
        self.urgent = urgent

    def release(self) -> None:
        """Want them no more. Releasing again does nothing."""
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.release(self)

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class RenditionInfo:
    """One rendition that a viewer could have.

    codec: what it is sent in. passable: a browser can take it. made: encoded here, at a cost. Sizes are None
    before the camera has told; bitrate is the most that a made one takes, bit/s, None for the camera's own.
    reorders: it is sent in another order than shown.
    """

    name: RenditionName
    codec: str
    passable: bool
    made: bool
    width: int | None
    height: int | None
    bitrate: int | None
    reorders: bool = False


class CameraHub:
    """The cameras' sources and renditions, started by the first hold and stopped after the last.

    cameras, credentials: look-ups by camera id, called in the event loop at each attempt: they must be quick.
    linger: seconds that things go on after their last hold or reader, so that a switch of views costs no new
    session. policies: how to treat a camera, by its id. transcoding: how this machine transcodes. keyframes:
    asks a camera itself for a keyframe of a profile; it neither waits nor raises. demuxers: of this machine.
    """

    def __init__(
        self,
        cameras: Callable[[str], Camera | None],
        credentials: Callable[[str], Credentials | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        linger: float = 5.0,
        policies: Callable[[str], Policies] = lambda _: Policies(),
        transcoding: Transcoding | None = None,
        keyframes: Callable[[str, ProfileName], None] | None = None,
        demuxers: Demuxers | None = None,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self._cameras = cameras
        self._credentials = credentials
        self._clock = clock
        self._policies = policies
        self.workshop = Workshop(transcoding, clock)
        self._demuxers = demuxers or Demuxers()
        self._utc = utc
        self._darkroom = Darkroom(self.workshop.settings.utc_offset_h)
        self._house = House(cameras, self.workshop, self._spawn, clock, linger, keyframes)
        self._intakes: dict[tuple[str, ProfileName], Intake] = {}
        self._outlets: dict[tuple[str, RenditionName, Overlay | None], Outlet] = {}
        self._timelines: dict[str, CameraTimeline] = {}
        self._refusals: dict[str, Refusals] = {}
        self._doors: dict[str, Door] = {}
        self._signal = Signal()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Run what is held, until cancelled; then each source says TEARDOWN, within its deadline."""
        if self._tasks is not None:
            raise RuntimeError("the hub is running already")
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    for intake in self._intakes.values():
                        intake.start()
                    await asyncio.get_running_loop().create_future()
                finally:
                    self._tasks = None  # from here on nothing starts any more
                    for outlet in self._outlets.values():
                        outlet.cancel_timers()
        finally:
            self._darkroom.close()
            await self.workshop.close()

    def hold(self, camera_id: str, name: AnyName, *, urgent: bool, overlay: Overlay | None = None) -> Hold:
        """Want a camera's pictures. `urgent`: somebody has the right to look now, so retry every second.

        overlay: text on the picture; such a rendition is made here, apart from the one without. Before `run`
        the source starts as soon as the hub does. Raises `UnknownCameraError`.
        """
        outlet = self._outlet(camera_id, RenditionName(name), overlay)
        hold = Hold(outlet, urgent)
        outlet.hold(hold)
        return hold

    def rendition(self, camera_id: str, name: AnyName, overlay: Overlay | None = None) -> Rendition | None:
        """The rendition of that name, or `main`'s where the camera has no such profile; None if unknown."""
        try:
            return self._outlet(camera_id, RenditionName(name), overlay).rendition
        except UnknownCameraError:
            return None

    def renditions(self, camera_id: str) -> list[Rendition]:
        """The camera's renditions that anybody has ever asked for, and may have."""
        camera = self._cameras(camera_id)
        masked = camera is not None and bool(camera.masks)
        return [
            outlet.rendition
            for (known, name, _), outlet in self._outlets.items()
            if known == camera_id and not (masked and name is RenditionName.SOURCE)
        ]

    def in_use(self, camera_id: str) -> bool:
        """Whether there is a session with the camera, or is to be one: somebody watches it or may look."""
        return any(
            intake.runs or intake.outlets
            for (known, _), intake in self._intakes.items()
            if known == camera_id
        )

    def obstacle(self, camera_id: str, profile: ProfileName = ProfileName.MAIN) -> Obstacle | None:
        """Why a profile's pictures are transcoded, as far as is known; None if they are passed through."""
        camera = self._cameras(camera_id)
        intake = self._intakes.get((camera_id, profile))
        if camera is None or intake is None:
            return None
        raw = intake.raw
        return obstacle(raw.codec, raw.format, reorders=raw.reorders, masked=bool(camera.masks))

    def ladder(self, camera_id: str) -> tuple[RenditionInfo, ...]:
        """What a viewer could have of a camera, the largest first. Empty for an unknown camera.

        Made ones that would be no smaller than the camera's own are left out. `source` is there where the
        camera sends what not every browser takes.
        """
        camera = self._cameras(camera_id)
        if camera is None or ProfileName.MAIN not in camera.profiles:
            return ()
        names = [RenditionName.MAIN, RenditionName.HIGH, RenditionName.MEDIUM, RenditionName.SUB]
        found: list[RenditionInfo] = []
        if not camera.masks and self.obstacle(camera_id) is not None:
            found.append(self._info(camera_id, RenditionName.SOURCE))
        for name in (*names, RenditionName.LOW):
            if name is RenditionName.SUB and ProfileName.SUB not in camera.profiles:
                continue
            info = self._info(camera_id, name)
            main = self._raw_size(camera_id, ProfileName.MAIN)
            if name in (RenditionName.HIGH, RenditionName.MEDIUM) and main == (info.width, info.height):
                continue
            found.append(info)
        return tuple(found)

    def keyframes(self) -> dict[str, Keyframe]:
        """The newest keyframe of every camera whose pictures come in: of its sub stream where that runs, for
        it costs a tenth to decode. They are as the camera sent them, for the watch inside this house alone
        (`watch/watcher.py`), which shows nothing to anybody."""
        found: dict[str, Keyframe] = {}
        for (camera_id, profile), intake in self._intakes.items():
            raw, camera = intake.raw, self._cameras(camera_id)
            known = found.get(camera_id)
            if camera is None or not isinstance(raw.state, Live):
                continue
            if known is not None and known.profile is ProfileName.SUB:
                continue
            newest = raw.ring.newest_idr
            unit = raw.ring.get(newest) if newest is not None else None
            if unit is not None:
                found[camera_id] = Keyframe(camera_id, profile, raw.codec, unit, camera.masks)
        return found

    async def still(
        self,
        camera_id: str,
        name: ProfileName,
        *,
        overlay: Overlay | None = None,
        width: int | None = None,
        patience: float = 5.0,
    ) -> Still:
        """The newest keyframe of a profile as a JPEG, with the camera's masks and `overlay` on it.

        A camera that nobody holds is held for it. width: at most, None as the camera sends it. patience:
        seconds to wait for a keyframe. Raises `UnknownCameraError`, `CameraError` where the camera gives no
        picture, `StillError`.
        """
        with self.hold(camera_id, name, urgent=False) as hold:
            raw = self._intakes[camera_id, hold.profile].raw
            while True:
                unit = await keyframe(raw, patience)
                camera = self._cameras(camera_id)
                if camera is None:
                    raise UnknownCameraError("no such camera")
                taken = taken_at(unit.captured, self._utc() - (self._clock() - unit.arrived))
                source = (camera_id, hold.profile)
                order = Order(source, raw.codec, unit, camera.name, camera.masks, overlay, width, taken)
                still = await self._darkroom.develop(order)
                now = self._cameras(camera_id)
                if now is not None and now.masks == camera.masks:
                    return still

    def refresh(self, camera_id: str) -> None:
        """The camera's record or password changed: a running session ends, a waiting one tries at once. Its
        masks hold, as after `remask`."""
        self.remask(camera_id)
        for (known, _), intake in self._intakes.items():
            if known == camera_id:
                intake.stop()

    def remask(self, camera_id: str) -> None:
        """The camera's masks changed: they hold from this moment on. Nothing that was there before can be had
        any more; its session goes on."""
        self._darkroom.forget()
        concerned = [outlet for (known, _, _), outlet in self._outlets.items() if known == camera_id]
        for outlet in concerned:
            outlet.drop()
        for outlet in concerned:
            outlet.route()

    @property
    def version(self) -> int:
        """Counts changes of any rendition's state; see `changed`."""
        return self._signal.version

    async def changed(self, seen: int) -> int:
        """Wait until `version` is another than `seen`; returns it. Set a deadline around it."""
        return await self._signal.changed(seen)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        if self._tasks is None:
            work.close()
            return None
        return self._tasks.create_task(work, name=name)

    def _raw_size(self, camera_id: str, profile: ProfileName) -> tuple[int, int] | None:
        intake = self._intakes.get((camera_id, profile))
        known = intake.raw.format if intake is not None else None
        return None if known is None else (known.width, known.height)

    def _info(self, camera_id: str, name: RenditionName) -> RenditionInfo:
        camera = self._cameras(camera_id)
        assert camera is not None
        profile = _profile_of(camera, name)
        intake = self._intakes.get((camera_id, profile))
        codec = intake.raw.codec if intake is not None else "H264"
        size = self._raw_size(camera_id, profile)
        hindered = self.obstacle(camera_id, profile)
        made = name is not RenditionName.SOURCE and (
            hindered is not None or name not in (RenditionName.MAIN, RenditionName.SUB)
        )
        bitrate = None
        if made:
            recipe = self.workshop.settings.recipes[name]
            codec = "H264"
            size = recipe.size(*size) if size is not None else None
            bitrate = recipe.bitrate if size is None else recipe.rate(size)
        passable = made or hindered is None
        width, height = size if size is not None else (None, None)
        reorders = not made and intake is not None and intake.raw.reorders
        return RenditionInfo(name, codec, passable, made, width, height, bitrate, reorders)

    def _outlet(self, camera_id: str, name: RenditionName, overlay: Overlay | None) -> Outlet:
        camera = self._cameras(camera_id)
        if camera is None:
            raise UnknownCameraError("no such camera")
        if ProfileName.MAIN not in camera.profiles:
            raise UnknownCameraError("the camera has no main profile")
        if name is RenditionName.SOURCE and (camera.masks or overlay is not None):
            raise UnknownCameraError("the camera's pictures are not given out as they come")
        if name is RenditionName.SUB and ProfileName.SUB not in camera.profiles:
            name = RenditionName.MAIN
        key = (camera_id, name, overlay)
        outlet = self._outlets.get(key)
        if outlet is None:
            outlet = self._outlets[key] = self._make(camera, name, overlay)
        return outlet

    def _make(self, camera: Camera, name: RenditionName, overlay: Overlay | None) -> Outlet:
        profile = _profile_of(camera, name)
        intake = self._intakes.get((camera.id, profile))
        if intake is None:
            intake = self._intakes[camera.id, profile] = self._take_in(camera.id, profile)
        own = name in (RenditionName.MAIN, RenditionName.SUB) and overlay is None
        # Its own forms count what the camera sent; what is made counts itself.
        counters = intake.raw.counters if own else Counters()
        label = name.value
        if overlay is not None:
            label += "+" + blake2b(repr(overlay).encode(), digest_size=4).hexdigest()
        rendition = self._rendition(camera.id, label, counters, self._signal.notify)
        return Outlet(name, overlay, rendition, intake, self._house)

    def _take_in(self, camera_id: str, profile: ProfileName) -> Intake:
        policies = self._policies(camera_id)
        raw = self._rendition(camera_id, profile.value, Counters(), lambda: intake.changed())  # noqa: PLW0108
        intake = Intake(raw, profile, self.workshop, self._spawn)
        intake.source = Source(
            raw,
            profile,
            lambda: self._cameras(camera_id),
            lambda: self._credentials(camera_id),
            self._refusals.setdefault(camera_id, Refusals(policies)),
            self._doors.setdefault(camera_id, Door(policies)),
            policies,
            urgent=lambda: intake.urgent,
            on_described=intake.described,
            demuxers=self._demuxers,
            clock=self._clock,
        )
        return intake

    def _rendition(
        self, camera_id: str, name: str, counters: Counters, on_change: Callable[[], None]
    ) -> Rendition:
        policies = self._policies(camera_id)
        return Rendition(
            camera_id,
            name,
            self._timelines.setdefault(camera_id, CameraTimeline()),
            ring=Ring(),
            freshness=Freshness(policies.stall_floor_s, policies.stall_intervals),
            clock=self._clock,
            on_change=on_change,
            counters=counters,
        )


def _profile_of(camera: Camera, name: RenditionName) -> ProfileName:
    """Where a rendition's pictures come from. `low` is made of the sub stream where there is one: it is small
    already, and its decoder costs a tenth."""
    if name in (RenditionName.SUB, RenditionName.LOW):
        return camera.nearest_profile(ProfileName.SUB)
    return ProfileName.MAIN
