"""A relay with its HTTP server on loopback, and the grants and tokens to use it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from fastapi import FastAPI

from relay import token
from relay.grant import Grant, GrantSet
from relay.http import whep_router
from relay.ports import ViewingOpened
from relay.relay import Relay
from relay.settings import RelaySettings
from tests.support.waiting import until

from .studio import Studio

LOOPBACK = RelaySettings(hosts=("127.0.0.1",), udp_port=0)


@dataclass
class Recorder:
    """Keeps viewings in memory. `before` is awaited first: slow, or failing; `before_end` at the end."""

    opened_viewings: list[ViewingOpened] = field(default_factory=list)
    closed_viewings: list[tuple[str, str, int]] = field(default_factory=list)
    before: Callable[[], object] | None = None
    before_end: Callable[[], Awaitable[object]] | None = None

    async def opened(self, viewing: ViewingOpened) -> None:
        """See `ViewingRecorder`."""
        if self.before is not None:
            result = self.before()
            if asyncio.iscoroutine(result):
                await result
        self.opened_viewings.append(viewing)

    async def closed(self, viewer_id: str, at: float, reason: str, bytes_sent: int) -> None:
        """See `ViewingRecorder`."""
        if self.before_end is not None:
            await self.before_end()
        self.closed_viewings.append((viewer_id, reason, bytes_sent))


@dataclass
class House:
    """What a test needs of a running relay."""

    relay: Relay
    studio: Studio
    recorder: Recorder
    key: bytes
    base_url: str = ""
    revision: int = 0
    ahead: float = 0.0
    """Seconds by which the relay's wall clock is ahead."""

    def grant(
        self, cameras: Sequence[str] = ("cam-1",), *, seconds: float = 600.0, unit: str = "unit"
    ) -> None:
        """Make grants for `cameras` the whole truth."""
        self.revision += 1
        now = time.time()
        grants = tuple(
            Grant(f"grant-{unit}-{camera}", unit, "share", camera, now - 1, now + seconds)
            for camera in cameras
        )
        self.relay.apply(GrantSet(self.revision, grants))

    def token(self, *, unit: str = "unit", share: str = "share", seconds: float = 600.0) -> str:
        """A viewing token for `unit`."""
        return token.issue(self.key, token.ViewToken(unit, share, "person", time.time() + seconds))

    def url(self, camera: str = "cam-1") -> str:
        """The WHEP endpoint of a camera."""
        return f"{self.base_url}/whep/{camera}"


@asynccontextmanager
async def house(
    studio: Studio,
    settings: RelaySettings = LOOPBACK,
    *,
    utc: Callable[[], float] = time.time,
    **changes: Any,
) -> AsyncIterator[House]:
    """A relay and its HTTP server, running until the block is left. `changes`: to the settings."""
    recorder = Recorder()
    key = secrets.token_bytes(32)
    settings = replace(settings, **changes)
    relay = Relay(settings, studio, recorder, key, utc=lambda: utc() + ours.ahead)
    ours = House(relay, studio, recorder, key)
    running = asyncio.create_task(relay.run(), name="relay")
    app = FastAPI()
    app.include_router(whep_router(relay))
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # without it asyncio leaves Nagle on
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, loop="asyncio", lifespan="off", log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    try:
        async with asyncio.timeout(5):
            await relay.started.wait()
        await until(lambda: server.started, "the HTTP server")
        ours.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield ours
    finally:
        server.should_exit = True
        await serving
        listening.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
