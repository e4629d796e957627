"""ICE-TCP: a viewer whose network blocks UDP, and what else connects to an open port."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import ice, seam, tcp
from relay.client import WatchError, WhepViewer
from relay.framing import Deframer, FramingError, frame
from relay.peer import Peer
from relay.udp import Peers
from tests.support.waiting import until

from .association import CLIENT, SERVER, fingerprints
from .house import House, house
from .stranger import check
from .studio import studio
from .test_viewer import moving


@asynccontextmanager
async def relayed(**changes: Any) -> AsyncIterator[House]:
    """One camera, granted, behind a relay with a TCP port."""
    async with studio() as cameras, house(cameras, tcp_port=0, **changes) as ours:
        ours.grant()
        yield ours


async def connect(ours: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    assert ours.relay.tcp_port is not None
    return await asyncio.open_connection("127.0.0.1", ours.relay.tcp_port)


async def closed(reader: asyncio.StreamReader, deadline: float = 2.0) -> bool:
    """Whether the relay closes the connection in time."""
    try:
        async with asyncio.timeout(deadline):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(datagrams: list[bytes], size: int) -> None:
    stream, deframer, found = frame(datagrams), Deframer(), []
    for at in range(0, len(stream), size):
        found += deframer.feed(stream[at : at + size])
    assert found == datagrams


def test_a_frame_that_is_too_long_is_the_end_of_the_stream() -> None:
    with pytest.raises(FramingError):
        Deframer().feed(b"GET / HTTP/1.1\r\n")


async def test_a_viewer_by_tcp_sees_the_live_picture() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token(), tcp=True) as viewer:
        await moving(viewer, 30)
        (status,) = ours.relay.viewers()
        assert status.remote == "127.0.0.1"
        ours.grant(())
        assert await viewer.wait_end(1.0) == "bye"
    await until(lambda: len(ours.relay.peers) == 0)


async def test_without_a_tcp_port_there_is_no_tcp_candidate() -> None:
    async with studio() as cameras, house(cameras) as ours:
        ours.grant()
        with pytest.raises(WatchError, match="no candidate"):
            async with WhepViewer.open(ours.url(), ours.token(), tcp=True):
                pass


async def test_a_connection_that_breaks_leaves_the_viewer_to_its_deadline() -> None:
    async with relayed(silence_s=0.5) as ours, WhepViewer.open(ours.url(), ours.token(), tcp=True) as viewer:
        await viewer.wait_picture()
        viewer._link.close()
        await until(lambda: ours.relay.viewers()[0].remote is None)
        await until(lambda: ours.recorder.closed_viewings, deadline=3)
        assert ours.recorder.closed_viewings[0][1].startswith("gone")


def test_the_delay_is_that_of_the_oldest_byte_that_waits() -> None:
    queue = tcp.UnsentQueue()
    assert queue.delay(0, 5.0) == 0.0
    queue.add(1000, 1.0)
    queue.add(1000, 2.0)
    assert queue.delay(2000, 3.0) == 2.0
    assert queue.delay(1001, 3.0) == 2.0
    assert queue.delay(1000, 3.0) == 1.0
    assert queue.delay(0, 3.0) == 0.0


@dataclass
class Narrow:
    """A viewer's transport whose client takes little and reads nothing by itself."""

    port: tcp.TcpPort
    peer: Peer
    client: socket.socket
    now: float = 100.0

    def fill(self) -> int:
        """Hand over as many bytes as are taken: nobody reads, and the clock stands."""
        run = memoryview(bytes(50_000))
        taken = 0
        while self.peer.send_run(run, 1000) == 50:
            taken += len(run)
        return taken

    async def read(self) -> bytes:
        """What the client's machine has, at most 64 KiB. Raises ConnectionResetError after a reset."""
        async with asyncio.timeout(5):
            return await asyncio.get_running_loop().sock_recv(self.client, 65_536)


@asynccontextmanager
async def narrow() -> AsyncIterator[Narrow]:
    """One that is connected, its check answered."""
    peers = Peers()
    port = tcp.TcpPort(peers, lambda: ours.now)
    await port.open(("127.0.0.1",), 0)
    one = Peer(ice.Credentials.fresh("client"), SERVER, fingerprints(CLIENT), seam.Arena(), 100.0)
    peers.add(one)
    with socket.socket() as client:
        ours = Narrow(port, one, client)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", port.port))
        credentials = one.ice.credentials
        await loop.sock_sendall(client, frame([check(credentials.ufrag, credentials.password, "client")]))
        assert await ours.read()
        yield ours
        one.close()
    await port.close()


async def test_what_a_link_does_not_take_within_a_second_is_not_piled_up() -> None:
    async with narrow() as ours:
        taken = ours.fill()
        assert taken > tcp.MOST_UNSENT // 2
        ours.now += tcp.MOST_DELAY + 0.1
        assert ours.peer.send([b"x"]) == 0
        deframer = Deframer()
        found: list[bytes] = []
        while sum(map(len, found)) < taken:
            found += deframer.feed(await ours.read())
        assert all(len(each) == 1000 for each in found)  # whole datagrams only
        assert ours.peer.send([b"x"]) == 1
        assert ours.port.refused_bytes > 0


async def _everything(ours: Narrow) -> int:
    """Bytes that still come, until the reset."""
    got = 0
    with pytest.raises(ConnectionResetError):
        while data := await ours.read():
            got += len(data)
        raise AssertionError("the stream ended in order: the kernel has sent all that waited")
    return got


async def test_at_the_end_of_a_right_nothing_leaves_that_still_waits() -> None:
    async with narrow() as ours:
        taken = ours.fill()
        ours.peer.close()
        await until(lambda: len(ours.port) == 0)
        assert await _everything(ours) < taken // 4  # it lay in the client's own machine


async def test_when_a_mask_is_drawn_nothing_leaves_that_still_waits() -> None:
    async with narrow() as ours:
        ours.peer.recall()
        assert ours.peer.send([b"x"]) == 1  # nothing waited: nothing happened
        assert await ours.read()
        taken = ours.fill()
        ours.peer.recall()
        await until(lambda: len(ours.port) == 0)
        assert ours.peer.host is None  # the viewer may connect again
        assert await _everything(ours) < taken // 4


async def test_the_kernel_keeps_little_for_a_slow_link() -> None:
    async with narrow() as ours:
        ours.fill()
        (wire,) = ours.port._wires
        assert wire._socket is not None
        assert tcp.unsent(wire._socket) < 4 * tcp.MOST_IN_KERNEL


async def test_a_good_bye_arrives_and_then_the_connection_goes_whether_the_client_agrees_or_not() -> None:
    async with narrow() as ours:
        ours.peer.send([b"bye"])
        ours.peer.close()
        assert ours.peer.send([b"x"]) == 0
        assert Deframer().feed(await ours.read()) == [b"bye"]
        assert await ours.read() == b""
        await until(lambda: len(ours.port) == 0)


async def test_a_good_bye_to_a_client_that_has_reset_ends_nothing_else() -> None:
    async with narrow() as ours:
        (wire,) = ours.port._wires
        assert wire._socket is not None
        ours.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ours.client.close()
        with socket.socket(fileno=os.dup(wire._socket.fileno())) as same:
            same.settimeout(5.0)
            with pytest.raises(ConnectionResetError):
                same.recv(1)
        ours.peer.close()  # the loop, which would tell of it, has not run since
        await until(lambda: len(ours.port) == 0)


async def test_an_ended_viewer_takes_no_connection() -> None:
    async with narrow() as ours:
        one = Peer(ice.Credentials.fresh("client"), SERVER, fingerprints(CLIENT), seam.Arena(), 0.0)
        ours.port.peers.add(one)
        one.close()  # its end is being written down, say
        credentials = one.ice.credentials
        reader, writer = await asyncio.open_connection("127.0.0.1", ours.port.port)
        writer.write(frame([check(credentials.ufrag, credentials.password, "client")]))
        assert await closed(reader)
        writer.close()
        await until(lambda: len(ours.port) == 1)


@pytest.mark.parametrize(
    ("hosts", "loser"),
    [
        (["a", "a", "b"], 0),
        (["b", "a", "a"], 1),
        (["b", "a", "a", "b", "a"], 1),
        (["a", "b", "c"], 0),
        (["192.0.2.1", "2001:db8::1", "2001:db8::2:1", "192.0.2.2"], 1),
        (["2001:db8:0:1::1", "fe80::1%eth0", "fe80::2%eth0"], 1),
    ],
)
def test_who_has_the_most_connections_loses_the_oldest(hosts: list[str], loser: int) -> None:
    assert tcp.least_deserving(hosts) == loser


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00" + bytes(512),
        b"\x00\x00",
        frame([check("no-such", "p" * 24, "peer")]),
        frame([b"\x16\xfe\xfd" + bytes(40)]),
        frame([b"\x80\xc9" + bytes(30)]),
        frame([bytes(2000)]),
        random.Random(1).randbytes(4000),
    ],
    ids=["http", "tls", "empty", "unknown", "dtls", "srtcp", "zeros", "random"],
)
async def test_who_is_no_viewer_is_shown_out_at_once(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "PATIENCE", 0.3)
    async with relayed() as ours:
        reader, writer = await connect(ours)
        writer.write(said)
        assert await closed(reader)
        writer.close()


async def test_a_silent_connection_has_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "PATIENCE", 0.2)
    async with relayed() as ours:
        reader, writer = await connect(ours)
        assert await closed(reader)
        writer.close()


async def test_a_wrong_password_closes_the_connection() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token(), tcp=True) as viewer:
        await viewer.wait_picture()
        reader, writer = await connect(ours)
        writer.write(frame([check(viewer._remote_ufrag, "g" * 24, viewer._ufrag)]))
        assert await closed(reader)
        writer.close()
        await moving(viewer)


async def test_a_crowd_of_strangers_is_bounded_and_keeps_no_viewer_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "MOST_STRANGERS", 5)
    monkeypatch.setattr(tcp, "PATIENCE", 600.0)  # nobody goes by himself
    async with relayed() as ours:
        crowd = [await connect(ours) for _ in range(20)]
        await until(lambda: ours.relay.peers.dropped["crowd"] >= 15)
        assert ours.relay.statistics().tcp_connections == 5
        async with WhepViewer.open(ours.url(), ours.token(), tcp=True) as viewer:  # in the middle of it
            await viewer.wait_picture()
            crowd += [await connect(ours) for _ in range(10)]
            await until(lambda: ours.relay.peers.dropped["crowd"] >= 25)
            await moving(viewer)
        for reader, writer in crowd[:-5]:
            assert await closed(reader)
            writer.close()
        for _, writer in crowd[-5:]:
            writer.close()
