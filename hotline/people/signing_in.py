"""Signing in, staying signed in, signing out.

The cookie's token is 256 random bits, stored as SHA-256. A sign-in ends when it is not used for a while, at
its absolute limit, or at once when it is ended. A wrong name costs what a wrong password costs and gets the
same answer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sqlalchemy import delete, func, select, update

from hotline.actor import Actor, Role
from hotline.audit import Action, Subject, append
from hotline.errors import SignInRefused, Throttled
from hotline.identity import new_id
from hotline.inventory import UnitRecord, unit_record
from hotline.people.accounts import UserRecord, normalized, user_record
from hotline.people.passwords import LONGEST, Passwords
from hotline.people.throttle import Throttle
from hotline.store.database import Database
from hotline.store.models import SignInFailureRow, SignInRow, UnitRow, UserRow

SEEN_STEP_S = 60.0  # how often "seen" is written at most: not once per request
MOST_FAILING_NAMES = 10_000  # names on record as failing; a stranger may invent as many as he likes


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """idle_s: an unused sign-in ends after this. lasting_s: any sign-in ends after this."""

    idle_s: float = 3600.0
    lasting_s: float = 12 * 3600.0
    throttle: Throttle = field(default_factory=Throttle)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from. `sign_in`: the sign-in's public id; `seen_at`: UTC seconds, as recorded."""

    user: UserRecord
    unit: UnitRecord | None
    sign_in: str
    expires_at: float
    seen_at: float
    address: str | None

    @property
    def role(self) -> Role:
        """The account's role."""
        return self.user.role

    def actor(self) -> Actor:
        """This person as the record knows him."""
        return Actor(
            id=self.user.id,
            username=self.user.username,
            role=self.user.role,
            unit_id=self.user.unit_id,
            auth_method="password",
            device=self.sign_in,
            address=self.address,
        )


async def sign_in(
    database: Database,
    username: str,
    password: str,
    *,
    passwords: Passwords,
    policy: SignInPolicy,
    address: str | None,
    now: float,
) -> tuple[Identity, str]:
    """The identity and the secret token for the cookie.

    Raises `SignInRefused` (which of name and password was wrong is never said) or `Throttled`.
    """
    name = normalized(username)
    name_hash = _hash(name)
    await _take_a_try(database, name_hash, policy.throttle, now)
    async with database.read() as session:
        user = (await session.scalars(select(UserRow).where(UserRow.username == name))).one_or_none()
    usable = user is not None and user.removed_at is None and len(password) <= LONGEST
    right = await passwords.matches(user.password_hash if user and usable else None, password[:LONGEST])
    if user is None or not right:
        await _on_record(database, user, address, now)
        raise SignInRefused("Name or password is wrong.", "이름 또는 비밀번호가 올바르지 않습니다.")
    token = secrets.token_urlsafe(32)
    async with database.write() as session:
        current = await session.get(UserRow, user.id)
        if current is None or current.removed_at is not None or current.password_hash != user.password_hash:
            raise SignInRefused("Name or password is wrong.", "이름 또는 비밀번호가 올바르지 않습니다.")
        await session.execute(delete(SignInFailureRow).where(SignInFailureRow.name_hash == name_hash))
        row = SignInRow(
            token_hash=_hash(token),
            id=new_id(),
            user_id=user.id,
            address=address,
            opened_at=now,
            seen_at=now,
            expires_at=now + policy.lasting_s,
        )
        session.add(row)
        await session.flush()
        unit = await session.get(UnitRow, user.unit_id) if user.unit_id else None
        identity = _identity(row, current, unit, address)
        await append(session, Action.LOGIN, identity.actor(), Subject(), now)
    return identity, token


async def identify(
    database: Database,
    token: str,
    *,
    policy: SignInPolicy,
    address: str | None,
    now: float,
    touch: bool = True,
) -> Identity:
    """Who holds `token`. Raises `SignInRefused` when nobody does, or no longer.

    touch: counts as use, noted at most once a minute.
    """
    token_hash = _hash(token)
    statement = (
        select(SignInRow, UserRow, UnitRow)
        .join(UserRow, UserRow.id == SignInRow.user_id)
        .outerjoin(UnitRow, UnitRow.id == UserRow.unit_id)
        .where(SignInRow.token_hash == token_hash)
    )
    async with database.read() as session:
        found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise _signed_out()
    row, user, unit = found
    if (
        row.ended_at is not None
        or user.removed_at is not None
        or now >= row.expires_at
        or now - row.seen_at >= policy.idle_s
    ):
        raise _signed_out()
    identity = _identity(row, user, unit, address)
    if touch and now - row.seen_at >= SEEN_STEP_S:
        async with database.write() as session:
            await session.execute(
                update(SignInRow).where(SignInRow.token_hash == token_hash).values(seen_at=now)
            )
        identity = replace(identity, seen_at=now)
    return identity


async def sign_out(database: Database, identity: Identity, *, now: float) -> None:
    """Ends this sign-in; ending it twice is the same as once."""
    async with database.write() as session:
        ended = await session.execute(
            update(SignInRow)
            .where(SignInRow.id == identity.sign_in, SignInRow.ended_at.is_(None))
            .values(ended_at=now, end_reason="signed_out")
            .returning(SignInRow.id)
        )
        if ended.first() is not None:
            await append(session, Action.LOGOUT, identity.actor(), Subject(), now)


async def still_signed_in(
    database: Database, sign_ins: Collection[str], *, used: Collection[str], policy: SignInPolicy, now: float
) -> set[str]:
    """Which of `sign_ins` (public ids) stand; those in `used` count as used now."""
    statement = (
        select(SignInRow)
        .join(UserRow, UserRow.id == SignInRow.user_id)
        .where(
            SignInRow.id.in_(sign_ins),
            SignInRow.ended_at.is_(None),
            SignInRow.expires_at > now,
            SignInRow.seen_at > now - policy.idle_s,
            UserRow.removed_at.is_(None),
        )
    )
    async with database.read() as session:
        rows = list(await session.scalars(statement))
    stale = [row.id for row in rows if row.id in used and now - row.seen_at >= SEEN_STEP_S]
    if stale:
        async with database.write() as session:
            await session.execute(update(SignInRow).where(SignInRow.id.in_(stale)).values(seen_at=now))
    return {row.id for row in rows}


async def _take_a_try(database: Database, name_hash: str, throttle: Throttle, now: float) -> None:
    """Counts the try before it is looked at, so that a hundred at once are not a hundred free guesses.

    A right password takes the count away again. Raises `Throttled`.
    """
    async with database.write() as session:
        row = await session.get(SignInFailureRow, name_hash)
        if row is not None:
            wait = throttle.wait(row.failures, row.last_at, now)
            if wait > 0:
                raise _throttled(wait)
            row.failures, row.last_at = throttle.one_more(row.failures, row.last_at, now), now
            return
        forgotten = SignInFailureRow.last_at < now - throttle.pause_s
        await session.execute(delete(SignInFailureRow).where(forgotten))
        known = await session.scalar(select(func.count()).select_from(SignInFailureRow))
        if known is not None and known >= MOST_FAILING_NAMES:
            oldest = select(SignInFailureRow.name_hash).order_by(SignInFailureRow.last_at).limit(100)
            names = (await session.scalars(oldest)).all()
            await session.execute(delete(SignInFailureRow).where(SignInFailureRow.name_hash.in_(names)))
        session.add(SignInFailureRow(name_hash=name_hash, failures=1, last_at=now))


async def _on_record(database: Database, user: UserRow | None, address: str | None, now: float) -> None:
    async with database.write() as session:
        # A name that is nobody's is not written down: people type passwords into the wrong field.
        actor = Actor(
            id=user.id if user is not None else "unknown",
            username=user.username if user is not None else "unknown",
            role=None,
            unit_id=user.unit_id if user is not None else None,
            address=address,
        )
        subject = Subject(reason="sign_in_refused")
        await append(session, Action.DENY, actor, subject, now, result="refused")


def _identity(row: SignInRow, user: UserRow, unit: UnitRow | None, address: str | None) -> Identity:
    return Identity(
        user=user_record(user),
        unit=unit_record(unit) if unit is not None else None,
        sign_in=row.id,
        expires_at=row.expires_at,
        seen_at=row.seen_at,
        address=address,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _throttled(wait: float) -> Throttled:
    seconds = int(wait) + 1
    return Throttled(
        f"Too many wrong passwords; try again in {seconds} s.",
        f"비밀번호를 여러 번 틀렸습니다. {seconds}초 후에 다시 시도하십시오.",
        seconds,
    )


def _signed_out() -> SignInRefused:
    return SignInRefused("Sign in first.", "먼저 로그인하십시오.")
