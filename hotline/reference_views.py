"""Where cameras' reference views are kept, and an operator's word that a camera looks as it should.

A view is no picture: edges, without anybody who passed (`streams/watch/reference.py`). Here it is bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor
from hotline.audit import Action, Subject, append
from hotline.errors import Conflict, NotFound
from hotline.store.database import Database
from hotline.store.models import CameraRow, ReferenceViewRow
from streams.watch.watcher import NotWatched, Watcher


class ReferenceViews:
    """`streams.watch.watcher.ViewKeeper` on the database. utc: UTC seconds."""

    def __init__(self, database: Database, utc: Callable[[], float]) -> None:
        self._database = database
        self._utc = utc

    async def load(self, camera_id: str) -> Mapping[str, bytes]:
        """The views of a camera by their light."""
        statement = select(ReferenceViewRow).where(ReferenceViewRow.camera_id == camera_id)
        async with self._database.read() as session:
            return {row.light: row.view for row in await session.scalars(statement)}

    async def save(self, camera_id: str, views: Mapping[str, bytes]) -> None:
        """Keep views, each instead of the one of the same light; of a camera that is no more, none."""
        async with self._database.write() as session:
            camera = await session.get(CameraRow, camera_id)
            if camera is None or camera.removed_at is not None:
                return
            for light, view in views.items():
                row = ReferenceViewRow(camera_id=camera_id, light=light, view=view, learnt_at=self._utc())
                await session.merge(row)


async def accept_view(
    database: Database, watcher: Watcher, camera_id: str, *, actor: Actor, now: float
) -> None:
    """What the camera sees now is how it should be: its views are forgotten and learnt anew, on record.

    Raises `NotFound`; `Conflict` where no picture of it is being looked at: nobody can have seen it.
    """
    try:
        async with watcher.accepting_view(camera_id), database.write() as session:
            await _demand_camera(session, camera_id)
            await session.execute(delete(ReferenceViewRow).where(ReferenceViewRow.camera_id == camera_id))
            subject = Subject(cameras=(camera_id,), detail={"change": "reference_view_accepted"})
            await append(session, Action.CONFIG, actor, subject, now)
    except NotWatched:
        async with database.read() as session:
            await _demand_camera(session, camera_id)
        raise Conflict(
            "The camera gives no picture now; open it first.",
            "지금 이 카메라의 영상이 없습니다. 먼저 영상을 여십시오.",
        ) from None


async def _demand_camera(session: AsyncSession, camera_id: str) -> None:
    row = await session.get(CameraRow, camera_id)
    if row is None or row.removed_at is not None:
        raise NotFound(f"There is no camera {camera_id}.", f"카메라 {camera_id}이(가) 없습니다.")
