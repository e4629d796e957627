"""Checks every camera before it is needed: on a schedule, and when a person says so. Gently: at most four at
once, one session each (with the main stream, then with the small one), and never one that is watched, or that
somebody may watch.

Belongs here: who is checked when, and how far a sweep has come. What a check does is
`streams/readiness.py`'s, what is kept of it `readiness.py`'s. State belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from hotline import readiness
from hotline.actor import Actor
from hotline.directory import CameraDirectory
from hotline.domain.readiness import due_at
from hotline.errors import Busy, Conflict, FieldError, Invalid
from hotline.identity import new_id
from hotline.readiness import CameraReading
from hotline.store.database import Database
from hotline.sweep_turn import SweepTurn
from streams.camera import ProfileName
from streams.demux.process import Demuxers
from streams.policies import Policies
from streams.readiness import Readiness, Reading, measure
from streams.state import Reason

log = logging.getLogger(__name__)

AT_ONCE = 4
LOOK_S = 30.0  # between two looks at what is due
PUT_OFF_S = 600.0  # a camera in use is not asked for again before this
RELOAD_S = 60.0  # the command line checks cameras too
BETWEEN_S = 0.5  # between a camera's two streams: some count a session for a moment after it is closed

# The small stream would say the same once more; and some cameras lock an account after few wrong passwords.
_SAYS_ALL = frozenset({Reason.REFUSED, Reason.UNREACHABLE, Reason.TIMEOUT, Reason.UNAUTHORIZED, Reason.BUSY})


@dataclass(frozen=True, slots=True)
class Progress:
    """A sweep that a person commanded. Times: UTC seconds. skipped: in use, or gone by its turn."""

    id: str
    started_at: float
    total: int
    done: int = 0
    skipped: int = 0
    results: Mapping[Readiness, int] = field(default_factory=dict)
    ended_at: float | None = None


class Listener(Protocol):
    """Who is told of each step."""

    def __call__(self, progress: Progress | None, found: CameraReading | None) -> None: ...


async def check(
    directory: CameraDirectory,
    camera_id: str,
    *,
    in_use: Callable[[str], bool],
    policies: Policies,
    demuxers: Demuxers,
    utc: Callable[[], float],
) -> CameraReading | None:
    """One camera now; None where it is in use, or has left the inventory."""
    if directory.record(camera_id) is None:
        return None
    camera = directory.camera(camera_id)
    if camera is None:
        outside = Reading(Readiness.DEAD, Reason.UNREACHABLE, "its address is outside [cameras] networks")
        return CameraReading(camera_id, utc(), outside)

    async def read(profile: ProfileName) -> Reading | None:
        return await measure(
            camera,
            directory.credentials(camera_id),
            wanted=lambda: in_use(camera_id),
            profile=profile,
            policies=policies,
            demuxers=demuxers,
        )

    main = await read(ProfileName.MAIN)
    if main is None:
        return None
    sub = None
    if ProfileName.SUB in camera.profiles and main.reason not in _SAYS_ALL:
        await asyncio.sleep(BETWEEN_S)
        sub = await read(ProfileName.SUB)
    return CameraReading(camera_id, utc(), main, sub)


class Sweeper:
    """`newest` is what is known of each camera now; `run` keeps it so.

    in_use: whether a camera has, or is to have, a session with the relay. every_s: seconds between two
    scheduled checks of a camera; None: only on command. on_step: called after each step of a sweep. demuxers:
    of the sweeps alone, for they must not take a viewer's place. While a command line checks cameras, checks
    here wait for its end (`sweep_turn.py`).
    """

    def __init__(
        self,
        database: Database,
        directory: CameraDirectory,
        *,
        in_use: Callable[[str], bool],
        policies: Policies,
        demuxers: Demuxers,
        every_s: float | None,
        utc: Callable[[], float],
        on_step: Listener,
    ) -> None:
        self._database = database
        self._turn = SweepTurn(database.directory)
        self._directory = directory
        self._in_use = in_use
        self._policies = policies
        self._demuxers = demuxers
        self._every_s = every_s
        self._utc = utc
        self._on_step = on_step
        self._started_at = utc()
        self._reloaded_at = float("-inf")
        self._put_off: dict[str, float] = {}
        self._commanded: dict[str, None] = {}  # in order
        self._scheduled: dict[str, None] = {}
        self._checking: set[str] = set()
        self._work = asyncio.Condition()
        self.newest: dict[str, CameraReading] = {}
        self.progress: Progress | None = None
        self.checks: Counter[Readiness] = Counter()
        self.left_alone = 0  # times a camera was in use, or gone, by its turn

    @property
    def waiting(self) -> int:
        """Cameras in line for a check, or being checked."""
        return len(self._checking | self._commanded.keys() | self._scheduled.keys())

    def known(self, *which: Readiness) -> frozenset[str]:
        """Cameras whose newest reading is one of these."""
        return frozenset(camera for camera, found in self.newest.items() if found.reading.readiness in which)

    async def load(self) -> None:
        """Reads what was found before, by whomever."""
        self.newest = await readiness.newest(self._database)
        self._reloaded_at = self._utc()

    async def start(self, cameras: Sequence[str] | None, actor: Actor) -> Progress:
        """Has these cameras checked, or all of them, ahead of the schedule; on the record.

        Raises `Invalid` (an unknown camera, named) or `Conflict` while another sweep runs, here or from a
        command line.
        """
        known = [record.id for record in self._directory.records]
        chosen = list(dict.fromkeys(known if cameras is None else cameras))
        errors = [
            FieldError(f"cameras.{number}", "is not in the inventory", "등록되지 않은 카메라입니다")
            for number, camera in enumerate(cameras or ())
            if camera not in known
        ]
        if errors:
            raise Invalid(*errors)
        self._demand_rest()
        self._turn.demand()
        await readiness.note_command(self._database, chosen, actor, self._utc())
        self._demand_rest()  # another may have begun while that was written
        now = self._utc()
        self.progress = Progress(new_id(), now, len(chosen), ended_at=None if chosen else now)
        self._on_step(self.progress, None)
        for camera in chosen:
            self._scheduled.pop(camera, None)
        async with self._work:
            self._commanded.update(dict.fromkeys(chosen))
            self._work.notify_all()
        return self.progress

    async def run(self) -> None:
        """Check what is due or commanded, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._check_ever(), name="readiness check")
            while True:
                await self._reload()
                await self._plan()
                await asyncio.sleep(LOOK_S)

    def _demand_rest(self) -> None:
        if self.progress is not None and self.progress.ended_at is None:
            raise Conflict(
                "A sweep is running already; wait for its end.",
                "이미 점검이 진행 중입니다. 끝날 때까지 기다리십시오.",
            )

    async def _reload(self) -> None:
        if self._utc() - self._reloaded_at < RELOAD_S:
            return
        try:
            await self.load()
        except (SQLAlchemyError, Busy) as error:
            log.error("readiness: the database does not answer (%s)", type(error).__name__)

    async def _plan(self) -> None:
        """Put in line what is due."""
        if self._every_s is None:
            return
        now = self._utc()
        records = {record.id for record in self._directory.records}
        self._put_off = {each: at for each, at in self._put_off.items() if at > now and each in records}
        due = sorted(records - self._put_off.keys() - self._checking - self._commanded.keys())
        async with self._work:
            for camera in due:
                found = self.newest.get(camera)
                checked_at = found.at if found is not None else None
                if due_at(camera, checked_at, self._started_at, self._every_s) <= now:
                    self._scheduled[camera] = None
            self._work.notify_all()

    async def _check_ever(self) -> None:
        while True:
            async with self._work:
                await self._work.wait_for(lambda: bool(self._next(self._checking)))
                camera, commanded = self._take()
            try:
                await self._check(camera, commanded)
            finally:
                self._checking.discard(camera)
                async with self._work:
                    self._work.notify_all()

    def _next(self, busy: Collection[str]) -> str | None:
        lines = (self._commanded, self._scheduled)
        return next((camera for line in lines for camera in line if camera not in busy), None)

    def _take(self) -> tuple[str, bool]:
        camera = self._next(self._checking)
        assert camera is not None
        commanded = camera in self._commanded
        self._commanded.pop(camera, None)
        self._scheduled.pop(camera, None)
        self._checking.add(camera)
        return camera, commanded

    async def _check(self, camera: str, commanded: bool) -> None:
        found: CameraReading | None = None
        try:
            async with self._turn.held():
                found = await check(
                    self._directory,
                    camera,
                    in_use=self._in_use,
                    policies=self._policies,
                    demuxers=self._demuxers,
                    utc=self._utc,
                )
            if found is None:
                self.left_alone += 1
                self._put_off[camera] = self._utc() + PUT_OFF_S
            else:
                self.newest[camera] = found
                self.checks[found.reading.readiness] += 1
                await readiness.keep(self._database, found)
        except (SQLAlchemyError, Busy) as error:
            log.error("readiness: the database does not answer (%s)", type(error).__name__)
        except Exception:
            # One camera's fault must not end the others' checks.
            log.exception("readiness: camera %s could not be checked", camera)
            self._put_off[camera] = self._utc() + PUT_OFF_S
        if commanded:
            self._step(found)
        elif found is not None:
            self._on_step(None, found)

    def _step(self, found: CameraReading | None) -> None:
        before = self.progress
        assert before is not None
        results = Counter(before.results)
        if found is not None:
            results[found.reading.readiness] += 1
        done = before.done + 1
        self.progress = replace(
            before,
            done=done,
            skipped=before.skipped + (found is None),
            results=dict(results),
            ended_at=self._utc() if done >= before.total else None,
        )
        self._on_step(self.progress, found)
