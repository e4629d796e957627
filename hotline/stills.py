"""Single pictures for who may see a camera: snapshots of those who hold a right, thumbnails for the centre.

The right is looked for in the tables at each picture; whoever looks is on record before the picture leaves. A
snapshot is a viewing of its own. Thumbnails are asked for again and again: those of one person and camera are
one viewing, from the first to the last, closed when none was asked for in `QUIET_S`. A picture to draw masks
on is under no share: the centre's own look at its camera, in the record with that purpose.

Belongs here: rights, the record, how gently cameras are asked. Pictures are made by `streams`.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from hotline.actor import Actor, Role, user_receiver
from hotline.audit import STILL, Action, Subject, append
from hotline.directory import CameraDirectory
from hotline.domain.law import MASKS_PURPOSE
from hotline.domain.sharing import demanded
from hotline.errors import Busy, CameraDown, NotFound
from hotline.feeds import REASONS
from hotline.identity import new_id
from hotline.inventory import CameraRecord
from hotline.share_view import SHARE
from hotline.store.database import Database
from hotline.store.models import GrantRow, ShareRow
from hotline.viewings import Form, Refused, Viewings
from relay.ports import ViewingOpened
from streams.camera import Polygon, ProfileName
from streams.errors import CameraError, UnknownCameraError
from streams.recipe import Overlay
from streams.still import Still, StillError

log = logging.getLogger(__name__)

THUMBNAIL_WIDTH = 320
AT_ONCE = 4
"""Cameras asked for a thumbnail at the same time."""
FRESH_S = 8.0
"""A thumbnail this young is given again, whoever asks."""
PATIENCE_S = 5.0
QUIET_S = 60.0
LOOK_S = 5.0
KEPT = 512
"""Thumbnails kept; the oldest goes. About 15 kB each."""
MOST_OPEN = 10_000
TRIES = 2
"""Looks for a right: one that ended while the picture was made may have been replaced by another."""
RETRY_S = 2


class TakesStills(Protocol):
    """The hub, as far as this module knows it."""

    async def still(
        self,
        camera_id: str,
        name: ProfileName,
        *,
        overlay: Overlay | None = None,
        width: int | None = None,
        patience: float = 5.0,
    ) -> Still: ...


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks. name: for a watermark: the unit's, or the person's own."""

    actor: Actor
    name: str


@dataclass(frozen=True, slots=True)
class _Right:
    """A grant in force, and what the share wants on the picture."""

    grant: str
    share: str
    receiver: str
    overlay: Overlay | None


@dataclass(slots=True)
class _Open:
    """A viewing of thumbnails that goes on. Times: UTC seconds."""

    viewer_id: str
    newest: float
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    still: Still
    masks: tuple[Polygon, ...]
    at: float  # monotonic


class Stills:
    """See the module. `run` closes the viewings of those who look no more; when it ends, all of them."""

    def __init__(
        self,
        database: Database,
        cameras: TakesStills,
        directory: CameraDirectory,
        *,
        utc: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._viewings = Viewings(database)
        self._cameras = cameras
        self._directory = directory
        self._utc = utc
        self._clock = clock
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._open: dict[tuple[str, str, str], _Open] = {}
        self._opening = asyncio.Lock()

    async def snapshot(
        self, camera: str, profile: ProfileName, looker: Looker, share: str | None = None
    ) -> Still:
        """The camera's newest keyframe under a right of the looker's, on record.

        share: under which; None takes the newest. Raises `NotFound`, `CameraDown`, `Busy`.
        """
        for _ in range(TRIES):
            right = await self._right(camera, looker, share, Form.STREAM)
            still = await self._take(camera, profile, right.overlay, None)
            masks = self._masks(camera)
            try:
                await self._viewings.looked(self._viewing(camera, right, looker, new_id()), len(still.jpeg))
            except Refused:
                continue
            if self._masks(camera) == masks:  # one may have been drawn while the look was written down
                return still
        raise _none()

    async def thumbnail(self, camera: str, looker: Looker, share: str | None = None) -> Still:
        """A small picture of the camera, some seconds old at most, under a preview of the looker's.

        Raises `NotFound`, `CameraDown`, `Busy`.
        """
        for _ in range(TRIES):
            right = await self._right(camera, looker, share, Form.STILLS)
            still = await self._small(camera)
            masks = self._masks(camera)
            try:
                await self._note(camera, right, looker, len(still.jpeg))
            except Refused:
                continue
            # The picture may have been waited for, and a viewing that goes on is not asked for its right.
            await self._right(camera, looker, right.share, Form.STILLS)
            if self._masks(camera) == masks:
                return still
        raise _none()

    async def for_masks(self, camera: str, looker: Looker) -> Still:
        """The camera's newest keyframe, as masked as it is, to draw masks on; for the centre, on record.

        Raises `NotFound`, `CameraDown`, `Busy`.
        """
        for _ in range(TRIES):
            record = self._directory.record(camera)
            if record is None or self._directory.camera(camera) is None:
                raise _none()
            async with self._gate:
                still = await self._take(camera, ProfileName.MAIN, None, None)
            masks = self._masks(camera)
            await self._note_for_masks(record, looker, len(still.jpeg))
            if self._masks(camera) == masks:  # a colleague may have drawn one meanwhile
                return still
        raise _none()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                await self._close(self._utc() - QUIET_S)
        finally:
            await self._close(math.inf)

    async def _right(self, camera: str, looker: Looker, share: str | None, form: Form) -> _Right:
        actor, now = looker.actor, self._utc()
        mine = GrantRow.receiver == actor.receiver
        if actor.role in (Role.OPERATOR, Role.ADMINISTRATOR):
            mine = or_(mine, (ShareRow.opened_by == actor.id) & (ShareRow.kind == SHARE))
        statement = (
            select(GrantRow, ShareRow)
            .join(ShareRow, ShareRow.id == GrantRow.share_id)
            .where(
                mine,
                GrantRow.camera_id == camera,
                GrantRow.revoked_at.is_(None),
                GrantRow.not_before <= now,
                GrantRow.expires_at > now,
                ShareRow.ended_at.is_(None),
            )
            .order_by(GrantRow.not_before.desc(), GrantRow.id)
            .limit(1)
        )
        if form is Form.STREAM:
            statement = statement.where(GrantRow.form == Form.STREAM)
        if share is not None:
            statement = statement.where(GrantRow.share_id == share)
        async with self._database.read() as session:
            found = (await session.execute(statement)).first()
        if found is None or self._directory.camera(camera) is None:
            raise _none()
        grant, of_share = found
        overlay = demanded(of_share.overlay, looker.name if of_share.watermark else "")
        receiver = actor.receiver if actor.role is None or actor.role.of_unit else user_receiver(actor.id)
        return _Right(grant.id, grant.share_id, receiver, overlay)

    async def _small(self, camera: str) -> Still:
        kept = self._fresh(camera)
        if kept is not None:
            return kept
        async with self._gate:
            kept = self._fresh(camera)  # another may have asked for it meanwhile
            if kept is not None:
                return kept
            still = await self._take(camera, ProfileName.SUB, None, THUMBNAIL_WIDTH)
            known = self._directory.camera(camera)
            if known is not None:
                self._kept[camera] = _Kept(still, known.masks, self._clock())
                self._kept.move_to_end(camera)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return still

    async def _note_for_masks(self, record: CameraRecord, looker: Looker, size: int) -> None:
        """Has a look to draw masks on record; it is under no share, so it is no viewing."""
        subject = Subject(
            purpose=MASKS_PURPOSE.code,
            cameras=(record.id,),
            camera_place=f"{record.site} ({record.latitude:.5f},{record.longitude:.5f})",
            form=STILL,
            bytes_sent=size,
        )
        async with self._database.write() as session:
            await append(session, Action.SNAPSHOT, looker.actor, subject, self._utc())

    def _masks(self, camera: str) -> tuple[Polygon, ...] | None:
        """What nobody may see of it now; None where it is gone."""
        known = self._directory.camera(camera)
        return known.masks if known is not None else None

    def _fresh(self, camera: str) -> Still | None:
        kept, known = self._kept.get(camera), self._directory.camera(camera)
        if kept is None or known is None or known.masks != kept.masks or self._clock() - kept.at > FRESH_S:
            return None
        return kept.still

    async def _take(
        self, camera: str, profile: ProfileName, overlay: Overlay | None, width: int | None
    ) -> Still:
        try:
            return await self._cameras.still(
                camera, profile, overlay=overlay, width=width, patience=PATIENCE_S
            )
        except UnknownCameraError:
            raise _none() from None
        except CameraError as error:
            raise CameraDown(REASONS[error.reason], RETRY_S) from None
        except StillError as error:
            log.warning("camera %s: no still: %s", camera, error)
            raise Busy("No picture can be made now.", "지금은 영상을 만들 수 없습니다.") from None

    async def _note(self, camera: str, right: _Right, looker: Looker, size: int) -> None:
        """Has the look on record: a new viewing, or one that goes on."""
        key = (looker.actor.device or looker.actor.id, right.share, camera)
        async with self._opening:
            going = self._open.get(key)
            if going is None:
                if len(self._open) >= MOST_OPEN:
                    raise Busy("Too many thumbnails are looked at.", "미리보기 그림 요청이 너무 많습니다.")
                viewing = self._viewing(camera, right, looker, new_id())
                await self._viewings.opened(viewing, Form.STILLS)
                going = self._open[key] = _Open(viewing.viewer_id, viewing.at)
            going.newest = self._utc()
            going.bytes += size

    def _viewing(self, camera: str, right: _Right, looker: Looker, viewer_id: str) -> ViewingOpened:
        return ViewingOpened(
            viewer_id=viewer_id,
            grant_id=right.grant,
            receiver=right.receiver,
            share=right.share,
            person=looker.actor.id,
            camera=camera,
            at=self._utc(),
            remote=looker.actor.address or "",
        )

    async def _close(self, before: float) -> None:
        """Writes down the end of viewings that nobody has continued since `before`."""
        async with self._opening:
            for key, going in [each for each in self._open.items() if each[1].newest < before]:
                try:
                    await self._viewings.closed(going.viewer_id, going.newest, "not looked at", going.bytes)
                except (SQLAlchemyError, Busy) as error:
                    log.error("thumbnails: an end is not on record yet (%s)", type(error).__name__)
                    return
                del self._open[key]


def _none() -> NotFound:
    """The one answer for a camera that is not there and one that the asker may not see."""
    return NotFound(
        "There is no such camera, or you may not see it now.", "그런 카메라가 없거나 지금은 볼 수 없습니다."
    )
