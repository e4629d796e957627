"""An operator looks at candidates before sharing: a right for one person, bound to one incident, on record.

A preview is a share of kind `preview`. Asking again renews it and changes its cameras; without that it ends
by itself, and with the incident. Each camera is looked at live, or by thumbnails alone: for those no camera
is kept running, so that a long list costs little.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, user_receiver
from hotline.audit import Action, append
from hotline.domain import law
from hotline.domain.sharing import camera_faults
from hotline.errors import FieldError, Invalid
from hotline.identity import new_id
from hotline.share_view import PREVIEW, ShareView, load_shares
from hotline.shares import add_cameras, add_grants, known_cameras, open_incident, share_subject
from hotline.store.counters import Counter, advance
from hotline.store.database import Database
from hotline.store.models import GrantRow, IncidentRow, ShareCameraRow, ShareRow
from hotline.viewings import Form


async def preview(
    database: Database,
    incident_id: str,
    cameras: tuple[str, ...],
    *,
    live: tuple[str, ...] | None = None,
    minutes: int,
    actor: Actor,
    now: float,
) -> ShareView:
    """Opens, renews or changes the actor's preview of an incident: from now these cameras, for `minutes`.

    live: those of them that are watched; None: all. Raises `NotFound`, `Conflict` (incident closed) or
    `Invalid`.
    """
    async with database.write() as session:
        incident = await open_incident(session, incident_id)
        known = await known_cameras(session, cameras)
        errors = camera_faults(cameras, known.keys())
        errors += [
            FieldError(f"live.{number}", "is not one of the cameras", "cameras에 없는 카메라입니다")
            for number, camera_id in enumerate(live or ())
            if camera_id not in cameras
        ]
        if errors:
            raise Invalid(*errors)
        chosen = [known[camera_id] for camera_id in dict.fromkeys(cameras)]
        receiver = user_receiver(actor.id)
        share = await _running(session, incident, actor, now)
        started = share is None
        if share is None:
            share = ShareRow(
                id=new_id(),
                kind=PREVIEW,
                incident_id=incident.id,
                purpose=law.PREVIEW_PURPOSE.code,
                legal_basis=law.PREVIEW_BASIS,
                opened_by=actor.id,
                opened_at=now,
            )
        share.ends_at = now + minutes * 60
        session.add(share)
        await session.flush()
        watched = set(cameras if live is None else live)
        wanted = {
            camera.id: (Form.STREAM if camera.id in watched else Form.STILLS).value for camera in chosen
        }
        had = await _in_force(session, share, now)
        await _replace_grants(session, share, receiver, had, wanted, now)
        await session.execute(delete(ShareCameraRow).where(ShareCameraRow.share_id == share.id))
        add_cameras(session, share, incident, chosen)
        await session.flush()
        await advance(session, Counter.GRANTS)
        if started or had != wanted:  # a renewal alone is not news, and comes every few minutes
            action = Action.SHARE_START if started else Action.SHARE_CHANGE
            await append(
                session, action, actor, share_subject(share, incident, [receiver], list(wanted)), now
            )
        return (await load_shares(session, [share], now))[0]


async def _running(session: AsyncSession, incident: IncidentRow, actor: Actor, now: float) -> ShareRow | None:
    found = await session.scalars(
        select(ShareRow)
        .where(
            ShareRow.kind == PREVIEW,
            ShareRow.incident_id == incident.id,
            ShareRow.opened_by == actor.id,
            ShareRow.ended_at.is_(None),
            ShareRow.ends_at > now,
        )
        .limit(1)
    )
    return found.first()


async def _in_force(session: AsyncSession, share: ShareRow, now: float) -> dict[str, str]:
    """Cameras with the form in which they may be seen."""
    found = await session.execute(
        select(GrantRow.camera_id, GrantRow.form).where(
            GrantRow.share_id == share.id, GrantRow.revoked_at.is_(None), GrantRow.expires_at > now
        )
    )
    return {row.camera_id: row.form for row in found}


async def _replace_grants(
    session: AsyncSession,
    share: ShareRow,
    receiver: str,
    had: dict[str, str],
    wanted: dict[str, str],
    now: float,
) -> None:
    in_force = (GrantRow.share_id == share.id, GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
    gone = {camera for camera, form in had.items() if wanted.get(camera) != form}
    if gone:
        await session.execute(
            update(GrantRow).where(*in_force, GrantRow.camera_id.in_(gone)).values(revoked_at=now)
        )
    await session.execute(update(GrantRow).where(*in_force).values(expires_at=share.ends_at))
    for form in (Form.STREAM, Form.STILLS):
        new = [camera for camera, wish in wanted.items() if wish == form and had.get(camera) != form]
        add_grants(session, share, [receiver], new, now, form=form.value)
