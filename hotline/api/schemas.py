"""The shapes of requests and answers, with examples, as OpenAPI shows them. Types only.

Requests are strict (`schema_base.py`). Those about single cameras are in `camera_schemas.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from hotline.api.camera_schemas import Camera, Reading
from hotline.api.schema_base import Identifier, Number, Term, example


class SignIn(BaseModel):
    model_config = example(username="kim.operator", password="correct horse battery staple")  # noqa: S106 - an example
    username: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]


class NewIncident(BaseModel):
    model_config = example(
        kind="fire",
        latitude=37.629,
        longitude=126.714,
        address="김포시 북변동 전통시장",
        summary="시장 2층에서 연기",
    )
    kind: str
    latitude: Number
    longitude: Number
    address: Annotated[str, Field(max_length=200)] | None = None
    number: Annotated[str, Field(max_length=64)] | None = None
    summary: Annotated[str, Field(max_length=2000)] | None = None


class NewPreview(BaseModel):
    model_config = example(cameras=["bukbyeon-market-1", "bukbyeon-market-2"])
    cameras: Annotated[list[Identifier], Field(min_length=1, max_length=64)]
    live: (
        Annotated[
            list[Identifier],
            Field(
                max_length=64, description="Those to be watched; of the others thumbnails. All if not said."
            ),
        ]
        | None
    ) = None


class NewShare(BaseModel):
    model_config = example(
        cameras=["bukbyeon-market-1", "bukbyeon-market-2"],
        units=["gimpo-control-room"],
        minutes=60,
        purpose="dispatch",
        legal_basis="119-act-11-2-1",
    )
    cameras: Annotated[list[Identifier], Field(min_length=1, max_length=64)]
    units: Annotated[list[Identifier], Field(min_length=1, max_length=64)]
    minutes: Annotated[int, Field(ge=1, le=180)]
    purpose: str
    legal_basis: str
    overlay: Annotated[bool, Field(description="Burn the camera's name and the time into every picture.")] = (
        False
    )
    watermark: Annotated[bool, Field(description="Burn the receiving unit's name into every picture.")] = (
        False
    )


class Extension(BaseModel):
    model_config = example(minutes=30)
    minutes: Annotated[int, Field(ge=1, le=180, description="How much later it ends.")]


class LegalBasis(Term):
    article: str


class Unit(BaseModel):
    id: str
    name_ko: str
    name_en: str
    kind: Literal["control_room", "vehicle"]
    call_sign: str | None


class User(BaseModel):
    id: str
    username: str
    name: str
    role: Literal["administrator", "operator", "dispatcher", "crew"]
    unit: Unit | None


class Session(BaseModel):
    user: User
    csrf: Annotated[str, Field(description="Value of X-CSRF-Token for every unsafe request.")]


class Point(BaseModel):
    latitude: float
    longitude: float


class Place(Point):
    name_ko: str
    name_en: str


class Map(BaseModel):
    tiles: str | None


class City(BaseModel):
    name_ko: str
    name_en: str
    center: Point
    radius_km: float
    places: list[Place]
    map: Map


class Units(BaseModel):
    units: list[Unit]


class Kinds(BaseModel):
    kinds: list[Term]


class LegalBases(BaseModel):
    purposes: list[Term]
    legal_bases: list[LegalBasis]


class Candidate(BaseModel):
    rank: int
    camera: Camera
    distance_m: float
    bearing_deg: Annotated[float, Field(description="From the incident to the camera, clockwise from north.")]
    direction_ko: str
    direction_en: str
    faces: bool | None
    reason_ko: str
    reason_en: str
    readiness: Annotated[Reading | None, Field(description="What the newest check of the camera found.")]


class ShareIncident(BaseModel):
    id: str
    number: str
    kind: Term
    latitude: float
    longitude: float
    address: str | None


class Incident(ShareIncident):
    summary: str | None
    reported_at: str
    closed_at: str | None


class IncidentWithCandidates(Incident):
    candidates: list[Candidate]


class Incidents(BaseModel):
    incidents: list[Incident]


class SharedCamera(BaseModel):
    id: str
    name_ko: str
    name_en: str
    latitude: float
    longitude: float
    heading: float | None
    distance_m: float
    direction_ko: str
    direction_en: str


class Person(BaseModel):
    id: str
    name: str


class Share(BaseModel):
    id: str
    state: Literal["running", "ended", "expired"]
    incident: ShareIncident
    cameras: list[SharedCamera]
    units: list[Unit]
    purpose: Term
    legal_basis: LegalBasis
    opened_by: Person
    opened_at: str
    ends_at: str
    ended_at: str | None
    end_reason: Term | None
    overlay: bool
    watermark: bool


class Shares(BaseModel):
    shares: list[Share]


class Token(BaseModel):
    token: Annotated[str, Field(description="Bearer token for POST /whep/{camera}.")]
    expires_at: str


class Preview(Token):
    share: str
    ends_at: Annotated[str, Field(description="When it ends unless it is asked for again.")]
    cameras: list[SharedCamera]


class ViewedCamera(BaseModel):
    id: str
    name_ko: str
    name_en: str


class Viewing(BaseModel):
    viewer_id: str
    share: str
    incident: str
    camera: ViewedCamera
    receiver: str
    person: str
    address: str | None
    opened_at: str
    closed_at: str | None
    close_reason: str | None
    bytes_sent: int | None
    form: Literal["stream", "snapshot", "stills"]


class Viewings(BaseModel):
    viewings: list[Viewing]


class AuditEntry(BaseModel):
    hash: str
    entry: dict[str, Any]


class AuditEntries(BaseModel):
    entries: list[AuditEntry]


class AuditVerification(BaseModel):
    whole: bool
    entries: int
    first_bad: int | None
    reason: str | None


class Health(BaseModel):
    status: Literal["ok", "failed"]
