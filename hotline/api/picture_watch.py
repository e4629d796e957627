"""/api/picture-watch: what is wrong with pictures that arrive, and accepting a camera's new view."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Response

from hotline import feeds, reference_views
from hotline.api import camera_schemas as schemas
from hotline.api.access import Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.service import Service

router = APIRouter(prefix="/api/picture-watch", tags=["picture watch"])

CameraId = Annotated[str, Path(max_length=64)]


@router.get("", response_model=schemas.WatchedPictures, responses=problems(401, 403))
async def list_watched(_: Centre, service: ServiceHere) -> Response:
    """Every camera whose picture is being looked at, those with a fault first."""
    found = [state for record in service.directory.records if (state := _state(service, record.id))]
    found.sort(key=lambda state: not state["picture"])
    return answer({"cameras": found})


@router.post(
    "/{camera}/reference-view",
    response_model=schemas.WatchedPicture,
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def accept_view(camera: CameraId, identity: Centre, service: ServiceHere) -> Response:
    """Accept what the camera sees now as its reference view; by day and by night it is learnt anew."""
    await reference_views.accept_view(
        service.database, service.watcher, camera, actor=identity.actor(), now=service.utc()
    )
    return answer(_state(service, camera) or {"camera": camera, "picture": [], "views": []})


def _state(service: Service, camera_id: str) -> feeds.Json | None:
    watched = service.watcher.watched(camera_id)
    if watched is None:
        return None
    return feeds.watched(camera_id, watched, utc=service.utc(), monotonic=time.monotonic())
