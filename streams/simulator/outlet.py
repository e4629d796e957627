"""The camera's way out to one client: bounded, and as slow as a fault makes it.

Belongs here: bytes to a transport. What the bytes are is `dialogue.py`'s.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque


class Outlet:
    """Writes to one connection. With a rate set, no more than that leaves; the rest waits here.

    It refuses nothing: whoever writes pictures looks at `backlog` first.
    """

    _TICK = 0.02

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._rate: int | None = None
        self._credit = 0.0
        self._filled = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def backlog(self) -> int:
        """Bytes that have not reached the kernel."""
        return self._held_bytes + self._transport.get_write_buffer_size()

    @property
    def closing(self) -> bool:
        return self._transport.is_closing()

    def set_rate(self, rate: int | None) -> None:
        """Let at most `rate` bit/s out; None: as fast as it goes."""
        self._rate = rate
        self._credit, self._filled = 0.0, time.monotonic()
        if rate is None:
            self._flush()

    def write(self, data: bytes) -> None:
        """Send, after whatever waits; nothing more where the client has gone."""
        if self._transport.is_closing():
            return
        if self._rate is None and not self._held:
            self._transport.write(data)
            return
        self._held.append(data)
        self._held_bytes += len(data)
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        if self._rate is not None:
            self._credit = min(self._credit + (now - self._filled) * self._rate / 8, self._rate / 8 * 0.1)
            self._filled = now
        while self._held and not self._transport.is_closing():
            data = self._held.popleft()
            allowed = len(data) if self._rate is None else int(self._credit)
            part, rest = data[:allowed], data[allowed:]
            self._credit -= len(part)
            self._held_bytes -= len(part)
            self._transport.write(part)
            if rest:
                self._held.appendleft(rest)
                self._timer = asyncio.get_running_loop().call_later(self._TICK, self._flush)
                return

    def close(self) -> None:
        """Let go. What waits is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held.clear()
        self._held_bytes = 0

    def reset(self) -> None:
        """End the connection as a device does that loses its power: RST instead of FIN."""
        self.close()
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
