"""What sweeps have found, kept with history: at most 90 days and 500 readings per camera.

Belongs here: the table. When cameras are checked is `sweeper.py`'s, what a reading means is
`streams/readiness.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, or_, select

from hotline.actor import Actor
from hotline.audit import Action, Subject, append
from hotline.errors import NotFound
from hotline.store.database import Database
from hotline.store.models import CameraRow, GrantRow, ReadingRow
from streams.readiness import Finding, Readiness, Reading
from streams.state import Reason

KEPT_S = 90 * 86_400.0
KEPT_EACH = 500


@dataclass(frozen=True, slots=True)
class CameraReading:
    """What was found of a camera's main stream. sub: of the small one; None where it has none, or somebody
    wanted the camera by then. at: UTC seconds."""

    camera_id: str
    at: float
    reading: Reading
    sub: Reading | None = None


async def keep(database: Database, found: CameraReading) -> None:
    """Writes a reading; the oldest of the camera go. Nothing is written of a camera that has left."""
    async with database.write() as session:
        row = await session.get(CameraRow, found.camera_id)
        if row is None or row.removed_at is not None:
            return
        session.add(_row(found))
        await session.flush()
        mine = ReadingRow.camera_id == found.camera_id
        surplus = select(ReadingRow.id).where(mine).order_by(ReadingRow.id.desc()).offset(KEPT_EACH).limit(1)
        newest_surplus = await session.scalar(surplus)
        old = ReadingRow.at < found.at - KEPT_S
        if newest_surplus is not None:
            old |= ReadingRow.id <= newest_surplus
        await session.execute(delete(ReadingRow).where(mine, old))


async def newest(database: Database) -> dict[str, CameraReading]:
    """The newest reading of each camera that was ever read."""
    last = select(func.max(ReadingRow.id)).group_by(ReadingRow.camera_id)
    async with database.read() as session:
        rows = await session.scalars(select(ReadingRow).where(ReadingRow.id.in_(last)))
        return {row.camera_id: _view(row) for row in rows}


async def history(database: Database, camera_id: str, limit: int) -> list[CameraReading]:
    """A camera's readings, the newest first. Raises `NotFound`."""
    async with database.read() as session:
        camera = await session.get(CameraRow, camera_id)
        if camera is None or camera.removed_at is not None:
            raise NotFound("There is no such camera.", "그런 카메라가 없습니다.")
        statement = (
            select(ReadingRow)
            .where(ReadingRow.camera_id == camera_id)
            .order_by(ReadingRow.id.desc())
            .limit(limit)
        )
        return [_view(row) for row in await session.scalars(statement)]


async def note_command(database: Database, cameras: Sequence[str], actor: Actor, now: float) -> None:
    """A person had these cameras checked: on the record."""
    async with database.write() as session:
        await append(session, Action.SWEEP, actor, Subject(cameras=tuple(cameras)), now)


async def granted(database: Database, now: float, linger_s: float = 0.0) -> frozenset[str]:
    """Cameras that somebody may look through now, or could up to `linger_s` ago: those the service may have a
    session with."""
    since = now - linger_s
    statement = select(GrantRow.camera_id).where(
        or_(GrantRow.revoked_at.is_(None), GrantRow.revoked_at > since),
        GrantRow.not_before <= now,
        GrantRow.expires_at > since,
    )
    async with database.read() as session:
        return frozenset(await session.scalars(statement))


def _row(found: CameraReading) -> ReadingRow:
    reading = found.reading
    return ReadingRow(
        camera_id=found.camera_id,
        at=found.at,
        sub=_packed(found.sub) if found.sub is not None else None,
        readiness=reading.readiness.value,
        reason=reading.reason.value if reading.reason is not None else None,
        detail=reading.detail,
        findings=",".join(reading.findings),
        codec=reading.codec,
        profile=reading.profile,
        width=reading.width,
        height=reading.height,
        frames_per_second=reading.frames_per_second,
        first_picture_s=reading.first_picture_s,
        keyframe_interval_s=reading.keyframe_interval_s,
        b_frames=reading.b_frames,
        sets_in_band=reading.sets_in_band,
        clock_offset_s=reading.clock_offset_s,
    )


def _view(row: ReadingRow) -> CameraReading:
    reading = Reading(
        Readiness(row.readiness),
        Reason(row.reason) if row.reason is not None else None,
        row.detail,
        tuple(Finding(each) for each in row.findings.split(",") if each),
        row.codec,
        row.profile,
        row.width,
        row.height,
        row.frames_per_second,
        row.first_picture_s,
        row.keyframe_interval_s,
        row.b_frames,
        row.sets_in_band,
        row.clock_offset_s,
    )
    return CameraReading(row.camera_id, row.at, reading, _unpacked(row.sub) if row.sub is not None else None)


def _packed(reading: Reading) -> str:
    """A reading as text: what is unknown is left out."""
    said = {name: value for name, value in asdict(reading).items() if value not in (None, "", ())}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _unpacked(text: str) -> Reading:
    said = json.loads(text)
    said["readiness"] = Readiness(said["readiness"])
    if "reason" in said:
        said["reason"] = Reason(said["reason"])
    if "findings" in said:
        said["findings"] = tuple(Finding(each) for each in said["findings"])
    return Reading(**said)
