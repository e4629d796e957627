"""Repeated requests make nothing twice: what a key made is remembered in the transaction that made it.

After draft-ietf-httpapi-idempotency-key-header: the same key with the same request gives the same thing; with
another request it is refused. Keys belong to the person who sent them and are forgotten after a day.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor
from hotline.audit import canonical
from hotline.errors import FieldError, Invalid
from hotline.store.models import IdempotencyRow

KEPT_S = 24 * 3600.0
LONGEST = 200


async def made_before(
    session: AsyncSession, actor: Actor, key: str | None, request: dict[str, Any]
) -> str | None:
    """The id of what this key made, or None. Raises `Invalid` when the key came with another request."""
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST:
        raise Invalid(
            FieldError("Idempotency-Key", f"must have 1 to {LONGEST} characters", f"1~{LONGEST}자여야 합니다")
        )
    row = await session.get(IdempotencyRow, (actor.id, key))
    if row is None:
        return None
    if row.request_hash != _hash(request):
        raise Invalid(
            FieldError(
                "Idempotency-Key",
                "was used for another request; take a new key for each",
                "다른 요청에 쓰인 키입니다. 요청마다 새 키를 사용하십시오",
            )
        )
    return row.made


async def remember(
    session: AsyncSession, actor: Actor, key: str | None, request: dict[str, Any], made: str, now: float
) -> None:
    """Notes what the key made, and forgets keys older than a day."""
    if key is None:
        return
    await session.execute(delete(IdempotencyRow).where(IdempotencyRow.at < now - KEPT_S))
    session.add(IdempotencyRow(user_id=actor.id, key=key, request_hash=_hash(request), made=made, at=now))


def _hash(request: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(request).encode()).hexdigest()
