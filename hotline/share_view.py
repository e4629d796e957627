"""A share as people see it: act, cameras, units and words, read in a few queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.util import identity_key

from hotline.actor import unit_receiver, user_receiver
from hotline.domain import law
from hotline.domain.kinds import KINDS
from hotline.domain.law import LEGAL_BASES, LegalBasis
from hotline.domain.place import direction
from hotline.domain.sharing import END_REASONS
from hotline.domain.words import Term
from hotline.inventory import UnitRecord, unit_record
from hotline.store.models import (
    CameraRow,
    IncidentRow,
    ShareCameraRow,
    ShareRow,
    ShareUnitRow,
    UnitRow,
    UserRow,
)

_Row = TypeVar("_Row", IncidentRow, UserRow)

SHARE = "share"
PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class SharedCamera:
    """A camera of a share, and where it stands as seen from the incident."""

    id: str
    name_ko: str
    name_en: str
    latitude: float
    longitude: float
    heading: float | None
    distance_m: float
    direction_ko: str
    direction_en: str


@dataclass(frozen=True, slots=True)
class ShareIncident:
    """The incident of a share, as far as its receivers may know it."""

    id: str
    number: str
    kind: Term
    latitude: float
    longitude: float
    address: str | None


@dataclass(frozen=True, slots=True)
class ShareView:
    """A share or a preview. Times: UTC seconds. `opened_by` is a user's id and name."""

    id: str
    kind: str
    state: str
    incident: ShareIncident
    cameras: tuple[SharedCamera, ...]
    units: tuple[UnitRecord, ...]
    purpose: Term
    legal_basis: LegalBasis
    opened_by: str
    opened_by_name: str
    opened_at: float
    ends_at: float
    ended_at: float | None
    end_reason: Term | None
    overlay: bool
    watermark: bool

    @property
    def running(self) -> bool:
        """Whether it gives rights now (as of the moment it was read)."""
        return self.state == "running"

    @property
    def receivers(self) -> frozenset[str]:
        """The relay's names of those who may see it."""
        if self.kind == PREVIEW:
            return frozenset({user_receiver(self.opened_by)})
        return frozenset(unit_receiver(unit.id) for unit in self.units)

    @property
    def camera_ids(self) -> frozenset[str]:
        """Its cameras' ids."""
        return frozenset(camera.id for camera in self.cameras)


async def load_shares(session: AsyncSession, rows: Iterable[ShareRow], now: float) -> list[ShareView]:
    """The rows as views, in the same order. `now`: a share past its end is not called running."""
    shares = list(rows)
    if not shares:
        return []
    ids = [share.id for share in shares]
    incidents = await _by_id(session, IncidentRow, {share.incident_id for share in shares})
    people = await _by_id(session, UserRow, {share.opened_by for share in shares})
    cameras: dict[str, list[SharedCamera]] = defaultdict(list)
    found_cameras = await session.execute(
        select(ShareCameraRow, CameraRow)
        .join(CameraRow, CameraRow.id == ShareCameraRow.camera_id)
        .where(ShareCameraRow.share_id.in_(ids))
        .order_by(ShareCameraRow.position)
    )
    for of_share, camera in found_cameras:
        cameras[of_share.share_id].append(_shared_camera(of_share, camera))
    units: dict[str, list[UnitRecord]] = defaultdict(list)
    found_units = await session.execute(
        select(ShareUnitRow, UnitRow)
        .join(UnitRow, UnitRow.id == ShareUnitRow.unit_id)
        .where(ShareUnitRow.share_id.in_(ids))
        .order_by(ShareUnitRow.position)
    )
    for receives, unit in found_units:
        units[receives.share_id].append(unit_record(unit))
    return [
        _view(
            share,
            incidents[share.incident_id],
            people[share.opened_by],
            tuple(cameras[share.id]),
            tuple(units[share.id]),
            now,
        )
        for share in shares
    ]


async def _by_id(session: AsyncSession, table: type[_Row], ids: Set[str]) -> dict[str, _Row]:
    """The rows of `ids`; those that this transaction has read already are not read again."""
    known = session.sync_session.identity_map
    found = {each: known.get(identity_key(table, each)) for each in ids}
    rows = {each: row for each, row in found.items() if row is not None}
    missing = ids - rows.keys()
    if missing:
        rows |= {row.id: row for row in await session.scalars(select(table).where(table.id.in_(missing)))}
    return rows


def _view(
    share: ShareRow,
    incident: IncidentRow,
    person: UserRow,
    cameras: tuple[SharedCamera, ...],
    units: tuple[UnitRecord, ...],
    now: float,
) -> ShareView:
    # Between its end and the expiry clock's next tick a share is over, though nobody wrote it down yet.
    ended_at, reason = share.ended_at, share.end_reason
    if ended_at is None and share.ends_at <= now:
        ended_at, reason = share.ends_at, "expired"
    state = "running" if ended_at is None else "expired" if reason == "expired" else "ended"
    return ShareView(
        id=share.id,
        kind=share.kind,
        state=state,
        incident=ShareIncident(
            incident.id,
            incident.number,
            KINDS[incident.kind],
            incident.latitude,
            incident.longitude,
            incident.address,
        ),
        cameras=cameras,
        units=units,
        purpose=law.purpose(share.purpose),
        legal_basis=LEGAL_BASES[share.legal_basis],
        opened_by=share.opened_by,
        opened_by_name=person.name,
        opened_at=share.opened_at,
        ends_at=share.ends_at,
        ended_at=ended_at,
        end_reason=END_REASONS[reason] if reason is not None else None,
        overlay=share.overlay,
        watermark=share.watermark,
    )


def _shared_camera(of_share: ShareCameraRow, camera: CameraRow) -> SharedCamera:
    direction_ko, direction_en = direction(of_share.bearing_deg)
    return SharedCamera(
        id=camera.id,
        name_ko=camera.name_ko,
        name_en=camera.name_en,
        latitude=camera.latitude,
        longitude=camera.longitude,
        heading=camera.heading,
        distance_m=of_share.distance_m,
        direction_ko=direction_ko,
        direction_en=direction_en,
    )
