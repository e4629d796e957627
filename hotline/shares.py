"""The share's life: open, extend, end, expire. One transaction each: share, grants, revision, record.

A share of anything the rules refuse leaves nothing half-written. Sending the grants to the relay is
`reconcile.py`'s; looking at candidates before sharing is `previews.py`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, service, unit_receiver
from hotline.audit import STREAMING, Action, Subject, append
from hotline.domain.nearby import sight
from hotline.domain.place import Point
from hotline.domain.sharing import OpenShare, minutes_faults
from hotline.errors import Conflict, FieldError, Invalid, NotFound
from hotline.idempotency import made_before, remember
from hotline.identity import new_id
from hotline.revoking import revoke_grants
from hotline.share_view import SHARE, ShareView, load_shares
from hotline.store.counters import Counter, advance
from hotline.store.database import Database
from hotline.store.models import (
    CameraRow,
    GrantRow,
    IncidentRow,
    ShareCameraRow,
    ShareRow,
    ShareUnitRow,
    UnitRow,
)

SCENE = "현장 영상에 찍힌 사람"  # whom the pictures may show: a scene has no list of names


async def open_share(
    database: Database,
    incident_id: str,
    command: OpenShare,
    *,
    max_minutes: int,
    actor: Actor,
    now: float,
    key: str | None = None,
) -> ShareView:
    """Opens a share. Raises `NotFound` (incident), `Conflict` (closed), `Invalid` (fields named)."""
    request = {"act": "open_share", "incident": incident_id, **asdict(command)}
    async with database.write() as session:
        before = await made_before(session, actor, key, request)
        if before is not None:
            return await _load(session, await session.get_one(ShareRow, before), now)
        incident = await open_incident(session, incident_id)
        cameras = await known_cameras(session, command.cameras)
        units = await _known_units(session, command.units)
        errors = command.faults(cameras.keys(), units.keys(), max_minutes)
        if errors:
            raise Invalid(*errors)
        share = ShareRow(
            id=new_id(),
            kind=SHARE,
            incident_id=incident.id,
            purpose=command.purpose,
            legal_basis=command.legal_basis,
            opened_by=actor.id,
            opened_at=now,
            ends_at=now + command.minutes * 60,
            overlay=command.overlay,
            watermark=command.watermark,
        )
        session.add(share)
        await session.flush()
        unit_ids = list(dict.fromkeys(command.units))
        session.add_all(
            ShareUnitRow(share_id=share.id, unit_id=unit_id, position=position)
            for position, unit_id in enumerate(unit_ids)
        )
        receivers = [unit_receiver(unit_id) for unit_id in unit_ids]
        chosen = [cameras[camera_id] for camera_id in dict.fromkeys(command.cameras)]
        add_cameras(session, share, incident, chosen)
        add_grants(session, share, receivers, [camera.id for camera in chosen], now)
        await session.flush()
        await advance(session, Counter.GRANTS)
        await remember(session, actor, key, request, share.id, now)
        subject = share_subject(share, incident, receivers, [camera.id for camera in chosen])
        await append(session, Action.SHARE_START, actor, subject, now)
        return await _load(session, share, now)


async def extend_share(
    database: Database,
    share_id: str,
    minutes: int,
    *,
    max_minutes: int,
    actor: Actor,
    now: float,
    key: str | None = None,
) -> ShareView:
    """Moves a running share's end `minutes` later, at most `max_minutes` from now.

    Raises `NotFound`, `Conflict` when it is over, `Invalid`.
    """
    errors = minutes_faults(minutes, max_minutes)
    if errors:
        raise Invalid(*errors)
    request = {"act": "extend_share", "share": share_id, "minutes": minutes}
    async with database.write() as session:
        share = await find(session, share_id)
        if await made_before(session, actor, key, request) is not None:
            return await _load(session, share, now)
        _require_running(share, now)
        ends_at = share.ends_at + minutes * 60
        if ends_at > now + max_minutes * 60:
            most = max(0, int((now + max_minutes * 60 - share.ends_at) // 60))
            raise Invalid(
                FieldError(
                    "minutes",
                    f"a share may run {max_minutes} minutes from now at most; {most} more are possible",
                    f"공유는 지금부터 최대 {max_minutes}분입니다. {most}분까지 연장할 수 있습니다",
                )
            )
        share.ends_at = ends_at
        await session.execute(
            update(GrantRow)
            .where(GrantRow.share_id == share.id, GrantRow.revoked_at.is_(None))
            .values(expires_at=ends_at)
        )
        await session.flush()
        await advance(session, Counter.GRANTS)
        await remember(session, actor, key, request, share.id, now)
        incident = await session.get_one(IncidentRow, share.incident_id)
        await append(session, Action.SHARE_CHANGE, actor, share_subject(share, incident), now)
        return await _load(session, share, now)


async def end_share(database: Database, share_id: str, *, actor: Actor, now: float) -> ShareView:
    """Ends a share now; ending one that is over changes nothing. Raises `NotFound`."""
    async with database.write() as session:
        share = await find(session, share_id)
        if share.ended_at is None and share.ends_at > now:
            incident = await session.get_one(IncidentRow, share.incident_id)
            await end(session, share, incident, actor, now, "ended")
        return await _load(session, share, now)


async def expire_shares(database: Database, now: float) -> list[ShareView]:
    """Writes down that shares and previews whose time is up are over; gives back those that were."""
    due = select(ShareRow).where(ShareRow.ended_at.is_(None), ShareRow.ends_at <= now)
    async with database.read() as session:
        if (await session.scalars(due.limit(1))).first() is None:
            return []
    async with database.write() as session:
        shares = list(await session.scalars(due.order_by(ShareRow.ends_at)))
        for share in shares:
            incident = await session.get_one(IncidentRow, share.incident_id)
            await end(session, share, incident, service(), now, "expired", at=share.ends_at)
        return await load_shares(session, shares, now)


async def end_all_of_incident(
    session: AsyncSession, incident: IncidentRow, actor: Actor, now: float
) -> list[ShareRow]:
    """Ends every running share and preview of an incident, inside the caller's transaction."""
    shares = list(
        await session.scalars(
            select(ShareRow).where(ShareRow.incident_id == incident.id, ShareRow.ended_at.is_(None))
        )
    )
    for share in shares:
        await end(session, share, incident, actor, now, "incident_closed")
    return shares


async def list_shares(
    database: Database,
    *,
    now: float,
    unit_id: str | None = None,
    running: bool | None = None,
    limit: int = 200,
) -> list[ShareView]:
    """Shares, newest first: all, or those of one unit; previews are not among them."""
    statement = select(ShareRow).where(ShareRow.kind == SHARE)
    if unit_id is not None:
        statement = statement.join(ShareUnitRow, ShareUnitRow.share_id == ShareRow.id).where(
            ShareUnitRow.unit_id == unit_id
        )
    if running is True:
        statement = statement.where(ShareRow.ended_at.is_(None), ShareRow.ends_at > now)
    elif running is False:
        statement = statement.where(or_(ShareRow.ended_at.is_not(None), ShareRow.ends_at <= now))
    statement = statement.order_by(ShareRow.opened_at.desc(), ShareRow.id).limit(limit)
    async with database.read() as session:
        return await load_shares(session, await session.scalars(statement), now)


async def get_share(database: Database, share_id: str, *, now: float) -> ShareView:
    """One share or preview. Raises `NotFound`."""
    async with database.read() as session:
        return await _load(session, await find(session, share_id), now)


async def find(session: AsyncSession, share_id: str) -> ShareRow:
    """The share's row. Raises `NotFound`."""
    share = await session.get(ShareRow, share_id)
    if share is None:
        raise no_such_share()
    return share


def no_such_share() -> NotFound:
    """The one answer for a share that does not exist and one that the asker may not know of."""
    return NotFound("There is no such share.", "그런 공유가 없습니다.")


async def open_incident(session: AsyncSession, incident_id: str) -> IncidentRow:
    """The incident's row. Raises `NotFound`, or `Conflict` when it is closed."""
    incident = await session.get(IncidentRow, incident_id)
    if incident is None:
        raise NotFound("There is no such incident.", "그런 사건이 없습니다.")
    if incident.closed_at is not None:
        raise Conflict("The incident is closed.", "종료된 사건입니다.")
    return incident


async def known_cameras(session: AsyncSession, ids: Collection[str]) -> dict[str, CameraRow]:
    """Those of `ids` that are cameras in service."""
    rows = await session.scalars(
        select(CameraRow).where(CameraRow.id.in_(set(ids)), CameraRow.removed_at.is_(None))
    )
    return {row.id: row for row in rows}


async def _known_units(session: AsyncSession, ids: Collection[str]) -> dict[str, UnitRow]:
    rows = await session.scalars(
        select(UnitRow).where(UnitRow.id.in_(set(ids)), UnitRow.removed_at.is_(None))
    )
    return {row.id: row for row in rows}


def add_cameras(
    session: AsyncSession, share: ShareRow, incident: IncidentRow, cameras: Sequence[CameraRow]
) -> None:
    """Writes down a share's cameras with where they stand from the incident, in the order given."""
    place = Point(incident.latitude, incident.longitude)
    for position, camera in enumerate(cameras):
        found = sight(place, camera)
        session.add(
            ShareCameraRow(
                share_id=share.id,
                camera_id=camera.id,
                position=position,
                distance_m=round(found.distance_m, 1),
                bearing_deg=round(found.bearing_deg, 1),
            )
        )


def add_grants(
    session: AsyncSession,
    share: ShareRow,
    receivers: Sequence[str],
    cameras: Sequence[str],
    now: float,
    *,
    form: str = "stream",
) -> None:
    """One right per receiver and camera, until the share's end. form: see `GrantRow`."""
    session.add_all(
        GrantRow(
            id=new_id(),
            share_id=share.id,
            receiver=receiver,
            camera_id=camera_id,
            not_before=now,
            expires_at=share.ends_at,
            form=form,
        )
        for receiver in receivers
        for camera_id in cameras
    )


def share_subject(
    share: ShareRow, incident: IncidentRow, receivers: Sequence[str] = (), cameras: Sequence[str] = ()
) -> Subject:
    """What the record says of an act on a share: receiver, purpose, basis, period, form (표준지침 §42)."""
    return Subject(
        incident_no=incident.number,
        share=share.id,
        legal_basis=share.legal_basis,
        purpose=share.purpose,
        cameras=tuple(cameras),
        area=f"{incident.latitude:.5f},{incident.longitude:.5f}",
        subject_scope=SCENE,
        receiver_org=tuple(receivers),
        form=STREAMING,
        period=(share.opened_at, share.ended_at if share.ended_at is not None else share.ends_at),
        detail={"kind": share.kind, "overlay": share.overlay, "watermark": share.watermark},
    )


async def end(
    session: AsyncSession,
    share: ShareRow,
    incident: IncidentRow,
    actor: Actor,
    now: float,
    reason: str,
    *,
    at: float | None = None,
) -> None:
    """Ends one running share inside the caller's transaction. `at`: when it ended, if not now."""
    share.ended_at = now if at is None else at
    share.ended_by, share.end_reason = actor.id, reason
    await session.flush()
    if not await revoke_grants(session, actor, now, reason, share_id=share.id):
        await advance(session, Counter.GRANTS)  # its grants ran out by themselves; it is news all the same
    await append(session, Action.SHARE_END, actor, share_subject(share, incident), now)


def _require_running(share: ShareRow, now: float) -> None:
    if share.ended_at is not None or share.ends_at <= now:
        raise Conflict("The share is over; open a new one.", "끝난 공유입니다. 새로 공유하십시오.")


async def _load(session: AsyncSession, share: ShareRow, now: float) -> ShareView:
    return (await load_shares(session, [share], now))[0]
