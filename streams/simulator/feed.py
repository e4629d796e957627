"""One camera's pictures: drawn when due, encoded once, handed to everybody who plays.

Belongs here: the clock of the pictures, the phase of the IDRs, the encoders' lives. Nothing is drawn or
encoded while nobody plays. Who plays, and how pictures reach him, is `dialogue.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from streams.camera import ProfileName
from streams.simulator.camera import SimulatedCamera
from streams.simulator.encoder import Coded, Encoder, EncoderSettings
from streams.simulator.fault import FaultKind
from streams.simulator.film import FilmError
from streams.simulator.painting import Painter
from streams.simulator.scenes.light import Light
from streams.simulator.wire import CLOCK_HZ, payloads

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_FILM_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture ready for every player. `time`: 90 kHz ticks of the monotonic clock."""

    time: int
    is_idr: bool
    payloads: tuple[bytes, ...]
    parameter_sets: tuple[bytes, ...]


class Player(Protocol):
    """Somebody who plays one profile."""

    def play(self, picture: Picture) -> None:
        """Take a picture at once, without waiting."""


def ticks(monotonic: float) -> int:
    """90 kHz ticks of an instant of the monotonic clock."""
    return math.floor(monotonic * CLOCK_HZ)


class Feed:
    """The pictures of one camera. `run()` is its life; the rest is called in the same event loop."""

    def __init__(self, camera: SimulatedCamera, pool: Executor, phase: float, light: Light | None) -> None:
        """`phase`: 0 to 1, where in a picture interval and in a GOP this camera's pictures fall. `light`: of
        the scene, whatever the hour; None goes with the hour."""
        self._camera = camera
        self._light = light
        self._painter: Painter | None = None
        self._worker = asyncio.Lock()  # one job in the pool at a time: encoders and painter are not shared
        self._pool = pool
        self._phase = phase
        self._players: dict[ProfileName, set[Player]] = {name: set() for name in ProfileName}
        self._wanted = asyncio.Event()
        self._encoders: dict[ProfileName, Encoder] = {}
        self._gop: int | None = None
        self.paused = False
        self.picture_fault: FaultKind | None = None  # one of `fault.PICTURE`
        self.pictures = 0

    def settings(self, profile: ProfileName) -> EncoderSettings | None:
        """How this profile is encoded; None where the camera does not have it."""
        camera = self._camera
        if profile is ProfileName.MAIN:
            return EncoderSettings(camera.size, camera.fps, camera.profile, camera.bit_rate, camera.b_frames)
        if camera.sub_size is None:
            return None
        return EncoderSettings(
            camera.sub_size, camera.fps, camera.profile, camera.sub_bit_rate, camera.b_frames
        )

    def join(self, profile: ProfileName, player: Player) -> None:
        """From the next picture on, `player` gets the pictures of `profile`."""
        self._players[profile].add(player)
        self._wanted.set()

    def leave(self, profile: ProfileName, player: Player) -> None:
        """The opposite of `join`; harmless when it did not play."""
        self._players[profile].discard(player)
        if not any(self._players.values()):
            self._wanted.clear()

    @property
    def playing(self) -> int:
        """How many players there are, all profiles together."""
        return sum(map(len, self._players.values()))

    async def prepare(self) -> None:
        """Draw what stands still in the scene ahead of the first player, who then waits for nothing; anew
        when the light of the day has changed. Does nothing while somebody plays."""
        if not self.playing and (self._painter is None or self._painter.outdated(time.time())):
            await self._in_worker(self._ready_painter)

    async def run(self) -> None:
        """Make pictures while somebody plays, until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self._run_wanted()
            finally:
                self._encoders.clear()
                if self._painter is not None:
                    self._painter.close()

    async def _run_wanted(self) -> None:
        interval = 1 / self._camera.fps
        due = time.monotonic()  # a camera that rested takes its first picture at once
        while self._wanted.is_set():
            if not self.paused:
                await self._picture()
            now = time.monotonic()
            # The next instant of this camera's own rhythm; a late one is left out, as a real sensor would.
            due = (math.floor(max(now, due) / interval - self._phase + 1e-6) + 1 + self._phase) * interval
            await asyncio.sleep(max(0.0, due - now))

    async def _picture(self) -> None:
        profiles = [name for name in ProfileName if self._players[name]]
        try:
            taken = await self._in_worker(self._shoot, profiles)
        except FilmError as error:
            log.error("camera %s: %s", self._camera.id, error)
            await asyncio.sleep(_FILM_RETRY_S)
            return
        self.pictures += 1
        for profile, pictures in taken.items():
            for picture in pictures:
                for player in tuple(self._players[profile]):
                    player.play(picture)

    async def _in_worker(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do something in the pool. Cancelled, it still waits for the end: what the worker has in its hands
        must not be let go of."""
        async with self._worker:
            job = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                await asyncio.wait({job})
                raise

    def _shoot(self, profiles: list[ProfileName]) -> dict[ProfileName, list[Picture]]:
        """In a worker thread: draw once, encode once for each profile."""
        painter = self._ready_painter()
        fresh = set()
        for profile in ProfileName:
            settings = self.settings(profile) if profile in profiles else None
            if settings is None:
                self._encoders.pop(profile, None)
            elif profile not in self._encoders:
                self._encoders[profile] = Encoder(settings)
                fresh.add(profile)
        now, utc = time.monotonic(), time.time()
        gop = math.floor(now / self._camera.gop_s - self._phase)
        boundary, self._gop = gop != self._gop, gop
        begins = boundary or bool(fresh)
        pictures = painter.paint(self._encoders.keys(), utc, grainy=begins, fault=self.picture_fault)
        taken = {}
        for profile, encoder in self._encoders.items():
            coded = encoder.encode(pictures[profile], ticks(now), idr=boundary or profile in fresh)
            taken[profile] = [self._packetize(picture, encoder) for picture in coded]
        return taken

    def _ready_painter(self) -> Painter:
        """In a worker thread: the painter, made anew between players when it has grown dark or light."""
        utc = time.time()
        if self._painter is None or (not self._encoders and self._painter.outdated(utc)):
            self._painter = Painter(self._camera, utc, self._light)
        return self._painter

    def _packetize(self, coded: Coded, encoder: Encoder) -> Picture:
        return Picture(coded.time, coded.is_idr, tuple(payloads(coded.nal_units)), encoder.parameter_sets)
