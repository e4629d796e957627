"""The thin shell of a TCP path: an ICE-TCP or TURN connection led through two `StreamLink`s on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import cast

from .impairment import PERFECT, Impairment
from .sdp import Address
from .stream import StreamLink


class TcpPath:
    """Use as an async context manager. `address` is where the viewer connects instead of `relay`.

    up: viewer → relay, down: relay → viewer, for the connections that are accepted from then on.
    """

    def __init__(self, relay: Address, *, up: Impairment = PERFECT, down: Impairment = PERFECT) -> None:
        self._relay = relay
        self.up = up
        self.down = down
        self.held = False
        self._ends: set[_End] = set()
        self._dials: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> TcpPath:
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(self._accept, self._relay[0], 0)
        self.address: Address = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for dial in self._dials:
            dial.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        ends = list(self._ends)
        self.cut()
        for end in ends:
            await end.lost
        await self._server.wait_closed()

    def hold(self) -> None:
        """From now on nothing passes in either direction, and nobody is told: a cable that was pulled."""
        self.held = True

    def release(self) -> None:
        """Everything passes again, what was held first."""
        self.held = False
        for end in list(self._ends):
            end.pump()

    def cut(self) -> None:
        """Ends every connection at once, as a firewall that lost its state does."""
        for end in list(self._ends):
            end.abort()

    def _accept(self) -> _End:
        return _End(self, self._ends, StreamLink(self.up, start=self._loop.time()), self._dial)

    def _dial(self, viewer: _End) -> None:
        dial = self._loop.create_task(self._connect(viewer))
        self._dials.add(dial)
        dial.add_done_callback(self._dials.discard)

    async def _connect(self, viewer: _End) -> None:
        relay = _End(self, self._ends, StreamLink(self.down, start=self._loop.time()))
        try:
            await self._loop.create_connection(lambda: relay, *self._relay)
        except OSError:  # nobody listens there: the viewer sees its connection end
            viewer.abort()
            return
        viewer.join(relay)


class _End(asyncio.Protocol):
    """One end of a connection: what it receives leaves at the other end when its link says so."""

    def __init__(
        self,
        path: TcpPath,
        ends: set[_End],
        link: StreamLink,
        on_connected: Callable[[_End], None] | None = None,
    ) -> None:
        self._path = path
        self._ends = ends
        self._link = link
        self._on_connected = on_connected
        self._loop = asyncio.get_running_loop()
        self._other: _End | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ends.add(self)
        if self._on_connected is not None:
            self._on_connected(self)

    def join(self, other: _End) -> None:
        self._other, other._other = other, self
        self.pump()
        other.pump()

    def data_received(self, data: bytes) -> None:
        self._link.push(data, self._loop.time())
        if self._link.full:
            self._transport.pause_reading()
        self.pump()

    def eof_received(self) -> bool:
        self._ended = True
        self.pump()
        return True  # the other direction may go on

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._other is not None:
            self._other.abort()
        self.lost.set_result(None)

    def abort(self) -> None:
        self._transport.abort()

    def pump(self) -> None:
        """Hands on what is due, and sees to it that the rest is handed on when it is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._other is None or self._path.held or self.lost.done():
            return
        out = self._other._transport
        for chunk in self._link.poll(self._loop.time()):
            out.write(chunk)
        if not self._link.full and not self._ended and not self._transport.is_closing():
            self._transport.resume_reading()
        due = self._link.next_due()
        if due is not None:
            self._timer = self._loop.call_at(due, self.pump)
        elif self._ended and not out.is_closing():
            out.write_eof()
            self._close_if_both_ended()

    def _close_if_both_ended(self) -> None:
        assert self._other is not None
        if self._other._ended and self._other._link.next_due() is None:
            self._transport.close()
            self._other._transport.close()
