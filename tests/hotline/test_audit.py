from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from hotline import audit
from hotline.actor import command_line
from hotline.audit import Action, Subject, append, canonical, iso, verify
from hotline.store.database import Database
from hotline.store.models import AuditRow
from tests.hotline.house import database

ME = command_line("tester")


async def write(opened: Database, entries: int) -> None:
    for number in range(entries):
        async with opened.write() as session:
            subject = Subject(incident_no="20260101-0001", cameras=(f"camera-{number}",), reason="시험")
            await append(session, Action.SHARE_START, ME, subject, 1_767_225_600.0 + number)


async def check(opened: Database) -> audit.Verification:
    async with opened.read() as session:
        return await verify(session)


async def tamper(opened: Database, *statements: str) -> None:
    """As somebody would who has the file."""
    async with opened.write() as session:
        await session.execute(text("DROP TRIGGER audit_no_UPDATE"))
        await session.execute(text("DROP TRIGGER audit_no_DELETE"))
        for statement in statements:
            await session.execute(text(statement))


async def test_an_untouched_record_is_whole(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        assert await check(opened) == audit.Verification(0)
        await write(opened, 5)
        assert await check(opened) == audit.Verification(5)


async def test_an_entry_says_who_when_where_what(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        await write(opened, 1)
        async with opened.read() as session:
            row = (await session.scalars(select(AuditRow))).one()
    entry = json.loads(row.content)
    assert entry["ts_mono"] > 0
    assert entry["app_version"]
    del entry["ts_mono"], entry["app_version"]
    assert entry == {
        "seq": 1,
        "prev_hash": "0" * 64,
        "ts_utc": "2026-01-01T00:00:00.000Z",
        "actor_id": "local:tester",
        "actor": "tester",
        "auth_method": "local",
        "action": "share_start",
        "incident_no": "20260101-0001",
        "camera_id": ["camera-0"],
        "result": "ok",
        "reason": "시험",
    }
    assert row.content == canonical(json.loads(row.content))


@pytest.mark.parametrize(
    ("statement", "first_bad", "reason"),
    [
        ("UPDATE audit SET content = replace(content, 'camera-2', 'camera-9') WHERE seq = 3", 3, "changed"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", 2, "columns"),
        ("UPDATE audit SET action = 'login' WHERE seq = 4", 4, "columns"),
        ("DELETE FROM audit WHERE seq = 3", 3, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
        ("DELETE FROM audit WHERE seq = 5", 5, "missing at the end"),
        ("DELETE FROM audit", 1, "missing at the end"),
        ("UPDATE audit SET hash = 'f' WHERE seq = 2", 2, "changed"),
        ("UPDATE audit SET prev_hash = 'f' WHERE seq = 2", 2, "does not follow"),
    ],
)
async def test_tampering_is_found_where_it_was_done(
    tmp_path: Path, statement: str, first_bad: int, reason: str
) -> None:
    async with database(tmp_path) as opened:
        await write(opened, 5)
        await tamper(opened, statement)
        found = await check(opened)
    assert found.first_bad == first_bad
    assert reason in (found.reason or "")


async def test_swapped_entries_are_found(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        await write(opened, 4)
        await tamper(
            opened,
            "UPDATE audit SET seq = 99 WHERE seq = 2",
            "UPDATE audit SET seq = 2 WHERE seq = 3",
            "UPDATE audit SET seq = 3 WHERE seq = 99",
        )
        assert (await check(opened)).first_bad == 2


async def test_a_long_record_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    async with database(tmp_path) as opened:
        for entries in (4, 1):
            await write(opened, entries)
        assert await check(opened) == audit.Verification(5)


async def test_an_act_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        await write(opened, 1)
        with pytest.raises(ZeroDivisionError):
            async with opened.write() as session:
                await append(session, Action.SHARE_END, ME, Subject(), 0.0)
                raise ZeroDivisionError
        await write(opened, 1)
        assert await check(opened) == audit.Verification(2)


def test_times_have_one_form() -> None:
    assert iso(0.0) == "1970-01-01T00:00:00.000Z"
    assert iso(1_767_225_600.0004) == "2026-01-01T00:00:00.000Z"
    assert iso(1_767_225_599.9996) == "2026-01-01T00:00:00.000Z"
