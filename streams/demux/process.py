"""The child from its parent's side: started, fed, read, killed. One object per camera and attempt.

No task and no queue of ours: its messages go from the pipe into the ring in the same loop iteration. What it
does not read waits in front of it, up to `MOST_UNREAD` bytes; beyond that packets are thrown away and counted
(`unread_packets`), and the picture goes on at the next keyframe. Silence is not judged here: a source without
pictures ends its session (`freshness.py`), and with it the child.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import streams
from streams.demux.wire import Hello, Message, Reader
from streams.errors import CameraError, ProtocolError
from streams.state import Reason

log = logging.getLogger(__name__)

MOST_UNREAD = 1024 * 1024
START_S = 10.0
"""From the start of the process until it takes packets: Python and FFmpeg are loaded, on a busy machine."""
_CLOSE_S = 5.0
_NOT_TAKEN = 3  # exit status of child.py, whose import would load FFmpeg here
_COMMAND = (sys.executable, "-s", "-P", "-m", "streams.demux.child")
_INHERITED = ("LD_LIBRARY_PATH", "LD_PRELOAD", "TMPDIR")


class Demuxer(asyncio.SubprocessProtocol):
    """A running child; made by `Demuxers`. `failure`: why it is of no use any more; `on_failure` is called
    once then."""

    def __init__(self, on_message: Callable[[Message], None], on_failure: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_failure = on_failure
        self._reader = Reader()
        self._transport: asyncio.SubprocessTransport | None = None
        self._handle: int | None = None  # a pidfd: a number may be another process's by the time of a signal
        self._ready = asyncio.Event()  # it takes packets, or never will
        self._gone = asyncio.Event()
        self._closing = False
        self.failure: CameraError | None = None

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._transport is not None
        return self._transport.get_pid()

    async def ready(self, timeout_s: float) -> None:
        """Wait until it takes packets. Raises `CameraError`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        except TimeoutError:
            self._fail(
                CameraError(Reason.TIMEOUT, f"the demuxer's process was not ready within {timeout_s:g} s")
            )
        if self.failure is not None:
            raise self.failure

    def write(self, frame: bytes) -> bool:
        """Hand over an interleaved frame; False where it has fallen too far behind, or is gone."""
        known = self._transport.get_pipe_transport(0) if self._transport is not None else None
        if known is None or self.failure is not None or known.is_closing():
            return False
        pipe = cast(asyncio.WriteTransport, known)
        if pipe.get_write_buffer_size() + len(frame) > MOST_UNREAD:
            return False
        pipe.write(frame)
        return True

    def kill(self) -> None:
        """End it at once; its failure is told when it has ended."""
        if self._handle is not None:
            with suppress(ProcessLookupError):  # it is gone by itself
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    async def close(self) -> None:
        """Kill it; returns when it is gone."""
        self._closing = True
        if self._transport is None:
            return
        self.kill()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._gone.wait()
        except TimeoutError:
            log.error("the demuxer's process %d did not end when killed", self.pid)
        finally:
            self._transport.close()  # not before: it may take the exit status away from who waits for it

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        with suppress(ProcessLookupError):  # it ended at once; how is told in a moment
            self._handle = os.pidfd_open(self.pid)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self._closing or self.failure is not None:
            return
        try:
            for message in self._reader.feed(data):
                if isinstance(message, Hello):
                    self._ready.set()
                else:
                    self._on_message(message)
        except ProtocolError as error:
            self._fail(CameraError(Reason.PROTOCOL, str(error)))
        except Exception:
            log.exception("the demuxer's words were not understood")
            self._fail(CameraError(Reason.PROTOCOL, "internal error while reading from the demuxer"))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.kill()  # without its pipes it is of no use; if it is ending by itself, that has been settled

    def process_exited(self) -> None:
        status = self._transport.get_returncode() if self._transport is not None else None
        self._fail(_ended(status or 0))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self._gone.set()

    def _fail(self, error: CameraError) -> None:
        if self.failure is not None or self._closing:
            return
        self.failure = error
        self.kill()
        self._ready.set()
        self._on_failure()


@dataclass(slots=True)
class DemuxerCounters:
    """Totals since the start. failed: of those started, that were of no use any more before they were done
    with."""

    started: int = 0
    refused: int = 0
    failed: int = 0


class Demuxers:
    """The children of one machine. State belongs to the event loop's thread.

    most: how many may run at once; one more is refused. command: what to start; the codec's name follows.
    """

    def __init__(self, most: int = 4, *, start_s: float = START_S, command: Sequence[str] = _COMMAND) -> None:
        self.most = most
        self.start_s = start_s
        self._command = tuple(command)
        self._running: set[Demuxer] = set()
        self._places = 0
        self.counters = DemuxerCounters()

    @property
    def running(self) -> tuple[Demuxer, ...]:
        """Those that run."""
        return tuple(self._running)

    @asynccontextmanager
    async def started(
        self, name: str, on_message: Callable[[Message], None], on_failure: Callable[[], None]
    ) -> AsyncIterator[Demuxer]:
        """A child for packets of that RTP encoding name; killed, and gone, at the end of the block.

        Raises `CameraError`: OVERLOADED where there is no place for another.
        """
        if self._places >= self.most:
            self.counters.refused += 1
            raise CameraError(
                Reason.OVERLOADED,
                f"{name} needs a demuxer's process, and all {self.most} of them are at work"
                if self.most
                else f"{name} needs a demuxer's process, and the settings allow none",
            )
        self._places += 1
        demuxer = Demuxer(on_message, on_failure)
        try:
            await self._start(demuxer, name)
            self._running.add(demuxer)
            self.counters.started += 1
            yield demuxer
        finally:
            self.counters.failed += demuxer.failure is not None
            try:
                await demuxer.close()
            finally:
                self._running.discard(demuxer)
                self._places -= 1

    async def trial(self) -> None:
        """Start one and end it. Raises the `CameraError` that cameras would be told."""
        async with self.started("VP8", lambda message: None, lambda: None) as demuxer:
            await demuxer.ready(self.start_s)

    async def _start(self, demuxer: Demuxer, name: str) -> None:
        try:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: demuxer,
                *self._command,
                name,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the parent: it ends them, in order
            )
        except OSError as error:
            words = errno.errorcode.get(error.errno or 0, "unknown error")
            raise CameraError(
                Reason.OVERLOADED, f"the demuxer's process cannot be started ({words})"
            ) from None


def _environment() -> dict[str, str]:
    """What the child gets to know: no setting of ours, for some are secret."""
    root = Path(streams.__file__).resolve().parent.parent
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"PYTHONPATH": str(root), "MALLOC_ARENA_MAX": "2", **kept}


def _ended(status: int) -> CameraError:
    if status == _NOT_TAKEN:
        return CameraError(Reason.UNSUPPORTED_CODEC, "the packets hold no video in a codec that is taken")
    if status >= 0:
        return CameraError(Reason.PROTOCOL, f"the demuxer's process ended with status {status}")
    try:
        words = signal.Signals(-status).name
    except ValueError:
        words = f"signal {-status}"
    return CameraError(Reason.PROTOCOL, f"the demuxer's process was ended by {words}")
