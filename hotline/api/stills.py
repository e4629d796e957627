"""/api/cameras/{id}/snapshot.jpg, thumbnail.jpg and masks/still.jpg: single pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from hotline.api.access import Anybody, Centre, ServiceHere
from hotline.api.answers import Responses, problems
from hotline.audit import iso
from hotline.people.signing_in import Identity
from hotline.stills import Looker
from streams.camera import ProfileName
from streams.still import Still

router = APIRouter(prefix="/api/cameras", tags=["cameras"])

_JPEG: Responses = {
    200: {
        "content": {"image/jpeg": {}},
        "description": "The picture. Picture-Taken: when, as ISO 8601 in UTC.",
    }
}


@router.get(
    "/{camera}/snapshot.jpg",
    response_class=Response,
    responses={**_JPEG, **problems(401, 404, 409, 422, 503)},
)
async def snapshot(
    camera: str,
    identity: Anybody,
    service: ServiceHere,
    share: Annotated[
        str | None, Query(max_length=64, description="Under which share or preview; the newest if not said.")
    ] = None,
    profile: ProfileName = ProfileName.MAIN,
) -> Response:
    """The camera's newest keyframe, for whoever may watch it now: the receivers of a running share, who
    opened it, whose preview it is. Each is on record as a viewing."""
    return _jpeg(await service.stills.snapshot(camera, profile, _looker(identity), share))


@router.get(
    "/{camera}/thumbnail.jpg",
    response_class=Response,
    responses={**_JPEG, **problems(401, 403, 404, 409, 422, 503)},
)
async def thumbnail(
    camera: str,
    identity: Centre,
    service: ServiceHere,
    share: Annotated[
        str | None, Query(max_length=64, description="Under which preview or share; the newest if not said.")
    ] = None,
) -> Response:
    """A small picture of a camera that one previews or shares, some seconds old at most. On record as one
    viewing as long as it is asked for again."""
    return _jpeg(await service.stills.thumbnail(camera, _looker(identity), share))


@router.get(
    "/{camera}/masks/still.jpg",
    response_class=Response,
    responses={**_JPEG, **problems(401, 403, 404, 409, 503)},
)
async def still_for_masks(camera: str, identity: Centre, service: ServiceHere) -> Response:
    """The camera's newest keyframe to draw masks on, with those it has burned in. Needs no incident; on
    record as a snapshot for that purpose."""
    return _jpeg(await service.stills.for_masks(camera, _looker(identity)))


def _looker(identity: Identity) -> Looker:
    unit = identity.unit
    return Looker(identity.actor(), unit.name_ko if unit is not None else identity.user.name)


def _jpeg(still: Still) -> Response:
    headers = {"Cache-Control": "no-store", "Picture-Taken": iso(still.taken)}
    return Response(still.jpeg, 200, headers, media_type="image/jpeg")
