"""/api/readiness: is every camera ready for a fire that may come; the history of one; a sweep on command."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from hotline import readiness, render
from hotline.api import camera_schemas as schemas
from hotline.api.access import Centre, ServiceHere
from hotline.api.answers import answer, problems

router = APIRouter(prefix="/api", tags=["readiness"])


@router.get("/readiness", response_model=schemas.ReadinessOfAll, responses=problems(401, 403))
async def get_readiness(_: Centre, service: ServiceHere) -> Response:
    """The newest reading of every camera, and how far the newest sweep has come."""
    sweeper = service.sweeper
    return answer(
        {
            "cameras": [
                {"camera": record.id, "reading": render.reading(sweeper.newest.get(record.id))}
                for record in service.directory.records
            ],
            "sweep": render.sweep(sweeper.progress),
        }
    )


@router.get(
    "/cameras/{camera}/readiness", response_model=schemas.Readings, responses=problems(401, 403, 404, 422)
)
async def get_camera_readiness(
    camera: str,
    _: Centre,
    service: ServiceHere,
    limit: Annotated[int, Query(ge=1, le=readiness.KEPT_EACH)] = 50,
) -> Response:
    """A camera's readings, the newest first."""
    found = await readiness.history(service.database, camera, limit)
    return answer({"camera": camera, "readings": [render.reading(each) for each in found]})


@router.post(
    "/readiness/sweep",
    status_code=202,
    response_model=schemas.Sweep,
    responses=problems(400, 401, 403, 409, 422, 503),
)
async def start_sweep(
    identity: Centre, service: ServiceHere, body: schemas.NewSweep | None = None
) -> Response:
    """Check all cameras now, or those named; on the record. Progress comes in the events (`readiness`)."""
    chosen = body.cameras if body is not None else None
    progress = await service.sweeper.start(chosen, identity.actor())
    return answer(render.sweep(progress) or {}, 202)
