from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline import incidents, inventory, previews, shares
from hotline.audit import verify
from hotline.domain.kinds import KINDS
from hotline.domain.law import LEGAL_BASES, PURPOSES
from hotline.domain.place import Point
from hotline.domain.sharing import OpenShare
from hotline.errors import Conflict, Invalid, NotFound
from hotline.incidents import City, IncidentView, ReportIncident
from hotline.people import accounts
from hotline.share_view import ShareView
from hotline.store.counters import Counter, value
from hotline.store.models import AuditRow, GrantRow, ShareRow
from tests.hotline.house import FIRE, Records, records

T0 = 1_800_000_000.0
CITY = City(Point(37.6152, 126.7156), 50)


async def report(made: Records, at: float = T0, **fields: Any) -> IncidentView:
    command = ReportIncident(**{"kind": "fire", "latitude": FIRE[0], "longitude": FIRE[1], **fields})
    return await incidents.report_incident(
        made.database, command, city=CITY, actor=made.actor("operator"), now=at
    )


async def open_share(
    made: Records, incident: str, at: float = T0, key: str | None = None, **fields: Any
) -> ShareView:
    command = OpenShare(
        **{
            "cameras": ("camera-1", "camera-2"),
            "units": ("room", "truck"),
            "minutes": 30,
            "purpose": "dispatch",
            "legal_basis": "119-act-11-2-1",
            **fields,
        }
    )
    return await shares.open_share(
        made.database,
        incident,
        command,
        max_minutes=180,
        actor=made.actor("operator"),
        now=at,
        key=key,
    )


async def grants(made: Records, now: float) -> set[tuple[str, str]]:
    """Receiver and camera of every grant in force."""
    statement = select(GrantRow).where(GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
    async with made.database.read() as session:
        return {(row.receiver, row.camera_id) for row in await session.scalars(statement)}


async def revision(made: Records) -> int:
    async with made.database.read() as session:
        return await value(session, Counter.GRANTS)


async def actions(made: Records) -> list[str]:
    async with made.database.read() as session:
        assert (await verify(session)).whole
        return list(await session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))


BOTH = {(f"unit:{unit}", f"camera-{number}") for unit in ("room", "truck") for number in (1, 2)}


async def test_a_share_makes_a_grant_per_unit_and_camera_and_is_on_record(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        before = await revision(made)
        share = await open_share(made, incident.id)
        assert share.running
        assert share.ends_at == T0 + 1800
        assert [camera.id for camera in share.cameras] == ["camera-1", "camera-2"]
        assert share.cameras[0].direction_en == "north"
        assert share.cameras[0].distance_m == pytest.approx(55.6, abs=1)
        assert [unit.id for unit in share.units] == ["room", "truck"]
        assert share.receivers == {"unit:room", "unit:truck"}
        assert await grants(made, T0) == BOTH
        assert await revision(made) == before + 1
        async with made.database.read() as session:
            row = (await session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()))).first()
        assert row is not None
        entry = json.loads(row.content)
        wanted = {
            "action": "share_start",
            "actor": "operator",
            "role": "operator",
            "src_ip": "127.0.0.1",
            "incident_no": incident.number,
            "share": share.id,
            "legal_basis_code": "119-act-11-2-1",
            "purpose": "dispatch",
            "camera_id": ["camera-1", "camera-2"],
            "receiver_org": ["unit:room", "unit:truck"],
            "form": "실시간 스트리밍",
            "area": "37.62900,126.71400",
        }
        assert {name: entry[name] for name in wanted} == wanted
        assert (entry["from"], entry["to"]) == ("2027-01-15T08:00:00.000Z", "2027-01-15T08:30:00.000Z")


async def test_naming_a_camera_or_unit_twice_is_naming_it_once(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        share = await open_share(made, incident.id, cameras=("camera-1", "camera-1"), units=("room", "room"))
        assert [camera.id for camera in share.cameras] == ["camera-1"]
        assert await grants(made, T0) == {("unit:room", "camera-1")}


CANNOT_BE_SHARED: list[tuple[dict[str, Any], list[str]]] = [
    ({"cameras": ()}, ["cameras"]),
    ({"cameras": ("camera-1", "no-such")}, ["cameras.1"]),
    ({"cameras": tuple(f"c{number}" for number in range(65))}, ["cameras"]),
    ({"units": ()}, ["units"]),
    ({"units": ("no-such",)}, ["units.0"]),
    ({"minutes": 0}, ["minutes"]),
    ({"minutes": -5}, ["minutes"]),
    ({"minutes": 181}, ["minutes"]),
    ({"purpose": "curiosity"}, ["purpose"]),
    ({"purpose": "choose_cameras"}, ["purpose"]),
    ({"legal_basis": "none"}, ["legal_basis"]),
    ({"cameras": (), "units": (), "minutes": 999}, ["cameras", "units", "minutes"]),
]


async def test_a_share_that_may_not_be_names_its_fields_and_leaves_nothing(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        before = (await revision(made), await actions(made))
        for fields, named in CANNOT_BE_SHARED:
            with pytest.raises(Invalid) as refused:
                await open_share(made, incident.id, **fields)
            assert [error.field for error in refused.value.errors] == named, fields
            assert all(error.message_ko for error in refused.value.errors)
        assert (await revision(made), await actions(made)) == before
        async with made.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(ShareRow)) == 0


async def test_every_purpose_and_basis_of_the_lists_can_be_stated(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        for purpose in PURPOSES:
            for basis in LEGAL_BASES:
                share = await open_share(made, incident.id, purpose=purpose, legal_basis=basis)
                assert share.legal_basis.article


async def test_a_share_needs_an_open_incident(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        with pytest.raises(NotFound):
            await open_share(made, "no-such")
        incident = await report(made)
        await incidents.close_incident(made.database, incident.id, actor=made.actor("operator"), now=T0 + 1)
        with pytest.raises(Conflict):
            await open_share(made, incident.id)


async def test_the_same_key_opens_one_share(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        first = await open_share(made, incident.id, key="k1")
        again = await open_share(made, incident.id, T0 + 5, key="k1")
        assert again.id == first.id
        assert (await actions(made)).count("share_start") == 1
        assert (await open_share(made, incident.id, key="k2")).id != first.id
        with pytest.raises(Invalid) as refused:
            await open_share(made, incident.id, key="k1", minutes=31)
        assert [error.field for error in refused.value.errors] == ["Idempotency-Key"]
        with pytest.raises(Invalid):
            await open_share(made, incident.id, key="")
        # A day later the key is forgotten.
        await open_share(made, incident.id, T0 + 25 * 3600, key="k3")
        assert (await open_share(made, incident.id, T0 + 25 * 3600, key="k1", minutes=31)).id != first.id


async def test_extending_moves_share_and_grants(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share = await open_share(made, (await report(made)).id)
        operator = made.actor("operator")

        async def extend(minutes: int, at: float, key: str | None = None) -> ShareView:
            return await shares.extend_share(
                made.database, share.id, minutes, max_minutes=180, actor=operator, now=at, key=key
            )

        assert (await extend(30, T0 + 60, "k")).ends_at == T0 + 3600
        assert (await extend(30, T0 + 60, "k")).ends_at == T0 + 3600
        assert await grants(made, T0 + 3599) == BOTH
        assert await grants(made, T0 + 3600) == set()
        for minutes in (0, -1, 181):
            with pytest.raises(Invalid):
                await extend(minutes, T0 + 60)
        with pytest.raises(Invalid, match="121 more are possible"):
            await extend(122, T0 + 60)
        await extend(121, T0 + 60)
        with pytest.raises(Conflict):
            await extend(1, T0 + 4 * 3600)
        with pytest.raises(NotFound):
            await shares.extend_share(made.database, "no-such", 1, max_minutes=180, actor=operator, now=T0)


async def test_ending_takes_the_rights_at_once_and_twice_is_once(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share = await open_share(made, (await report(made)).id)
        before = await revision(made)
        ended = await shares.end_share(made.database, share.id, actor=made.actor("operator"), now=T0 + 9)
        assert (ended.state, ended.ended_at) == ("ended", T0 + 9)
        assert ended.end_reason is not None
        assert ended.end_reason.code == "ended"
        assert await grants(made, T0 + 9) == set()
        assert await revision(made) > before
        again = await shares.end_share(made.database, share.id, actor=made.actor("operator"), now=T0 + 99)
        assert again == ended
        assert (await actions(made)).count("share_end") == 1


async def test_a_share_expires_by_itself(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share = await open_share(made, (await report(made)).id)
        assert await shares.expire_shares(made.database, T0 + 1799) == []
        # Over, though nobody wrote it down yet.
        assert (await shares.get_share(made.database, share.id, now=T0 + 1800)).state == "expired"
        assert await shares.list_shares(made.database, now=T0 + 1800, running=True) == []
        (expired,) = await shares.expire_shares(made.database, T0 + 1801)
        assert (expired.id, expired.state, expired.ended_at) == (share.id, "expired", T0 + 1800)
        assert await shares.expire_shares(made.database, T0 + 1802) == []
        assert (await actions(made))[-1] == "share_end"


async def test_closing_the_incident_ends_everything_of_it(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident, other = await report(made), await report(made)
        await open_share(made, incident.id)
        await preview(made, incident.id, ("camera-3",))
        await open_share(made, other.id, cameras=("camera-3",), units=("elsewhere",))
        closed, ended = await incidents.close_incident(
            made.database, incident.id, actor=made.actor("operator"), now=T0 + 1
        )
        assert closed.closed_at == T0 + 1
        assert {view.kind for view in ended} == {"share", "preview"}
        assert {view.end_reason.code for view in ended if view.end_reason} == {"incident_closed"}
        assert await grants(made, T0 + 1) == {("unit:elsewhere", "camera-3")}
        again = await incidents.close_incident(
            made.database, incident.id, actor=made.actor("operator"), now=T0 + 2
        )
        assert again == (closed, [])


async def test_a_removed_camera_unit_or_person_loses_its_rights(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        await open_share(made, incident.id)
        await preview(made, incident.id, ("camera-3",))
        before = await revision(made)
        await inventory.remove_camera(made.database, "camera-1", actor=made.me, now=T0 + 1)
        assert await revision(made) > before
        await inventory.remove_unit(made.database, "truck", actor=made.me, now=T0 + 1)
        await accounts.remove_user(made.database, "operator", actor=made.me, now=T0 + 1)
        assert await grants(made, T0 + 1) == {("unit:room", "camera-2")}
        assert (await actions(made)).count("revoke") == 3
        with pytest.raises(Invalid):
            await open_share(made, incident.id)


async def test_lists(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        first = await open_share(made, incident.id, T0, units=("room",))
        second = await open_share(made, incident.id, T0 + 1, units=("truck",))
        await preview(made, incident.id, ("camera-3",))
        await shares.end_share(made.database, first.id, actor=made.actor("operator"), now=T0 + 2)

        async def listed(**how: Any) -> list[str]:
            return [view.id for view in await shares.list_shares(made.database, now=T0 + 3, **how)]

        assert await listed() == [second.id, first.id]
        assert await listed(unit_id="room") == [first.id]
        assert await listed(running=True) == [second.id]
        assert await listed(running=False) == [first.id]
        assert await listed(running=True, unit_id="room") == []


async def preview(
    made: Records, incident: str, cameras: tuple[str, ...], at: float = T0, who: str = "operator"
) -> ShareView:
    return await previews.preview(made.database, incident, cameras, minutes=15, actor=made.actor(who), now=at)


async def test_a_preview_is_one_persons_and_changes_with_each_request(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        me = f"user:{made.users['operator']}"
        first = await preview(made, incident.id, ("camera-1", "camera-2"))
        assert await grants(made, T0) == {(me, "camera-1"), (me, "camera-2")}
        second = await preview(made, incident.id, ("camera-2", "camera-3"), T0 + 60)
        assert second.id == first.id
        assert second.ends_at == T0 + 960
        assert [camera.id for camera in second.cameras] == ["camera-2", "camera-3"]
        assert await grants(made, T0 + 60) == {(me, "camera-2"), (me, "camera-3")}
        assert await grants(made, T0 + 959) == {(me, "camera-2"), (me, "camera-3")}
        assert await grants(made, T0 + 960) == set()
        other = await preview(made, incident.id, ("camera-1",), who="colleague")
        assert other.id != first.id


async def test_a_preview_that_ended_begins_anew(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        first = await preview(made, incident.id, ("camera-1",))
        later = await preview(made, incident.id, ("camera-1",), T0 + 901)
        assert later.id != first.id


async def test_a_preview_is_on_record_and_a_mere_renewal_is_not_news(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        before = len(await actions(made))
        for at, cameras in ((0, ("camera-1",)), (60, ("camera-1",)), (120, ("camera-2",))):
            await preview(made, incident.id, cameras, T0 + at)
        assert (await actions(made))[before:] == ["share_start", "share_change"]


async def test_a_preview_of_no_such_camera(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        incident = await report(made)
        for cameras, field in (
            ((), "cameras"),
            (("no-such",), "cameras.0"),
            (("camera-1", "x"), "cameras.1"),
        ):
            with pytest.raises(Invalid) as refused:
                await preview(made, incident.id, cameras)
            assert [error.field for error in refused.value.errors] == [field]


async def test_incident_numbers_are_the_days_and_never_taken_twice(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        # 2027-01-15 17:00 in Korea
        assert (await report(made)).number == "20270115-0001"
        assert (await report(made)).number == "20270115-0002"
        await report(made, number="20270115-0003")
        assert (await report(made)).number == "20270115-0004"
        # 15:00 UTC is midnight in Korea
        assert (await report(made, T0 + 7 * 3600)).number == "20270116-0001"
        # A clock that was set back does not give a number twice.
        assert (await report(made)).number == "20270116-0002"
        with pytest.raises(Conflict) as refused:
            await report(made, number="20270115-0003")
        assert [error.field for error in refused.value.errors] == ["number"]
        assert (await report(made, number="119-2027-77")).number == "119-2027-77"


async def test_every_kind_can_be_reported(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        for kind in KINDS:
            assert (await report(made, kind=kind)).kind == KINDS[kind]


CANNOT_BE_REPORTED: list[tuple[dict[str, Any], list[str]]] = [
    ({"kind": "party"}, ["kind"]),
    ({"address": "x" * 201}, ["address"]),
    ({"address": "two\nlines"}, ["address"]),
    ({"number": "x" * 65}, ["number"]),
    ({"summary": "x" * 2001}, ["summary"]),
    ({"latitude": 48.0, "longitude": 2.0}, ["latitude", "longitude"]),
    ({"latitude": 35.0, "longitude": 128.0}, ["latitude", "longitude"]),
]


async def test_an_incident_that_cannot_be_names_its_fields_and_leaves_nothing(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        for fields, named in CANNOT_BE_REPORTED:
            with pytest.raises(Invalid) as refused:
                await report(made, **fields)
            assert [error.field for error in refused.value.errors] == named, fields
        assert await incidents.list_incidents(made.database) == []
