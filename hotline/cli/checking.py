"""The checks behind `hotline cameras check`: each camera a line as soon as it is known.

The service may be running beside it: a camera that anybody has the right to look through now, or had it until
just now, counts as in use. The two never check at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from config.settings import Settings
from hotline import readiness, render
from hotline.actor import Actor
from hotline.directory import CameraDirectory
from hotline.domain.camera import dialable
from hotline.domain.readiness import FINDINGS, RESULTS
from hotline.errors import NotFound
from hotline.feeds import REASONS
from hotline.readiness import CameraReading
from hotline.sealing import KeyStore
from hotline.store.database import Database
from hotline.sweep_turn import SweepTurn
from hotline.sweeper import AT_ONCE, check
from streams.demux.process import Demuxers
from streams.policies import Policies
from streams.readiness import Reading

_LOOK_S = 1.0  # how often the rights in force are read
_ENDING_S = 2.0  # on top of its linger, for the service to end a session
PATIENCE_S = 30.0  # for the service to end the checks it is at; it begins others only in a sweep


@dataclass(frozen=True, slots=True)
class Line:
    """One camera, in both languages and as JSON."""

    en: str
    ko: str
    json: render.Json
    dead: bool = False


async def check_cameras(
    database: Database,
    keys: KeyStore,
    settings: Settings,
    wanted: Sequence[str],
    actor: Actor,
    *,
    on_wait: Callable[[], None] = lambda: None,
) -> AsyncIterator[Line]:
    """Checks, keeps what was found, and tells it. on_wait: called when others check cameras just now, which
    is waited for, at most for `PATIENCE_S`. Raises `NotFound`, or `Conflict` when they go on, before anything
    is checked."""
    directory = CameraDirectory(database, keys, settings.cameras.networks)
    await directory.refresh()
    for camera in wanted:
        if directory.record(camera) is None:
            raise NotFound(f"There is no camera {camera}.", f"카메라 {camera}이(가) 없습니다.")
    chosen = list(dict.fromkeys(wanted)) or [record.id for record in directory.records]
    async with (
        SweepTurn(database.directory).held(PATIENCE_S, on_wait),
        aclosing(_check_all(database, directory, settings, chosen, actor)) as lines,
    ):
        async for line in lines:
            yield line


async def _check_all(
    database: Database, directory: CameraDirectory, settings: Settings, chosen: Sequence[str], actor: Actor
) -> AsyncGenerator[Line]:
    linger = settings.streams.linger_s + _ENDING_S
    await readiness.note_command(database, chosen, actor, time.time())
    granted = await readiness.granted(database, time.time(), linger)
    streams = settings.streams
    policies = Policies(
        connect_s=streams.connect_deadline_s,
        reply_s=streams.answer_deadline_s,
        dialable=dialable(settings.cameras.networks),
    )
    demuxers = Demuxers(min(1, streams.demuxers) * AT_ONCE)
    lines: asyncio.Queue[Line] = asyncio.Queue()
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(camera: str) -> None:
        async with turn:
            found = await check(
                directory,
                camera,
                in_use=lambda each: each in granted,
                policies=policies,
                demuxers=demuxers,
                utc=time.time,
            )
        if found is None:
            text = "in use, left alone", "사용 중이므로 점검하지 않음"
            lines.put_nowait(
                Line(f"{camera}: {text[0]}", f"{camera}: {text[1]}", {"camera": camera, "result": None})
            )
            return
        await readiness.keep(database, found)
        lines.put_nowait(_line(found))

    async def look_at_rights() -> None:
        nonlocal granted
        while True:
            await asyncio.sleep(_LOOK_S)
            granted = await readiness.granted(database, time.time(), linger)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look_at_rights())
        for camera in chosen:
            group.create_task(one(camera))
        for _ in chosen:
            yield await lines.get()
        looking.cancel()


def _line(found: CameraReading) -> Line:
    words = [_words(found.reading)]
    if found.sub is not None:
        (en, ko) = _words(found.sub)
        words.append((f"small stream {en}", f"작은 영상 {ko}"))
    return Line(
        f"{found.camera_id}: {'; '.join(en for en, _ in words)}",
        f"{found.camera_id}: {'; '.join(ko for _, ko in words)}",
        render.reading(found) or {},
        found.reading.reason is not None,
    )


def _words(reading: Reading) -> tuple[str, str]:
    """One stream, in English and Korean."""
    result = RESULTS[reading.readiness]
    seen = []
    if reading.codec is not None:
        seen.append(" ".join(filter(None, (reading.codec, reading.profile))))
    if reading.width is not None:
        seen.append(f"{reading.width}x{reading.height}")
    if reading.first_picture_s is not None:
        seen.append(f"{reading.first_picture_s:.2f} s")
    en = [result.en, *seen, *(FINDINGS[each].en for each in reading.findings)]
    ko = [result.ko, *seen, *(FINDINGS[each].ko for each in reading.findings)]
    if reading.reason is not None:
        en.append(f"{REASONS[reading.reason].en} ({reading.detail})")
        ko.append(f"{REASONS[reading.reason].ko} ({reading.detail})")
    return ", ".join(en), ", ".join(ko)
