"""The record of who saw what: implements the relay's `ViewingRecorder`.

A viewing is in the database, with its entry in the record, before the first media packet leaves. What a
crash left open is closed at the next start, with that as the reason.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, Role, service
from hotline.audit import STILL, STREAMING, Action, Subject, append
from hotline.shares import SCENE
from hotline.store.database import Database
from hotline.store.models import CameraRow, GrantRow, IncidentRow, ShareRow, UserRow, ViewingRow
from relay.ports import ViewingOpened

log = logging.getLogger(__name__)


class Refused(RuntimeError):
    """The viewing names no grant in force: the viewer must not see anything."""


@dataclass(frozen=True, slots=True)
class ViewingView:
    """A viewing as people see it. Times: UTC seconds; `closed_at` None while it goes on."""

    viewer_id: str
    share: str
    incident: str
    camera: str
    camera_name_ko: str
    camera_name_en: str
    receiver: str
    person: str
    address: str | None
    opened_at: float
    closed_at: float | None
    close_reason: str | None
    bytes_sent: int | None
    form: str


class Form(StrEnum):
    """How pictures were seen: running, one of them, or small ones now and then."""

    STREAM = "stream"
    SNAPSHOT = "snapshot"
    STILLS = "stills"


class Viewings:
    """Writes viewings down; one transaction each, with as few questions to the database as it can be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opened(self, viewing: ViewingOpened, form: Form = Form.STREAM) -> None:
        """Raises `Refused` when the grant is unknown, of another viewer, or over."""
        async with self._database.write() as session:
            await _open(session, viewing, form)

    async def looked(self, viewing: ViewingOpened, bytes_sent: int) -> None:
        """One picture is about to be given: a viewing that is over at once, and one entry in the record.

        Raises `Refused` as `opened` does.
        """
        async with self._database.write() as session:
            await _open(session, viewing, Form.SNAPSHOT, bytes_sent)

    async def closed(self, viewer_id: str, at: float, reason: str, bytes_sent: int) -> None:
        """A viewing that was never opened (the viewer was refused) has nothing to close."""
        async with self._database.write() as session:
            row = await session.get(ViewingRow, viewer_id)
            if row is not None and row.closed_at is None:
                await _close(session, row, None, at, reason, bytes_sent)


async def _open(
    session: AsyncSession, viewing: ViewingOpened, form: Form, bytes_sent: int | None = None
) -> None:
    grant = await session.get(GrantRow, viewing.grant_id)
    if (
        grant is None
        or grant.revoked_at is not None
        or grant.expires_at <= viewing.at
        or (grant.share_id, grant.camera_id) != (viewing.share, viewing.camera)
        # The centre looks at pictures of what it shares: its people are no receivers of the grant.
        or (form is Form.STREAM and grant.receiver != viewing.receiver)
        or (form is Form.STREAM and grant.form != Form.STREAM)
    ):
        raise Refused("the viewing names no grant in force")
    row = ViewingRow(
        viewer_id=viewing.viewer_id,
        grant_id=grant.id,
        share_id=grant.share_id,
        camera_id=grant.camera_id,
        receiver=viewing.receiver,
        person=viewing.person,
        address=viewing.remote,
        opened_at=viewing.at,
        form=form.value,
    )
    action = Action.VIEW_START
    if form is Form.SNAPSHOT:
        action = Action.SNAPSHOT
        row.closed_at, row.close_reason, row.bytes_sent = viewing.at, form.value, bytes_sent
    share, incident, camera, person = await _context(session, row)
    session.add(row)
    subject = _subject(row, share, incident, camera)
    await append(session, action, _viewer(row, person), subject, viewing.at)


async def close_left_open(database: Database, now: float) -> int:
    """Closes what a crash left open and says how many. For the start of the only service on a database."""
    async with database.write() as session:
        rows = list(await session.scalars(select(ViewingRow).where(ViewingRow.closed_at.is_(None))))
        for row in rows:
            await _close(session, row, service(), now, "service_stopped", None)
    if rows:
        log.warning("%d viewings were left open when the service stopped; closed now", len(rows))
    return len(rows)


async def list_viewings(
    database: Database, *, limit: int = 200, share: str | None = None, open_only: bool = False
) -> list[ViewingView]:
    """Viewings, newest first."""
    statement = (
        select(ViewingRow, CameraRow, IncidentRow.number)
        .join(CameraRow, CameraRow.id == ViewingRow.camera_id)
        .join(ShareRow, ShareRow.id == ViewingRow.share_id)
        .join(IncidentRow, IncidentRow.id == ShareRow.incident_id)
        .order_by(ViewingRow.opened_at.desc(), ViewingRow.viewer_id)
        .limit(limit)
    )
    if share is not None:
        statement = statement.where(ViewingRow.share_id == share)
    if open_only:
        statement = statement.where(ViewingRow.closed_at.is_(None))
    async with database.read() as session:
        return [_view(*found) for found in (await session.execute(statement))]


def _view(row: ViewingRow, camera: CameraRow, incident: str) -> ViewingView:
    return ViewingView(
        viewer_id=row.viewer_id,
        share=row.share_id,
        incident=incident,
        camera=row.camera_id,
        camera_name_ko=camera.name_ko,
        camera_name_en=camera.name_en,
        receiver=row.receiver,
        person=row.person,
        address=row.address,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        bytes_sent=row.bytes_sent,
        form=row.form,
    )


async def _close(
    session: AsyncSession,
    row: ViewingRow,
    actor: Actor | None,
    at: float,
    reason: str,
    bytes_sent: int | None,
) -> None:
    """Closes one viewing. `actor`: who did it; None: the viewer's own person."""
    # A wall clock that was set back must not make a viewing end before it began.
    row.closed_at = max(at, row.opened_at)
    row.close_reason, row.bytes_sent = reason, bytes_sent
    share, incident, camera, person = await _context(session, row)
    subject = _subject(row, share, incident, camera)
    await append(session, Action.VIEW_END, actor or _viewer(row, person), subject, at)


async def _context(
    session: AsyncSession, row: ViewingRow
) -> tuple[ShareRow, IncidentRow, CameraRow, UserRow | None]:
    """Share, incident, camera and person of a viewing, in one question."""
    found = await session.execute(
        select(ShareRow, IncidentRow, CameraRow, UserRow)
        .join(IncidentRow, IncidentRow.id == ShareRow.incident_id)
        .join(CameraRow, CameraRow.id == row.camera_id)
        .outerjoin(UserRow, UserRow.id == row.person)
        .where(ShareRow.id == row.share_id)
    )
    share, incident, camera, person = found.one()
    return share, incident, camera, person


def _viewer(row: ViewingRow, person: UserRow | None) -> Actor:
    return Actor(
        id=row.person,
        username=person.username if person is not None else row.person,
        role=Role(person.role) if person is not None else None,
        unit_id=person.unit_id if person is not None else None,
        auth_method="token" if row.form == Form.STREAM else "password",
        device=row.viewer_id,
        address=row.address,
    )


def _subject(row: ViewingRow, share: ShareRow, incident: IncidentRow, camera: CameraRow) -> Subject:
    return Subject(
        incident_no=incident.number,
        share=row.share_id,
        legal_basis=share.legal_basis,
        purpose=share.purpose,
        cameras=(row.camera_id,),
        camera_place=f"{camera.site} ({camera.latitude:.5f},{camera.longitude:.5f})",
        subject_scope=SCENE,
        receiver_org=(row.receiver,),
        form=STREAMING if row.form == Form.STREAM else STILL,
        period=(row.opened_at, row.closed_at) if row.closed_at is not None else None,
        bytes_sent=row.bytes_sent,
        reason=row.close_reason,
        detail={"viewer": row.viewer_id, "grant": row.grant_id},
    )
