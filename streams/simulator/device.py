"""One simulated camera as a device on the network: its port, its account, its fault, its clients.

Belongs here: what outlives a connection. A dialogue is `dialogue.py`'s, pictures are `feed.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from concurrent.futures import Executor

from streams.camera import ProfileName
from streams.simulator import guard
from streams.simulator.camera import SimulatedCamera
from streams.simulator.dialogue import Dialogue
from streams.simulator.encoder import parameter_sets
from streams.simulator.fault import CLOSED, INSTANT, PICTURE, Fault, FaultKind
from streams.simulator.feed import Feed
from streams.simulator.message import Request
from streams.simulator.scenes.light import Light

log = logging.getLogger(__name__)

LOCK_S = 60.0


def _bound(host: str, port: int) -> socket.socket:
    """A socket that holds the port without listening: whoever connects is refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"port {port} on {host}: {error.strerror}") from None
    return sock


class Device:
    """One camera. `bind()` first, then `run()` until cancelled; the rest in the same event loop."""

    def __init__(self, camera: SimulatedCamera, pool: Executor, phase: float, light: Light | None) -> None:
        self.camera = camera
        self.feed = Feed(camera, pool, phase, light)
        self.port = 0
        self.connections = self.plays = self.teardowns = self.refusals = 0
        self._pool = pool
        self._host = ""
        self._held: socket.socket | None = None
        self._fault: Fault | None = None
        self._fault_ends: float | None = None
        self._changed = asyncio.Event()
        self._dialogues: set[Dialogue] = set()
        self._refused_in_a_row = 0
        self._locked_until = 0.0
        self._sets: dict[ProfileName, tuple[bytes, ...]] = {}

    # --- fault ----------------------------------------------------------------------------------------

    @property
    def fault(self) -> Fault | None:
        """What is wrong right now."""
        return self._fault

    @property
    def fault_kind(self) -> FaultKind | None:
        return None if self._fault is None else self._fault.kind

    def set_fault(self, fault: Fault | None) -> None:
        """Break the camera, or (None) mend it. The newest fault replaces the one before."""
        log.info("camera %s: fault %s", self.camera.id, "none" if fault is None else fault.kind)
        if fault is not None and (fault.kind in INSTANT or fault.kind in CLOSED):
            for dialogue in tuple(self._dialogues):
                dialogue.outlet.reset()
        if fault is not None and fault.kind in INSTANT:
            fault = None
        self._fault = fault
        lasts = None if fault is None else fault.lasts
        self._fault_ends = None if lasts is None else time.monotonic() + lasts
        self.feed.paused = self.fault_kind is FaultKind.STALL
        self.feed.picture_fault = self.fault_kind if self.fault_kind in PICTURE else None
        for dialogue in self._dialogues:
            self._throttle(dialogue)
        self._changed.set()

    def _throttle(self, dialogue: Dialogue) -> None:
        slow = self._fault is not None and self._fault.kind is FaultKind.SLOW
        dialogue.outlet.set_rate(self._fault.rate if slow and self._fault is not None else None)

    # --- account --------------------------------------------------------------------------------------

    def admits(self, request: Request, nonce: str) -> bool:
        """Whether the request carries proof of the password. Counts refusals, and locks after too many."""
        camera, given = self.camera, request.headers.get("authorization")
        now = time.monotonic()
        proven = guard.accepts(camera.auth, given, request.method, camera.username, camera.password, nonce)
        if proven and now >= self._locked_until:
            self._refused_in_a_row = 0
            return True
        if given is not None:
            self.refusals += 1
            self._refused_in_a_row += 1
            if camera.lock_after and self._refused_in_a_row >= camera.lock_after:
                self._refused_in_a_row = 0
                self._locked_until = now + LOCK_S
                log.info("camera %s: account locked", camera.id)
        return False

    def challenge(self, nonce: str) -> str:
        """WWW-Authenticate lines for a 401."""
        return guard.challenges(self.camera.auth, nonce)

    async def parameter_sets(self, profile: ProfileName) -> tuple[bytes, ...]:
        """SPS and PPS of a profile this camera has, known before anything was encoded."""
        settings = self.feed.settings(profile)
        if settings is None:
            raise LookupError(f"camera {self.camera.id} has no {profile} profile")
        if profile not in self._sets:
            loop = asyncio.get_running_loop()
            self._sets[profile] = await loop.run_in_executor(self._pool, parameter_sets, settings)
        return self._sets[profile]

    # --- life -----------------------------------------------------------------------------------------

    def bind(self, host: str, port: int) -> None:
        """Take the port (0: any free one). Raises OSError that names it."""
        self._host = host
        self._held = _bound(host, port)
        self.port = self._held.getsockname()[1]

    async def run(self) -> None:
        """Serve until cancelled."""
        server: asyncio.Server | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.feed.run())
                while True:
                    self._changed.clear()
                    if self.fault_kind in CLOSED:
                        if server is not None:
                            server.close()
                            server = None
                            self._held = _bound(self._host, self.port)
                    elif server is None:
                        server = await self._listen(group)
                    await self._until_change()
        finally:
            if server is not None:
                server.close()
            self.release()

    def release(self) -> None:
        """Give the port back."""
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _until_change(self) -> None:
        """Wait for another fault, or for the end of this one."""
        left = None if self._fault_ends is None else max(0.0, self._fault_ends - time.monotonic())
        try:
            async with asyncio.timeout(left):
                await self._changed.wait()
        except TimeoutError:
            self.set_fault(None)

    async def _listen(self, group: asyncio.TaskGroup) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(self._converse(reader, writer))

        def protocol() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=16 * 1024), accepted)

        held = self._held or _bound(self._host, self.port)
        self._held = None
        return await loop.create_server(protocol, sock=held)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        dialogue = Dialogue(self, reader, writer)
        self._dialogues.add(dialogue)
        self._throttle(dialogue)
        try:
            await dialogue.run()
        finally:
            self._dialogues.discard(dialogue)
