"""The simulated city: all its cameras in one event loop, with one small pool of threads for the pictures.

Belongs here: composition and lifetime. It is built from plain values; the demo city's are in `demo.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2

from streams.camera import ProfileName
from streams.simulator.camera import SimulatedCamera
from streams.simulator.control import Control
from streams.simulator.device import Device
from streams.simulator.fault import Fault
from streams.simulator.film import FilmError, check
from streams.simulator.scenes.catalogue import SCENES, TEST_CARD
from streams.simulator.scenes.light import Light

log = logging.getLogger(__name__)

# How often the city looks whether it has grown dark or light.
_LIGHT_CHECK_S = 60.0


@dataclass(frozen=True, slots=True)
class CameraStatistics:
    """What happened at one camera since the city began."""

    connections: int
    plays: int
    teardowns: int
    refusals: int
    playing: int
    pictures: int
    fault: Fault | None


class SimulatedCity:
    """Cameras on ports of one host.

    `port`: of the first camera, the others follow; 0 takes free ones. `control_port`: of the control line,
    bound to loopback whatever `host` is; 0 takes a free one, None has none. `workers`: threads that draw and
    encode. `light`: of every scene, whatever the hour. Addresses are known once `started` is set.

    Each scene's background, which takes a good part of a second, is drawn in the order of the cameras as soon
    as the city has started, and beside what is asked for; `ready` is set when all are done. Raises ValueError
    for two cameras with one id, an unknown scene, a video file that is none.
    """

    def __init__(
        self,
        cameras: Sequence[SimulatedCamera],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = 0,
        workers: int = 2,
        light: Light | None = None,
    ) -> None:
        ids = [camera.id for camera in cameras]
        if len(set(ids)) != len(ids):
            raise ValueError("two simulated cameras have the same id")
        for camera in cameras:
            _check_scene(camera)
        self._host = host
        self._port = port
        # OpenCV's own threads would only fight with ours over small pictures. The setting is the process's.
        self._pool = ThreadPoolExecutor(
            workers, thread_name_prefix="simulator", initializer=cv2.setNumThreads, initargs=(1,)
        )
        self._devices = {
            camera.id: Device(camera, self._pool, number / len(cameras), light)
            for number, camera in enumerate(cameras)
        }
        self._control = None if control_port is None else Control(self, control_port)
        self.started = asyncio.Event()
        self.ready = asyncio.Event()

    @property
    def cameras(self) -> Sequence[SimulatedCamera]:
        """As ordered."""
        return [device.camera for device in self._devices.values()]

    @property
    def control_port(self) -> int | None:
        """Where the control line listens on 127.0.0.1."""
        return None if self._control is None else self._control.port

    def addresses(self, camera_id: str) -> Mapping[ProfileName, str]:
        """`rtsp://` addresses of a camera's profiles, without user and password. Raises KeyError."""
        device = self._devices[camera_id]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return {
            profile: f"rtsp://{host}:{device.port}/{camera_id}/{profile}"
            for profile in ProfileName
            if device.feed.settings(profile) is not None
        }

    def address(self, camera_id: str, profile: ProfileName = ProfileName.MAIN) -> str:
        """`rtsp://` address of one profile. Raises KeyError."""
        return self.addresses(camera_id)[profile]

    def set_fault(self, camera_id: str, fault: Fault | None) -> None:
        """Break a camera or (None) mend it. In the city's event loop. Raises KeyError."""
        self._devices[camera_id].set_fault(fault)

    def statistics(self, camera_id: str) -> CameraStatistics:
        """What happened at a camera. Raises KeyError."""
        device = self._devices[camera_id]
        return CameraStatistics(
            device.connections,
            device.plays,
            device.teardowns,
            device.refusals,
            device.feed.playing,
            device.feed.pictures,
            device.fault,
        )

    async def prepare(self, camera_ids: Iterable[str]) -> None:
        """Draw these cameras' scenes now rather than for their first player. Raises KeyError."""
        async with asyncio.TaskGroup() as group:
            for camera_id in camera_ids:
                group.create_task(self._devices[camera_id].feed.prepare())

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError that names a port already taken."""
        try:
            for number, device in enumerate(self._devices.values()):
                device.bind(self._host, self._port + number if self._port else 0)
            async with asyncio.TaskGroup() as group:
                for device in self._devices.values():
                    group.create_task(device.run())
                if self._control is not None:
                    await self._control.start(group)
                group.create_task(self._keep_prepared())
                self.started.set()
                log.info("simulated city: %d cameras on %s", len(self._devices), self._host)
        finally:
            for device in self._devices.values():
                device.release()
            self._pool.shutdown(wait=True, cancel_futures=True)

    async def _keep_prepared(self) -> None:
        """Draw the scenes that nobody has asked for yet, one at a time, and again as the day goes on."""
        while True:
            for device in self._devices.values():
                await device.feed.prepare()
            self.ready.set()
            await asyncio.sleep(_LIGHT_CHECK_S)


def _check_scene(camera: SimulatedCamera) -> None:
    """Raises ValueError when a camera has nothing to show."""
    if camera.video_file is not None:
        try:
            check(camera.video_file)
        except FilmError as error:
            raise ValueError(f"camera {camera.id}: {error}") from None
    elif camera.scene not in (*SCENES, TEST_CARD):
        known = ", ".join((TEST_CARD, *SCENES))
        raise ValueError(f"camera {camera.id}: there is no scene {camera.scene!r}; known: {known}")
