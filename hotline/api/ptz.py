"""/api/ptz and /api/cameras/{id}/ptz: whether cameras may be turned; a lease; turn, stop, presets.

Off unless the city's policy allows it (`domain/ptz.py`), for the roles it names, one person at a time.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from hotline import render
from hotline.api import camera_schemas as schemas
from hotline.api.access import Anybody, ServiceHere
from hotline.api.answers import answer, problems
from hotline.audit import iso
from hotline.domain.ptz import Velocity
from hotline.people.signing_in import Identity
from hotline.ptz_head import Held
from hotline.service import Service

router = APIRouter(prefix="/api", tags=["ptz"])


@router.get("/ptz", response_model=schemas.PtzPolicy, responses=problems(401))
async def get_policy(identity: Anybody, service: ServiceHere) -> Response:
    """Whether the asker may turn cameras, what for, and which ones may have a head that turns."""
    policy = service.ptz.policy
    allowed = policy.may(identity.role)
    return answer(
        {
            "allowed": allowed,
            "purposes": [render.term(term) for term in policy.terms] if allowed else [],
            "cameras": [
                record.id
                for record in service.directory.records
                if allowed and identity.role.of_centre and record.onvif_url is not None and not record.masks
            ],
        }
    )


@router.get("/cameras/{camera}/ptz/lease", response_model=schemas.PtzState, responses=problems(401, 403))
async def get_lease(camera: str, identity: Anybody, service: ServiceHere) -> Response:
    """Who turns a camera now."""
    service.ptz.check(identity.actor())
    held = service.ptz.held(camera)
    lease = None if held is None or held.closing is not None else _lease(service, held, identity)
    return answer({"lease": lease, "returning": held is not None and held.closing is not None})


@router.post(
    "/cameras/{camera}/ptz/lease",
    status_code=201,
    response_model=schemas.PtzLease,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def open_lease(
    camera: str, body: schemas.NewPtzLease, identity: Anybody, service: ServiceHere
) -> Response:
    """Take a camera over, for a purpose and a time, alone. Asking again makes the time longer."""
    held = await service.ptz.open(camera, body.purpose, body.incident, identity.actor())
    return answer(_lease(service, held, identity), 201)


@router.delete(
    "/cameras/{camera}/ptz/lease", response_model=schemas.PtzEnd, responses=problems(401, 403, 503)
)
async def end_lease(camera: str, identity: Anybody, service: ServiceHere) -> Response:
    """Give a camera back: it is stopped and turned back. `returned` is null while that is still tried."""
    ended = await service.ptz.release(camera, identity.actor())
    return answer({"returned": None if ended is None else ended.returned})


@router.post(
    "/cameras/{camera}/ptz/move",
    response_model=schemas.PtzLease,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def move(camera: str, body: schemas.PtzMove, identity: Anybody, service: ServiceHere) -> Response:
    """Turn for a second at most; repeat it while it shall go on. Each value -1 to 1."""
    velocity = Velocity(body.pan, body.tilt, body.zoom)
    return answer(_lease(service, await service.ptz.move(camera, velocity, identity.actor()), identity))


@router.post(
    "/cameras/{camera}/ptz/stop",
    response_model=schemas.PtzLease,
    responses=problems(401, 403, 409, 503),
)
async def stop(camera: str, identity: Anybody, service: ServiceHere) -> Response:
    """Stand still."""
    return answer(_lease(service, await service.ptz.stop(camera, identity.actor()), identity))


@router.post(
    "/cameras/{camera}/ptz/preset",
    response_model=schemas.PtzLease,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def goto_preset(
    camera: str, body: schemas.PtzPreset, identity: Anybody, service: ServiceHere
) -> Response:
    """Turn to a view that the camera remembers."""
    held = await service.ptz.goto_preset(camera, body.preset, identity.actor())
    return answer(_lease(service, held, identity))


def _lease(service: Service, held: Held, identity: Identity) -> render.Json:
    mine = held.lease.holder == identity.user.id
    return {
        "id": held.lease.id,
        "camera": held.lease.camera,
        "holder": held.context.username,
        "mine": mine,
        "purpose": held.lease.purpose,
        "ends_at": iso(service.ptz.until(held)),
        "latest_at": iso(service.ptz.latest(held)),
        "return_preset": held.preset,
        "presets": [{"token": each.token, "name": each.name} for each in held.presets] if mine else [],
    }
