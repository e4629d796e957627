"""Turning cameras, against a device: leases, what ends them, and what stands on record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.actor import Role
from hotline.audit import verify
from hotline.directory import CameraDirectory
from hotline.domain.place import Point
from hotline.domain.ptz import Policy, Velocity
from hotline.domain.sharing import OpenShare
from hotline.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.incidents import City, ReportIncident, report_incident
from hotline.inventory import add_camera
from hotline.ptz import PtzDesk
from hotline.ptz_record import LeaseRecord
from hotline.shares import end_share, open_share
from hotline.store.models import AuditRow, CameraRow, PtzLeaseRow
from streams.onvif.devices import Devices
from streams.onvif.heads import Heads
from streams.onvif.profiles import Preset
from streams.onvif.soap import Soap
from tests.cameras.onvif import Manners, OnvifDevice, serve_onvif
from tests.cameras.onvif.web import Answer
from tests.hotline.house import FIRE, NETWORKS, Records, camera, records
from tests.support.waiting import until

CAMERA = "camera-9"
RIGHT = Velocity(pan=0.5)
POLICY = Policy(True, frozenset({Role.OPERATOR}), ("dispatch", "rescue"), lease_s=30, longest_s=300)
NOW_AND_AGAIN = (0.0, 0.05, 0.05, 0.05)


class Office:
    """A desk at work, its records, and the device it turns."""

    def __init__(self, made: Records, device: OnvifDevice, heads: Heads, policy: Policy) -> None:
        self.now = 1000.0
        self.records = made
        self.device = device
        self.desk = PtzDesk(
            policy,
            heads,
            LeaseRecord(made.database),
            clock=lambda: self.now,
            pauses=NOW_AND_AGAIN,
            on_ending=lambda held: self.ending.append((held.lease.camera, held.closing)),
        )
        self.ending: list[tuple[str, str | None]] = []
        self.task: asyncio.Task[None] | None = None
        self.operator = made.actor("operator")
        self.colleague = made.actor("colleague")

    @property
    def did(self) -> list[str]:
        """What the device was told to do, without what was only asked."""
        return [name for name in self.device.operations if name in ("ContinuousMove", "Stop", "GotoPreset")]

    async def start(self) -> None:
        self.task = asyncio.create_task(self.desk.run())
        await until(lambda: self.desk._tasks is not None)

    async def end(self) -> None:
        """The service stops."""
        if self.task is not None:
            task, self.task = self.task, None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def entries(self) -> list[dict[str, Any]]:
        """The record of turning, oldest first; the chain holds."""
        async with self.records.database.read() as session:
            assert (await verify(session)).whole
            rows = await session.scalars(
                select(AuditRow).where(AuditRow.action == "ptz").order_by(AuditRow.seq)
            )
            return [json.loads(row.content) for row in rows]

    async def acts(self) -> list[tuple[str, str, str]]:
        """Act, who, result."""
        return [(each["detail"]["act"], each["actor"], each["result"]) for each in await self.entries()]

    async def told(self, *act: str) -> None:
        """Wait until that act is on record."""
        async with asyncio.timeout(10):
            while act not in await self.acts():  # noqa: ASYNC110  # a table tells nobody
                await asyncio.sleep(0.01)

    async def over(self) -> list[PtzLeaseRow]:
        """Leases, once none is open any more."""
        await until(lambda: self.desk.held(CAMERA) is None, deadline=10)
        async with self.records.database.read() as session:
            rows = list(await session.scalars(select(PtzLeaseRow).order_by(PtzLeaseRow.opened_at)))
        assert all(row.ended_at is not None for row in rows)
        return rows

    def pass_time(self, seconds: float) -> None:
        """The desk's clock stands still but for this."""
        self.now += seconds
        held = self.desk.held(CAMERA)
        assert held is not None
        held.changed.set()

    def patience(self, seconds: float) -> None:
        """How long the desk waits for the device."""
        self.desk._head.command_s = seconds


@asynccontextmanager
async def office(
    directory: Path,
    manners: Manners | None = None,
    policy: Policy = POLICY,
    *,
    started: bool = True,
) -> AsyncIterator[Office]:
    async with (
        serve_onvif(manners or Manners()) as device,
        records(directory, cameras=1) as made,
        Soap() as soap,
    ):
        entered = camera(9, onvif_url=device.address, username="admin", password="right")
        await add_camera(
            made.database, entered, keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
        )
        known = CameraDirectory(made.database, made.keys, NETWORKS)
        await known.refresh()
        heads = Heads(Devices(known.camera, known.credentials, soap))
        result = Office(made, device, heads, policy)
        try:
            if started:
                await result.start()
            yield result
        finally:
            await result.end()


async def test_masks_end_a_lease_and_the_camera_goes_back(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        await here.desk.goto_preset(CAMERA, "2", here.operator)
        here.desk.masked("camera-1")  # another one: nothing happens
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.desk.masked(CAMERA)
        with pytest.raises(Conflict, match="Privacy masks were drawn"):
            await here.desk.move(CAMERA, RIGHT, here.operator)
        (row,) = await here.over()
        assert row.end_reason == "masked"
        assert not here.device.head.turns() and here.device.head.where() == "1"
        end = (await here.entries())[-1]
        assert (end["reason"], end["actor"], end["result"]) == ("masked", "service", "ok")
        assert here.ending == [(CAMERA, "masked")]


async def test_masks_drawn_while_a_lease_opens_prevent_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        desk, presets = here.desk, here.desk._heads.presets

        async def slowly(camera_id: str) -> Sequence[Preset]:
            """The masks come after the first look at them, before the lease is written."""
            async with here.records.database.write() as session:
                row = await session.get(CameraRow, CAMERA)
                assert row is not None
                row.masks = "[[[0,0],[1,0],[1,1]]]"
            return await presets(camera_id)

        desk._heads.presets = slowly  # type: ignore[method-assign]
        with pytest.raises(Conflict, match="do not turn with it"):
            await desk.open(CAMERA, "dispatch", None, here.operator)
        assert desk.held(CAMERA) is None and await here.entries() == []


async def test_a_lease_from_beginning_to_return(tmp_path: Path) -> None:
    async with office(tmp_path, Manners(skew_s=3600)) as here:
        held = await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert [(each.token, each.name) for each in held.presets] == [("1", "기본"), ("2", "정문")]
        await here.desk.move(CAMERA, RIGHT, here.operator)
        assert here.device.head.turns()
        assert here.device.asked[-1].fields["Timeout"] == "PT1S"
        await here.desk.move(CAMERA, RIGHT, here.operator)  # held on: no news
        await here.desk.stop(CAMERA, here.operator)
        assert not here.device.head.turns()
        await here.desk.goto_preset(CAMERA, "2", here.operator)
        assert here.device.head.where() == "2"
        ended = await here.desk.release(CAMERA, here.operator)
        assert ended is not None and ended.returned
        assert here.device.head.where() == "1"
        assert here.did == ["ContinuousMove", "ContinuousMove", "Stop", "GotoPreset", "Stop", "GotoPreset"]
        (row,) = await here.over()
        assert (row.end_reason, row.preset, row.purpose) == ("released", "1", "dispatch")
        assert await here.acts() == [
            (act, "operator", "ok") for act in ("lease", "move", "stop", "preset", "end")
        ]
        lease, move, _, _, end = await here.entries()
        assert (lease["purpose"], lease["camera_id"], lease["auth_method"]) == (
            "dispatch",
            [CAMERA],
            "password",
        )
        assert lease["src_ip"] == "127.0.0.1"
        assert lease["camera_place"].startswith("북변시장 (37.")
        assert move["detail"] == {"act": "move", "holder": "operator", "pan": 0.5, "tilt": 0.0, "zoom": 0.0}
        assert end["reason"] == "released"
        assert end["detail"]["returned"] is True


async def test_who_holds_no_button_any_more_is_stopped(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "rescue", None, here.operator)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.pass_time(0.5)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.pass_time(0.9)
        assert "Stop" not in here.did
        here.pass_time(0.2)
        await here.told("stop", "service", "ok")
        assert here.did == ["ContinuousMove", "ContinuousMove", "Stop"]
        assert (await here.entries())[-1]["detail"]["asked"] is False


async def test_a_camera_that_stops_answering_in_the_middle_of_a_move(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.patience(0.2)
        here.device.manners.answers = {
            name: Answer(silent=True) for name in ("ContinuousMove", "Stop", "GotoPreset")
        }
        with pytest.raises(Conflict) as error:
            await here.desk.stop(CAMERA, here.operator)
        assert "does not answer" in error.value.detail
        assert here.did.count("Stop") == 3
        stop = (await here.entries())[-1]
        assert (stop["result"], stop["detail"]["tries"], stop["detail"]["trouble"]) == (
            "failed",
            3,
            "no_answer",
        )
        here.device.manners.answers = {}
        here.patience(5.0)
        here.pass_time(2.0)
        await here.told("stop", "service", "ok")  # tried again by itself


async def test_a_move_without_an_answer_is_stopped_at_once(tmp_path: Path) -> None:
    manners = Manners(answers={"ContinuousMove": Answer(silent=True)})
    async with office(tmp_path, manners) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        here.patience(0.3)
        with pytest.raises(Conflict):
            await here.desk.move(CAMERA, RIGHT, here.operator)
        here.patience(5.0)
        await until(lambda: "Stop" in here.did)


async def test_time_is_up(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.pass_time(30.0)
        (row,) = await here.over()
        assert row.end_reason == "expired"
        assert here.did[-2:] == ["Stop", "GotoPreset"]
        assert (await here.acts())[-1] == ("end", "service", "ok")
        with pytest.raises(Conflict) as error:
            await here.desk.move(CAMERA, RIGHT, here.operator)
        assert error.value.detail == "Take the camera over first."


async def test_a_lease_is_made_longer_but_not_for_ever(tmp_path: Path) -> None:
    policy = Policy(True, POLICY.roles, POLICY.purposes, lease_s=30, longest_s=45)
    async with office(tmp_path, policy=policy) as here:
        first = await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert first.lease.ends_at == 1030.0
        here.pass_time(20.0)
        again = await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert again is first
        assert again.lease.ends_at == 1045.0
        here.pass_time(10.0)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        here.pass_time(15.0)
        (row,) = await here.over()
        assert row.end_reason == "expired"


async def test_one_person_at_a_time(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        results = await asyncio.gather(
            *(here.desk.open(CAMERA, "dispatch", None, who) for who in (here.operator, here.colleague)),
            return_exceptions=True,
        )
        assert sorted(type(result).__name__ for result in results) == ["Conflict", "Held"]
        first, second = (here.operator, here.colleague)
        if isinstance(results[0], Conflict):
            first, second = second, first
        with pytest.raises(Conflict) as error:
            await here.desk.move(CAMERA, RIGHT, second)
        assert error.value.detail == f"{first.username} turns this camera now."
        with pytest.raises(Conflict):
            await here.desk.stop(CAMERA, second)
        assert await here.desk.release(CAMERA, second) is None
        assert here.desk.held(CAMERA) is not None
        assert here.did == []
        await here.desk.release(CAMERA, first)
        await here.over()
        await here.desk.open(CAMERA, "rescue", None, second)


async def test_off_is_off(tmp_path: Path) -> None:
    async with office(tmp_path, policy=Policy()) as here:
        with pytest.raises(Forbidden) as error:
            await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert "not allowed by this city's policy" in error.value.detail
        assert here.device.asked == []


async def test_roles_that_are_not_named_turn_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for name in ("administrator", "dispatcher", "crew"):
            with pytest.raises(Forbidden):
                await here.desk.open(CAMERA, "dispatch", None, here.records.actor(name))
        assert here.device.asked == []


async def test_a_control_room_turns_what_is_shared_with_it_while_it_is(tmp_path: Path) -> None:
    policy = Policy(True, frozenset({Role.DISPATCHER}), ("dispatch",), lease_s=30, longest_s=300)
    async with office(tmp_path, policy=policy) as here:
        room, made = here.records.actor("dispatcher"), here.records
        with pytest.raises(NotFound):
            await here.desk.open(CAMERA, "dispatch", None, room)
        incident = await report_incident(
            made.database,
            ReportIncident("fire", *FIRE, None, None, None),
            city=City(Point(*FIRE), 50.0),
            actor=here.operator,
            now=time.time(),
        )
        share = await open_share(
            made.database,
            incident.id,
            OpenShare((CAMERA,), ("room",), 30, "dispatch", "119-act-11-2-1"),
            max_minutes=180,
            actor=here.operator,
            now=time.time(),
        )
        await here.desk.open(CAMERA, "dispatch", None, room)
        await here.desk.move(CAMERA, RIGHT, room)
        await end_share(made.database, share.id, actor=here.operator, now=time.time())
        with pytest.raises(Conflict):
            await here.desk.move(CAMERA, RIGHT, room)
        (row,) = await here.over()
        assert row.end_reason == "share_over"
        assert (row.share_id, row.incident_no) == (share.id, incident.number)
        assert (await here.entries())[0]["incident_no"] == incident.number
        assert here.device.head.where() == "1"


async def test_the_incident_stands_on_record(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        with pytest.raises(Invalid) as error:
            await here.desk.open(CAMERA, "dispatch", "nothing", here.operator)
        assert [fault.field for fault in error.value.errors] == ["incident"]
        with pytest.raises(Invalid) as error:
            await here.desk.open(CAMERA, "holiday", None, here.operator)
        assert [fault.field for fault in error.value.errors] == ["purpose"]


@pytest.mark.parametrize(
    ("manners", "said"),
    [
        (Manners(ptz=False), "does not support"),
        (Manners(password="other"), "refuses user or password"),
        (Manners(answers={"GetPresets": Answer(body=b"?")}), "cannot be understood"),
    ],
)
async def test_a_camera_that_cannot_be_turned(tmp_path: Path, manners: Manners, said: str) -> None:
    async with office(tmp_path, manners) as here:
        with pytest.raises(Conflict) as error:
            await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert said in error.value.detail
        assert await here.acts() == []
        assert here.desk.held(CAMERA) is None


async def test_where_there_is_no_way_back_there_is_no_way_out(tmp_path: Path) -> None:
    policy = Policy(True, POLICY.roles, POLICY.purposes, return_preset="home")
    async with office(tmp_path, policy=policy) as here:
        with pytest.raises(Conflict) as error:
            await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert "no preset home to return to" in error.value.detail


async def test_a_camera_with_privacy_masks_stays_where_it_is(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.records.database.write() as session:
            row = await session.get(CameraRow, CAMERA)
            assert row is not None
            row.masks = "[[[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]]"
        with pytest.raises(Conflict) as error:
            await here.desk.open(CAMERA, "dispatch", None, here.operator)
        assert "privacy masks" in error.value.detail
        assert here.device.asked == []


async def test_cameras_without_a_head_or_a_record(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for name in ("camera-1", "camera-77"):
            with pytest.raises(NotFound):
                await here.desk.open(name, "dispatch", None, here.operator)
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        with pytest.raises(NotFound):
            await here.desk.goto_preset(CAMERA, "99", here.operator)
        with pytest.raises(Invalid):
            await here.desk.move(CAMERA, Velocity(), here.operator)


async def test_the_service_stops_in_the_middle_of_a_move(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        await here.desk.move(CAMERA, RIGHT, here.operator)
        await here.end()
        assert here.did == ["ContinuousMove", "Stop", "GotoPreset"]
        assert here.device.head.where() == "1"
        (row,) = await here.over()
        assert row.end_reason == "service_stopped"
        assert (await here.acts())[-1] == ("end", "service", "ok")


async def test_the_service_stops_though_the_camera_does_not_answer(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        here.patience(0.2)
        here.device.manners.answers = {"Stop": Answer(silent=True)}
        await here.end()
        assert (await here.acts())[-1] == ("end", "service", "failed")


async def test_a_crash_is_made_good_at_the_next_start(tmp_path: Path) -> None:
    async with office(tmp_path, started=False) as here:
        record = LeaseRecord(here.records.database)
        now = time.time()
        context = await record.context(CAMERA, "dispatch", None, here.operator, now)
        await record.opened("lease-of-before", context, here.operator, "1", now - 60, now)
        here.device.head.at_preset = None
        await here.start()
        (row,) = await here.over()
        assert row.end_reason == "service_stopped"
        assert here.did == ["Stop", "GotoPreset"]
        assert here.device.head.where() == "1"
        assert (await here.acts())[-1] == ("end", "service", "ok")


async def test_a_camera_that_never_comes_back_is_on_record(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        here.device.manners.answers = {"GotoPreset": Answer(hang_up=True)}
        await here.desk.release(CAMERA, here.operator)
        await here.over()
        end = (await here.entries())[-1]
        assert (end["result"], end["detail"]["stopped"], end["detail"]["tries"]) == ("failed", True, 4)
        assert here.did.count("Stop") == 1


async def test_nobody_takes_a_camera_that_is_on_its_way_back(tmp_path: Path) -> None:
    async with office(tmp_path, Manners(answers={"GotoPreset": Answer(silent=True)})) as here:
        await here.desk.open(CAMERA, "dispatch", None, here.operator)
        here.patience(1.0)
        releasing = asyncio.create_task(here.desk.release(CAMERA, here.operator))
        await until(lambda: "GotoPreset" in here.did)
        with pytest.raises(Conflict) as error:
            await here.desk.open(CAMERA, "dispatch", None, here.colleague)
        assert "turned back" in error.value.detail
        here.device.manners.answers = {}
        here.patience(5.0)
        await releasing
        await here.over()
        assert here.device.head.where() == "1"
