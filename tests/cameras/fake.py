"""A camera that plays by script: polite by default, and as faulty as a test wants.

One `FakeCamera` is one TCP port. What it answers is `Manners`: a reply per method that is the camera's own
(`None` says nothing, bytes are sent as they are), and what it sends after PLAY. It remembers what it was
asked, so that a test can say what the client did.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.cameras.video import PPS_768, SPS_768, RtpWriter, interleaved, pictures

SETS = ",".join(base64.b64encode(nal).decode() for nal in (SPS_768, PPS_768))
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=fake\r\nt=0 0\r\na=control:*\r\n"
    "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:audio\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    f"a=fmtp:96 packetization-mode=1;profile-level-id=428016;sprop-parameter-sets={SETS}\r\n"
    "a=control:video\r\n"
)
SDP_WITHOUT_SETS = SDP.replace(f";sprop-parameter-sets={SETS}", "")
SDP_AUDIO_ONLY = SDP[: SDP.index("m=video")]
SDP_OTHER_CODEC = SDP.replace("H264/90000", "H261/90000")

Reply = bytes | None | Callable[["Talk", "Asked"], Awaitable[bytes | None]]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    url: str
    headers: Mapping[str, str]  # names in lower case


@dataclass
class Manners:
    """How the camera behaves. `media`: what it sends after PLAY; `auth`: none, basic or digest."""

    sdp: str = SDP
    session: str = "12345678;timeout=60"
    transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1"
    auth: str = "none"
    algorithm: str | None = None  # of the digest; None says nothing, which is MD5
    qop: bool = True
    username: str = "viewer"
    password: str = "right"
    nonce_uses: int = 1_000_000  # then the nonce is stale
    says_stale: bool = True
    replies: Mapping[str, Reply] = field(default_factory=dict)
    media: Callable[[Talk], Awaitable[None]] | None = None
    greeting: bytes = b""  # sent before anything was asked
    hang_up: bool = False  # closes every connection at once
    before_play_reply: bytes = b""


class Talk:
    """One connection, seen from the camera."""

    def __init__(
        self, camera: FakeCamera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.camera = camera
        self.manners = camera.manners
        self.asked: list[Asked] = []
        self.frames: list[tuple[int, bytes]] = []  # interleaved frames from the client
        self.rtp = RtpWriter()
        self.channel = 0
        self._reader = reader
        self._writer = writer
        self._nonce = 0
        self._nonce_used = 0
        self.closed = asyncio.Event()

    @property
    def methods(self) -> list[str]:
        """The methods asked, in order."""
        return [asked.method for asked in self.asked]

    async def send(self, data: bytes) -> None:
        """Send bytes as they are. Raises `ConnectionError` where the other side has gone."""
        if self._writer.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._writer.write(data)
        await self._writer.drain()

    async def send_picture(self, packets: list[bytes]) -> None:
        """Send RTP packets as interleaved frames."""
        await self.send(b"".join(interleaved(self.channel, packet) for packet in packets))

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def serve(self) -> None:
        if self.manners.greeting:
            await self.send(self.manners.greeting)
        if self.manners.hang_up:
            return
        async with asyncio.TaskGroup() as tasks:
            media: asyncio.Task[None] | None = None
            while True:
                asked = await self._read()
                if asked is None:
                    break
                self.asked.append(asked)
                self.camera.changed()
                reply = await self._reply(asked)
                if asked.method == "PLAY" and self.manners.before_play_reply:
                    await self.send(self.manners.before_play_reply)
                if reply is not None:
                    await self.send(reply)
                if asked.method == "PLAY" and media is None and self.manners.media is not None:
                    media = tasks.create_task(self._play(self.manners.media))
                if asked.method == "TEARDOWN":
                    break
            if media is not None:
                media.cancel()

    async def _play(self, media: Callable[[Talk], Awaitable[None]]) -> None:
        with suppress(ConnectionError):
            await media(self)

    async def _read(self) -> Asked | None:
        while True:
            try:
                first = await self._reader.readexactly(1)
                if first == b"$":
                    head = await self._reader.readexactly(3)
                    payload = await self._reader.readexactly(int.from_bytes(head[1:], "big"))
                    self.frames.append((head[0], payload))
                    self.camera.changed()
                    continue
                text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            lines = text.strip().split("\r\n")
            method, url, _ = lines[0].split(" ")
            pairs = (line.partition(":") for line in lines[1:])
            return Asked(method, url, {name.strip().lower(): value.strip() for name, _, value in pairs})

    async def _reply(self, asked: Asked) -> bytes | None:
        manners = self.manners
        if asked.method in manners.replies:
            own = manners.replies[asked.method]
            if callable(own):
                own = await own(self, asked)
            return own if own is None else own.replace(b"{cseq}", asked.headers["cseq"].encode())
        if manners.auth != "none":
            challenge = self._challenge(asked)
            if challenge is not None:
                return answer(asked, "401 Unauthorized", challenge)
        if asked.method == "OPTIONS":
            return answer(asked, headers="Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n")
        if asked.method == "DESCRIBE":
            return answer(asked, headers="Content-Type: application/sdp\r\n", body=manners.sdp.encode())
        session = f"Session: {manners.session}\r\n"
        if asked.method == "SETUP":
            return answer(asked, headers=f"Transport: {manners.transport}\r\n{session}")
        return answer(asked, headers=session)

    def _challenge(self, asked: Asked) -> str | None:
        """A WWW-Authenticate header, None if the request answers the last one rightly."""
        manners = self.manners
        given = asked.headers.get("authorization", "")
        if manners.auth == "basic":
            pair = base64.b64encode(f"{manners.username}:{manners.password}".encode()).decode()
            return None if given == f"Basic {pair}" else 'WWW-Authenticate: Basic realm="cam"\r\n'
        stale = False
        if given.startswith("Digest ") and self._right(asked, given):
            if self._nonce_used < manners.nonce_uses:
                self._nonce_used += 1
                return None
            stale = True
        self._nonce += 1
        self._nonce_used = 0
        return f"WWW-Authenticate: Digest {self._parameters(stale and manners.says_stale)}\r\n"

    def _parameters(self, stale: bool) -> str:
        text = f'realm="cam", nonce="nonce{self._nonce}", opaque="op"'
        if self.manners.qop:
            text += ', qop="auth"'
        if self.manners.algorithm:
            text += f", algorithm={self.manners.algorithm}"
        return text + (", stale=true" if stale else "")

    def _right(self, asked: Asked, given: str) -> bool:
        manners = self.manners
        values = dict(item.strip().split("=", 1) for item in given.removeprefix("Digest ").split(", "))
        values = {name: value.strip('"') for name, value in values.items()}
        make = hashlib.sha256 if (manners.algorithm or "").startswith("SHA-256") else hashlib.md5

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        secret = digest(f"{manners.username}:cam:{manners.password}")
        request = digest(f"{asked.method}:{asked.url}")
        middle = f"{values['nc']}:{values['cnonce']}:auth:" if manners.qop else ""
        expected = digest(f"{secret}:{values['nonce']}:{middle}{request}")
        return (
            values["response"] == expected
            and values["uri"] == asked.url
            and values["nonce"] == f"nonce{self._nonce}"
        )


class FakeCamera:
    """The port. `talks`: every connection so far."""

    def __init__(self, manners: Manners | None = None) -> None:
        self.manners = manners or Manners(media=steady())
        self.talks: list[Talk] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._change = asyncio.Event()

    @property
    def url(self) -> str:
        """The camera's address."""
        return f"rtsp://127.0.0.1:{self.port}/stream"

    @property
    def open_talks(self) -> list[Talk]:
        """The connections that stand."""
        return [talk for talk in self.talks if not talk.closed.is_set()]

    def asked(self, method: str) -> int:
        """How often a method was asked, over all connections."""
        return sum(talk.methods.count(method) for talk in self.talks)

    def changed(self) -> None:
        """Wake who waits in `until`."""
        self._change.set()

    async def until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until something asked of the camera makes the condition true."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._change.clear()
                await self._change.wait()

    async def start(self) -> None:
        """Open the port, the same as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        for talk in self.open_talks:
            talk.hang_up()
        for talk in self.open_talks:
            await talk.closed.wait()

    async def __aenter__(self) -> FakeCamera:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Talk(self, reader, writer)
        self.talks.append(talk)
        self.changed()
        try:
            await talk.serve()
        except* ConnectionError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            talk.closed.set()
            self.changed()


@asynccontextmanager
async def silent_port() -> AsyncIterator[int]:
    """A port that takes connections and says nothing: the listen queue alone, nobody accepts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def answer(asked: Asked, status: str = "200 OK", headers: str = "", body: bytes = b"") -> bytes:
    """A reply in due form."""
    if body:
        headers += f"Content-Length: {len(body)}\r\n"
    return f"RTSP/1.0 {status}\r\nCSeq: {asked.headers['cseq']}\r\n{headers}\r\n".encode() + body


def steady(
    fps: float = 25.0,
    gop: int = 10,
    *,
    in_band: bool = True,
    count: int | None = None,
    writer: RtpWriter | None = None,
) -> Callable[[Talk], Awaitable[None]]:
    """Media: pictures at a steady rate; after `count` of them silence."""

    async def media(talk: Talk) -> None:
        talk.rtp = writer or talk.rtp
        flow = pictures(talk.rtp, gop=gop, in_band=in_band, step=round(90_000 / fps))
        loop = asyncio.get_running_loop()
        due = loop.time()
        sent = 0
        while count is None or sent < count:
            await talk.send_picture(next(flow))
            sent += 1
            due += 1 / fps
            await asyncio.sleep(max(0.0, due - loop.time()))

    return media


def burst(*frames: bytes) -> Callable[[Talk], Awaitable[None]]:
    """Media: these bytes once, as they are."""

    async def media(talk: Talk) -> None:
        for frame in frames:
            await talk.send(frame)

    return media
