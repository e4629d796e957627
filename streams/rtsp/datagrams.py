"""RTP over UDP, for cameras that send no other way: two sockets, and only what comes from the camera counts.

Packets that the network reorders count as late and lost (`rtp.py`): in a camera network that is rare, and a
buffer to sort them would delay every picture.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from streams.errors import CameraError
from streams.state import Reason

_ATTEMPTS = 20  # at a pair of free ports, the lower one even (RFC 3550 §11)
_BATCH = 64  # datagrams taken per turn of the loop
_LARGEST = 65_535  # bytes of one
_RECEIVE_BUFFER = 1 << 20  # bytes: a keyframe comes in one burst

Take = Callable[[memoryview, float], None]


class _Port:
    """One of the two sockets, read until it is closed."""

    def __init__(self, sock: socket.socket, camera: str, take: Take, clock: Callable[[], float]) -> None:
        self._socket = sock
        self._camera = camera
        self._take = take
        self._clock = clock
        asyncio.get_running_loop().add_reader(sock, self._readable)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data, source = self._socket.recvfrom(_LARGEST)
            except OSError:
                return  # no more; or the camera's port for reports is closed: pictures are the proof of life
            if source[0] == self._camera and data:
                self._take(memoryview(data), self._clock())

    def send(self, data: bytes, address: tuple[str, int]) -> None:
        with suppress(OSError):  # full, or nobody there: the next one says the same
            self._socket.sendto(data, address)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


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
        if self.reports_to is not None:
            self._rtcp.send(compound, (self._camera, self.reports_to))

    def close(self) -> None:
        """Close both."""
        self._rtp.close()
        self._rtcp.close()


def open_datagrams(
    local: str, camera: str, on_rtp: Take, on_rtcp: Take, clock: Callable[[], float] = time.monotonic
) -> Datagrams:
    """Open a pair on the address `local`, read by the running loop. Raises `CameraError` where no pair is
    free."""
    rtp, rtcp = _bind(local)
    ports = (rtp.getsockname()[1], rtcp.getsockname()[1])
    return Datagrams(_Port(rtp, camera, on_rtp, clock), _Port(rtcp, camera, on_rtcp, clock), ports, camera)


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
