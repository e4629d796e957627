"""Accounts: add, list, remove, new password. Plain use cases, for the command line and the API alike.

One account per person (안전성 확보조치 기준 §5); a dispatcher's or crew's belongs to a unit. Signing in is
`signing_in.py`'s.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor, Role, user_receiver
from hotline.audit import Action, Subject, append
from hotline.domain.camera import text_faults
from hotline.errors import Conflict, FieldError, Invalid, NotFound
from hotline.identity import new_id
from hotline.people.passwords import LONGEST, SHORTEST, Passwords
from hotline.revoking import revoke_grants
from hotline.store.database import Database
from hotline.store.models import SignInRow, UnitRow, UserRow

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account as it is entered. `unit_id` is for dispatchers and crews, who must have one."""

    username: str
    name: str
    role: str
    password: str = field(repr=False)
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """An account as people see it."""

    id: str
    username: str
    name: str
    role: Role
    unit_id: str | None


def new_password() -> str:
    """A password nobody chose: 96 random bits."""
    return secrets.token_urlsafe(12)


async def add_user(
    database: Database, user: NewUser, *, actor: Actor, now: float, passwords: Passwords | None = None
) -> UserRecord:
    """Makes an account. Raises `Invalid` (fields named) or `Conflict` when the name was ever used."""
    errors = _faults(user)
    if errors:
        raise Invalid(*errors)
    encoded = await (passwords or Passwords()).hash(user.password)
    async with database.write() as session:
        if user.unit_id is not None:
            unit = await session.get(UnitRow, user.unit_id)
            if unit is None or unit.removed_at is not None:
                raise Invalid(FieldError("unit", "there is no such unit", "그런 수신처가 없습니다"))
        if await _by_name(session, user.username) is not None:
            raise Conflict(
                f"The name {user.username} is or was in use; a name is never given twice.",
                f"이름 {user.username}은(는) 이미 쓰였습니다. 한 번 쓴 이름은 다시 주지 않습니다.",
            )
        row = UserRow(
            id=new_id(),
            username=user.username,
            name=user.name,
            role=user.role,
            unit_id=user.unit_id,
            password_hash=encoded,
            added_at=now,
        )
        session.add(row)
        await session.flush()
        await _on_record(session, actor, now, "user_added", row)
        return user_record(row)


async def list_users(database: Database) -> list[UserRecord]:
    """All accounts that can sign in, by name."""
    async with database.read() as session:
        rows = await session.scalars(
            select(UserRow).where(UserRow.removed_at.is_(None)).order_by(UserRow.username)
        )
        return [user_record(row) for row in rows]


async def remove_user(database: Database, username: str, *, actor: Actor, now: float) -> None:
    """Closes an account: its sign-ins and previews end now. Raises `NotFound`."""
    async with database.write() as session:
        row = await _in_service(session, username)
        row.removed_at = now
        await _end_sign_ins(session, row.id, now, "account_removed")
        await revoke_grants(session, actor, now, "account_removed", receiver=user_receiver(row.id))
        await _on_record(session, actor, now, "user_removed", row)


async def set_password(
    database: Database,
    username: str,
    password: str,
    *,
    actor: Actor,
    now: float,
    passwords: Passwords | None = None,
) -> None:
    """Gives an account a new password and ends its sign-ins. Raises `Invalid` or `NotFound`."""
    errors = _password_faults(password, username)
    if errors:
        raise Invalid(*errors)
    encoded = await (passwords or Passwords()).hash(password)
    async with database.write() as session:
        row = await _in_service(session, username)
        row.password_hash = encoded
        await _end_sign_ins(session, row.id, now, "password_changed")
        await _on_record(session, actor, now, "password_changed", row)


def user_record(row: UserRow) -> UserRecord:
    """The row as a value, without the hash."""
    return UserRecord(row.id, row.username, row.name, Role(row.role), row.unit_id)


def normalized(username: str) -> str:
    """The one spelling of a name that people may type with capitals or spaces around it."""
    return username.strip().lower()


async def _by_name(session: AsyncSession, username: str) -> UserRow | None:
    return (await session.scalars(select(UserRow).where(UserRow.username == username))).one_or_none()


async def _in_service(session: AsyncSession, username: str) -> UserRow:
    row = await _by_name(session, username)
    if row is None or row.removed_at is not None:
        raise NotFound(f"There is no user {username}.", f"사용자 {username}이(가) 없습니다.")
    return row


async def _end_sign_ins(session: AsyncSession, user_id: str, now: float, reason: str) -> None:
    await session.execute(
        update(SignInRow)
        .where(SignInRow.user_id == user_id, SignInRow.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


async def _on_record(session: AsyncSession, actor: Actor, now: float, what: str, row: UserRow) -> None:
    detail = {"change": what, "user": row.username, "role": row.role, "unit": row.unit_id}
    await append(session, Action.CONFIG, actor, Subject(detail=detail), now)


def _faults(user: NewUser) -> list[FieldError]:
    errors = []
    if not _USERNAME.fullmatch(user.username):
        errors.append(
            FieldError(
                "username",
                "must be 1 to 64 small letters, digits, dots, hyphens, underscores, a letter or digit first",
                "소문자·숫자로 시작하는 1~64자의 소문자, 숫자, 점, 하이픈, 밑줄이어야 합니다",
            )
        )
    errors += text_faults("name", user.name)
    if user.role not in set(Role):
        errors.append(
            FieldError("role", f"must be one of {', '.join(Role)}", f"{', '.join(Role)} 중 하나여야 합니다")
        )
    elif Role(user.role).of_unit and user.unit_id is None:
        errors.append(
            FieldError("unit", f"is needed for a {user.role}", f"{user.role} 계정에는 수신처가 필요합니다")
        )
    elif not Role(user.role).of_unit and user.unit_id is not None:
        errors.append(
            FieldError(
                "unit",
                "is for dispatchers and crews only",
                "dispatcher와 crew 계정에만 수신처를 둘 수 있습니다",
            )
        )
    return errors + _password_faults(user.password, user.username)


def _password_faults(password: str, username: str) -> list[FieldError]:
    if not SHORTEST <= len(password) <= LONGEST:
        return [
            FieldError(
                "password",
                f"must have {SHORTEST} to {LONGEST} characters",
                f"{SHORTEST}~{LONGEST}자여야 합니다",
            )
        ]
    if password.lower() == username:
        return [FieldError("password", "must not be the name", "이름과 같을 수 없습니다")]
    return []
