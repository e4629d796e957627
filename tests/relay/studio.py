"""Cameras without a network for the relay's tests: real H.264 by x264, pushed into real renditions.

Belongs here: what stands in for `streams.hub.CameraHub`. Each picture carries the time code, so a viewer can
tell how old it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from fractions import Fraction

import av
import numpy as np

from streams.camera import ProfileName, RenditionName
from streams.errors import UnknownCameraError
from streams.h264 import split_annex_b
from streams.hub import RenditionInfo
from streams.recipe import Overlay
from streams.rendition import Rendition
from streams.rtp import SenderReport
from streams.signal import Signal
from streams.simulator import timecode
from streams.state import Connecting, Offline, Reason
from streams.timeline import CameraTimeline

SIZE = (320, 184)
NAL_IDR = 5


class Encoder:
    """x264 without delay: grey pictures whose bottom row is the time code."""

    def __init__(self, *, gop: int, fps: int, profile: str) -> None:
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height = SIZE
        codec.pix_fmt = "yuv420p"
        codec.thread_count = 1  # more would hold pictures back
        codec.time_base = Fraction(1, fps)
        codec.framerate = Fraction(fps)
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": profile,
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1",
        }
        self._codec = codec
        self._number = 0

    def picture(self, unix_ms: int) -> tuple[bytes, ...]:
        """The NAL units of the next picture, taken at `unix_ms`."""
        width, height = SIZE
        luma = np.full((height, width), 60 + self._number % 100, np.uint8)
        luma[40:80, (self._number * 8) % (width - 40) :][:, :40] = 200
        timecode.draw(luma, unix_ms)
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = luma
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._number
        self._number += 1
        data = b"".join(bytes(packet) for packet in self._codec.encode(frame))
        return tuple(unit for unit in split_annex_b(data) if unit[0] & 0x1F not in (6, 9))


class StudioCamera:
    """One camera: a rendition per profile, fed while `running`."""

    def __init__(self, camera_id: str, *, fps: int, gop: int, profile: str) -> None:
        timeline = CameraTimeline()
        self.fps = fps
        self.renditions = {name: Rendition(camera_id, name.value, timeline) for name in ProfileName}
        self.marked: dict[tuple[ProfileName, Overlay], Rendition] = {}
        self.running = asyncio.Event()
        self.late = 0.0
        """Seconds from taking a picture to sending it."""
        self._encoders = {name: Encoder(gop=gop, fps=fps, profile=profile) for name in ProfileName}

    def shoot(self) -> None:
        """Take one picture with every profile."""
        now, utc = time.monotonic(), time.time() - self.late
        ticks = round(now * 90_000)
        for name, rendition in self.renditions.items():
            units = self._encoders[name].picture(round(utc * 1000))
            is_idr = any(unit[0] & 0x1F == NAL_IDR for unit in units)
            for unit in units:
                if unit[0] & 0x1F == 7:
                    rendition.set_sps(unit)
            rendition.track.report(SenderReport(1, utc, ticks & 0xFFFFFFFF, 0))
            rendition.push(rendition.track.picture(ticks & 0xFFFFFFFF, now), now, is_idr, units)

    def offline(self) -> None:
        """Lose the camera."""
        self.running.clear()
        for rendition in self.renditions.values():
            rendition.set_state(Offline(time.monotonic(), Reason.CLOSED, None))

    def connecting(self) -> None:
        """Have the camera on its way."""
        for rendition in self.renditions.values():
            rendition.set_state(Connecting(time.monotonic()))

    async def run(self) -> None:
        """Take pictures while `running`."""
        due = time.monotonic()
        while True:
            await self.running.wait()
            self.shoot()
            due = max(due + 1 / self.fps, time.monotonic())
            await asyncio.sleep(due - time.monotonic())


class StudioHold:
    def __init__(self, studio: Studio, key: tuple[str, ProfileName]) -> None:
        self._studio, self._key = studio, key
        studio.held.append(key)

    def release(self) -> None:
        """Want it no more."""
        self._studio.held.remove(self._key)


class Studio:
    """Implements `relay.ports.Cameras`. `held`: what is held now."""

    def __init__(self, cameras: dict[str, StudioCamera]) -> None:
        self.cameras = cameras
        self.held: list[tuple[str, ProfileName]] = []
        self.signal = Signal()

    def hold(
        self,
        camera_id: str,
        name: ProfileName | RenditionName,
        *,
        urgent: bool,
        overlay: Overlay | None = None,
    ) -> StudioHold:
        """See `CameraHub`. Profiles only."""
        profile = ProfileName(name)
        if camera_id not in self.cameras:
            raise UnknownCameraError("no such camera")
        return StudioHold(self, (camera_id, profile))

    def rendition(
        self, camera_id: str, name: ProfileName | RenditionName, overlay: Overlay | None = None
    ) -> Rendition | None:
        """See `CameraHub`. The pictures as they come are the main profile's: H.264. Of an overlay that the
        camera is not prepared for there is none."""
        camera = self.cameras.get(camera_id)
        if camera is None:
            return None
        profile = ProfileName.MAIN if name is RenditionName.SOURCE else ProfileName(name)
        return camera.renditions[profile] if overlay is None else camera.marked.get((profile, overlay))

    def ladder(self, camera_id: str) -> tuple[RenditionInfo, ...]:
        """See `CameraHub`: nothing is made here."""
        return ()

    async def changed(self, seen: int) -> int:
        """See `CameraHub`."""
        return await self.signal.changed(seen)


@asynccontextmanager
async def studio(
    names: Collection[str] = ("cam-1",), *, fps: int = 25, gop: int = 25, profile: str = "baseline"
) -> AsyncIterator[Studio]:
    """Cameras that take pictures until the block is left."""
    cameras = {name: StudioCamera(name, fps=fps, gop=gop, profile=profile) for name in names}
    tasks = [asyncio.create_task(camera.run(), name=f"studio {name}") for name, camera in cameras.items()]
    for camera in cameras.values():
        camera.running.set()
    try:
        yield Studio(cameras)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
