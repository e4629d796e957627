"""The shapes of requests and answers about single cameras: masks, readiness, turning, …. Types only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from hotline.api.schema_base import Identifier, Number, Term, example


class NewMasks(BaseModel):
    model_config = example(masks=[[[0.62, 0.1], [0.98, 0.1], [0.98, 0.55], [0.62, 0.55]]])
    masks: Annotated[
        list[Annotated[list[Annotated[list[Number], Field(max_length=8)]], Field(max_length=256)]],
        Field(max_length=256, description="Polygons of corners [x, y], 0 to 1 from the upper left."),
    ]


class NewSweep(BaseModel):
    model_config = example(cameras=["bukbyeon-market-1"])
    cameras: Annotated[list[Identifier], Field(min_length=1, max_length=10_000)] | None = None


class NewPtzLease(BaseModel):
    model_config = example(purpose="dispatch", incident=None)
    purpose: str
    incident: Annotated[Identifier | None, Field(description="What it is for, where there is one.")] = None


class PtzMove(BaseModel):
    model_config = example(pan=0.5, tilt=0.0, zoom=0.0)
    pan: Number = 0.0
    tilt: Number = 0.0
    zoom: Number = 0.0


class PtzPreset(BaseModel):
    model_config = example(preset="2")
    preset: Annotated[str, Field(min_length=1, max_length=100, description="Its token.")]


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


class Cameras(BaseModel):
    cameras: list[Camera]


class StreamReading(BaseModel):
    """One of a camera's streams."""

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


class Reading(StreamReading):
    """Of the main stream, and of the small one where it has one and was asked for it."""

    camera: str
    at: str
    sub: StreamReading | None


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


class PtzPolicy(BaseModel):
    allowed: bool
    purposes: list[Term]
    cameras: list[str]


class PtzPresetName(BaseModel):
    token: str
    name: str


class PtzLease(BaseModel):
    id: str
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
