"""Who turned which camera, why, what and when: leases in their table, every act in the record.

Belongs here: tables. When a lease begins and ends is decided in `ptz.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, service
from hotline.audit import Action, Subject, append
from hotline.errors import Conflict, FieldError, Invalid, NotFound
from hotline.store.database import Database
from hotline.store.models import CameraRow, GrantRow, IncidentRow, PtzLeaseRow, ShareRow, UserRow


@dataclass(frozen=True, slots=True)
class Context:
    """What every entry of one lease says. lease, preset: of one that was read from the table."""

    camera: str
    place: str
    holder: str
    username: str
    purpose: str
    incident_no: str | None = None
    share: str | None = None
    lease: str | None = None
    preset: str | None = None


class LeaseRecord:
    """One transaction an act. Raises `Busy` as the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def context(
        self, camera_id: str, purpose: str, incident_id: str | None, actor: Actor, now: float
    ) -> Context:
        """Camera and incident by their ids. Who receives pictures turns only what is shared with it now.

        Raises `NotFound`, `Invalid`, or `Conflict` for a camera with privacy masks.
        """
        async with self._database.read() as session:
            camera = await session.get(CameraRow, camera_id)
            grant = None
            if camera is not None and actor.role is not None and not actor.role.of_centre:
                grant = await _grant(session, camera_id, actor, now)
                camera = camera if grant is not None else None
            if camera is None or camera.removed_at is not None or camera.onvif_url is None:
                raise NotFound(
                    "There is no such camera that can be turned.", "조작할 수 있는 그런 카메라가 없습니다."
                )
            _demand_unmasked(camera)
            number = await _incident_number(session, incident_id, grant)
            return Context(
                camera_id,
                _place(camera),
                actor.id,
                actor.username,
                purpose,
                number,
                grant.share_id if grant is not None else None,
            )

    async def granted(self, context: Context, actor: Actor, now: float) -> bool:
        """Whether the camera is shared with this person's unit now."""
        async with self._database.read() as session:
            return await _grant(session, context.camera, actor, now) is not None

    async def opened(
        self, lease: str, context: Context, actor: Actor, preset: str, now: float, ends_at: float
    ) -> None:
        """A lease begins, once this is written. Raises `Conflict` for a camera with privacy masks by now."""
        async with self._database.write() as session:
            camera = await session.get(CameraRow, context.camera)
            if camera is not None:
                _demand_unmasked(camera)
            session.add(
                PtzLeaseRow(
                    id=lease,
                    camera_id=context.camera,
                    person=context.holder,
                    purpose=context.purpose,
                    incident_no=context.incident_no,
                    share_id=context.share,
                    preset=preset,
                    opened_at=now,
                    ends_at=ends_at,
                )
            )
            detail = {"act": "lease", "lease": lease, "preset": preset}
            subject = _subject(context, detail, period=(now, ends_at))
            await append(session, Action.PTZ, actor, subject, now)

    async def renewed(self, lease: str, ends_at: float) -> None:
        """A lease ends later."""
        async with self._database.write() as session:
            row = await session.get(PtzLeaseRow, lease)
            if row is not None:
                row.ends_at = ends_at

    async def act(
        self,
        context: Context,
        actor: Actor | None,
        what: str,
        now: float,
        said: dict[str, Any],
        *,
        period: tuple[float, float] | None = None,
        done: bool = True,
    ) -> None:
        """One command. `actor`: None for the service itself, which stops what nobody stops."""
        async with self._database.write() as session:
            detail = {"act": what, "holder": context.username, **said}
            subject = _subject(context, detail, period=period)
            result = "ok" if done else "failed"
            await append(session, Action.PTZ, actor or service(), subject, now, result=result)

    async def ended(
        self,
        lease: str,
        context: Context,
        actor: Actor | None,
        reason: str,
        now: float,
        said: dict[str, Any],
        *,
        done: bool,
    ) -> None:
        """A lease is over and its camera where `said` tells. `actor`: None for the service itself."""
        async with self._database.write() as session:
            row = await session.get(PtzLeaseRow, lease)
            if row is None or row.ended_at is not None:
                return
            row.ended_at, row.end_reason = max(now, row.opened_at), reason
            detail = {"act": "end", "lease": lease, "holder": context.username, **said}
            subject = _subject(context, detail, period=(row.opened_at, row.ended_at), reason=reason)
            result = "ok" if done else "failed"
            await append(session, Action.PTZ, actor or service(), subject, now, result=result)

    async def left_open(self) -> list[Context]:
        """Leases that a crash left open. For the start of the only service on a database."""
        async with self._database.read() as session:
            found = await session.execute(
                select(PtzLeaseRow, CameraRow, UserRow)
                .join(CameraRow, CameraRow.id == PtzLeaseRow.camera_id)
                .join(UserRow, UserRow.id == PtzLeaseRow.person)
                .where(PtzLeaseRow.ended_at.is_(None))
                .order_by(PtzLeaseRow.opened_at)
            )
            return [
                Context(
                    row.camera_id,
                    _place(camera),
                    row.person,
                    person.username,
                    row.purpose,
                    row.incident_no,
                    row.share_id,
                    row.id,
                    row.preset,
                )
                for row, camera, person in found
            ]


async def _grant(session: AsyncSession, camera_id: str, actor: Actor, now: float) -> GrantRow | None:
    found = await session.scalars(
        select(GrantRow)
        .where(
            GrantRow.camera_id == camera_id,
            GrantRow.receiver == actor.receiver,
            GrantRow.revoked_at.is_(None),
            GrantRow.not_before <= now,
            GrantRow.expires_at > now,
        )
        .order_by(GrantRow.expires_at.desc())
        .limit(1)
    )
    return found.first()


async def _incident_number(
    session: AsyncSession, incident_id: str | None, grant: GrantRow | None
) -> str | None:
    if grant is not None:
        share = await session.get(ShareRow, grant.share_id)
        incident_id = share.incident_id if share is not None else None
    if incident_id is None:
        return None
    incident = await session.get(IncidentRow, incident_id)
    if incident is None:
        raise Invalid(FieldError("incident", "there is no such incident", "그런 사건이 없습니다"))
    return incident.number


def _demand_unmasked(camera: CameraRow) -> None:
    if json.loads(camera.masks):
        # Masks lie on the picture, not on the world: turned, they would cover something else.
        raise Conflict(
            "The camera has privacy masks, which do not turn with it.",
            "개인정보 가림 영역이 있는 카메라는 회전하면 가려지지 않으므로 조작할 수 없습니다.",
        )


def _place(camera: CameraRow) -> str:
    return f"{camera.site} ({camera.latitude:.5f},{camera.longitude:.5f})"


def _subject(
    context: Context,
    detail: dict[str, Any],
    *,
    period: tuple[float, float] | None = None,
    reason: str | None = None,
) -> Subject:
    return Subject(
        incident_no=context.incident_no,
        share=context.share,
        purpose=context.purpose,
        cameras=(context.camera,),
        camera_place=context.place,
        period=period,
        reason=reason,
        detail=detail,
    )
