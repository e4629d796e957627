"""A bare RTSP client for the simulator's tests: written from the RFC, sharing nothing with either side."""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from streams.simulator import SimulatedCamera, SimulatedCity

DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Packet:
    """One interleaved frame."""

    channel: int
    data: bytes

    @property
    def marker(self) -> bool:
        return bool(self.data[1] & 0x80)

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.data[2:4], "big")

    @property
    def time(self) -> int:
        return int.from_bytes(self.data[4:8], "big")

    @property
    def payload(self) -> bytes:
        return self.data[12:]

    @property
    def nal_type(self) -> int:
        """Of the NAL unit, also of one that is split (FU-A)."""
        kind = self.payload[0] & 0x1F
        return self.payload[1] & 0x1F if kind == 28 else kind

    @property
    def report(self) -> tuple[float, int]:
        """Of a sender report: Unix seconds and the RTP time of that instant."""
        assert self.data[1] == 200
        seconds, fraction, rtp = struct.unpack_from("!III", self.data, 8)
        return seconds - 2_208_988_800 + fraction / 2**32, rtp


class Client:
    """One connection."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = url
        self.reader, self.writer = reader, writer
        self.packets: list[Packet] = []
        self.session = ""
        self._cseq = 0

    async def ask(self, method: str, url: str | None = None, **headers: str) -> Reply:
        """Send a request and wait for its answer; packets that come before it are kept in `packets`."""
        self._cseq += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if self.session and "Session" not in headers:
            lines.append(f"Session: {self.session}")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(DEADLINE_S):
            return await self.reply()

    async def reply(self) -> Reply:
        while True:
            first = await self.reader.readexactly(1)
            if first == b"$":
                self.packets.append(await self._frame())
                continue
            head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.strip().split("\r\n")
            headers: dict[str, str] = {}
            for line in lines:
                name, _, value = line.partition(":")
                key = name.strip().lower()
                headers[key] = f"{headers[key]}\n{value.strip()}" if key in headers else value.strip()
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
            return Reply(int(status.split()[1]), headers, body.decode())

    async def _frame(self) -> Packet:
        channel, length = struct.unpack("!BH", await self.reader.readexactly(3))
        return Packet(channel, await self.reader.readexactly(length))

    async def packet(self) -> Packet:
        """The next interleaved packet."""
        if self.packets:
            return self.packets.pop(0)
        async with asyncio.timeout(DEADLINE_S):
            assert await self.reader.readexactly(1) == b"$"
            return await self._frame()

    async def picture(self) -> list[Packet]:
        """The RTP packets of the next picture."""
        packets: list[Packet] = []
        while not packets or not packets[-1].marker:
            packet = await self.packet()
            if packet.channel == 0:
                packets.append(packet)
        return packets

    async def ended(self) -> bool:
        """Wait for the other side to end the connection, taking whatever still comes."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                return True
        return True

    async def play(self) -> None:
        """DESCRIBE, SETUP, PLAY."""
        assert (await self.ask("DESCRIBE", Accept="application/sdp")).status == 200
        setup = await self.ask("SETUP", f"{self.url}/trackID=1", Transport="RTP/AVP/TCP;interleaved=0-1")
        assert setup.status == 200
        self.session = setup.headers["session"].split(";")[0]
        assert (await self.ask("PLAY")).status == 200


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A connection to the host of an `rtsp://` address."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield Client(url, reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def running(cameras: Sequence[SimulatedCamera]) -> AsyncIterator[SimulatedCity]:
    """A city on loopback, its scenes ready."""
    city = SimulatedCity(cameras, workers=1)
    task = asyncio.create_task(city.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            await city.ready.wait()
        yield city
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def digest(challenge: str, username: str, password: str, method: str, uri: str) -> str:
    """An Authorization header that answers one challenge (RFC 2617 §3.2.2, RFC 7616 §3.4)."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    algorithm = fields.get("algorithm", "MD5")

    def hashed(text: str) -> str:
        return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode()).hexdigest()

    first = hashed(f"{username}:{fields['realm']}:{password}")
    second = hashed(f"{method}:{uri}")
    middle, more = fields["nonce"], ""
    if "qop" in fields:
        middle = f"{fields['nonce']}:00000001:abcdef:auth"
        more = ", qop=auth, nc=00000001, cnonce=abcdef"
    answer = hashed(f"{first}:{middle}:{second}")
    return (
        f'Digest username="{username}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
        f'algorithm={algorithm}, response="{answer}"{more}'
    )
