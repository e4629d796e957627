"""A running hub for tests, and waiting for the states of its renditions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streams.camera import Camera, Credentials, ProfileName
from streams.hub import CameraHub
from streams.policies import Policies
from streams.rendition import Rendition
from streams.state import Live, Offline, SourceState

QUICK = Policies(
    connect_s=0.3,
    reply_s=0.3,
    first_data_s=0.3,
    first_picture_s=0.4,
    keyframe_s=0.6,
    teardown_s=0.3,
    reconnect_after_s=1.5,
)


@asynccontextmanager
async def hub_for(
    url: str | dict[ProfileName, str],
    credentials: Callable[[], Credentials | None] = lambda: None,
    policies: Policies = QUICK,
    linger: float = 0.0,
    keyframes: Callable[[str, ProfileName], None] | None = None,
) -> AsyncIterator[CameraHub]:
    """A running hub that knows one camera, `cam`."""
    profiles = {ProfileName.MAIN: url} if isinstance(url, str) else url
    camera = Camera("cam", "Camera", profiles)
    hub = CameraHub(
        lambda name: camera if name == "cam" else None,
        lambda _: credentials(),
        linger=linger,
        policies=lambda _: policies,
        keyframes=keyframes,
    )
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    try:
        yield hub
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def state_of(
    rendition: Rendition, wanted: Callable[[SourceState], bool], timeout: float = 5.0
) -> SourceState:
    """Wait for a state."""
    async with asyncio.timeout(timeout):
        while True:
            seen = rendition.version
            if wanted(rendition.state):
                return rendition.state
            await rendition.changed(seen)


def is_live(state: SourceState) -> bool:
    return isinstance(state, Live)


def is_offline(state: SourceState) -> bool:
    return isinstance(state, Offline)


async def failed(rendition: Rendition, attempts: int = 1) -> Offline:
    """Wait until that many attempts have failed; the state then."""

    def is_it(state: SourceState) -> bool:
        return isinstance(state, Offline) and rendition.counters.attempts >= attempts

    state = await state_of(rendition, is_it)
    assert isinstance(state, Offline)
    return state
