"""Datagrams from a socket of the test's own, whatever the event loop can do with bare sockets."""

from __future__ import annotations

import asyncio
import socket


async def receive(sock: socket.socket, size: int = 2048) -> tuple[bytes, tuple[str, int]]:
    """The next datagram on a non-blocking socket, and where it came from; the caller sets the deadline."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
        datagram, source = sock.recvfrom(size)
        return datagram, source
    finally:
        loop.remove_reader(sock)
