"""The one port: who is heard, from where it answers, and what cannot disturb it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

import pytest
from aioice import stun

from relay import ice, seam
from relay.peer import Peer
from relay.udp import Peers, UdpPort
from tests.support.datagrams import receive
from tests.support.waiting import until

from .association import CLIENT, SERVER, fingerprints
from .stranger import check, garbage, stranger


@asynccontextmanager
async def port(*hosts: str) -> AsyncIterator[tuple[UdpPort, Peers]]:
    peers = Peers()
    opened = UdpPort(peers)
    opened.open(hosts or ("127.0.0.1",), 0)
    try:
        yield opened, peers
    finally:
        opened.close()


def peer() -> Peer:
    return Peer(ice.Credentials.fresh("client"), SERVER, fingerprints(CLIENT), seam.Arena(), 0.0)


def checked(one: Peer, **kwargs: bool) -> bytes:
    return check(one.ice.credentials.ufrag, one.ice.credentials.password, "client", **kwargs)


async def test_a_check_reaches_its_viewer_and_is_answered() -> None:
    async with port() as (opened, peers):
        one, other = peer(), peer()
        peers.add(one)
        peers.add(other)
        with stranger() as client:
            client.send(checked(one), opened.port)
            answer, source = await client.receive()
            assert source == ("127.0.0.1", opened.port)
            assert stun.parse_message(answer).attributes["XOR-MAPPED-ADDRESS"] == client.socket.getsockname()
        assert one.host == "127.0.0.1"
        assert other.host is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.5.5.5"])
async def test_the_answer_comes_from_the_address_that_was_asked(host: str) -> None:
    async with port("0.0.0.0") as (opened, peers):
        one = peer()
        peers.add(one)
        with stranger() as client:
            client.send(checked(one), opened.port, host)
            _, source = await client.receive()
            assert source == (host, opened.port)
            assert one.send([b"\x80media"]) == 1
            assert await client.receive() == (b"\x80media", (host, opened.port))


async def test_both_families_share_the_port() -> None:
    async with port("0.0.0.0", "::") as (opened, peers):
        one = peer()
        peers.add(one)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.bind(("::1", 0))
            client.sendto(checked(one), ("::1", opened.port))
            async with asyncio.timeout(5):
                answer, source = await receive(client)
            assert source[:2] == ("::1", opened.port)
            assert stun.parse_message(answer).attributes["XOR-MAPPED-ADDRESS"] == client.getsockname()[:2]
        assert one.host == "::1"


async def test_only_an_address_whose_check_passed_is_heard() -> None:
    async with port() as (opened, peers):
        one = peer()
        peers.add(one)
        with stranger() as client, stranger() as other:
            client.send(checked(one), opened.port)
            await client.receive()
            other.send(b"\x16\xfe\xfd" + bytes(40), opened.port)
            await until(lambda: peers.dropped["stranger"] == 1)
            client.send(b"\xff not of any protocol", opened.port)
            await until(lambda: one.refused == 1)


async def test_a_removed_viewer_is_not_heard_any_more() -> None:
    async with port() as (opened, peers):
        one = peer()
        peers.add(one)
        with stranger() as client:
            client.send(checked(one), opened.port)
            await client.receive()
            peers.remove(one)
            one.close()
            client.send(checked(one), opened.port)
            client.send(b"\x16\xfe\xfd" + bytes(40), opened.port)
            await until(lambda: peers.dropped["stun"] == 1 and peers.dropped["stranger"] == 1)
        assert len(peers) == 0


async def test_a_socket_that_serves_two_viewers_belongs_to_the_one_that_checked_last() -> None:
    async with port() as (opened, peers):
        one, other = peer(), peer()
        peers.add(one)
        peers.add(other)
        with stranger() as client:
            for each in (one, other):
                client.send(checked(each), opened.port)
                await client.receive()
            client.send(b"\xff", opened.port)
            await until(lambda: other.refused == 1)
            one.close()
            client.send(b"\xff", opened.port)
            await until(lambda: other.refused == 2)


async def test_no_garbage_disturbs_the_port() -> None:
    async with port() as (opened, peers):
        one = peer()
        peers.add(one)
        with stranger() as client, stranger() as other:
            client.send(checked(one), opened.port)
            await client.receive()
            for number, datagram in enumerate(islice(garbage(one.ice.credentials.ufrag), 5_000)):
                other.send(datagram, opened.port)
                client.send(datagram, opened.port)
                if number % 100 == 0:
                    await asyncio.sleep(0)
            client.send(checked(one), opened.port)
            while True:
                answer, _ = await client.receive()
                if stun.parse_message(answer).message_class == stun.Class.RESPONSE:
                    break
        assert peers.dropped["fault"] == 0
        assert peers.dropped["empty"] > 100
        assert peers.dropped["stranger"] > 100


async def test_a_fault_in_one_datagram_is_logged_seldom_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with port() as (opened, peers):
        one = peer()
        peers.add(one)

        def broken(*_: object) -> bool:
            raise RuntimeError("a fault of ours")

        with stranger() as client:
            with monkeypatch.context() as patched:
                patched.setattr(Peer, "check", broken)
                for _ in range(50):
                    client.send(checked(one), opened.port)
                await until(lambda: peers.dropped["fault"] == 50)
            client.send(checked(one), opened.port)
            await client.receive()
        assert len(caplog.records) == 2


async def test_a_port_that_is_taken_says_so() -> None:
    async with port() as (opened, _):
        other = UdpPort(Peers())
        with pytest.raises(OSError, match="in use"):
            other.open(("127.0.0.1",), opened.port)
        other.close()


async def test_a_viewer_that_has_ended_leaves_no_path_behind() -> None:
    async with port() as (opened, peers):
        one = peer()
        peers.add(one)
        with stranger() as client:
            client.send(checked(one), opened.port)
            await client.receive()
            assert len(opened._sockets[0]._wires) == 1
            one.close()
            client.send(checked(one), opened.port)  # while its end is written down, say
            await until(lambda: peers.dropped["check"] == 1)
            assert not opened._sockets[0]._wires
            assert one.send([b"x"]) == 0
