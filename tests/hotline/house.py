"""A whole service on a temporary database, with a few cameras, units and people; nothing is faked.

Cameras point at a closed loopback port, so nothing is sent and every camera is offline for a true reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from config.settings import (
    CamerasRoom,
    People,
    Ptz,
    ReadinessRoom,
    RelayRoom,
    Secrets,
    Server,
    Settings,
    Storage,
    StreamsRoom,
)
from hotline.actor import Actor, command_line
from hotline.app import create_app
from hotline.domain.camera import NewCamera
from hotline.inventory import NewUnit, add_camera, add_unit
from hotline.people.accounts import NewUser, add_user
from hotline.people.passwords import Passwords
from hotline.sealing import KeyStore, open_key_store
from hotline.service import Service
from hotline.store.database import Database, open_database

NETWORKS = (ip_network("127.0.0.0/8"),)
PASSWORD = "a password for tests only"
FIRE = (37.6290, 126.7140)  # Bukbyeon market
ROLES = ("administrator", "operator", "dispatcher", "crew")
# name -> role, unit; `stranger` is a dispatcher of a unit that nothing is shared with
PEOPLE = {
    "administrator": ("administrator", None),
    "operator": ("operator", None),
    "colleague": ("operator", None),
    "dispatcher": ("dispatcher", "room"),
    "crew": ("crew", "truck"),
    "stranger": ("dispatcher", "elsewhere"),
}


def settings(
    directory: Path, ptz: Ptz | None = None, streams: StreamsRoom | None = None, **people: Any
) -> Settings:
    """Settings that keep everything in `directory` and take free ports on loopback."""
    return Settings(
        server=Server(port=0),
        storage=Storage(directory=directory),
        secrets=Secrets(key_file=directory / "secrets" / "hotline.key"),
        relay=RelayRoom(hosts=("127.0.0.1",), udp_port=0, tcp_port=0),
        cameras=CamerasRoom(networks=NETWORKS),
        ptz=ptz or Ptz(),
        streams=streams or StreamsRoom(),
        readiness=ReadinessRoom(enabled=False),
        people=People(**people),
    )


def camera(number: int, **fields: Any) -> NewCamera:
    """A camera near the fire; the higher its number, the further north."""
    values: dict[str, Any] = {
        "id": f"camera-{number}",
        "name_ko": f"북변시장 {number}",
        "name_en": f"Bukbyeon market {number}",
        "site": "북변시장",
        "purpose": "생활방범",
        "latitude": FIRE[0] + 0.0005 * number,
        "longitude": FIRE[1],
        "main_url": f"rtsp://127.0.0.1:1/{number}/main",
        "sub_url": f"rtsp://127.0.0.1:1/{number}/sub",
    }
    return NewCamera(**(values | fields))


@asynccontextmanager
async def database(directory: Path) -> AsyncIterator[Database]:
    """An empty database."""
    opened = await open_database(f"sqlite+aiosqlite:///{directory / 'hotline.db'}")
    try:
        yield opened
    finally:
        await opened.close()


@dataclass
class Records:
    """A database with three cameras, three units and six people, without a service."""

    database: Database
    keys: KeyStore
    me: Actor = field(default_factory=lambda: command_line("tester"))
    users: dict[str, str] = field(default_factory=dict)

    def actor(self, username: str) -> Actor:
        """That person as a use case knows him."""
        from hotline.actor import Role

        role, unit = PEOPLE[username]
        return Actor(self.users[username], username, Role(role), unit, "password", "device", "127.0.0.1")


_made: dict[int, tuple[bytes, bytes, dict[str, str]]] = {}
"""Database, key file and people as they are first made, by the number of cameras: to make them anew took
each test a third of a second."""


@asynccontextmanager
async def records(directory: Path, cameras: int = 3) -> AsyncIterator[Records]:
    """See `Records`."""
    file, key = directory / "hotline.db", directory / "secrets" / "hotline.key"
    if cameras not in _made:
        async with database(directory) as opened:
            people = await _fill(opened, open_key_store(key), cameras)
        _made[cameras] = (file.read_bytes(), key.read_bytes(), people)
    else:
        content, secret, people = _made[cameras]
        key.parent.mkdir()
        key.touch(mode=0o600)
        key.write_bytes(secret)
        file.write_bytes(content)
    async with database(directory) as opened:
        yield Records(opened, open_key_store(key), users=dict(people))


async def _fill(opened: Database, keys: KeyStore, cameras: int) -> dict[str, str]:
    """Cameras, units and people; the ids of the people."""
    me, now, users = command_line("tester"), time.time(), {}
    for number in range(1, cameras + 1):
        await add_camera(opened, camera(number), keys=keys, networks=NETWORKS, actor=me, now=now)
    for name, kind in (("room", "control_room"), ("truck", "vehicle"), ("elsewhere", "control_room")):
        await add_unit(opened, NewUnit(name, f"{name} 수신처", name, kind), actor=me, now=now)
    passwords = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    for username, (role, unit) in PEOPLE.items():
        person = NewUser(username, username.title(), role, PASSWORD, unit)
        users[username] = (await add_user(opened, person, actor=me, now=now, passwords=passwords)).id
    return users


@dataclass
class House:
    """A running service and signed-in clients."""

    app: FastAPI
    directory: Path
    records: Records
    stack: AsyncExitStack
    base_url: str | None = None

    @property
    def service(self) -> Service:
        """What stands behind the API."""
        service: Service = self.app.state.service
        return service

    async def client(self, username: str | None = None, password: str = PASSWORD) -> httpx.AsyncClient:
        """A browser of its own, signed in as `username`, or as nobody."""
        if self.base_url is None:
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 12345))
            client = httpx.AsyncClient(transport=transport, base_url="http://hotline.test")
        else:
            client = httpx.AsyncClient(base_url=self.base_url)
        await self.stack.enter_async_context(client)
        if username is not None:
            answer = await client.post("/api/session", json={"username": username, "password": password})
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    async def incident(self, operator: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
        """A fire at the market."""
        body = {"kind": "fire", "latitude": FIRE[0], "longitude": FIRE[1], **fields}
        answer = await operator.post("/api/incidents", json=body)
        assert answer.status_code == 201, answer.text
        incident: dict[str, Any] = answer.json()
        return incident

    async def share(self, operator: httpx.AsyncClient, incident: str, **fields: Any) -> dict[str, Any]:
        """Two cameras to the control room."""
        answer = await operator.post(f"/api/incidents/{incident}/shares", json=share_body(**fields))
        assert answer.status_code == 201, answer.text
        share: dict[str, Any] = answer.json()
        return share


def share_body(**fields: Any) -> dict[str, Any]:
    """A share that is right in every field."""
    return {
        "cameras": ["camera-1", "camera-2"],
        "units": ["room"],
        "minutes": 30,
        "purpose": "dispatch",
        "legal_basis": "119-act-11-2-1",
        **fields,
    }


@asynccontextmanager
async def house(
    directory: Path,
    *,
    over_http: bool = False,
    cameras: int = 3,
    ptz: Ptz | None = None,
    streams: StreamsRoom | None = None,
    **people: Any,
) -> AsyncIterator[House]:
    """See `House`. over_http: a real server on a free port, else requests go to the application directly."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(records(directory, cameras))
        app = create_app(settings(directory, ptz, streams, **people))
        result = House(app, directory, made, stack)
        if over_http:
            result.base_url = await stack.enter_async_context(_served(app))
        else:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield result


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, loop="asyncio", http="h11", ws="none", log_config=None, lifespan="on")
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.serve())
        async with asyncio.timeout(10):
            while not server.started and not task.done():  # noqa: ASYNC110 (uvicorn has no event for it)
                await asyncio.sleep(0.005)
        try:
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            app.state.service.broker.close()
            server.should_exit = True
            await asyncio.wait({task}, timeout=15)  # in order, also when the test failed
