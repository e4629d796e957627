"""Somebody who does all that a relay must not mind, one kind after another, from a process of his own.

`python -m tests.relay.hostility URL TOKEN UDP_PORT TCP_PORT SECONDS` tells one line of JSON at its end:
how often each kind was done, and with what result. He holds a good token, which is the worst case: what he
may not do with it is decided after authentication. Belongs here: doing. What must come of it stands in
`siege_verdict.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from relay.client import WatchError, WhepViewer
from relay.client_link import Address, UdpLink
from relay.framing import frame
from relay.throttle import FAILURES
from tests.relay.stranger import CLIENT_HELLO, CLOSE_NOTIFY, PLAIN_FATAL_ALERT, check, garbage, stranger
from tests.support.talker import tell

FLOOD_PER_S = 10_000
"""Forged checks in a second (a flood by one machine)."""
GARBAGE_PER_S = 3_000
_TICK = 0.005
_SDP = {"Content-Type": "application/sdp"}
CUT_OFF = "cut off"
"""Closed before we had said it all; the refusal is lost with the connection."""
_CROWD = 160  # connections, more than the relay lets stand


class _Wrong(WhepViewer):
    """Promises another certificate than it shows."""

    def _offer(self) -> str:
        return re.sub(
            r"(a=fingerprint:\S+ )(\S\S)",
            lambda found: f"{found[1]}{int(found[2], 16) ^ 1:02X}",
            super()._offer(),
        )


class _Echo(WhepViewer):
    """A true viewer that keeps the SRTCP it sends and the SRTP it gets, to send them again and again."""

    kept: list[bytes]

    def keep(self) -> None:
        """From now on."""
        self.kept = []
        link, send = self._link, self._link.send

        def sending(datagram: bytes, target: Address) -> None:
            self._note(datagram)
            send(datagram, target)

        link.send = sending  # type: ignore[method-assign]  # one object, in a test

    def _receive(self, datagram: bytes, source: Address) -> None:
        self._note(datagram)
        super()._receive(datagram, source)

    def _note(self, datagram: bytes) -> None:
        kept = getattr(self, "kept", None)
        if kept is not None and len(kept) < 64 and datagram and 128 <= datagram[0] <= 191:
            kept.append(datagram)

    def replay(self) -> int:
        """Send all of it again, from the right address. How many that was."""
        assert isinstance(self._link, UdpLink)
        assert self._link._socket is not None
        assert self._address is not None
        for datagram in self.kept:
            with suppress(BlockingIOError):
                self._link._socket.sendto(datagram, self._address)
        return len(self.kept)


def offers(good: str, inside: Address) -> Iterator[tuple[str, bytes]]:
    """Descriptions by what is wrong with them; `good` is one with which nothing is."""

    def candidates(number: int) -> str:
        return "".join(
            f"a=candidate:{each} 1 udp {2**30 + each} 10.{each >> 8}.{each & 255}.1 9 typ host\r\n"
            for each in range(number)
        )

    audio = (
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
    )
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    session, _, video = good.partition("m=video")
    video = "m=video" + video
    points = "".join(
        f"a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n"
        for host, port in (inside, ("169.254.169.254", 80), ("10.0.0.1", 554), ("224.0.0.1", 22), ("::1", 22))
    )
    yield "1 MB", good.encode() + b"a=x:" + b"y" * (1 << 20)
    yield "5000 candidates", (good + candidates(5_000)).encode()
    yield "1000 candidates", (good + candidates(1_000)).encode()
    yield "50 media sections", (session + video * 50).encode()
    yield "1000 ssrc lines", (good + "".join(f"a=ssrc:{each} cname:x\r\n" for each in range(1_000))).encode()
    yield "audio only", (session + audio).encode()
    yield "no H.264", good.replace("H264/90000", "VP8/90000").encode()
    yield "data channel", (session + data).encode()
    yield "candidates inside", (good + points).encode()
    yield "not UTF-8", b"v=0\r\n\xff\xfe"
    yield "empty", b""


class Attack:
    """All of it. `done`: how often each kind was done; `results`: what came of it, where something comes."""

    def __init__(self, url: str, token: str, port: int, tcp_port: int) -> None:
        self.done: Counter[str] = Counter()
        self.results: dict[str, Counter[str]] = {}
        self._url, self._token, self._port, self._tcp_port = url, token, port, tcp_port
        self._ufrag = "none"

    async def run(self, seconds: float) -> None:
        """Each kind for its share of the time, the datagrams beside all of it as one would."""
        kinds: list[Callable[[float], Awaitable[None]]] = [
            self._garbage,
            self._flood,
            self._descriptions,
            self._strangers_dtls,
            self._connections,
            self._fingerprint,
            self._replays,
            self._tokens,
        ]
        async with self._victim():
            for kind in kinds:
                await kind(seconds / len(kinds))

    # Datagrams

    @asynccontextmanager
    async def _victim(self) -> AsyncIterator[None]:
        """A half-open viewer whose fragment is known: some datagrams get as far as its password."""
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await self._post(client, self._good().encode())
        found = re.search(r"^a=ice-ufrag:(\S+)", response.text, re.MULTILINE)
        assert found is not None, response.text
        self._ufrag = found[1]
        yield

    async def _paced(self, name: str, per_s: float, seconds: float, send: Callable[[], None]) -> None:
        began = time.monotonic()
        count = 0
        while (elapsed := time.monotonic() - began) < seconds:
            for _ in range(min(int(elapsed * per_s) - count, int(per_s * 0.05))):
                with suppress(BlockingIOError):
                    send()
                self.done[name] += 1
            count = int(elapsed * per_s)
            await asyncio.sleep(_TICK)

    async def _garbage(self, seconds: float) -> None:
        datagrams = garbage(self._ufrag, seed=3)
        with stranger() as one:
            await self._paced(
                "garbage", GARBAGE_PER_S, seconds, lambda: one.send(next(datagrams), self._port)
            )

    async def _flood(self, seconds: float) -> None:
        forged = check(self._ufrag, "f" * 24, "peer")
        with stranger() as one:
            await self._paced("forged checks", FLOOD_PER_S, seconds, lambda: one.send(forged, self._port))

    async def _strangers_dtls(self, seconds: float) -> None:
        records = (CLIENT_HELLO, PLAIN_FATAL_ALERT, CLOSE_NOTIFY)
        with stranger() as one:

            def send() -> None:
                one.send(records[self.done["stranger's DTLS"] % 3], self._port)

            await self._paced("stranger's DTLS", GARBAGE_PER_S, seconds, send)

    async def _replays(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        async with _Echo.open(self._url, self._token) as viewer:
            assert isinstance(viewer, _Echo)
            viewer.keep()
            while time.monotonic() < due:
                self.done["replays"] += viewer.replay()
                await asyncio.sleep(_TICK)
            self._note("replays", "ended" if viewer.ended else "lives on")

    # HTTP

    def _good(self) -> str:
        return WhepViewer(UdpLink("127.0.0.1"), decode=False)._offer()

    async def _post(self, client: httpx.AsyncClient, body: bytes, token: str | None = None) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self._token if token is None else token}"}
        return await client.post(self._url, content=body, headers={**_SDP, **bearer})

    async def _descriptions(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
            inside.bind(("127.0.0.1", 0))
            inside.setblocking(False)
            wrong = dict(offers(self._good(), inside.getsockname()))
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                while time.monotonic() < due:
                    for name, body in wrong.items():
                        try:
                            response = await self._post(client, body)
                        except httpx.TransportError:
                            self._note(name, CUT_OFF)
                            continue
                        self._note(name, str(response.status_code))
                        if response.status_code == 201:
                            await client.delete(str(response.url.join(response.headers["location"])))
                        await asyncio.sleep(_TICK)
                    self._note("1 MB in pieces", await self._in_pieces(client))
                    self._note("1 MB announced", await self._announced())
            try:
                inside.recv(1)
            except BlockingIOError:
                self._note("reached inside", "never")
            else:
                self._note("reached inside", "reached")

    async def _in_pieces(self, client: httpx.AsyncClient) -> str:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield b"a=x\r\n" * 3_277

        headers = {**_SDP, "Authorization": f"Bearer {self._token}"}
        try:
            response = await client.post(self._url, content=pieces(), headers=headers)
        except httpx.TransportError:
            return CUT_OFF
        return str(response.status_code)

    async def _announced(self) -> str:
        """Only the head of a request; what is answered to that."""
        url = httpx.URL(self._url)
        head = (
            f"POST {url.raw_path.decode()} HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/sdp\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Length: {1 << 20}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(url.host, url.port)
        try:
            writer.write(head.encode())
            async with asyncio.timeout(2):
                return (await reader.readline()).decode().split()[1]
        finally:
            writer.close()

    async def _tokens(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        good = self._good().encode()
        async with httpx.AsyncClient(trust_env=False) as client:
            while time.monotonic() < due or self.done["bad token"] <= FAILURES:
                for token in ("a.b.c", "nonsense", self._token[:-4] + "AAAA", "x" * 8_000):
                    response = await self._post(client, good, token)
                    self._note("bad token", str(response.status_code))
                    await asyncio.sleep(_TICK)
            response = await self._post(client, good)
            self._note("good token after that", str(response.status_code))
            await client.delete(str(response.url.join(response.headers["location"])))

    async def _fingerprint(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        while time.monotonic() < due:
            try:
                async with _Wrong.open(self._url, self._token, deadline=0.5) as viewer:
                    result = "let in" if viewer.connected else "kept out"
            except (WatchError, TimeoutError):
                result = "kept out"
            self._note("wrong fingerprint", result)

    # TCP

    async def _connections(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        said = [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00" + bytes(512),
            frame([check(self._ufrag, "f" * 24, "peer")]),
            frame([CLIENT_HELLO]),
            os.urandom(4_000),
        ]
        while time.monotonic() < due:
            for each in said:
                self._note("garbage on TCP", await self._say(each))
        crowd = [await asyncio.open_connection("127.0.0.1", self._tcp_port) for _ in range(_CROWD)]
        self.done["crowd on TCP"] += len(crowd)
        for _, writer in crowd:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in crowd), return_exceptions=True)

    async def _say(self, words: bytes) -> str:
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._tcp_port)
                try:
                    writer.write(words)
                    answer = await reader.read(1)
                finally:
                    writer.close()
        except ConnectionError:
            return "closed"
        except TimeoutError:
            return "left open"
        return "answered" if answer else "closed"

    def _note(self, name: str, result: str) -> None:
        self.done[name] += 1
        self.results.setdefault(name, Counter())[result] += 1


async def main(url: str, token: str, port: int, tcp_port: int, seconds: float) -> None:
    """Attack, then tell."""
    attack = Attack(url, token, port, tcp_port)
    await attack.run(seconds)
    told: dict[str, Any] = {"done": attack.done, "results": attack.results}
    tell(told)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
