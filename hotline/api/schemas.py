"""The shapes of requests and answers, with examples, as OpenAPI shows them. Types only.

Requests are strict: a number is a number, not its text, and a field that is not known is an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [values]})


class SignIn(BaseModel):
    model_config = _example(username="kim.operator", password="correct horse battery staple")  # noqa: S106 - an example
    username: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]


class NewIncident(BaseModel):
    model_config = _example(
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
    model_config = _example(cameras=["bukbyeon-market-1", "bukbyeon-market-2"])
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
    model_config = _example(
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
    model_config = _example(minutes=30)
    minutes: Annotated[int, Field(ge=1, le=180, description="How much later it ends.")]


class NewPtzLease(BaseModel):
    model_config = _example(purpose="dispatch", incident=None)
    purpose: str
    incident: Annotated[Identifier | None, Field(description="What it is for, where there is one.")] = None


class PtzMove(BaseModel):
    model_config = _example(pan=0.5, tilt=0.0, zoom=0.0)
    pan: Number = 0.0
    tilt: Number = 0.0
    zoom: Number = 0.0


class PtzPreset(BaseModel):
    model_config = _example(preset="2")
    preset: Annotated[str, Field(min_length=1, max_length=100, description="Its token.")]


class Term(BaseModel):
    code: str
    ko: str
    en: str


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


class Camera(BaseModel):
    id: str
    name_ko: str
    name_en: str
    site: str
    purpose: str
    latitude: float
    longitude: float
    heading: float | None
    field_of_view: float | None
    masked: Annotated[bool, Field(description="Part of its picture is covered, for everybody.")]


class Masks(BaseModel):
    masks: list[list[tuple[float, float]]]


class NewMasks(BaseModel):
    model_config = _example(masks=[[[0.62, 0.1], [0.98, 0.1], [0.98, 0.55], [0.62, 0.55]]])
    masks: Annotated[
        list[Annotated[list[Annotated[list[Number], Field(max_length=8)]], Field(max_length=256)]],
        Field(max_length=256, description="Polygons of corners [x, y], 0 to 1 from the upper left."),
    ]


class Cameras(BaseModel):
    cameras: list[Camera]


class Units(BaseModel):
    units: list[Unit]


class Kinds(BaseModel):
    kinds: list[Term]


class LegalBases(BaseModel):
    purposes: list[Term]
    legal_bases: list[LegalBasis]


class NewSweep(BaseModel):
    model_config = _example(cameras=["bukbyeon-market-1"])
    cameras: Annotated[list[Identifier], Field(min_length=1, max_length=10_000)] | None = None


class Reading(BaseModel):
    camera: str
    at: str
    result: Annotated[Term, Field(description="ready, needs_transcode, slow or dead.")]
    reason: Annotated[Term | None, Field(description="Why a dead camera gives no picture.")]
    detail: str
    findings: Annotated[list[Term], Field(description="What somebody should mend at the camera.")]
    codec: str | None
    profile: str | None
    width: int | None
    height: int | None
    frames_per_second: float | None
    first_picture_s: float | None
    keyframe_interval_s: float | None
    b_frames: bool | None
    sets_in_band: bool | None
    clock_offset_s: Annotated[float | None, Field(description="The camera's clock minus ours.")]


class Readings(BaseModel):
    camera: str
    readings: list[Reading]


class SweepResults(BaseModel):
    ready: int
    needs_transcode: int
    slow: int
    dead: int


class Sweep(BaseModel):
    id: str
    started_at: str
    total: int
    done: int
    skipped: Annotated[int, Field(description="In use, so that they were left alone.")]
    results: SweepResults
    ended_at: str | None


class CameraReadiness(BaseModel):
    camera: str
    reading: Reading | None


class ReadinessOfAll(BaseModel):
    cameras: list[CameraReadiness]
    sweep: Sweep | None


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


class PictureFinding(Term):
    since: Annotated[str, Field(description="When the first keyframe that had it arrived.")]


class WatchedPicture(BaseModel):
    camera: str
    picture: Annotated[list[PictureFinding], Field(description="What is wrong, the weightiest first.")]
    looked_at: Annotated[str | None, Field(description="When the newest keyframe looked at arrived.")] = None
    light: Literal["day", "night"] | None = None
    views: Annotated[
        list[Literal["day", "night"]], Field(description="The lights whose reference view is known.")
    ]


class WatchedPictures(BaseModel):
    cameras: list[WatchedPicture]


class FieldProblem(BaseModel):
    field: str
    message: str
    message_ko: str


class Problem(BaseModel):
    """RFC 9457, with the words in Korean beside those in English."""

    type: str
    title: str
    title_ko: str
    status: int
    detail: str | None = None
    detail_ko: str | None = None
    errors: list[FieldProblem] = []


class PtzPolicy(BaseModel):
    allowed: bool
    purposes: list[Term]
    cameras: list[str]


class PtzPresetName(BaseModel):
    token: str
    name: str


class PtzLease(BaseModel):
    camera: str
    holder: str
    mine: bool
    purpose: str
    ends_at: str
    latest_at: Annotated[str, Field(description="Until when it can be made longer.")]
    return_preset: str
    presets: list[PtzPresetName]


class PtzState(BaseModel):
    lease: PtzLease | None
    returning: bool


class PtzEnd(BaseModel):
    returned: bool | None
