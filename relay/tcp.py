"""The one TCP port, for viewers whose network blocks UDP: ICE-TCP, passive (RFC 6544), framed by RFC 4571.

Belongs here: connections and what they may cost. Not here: what a datagram means (`relay/peer.py`).

A connection is somebody's only once a check on it carried a viewer's password; until then it is one of at
most `MOST_STRANGERS`, and it is closed after `PATIENCE`, at the first frame that is not such a check, and at
the first byte that is no frame. When there are too many, the oldest of whoever has the most goes: nobody
keeps a newcomer out by sitting there. What the viewer's network does not take is dropped, never piled up: the
queue in front of the link is bounded in time and in bytes, and whoever sends is told.

What waits here or in the kernel when a right ends, or when a mask is drawn, must not leave any more. A TCP
stream cannot be shortened, so the connection is then reset, which empties both queues at once. That is why
every socket has SO_LINGER 0: closing it otherwise leaves the kernel sending for as long as the viewer takes.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import logging
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from relay.framing import Deframer, FramingError, frame
from relay.peer import Peer
from relay.udp import Peers

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds until a connection must be a viewer's. Its check comes with the connection, or one or two
retransmissions later (RFC 6298 begins with 1 s)."""
MOST_STRANGERS = 128
"""Connections that are nobody's yet; one more costs another one its place, see `least_deserving`."""
MOST_UNSENT = 1 << 20
"""Bytes in front of the socket: more are not taken, so a viewer can never cost more memory than this."""
MOST_DELAY = 1.0
"""Seconds: while something handed over longer ago has not left the machine, nothing more is taken. What lies
in front of a slow link is delay that cannot be taken back; whoever sends goes on at the newest keyframe."""
MOST_IN_KERNEL = 1 << 16
"""Bytes, about, that the kernel keeps unsent for one connection (TCP_NOTSENT_LOWAT); by itself it would keep
megabytes for a viewer whose link is slow. It does not bound the bytes in flight, so no link gets slower."""
FAREWELL = 0.3
"""Seconds that a connection with nothing waiting has to take the good-bye, repeats included; then it is
reset."""

_SIOCOUTQNSD = 0x894B  # linux/sockios.h; Python has no name for it
_NO_LINGER = struct.pack("ii", 1, 0)  # closing resets and discards what is unsent (socket(7), SO_LINGER)


def least_deserving(hosts: Sequence[str]) -> int:
    """Which stranger goes when there is one too many: the oldest of the address that has the most.

    `hosts`: where each comes from, the oldest first. An IPv6 address counts by its network of 64 bits, of
    which one machine can use any number. Pure.
    """
    places = [_place(host) for host in hosts]
    counts = Counter(places)
    most = max(counts.values())
    return next(index for index, place in enumerate(places) if counts[place] == most)


def _place(host: str) -> str:
    if ":" not in host:
        return host
    return str(ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False))


class UnsentQueue:
    """How long the oldest byte has waited that has not left the machine yet. Pure; a mark per write."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()  # bytes written in all by then, when
        self._written = 0

    def add(self, size: int, now: float) -> None:
        """`size` bytes were handed over."""
        self._written += size
        self._marks.append((self._written, now))

    def delay(self, waiting: int, now: float) -> float:
        """Seconds, where the last `waiting` bytes of what was handed over have not left."""
        left = self._written - waiting
        while self._marks and self._marks[0][0] <= left:
            self._marks.popleft()
        return now - self._marks[0][1] if self._marks else 0.0


class TcpWire(asyncio.Protocol):
    """One connection. Implements `relay.peer.Wire` once it is a viewer's."""

    datagrams = False

    def __init__(self, port: TcpPort) -> None:
        self.host = ""
        self._port = port
        self._peer: Peer | None = None
        self._source = ("", 0)
        self._deframer = Deframer()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._queue = UnsentQueue()
        self._deadline: asyncio.TimerHandle | None = None
        self._over = False  # nothing more is taken, nothing more is written

    # relay.peer.Wire

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`: all of them or none."""
        return len(datagrams) if self._write(frame(datagrams)) else 0

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`: all of them or none."""
        parts = [run[at : at + segment] for at in range(0, len(run), segment)]
        return len(parts) if self._write(frame(parts)) else 0

    def forget(self) -> None:
        """See `relay.peer.Wire`. Where nothing waits, the good-bye gets `FAREWELL`; else nothing leaves."""
        self._over = True
        transport = self._transport
        if transport is None or transport.is_closing() or self._waiting():
            self.close_now()
            return
        try:
            transport.write_eof()
        except OSError:  # the viewer has reset it, and the loop has not heard of that yet
            self.close_now()
        else:
            self._set_deadline(FAREWELL, transport.abort)

    def recall(self) -> None:
        """See `relay.peer.Wire`: a reset, if anything waits; the viewer connects again."""
        if self._waiting():
            logger.info("a TCP viewer is cut off: what waits for it may not be seen any more")
            self.close_now()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection came."""
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername") or ("", 0)
        self._source = (str(address[0]), int(address[1]))
        self.host = self._source[0]
        self._socket = transport.get_extra_info("socket")
        _tune(self._socket)
        self._set_deadline(PATIENCE, self._transport.abort)
        self._port.admit(self)

    def data_received(self, data: bytes) -> None:
        """Take what came. Never raises."""
        if self._over:
            return
        now = self._port.clock()
        try:
            for datagram in self._deframer.feed(data):
                self._take(datagram, now)
        except FramingError:
            self._refuse("frame")
        except Exception:
            logger.exception("a frame could not be handled")
            self._refuse("fault")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._transport = self._socket = None
        self._port.lost(self)
        if self._peer is not None:
            self._peer.lose(self)

    def close_now(self) -> None:
        """Drop the connection and whatever it still has to say."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, datagram: bytes, now: float) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if not datagram:
            self._port.peers.dropped["empty"] += 1
        elif datagram[0] <= 3:
            self._check(datagram, now)
        elif self._peer is not None:
            if not self._peer.receive(datagram, self, now):
                self._port.peers.dropped["refused"] += 1
        else:
            self._refuse("stranger")

    def _check(self, datagram: bytes, now: float) -> None:
        peer = self._port.peers.find(datagram)
        if peer is None or (self._peer is not None and peer is not self._peer):
            self._refuse("stun")
        elif peer.check(datagram, self, self._source, now):
            if self._peer is None:
                self._port.proven(self)
                if self._deadline is not None:
                    self._deadline.cancel()
            self._peer = peer
        elif self._peer is None:
            self._refuse("stun")

    def _waiting(self) -> int:
        """Bytes that have been handed over and have not left the machine."""
        if self._transport is None or self._socket is None:
            return 0
        return self._transport.get_write_buffer_size() + unsent(self._socket)

    def _refuse(self, why: str) -> None:
        self._port.peers.dropped[why] += 1
        self.close_now()

    def _write(self, data: bytes) -> bool:
        transport = self._transport
        if transport is None or self._socket is None or self._over or transport.is_closing():
            return False
        now, waiting = self._port.clock(), transport.get_write_buffer_size()
        delay = self._queue.delay(waiting + unsent(self._socket), now)
        if delay > MOST_DELAY or waiting + len(data) > MOST_UNSENT:
            self._port.refused_bytes += len(data)
            return False
        self._queue.add(len(data), now)
        transport.write(data)
        return True

    def _set_deadline(self, seconds: float, act: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, act)


class TcpPort:
    """The relay's TCP port. `open()` and `close()` belong to the loop that serves it."""

    def __init__(self, peers: Peers, clock: Callable[[], float] = time.monotonic) -> None:
        self.peers = peers
        self.clock = clock
        self.port = 0
        self.refused_bytes = 0
        """Bytes that viewers' networks were too slow to take."""
        self._servers: list[asyncio.Server] = []
        self._wires: set[TcpWire] = set()
        self._strangers: dict[TcpWire, None] = {}  # the oldest first
        self._empty = asyncio.Event()
        self._empty.set()

    async def open(self, hosts: Sequence[str], port: int) -> None:
        """Listen on each host (an address, `0.0.0.0` or `::`) at the one `port`; 0 takes a free one.

        Raises OSError when that cannot be.
        """
        loop = asyncio.get_running_loop()
        try:
            for host in hosts:
                sock = _listen(host, self.port or port)
                self.port = sock.getsockname()[1]
                self._servers.append(await loop.create_server(lambda: TcpWire(self), sock=sock, backlog=64))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Take no more connections and drop those there are."""
        for server in self._servers:
            server.close()
        for wire in tuple(self._wires):
            wire.close_now()
        for server in self._servers:
            await server.wait_closed()
        await self._empty.wait()
        self._servers.clear()
        self.port = 0

    def admit(self, wire: TcpWire) -> None:
        """One more connection has come: it stays, and where it is one too many, another one goes."""
        self._wires.add(wire)
        self._empty.clear()
        self._strangers[wire] = None
        if len(self._strangers) > MOST_STRANGERS:
            strangers = tuple(self._strangers)
            loser = strangers[least_deserving([each.host for each in strangers])]
            self.peers.dropped["crowd"] += 1
            del self._strangers[loser]
            loser.close_now()

    def proven(self, wire: TcpWire) -> None:
        """A check passed on it: it is a viewer's and no stranger's any more."""
        self._strangers.pop(wire, None)

    def lost(self, wire: TcpWire) -> None:
        """A connection is gone."""
        self._strangers.pop(wire, None)
        self._wires.discard(wire)
        if not self._wires:
            self._empty.set()

    def __len__(self) -> int:
        return len(self._wires)


def _listen(host: str, port: int) -> socket.socket:
    version = ipaddress.ip_address(host).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def unsent(sock: socket.socket) -> int:
    """Bytes that lie in the kernel and have not been sent even once (tcp(7), SIOCOUTQNSD)."""
    answer = bytearray(4)
    try:
        fcntl.ioctl(sock.fileno(), _SIOCOUTQNSD, answer)
    except OSError:
        return 0  # gone already: the loop will say so
    return int.from_bytes(answer, sys.byteorder)


def _tune(sock: socket.socket) -> None:
    with suppress(OSError):  # gone already: the loop will say so
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_IN_KERNEL)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
