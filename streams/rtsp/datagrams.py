"""RTP over UDP, for cameras that send no other way: two sockets, and only what comes from the camera counts.

Packets that the network reorders count as late and lost (`rtp.py`): in a camera network that is rare, and a
buffer to sort them would delay every picture.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import cast

from streams.errors import CameraError
from streams.state import Reason

_ATTEMPTS = 20  # at a pair of free ports, the lower one even (RFC 3550 §11)
_RECEIVE_BUFFER = 1 << 20  # bytes: a keyframe comes in one burst

Take = Callable[[memoryview, float], None]


class _Port(asyncio.DatagramProtocol):
    """One of the two sockets."""

    def __init__(self, camera: str, take: Take, clock: Callable[[], float]) -> None:
        self._camera = camera
        self._take = take
        self._clock = clock
        self.transport: asyncio.DatagramTransport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if addr[0] == self._camera and data:
            self._take(memoryview(data), self._clock())

    def error_received(self, exc: Exception) -> None:
        pass  # the camera's port for reports is closed: pictures are the proof of life

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class Datagrams:
    """A pair of UDP ports. `ports`: ours, for the SETUP request."""

    def __init__(self, rtp: _Port, rtcp: _Port, ports: tuple[int, int], camera: str) -> None:
        self._rtp = rtp
        self._rtcp = rtcp
        self.ports = ports
        self._camera = camera
        self.reports_to: int | None = None  # the camera's port for RTCP

    def send_report(self, compound: bytes) -> None:
        """Send an RTCP compound, where the camera has said where to."""
        if self.reports_to is not None and self._rtcp.transport is not None:
            self._rtcp.transport.sendto(compound, (self._camera, self.reports_to))

    async def close(self) -> None:
        """Close both; returns when they are closed."""
        for port in (self._rtp, self._rtcp):
            if port.transport is not None:
                port.transport.abort()
                await port.closed.wait()


async def open_datagrams(
    local: str, camera: str, on_rtp: Take, on_rtcp: Take, clock: Callable[[], float] = time.monotonic
) -> Datagrams:
    """Open a pair on the address `local`. Raises `CameraError` where no pair is free."""
    loop = asyncio.get_running_loop()
    pair = _bind(local)
    ports = (pair[0].getsockname()[1], pair[1].getsockname()[1])
    made = []
    for sock, take in zip(pair, (on_rtp, on_rtcp), strict=True):
        _, protocol = await loop.create_datagram_endpoint(
            lambda take=take: _Port(camera, take, clock),  # type: ignore[misc]  # mypy has no type for the default
            sock=sock,
        )
        made.append(protocol)
    return Datagrams(made[0], made[1], ports, camera)


def _bind(local: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in local else socket.AF_INET
    for _ in range(_ATTEMPTS):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        try:
            first.bind((local, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((local, port + 1))
                for sock in (first, second):
                    sock.setblocking(False)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
                return first, second
        except OSError:
            pass  # the upper one is taken: another pair
        first.close()
        second.close()
    raise CameraError(Reason.UNREACHABLE, "no pair of UDP ports is free here")
