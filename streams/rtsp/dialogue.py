"""One RTSP session with one camera: DESCRIBE, SETUP of the video alone, PLAY, keep-alive, TEARDOWN.

Belongs here: which request follows which, and what a status means. A redirect is never followed, audio is
never set up (개인정보 보호법 §25⑤), every session that was set up ends with TEARDOWN, within a deadline.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType

from streams.camera import Credentials
from streams.errors import CameraError, ProtocolError
from streams.policies import KeepAlive, Policies
from streams.rtsp.address import RtspAddress, resolve_control, usable_base
from streams.rtsp.auth import Authenticator, Challenge, parse_challenges, strongest
from streams.rtsp.connection import Connection, connect
from streams.rtsp.datagrams import Datagrams, open_datagrams
from streams.rtsp.messages import Response, parse_server_port, parse_session, parse_transport
from streams.rtsp.sdp import VideoTrack, choose_video, parse_sdp
from streams.state import Reason

USER_AGENT = "hotline"
_UNSUPPORTED_TRANSPORT = 461


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A session that was set up and did not end with an answered TEARDOWN: the camera may still keep it, with
    one of its few places, and some go on sending its data (live555's stale descriptors)."""

    session: str
    url: str


class Dialogue:
    """Use as an async context manager: entering connects, leaving sends TEARDOWN and closes.

    on_rtp, on_rtcp: called with a view valid during the call, and monotonic seconds. left_behind: an earlier
    session to be ended first. All methods raise `CameraError`.
    """

    def __init__(
        self,
        address: RtspAddress,
        credentials: Credentials | None,
        policies: Policies,
        *,
        on_rtp: Callable[[memoryview, float], None],
        on_rtcp: Callable[[memoryview, float], None],
        on_resync: Callable[[], None],
        keep_alive: KeepAlive | None = None,
        left_behind: LeftBehind | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._authenticator = Authenticator(credentials) if credentials else None
        self._policies = policies
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_resync = on_resync
        self._clock = clock
        self._keep_alive = keep_alive or policies.keep_alive
        self._connection: Connection | None = None
        self._datagrams: Datagrams | None = None  # where the camera does not send over TCP
        self._earlier = left_behind
        self._torn_down = False
        self._accepted = False  # the camera has taken our password on this connection
        self._base = address.url
        self._aggregate = address.url
        self._session: str | None = None
        self._set_up = False
        self._rtp_channel, self._rtcp_channel = 0, 1
        self._interval_s = 30.0
        self._next_keep_alive: float | None = None
        self._public: frozenset[str] = frozenset()
        self._get_parameter_refused = False
        self.own_ssrc = secrets.randbits(32)
        self.asked_alive_at: float | None = None  # newest keep-alive, monotonic seconds

    async def __aenter__(self) -> Dialogue:
        self._connection = await self._connect()
        return self

    async def _connect(self) -> Connection:
        return await connect(
            self._address.host,
            self._address.port,
            self._on_frame,
            self._on_resync,
            timeout_s=self._policies.connect_s,
            clock=self._clock,
            dialable=self._policies.dialable,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if self._set_up and connection.failure is None:
                headers = self._headers("TEARDOWN", self._aggregate)
                await connection.request("TEARDOWN", self._aggregate, headers, self._policies.teardown_s)
                self._torn_down = True
        except CameraError:
            pass  # it did not answer, or is gone: closing is all that is left, and why we leave is known
        finally:
            if self._datagrams is not None:
                self._datagrams.close()
            await connection.close()

    @property
    def connected(self) -> bool:
        """Whether there ever was a connection."""
        return self._connection is not None

    @property
    def left_behind(self) -> LeftBehind | None:
        """The session that the camera may still keep: ours, or the earlier one while it was not asked to
        end it."""
        if self._session is None or self._torn_down:
            return self._earlier
        return LeftBehind(self._session, self._aggregate)

    async def describe(self) -> VideoTrack:
        """Ask what the camera has and choose the video track."""
        url = self._address.url
        response = await self._request("DESCRIBE", url, (("Accept", "application/sdp"),))
        self._base = usable_base(response.header("content-base") or response.header("content-location"), url)
        try:
            description = parse_sdp(response.body)
        except ProtocolError as error:
            raise CameraError(Reason.PROTOCOL, str(error)) from None
        self._aggregate = resolve_control(self._base, description.control)
        await self._end_earlier()
        return choose_video(description)

    async def set_up(self, track: VideoTrack) -> None:
        """Set up the video track over the same TCP connection, or over UDP where the camera has only that."""
        assert self._connection is not None
        url = resolve_control(self._aggregate, track.control)
        response = await self._ask("SETUP", url, (("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"),))
        if response.status == _UNSUPPORTED_TRANSPORT:
            await self._set_up_datagrams(url)
            return
        response = _checked("SETUP", response)
        self._set_up = True
        self._take_session(response)
        try:
            channels = parse_transport(response.header("transport"))
        except ProtocolError as error:
            raise CameraError(Reason.PROTOCOL, str(error)) from None
        self._rtp_channel, self._rtcp_channel = self._connection.wire.channels = channels

    async def _set_up_datagrams(self, url: str) -> None:
        assert self._connection is not None
        ours, theirs = self._connection.hosts
        self._datagrams = open_datagrams(ours, theirs, self._on_rtp, self._on_rtcp, self._clock)
        low, high = self._datagrams.ports
        transport = f"RTP/AVP;unicast;client_port={low}-{high}"
        response = await self._request("SETUP", url, (("Transport", transport),))
        self._set_up = True
        self._take_session(response)
        self._datagrams.reports_to = parse_server_port(response.header("transport"))

    async def _end_earlier(self) -> None:
        """TEARDOWN of the session left behind. Whatever the camera makes of it is right; many hang up."""
        earlier, self._earlier = self._earlier, None
        if earlier is None:
            return
        assert self._connection is not None
        headers = [*self._headers("TEARDOWN", earlier.url), ("Session", earlier.session)]
        try:
            await self._connection.request("TEARDOWN", earlier.url, headers, self._policies.teardown_s)
        except CameraError as error:
            if error.reason not in (Reason.TIMEOUT, Reason.CLOSED):
                raise
        # In any case, for some answer first and hang up a moment later.
        await self._connection.close()
        self._connection = await self._connect()

    async def play(self) -> None:
        """Start the pictures. They may come before the reply does."""
        response = await self._request("PLAY", self._aggregate, (("Range", "npt=0.000-"),))
        self._take_session(response)
        self._next_keep_alive = self._clock() + self._interval_s

    def tend(self, now: float) -> float:
        """Send the keep-alive if it is due; returns when it will be (monotonic seconds)."""
        if self._keep_alive is KeepAlive.REPORTS_ONLY or self._next_keep_alive is None:
            return now + self._interval_s
        if now >= self._next_keep_alive:
            self._next_keep_alive = now + self._interval_s
            self.asked_alive_at = now
            self._send_keep_alive(again=True)
        return self._next_keep_alive

    def send_report(self, compound: bytes) -> None:
        """Send an RTCP compound."""
        assert self._connection is not None
        if self._datagrams is not None:
            self._datagrams.send_report(compound)
        else:
            self._connection.send_frame(self._rtcp_channel, compound)

    async def wait(self, timeout_s: float) -> None:
        """Let the pictures come for that long, or until `wake`."""
        assert self._connection is not None
        await self._connection.wait(timeout_s)

    def wake(self) -> None:
        """Let `wait` return early."""
        if self._connection is not None:
            self._connection.wake()

    def _on_frame(self, channel: int, payload: memoryview) -> None:
        connection = self._connection
        if connection is None or not self._set_up:
            return
        if channel == self._rtp_channel:
            self._on_rtp(payload, connection.received_at)
        elif channel == self._rtcp_channel:
            self._on_rtcp(payload, connection.received_at)

    def _headers(self, method: str, url: str, more: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
        headers = [("User-Agent", USER_AGENT), *more]
        if self._session is not None:
            headers.append(("Session", self._session))
        answer = self._authenticator.header(method, url) if self._authenticator else None
        if answer is not None:
            headers.append(("Authorization", answer))
        return headers

    async def _request(self, method: str, url: str, more: Iterable[tuple[str, str]] = ()) -> Response:
        """A request, authenticated where the camera wants it. Returns a 2xx response."""
        return _checked(method, await self._ask(method, url, more))

    async def _ask(self, method: str, url: str, more: Iterable[tuple[str, str]] = ()) -> Response:
        """The same, with whatever the camera answers."""
        assert self._connection is not None
        for _ in range(3):  # without an answer, with one, and once more where the nonce was stale
            answered = self._authenticator.challenge if self._authenticator else None
            try:
                headers = self._headers(method, url, more)
                response = await self._connection.request(method, url, headers, self._policies.reply_s)
            except ProtocolError as error:
                raise CameraError(Reason.PROTOCOL, str(error)) from None
            if response.status != 401:
                self._accepted = self._accepted or answered is not None
                return response
            self._take_challenge(response, answered)
        raise CameraError(Reason.UNAUTHORIZED, "the camera asks for the password again and again")

    def _take_challenge(self, response: Response, answered: Challenge | None) -> None:
        """Answer the camera's challenge from now on. Raises `CameraError` where that is of no use."""
        challenge = strongest(parse_challenges(response.all("www-authenticate")))
        if self._authenticator is None:
            raise CameraError(Reason.UNAUTHORIZED, "the camera asks for a password and none is known")
        if challenge is None:
            raise CameraError(Reason.UNAUTHORIZED, "the camera asks for an authentication we do not have")
        if answered is not None:
            renewed = challenge.nonce != answered.nonce and (challenge.stale or self._accepted)
            if not renewed:
                raise CameraError(Reason.UNAUTHORIZED, "the camera refuses user or password")
        self._authenticator.take(challenge)

    def _take_session(self, response: Response) -> None:
        value = response.header("session")
        if value is None:
            return
        try:
            session = parse_session(value)
        except ProtocolError as error:
            raise CameraError(Reason.PROTOCOL, str(error)) from None
        if session.id != self._session or "timeout" in value.lower():
            self._interval_s = min(30.0, max(0.5, session.timeout_s / 2))
        self._session = session.id

    def _send_keep_alive(self, *, again: bool) -> None:
        assert self._connection is not None
        method = "OPTIONS"
        if self._keep_alive is KeepAlive.GET_PARAMETER or (
            self._keep_alive is KeepAlive.AUTO
            and "GET_PARAMETER" in self._public
            and not self._get_parameter_refused
        ):
            method = "GET_PARAMETER"

        def take(response: Response) -> None:
            if response.status == 401 and again:
                answered = self._authenticator.challenge if self._authenticator else None
                try:
                    self._take_challenge(response, answered)
                except CameraError:
                    return  # pictures are the proof of life; if they end, the next session says why
                self._send_keep_alive(again=False)
            elif response.status >= 400 and method == "GET_PARAMETER":
                self._get_parameter_refused = True
            elif method == "OPTIONS" and response.status == 200:
                listed = response.header("public") or ""
                self._public = frozenset(item.strip().upper() for item in listed.split(","))

        self._connection.send(method, self._aggregate, self._headers(method, self._aggregate), take)


def _checked(method: str, response: Response) -> Response:
    """The response if it says yes. Raises `CameraError` with the reason if it says no."""
    status = response.status
    if status < 300:
        return response
    if status < 400:
        raise CameraError(Reason.REDIRECTED, f"{method} was answered with a redirect, never followed")
    if status == 403:
        raise CameraError(Reason.UNAUTHORIZED, f"{method} was answered {response.words}")
    if status in (404, 410):
        raise CameraError(Reason.NOT_FOUND, f"{method} was answered {response.words}")
    if status == _UNSUPPORTED_TRANSPORT:
        raise CameraError(Reason.PROTOCOL, "the camera sends neither over TCP nor over UDP")
    if status in (453, 503):  # Not Enough Bandwidth, Service Unavailable: what cameras say to one too many
        raise CameraError(Reason.BUSY, f"{method} was answered {response.words}")
    raise CameraError(Reason.PROTOCOL, f"{method} was answered {response.words}")
