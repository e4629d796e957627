"""A minimal WHEP viewer of our own: for `hotline demo --once`, tests and benches.

Belongs here: the client's side of what the relay does (one POST, ICE controlling, DTLS, SRTP, pictures). Not
here: sockets (`relay/client_link.py`), loss recovery, smooth playing; it asks for nothing again.

Needs no network interface but loopback. The latest picture is kept, never a queue of them.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
import numpy as np
from aioice import stun
from numpy.typing import NDArray

from relay import seam
from relay import stun as relay_stun
from relay.client_link import Address, Link, TcpLink, UdpLink, candidates
from relay.decoder import PictureDecoder
from relay.dtls import DtlsAssociation, DtlsState
from relay.errors import DtlsError, RelayError, SrtpError
from relay.ice import random_ice_string
from streams.counters import Counters
from streams.depacketize import CodedPicture, H264Depacketizer
from streams.rtp import RtpReceiver, parse_sender_report

CHECK_INTERVAL = 0.05
"""Seconds between checks until one is answered."""
CONSENT_INTERVAL = 2.5
"""Seconds between checks afterwards; Chromium's are 2.7."""
REPORT_INTERVAL = 1.0
"""Seconds between receiver reports."""

_FORMATS = ((96, "42e01f"), (98, "42001f"), (100, "4d001f"), (102, "64001f"))
_EXTENSIONS = {
    1: "urn:ietf:params:rtp-hdrext:sdes:mid",
    2: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
}
_BYE = 203


class WatchError(RelayError):
    """The viewer could not be opened. `status`: of the HTTP answer, None where it failed later."""

    def __init__(self, text: str, status: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ReceivedPicture:
    """A whole picture. `rtp_time`: 32 bits. `arrived`: monotonic seconds of its last packet.

    `frame`: decoded (height x width x 3, BGR) where the viewer decodes and the decoder gave one.
    """

    number: int
    rtp_time: int
    arrived: float
    is_idr: bool
    nal_units: tuple[bytes, ...] = field(repr=False)
    frame: NDArray[np.uint8] | None = field(default=None, repr=False)


class WhepViewer:
    """A running viewer, made by `WhepViewer.open`. Times are monotonic seconds."""

    def __init__(self, link: Link, *, decode: bool) -> None:
        self.started = time.monotonic()
        """When the POST was begun."""
        self.answered: float | None = None
        self.connected: float | None = None
        self.first_picture: float | None = None
        self.location = ""
        self.etag = ""
        self.answer = ""
        self.packets = 0
        self.bytes = 0
        self.pictures = 0
        self.counters = Counters()
        self.newest: ReceivedPicture | None = None
        self.ended: str | None = None
        """Why it is over: "bye" (RTCP), "closed" (DTLS) or words; None while it is not."""
        self.on_packet: Callable[[bytes, float], None] | None = None
        """Called with each decrypted RTP packet and its arrival."""
        self._certificate = seam.Certificate()
        self._link = link
        self._decoder = PictureDecoder() if decode else None
        self._changed = asyncio.Event()
        self._ufrag = random_ice_string(8)
        self._password = random_ice_string(24)
        self._remote_ufrag = ""
        self._remote_password = ""
        self._targets: list[Address] = []
        self._address: Address | None = None
        self._tiebreaker = secrets.randbits(64)
        self._ssrc = secrets.randbits(31) + 1
        self._dtls: DtlsAssociation | None = None
        self._receiver: RtpReceiver | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        bearer: str,
        *,
        profile: str = "main",
        decode: bool = False,
        deadline: float = 10.0,
        host: str = "0.0.0.0",  # noqa: S104 - where from is for the routes to say
        tcp: bool = False,
        http: httpx.AsyncClient | None = None,
        rewrite: Callable[[str], str] = lambda answer: answer,
    ) -> AsyncIterator[WhepViewer]:
        """Watch `url` (`http://host:port/whep/camera`) until the block is left, which ends the viewer.

        Enters once DTLS is up. `host`: local address to send from. `tcp`: by ICE-TCP instead of UDP.
        `rewrite` may change the answer, to put something between viewer and relay. Raises `WatchError`;
        TimeoutError after `deadline` seconds; OSError when the network cannot be used.
        """
        async with _http(http) as client:
            link: Link = TcpLink() if tcp else UdpLink(host)
            viewer = cls(link, decode=decode)
            try:
                async with asyncio.timeout(deadline):
                    await viewer._post(client, url, bearer, profile, rewrite)
                    found = candidates(viewer.answer, tcp=tcp, version=6 if ":" in host else 4)
                    if not found:
                        raise WatchError("the answer has no candidate of that kind")
                    viewer._targets = await link.open(found, viewer._receive)
                task = asyncio.create_task(viewer._run(), name="whep viewer")
                try:
                    await viewer._wait(lambda: viewer.connected is not None, deadline)
                    yield viewer
                finally:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                    await viewer._delete(client, bearer)
            finally:
                link.close()

    async def wait_picture(self, deadline: float = 10.0, *, after: int = 0) -> ReceivedPicture:
        """The newest picture, once there is one whose number is above `after`.

        Raises `WatchError` when the viewer ends before, TimeoutError after `deadline` seconds.
        """
        await self._wait(lambda: self.newest is not None and self.newest.number > after, deadline)
        assert self.newest is not None
        return self.newest

    async def wait_end(self, deadline: float = 10.0) -> str:
        """Why the relay ended the viewer, once it has. Raises TimeoutError after `deadline` seconds."""
        with suppress(WatchError):
            await self._wait(lambda: False, deadline)
        assert self.ended is not None
        return self.ended

    def request_keyframe(self) -> None:
        """Send a PLI (RFC 4585 §6.3.1)."""
        media = re.search(r"^a=ssrc:(\d+)", self.answer, re.MULTILINE)
        source = self._ssrc.to_bytes(4, "big")
        self._send_rtcp(b"\x81\xce\x00\x02" + source + int(media[1] if media else 0).to_bytes(4, "big"))

    async def _post(
        self,
        client: httpx.AsyncClient,
        url: str,
        bearer: str,
        profile: str,
        rewrite: Callable[[str], str],
    ) -> None:
        response = await client.post(
            url,
            params={"profile": profile},
            content=self._offer(),
            headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/sdp"},
        )
        self.answered = time.monotonic()
        if response.status_code != 201:
            raise WatchError(
                f"the relay answered {response.status_code}",
                response.status_code,
                response.headers.get("retry-after"),
            )
        self.location = urljoin(str(response.url), response.headers["location"])
        self.etag = response.headers.get("etag", "")
        self.answer = rewrite(response.text)
        self._read_answer()

    def _read_answer(self) -> None:
        def attribute(pattern: str) -> str:
            found = re.search(pattern, self.answer, re.MULTILINE)
            if found is None:
                raise WatchError("the answer is not complete")
            return found[1]

        self._remote_ufrag = attribute(r"^a=ice-ufrag:(\S+)")
        self._remote_password = attribute(r"^a=ice-pwd:(\S+)")
        algorithm, _, digest = attribute(r"^a=fingerprint:(\S+ \S+)").partition(" ")
        payload_type = int(attribute(r"^a=rtpmap:(\d+) H264/90000"))
        self._dtls = DtlsAssociation(self._certificate, [(algorithm, digest)], seam.Arena(), server=False)
        self._receiver = RtpReceiver(
            payload_type, H264Depacketizer((), self._on_picture, self.counters), self.counters
        )

    async def _delete(self, client: httpx.AsyncClient, bearer: str) -> None:
        """Give the viewer back. The relay may have ended it already, or be gone: both are fine."""
        with suppress(httpx.HTTPError):
            await client.delete(self.location, headers={"Authorization": f"Bearer {bearer}"}, timeout=2.0)

    async def _run(self) -> None:
        """Check, report and retransmit until cancelled."""
        assert self._dtls is not None
        next_check = next_report = time.monotonic()
        while self.ended is None:
            now = time.monotonic()
            if now >= next_check:
                self._check()
                next_check = now + (CHECK_INTERVAL if self._address is None else CONSENT_INTERVAL)
            if self.connected is not None and now >= next_report:
                self._report(now)
                next_report = now + REPORT_INTERVAL
            wait = min(next_check, next_report if self.connected is not None else next_check) - now
            retransmission = self._dtls.timeout() if self._address is not None else None
            if retransmission is not None and retransmission <= wait:
                await asyncio.sleep(retransmission)
                self._flight(self._dtls.handle_timeout)
            else:
                await asyncio.sleep(max(0.0, wait))

    def _check(self) -> None:
        """A connectivity check that nominates at once, to every candidate until one answers."""
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote_ufrag}:{self._ufrag}"
        request.attributes["PRIORITY"] = 126 << 24
        request.attributes["ICE-CONTROLLING"] = self._tiebreaker
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote_password.encode())
        for target in self._targets if self._address is None else [self._address]:
            self._link.send(bytes(request), target)

    def _report(self, now: float) -> None:
        assert self._receiver is not None
        self._send_rtcp(self._receiver.receiver_report(self._ssrc, now))

    def _send_rtcp(self, compound: bytes) -> None:
        if self._dtls is not None and self._dtls.srtp is not None and self._address is not None:
            self._link.send(self._dtls.srtp.protect_rtcp(compound), self._address)

    def _receive(self, datagram: bytes, source: Address) -> None:
        assert self._dtls is not None
        now = time.monotonic()
        if not datagram:
            return
        if datagram[0] < 4:
            self._on_stun(datagram, source)
        elif 20 <= datagram[0] <= 63:
            dtls = self._dtls
            self._flight(lambda: dtls.receive(datagram))
            if dtls.state is DtlsState.CONNECTED and self.connected is None:
                self.connected = now
                self._changed.set()
            elif dtls.state is DtlsState.CLOSED:
                self._end("closed")
        elif 128 <= datagram[0] <= 191 and self._dtls.srtp is not None:
            self._on_srtp(self._dtls.srtp, datagram, now)

    def _on_stun(self, datagram: bytes, source: Address) -> None:
        request = relay_stun.read_request(datagram)
        if request is not None:  # as a full agent does (RFC 8445 §7.3)
            key = self._password.encode()
            if relay_stun.is_authentic(datagram, request, key):
                self._link.send(relay_stun.success(request, key, source), source)
            return
        try:
            message = stun.parse_message(datagram)
        except Exception:
            return  # not STUN; the parser raises more than ValueError
        if (
            self._address is None
            and message.message_class == stun.Class.RESPONSE
            and message.check_message_integrity(self._remote_password.encode())
        ):
            assert self._dtls is not None
            self._address = source
            self._flight(self._dtls.start)

    def _flight(self, act: Callable[[], list[bytes]]) -> None:
        try:
            flight = act()
        except DtlsError as error:
            self._end(str(error))
            return
        for datagram in flight:
            if self._address is not None:
                self._link.send(datagram, self._address)

    def _on_srtp(self, srtp: seam.LibSrtp, datagram: bytes, now: float) -> None:
        assert self._receiver is not None
        try:
            if 192 <= datagram[1] <= 223:
                self._on_rtcp(srtp.unprotect_rtcp(datagram), now)
                return
            packet = srtp.unprotect_rtp(datagram)
        except SrtpError:
            return
        self.packets += 1
        self.bytes += len(datagram)
        if self.on_packet is not None:
            self.on_packet(packet, now)
        self._receiver.feed(memoryview(packet), now)

    def _on_rtcp(self, compound: bytes, now: float) -> None:
        assert self._receiver is not None
        report = parse_sender_report(compound)
        if report is not None:
            self._receiver.report_received(report, now)
        at = 0
        while at + 4 <= len(compound):
            if compound[at + 1] == _BYE:
                self._end("bye")
            at += 4 * (int.from_bytes(compound[at + 2 : at + 4], "big") + 1)

    def _on_picture(self, picture: CodedPicture) -> None:
        now = time.monotonic()
        self.pictures += 1
        units = picture.nal_units
        frame = self._decoder.decode(units) if self._decoder is not None else None
        self.newest = ReceivedPicture(self.pictures, picture.timestamp, now, picture.is_idr, units, frame)
        if self.first_picture is None:
            self.first_picture = now
        self._changed.set()

    def _end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self._changed.set()

    async def _wait(self, reached: Callable[[], bool], deadline: float) -> None:
        async with asyncio.timeout(deadline):
            while not reached():
                if self.ended is not None:
                    raise WatchError(f"the viewer ended: {self.ended}")
                self._changed.clear()
                await self._changed.wait()

    def _offer(self) -> str:
        numbers = " ".join(f"{number} {number + 1}" for number, _ in _FORMATS)
        lines = [
            "v=0",
            f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            f"m=video 9 UDP/TLS/RTP/SAVPF {numbers}",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=recvonly",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{self._certificate.fingerprint}",
            "a=setup:actpass",
            *(f"a=extmap:{number} {uri}" for number, uri in _EXTENSIONS.items()),
        ]
        for number, profile in _FORMATS:
            lines += [
                f"a=rtpmap:{number} H264/90000",
                f"a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}",
                f"a=rtcp-fb:{number} nack",
                f"a=rtcp-fb:{number} nack pli",
                f"a=rtpmap:{number + 1} rtx/90000",
                f"a=fmtp:{number + 1} apt={number}",
            ]
        return "\r\n".join(lines) + "\r\n"


@asynccontextmanager
async def _http(given: httpx.AsyncClient | None) -> AsyncIterator[httpx.AsyncClient]:
    if given is not None:
        yield given
        return
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client
