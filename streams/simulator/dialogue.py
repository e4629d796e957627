"""One RTSP connection to a simulated camera, from accept to close (RFC 2326, TCP interleaved only).

Belongs here: the dialogue and the media of one client, with the faults that show in them. Ports, accounts
and the choice of the fault are `device.py`'s; drawing and encoding are `feed.py`'s.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from streams.camera import ProfileName
from streams.simulator import wire
from streams.simulator.fault import FaultKind
from streams.simulator.feed import Picture, ticks
from streams.simulator.message import BadRequest, Request, interleaved_channels, response
from streams.simulator.outlet import Outlet

if TYPE_CHECKING:
    from streams.simulator.device import Device

log = logging.getLogger(__name__)

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
# Beyond this a client gets no more pictures until the next IDR finds less than a tenth waiting.
BACKLOG_BYTES = 512 * 1024
# A client that takes nothing for so long is no client.
STUCK_S = 15.0
REPORT_INTERVAL_S = 0.9


class Closed(Exception):
    """The dialogue is over."""


class Dialogue:
    """One client. `run()` is its whole life; `play()` is called by the feed while it plays."""

    def __init__(self, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer
        self.outlet = Outlet(cast(asyncio.Transport, writer.transport))
        self._profile: ProfileName | None = None
        self._session = ""
        self._channels = (0, 1)
        self._heard = time.monotonic()
        self._playing = False
        self._nonce = secrets.token_hex(16)
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._time_base = secrets.randbits(32)
        self._sent_packets = 0
        self._sent_bytes = 0
        self._needs_idr = True
        self._stuck_since: float | None = None
        self._rubbish = random.Random(self._ssrc)  # noqa: S311 (rubbish, no secret)
        self._cut = False

    async def run(self) -> None:
        """Answer until the client goes, breaks the protocol, tears down, or falls silent."""
        try:
            async with asyncio.TaskGroup() as group:
                reports = group.create_task(self._report())
                try:
                    while await self._exchange():
                        pass
                finally:
                    reports.cancel()
        except* (Closed, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._stop()
            self.outlet.close()
            self._writer.close()

    def _stop(self) -> None:
        if self._playing and self._profile is not None:
            self._playing = False
            self._device.feed.leave(self._profile, self)

    # --- requests -------------------------------------------------------------------------------------

    async def _exchange(self) -> bool:
        """One request and its answer, or one interleaved packet. False when the dialogue is over."""
        timeout = self._device.camera.session_timeout_s
        deadline = self._heard + timeout + (1.0 if timeout >= 10 else 0.0)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                request = await self._read()
        except TimeoutError:
            log.info("camera %s: session timed out", self._device.camera.id)
            return False
        except (BadRequest, asyncio.LimitOverrunError):
            self.outlet.write(response(400, None))
            return False
        if request is None:
            return True
        self._heard = time.monotonic()
        if (fault := self._device.fault_kind) is not None and await self._misbehave(fault, request):
            return False
        return await self._answer(request)

    async def _read(self) -> Request | None:
        """The next request; None for an interleaved packet of the client (its RTCP), which is only taken."""
        first = await self._reader.readexactly(1)
        if first == b"$":
            header = await self._reader.readexactly(3)
            await self._reader.readexactly(int.from_bytes(header[1:], "big"))
            return None
        if first in b"\r\n":
            return None
        request = Request.parse(first + await self._reader.readuntil(b"\r\n\r\n"))
        await self._reader.readexactly(request.content_length)
        return request

    async def _misbehave(self, fault: FaultKind, request: Request) -> bool:
        """What a faulty camera does instead of answering. True when nothing more is to be said."""
        if fault is FaultKind.MUTE:
            await self._reader.read()
            return True
        if fault is FaultKind.NOT_RTSP:
            body = "<html><body>It works!</body></html>"
            head = (
                f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self.outlet.write((head + body).encode())
            return True
        if fault is FaultKind.ENDLESS_HEADER:
            self.outlet.write(f"RTSP/1.0 200 OK\r\nCSeq: {request.headers.get('cseq', '0')}\r\n".encode())
            while not self.outlet.closing:
                self._writer.write(b"X-Padding: " + b"x" * 1000 + b"\r\n")
                await self._writer.drain()
            return True
        return False

    async def _answer(self, request: Request) -> bool:
        cseq = request.headers.get("cseq")
        if cseq is None:
            self.outlet.write(response(400, None))
            return True
        if request.method == "OPTIONS":
            self.outlet.write(response(200, cseq, {"Public": _METHODS}))
            return True
        if not self._device.admits(request, self._nonce):
            more = self._device.challenge(self._nonce)
            self.outlet.write(response(401, cseq, more=more))
            return True
        handlers: dict[str, Callable[[Request, str], Awaitable[bool]]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
            "TEARDOWN": self._teardown,
        }
        handler = handlers.get(request.method)
        if handler is None:
            self.outlet.write(response(405, cseq, {"Allow": _METHODS}))
            return True
        return await handler(request, cseq)

    def _profile_of(self, request: Request) -> ProfileName | None:
        path = request.path
        if (
            self._device.fault_kind is FaultKind.NOT_FOUND
            or len(path) < 2
            or path[0] != self._device.camera.id
        ):
            return None
        try:
            profile = ProfileName(path[1])
        except ValueError:
            return None
        return profile if self._device.feed.settings(profile) is not None else None

    async def _describe(self, request: Request, cseq: str) -> bool:
        profile = self._profile_of(request)
        if profile is None:
            self.outlet.write(response(404, cseq))
            return True
        fault = self._device.fault_kind
        if fault is FaultKind.REDIRECT:
            self.outlet.write(response(302, cseq, {"Location": "rtsp://192.0.2.1/elsewhere"}))
            return True
        sets = await self._device.parameter_sets(profile)
        headers = {"Content-Base": request.uri.rstrip("/") + "/", "Content-Type": "application/sdp"}
        self.outlet.write(response(200, cseq, headers, self._sdp(sets, fault)))
        return True

    def _sdp(self, sets: tuple[bytes, ...], fault: FaultKind | None) -> str:
        lines = [
            "v=0",
            f"o=- {self._ssrc} 1 IN IP4 0.0.0.0",
            "s=Media Presentation",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
            "a=range:npt=0-",
        ]
        if fault is FaultKind.NO_VIDEO:
            lines += ["m=audio 0 RTP/AVP 0", "a=control:trackID=2", "a=recvonly"]
        elif fault is FaultKind.OTHER_CODEC:
            lines += ["m=video 0 RTP/AVP 31", "a=control:trackID=1", "a=recvonly"]
        else:
            fmtp = f"a=fmtp:{wire.PAYLOAD_TYPE} packetization-mode=1"
            if fault is not FaultKind.NO_PARAMETER_SETS:
                fmtp += f";profile-level-id={sets[0][1:4].hex()};sprop-parameter-sets="
                fmtp += ",".join(base64.b64encode(unit).decode() for unit in sets)
            lines += [
                f"m=video 0 RTP/AVP {wire.PAYLOAD_TYPE}",
                "a=control:trackID=1",
                f"a=rtpmap:{wire.PAYLOAD_TYPE} H264/{wire.CLOCK_HZ}",
                fmtp,
                f"a=framerate:{self._device.camera.fps:g}",
                "a=recvonly",
            ]
        return "\r\n".join(lines) + "\r\n"

    async def _setup(self, request: Request, cseq: str) -> bool:
        profile = self._profile_of(request)
        if profile is None or request.path[2:] not in ((), ("trackID=1",)):
            self.outlet.write(response(404, cseq))
            return True
        if self._playing:
            self.outlet.write(response(455, cseq))
            return True
        channels = interleaved_channels(request.headers.get("transport", ""))
        if channels is None:
            self.outlet.write(response(461, cseq))
            return True
        self._profile, self._channels = profile, channels
        self._session = self._session or secrets.token_hex(8)
        rtp, rtcp = channels
        headers = {
            "Transport": f"RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};ssrc={self._ssrc:08X}",
            "Session": f"{self._session};timeout={max(1, round(self._device.camera.session_timeout_s))}",
        }
        self.outlet.write(response(200, cseq, headers))
        return True

    def _knows(self, request: Request) -> bool:
        return bool(self._session) and request.headers.get("session", "").split(";")[0] == self._session

    async def _play(self, request: Request, cseq: str) -> bool:
        if not self._knows(request) or self._profile is None:
            self.outlet.write(response(454, cseq))
            return True
        track = request.uri.rstrip("/").removesuffix("/trackID=1") + "/trackID=1"
        info = f"url={track};seq={self._sequence};rtptime={self._rtp_time(ticks(time.monotonic()))}"
        headers = {"Session": self._session, "Range": "npt=0-", "RTP-Info": info}
        self.outlet.write(response(200, cseq, headers))
        if not self._playing:
            self._playing = True
            self._device.plays += 1
            self._send_report()
            self._device.feed.join(self._profile, self)
        return True

    async def _keep_alive(self, request: Request, cseq: str) -> bool:
        known = self._knows(request)
        self.outlet.write(response(200 if known else 454, cseq, {"Session": self._session} if known else {}))
        return True

    async def _teardown(self, request: Request, cseq: str) -> bool:
        if not self._knows(request):
            self.outlet.write(response(454, cseq))
            return True
        self._stop()
        self._device.teardowns += 1
        self.outlet.write(wire.interleaved(self._channels[1], [wire.goodbye(self._ssrc)]))
        self.outlet.write(response(200, cseq, {"Session": self._session}))
        return False

    # --- media ----------------------------------------------------------------------------------------

    def _rtp_time(self, picture_time: int) -> int:
        return (self._time_base + picture_time) & 0xFFFFFFFF

    def play(self, picture: Picture) -> None:
        """Send one picture, unless the client is behind: then none until an IDR it can take."""
        fault = self._device.fault_kind
        if self.outlet.closing or self._cut or fault is FaultKind.SILENT:
            return
        backlog = self.outlet.backlog
        if backlog > BACKLOG_BYTES:
            self._needs_idr = True
            now = time.monotonic()
            self._stuck_since = self._stuck_since or now
            if now - self._stuck_since > STUCK_S:
                log.info("camera %s: a client takes nothing, disconnected", self._device.camera.id)
                self.outlet.reset()
            return
        self._stuck_since = None
        if self._needs_idr:
            if not picture.is_idr or backlog > BACKLOG_BYTES // 10:
                return
            self._needs_idr = False
        payloads = picture.payloads
        if picture.is_idr and fault is not FaultKind.NO_PARAMETER_SETS:
            payloads = picture.parameter_sets + payloads
        if fault is FaultKind.GARBAGE:
            payloads = tuple(self._rubbish.randbytes(len(payload)) for payload in payloads)
        packets = wire.rtp_packets(payloads, self._ssrc, self._sequence, self._rtp_time(picture.time))
        self._sequence = (self._sequence + len(packets)) & 0xFFFF
        self._sent_packets += len(packets)
        self._sent_bytes += sum(map(len, payloads))
        if fault is FaultKind.UNFRAMED:
            self.outlet.write(self._rubbish.randbytes(sum(map(len, packets))))
        elif fault is FaultKind.HALF_PACKET:
            whole = wire.interleaved(self._channels[0], packets)
            self.outlet.write(whole[: -len(packets[-1]) // 2])
            self._cut = True
            self._writer.close()
        else:
            if fault is FaultKind.TRUNCATED:
                packets = [packet[: self._rubbish.randrange(len(packet))] for packet in packets]
            self.outlet.write(wire.interleaved(self._channels[0], packets))

    def _send_report(self) -> None:
        fault = self._device.fault_kind
        if fault in (FaultKind.SILENT, FaultKind.UNFRAMED) or self._cut:
            return
        report = wire.sender_report(
            self._ssrc,
            time.time(),
            self._rtp_time(ticks(time.monotonic())),
            self._sent_packets,
            self._sent_bytes,
            self._device.camera.id,
        )
        self.outlet.write(wire.interleaved(self._channels[1], [report]))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_INTERVAL_S)
            if self._playing and self.outlet.backlog <= BACKLOG_BYTES:
                self._send_report()
