"""What every command needs: settings, the database, the key store, the actor, a language, and errors in one
sentence each.

Passwords come from the environment, standard input or a prompt, never from an argument: arguments are seen by
everybody on the machine and stay in the shell's history.
"""

from __future__ import annotations

import functools
import getpass
import os
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
import uvloop

from config.settings import Settings, SettingsError, load
from hotline.actor import Actor, command_line
from hotline.errors import HotlineError

if TYPE_CHECKING:
    from hotline.sealing import KeyStore
    from hotline.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_FILE = Path("hotline.toml")


def korean() -> bool:
    """Whether to speak Korean: HOTLINE_LANGUAGE, else the terminal's own language."""
    names = ("HOTLINE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "").startswith("ko")


def say(english: str, in_korean: str) -> str:
    """The one of the two that the person reads."""
    return in_korean if korean() else english


def config_option(command: Callable[P, T]) -> Callable[P, T]:
    """`--config FILE`, read and checked; the command gets `settings`."""
    return click.option(
        "-c",
        "--config",
        "settings",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="HOTLINE_CONFIG",
        callback=_read,
        help="Settings file (TOML); `hotline settings` prints one with every default.",
    )(command)


def _read(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Settings:
    if path is None and DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
    if path is None:
        return Settings()
    try:
        return load(path)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def actor() -> Actor:
    """Who is on the record for what this command does."""
    return command_line(getpass.getuser())


def asynchronous(command: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Runs a coroutine function as a command; each refusal becomes one sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return uvloop.run(command(*args, **kwargs))
        except HotlineError as error:
            raise click.ClickException(say(error.detail, error.detail_ko)) from None

    return run


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings, at its newest revision. Raises `click.ClickException`."""
    from sqlalchemy.exc import SQLAlchemyError

    from hotline.store.database import open_database
    from hotline.store.upgrade import NewerDatabase

    try:
        database = await open_database(settings.storage.database_url)
    except NewerDatabase as error:
        raise click.ClickException(str(error)) from None
    except (OSError, SQLAlchemyError) as error:
        # Not the error's own text: an address of a database may hold a password.
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise click.ClickException(
            say(
                f"the database cannot be opened ({reason}); check [storage] in the settings, and its rights",
                f"데이터베이스를 열 수 없습니다 ({reason}). 설정의 [storage]와 권한을 확인하십시오",
            )
        ) from None
    try:
        yield database
    finally:
        await database.close()


def key_store(settings: Settings) -> KeyStore:
    """The key store of the settings, made at its first use. Raises `click.ClickException`."""
    from hotline.sealing import KeyStoreError, open_key_store

    try:
        return open_key_store(settings.secrets.key_file)
    except KeyStoreError as error:
        raise click.ClickException(str(error)) from None


def ask_password(variable: str, prompt: str, *, confirm: bool = False) -> str:
    """A password: from the environment `variable`, else asked for, else the first line of standard input."""
    password = os.environ.get(variable)
    if password is None and sys.stdin.isatty():
        password = str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm))
    elif password is None:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.ClickException(
            say(
                f"no password; set {variable}, or give it on standard input",
                f"비밀번호가 없습니다. {variable}에 두거나 표준 입력으로 주십시오",
            )
        )
    return password


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side; a Korean letter takes two cells of a terminal."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(_cells(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            text + " " * (width - _cells(text)) for text, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
