"""Brings a database to the newest revision of the tables, at start, without Alembic's command line."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabase(RuntimeError):
    """The database has a revision that this version of the program does not know."""


async def upgrade(engine: AsyncEngine) -> None:
    """Applies what is missing, in one transaction. Raises `NewerDatabase`."""
    async with engine.connect() as connection:
        if await connection.run_sync(_is_current):
            return
    async with engine.execution_options(hotline_writes=True).begin() as connection:
        await connection.run_sync(_upgrade)


def config() -> Config:
    """Alembic's configuration for our migrations, also for `alembic revision` by a developer."""
    result = Config()
    result.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return result


def _is_current(connection: Connection) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(config())
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise NewerDatabase(
            "the database was written by a newer version of Hotline; run that version, or restore a backup"
        )
    return current == script.get_current_head()


def _upgrade(connection: Connection) -> None:
    alembic = config()
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")
