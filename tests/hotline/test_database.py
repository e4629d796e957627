from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from hotline.store.counters import Counter, advance, value
from hotline.store.database import Database, open_database
from hotline.store.models import Base
from hotline.store.upgrade import NewerDatabase, config
from tests.hotline.house import database


def differences(connection: Connection) -> list[object]:
    found: list[object] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    return found


async def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    async with database(tmp_path) as opened, opened.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_migrations_are_sql_for_postgresql_too() -> None:
    alembic = config()
    alembic.output_buffer = io.StringIO()
    alembic.set_main_option("sqlalchemy.url", "postgresql+asyncpg://unused/unused")
    command.upgrade(alembic, "head", sql=True)
    sql = alembic.output_buffer.getvalue()
    assert "DOUBLE PRECISION" in sql
    assert "CREATE TRIGGER audit_append_only" in sql
    assert "PRAGMA" not in sql


async def test_sqlite_manners(tmp_path: Path) -> None:
    async with database(tmp_path) as opened, opened.read() as session:
        for pragma, wanted in (("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5000)):
            assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one() == wanted
    assert stat.S_IMODE((tmp_path / "hotline.db").stat().st_mode) == 0o600


async def test_a_second_start_finds_the_first_ones_records(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with database(tmp_path / "deep" / "er") as opened:
            async with opened.write() as session:
                await advance(session, Counter.GRANTS)
            async with opened.read() as session:
                assert await value(session, Counter.GRANTS) == expected


async def test_what_raises_leaves_nothing(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        with pytest.raises(ZeroDivisionError):
            async with opened.write() as session:
                await advance(session, Counter.GRANTS)
                raise ZeroDivisionError
        async with opened.read() as session:
            assert await value(session, Counter.GRANTS) == 0


async def test_foreign_keys_hold(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        with pytest.raises(IntegrityError):
            async with opened.write() as session:
                await session.execute(
                    text("INSERT INTO share_units (share_id, unit_id, position) VALUES ('x', 'y', 0)")
                )


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async with database(tmp_path) as opened, opened.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="newer version"):
        await open_database(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}")


async def test_two_connections_write_at_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    one, other = await open_database(url), await open_database(url)
    try:
        async with one.write() as session:
            await advance(session, Counter.GRANTS)
            async with other.read() as reading:  # readers do not wait for a writer
                assert await value(reading, Counter.GRANTS) == 0
        async with other.write() as session:
            assert await advance(session, Counter.GRANTS) == 2
    finally:
        await one.close()
        await other.close()


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit"])
async def test_the_record_cannot_be_changed_through_the_database(tmp_path: Path, statement: str) -> None:
    async with database(tmp_path) as opened:
        async with opened.write() as session:
            await session.execute(
                text("INSERT INTO audit VALUES (1, '0', '1', 0.0, 'login', '{}')"),
            )
        with pytest.raises(DatabaseError, match="append-only"):
            async with opened.write() as session:
                await session.execute(text(statement))


def test_sqlite_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database("sqlite+aiosqlite://")
