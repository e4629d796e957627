"""WHEP viewers that count datagrams and decode nothing, in a process of their own.

`python -m tests.bench._counting URL TOKEN` takes orders on its input, one a line, and answers each
with one line of JSON: `open N` opens that many more viewers, `count` says what has come. It ends with its
input.

They are ordinary viewers otherwise: their checks keep consent, and they report once a second. Unlike
`relay.client` alone they also answer checks, because other servers than ours want that.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from contextlib import AsyncExitStack

import httpx
from aioice import stun

from relay.client import WatchError, WhepViewer
from relay.client_link import UdpLink
from tests.support.talker import orders, tell

_AT_ONCE = 4
_BATCH = 256
_WATCHED = 8
_OPEN_DEADLINE_S = 15.0
_ATTEMPTS = 3
_GROW_DEADLINE_S = 60.0  # a thousand take ten seconds where the core is not full


class Tally:
    """What has come for all viewers together; `due` and `lost` are packets of the first `_WATCHED` only."""

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0
        self.due = 0
        self.lost = 0


class CountingViewer(WhepViewer):
    """A viewer that stops looking into media once it is connected."""

    def count(self, tally: Tally, *, watched: bool) -> None:
        """From now on, only count; `watched`: and notice what is missing."""
        loop = asyncio.get_running_loop()
        assert isinstance(self._link, UdpLink)
        assert self._link._socket is not None
        assert self._address is not None
        sock, source = self._link._socket, self._address
        receiver = self._receiver
        assert receiver is not None
        buffer = bytearray(2048)

        def readable() -> None:
            for _ in range(_BATCH):
                try:
                    size = sock.recv_into(buffer)
                except OSError:
                    return
                if 128 <= buffer[0] <= 191 and not 192 <= buffer[1] <= 223:  # media, not RTCP
                    tally.packets += 1
                    tally.bytes += size
                    if int.from_bytes(buffer[8:12], "big") == receiver._ssrc:
                        self._follow(int.from_bytes(buffer[2:4], "big"), tally if watched else None)
                elif size:
                    self._receive(bytes(buffer[:size]), source)

        loop.remove_reader(sock)
        loop.add_reader(sock, readable)

    def _follow(self, sequence: int, tally: Tally | None) -> None:
        receiver = self._receiver
        assert receiver is not None
        # Reports must be true, or the server takes the link for one where everything is stuck.
        receiver.received += 1
        step = (sequence + 1 - receiver._expected) & 0xFFFF
        if step < 0x8000:
            receiver.cycles += sequence < receiver._expected or sequence == 0xFFFF
            receiver._expected = (sequence + 1) & 0xFFFF
            if tally is not None:
                tally.due += step
                tally.lost += step - 1

    def _offer(self) -> str:
        # Left to choose, other servers would be DTLS clients, which this viewer is.
        return super()._offer().replace("a=setup:actpass", "a=setup:active")

    def _on_stun(self, datagram: bytes, source: tuple[str, int]) -> None:
        message = stun.parse_message(datagram)
        if message.message_class != stun.Class.REQUEST:
            super()._on_stun(datagram, source)
            return
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=message.transaction_id,
        )
        response.attributes["XOR-MAPPED-ADDRESS"] = source
        response.add_message_integrity(self._password.encode())
        response.add_fingerprint()
        self._link.send(bytes(response), source)

    async def _delete(self, client: httpx.AsyncClient, bearer: str) -> None:
        """The server under test is about to go anyway."""


class Crowd:
    """All viewers of this process."""

    def __init__(self, url: str, token: str) -> None:
        self.tally = Tally()
        self._url, self._token = url, token
        self._stack = AsyncExitStack()
        query = dict(httpx.URL(url).params)

        async def keep_query(request: httpx.Request) -> None:
            request.url = request.url.copy_merge_params(query)

        self._http = httpx.AsyncClient(
            trust_env=False, timeout=_OPEN_DEADLINE_S, event_hooks={"request": [keep_query]}
        )
        self._viewers: list[WhepViewer] = []
        self.refused = 0  # viewers that could not be opened, however often it was tried

    async def grow(self, count: int) -> float:
        """Open `count` more; returns the seconds it took."""
        began = time.monotonic()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one() -> None:
            async with gate:
                for attempt in range(_ATTEMPTS):
                    try:
                        viewer = await self._open()
                    except (TimeoutError, WatchError):
                        # On a machine that is full a handshake may not finish in time: it is tried again,
                        # as a browser's page would, and then it is said.
                        self.refused += attempt == _ATTEMPTS - 1
                    else:
                        viewer.count(self.tally, watched=len(self._viewers) < _WATCHED)
                        self._viewers.append(viewer)
                        return

        wanted = len(self._viewers) + count
        try:
            async with asyncio.timeout(_GROW_DEADLINE_S), asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(one())
        except TimeoutError:
            self.refused = wanted - len(self._viewers)
        return time.monotonic() - began

    async def _open(self) -> CountingViewer:
        opened = CountingViewer.open(self._url, self._token, deadline=_OPEN_DEADLINE_S, http=self._http)
        viewer = await self._stack.enter_async_context(opened)
        assert isinstance(viewer, CountingViewer)
        return viewer

    def ended(self) -> int:
        """How many the server has ended."""
        return sum(viewer.ended is not None for viewer in self._viewers)

    async def close(self) -> None:
        """End all."""
        await self._http.aclose()
        await self._stack.aclose()


async def main(url: str, token: str) -> None:
    """Do as ordered until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(url, token)
    try:
        async with orders() as given:
            async for line in given:
                order, _, argument = line.partition(" ")
                took = await crowd.grow(int(argument)) if order == "open" else 0.0
                tell(
                    {
                        "at": time.monotonic(),
                        "packets": crowd.tally.packets,
                        "bytes": crowd.tally.bytes,
                        "due": crowd.tally.due,
                        "lost": crowd.tally.lost,
                        "ended": crowd.ended(),
                        "refused": crowd.refused,
                        "cpu": time.process_time(),
                        "took": took,
                    }
                )
    finally:
        await crowd.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
