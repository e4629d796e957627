"""The shell with real sockets: who talks to whom, and what a change of address does."""

from __future__ import annotations

import asyncio
import socket

from tests.support.datagrams import receive

from .impairment import Impairment, loss_pattern
from .kinds import Kind
from .udp import UdpPath


class Peer:
    """A socket that remembers what it got."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address: tuple[str, int] = self.socket.getsockname()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    async def receive(self) -> tuple[bytes, tuple[str, int]]:
        async with asyncio.timeout(5):
            return await receive(self.socket)

    def send(self, datagram: bytes, to: tuple[str, int]) -> None:
        self.socket.sendto(datagram, to)


async def test_datagrams_go_both_ways_empty_ones_too() -> None:
    with Peer() as relay, Peer() as viewer:
        async with UdpPath(relay.address) as path:
            viewer.send(b"\x80hello", path.address)
            datagram, seen_from = await relay.receive()
            assert datagram == b"\x80hello"
            assert seen_from[1] == path.upstream_ports[0] != viewer.address[1]
            viewer.send(b"", path.address)
            assert (await relay.receive())[0] == b""
            relay.send(b"\x80back", seen_from)
            assert await viewer.receive() == (b"\x80back", path.address)


async def test_two_viewers_are_kept_apart() -> None:
    with Peer() as relay, Peer() as one, Peer() as two:
        async with UdpPath(relay.address) as path:
            one.send(b"\x801", path.address)
            _, first = await relay.receive()
            two.send(b"\x802", path.address)
            _, second = await relay.receive()
            assert first != second
            relay.send(b"\x80to two", second)
            relay.send(b"\x80to one", first)
            assert (await one.receive())[0] == b"\x80to one"
            assert (await two.receive())[0] == b"\x80to two"


async def test_the_address_changes_and_answers_to_the_old_one_are_lost() -> None:
    with Peer() as relay, Peer() as viewer:
        async with UdpPath(relay.address) as path:
            viewer.send(b"\x80before", path.address)
            _, before = await relay.receive()
            path.change_address()
            relay.send(b"\x80too late", before)
            viewer.send(b"\x80after", path.address)
            _, after = await relay.receive()
            assert after != before
            relay.send(b"\x80now", after)
            assert (await viewer.receive())[0] == b"\x80now"


async def test_a_pattern_reaches_the_wire_in_the_direction_and_kind_asked_for() -> None:
    impairment = Impairment(pattern=loss_pattern("x."), kinds=frozenset({Kind.RTP}))
    with Peer() as relay, Peer() as viewer:
        async with UdpPath(relay.address, down=impairment) as path:
            viewer.send(b"\x00check", path.address)
            _, seen_from = await relay.receive()
            for text in (b"\x80a", b"\x80b", b"\x16c", b"\x80d", b"\x80e"):
                relay.send(text, seen_from)
            assert [(await viewer.receive())[0] for _ in range(3)] == [b"\x80b", b"\x16c", b"\x80e"]
            assert path.down.counts["lost"] == 2
            assert path.up.counts["lost"] == 0


async def test_delay_is_kept_and_the_path_can_be_changed_in_flight() -> None:
    loop = asyncio.get_running_loop()
    with Peer() as relay, Peer() as viewer:
        async with UdpPath(relay.address, up=Impairment(delay=0.08)) as path:
            sent = loop.time()
            viewer.send(b"\x80slow", path.address)
            await relay.receive()
            assert loop.time() - sent >= 0.079
            path.set(up=Impairment(loss=1.0))
            viewer.send(b"\x80gone", path.address)
            for _ in range(1_000):
                if path.up.counts["lost"]:
                    break
                await asyncio.sleep(0)  # lets the loop read the socket
            path.set(up=Impairment())
            viewer.send(b"\x80again", path.address)
            assert (await relay.receive())[0] == b"\x80again"
