"""/api/cameras/{id}/masks: what nobody may see of a camera's picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from hotline import inventory
from hotline.api import camera_schemas as schemas
from hotline.api.access import Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.domain.masks import Masks, etag
from hotline.errors import Unconditional

router = APIRouter(prefix="/api/cameras", tags=["cameras"])


@router.get("/{camera}/masks", response_model=schemas.Masks, responses=problems(401, 403, 404))
async def get_masks(camera: str, _: Centre, service: ServiceHere) -> Response:
    """The masks of a camera, with their ETag."""
    return _masks(await inventory.get_masks(service.database, camera))


@router.put(
    "/{camera}/masks",
    response_model=schemas.Masks,
    responses=problems(400, 401, 403, 404, 412, 422, 428, 503),
)
async def put_masks(
    camera: str,
    body: schemas.NewMasks,
    identity: Centre,
    service: ServiceHere,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="ETag of the masks that this is a change of.")
    ] = None,
) -> Response:
    """Set all masks of a camera. When this is answered, nothing leaves any more that they cover: not in a
    running view, a snapshot or a thumbnail."""
    if if_match is None:
        raise Unconditional(
            "Say with If-Match which masks you are changing.",
            "If-Match로 변경할 마스크의 상태를 밝혀야 합니다.",
        )
    masks = await inventory.set_masks(
        service.database,
        camera,
        body.masks,
        actor=identity.actor(),
        now=service.utc(),
        expected=None if if_match.strip() == "*" else if_match.strip(),
    )
    await service.reconciler.sync()
    return _masks(masks)


def _masks(masks: Masks) -> Response:
    return answer({"masks": masks}, ETag=etag(masks))
