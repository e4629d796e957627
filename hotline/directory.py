"""The inventory in memory: what the relay's side asks at every attempt, and the ranking at every incident.

Read again when the inventory's revision moved, whoever moved it. Passwords stay sealed here; one is opened
only when a camera is about to be connected.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.domain import camera as rules
from hotline.domain.camera import Network
from hotline.inventory import CameraRecord, camera_record
from hotline.sealing import KeyStore, KeyStoreError
from hotline.store.counters import Counter, value
from hotline.store.database import Database
from hotline.store.models import CameraRow
from streams.camera import Camera, Credentials, ProfileName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of cameras of which something is new. connection: how they are reached, or they are gone; masks:
    what nobody may see of them."""

    connection: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Entry:
    record: CameraRecord
    camera: Camera | None  # None: its address is outside the networks that are allowed now
    sealed: str | None

    @property
    def connection(self) -> tuple[dict[ProfileName, str], str | None, str | None]:
        """All that decides how the camera is reached; its name does not."""
        return dict(self.camera.profiles) if self.camera else {}, self.record.username, self.sealed


class CameraDirectory:
    """Synchronous answers from the newest state read. networks: where cameras may stand."""

    def __init__(self, database: Database, keys: KeyStore, networks: Sequence[Network]) -> None:
        self._database = database
        self._keys = keys
        self.networks = tuple(networks)
        self._revision: int | None = None
        self._entries: Mapping[str, _Entry] = {}
        self._records: tuple[CameraRecord, ...] = ()

    @property
    def records(self) -> tuple[CameraRecord, ...]:
        """All cameras in service, by id."""
        return self._records

    def record(self, camera_id: str) -> CameraRecord | None:
        """One camera in service."""
        entry = self._entries.get(camera_id)
        return entry.record if entry is not None else None

    def camera(self, camera_id: str) -> Camera | None:
        """The camera as the media side sees it; None when it is unknown or may not be connected."""
        entry = self._entries.get(camera_id)
        return entry.camera if entry is not None else None

    def credentials(self, camera_id: str) -> Credentials | None:
        """User and password, unsealed now; None when the camera needs none or its seal does not open."""
        entry = self._entries.get(camera_id)
        if entry is None or entry.record.username is None:
            return None
        password = ""
        if entry.sealed is not None:
            try:
                password = self._keys.unseal(entry.sealed, camera_id)
            except KeyStoreError as error:
                log.error("%s", error)
                return None
        return Credentials(entry.record.username, password)

    async def refresh(self) -> Changes:
        """Reads the inventory if its revision moved; what is new of the cameras that were known."""
        async with self._database.read() as session:
            return await self.refresh_within(session)

    async def refresh_within(self, session: AsyncSession) -> Changes:
        """`refresh` as part of what the caller reads anyway."""
        revision = await value(session, Counter.INVENTORY)
        if revision == self._revision:
            return Changes()
        statement = select(CameraRow).where(CameraRow.removed_at.is_(None)).order_by(CameraRow.id)
        rows = list(await session.scalars(statement))
        entries = {row.id: self._entry(row) for row in rows}
        before, self._entries = self._entries, entries
        self._records = tuple(entry.record for entry in entries.values())
        self._revision = revision
        log.info("inventory: %d cameras", len(entries))
        return Changes(
            frozenset(
                camera_id
                for camera_id, entry in before.items()
                if camera_id not in entries or entries[camera_id].connection != entry.connection
            ),
            frozenset(
                camera_id
                for camera_id, entry in before.items()
                if camera_id in entries and entries[camera_id].record.masks != entry.record.masks
            ),
        )

    def _entry(self, row: CameraRow) -> _Entry:
        urls = {ProfileName.MAIN: row.main_url}
        if row.sub_url is not None:
            urls[ProfileName.SUB] = row.sub_url
        # Names are checked when they are dialled (`streams/dial.py`); numbers now, and the settings may have
        # become stricter since they were entered.
        literals = [rules.literal_address(rules.host(url)) for url in urls.values()]
        outside = any(
            address is not None and not rules.allowed(address, self.networks) for address in literals
        )
        if outside:
            log.warning("camera %s is outside cameras.networks and is not connected", row.id)
        onvif = row.onvif_url
        service = rules.literal_address(rules.host(onvif)) if onvif is not None else None
        if service is not None and not rules.allowed(service, self.networks):
            log.warning("camera %s: its ONVIF address is outside cameras.networks and is not used", row.id)
            onvif = None
        record = camera_record(row)
        camera = None if outside else Camera(row.id, row.name_ko, urls, record.masks, onvif)
        return _Entry(record, camera, row.sealed_password)
