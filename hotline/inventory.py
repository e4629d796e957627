"""Cameras and units: add, list, import, remove. Plain use cases, for the command line and the API alike.

Each change is one transaction with its entry in the record and a new revision of the inventory, so that a
running service notices what the command line did. Rules of one camera are in `domain/camera.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, unit_receiver
from hotline.audit import Action, Subject, append
from hotline.domain import camera as rules
from hotline.domain import camera_csv
from hotline.domain.camera import Network, NewCamera
from hotline.domain.masks import Masks, checked, dump, etag, load
from hotline.errors import Conflict, FieldError, Invalid, NotFound, Stale
from hotline.revoking import revoke_grants
from hotline.sealing import KeyStore
from hotline.store.counters import Counter, advance
from hotline.store.database import Database
from hotline.store.models import CameraRow, ReferenceViewRow, UnitRow

log = logging.getLogger(__name__)

RESOLVE_DEADLINE_S = 3.0


class UnitKind(StrEnum):
    """What a receiving unit is."""

    CONTROL_ROOM = "control_room"
    VEHICLE = "vehicle"


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit as it is entered."""

    id: str
    name_ko: str
    name_en: str
    kind: str
    call_sign: str | None = None


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """A camera as people see it: no password, sealed or not. Addresses are for administrators only."""

    id: str
    name_ko: str
    name_en: str
    site: str
    purpose: str
    latitude: float
    longitude: float
    heading: float | None
    field_of_view: float | None
    main_url: str
    sub_url: str | None
    onvif_url: str | None
    username: str | None
    has_password: bool
    masks: Masks


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A unit as people see it."""

    id: str
    name_ko: str
    name_en: str
    kind: UnitKind
    call_sign: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or, with `faults`, why it did nothing."""

    added: int
    changed: int
    faults: tuple[camera_csv.RowFault, ...] = ()


async def add_camera(
    database: Database,
    camera: NewCamera,
    *,
    keys: KeyStore,
    networks: Sequence[Network],
    actor: Actor,
    now: float,
) -> CameraRecord:
    """Enters one camera. Raises `Invalid` (fields named) or `Conflict` when the id is taken."""
    errors = rules.faults(camera) or await _network_faults(camera, networks)
    if errors:
        raise Invalid(*errors)
    async with database.write() as session:
        row = await session.get(CameraRow, camera.id)
        if row is not None and row.removed_at is None:
            raise Conflict(
                f"There is a camera {camera.id} already.", f"카메라 {camera.id}이(가) 이미 있습니다."
            )
        row = _put(session, row, camera, keys, now)
        await _inventory_changed(session, actor, now, "camera_added", (camera.id,))
        return camera_record(row)


async def import_cameras(
    database: Database,
    content: bytes,
    *,
    keys: KeyStore,
    networks: Sequence[Network],
    actor: Actor,
    now: float,
) -> Imported:
    """Enters every camera of a CSV file, or, when any row has a fault, none; known ids are replaced.

    A row without a password keeps the password that the camera had, if its user name is still the same.
    """
    text = camera_csv.decode(content)
    if text is None:
        fault = FieldError("file", "is neither UTF-8 nor CP949 text", "UTF-8도 CP949도 아닙니다")
        return Imported(0, 0, (camera_csv.RowFault(1, fault),))
    rows, faults = camera_csv.parse(text)
    resolved: dict[str, bool] = {}
    for row, camera in rows:
        faults += [
            camera_csv.RowFault(row, error) for error in await _network_faults(camera, networks, resolved)
        ]
    if faults:
        return Imported(0, 0, tuple(sorted(faults, key=lambda fault: fault.row)))
    added = 0
    async with database.write() as session:
        known = {row.id: row for row in await session.scalars(select(CameraRow))}
        for _, camera in rows:
            before = known.get(camera.id)
            added += before is None or before.removed_at is not None
            _put(session, before, camera, keys, now)
        if rows:
            ids = tuple(camera.id for _, camera in rows)
            await _inventory_changed(session, actor, now, "cameras_imported", ids)
    return Imported(added, len(rows) - added)


async def list_cameras(database: Database) -> list[CameraRecord]:
    """All cameras in service, by id."""
    async with database.read() as session:
        rows = await session.scalars(
            select(CameraRow).where(CameraRow.removed_at.is_(None)).order_by(CameraRow.id)
        )
        return [camera_record(row) for row in rows]


async def remove_camera(database: Database, camera_id: str, *, actor: Actor, now: float) -> None:
    """Takes a camera out of service; its running grants end, its password is forgotten.

    Raises `NotFound`.
    """
    async with database.write() as session:
        row = await _in_service(session, camera_id)
        await advance(session, Counter.INVENTORY)  # before grants: see store/counters.py
        row.removed_at, row.username, row.sealed_password = now, None, None
        await session.execute(delete(ReferenceViewRow).where(ReferenceViewRow.camera_id == camera_id))
        await revoke_grants(session, actor, now, "camera_removed", camera_id=camera_id)
        await _inventory_changed(session, actor, now, "camera_removed", (camera_id,))


async def get_masks(database: Database, camera_id: str) -> Masks:
    """What nobody may see of a camera. Raises `NotFound`."""
    async with database.read() as session:
        return load((await _in_service(session, camera_id)).masks)


async def set_masks(
    database: Database,
    camera_id: str,
    masks: Sequence[Sequence[Sequence[float]]],
    *,
    actor: Actor,
    now: float,
    expected: str | None = None,
) -> Masks:
    """From now on nobody sees these polygons of a camera, and sees the rest; none: all of it.

    expected: the entity tag of the masks that this is a change of. Raises `Invalid`, `NotFound`, or `Stale`
    where somebody else has changed them since.
    """
    new = checked(masks)
    async with database.write() as session:
        row = await _in_service(session, camera_id)
        before = load(row.masks)
        if expected is not None and expected != etag(before):
            raise Stale(
                "The masks were changed meanwhile; load them again.",
                "그 사이에 마스크가 변경되었습니다. 다시 불러오십시오.",
            )
        if new == before:
            return new
        row.masks = dump(new)
        detail = {"before": before, "after": new}
        await _inventory_changed(session, actor, now, "masks_changed", (camera_id,), detail=detail)
        return new


async def add_unit(database: Database, unit: NewUnit, *, actor: Actor, now: float) -> UnitRecord:
    """Enters one unit. Raises `Invalid` or `Conflict`."""
    errors = _unit_faults(unit)
    if errors:
        raise Invalid(*errors)
    async with database.write() as session:
        row = await session.get(UnitRow, unit.id)
        if row is not None and row.removed_at is None:
            raise Conflict(f"There is a unit {unit.id} already.", f"수신처 {unit.id}이(가) 이미 있습니다.")
        if row is None:
            row = UnitRow(id=unit.id)
            session.add(row)
        row.name_ko, row.name_en, row.kind = unit.name_ko, unit.name_en, unit.kind
        row.call_sign, row.added_at, row.removed_at = unit.call_sign or None, now, None
        await _inventory_changed(session, actor, now, "unit_added", units=(unit.id,))
        return unit_record(row)


async def list_units(database: Database) -> list[UnitRecord]:
    """All units in service: control rooms first, then by id."""
    async with database.read() as session:
        rows = await session.scalars(
            select(UnitRow).where(UnitRow.removed_at.is_(None)).order_by(UnitRow.kind, UnitRow.id)
        )
        return [unit_record(row) for row in rows]


async def remove_unit(database: Database, unit_id: str, *, actor: Actor, now: float) -> None:
    """Takes a unit out of service; its running grants end. Raises `NotFound`."""
    async with database.write() as session:
        row = await session.get(UnitRow, unit_id)
        if row is None or row.removed_at is not None:
            raise NotFound(f"There is no unit {unit_id}.", f"수신처 {unit_id}이(가) 없습니다.")
        await advance(session, Counter.INVENTORY)  # before grants: see store/counters.py
        row.removed_at = now
        await revoke_grants(session, actor, now, "unit_removed", receiver=unit_receiver(unit_id))
        await _inventory_changed(session, actor, now, "unit_removed", units=(unit_id,))


def unit_record(row: UnitRow) -> UnitRecord:
    """The row as a value."""
    return UnitRecord(row.id, row.name_ko, row.name_en, UnitKind(row.kind), row.call_sign)


def camera_record(row: CameraRow) -> CameraRecord:
    """The row as a value, without the password."""
    return CameraRecord(
        id=row.id,
        name_ko=row.name_ko,
        name_en=row.name_en,
        site=row.site,
        purpose=row.purpose,
        latitude=row.latitude,
        longitude=row.longitude,
        heading=row.heading,
        field_of_view=row.field_of_view,
        main_url=row.main_url,
        sub_url=row.sub_url,
        onvif_url=row.onvif_url,
        username=row.username,
        has_password=row.sealed_password is not None,
        masks=load(row.masks),
    )


async def _in_service(session: AsyncSession, camera_id: str) -> CameraRow:
    row = await session.get(CameraRow, camera_id)
    if row is None or row.removed_at is not None:
        raise NotFound(f"There is no camera {camera_id}.", f"카메라 {camera_id}이(가) 없습니다.")
    return row


def _put(
    session: AsyncSession, row: CameraRow | None, camera: NewCamera, keys: KeyStore, now: float
) -> CameraRow:
    sealed = keys.seal(camera.password, camera.id) if camera.password is not None else None
    if row is None:
        row = CameraRow(id=camera.id)
        session.add(row)
    elif sealed is None and camera.username is not None and camera.username == row.username:
        sealed = row.sealed_password
    row.name_ko, row.name_en = camera.name_ko, camera.name_en
    row.site, row.purpose = camera.site, camera.purpose
    row.latitude, row.longitude = camera.latitude, camera.longitude
    row.heading = None if camera.heading is None else camera.heading % 360.0
    row.field_of_view = camera.field_of_view
    row.main_url, row.sub_url, row.onvif_url = camera.main_url, camera.sub_url, camera.onvif_url
    row.username, row.sealed_password = camera.username, sealed
    row.added_at, row.removed_at = now, None
    return row


async def _inventory_changed(
    session: AsyncSession,
    actor: Actor,
    now: float,
    what: str,
    cameras: tuple[str, ...] = (),
    units: tuple[str, ...] = (),
    detail: Mapping[str, Any] | None = None,
) -> None:
    await session.flush()
    await advance(session, Counter.INVENTORY)
    subject = Subject(cameras=cameras, receiver_org=units, detail={"change": what, **(detail or {})})
    await append(session, Action.CONFIG, actor, subject, now)


def _unit_faults(unit: NewUnit) -> list[FieldError]:
    errors = []
    if not rules.IDENTITY.fullmatch(unit.id):
        errors.append(
            FieldError(
                "id",
                "must be 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first",
                "영문자·숫자로 시작하는 1~64자의 영문자, 숫자, 점, 하이픈, 밑줄이어야 합니다",
            )
        )
    errors += rules.text_faults("name_ko", unit.name_ko)
    errors += rules.text_faults("name_en", unit.name_en)
    if unit.kind not in set(UnitKind):
        errors.append(
            FieldError("kind", "must be control_room or vehicle", "control_room 또는 vehicle이어야 합니다")
        )
    if unit.call_sign:
        errors += rules.text_faults("call_sign", unit.call_sign, length=40)
    return errors


async def _network_faults(
    camera: NewCamera, networks: Sequence[Network], resolved: dict[str, bool] | None = None
) -> list[FieldError]:
    addresses = {"main_url": camera.main_url, "sub_url": camera.sub_url, "onvif_url": camera.onvif_url}
    return await network_faults({name: url for name, url in addresses.items() if url}, networks, resolved)


async def network_faults(
    urls: Mapping[str, str], networks: Sequence[Network], resolved: dict[str, bool] | None = None
) -> list[FieldError]:
    """Refuses addresses outside the networks: nobody can make the service knock on other doors (SSRF).

    `urls`: by the field that they are entered in. A host name must resolve, now, to allowed addresses only.
    `resolved` remembers names within one import.
    """
    known = resolved if resolved is not None else {}
    errors = []
    for name, url in urls.items():
        host = rules.host(url)
        address = rules.literal_address(host)
        if address is not None:
            fine = rules.allowed(address, networks)
        else:
            if host not in known:
                addresses = await _resolve(host)
                known[host] = bool(addresses) and all(
                    rules.allowed(ip_address(text), networks) for text in addresses
                )
            fine = known[host]
        if not fine:
            errors.append(rules.network_fault(name))
    return errors


async def _resolve(host: str) -> Iterable[str]:
    try:
        async with asyncio.timeout(RESOLVE_DEADLINE_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        log.warning("a camera's host name does not resolve")
        return ()
    return {str(entry[4][0]).split("%")[0] for entry in found}
