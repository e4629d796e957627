"""The TCP path: its link on virtual time, and real connections through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from .impairment import PERFECT, Impairment
from .stream import StreamLink
from .tcp import TcpPath


def drain(link: StreamLink) -> list[tuple[float, bytes]]:
    arrived = []
    while (due := link.next_due()) is not None:
        arrived += [(due, chunk) for chunk in link.poll(due)]
    return arrived


def test_bytes_keep_their_order_at_rate_and_delay() -> None:
    link = StreamLink(Impairment(rate=1e6, delay=0.1))
    for n in range(3):
        link.push(bytes([n]) * 1_250, 0.0)
    assert [(round(at, 6), chunk[0]) for at, chunk in drain(link)] == [(0.11, 0), (0.12, 1), (0.13, 2)]


def test_a_blackout_holds_bytes_and_loses_none() -> None:
    link = StreamLink(Impairment(blackouts=((1.0, 3.0),)), start=10.0)
    link.push(b"before", 10.5)
    link.push(b"during", 11.5)
    link.push(b"after", 13.5)
    assert drain(link) == [(10.5, b"before"), (13.0, b"during"), (13.5, b"after")]


def test_it_says_when_it_is_full() -> None:
    link = StreamLink(Impairment(delay=1.0, queue=100))
    link.push(bytes(99), 0.0)
    states = [link.full]
    link.push(bytes(1), 0.0)
    states.append(link.full)
    link.poll(1.0)
    states.append(link.full)
    assert states == [False, True, False]


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def through(
    handler: Handler, *, up: Impairment = PERFECT, down: Impairment = PERFECT
) -> AsyncIterator[TcpPath]:
    """A path to a server that treats its connections with `handler`."""
    async with (
        await asyncio.start_server(handler, "127.0.0.1", 0) as server,
        TcpPath(server.sockets[0].getsockname(), up=up, down=down) as path,
    ):
        yield path


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_connection_goes_through_whole_and_ends_at_both_ends() -> None:
    sent = bytes(range(256)) * 2_000
    async with through(echo, up=Impairment(rate=80e6, queue=10_000)) as path:
        reader, writer = await asyncio.open_connection(*path.address)
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            assert await reader.read(-1) == sent
        writer.close()
        await writer.wait_closed()


async def test_delay_adds_up_over_both_directions() -> None:
    loop = asyncio.get_running_loop()
    delayed = Impairment(delay=0.05)
    async with through(echo, up=delayed, down=delayed) as path:
        reader, writer = await asyncio.open_connection(*path.address)
        started = loop.time()
        writer.write(b"there and back")
        async with asyncio.timeout(10):
            assert await reader.readexactly(14) == b"there and back"
        assert loop.time() - started >= 0.099
        writer.close()
        await writer.wait_closed()


async def test_what_was_held_comes_when_it_is_released() -> None:
    async with through(echo) as path:
        reader, writer = await asyncio.open_connection(*path.address)
        writer.write(b"before")
        async with asyncio.timeout(10):
            assert await reader.readexactly(6) == b"before"
            path.hold()
            writer.write(b"behind")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.readexactly(1), 0.2)
            path.release()
            assert await reader.readexactly(6) == b"behind"
        writer.close()
        await writer.wait_closed()


async def test_a_cut_ends_the_connection_at_both_ends() -> None:
    ended = asyncio.Event()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await reader.read(100))
            await reader.read(100)
        except ConnectionError:
            pass
        writer.close()
        ended.set()

    async with through(relay) as path:
        reader, writer = await asyncio.open_connection(*path.address)
        writer.write(b"hello")
        async with asyncio.timeout(10):
            assert await reader.readexactly(5) == b"hello"
            path.cut()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            await ended.wait()
        writer.close()


async def test_a_relay_that_is_not_there_ends_the_connection() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        nobody = server.sockets[0].getsockname()
    async with TcpPath(nobody) as path:
        reader, writer = await asyncio.open_connection(*path.address)
        async with asyncio.timeout(10):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()
