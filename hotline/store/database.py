"""Opening the database and the two kinds of transaction: reading and writing.

SQLite runs in WAL mode with foreign keys on; writers of this process queue in an `asyncio.Lock` instead of
polling the file's lock, writers of other processes wait by SQLite's busy time-out. Other databases need
neither. Belongs here: connections and transactions. Tables are in `models.py`, changes in `migrations/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from hotline.errors import Busy
from hotline.store.upgrade import upgrade

BUSY_S = 5.0  # how long SQLite waits for a writer of another process
WRITE_DEADLINE_S = 10.0  # how long a writer waits for the others of this process


class Database:
    """A database by SQLAlchemy's async `url`; nothing is touched before `prepare`.

    Raises `ValueError` for SQLite without a file: every connection would be another database.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._file: Path | None = None
        self._one_writer: asyncio.Lock | None = None
        if parsed.get_backend_name() == "sqlite":
            if parsed.database in (None, "", ":memory:"):
                raise ValueError("SQLite needs a file: sqlite+aiosqlite:///PATH")
            self._file = Path(str(parsed.database))
            self._one_writer = asyncio.Lock()
            self._engine = create_async_engine(
                parsed,
                pool_size=4,
                max_overflow=4,
                pool_timeout=WRITE_DEADLINE_S,
                connect_args={"timeout": BUSY_S},
            )
            _sqlite_manners(self._engine)
        else:
            self._engine = create_async_engine(parsed, pool_timeout=WRITE_DEADLINE_S, pool_pre_ping=True)
        self._writing = self._engine.execution_options(hotline_writes=True)

    async def prepare(self) -> None:
        """Makes the file, if it is one, and brings the tables to the newest revision.

        Raises `upgrade.NewerDatabase` when a newer version of this program wrote it.
        """
        if self._file is not None:
            await asyncio.to_thread(_make_file, self._file)
        await upgrade(self._engine)

    @property
    def directory(self) -> Path | None:
        """Where its file stands; None where it is no file of this machine."""
        return None if self._file is None else self._file.parent

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, for tests and tools; use cases take `read()` and `write()`."""
        return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One transaction that sees one state of the database and changes nothing."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, undone when the block raises.

        Raises `Busy` when other writers do not finish by the deadline.
        """
        if self._one_writer is None:
            async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                yield session
            return
        try:
            async with asyncio.timeout(WRITE_DEADLINE_S):
                await self._one_writer.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                try:
                    await session.connection()  # BEGIN IMMEDIATE happens here
                except OperationalError:
                    raise _busy() from None
                yield session
        finally:
            self._one_writer.release()

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()


async def open_database(url: str) -> Database:
    """The database at `url`, prepared. Raises what `Database` and `prepare` raise."""
    database = Database(url)
    try:
        await database.prepare()
    except BaseException:
        await database.close()
        raise
    return database


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)  # names and places of people's accounts: for the service alone


def _sqlite_manners(engine: AsyncEngine) -> None:
    """WAL, foreign keys, and transactions that SQLAlchemy begins itself (the driver's own are too late).

    FULL, not NORMAL: a record of who saw what must survive a power cut, and costs one fsync per change.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("hotline_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _busy() -> Busy:
    return Busy(
        "The database is busy; try again in a moment.",
        "데이터베이스가 사용 중입니다. 잠시 후 다시 시도하십시오.",
    )
