"""Connections that ask for nothing, requests that are never whole: what they may hold, and how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from hotline import http_guard, patience
from hotline.http_guard import BodyLimit
from hotline.patience import PatientProtocol
from tests.support.waiting import until


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode())


@asynccontextmanager
async def served() -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """The server with its port."""
    app = BodyLimit(Starlette(routes=[Route("/", _echo, methods=["GET", "POST"])]))
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=0, loop="asyncio", http=PatientProtocol.counting(), lifespan="off", log_config=None
        )
    )
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What came until the end."""
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: "])
async def test_a_head_that_does_not_come_is_not_waited_for(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.2)
    async with served() as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert await closed(reader) == b""
        writer.close()
        await until(lambda: not server.server_state.connections)


async def test_a_second_head_on_the_same_connection_is_due_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.3)
    async with served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET / HT")
        await closed(reader)
        writer.close()


async def test_a_crowd_of_begun_requests_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 600.0)
    monkeypatch.setattr(patience, "MOST_BEGUN", 5)
    async with served() as (server, port):
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        await until(lambda: len(server.server_state.connections) == 5)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"http://127.0.0.1:{port}/", content=b"heard")
        assert answer.text == "heard"
        for reader, _ in crowd[:15]:
            assert await closed(reader) == b""
        for _, writer in crowd:
            writer.close()
        await until(lambda: not server.server_state.connections)


async def test_a_body_that_does_not_come_is_answered_and_the_connection_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_guard, "BODY_S", 0.2)
    async with served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nabc")
        answer = await closed(reader)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert "요청".encode() in answer
        writer.close()
