from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline import shares
from hotline.audit import verify
from hotline.share_view import ShareView
from hotline.store.models import AuditRow, GrantRow
from hotline.viewings import Refused, Viewings, close_left_open, list_viewings
from relay.ports import ViewingOpened, ViewingRecorder
from tests.hotline.house import Records, records
from tests.hotline.test_shares import T0, open_share, report


async def shared(made: Records) -> tuple[ShareView, str]:
    """A share, and the control room's grant for its first camera."""
    share = await open_share(made, (await report(made)).id)
    async with made.database.read() as session:
        grant = await session.scalar(
            select(GrantRow.id).where(
                GrantRow.share_id == share.id,
                GrantRow.receiver == "unit:room",
                GrantRow.camera_id == "camera-1",
            )
        )
    assert grant is not None
    return share, grant


def viewing(made: Records, of: ShareView, grant: str, **fields: object) -> ViewingOpened:
    values: dict[str, object] = {
        "viewer_id": "viewer-1",
        "grant_id": grant,
        "receiver": "unit:room",
        "share": of.id,
        "person": made.users["dispatcher"],
        "camera": "camera-1",
        "at": T0 + 5,
        "remote": "10.0.0.7",
    }
    return ViewingOpened(**(values | fields))  # type: ignore[arg-type] # the values above have their types


async def newest_entry(made: Records) -> dict[str, object]:
    async with made.database.read() as session:
        assert (await verify(session)).whole
        content = await session.scalar(select(AuditRow.content).order_by(AuditRow.seq.desc()).limit(1))
    assert content is not None
    entry: dict[str, object] = json.loads(content)
    return entry


async def test_a_viewing_is_on_record_from_its_first_moment_to_its_last(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share, grant = await shared(made)
        recorder: ViewingRecorder = Viewings(made.database)
        await recorder.opened(viewing(made, share, grant))
        (seen,) = await list_viewings(made.database, open_only=True)
        assert (seen.camera, seen.receiver, seen.person, seen.address, seen.closed_at) == (
            "camera-1",
            "unit:room",
            made.users["dispatcher"],
            "10.0.0.7",
            None,
        )
        entry = await newest_entry(made)
        wanted = {
            "action": "view_start",
            "actor": "dispatcher",
            "role": "dispatcher",
            "actor_org": "room",
            "src_ip": "10.0.0.7",
            "incident_no": share.incident.number,
            "legal_basis_code": "119-act-11-2-1",
            "purpose": "dispatch",
            "camera_id": ["camera-1"],
            "camera_place": "북변시장 (37.62950,126.71400)",
            "receiver_org": ["unit:room"],
        }
        assert {name: entry.get(name) for name in wanted} == wanted
        await recorder.closed("viewer-1", T0 + 65, "the grant ended", 123_456_789_012)
        await recorder.closed("viewer-1", T0 + 66, "again", 1)
        (seen,) = await list_viewings(made.database)
        assert (seen.closed_at, seen.close_reason, seen.bytes_sent) == (
            T0 + 65,
            "the grant ended",
            123_456_789_012,
        )
        entry = await newest_entry(made)
        assert (entry["action"], entry["bytes"], entry["reason"]) == (
            "view_end",
            123_456_789_012,
            "the grant ended",
        )
        assert (entry["from"], entry["to"]) == ("2027-01-15T08:00:05.000Z", "2027-01-15T08:01:05.000Z")


async def test_no_viewing_without_a_grant_in_force(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share, grant = await shared(made)
        recorder = Viewings(made.database)
        for fields in (
            {"grant_id": "no-such"},
            {"receiver": "unit:truck"},
            {"camera": "camera-2"},
            {"share": "another"},
            {"at": T0 + 1800},
        ):
            with pytest.raises(Refused):
                await recorder.opened(viewing(made, share, grant, **fields))
        await shares.end_share(made.database, share.id, actor=made.actor("operator"), now=T0 + 1)
        with pytest.raises(Refused):
            await recorder.opened(viewing(made, share, grant))
        await recorder.closed("viewer-1", T0 + 9, "refused", 0)
        assert await list_viewings(made.database) == []


async def test_what_a_crash_left_open_is_closed_at_the_next_start(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share, grant = await shared(made)
        recorder = Viewings(made.database)
        for name in ("viewer-1", "viewer-2"):
            await recorder.opened(viewing(made, share, grant, viewer_id=name))
        await recorder.closed("viewer-1", T0 + 6, "gone", 1)
        assert await close_left_open(made.database, T0 + 100) == 1
        assert await close_left_open(made.database, T0 + 101) == 0
        found = {each.viewer_id: each for each in await list_viewings(made.database)}
        assert (found["viewer-2"].closed_at, found["viewer-2"].close_reason) == (T0 + 100, "service_stopped")
        assert found["viewer-2"].bytes_sent is None
        assert found["viewer-1"].close_reason == "gone"


async def test_a_clock_that_was_set_back_ends_no_viewing_before_it_began(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        share, grant = await shared(made)
        recorder = Viewings(made.database)
        await recorder.opened(viewing(made, share, grant))
        await recorder.closed("viewer-1", T0 - 3600, "gone", 1)
        (seen,) = await list_viewings(made.database)
        assert seen.closed_at == seen.opened_at
