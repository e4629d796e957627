"""One camera's head: stop it, and turn it back to where it looks; tried again where it does not answer, and
on record whatever came of it.

Belongs here: what a lease is while it lasts, and commands that must not be lost. Who may command, and when a
lease ends, is `ptz.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from hotline.actor import Actor
from hotline.domain.ptz import Lease, Motion
from hotline.errors import HotlineError
from hotline.ptz_record import Context, LeaseRecord
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.profiles import Preset

log = logging.getLogger(__name__)

STOP_PAUSES_S = (0.0, 0.2, 0.5)  # before each try to stop in the middle of a lease
STOP_AGAIN_S = 2.0  # after all of them failed


class Heads(Protocol):
    """Cameras that can be turned; every method raises `OnvifError`."""

    async def move(self, camera_id: str, pan: float, tilt: float, zoom: float, timeout_s: float) -> None: ...

    async def stop(self, camera_id: str) -> None: ...

    async def presets(self, camera_id: str) -> Sequence[Preset]: ...

    async def goto_preset(self, camera_id: str, preset: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the camera at a lease's end."""

    stopped: bool
    returned: bool


@dataclass(eq=False, slots=True)
class Held:
    """A lease that is not over: until its camera is back. Times of `lease`: the monotonic clock."""

    lease: Lease
    context: Context
    preset: str  # to return to
    presets: tuple[Preset, ...] = ()
    motion: Motion = field(default_factory=Motion)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # one command at a time
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    closing: str | None = None  # the reason, once it ends
    closed_by: Actor | None = None  # None: the service itself
    ended: Ended | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Head:
    """Commands that are tried again. command_s: what one command may take."""

    def __init__(
        self,
        heads: Heads,
        record: LeaseRecord,
        *,
        utc: Callable[[], float],
        clock: Callable[[], float],
        command_s: float,
    ) -> None:
        self._heads = heads
        self._record = record
        self._utc = utc
        self._clock = clock
        self.command_s = command_s

    async def halt(self, held: Held, actor: Actor | None) -> OnvifError | None:
        """Stop, at most thrice; recorded whether it worked or not. `actor`: None for the service itself."""
        began, error, tries = held.motion.began, None, 0
        for pause in STOP_PAUSES_S:
            await asyncio.sleep(pause)
            tries += 1
            error = await self.tried(self._heads.stop(held.lease.camera))
            if error is None:
                break
        now = self._utc()
        said: dict[str, Any] = {"tries": tries, "asked": actor is not None}
        if error is None:
            held.motion.stopped()
        else:
            held.motion.postpone(self._clock() + STOP_AGAIN_S)
            said["trouble"] = error.trouble.value
            log.warning("camera %s was not stopped: %s", held.lease.camera, error)
        period = None if began is None else (now - (self._clock() - began), now)
        try:
            await self._record.act(held.context, actor, "stop", now, said, period=period, done=error is None)
        except (HotlineError, SQLAlchemyError) as fault:
            log.error("a stop of camera %s is not on record: %s", held.lease.camera, fault)
        return error

    async def bring_back(self, held: Held, pauses: Sequence[float]) -> None:
        """Stop and return, until both worked or all tries are used; then it is over, and on record. Never
        raises: what cannot be written is written at the next start."""
        stopped = returned = False
        error: OnvifError | None = None
        tries = 0
        async with held.lock:
            for pause in pauses:
                await asyncio.sleep(pause)
                tries += 1
                if not stopped:
                    error = await self.tried(self._heads.stop(held.lease.camera))
                    stopped = error is None
                if stopped:
                    error = await self.tried(self._heads.goto_preset(held.lease.camera, held.preset))
                    returned = error is None
                if returned:
                    break
            said: dict[str, Any] = {
                "stopped": stopped,
                "returned": returned,
                "preset": held.preset,
                "tries": tries,
            }
            if error is not None:
                said["trouble"] = error.trouble.value
                log.error("camera %s was not turned back: %s", held.lease.camera, error)
            try:
                await self._record.ended(
                    held.lease.id,
                    held.context,
                    held.closed_by,
                    held.closing or "service_stopped",
                    self._utc(),
                    said,
                    done=returned,
                )
            except (HotlineError, SQLAlchemyError) as fault:
                log.error("the end of camera %s's lease is not on record: %s", held.lease.camera, fault)
            held.ended = Ended(stopped, returned)

    async def tried(self, command: Awaitable[None]) -> OnvifError | None:
        """One command, in its time; what went wrong with it, also where the camera only kept silent."""
        try:
            async with asyncio.timeout(self.command_s):
                await command
        except (OnvifError, TimeoutError) as error:
            if isinstance(error, OnvifError):
                return error
            return OnvifError(Trouble.NO_ANSWER, "no answer in time")
        return None
