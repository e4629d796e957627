"""The camera's own keyframe on demand: SetSynchronizationPoint, off the media path.

What a viewer lacks is replayed from the ring where that is possible; this is for where it is not. Asked for
by many, sent at most once a second per camera and profile. It may fail: it is counted, the camera is left
alone for a while, and pictures go on as if nothing had been asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from streams.camera import ProfileName
from streams.onvif.devices import Devices
from streams.onvif.errors import OnvifError, Trouble

log = logging.getLogger(__name__)

SPACING_S = 1.0
"""Between two requests to one profile: cameras make a keyframe of each, and keyframes are large."""
PAUSES_S = (5.0, 30.0, 300.0)
"""After one failure, two, and more: what a camera cannot do it will not learn."""
REFUSED_PAUSE_S = 600.0
"""After a wrong password, which cameras count."""
MAX_AT_ONCE = 8


@dataclass(slots=True)
class Pace:
    """When a camera may be asked again. Pure."""

    next_at: float = 0.0
    failures: int = 0

    def may(self, now: float) -> bool:
        """Whether a request may leave now; taking it keeps the next one off for a second."""
        if now < self.next_at:
            return False
        self.next_at = now + SPACING_S
        return True

    def done(self) -> None:
        """It worked."""
        self.failures = 0

    def failed(self, now: float, trouble: Trouble) -> None:
        """It did not."""
        pause = PAUSES_S[min(self.failures, len(PAUSES_S) - 1)]
        self.failures += 1
        self.next_at = now + (REFUSED_PAUSE_S if trouble is Trouble.REFUSED else pause)


@dataclass(slots=True)
class KeyframeCounters:
    """What became of the requests. held_back: too soon, too many at once, or after a failure."""

    sent: int = 0
    held_back: int = 0
    failed: dict[Trouble, int] = field(default_factory=dict)


class Keyframes:
    """`run` owns the requests; `ask` is a plain call that never waits and never raises."""

    def __init__(self, devices: Devices, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.counters = KeyframeCounters()
        self._devices = devices
        self._clock = clock
        self._paces: dict[tuple[str, ProfileName], Pace] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._under_way = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._tasks = None

    def ask(self, camera_id: str, profile: ProfileName) -> None:
        """A keyframe of this camera is wanted."""
        if self._tasks is None or not self._devices.has(camera_id):
            return
        pace = self._paces.setdefault((camera_id, profile), Pace())
        if self._under_way >= MAX_AT_ONCE or not pace.may(self._clock()):
            self.counters.held_back += 1
            return
        self._under_way += 1
        self._tasks.create_task(self._send(camera_id, profile, pace), name=f"keyframe/{camera_id}/{profile}")

    async def _send(self, camera_id: str, profile: ProfileName, pace: Pace) -> None:
        try:
            device, media_profile = await self._devices.profile(camera_id, profile)
            await device.synchronize(media_profile)
        except OnvifError as error:
            failed = self.counters.failed
            failed[error.trouble] = failed.get(error.trouble, 0) + 1
            pace.failed(self._clock(), error.trouble)
            if pace.failures == 1:
                log.info("camera %s makes no keyframe on demand: %s", camera_id, error)
        except Exception:
            # One camera's fault must not end the others' requests.
            pace.failed(self._clock(), Trouble.GARBAGE)
            log.exception("camera %s: asking for a keyframe failed", camera_id)
        else:
            self.counters.sent += 1
            pace.done()
        finally:
            self._under_way -= 1
