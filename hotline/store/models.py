"""The tables. Times are UTC seconds (double precision), identities are text, nothing is SQLite's alone.

Share, grant and viewing are act, right and fact: three tables. Rows that a record may point to are never
deleted; a camera, unit or user that leaves gets `removed_at`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Names of constraints, so that a later migration can drop one by its name on any database.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Common base: float is double precision, str is text of any length."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {float: Double(), str: Text()}  # noqa: RUF012 (SQLAlchemy's own declaration)


class CameraRow(Base):
    """One camera of the inventory. `sealed_password`: see `sealing.py`; addresses carry no credentials.
    `masks`: see `domain/masks.py`."""

    __tablename__ = "cameras"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ko: Mapped[str]
    name_en: Mapped[str]
    site: Mapped[str]
    purpose: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    heading: Mapped[float | None]
    field_of_view: Mapped[float | None]
    main_url: Mapped[str]
    sub_url: Mapped[str | None]
    onvif_url: Mapped[str | None]
    username: Mapped[str | None]
    sealed_password: Mapped[str | None]
    added_at: Mapped[float]
    removed_at: Mapped[float | None]
    masks: Mapped[str] = mapped_column(default="[]", server_default="[]")


class ReferenceViewRow(Base):
    """What a camera is known to see, by one light (`day`, `night`). view: see `reference_views.py`."""

    __tablename__ = "reference_views"

    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"), primary_key=True)
    light: Mapped[str] = mapped_column(String(16), primary_key=True)
    view: Mapped[bytes] = mapped_column(LargeBinary())
    learnt_at: Mapped[float]


class UnitRow(Base):
    """Who receives: a control room or a vehicle."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ko: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str] = mapped_column(String(32))
    call_sign: Mapped[str | None]
    added_at: Mapped[float]
    removed_at: Mapped[float | None]


class UserRow(Base):
    """One account of one person."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    password_hash: Mapped[str]
    added_at: Mapped[float]
    removed_at: Mapped[float | None]


class SignInRow(Base):
    """One signed-in browser. The token of its cookie is here only as SHA-256; `id` is for the record."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    address: Mapped[str | None]
    opened_at: Mapped[float]
    seen_at: Mapped[float]
    expires_at: Mapped[float]
    ended_at: Mapped[float | None]
    end_reason: Mapped[str | None] = mapped_column(String(32))


class SignInFailureRow(Base):
    """Failed sign-ins of one name, known or not; the name only as SHA-256 (people type passwords there)."""

    __tablename__ = "sign_in_failures"

    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[float] = mapped_column(index=True)


class IncidentRow(Base):
    """What 119 reports."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    latitude: Mapped[float]
    longitude: Mapped[float]
    address: Mapped[str | None]
    summary: Mapped[str | None]
    reported_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    reported_at: Mapped[float] = mapped_column(index=True)
    closed_at: Mapped[float | None]


class ShareRow(Base):
    """The act: pictures of cameras go to units, for one incident, on a legal basis, until then.

    kind: `share`, or `preview` (an operator looks at candidates; the receiver is that person).
    end_reason: `expired`, `ended`, `incident_closed`; None while it runs. overlay: camera and clock are on
    its pictures; watermark: so is who receives them.
    """

    __tablename__ = "shares"
    __table_args__ = (Index("ix_shares_running", "ended_at", "ends_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(64))
    legal_basis: Mapped[str] = mapped_column(String(64))
    opened_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[float]
    ends_at: Mapped[float]
    ended_at: Mapped[float | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))
    end_reason: Mapped[str | None] = mapped_column(String(32))
    overlay: Mapped[bool] = mapped_column(Boolean(), default=False, server_default=false())
    watermark: Mapped[bool] = mapped_column(Boolean(), default=False, server_default=false())


class ShareCameraRow(Base):
    """A camera of a share, with where it stands from the incident, as it was when the share was opened."""

    __tablename__ = "share_cameras"

    share_id: Mapped[str] = mapped_column(ForeignKey("shares.id"), primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"), primary_key=True)
    position: Mapped[int]
    distance_m: Mapped[float]
    bearing_deg: Mapped[float]


class ShareUnitRow(Base):
    """A unit that receives a share."""

    __tablename__ = "share_units"

    share_id: Mapped[str] = mapped_column(ForeignKey("shares.id"), primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), primary_key=True, index=True)
    position: Mapped[int]


class GrantRow(Base):
    """The right derived from a share: one receiver, one camera, from when to when.

    form: `stream`, which covers stills, or `stills` alone (thumbnails of candidates; no camera is kept
    running for those).
    """

    __tablename__ = "grants"
    __table_args__ = (Index("ix_grants_in_force", "revoked_at", "expires_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    share_id: Mapped[str] = mapped_column(ForeignKey("shares.id"), index=True)
    receiver: Mapped[str] = mapped_column(String(80))
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"), index=True)
    not_before: Mapped[float]
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None]
    form: Mapped[str] = mapped_column(String(16), default="stream", server_default="stream")


class ViewingRow(Base):
    """The fact: one viewer saw one camera under one grant, from when to when.

    form: `stream`, `snapshot` (one picture), or `stills` (small ones, now and then, from when to when).
    """

    __tablename__ = "viewings"

    viewer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"))
    share_id: Mapped[str] = mapped_column(ForeignKey("shares.id"), index=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"))
    receiver: Mapped[str] = mapped_column(String(80))
    person: Mapped[str] = mapped_column(String(64))
    address: Mapped[str | None]
    opened_at: Mapped[float] = mapped_column(index=True)
    closed_at: Mapped[float | None] = mapped_column(index=True)
    close_reason: Mapped[str | None]
    bytes_sent: Mapped[int | None] = mapped_column(BigInteger())
    form: Mapped[str] = mapped_column(String(16), default="stream", server_default="stream")


class PtzLeaseRow(Base):
    """The right to turn one camera, from when to when; open while `ended_at` is None: its camera may not look
    where it should."""

    __tablename__ = "ptz_leases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"))
    person: Mapped[str] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(64))
    incident_no: Mapped[str | None] = mapped_column(String(64))
    share_id: Mapped[str | None] = mapped_column(ForeignKey("shares.id"))
    preset: Mapped[str] = mapped_column(String(100))
    opened_at: Mapped[float]
    ends_at: Mapped[float]
    ended_at: Mapped[float | None] = mapped_column(index=True)
    end_reason: Mapped[str | None] = mapped_column(String(32))


class ReadingRow(Base):
    """What a sweep found of a camera's main stream (`streams/readiness.py`); `findings` with commas between.
    sub: the same of its small stream, as JSON (`readiness.py`)."""

    __tablename__ = "readings"
    __table_args__ = (Index("ix_readings_camera_at", "camera_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"))
    at: Mapped[float]
    readiness: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str]
    findings: Mapped[str]
    codec: Mapped[str | None] = mapped_column(String(32))
    profile: Mapped[str | None] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    frames_per_second: Mapped[float | None]
    first_picture_s: Mapped[float | None]
    keyframe_interval_s: Mapped[float | None]
    b_frames: Mapped[bool | None]
    sets_in_band: Mapped[bool | None]
    clock_offset_s: Mapped[float | None]
    sub: Mapped[str | None]


class AuditRow(Base):
    """One link of the record's chain. `content` is the canonical JSON the hash was taken over."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[float] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(32), index=True)
    content: Mapped[str]


class CounterRow(Base):
    """Numbers that only grow: revisions, incident numbers, the head of the record."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger())
    text: Mapped[str | None]


class IdempotencyRow(Base):
    """What a request with this key made, so that a repeated request makes nothing twice."""

    __tablename__ = "idempotency_keys"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    made: Mapped[str] = mapped_column(String(32))
    at: Mapped[float] = mapped_column(index=True)
