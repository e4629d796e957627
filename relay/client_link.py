"""How our own viewer reaches the relay: by one UDP socket, or by one TCP connection (ICE-TCP, active).

Belongs here: sockets of the client. Not here: what is said over them (`relay/client.py`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, cast

from relay.framing import Deframer, FramingError, frame

Address = tuple[str, int]
Receive = Callable[[bytes, Address], None]

_CANDIDATE = re.compile(
    r"^a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+) typ host(?: tcptype (passive))?",
    re.MULTILINE | re.IGNORECASE,
)


def candidates(answer: str, *, tcp: bool, version: int) -> list[Address]:
    """Where the relay says it can be reached, in its order of preference."""
    return [
        (host, int(port))
        for kind, host, port, passive in _CANDIDATE.findall(answer)
        if kind.lower() == ("tcp" if tcp else "udp")
        and bool(passive) == tcp
        and ipaddress.ip_address(host).version == version
    ]


class Link(Protocol):
    """Datagrams to the relay and back."""

    async def open(self, targets: Sequence[Address], receive: Receive) -> list[Address]:
        """Get ready; returns those of `targets` that can be sent to. Raises OSError when none can."""
        ...

    def send(self, datagram: bytes, target: Address) -> None:
        """One datagram. What cannot leave at once is lost, as on any network."""
        ...

    def close(self) -> None: ...


class UdpLink:
    """One UDP socket on `host`."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._socket: socket.socket | None = None

    async def open(self, targets: Sequence[Address], receive: Receive) -> list[Address]:
        """See `Link`: nothing is known yet of any target."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = self._socket = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((self._host, 0))

        def readable() -> None:
            for _ in range(128):
                try:
                    datagram, source = sock.recvfrom(2048)
                except OSError:
                    return
                receive(datagram, (source[0], source[1]))

        asyncio.get_running_loop().add_reader(sock, readable)
        return list(targets)

    def send(self, datagram: bytes, target: Address) -> None:
        """See `Link`."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(datagram, target)

    def close(self) -> None:
        """See `Link`."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None


class TcpLink(asyncio.Protocol):
    """One TCP connection, to the first target that takes it."""

    def __init__(self) -> None:
        self._deframer = Deframer(longest=65_535)
        self._receive: Receive | None = None
        self._target: Address = ("", 0)
        self._transport: asyncio.WriteTransport | None = None

    async def open(self, targets: Sequence[Address], receive: Receive) -> list[Address]:
        """See `Link`."""
        self._receive = receive
        failure: OSError = ConnectionError("no TCP candidate")
        for target in targets:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *target)
            except OSError as error:
                failure = error
            else:
                self._target = target
                return [target]
        raise failure

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.WriteTransport, transport)  # not every loop's derive from it

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        assert self._receive is not None
        try:
            for datagram in self._deframer.feed(data):
                self._receive(datagram, self._target)
        except FramingError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._transport = None

    def send(self, datagram: bytes, target: Address) -> None:
        """See `Link`."""
        if self._transport is not None:
            self._transport.write(frame((datagram,)))

    def close(self) -> None:
        """See `Link`."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
