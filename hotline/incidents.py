"""Incidents: report, find, close. Closing an incident ends its shares and previews at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor
from hotline.audit import Action, Subject, append
from hotline.domain.camera import text_faults
from hotline.domain.kinds import KINDS
from hotline.domain.place import Point, require_in_city
from hotline.domain.words import Term
from hotline.errors import Conflict, FieldError, Invalid, NotFound
from hotline.idempotency import made_before, remember
from hotline.identity import new_id
from hotline.share_view import ShareView, load_shares
from hotline.shares import end_all_of_incident
from hotline.store.counters import Counter, locked
from hotline.store.database import Database
from hotline.store.models import IncidentRow

# Incident numbers carry the day by the clock on the wall. Korea: one zone, no summer time since 1988.
KOREA = timezone(timedelta(hours=9), "KST")


@dataclass(frozen=True, slots=True)
class ReportIncident:
    """What 119 reports. `number` is 119's own; without one, YYYYMMDD-NNNN is given."""

    kind: str
    latitude: float
    longitude: float
    address: str | None = None
    number: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class City:
    """What the rules must know of the city."""

    centre: Point
    reach_km: float


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as people see it. Times: UTC seconds."""

    id: str
    number: str
    kind: Term
    latitude: float
    longitude: float
    address: str | None
    summary: str | None
    reported_at: float
    closed_at: float | None

    @property
    def place(self) -> Point:
        """Where it is."""
        return Point(self.latitude, self.longitude)


async def report_incident(
    database: Database,
    command: ReportIncident,
    *,
    city: City,
    actor: Actor,
    now: float,
    key: str | None = None,
) -> IncidentView:
    """Opens an incident. Raises `Invalid` (fields named) or `Conflict` when its number is taken."""
    errors = _faults(command)
    if errors:
        raise Invalid(*errors)
    require_in_city(Point(command.latitude, command.longitude), city.centre, city.reach_km)
    request = {"act": "report_incident", **asdict(command)}
    async with database.write() as session:
        before = await made_before(session, actor, key, request)
        if before is not None:
            return _view(await session.get_one(IncidentRow, before))
        row = IncidentRow(
            id=new_id(),
            number=await _number(session, command.number, now),
            kind=command.kind,
            latitude=command.latitude,
            longitude=command.longitude,
            address=command.address or None,
            summary=command.summary or None,
            reported_by=actor.id,
            reported_at=now,
        )
        session.add(row)
        await session.flush()
        await remember(session, actor, key, request, row.id, now)
        subject = Subject(
            incident_no=row.number,
            area=area(row.latitude, row.longitude),
            detail={"kind": row.kind, "address": row.address},
        )
        await append(session, Action.INCIDENT_OPEN, actor, subject, now)
        return _view(row)


async def list_incidents(
    database: Database, *, closed_too: bool = False, limit: int = 200
) -> list[IncidentView]:
    """Open incidents (or all), newest first."""
    statement = select(IncidentRow).order_by(IncidentRow.reported_at.desc(), IncidentRow.id).limit(limit)
    if not closed_too:
        statement = statement.where(IncidentRow.closed_at.is_(None))
    async with database.read() as session:
        return [_view(row) for row in await session.scalars(statement)]


async def get_incident(database: Database, incident_id: str) -> IncidentView:
    """One incident. Raises `NotFound`."""
    async with database.read() as session:
        return _view(await find(session, incident_id))


async def close_incident(
    database: Database, incident_id: str, *, actor: Actor, now: float
) -> tuple[IncidentView, list[ShareView]]:
    """Closes an incident and ends its shares, which come back too; closing twice is the same as once.

    재난안전법 §74의3⑩: pictures are not for use after the work they were given for. Raises `NotFound`.
    """
    async with database.write() as session:
        row = await find(session, incident_id)
        if row.closed_at is not None:
            return _view(row), []
        row.closed_at = now
        ended = await end_all_of_incident(session, row, actor, now)
        await append(session, Action.INCIDENT_CLOSE, actor, Subject(incident_no=row.number), now)
        return _view(row), await load_shares(session, ended, now)


async def find(session: AsyncSession, incident_id: str) -> IncidentRow:
    """The incident's row. Raises `NotFound`."""
    row = await session.get(IncidentRow, incident_id)
    if row is None:
        raise NotFound("There is no such incident.", "그런 사건이 없습니다.")
    return row


def area(latitude: float, longitude: float) -> str:
    """A place for the record."""
    return f"{latitude:.5f},{longitude:.5f}"


def _view(row: IncidentRow) -> IncidentView:
    return IncidentView(
        id=row.id,
        number=row.number,
        kind=KINDS[row.kind],
        latitude=row.latitude,
        longitude=row.longitude,
        address=row.address,
        summary=row.summary,
        reported_at=row.reported_at,
        closed_at=row.closed_at,
    )


def _faults(command: ReportIncident) -> list[FieldError]:
    errors = []
    if command.kind not in KINDS:
        errors.append(FieldError("kind", f"must be one of {', '.join(KINDS)}", "목록에 있는 코드여야 합니다"))
    for name, value, length in (
        ("address", command.address, 200),
        ("number", command.number, 64),
    ):
        if value:
            errors += text_faults(name, value, length=length)
    if command.summary is not None and len(command.summary) > 2000:
        errors.append(FieldError("summary", "must be at most 2000 characters", "2000자 이하여야 합니다"))
    return errors


async def _number(session: AsyncSession, given: str | None, now: float) -> str:
    if given:
        if await _taken(session, given):
            raise Conflict(
                f"There is an incident with number {given} already.",
                f"사건 번호 {given}은(는) 이미 있습니다.",
                FieldError("number", "is taken", "이미 쓰인 번호입니다"),
            )
        return given
    day = int(datetime.fromtimestamp(now, UTC).astimezone(KOREA).strftime("%Y%m%d"))
    counter = await locked(session, Counter.INCIDENT_NUMBER)
    while True:
        counter.value = max(counter.value + 1, day * 10_000 + 1)
        number = f"{counter.value // 10_000:08d}-{counter.value % 10_000:04d}"
        if not await _taken(session, number):
            return number


async def _taken(session: AsyncSession, number: str) -> bool:
    found = await session.scalar(select(IncidentRow.id).where(IncidentRow.number == number))
    return found is not None
