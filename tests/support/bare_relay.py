"""Hub, relay and WHEP alone, on loopback: what lies between a camera and a viewer, without people or records.

For tests and benches of the picture's way. The whole product is in `tests/support/product.py`.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

import uvicorn
from fastapi import FastAPI

from relay.grant import Grant, GrantSet
from relay.http import whep_router
from relay.ports import ViewingOpened
from relay.relay import Relay
from relay.settings import RelaySettings
from relay.token import ViewToken, issue
from streams.camera import Camera, Credentials, ProfileName
from streams.hub import CameraHub
from streams.recipe import Transcoding

RECEIVER = "unit"
SHARE = "share"


@dataclass(slots=True)
class Viewings:
    """A recorder that keeps everything in memory."""

    opened_ones: list[ViewingOpened] = field(default_factory=list)
    closed_ones: dict[str, str] = field(default_factory=dict)

    async def opened(self, viewing: ViewingOpened) -> None:
        self.opened_ones.append(viewing)

    async def closed(self, viewer_id: str, at: float, reason: str, bytes_sent: int) -> None:
        self.closed_ones[viewer_id] = reason


class BareRelay:
    """`url`: where WHEP is served. cameras: the inventory; after a change tell `hub.refresh`. Nothing is
    granted at first."""

    def __init__(
        self,
        url: str,
        relay: Relay,
        hub: CameraHub,
        viewings: Viewings,
        key: bytes,
        cameras: dict[str, Camera],
    ) -> None:
        self.url = url
        self.relay = relay
        self.hub = hub
        self.viewings = viewings
        self.cameras = cameras
        self._key = key

    def grant(self, *cameras: str, seconds: float = 3600.0) -> None:
        """Makes these cameras, and no others, visible to `RECEIVER`."""
        now = time.time()
        grants = tuple(
            Grant(f"grant-{camera}", RECEIVER, SHARE, camera, now - 1, now + seconds) for camera in cameras
        )
        self.relay.apply(GrantSet(self.relay.revision + 1, grants))

    def token(self, *, seconds: float = 600.0) -> str:
        """A bearer token for what is granted."""
        return issue(self._key, ViewToken(RECEIVER, SHARE, "person", time.time() + seconds))

    def whep(self, camera: str, profile: str = "main") -> str:
        """The WHEP endpoint of a camera."""
        return f"{self.url}/whep/{camera}?profile={profile}"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to whoever runs the tests


@asynccontextmanager
async def bare_relay(
    addresses: Mapping[str, Mapping[ProfileName, str]],
    *,
    credentials: Mapping[str, Credentials] | None = None,
    settings: RelaySettings | None = None,
    linger: float = 5.0,
    host: str = "127.0.0.1",
    transcoding: Transcoding | None = None,
) -> AsyncIterator[BareRelay]:
    """A running relay over the cameras at `addresses` (camera → profile → `rtsp://…`). host: of its media
    ports."""
    cameras = {camera: Camera(camera, camera, dict(profiles)) for camera, profiles in addresses.items()}
    hub = CameraHub(cameras.get, (credentials or {}).get, linger=linger, transcoding=transcoding)
    viewings = Viewings()
    key = secrets.token_bytes(32)
    chosen = replace(settings or RelaySettings(), hosts=(host,), udp_port=0, offers_per_s=1e6)
    relay = Relay(chosen, hub, viewings, key)
    app = FastAPI()
    app.include_router(whep_router(relay))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = _Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(hub.run()), group.create_task(relay.run())]
            serving = group.create_task(server.serve(sockets=[listening]))
            await relay.started.wait()
            try:
                yield BareRelay(url, relay, hub, viewings, key, cameras)
            finally:
                server.should_exit = True
                await serving
                for task in reversed(tasks):
                    task.cancel()
                await asyncio.wait(tasks)
