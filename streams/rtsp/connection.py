"""One TCP connection to a camera: the asyncio shell around `Wire`. Requests and their replies, nothing more.

No task per packet and no queue: frames go from the socket's buffer through `Wire` to the caller's function
in the same loop iteration. What a reply means is `dialogue.py`'s business.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Callable, Iterable
from typing import cast

from streams.dial import Dialable, NotDialableError, addresses
from streams.errors import CameraError, NotRtspError, ProtocolError
from streams.rtsp.messages import Request, Response, format_reply, format_request
from streams.rtsp.wire import Wire
from streams.state import Reason

log = logging.getLogger(__name__)

_MAX_UNSENT = 64 * 1024  # bytes the camera may leave unread before it counts as dead
_KNOCK_S = 0.5  # the kernel repeats a SYN after 1 s, then 2 s: too late for a camera that has just come back
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


class Connection(asyncio.BufferedProtocol):
    """Made by `connect`. `received_at`: monotonic seconds of the newest bytes."""

    def __init__(
        self,
        on_frame: Callable[[int, memoryview], None],
        on_resync: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wire = Wire(on_frame, self._on_message, on_resync)
        self.failure: CameraError | None = None
        self.received_at = clock()
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._replies: dict[int, Callable[[Response], None]] = {}  # in the order of the requests
        self._waiting: set[asyncio.Future[Response]] = set()
        self._poke = asyncio.Event()
        self._gone = asyncio.Event()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.wire.room()

    def buffer_updated(self, nbytes: int) -> None:
        self.received_at = self._clock()
        try:
            self.wire.received(nbytes)
        except NotRtspError as error:
            self.fail(CameraError(Reason.NOT_RTSP, str(error)))
        except ProtocolError as error:
            self.fail(CameraError(Reason.PROTOCOL, str(error)))
        except Exception:
            log.exception("a camera's bytes were not understood")
            self.fail(CameraError(Reason.PROTOCOL, "internal error while reading"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        self.fail(CameraError(Reason.CLOSED, "the camera closed the connection"))

    # the dialogue's side

    @property
    def hosts(self) -> tuple[str, str]:
        """Our address and the camera's on this connection."""
        assert self._transport is not None
        ours, theirs = (self._transport.get_extra_info(name) for name in ("sockname", "peername"))
        return str(ours[0]), str(theirs[0])

    def fail(self, error: CameraError) -> None:
        """End the connection for this reason, unless it has ended for another."""
        if self.failure is None:
            self.failure = error
        self._replies.clear()
        for future in self._waiting:
            if not future.done():
                future.set_exception(self.failure)
        self._waiting.clear()
        self._poke.set()
        if self._transport is not None:
            self._transport.abort()

    def wake(self) -> None:
        """Let `wait` return early."""
        self._poke.set()

    async def wait(self, timeout_s: float) -> None:
        """Return after `timeout_s`, or at `wake`. Raises the `CameraError` that ended the connection."""
        if self.failure is None and timeout_s > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._poke.wait()
            except TimeoutError:
                pass
        self._poke.clear()
        if self.failure is not None:
            raise self.failure

    def send(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], then: Callable[[Response], None]
    ) -> None:
        """Send a request; `then` is called with its reply, if there ever is one."""
        if self._transport is None or self.failure is not None:
            return
        self._sequence += 1
        data = format_request(method, url, self._sequence, headers)
        while len(self._replies) >= 8:  # never answered: cameras that ignore keep-alives
            del self._replies[next(iter(self._replies))]
        self._replies[self._sequence] = then
        self._write(data)

    def send_frame(self, channel: int, payload: bytes) -> None:
        """Send an interleaved frame, such as a receiver report."""
        self._write(bytes((0x24, channel)) + len(payload).to_bytes(2, "big") + payload)

    async def request(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], timeout_s: float
    ) -> Response:
        """Send a request and wait for its reply. Raises `CameraError`, TIMEOUT after `timeout_s`."""
        if self.failure is not None:
            raise self.failure
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def deliver(response: Response) -> None:
            if not future.done():
                future.set_result(response)

        self._waiting.add(future)
        try:
            self.send(method, url, headers, deliver)
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise CameraError(Reason.TIMEOUT, f"no reply to {method} within {timeout_s:g} s") from None
        finally:
            self._waiting.discard(future)
            if future.done() and not future.cancelled():
                future.exception()  # seen, also where the deadline came at the same moment

    async def close(self) -> None:
        """Close the socket; returns when it is closed."""
        if self._transport is not None:
            self._transport.abort()
            await self._gone.wait()

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or self.failure is not None:
            return
        if transport.get_write_buffer_size() > _MAX_UNSENT:
            self.fail(CameraError(Reason.TIMEOUT, "the camera reads nothing"))
            return
        transport.write(data)

    def _on_message(self, message: Response | Request) -> None:
        if isinstance(message, Request):
            if message.method == "REDIRECT":
                self.fail(CameraError(Reason.REDIRECTED, "the camera wants us to go elsewhere"))
            else:
                self._write(format_reply(message))
            return
        if message.status < 200:
            return
        sequence = message.sequence
        if sequence is None and self._replies:  # cameras that forget CSeq answer in order
            sequence = next(iter(self._replies))
        then = self._replies.pop(sequence, None) if sequence is not None else None
        if then is not None:
            then(message)


async def connect(
    host: str,
    port: int,
    on_frame: Callable[[int, memoryview], None],
    on_resync: Callable[[], None],
    *,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    dialable: Dialable | None = None,
) -> Connection:
    """Connect to a camera, at an address that is `dialable`. Raises `CameraError`: REFUSED, UNREACHABLE or
    TIMEOUT."""
    try:
        async with asyncio.timeout(timeout_s):
            last: OSError | None = None
            for address in await addresses(host, port, dialable):
                try:
                    return await _knock(lambda: Connection(on_frame, on_resync, clock), address, port)
                except OSError as error:
                    last = error
            raise last or OSError(errno.EHOSTUNREACH, "no address")
    except TimeoutError:
        raise CameraError(Reason.TIMEOUT, f"no connection within {timeout_s:g} s") from None
    except NotDialableError:
        raise CameraError(Reason.UNREACHABLE, "its address is outside the allowed networks") from None
    except (socket.gaierror, UnicodeError):
        raise CameraError(Reason.UNREACHABLE, "no such host") from None
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            raise CameraError(Reason.REFUSED, "the port is closed") from None
        if error.errno in _UNREACHABLE:
            raise CameraError(Reason.UNREACHABLE, "no way to the host") from None
        name = errno.errorcode.get(error.errno or 0, "unknown error")
        raise CameraError(Reason.UNREACHABLE, f"no connection ({name})") from None


async def _knock(made: Callable[[], Connection], address: str, port: int) -> Connection:
    """The first connection that comes about; a further SYN for every half second without any answer."""
    loop = asyncio.get_running_loop()
    knocks: list[asyncio.Task[tuple[asyncio.Transport, Connection]]] = []
    taken: Connection | None = None
    try:
        while True:
            knocks.append(loop.create_task(loop.create_connection(made, address, port)))
            done, _ = await asyncio.wait(knocks, timeout=_KNOCK_S, return_when=asyncio.FIRST_COMPLETED)
            for knock in done:
                _, taken = knock.result()
                return taken
    finally:
        for knock in knocks:
            knock.cancel()
        for outcome in await asyncio.gather(*knocks, return_exceptions=True):
            if not isinstance(outcome, BaseException) and outcome[1] is not taken:
                await outcome[1].close()
