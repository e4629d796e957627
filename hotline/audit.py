"""The record: who did what, when, from where, on which legal basis. Append-only, chained by hash.

Each entry holds the hash of the one before, so that a change, a deletion or a different order shows at the
first entry it touches. An entry is written in the transaction of the act itself: no act without entry, no
entry without act. Never a secret in it. Fields: 안전성 확보조치 기준 §2 3호; 표준 개인정보 보호지침 §42, §47.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor
from hotline.store.counters import Counter, locked
from hotline.store.models import AuditRow

GENESIS = "0" * 64
_BATCH = 1000


class Action(StrEnum):
    """What can be on record."""

    LOGIN = "login"
    LOGOUT = "logout"
    DENY = "deny"
    INCIDENT_OPEN = "incident_open"
    INCIDENT_CLOSE = "incident_close"
    SHARE_START = "share_start"
    SHARE_CHANGE = "share_change"
    SHARE_END = "share_end"
    GRANT = "grant"
    REVOKE = "revoke"
    VIEW_START = "view_start"
    VIEW_END = "view_end"
    SNAPSHOT = "snapshot"
    CONFIG = "config"
    PTZ = "ptz"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was about; what does not apply stays None and is left out.

    subject_scope: whom the pictures may show, in words (a scene has no list of names). form: how pictures
    were given. period: from and to, UTC seconds. detail: further facts, JSON-ready, free of secrets.
    """

    incident_no: str | None = None
    share: str | None = None
    legal_basis: str | None = None
    purpose: str | None = None
    cameras: tuple[str, ...] = ()
    camera_place: str | None = None
    area: str | None = None
    subject_scope: str | None = None
    receiver_org: tuple[str, ...] = ()
    form: str | None = None
    period: tuple[float, float] | None = None
    bytes_sent: int | None = None
    reason: str | None = None
    detail: dict[str, Any] | None = None


STREAMING = "실시간 스트리밍"
STILL = "정지 영상"


async def append(
    session: AsyncSession,
    action: Action,
    actor: Actor,
    subject: Subject,
    now: float,
    *,
    result: str = "ok",
) -> int:
    """Writes one entry in the caller's transaction and returns its number. `now`: UTC seconds."""
    head = await locked(session, Counter.AUDIT)
    seq, prev_hash = head.value + 1, head.text or GENESIS
    content = canonical(_entry(seq, prev_hash, action, actor, subject, now, result))
    digest = hashlib.sha256(content.encode()).hexdigest()
    session.add(
        AuditRow(seq=seq, prev_hash=prev_hash, hash=digest, at=now, action=action.value, content=content)
    )
    head.value, head.text = seq, digest
    await session.flush()
    return seq


def canonical(entry: dict[str, Any]) -> str:
    """JSON of one form only: sorted names, no spaces, UTF-8, no NaN (after RFC 8785)."""
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found. `first_bad` is the number of the first entry that is wrong, or was expected."""

    entries: int
    first_bad: int | None = None
    reason: str | None = None

    @property
    def whole(self) -> bool:
        """Whether the chain is unbroken from the first entry to the head."""
        return self.first_bad is None


async def verify(session: AsyncSession) -> Verification:
    """Recomputes the whole chain. An entry cut off the end shows against the counter's head."""
    expected, prev_hash = 1, GENESIS
    while True:
        rows = (
            await session.scalars(
                select(AuditRow).where(AuditRow.seq >= expected).order_by(AuditRow.seq).limit(_BATCH)
            )
        ).all()
        for row in rows:
            fault = _fault(row, expected, prev_hash)
            if fault is not None:
                return Verification(expected - 1, expected, fault)
            expected, prev_hash = expected + 1, row.hash
        session.expunge_all()
        if len(rows) < _BATCH:
            break
    head = await locked(session, Counter.AUDIT)
    if head.value != expected - 1 or (head.text or GENESIS) != prev_hash:
        return Verification(expected - 1, expected, "entries are missing at the end")
    return Verification(expected - 1)


def _fault(row: AuditRow, expected: int, prev_hash: str) -> str | None:
    if row.seq != expected:
        return "an entry is missing"
    if row.prev_hash != prev_hash:
        return "the entry does not follow the one before"
    if hashlib.sha256(row.content.encode()).hexdigest() != row.hash:
        return "the entry was changed"
    entry = json.loads(row.content)
    kept = (entry.get("seq"), entry.get("prev_hash"), entry.get("action"), entry.get("ts_utc"))
    if kept != (row.seq, row.prev_hash, row.action, iso(row.at)):
        return "the entry's columns do not say what its content says"
    return None


def iso(seconds: float) -> str:
    """UTC seconds as ISO 8601 with milliseconds and Z."""
    moment = datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entry(
    seq: int, prev_hash: str, action: Action, actor: Actor, subject: Subject, now: float, result: str
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "seq": seq,
        "prev_hash": prev_hash,
        "ts_utc": iso(now),
        "ts_mono": round(time.monotonic(), 3),  # orders entries of one run whatever the wall clock does
        "actor_id": actor.id,
        "actor": actor.username,
        "actor_org": actor.unit_id,
        "role": actor.role.value if actor.role is not None else None,
        "auth_method": actor.auth_method,
        "device_id": actor.device,
        "src_ip": actor.address,
        "action": action.value,
        "incident_no": subject.incident_no,
        "share": subject.share,
        "legal_basis_code": subject.legal_basis,
        "purpose": subject.purpose,
        "camera_id": list(subject.cameras) or None,
        "camera_place": subject.camera_place,
        "area": subject.area,
        "subject_scope": subject.subject_scope,
        "receiver_org": list(subject.receiver_org) or None,
        "form": subject.form,
        "from": iso(subject.period[0]) if subject.period else None,
        "to": iso(subject.period[1]) if subject.period else None,
        "bytes": subject.bytes_sent,
        "result": result,
        "reason": subject.reason,
        "detail": subject.detail,
        "app_version": _version(),
    }
    return {name: value for name, value in entry.items() if value is not None}


@cache
def _version() -> str:
    try:
        return version("hotline")
    except PackageNotFoundError:  # run from a tree that was never installed
        return "unknown"
