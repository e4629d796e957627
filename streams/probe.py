"""One look at a camera: does it answer, what does it send. For people who set cameras up.

One session, ended with TEARDOWN; nothing is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.access_unit import AccessUnit
from streams.camera import Camera, Credentials, ProfileName
from streams.counters import Counters
from streams.demux.process import Demuxers
from streams.errors import CameraError
from streams.parameter_sets import Format
from streams.policies import Policies
from streams.rendition import Rendition
from streams.retry import Door, Refusals
from streams.source import Source
from streams.state import Reason
from streams.timeline import TICKS, CameraTimeline


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was seen. `reason` and `detail` say why there was no picture; None and empty if there was one."""

    reason: Reason | None
    detail: str
    codec: str | None = None
    format: Format | None = None  # from the parameter sets themselves, described or in band
    first_picture_s: float | None = None  # from the beginning of the attempt
    pictures: int = 0
    frames_per_second: float | None = None  # seen, not announced
    keyframe_interval_s: float | None = None  # seen; None if there was one keyframe only
    watched_s: float = 0.0  # from the first picture to the newest
    has_b_slices: bool = False
    reorders: bool = False  # pictures come in another order than they are shown in
    clock_offset_s: float | None = None  # camera's clock minus ours, from RTCP SR; None without one
    counters: Counters | None = None

    @property
    def ok(self) -> bool:
        """Whether a picture came."""
        return self.reason is None


async def probe(
    camera: Camera,
    profile: ProfileName,
    credentials: Credentials | None,
    *,
    deadline: float = 10.0,
    watch_s: float = 2.0,
    keyframes: int = 1,
    policies: Policies | None = None,
    demuxers: Demuxers | None = None,
    utc: Callable[[], float] = time.time,
) -> ProbeResult:
    """Play the profile until `watch_s` seconds after its first picture and that many keyframes, at most for
    `deadline` seconds."""
    policies = policies or Policies()
    rendition = Rendition(camera.id, profile.value, CameraTimeline())
    source = Source(
        rendition,
        profile,
        lambda: camera,
        lambda: credentials,
        Refusals(policies),
        Door(policies),
        policies,
        urgent=lambda: False,
        demuxers=demuxers,
    )
    began = time.monotonic()
    notes = _Notes(watch_s, keyframes, utc)
    detach = rendition.ring.listen(notes.note)
    failure: CameraError | None = None

    async def play() -> None:
        nonlocal failure
        try:
            await source._run_once(credentials)
        except CameraError as error:
            failure = error
        finally:
            notes.enough.set()

    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(play(), name=f"probe/{camera.id}/{profile.value}")
        try:
            async with asyncio.timeout(deadline):
                await notes.enough.wait()
        except TimeoutError:
            pass  # what was seen until now is the result
        playing.cancel()
    detach()
    if notes.first is None and failure is None:
        failure = CameraError(Reason.TIMEOUT, f"no picture within {deadline:g} s")
    known = rendition.format
    return ProbeResult(
        failure.reason if failure is not None and notes.first is None else None,
        failure.detail if failure is not None else "",
        rendition.codec if known or notes.first is not None else None,
        known,
        None if notes.first is None else notes.first.arrived - began,
        notes.count,
        notes.frames_per_second,
        notes.keyframe_interval_s,
        notes.watched_s,
        rendition.has_b_slices,
        rendition.reorders,
        notes.clock_offset_s,
        rendition.counters,
    )


class _Notes:
    """What the pictures of one look say together."""

    def __init__(self, watch_s: float, keyframes: int, utc: Callable[[], float]) -> None:
        self._watch_s = watch_s
        self._enough_keyframes = keyframes
        self._utc = utc
        self.enough = asyncio.Event()
        self.first: AccessUnit | None = None
        self.newest: AccessUnit | None = None
        self.count = 0
        self.clock_offset_s: float | None = None
        self._keyframes: list[int] = []

    def note(self, unit: AccessUnit) -> None:
        self.first = self.first or unit
        self.newest = unit
        self.count += 1
        if unit.is_idr:
            self._keyframes.append(unit.media_time)
        if unit.captured is not None:
            self.clock_offset_s = unit.captured - self._utc()
        if self.watched_s >= self._watch_s and len(self._keyframes) >= self._enough_keyframes:
            self.enough.set()

    @property
    def watched_s(self) -> float:
        if self.first is None or self.newest is None:
            return 0.0
        return self.newest.arrived - self.first.arrived

    @property
    def frames_per_second(self) -> float | None:
        if self.first is None or self.newest is None or self.count < 2:
            return None
        return (self.count - 1) * TICKS / (self.newest.media_time - self.first.media_time)

    @property
    def keyframe_interval_s(self) -> float | None:
        if len(self._keyframes) < 2:
            return None
        return (self._keyframes[-1] - self._keyframes[0]) / (len(self._keyframes) - 1) / TICKS
