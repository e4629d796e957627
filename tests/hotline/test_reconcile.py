from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline import inventory, shares
from hotline.directory import CameraDirectory
from hotline.reconcile import Reconciler
from hotline.share_view import ShareView
from hotline.store.counters import Counter, advance
from relay.grant import GrantSet
from tests.hotline.house import NETWORKS, Records, records
from tests.hotline.test_shares import open_share, report
from tests.support.waiting import until


@dataclass
class Taken:
    """What the relay was given; the interface is one method of plain values."""

    sets: list[GrantSet] = field(default_factory=list)

    def apply(self, grants: GrantSet) -> None:
        self.sets.append(grants)

    def cameras(self) -> set[str]:
        """The cameras of the newest set."""
        return {grant.camera for grant in self.sets[-1].grants}


@dataclass
class Told:
    expired: list[ShareView] = field(default_factory=list)
    foreign: int = 0
    idle: int = 0
    cameras: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)

    def on_expired(self, views: Sequence[ShareView]) -> None:
        self.expired += views

    def on_foreign_change(self) -> None:
        self.foreign += 1

    def on_idle(self) -> None:
        self.idle += 1


@asynccontextmanager
async def running(made: Records) -> AsyncIterator[tuple[Reconciler, Taken, Told]]:
    taken, told = Taken(), Told()
    reconciler = Reconciler(
        made.database,
        CameraDirectory(made.database, made.keys, NETWORKS),
        taken,
        utc=time.time,
        on_expired=told.on_expired,
        on_foreign_change=told.on_foreign_change,
        on_camera_changed=told.cameras.append,
        on_masks_changed=told.masks.append,
        on_idle=told.on_idle,
    )
    await reconciler.sync()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reconciler.run())
        try:
            yield reconciler, taken, told
        finally:
            task.cancel()


async def test_the_clock_is_told_when_nothing_is_shared_and_only_then(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        async with running(made) as (_, _, told):
            await until(lambda: told.idle > 0)
        await open_share(made, (await report(made, time.time())).id, time.time())
        async with running(made) as (reconciler, _, told):
            await until(lambda: reconciler._waits_until < math.inf)  # it has looked
            assert told.idle == 0


async def test_the_relay_gets_the_whole_set_with_a_revision_that_grows(tmp_path: Path) -> None:
    async with records(tmp_path) as made, running(made) as (reconciler, taken, _):
        assert taken.cameras() == set()
        incident = await report(made, time.time())
        first = await open_share(made, incident.id, time.time())
        revision = await reconciler.sync()
        assert taken.sets[-1].revision == revision > taken.sets[0].revision
        grants = {(grant.receiver, grant.share, grant.camera) for grant in taken.sets[-1].grants}
        assert grants == {
            (f"unit:{unit}", first.id, f"camera-{number}") for unit in ("room", "truck") for number in (1, 2)
        }
        assert all(grant.expires_at == first.ends_at for grant in taken.sets[-1].grants)
        await open_share(made, incident.id, time.time(), cameras=("camera-3",))
        await reconciler.sync()
        assert taken.cameras() == {"camera-1", "camera-2", "camera-3"}
        await shares.end_share(made.database, first.id, actor=made.actor("operator"), now=time.time())
        await reconciler.sync()
        assert taken.cameras() == {"camera-3"}


async def test_what_another_process_changed_is_noticed(tmp_path: Path) -> None:
    async with records(tmp_path) as made, running(made) as (_, taken, told):
        incident = await report(made, time.time())
        await open_share(made, incident.id, time.time())  # nobody calls sync
        await until(lambda: taken.cameras() == {"camera-1", "camera-2"}, "the relay hears of the share")
        assert told.foreign >= 1
        await inventory.remove_camera(made.database, "camera-1", actor=made.me, now=time.time())
        await until(lambda: taken.cameras() == {"camera-2"}, "the relay hears of the removal")
        assert told.cameras == ["camera-1"]


async def test_a_camera_that_is_taken_out_loses_its_viewers_before_its_session(tmp_path: Path) -> None:
    """And a change that leaves all grants as they are is told too."""
    async with records(tmp_path) as made, running(made) as (reconciler, taken, told):
        await open_share(made, (await report(made, time.time())).id, time.time())
        await reconciler.sync()
        granted: list[set[str]] = []
        reconciler._on_camera_changed = lambda _: granted.append(taken.cameras())
        await inventory.remove_camera(made.database, "camera-1", actor=made.me, now=time.time())
        await until(lambda: granted, "the camera's side hears of the removal")
        assert granted == [{"camera-2"}]
        async with made.database.write() as session:
            await session.execute(text("UPDATE cameras SET main_url='rtsp://10.0.0.9/' WHERE id='camera-2'"))
            await advance(session, Counter.INVENTORY)
        await until(lambda: len(granted) == 2, "the camera's side hears of the address")
        assert told.cameras == []


async def test_a_share_whose_time_is_up_is_over_within_a_second(tmp_path: Path) -> None:
    async with records(tmp_path) as made, running(made) as (reconciler, taken, told):
        incident = await report(made, time.time())
        share = await open_share(made, incident.id, time.time() - 60 + 0.3, minutes=1)
        await reconciler.sync()
        assert taken.cameras() == {"camera-1", "camera-2"}
        await until(lambda: told.expired, "it expires", deadline=3)
        assert time.time() - share.ends_at < 1
        assert [view.id for view in told.expired] == [share.id]
        assert told.expired[0].state == "expired"
        assert taken.cameras() == set()


async def test_a_restart_goes_on_with_what_is_in_the_database(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        async with running(made) as (reconciler, taken, _):
            await open_share(made, (await report(made, time.time())).id, time.time())
            await reconciler.sync()
            before = taken.sets[-1]
        async with running(made) as (_, taken, _):
            assert taken.sets[-1] == before


async def test_a_camera_that_may_not_be_connected_any_more_is_in_no_grant(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        await open_share(made, (await report(made, time.time())).id, time.time())
        taken, told = Taken(), Told()
        reconciler = Reconciler(
            made.database,
            CameraDirectory(made.database, made.keys, []),
            taken,
            utc=time.time,
            on_expired=told.on_expired,
            on_foreign_change=told.on_foreign_change,
            on_camera_changed=told.cameras.append,
            on_masks_changed=told.masks.append,
        )
        await reconciler.sync()
        assert taken.cameras() == set()


async def test_an_error_of_the_database_is_said_once_and_gone_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with records(tmp_path) as made, running(made) as (_, taken, _):
        async with made.database.write() as session:
            await session.execute(text("ALTER TABLE counters RENAME TO hidden"))
        await until(lambda: "does not answer" in caplog.text, "it is said", deadline=5)
        async with made.database.write() as session:
            await session.execute(text("ALTER TABLE hidden RENAME TO counters"))
        await open_share(made, (await report(made, time.time())).id, time.time())
        await until(lambda: taken.cameras() == {"camera-1", "camera-2"}, "it goes on")
        assert caplog.text.count("does not answer") == 1
