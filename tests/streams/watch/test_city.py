"""A simulated camera, our source, and the watch: every fault of the picture, from the lens to the finding."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from streams.camera import Camera, ProfileName
from streams.hub import CameraHub
from streams.simulator.camera import SimulatedCamera
from streams.simulator.city import SimulatedCity
from streams.simulator.fault import PICTURE, Fault, FaultKind
from streams.simulator.scenes.light import Light
from streams.watch.fault import PictureFault
from streams.watch.watcher import Watcher
from tests.support.waiting import until

FAULTS = {
    FaultKind.FREEZE: PictureFault.FROZEN,
    FaultKind.BLACK: PictureFault.BLACK,
    FaultKind.COVER: PictureFault.COVERED,
    FaultKind.BLUR: PictureFault.DEFOCUSED,
    FaultKind.TURN: PictureFault.MOVED,
}
_DEADLINE_S = 50.0  # eight keyframes on a busy machine


class Nothing:
    """Keeps no view."""

    async def load(self, camera_id: str) -> Mapping[str, bytes]:
        return {}

    async def save(self, camera_id: str, views: Mapping[str, bytes]) -> None:
        return None


def test_every_fault_of_the_picture_has_its_finding() -> None:
    assert FAULTS.keys() == PICTURE
    assert set(FAULTS.values()) == set(PictureFault)


@pytest.mark.timeout(300)
async def test_each_fault_is_found_and_passes() -> None:
    simulated = SimulatedCamera("cam", "Camera", scene="alley", size=(640, 360), sub_size=None, gop_s=0.3)
    city = SimulatedCity([simulated], control_port=None, workers=1, light=Light.DAY)
    serving = asyncio.create_task(city.run())
    async with asyncio.timeout(_DEADLINE_S):
        await city.started.wait()
    camera = Camera("cam", "Camera", {ProfileName.MAIN: city.address("cam")})
    hub = CameraHub({"cam": camera}.get, lambda _: None)
    watcher = Watcher(hub.keyframes, Nothing(), interval=0.0)
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(watcher.run())]
    try:
        await asyncio.sleep(0)
        assert hub.keyframes() == {}
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await until(lambda: (known := watcher.watched("cam")) and known.views, deadline=_DEADLINE_S)
            assert watcher.findings("cam") == ()
            for kind, fault in FAULTS.items():
                city.set_fault("cam", Fault(kind))
                await until(
                    lambda: {finding.fault for finding in watcher.findings("cam")},
                    f"{kind} is found",
                    deadline=_DEADLINE_S,
                )
                assert [finding.fault for finding in watcher.findings("cam")] == [fault]
                city.set_fault("cam", None)
                await until(lambda: not watcher.findings("cam"), f"{kind} passes", deadline=_DEADLINE_S)
    finally:
        for task in reversed(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def profile_of(hub: CameraHub) -> ProfileName | None:
    """Of the keyframe there is; on a busy machine there may be none for a moment."""
    keyframe = hub.keyframes().get("cam")
    return None if keyframe is None or not keyframe.unit.is_idr else keyframe.profile


async def test_the_sub_stream_is_preferred() -> None:
    simulated = SimulatedCamera("cam", "Camera", size=(320, 240), sub_size=(160, 120), gop_s=0.3)
    city = SimulatedCity([simulated], control_port=None, workers=1)
    serving = asyncio.create_task(city.run())
    async with asyncio.timeout(20):
        await city.started.wait()
    camera = Camera("cam", "Camera", city.addresses("cam"))
    hub = CameraHub({"cam": camera}.get, lambda _: None, linger=0.0)
    running = asyncio.create_task(hub.run())
    try:
        await asyncio.sleep(0)
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await until(hub.keyframes, deadline=_DEADLINE_S)
            await until(lambda: profile_of(hub) is ProfileName.MAIN, deadline=_DEADLINE_S)
            with hub.hold("cam", ProfileName.SUB, urgent=True):
                await until(lambda: profile_of(hub) is ProfileName.SUB, deadline=_DEADLINE_S)
            await until(lambda: profile_of(hub) is ProfileName.MAIN, deadline=_DEADLINE_S)
        await until(lambda: hub.keyframes() == {}, deadline=_DEADLINE_S)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
