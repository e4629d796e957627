"""Keeps the relay at the newest grants: always the whole set with its revision, never a difference.

Level-triggered: called at once after a change of ours, and looking by itself every second, so that what the
command line changed is noticed, and a lost call costs a second, not a right too many. The relay ends grants
by its own clock too. Belongs here: from tables to relay. Who may open or end a share is `shares.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import unit_receiver
from hotline.directory import CameraDirectory
from hotline.domain.sharing import demanded
from hotline.errors import Busy
from hotline.share_view import ShareView
from hotline.shares import expire_shares
from hotline.store.counters import Counter, value
from hotline.store.database import Database
from hotline.store.models import GrantRow, ShareRow, UnitRow
from hotline.viewings import Form
from relay.grant import Grant, GrantSet

log = logging.getLogger(__name__)

LOOK_S = 1.0  # how often to look without being called
SOONEST_S = 0.02


class TakesGrants(Protocol):
    """The relay, as far as this module knows it."""

    def apply(self, grants: GrantSet) -> None: ...


class Reconciler:
    """Owns the way from the tables to one relay.

    on_expired: told of shares whose time was up. on_foreign_change: called when grants changed though nobody
    in this process said so. on_camera_changed: told the id of a camera that must be connected anew;
    on_masks_changed: of one of which less, or more, may be seen. on_idle: called while nothing is shared.
    """

    def __init__(
        self,
        database: Database,
        directory: CameraDirectory,
        relay: TakesGrants,
        *,
        utc: Callable[[], float],
        on_expired: Callable[[Sequence[ShareView]], None],
        on_foreign_change: Callable[[], None],
        on_camera_changed: Callable[[str], None],
        on_masks_changed: Callable[[str], None],
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._directory = directory
        self._relay = relay
        self._utc = utc
        self._on_expired = on_expired
        self._on_foreign_change = on_foreign_change
        self._on_camera_changed = on_camera_changed
        self._on_masks_changed = on_masks_changed
        self._on_idle = on_idle
        self._one_at_a_time = asyncio.Lock()
        self._applied: int | None = None
        self._next_end: float | None = None
        self._waits_until = math.inf  # UTC seconds
        self._changed: frozenset[str] = frozenset()  # cameras that nobody has been told of yet
        self._sooner = asyncio.Event()

    async def sync(self) -> int:
        """Reads the grants in force and gives them to the relay; returns their revision.

        Called after every change of ours, so that the relay knows before the asker is answered.
        """
        async with self._one_at_a_time:
            try:
                return await self._apply()
            finally:
                # After the grants: of a camera that is taken out, the viewers go first. Where the database
                # failed, too: the directory does not see a change a second time.
                self._tell_changed()

    async def _apply(self) -> int:
        """One round; under the lock."""
        now = self._utc()
        async with self._database.read() as session:
            await self._refresh(session)
            revision = await value(session, Counter.GRANTS)
            rows = await session.execute(
                select(GrantRow, ShareRow)
                .join(ShareRow, ShareRow.id == GrantRow.share_id)
                .where(
                    GrantRow.revoked_at.is_(None),
                    GrantRow.expires_at > now,
                    GrantRow.form == Form.STREAM,  # stills are asked for one by one
                )
            )
            names = await _unit_names(session)
            grants = tuple(
                Grant(
                    id=row.id,
                    receiver=row.receiver,
                    share=row.share_id,
                    camera=row.camera_id,
                    not_before=row.not_before,
                    expires_at=row.expires_at,
                    overlay=demanded(
                        share.overlay, names.get(row.receiver, row.receiver) if share.watermark else ""
                    ),
                )
                for row, share in rows
                # One that may not be connected any more would be a right to nothing.
                if self._directory.camera(row.camera_id) is not None
            )
        self._relay.apply(GrantSet(revision, grants))
        self._applied = revision
        self._next_end = min((grant.expires_at for grant in grants), default=None)
        if self._next_end is not None and self._next_end < self._waits_until:
            self._sooner.set()
        return revision

    async def run(self) -> None:
        """Looks, expires and syncs until cancelled; an error of the database is said and tried again."""
        silent_since: float | None = None
        while True:
            try:
                await self._look()
                silent_since = None
            except (SQLAlchemyError, Busy) as error:
                now = asyncio.get_running_loop().time()
                if silent_since is None:
                    silent_since = now
                    # The relay goes on with the grants it has, and ends them by its own clock.
                    log.error("the database does not answer (%s); trying every second", type(error).__name__)
            wait = LOOK_S
            if self._next_end is not None:
                wait = min(wait, max(SOONEST_S, self._next_end - self._utc()))
            self._waits_until = self._utc() + wait
            self._sooner.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._sooner.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        if self._applied is not None and self._next_end is None:
            self._on_idle()
        expired = await expire_shares(self._database, self._utc())
        if expired:
            await self.sync()
            self._on_expired(expired)
            return
        async with self._database.read() as session:
            await self._refresh(session)
            revision = await value(session, Counter.GRANTS)
        foreign = revision != self._applied
        if foreign or self._changed:
            await self.sync()
        if foreign:
            # Our own change may be between its commit and its sync; one snapshot too many does no harm.
            self._on_foreign_change()

    async def _refresh(self, session: AsyncSession) -> None:
        changes = await self._directory.refresh_within(session)
        self._changed |= changes.connection
        for camera_id in changes.masks:
            self._on_masks_changed(camera_id)

    def _tell_changed(self) -> None:
        changed, self._changed = self._changed, frozenset()
        for camera_id in changed:
            self._on_camera_changed(camera_id)


async def _unit_names(session: AsyncSession) -> dict[str, str]:
    """Receivers with the name that a watermark shows."""
    rows = await session.execute(select(UnitRow.id, UnitRow.name_ko))
    return {unit_receiver(unit_id): name for unit_id, name in rows}
