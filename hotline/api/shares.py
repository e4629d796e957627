"""/api/shares and /api/incidents/{id}/shares: open, look, extend, end; a viewing token for who receives."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from hotline import render, shares
from hotline.api import schemas
from hotline.api.access import Anybody, Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.api.incidents import IdempotencyKey
from hotline.audit import iso
from hotline.domain.sharing import OpenShare
from hotline.errors import Conflict
from hotline.people.signing_in import Identity
from hotline.service import Service
from hotline.share_view import SHARE, ShareView

router = APIRouter(prefix="/api", tags=["shares"])


@router.post(
    "/incidents/{incident}/shares",
    status_code=201,
    response_model=schemas.Share,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def open_share(
    incident: str,
    body: schemas.NewShare,
    identity: Centre,
    service: ServiceHere,
    key: IdempotencyKey = None,
) -> Response:
    """Share cameras with units for a time. When this is answered, the relay lets them in already."""
    view = await shares.open_share(
        service.database,
        incident,
        OpenShare(
            tuple(body.cameras),
            tuple(body.units),
            body.minutes,
            body.purpose,
            body.legal_basis,
            overlay=body.overlay,
            watermark=body.watermark,
        ),
        max_minutes=service.limits.max_minutes,
        actor=identity.actor(),
        now=service.utc(),
        key=key,
    )
    await service.shares_changed(view)
    return answer(render.share(view), 201)


@router.get("/shares", response_model=schemas.Shares, responses=problems(401, 422))
async def list_shares(
    identity: Anybody,
    service: ServiceHere,
    state: Annotated[Literal["running", "over"] | None, Query()] = None,
) -> Response:
    """Shares, newest first: all for the centre, those of the own unit for the others."""
    if not identity.role.of_centre and identity.user.unit_id is None:
        return answer({"shares": []})
    found = await shares.list_shares(
        service.database,
        now=service.utc(),
        unit_id=None if identity.role.of_centre else identity.user.unit_id,
        running=None if state is None else state == "running",
    )
    return answer({"shares": [render.share(view) for view in found]})


@router.get("/shares/{share}", response_model=schemas.Share, responses=problems(401, 404))
async def get_share(share: str, identity: Anybody, service: ServiceHere) -> Response:
    """One share that the asker opened, receives, or watches over."""
    return answer(render.share(await _mine(service, share, identity)))


@router.post(
    "/shares/{share}/extend",
    response_model=schemas.Share,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def extend_share(
    share: str,
    body: schemas.Extension,
    identity: Centre,
    service: ServiceHere,
    key: IdempotencyKey = None,
) -> Response:
    """Let a running share end later."""
    await _shared(service, share)
    view = await shares.extend_share(
        service.database,
        share,
        body.minutes,
        max_minutes=service.limits.max_minutes,
        actor=identity.actor(),
        now=service.utc(),
        key=key,
    )
    await service.shares_changed(view)
    return answer(render.share(view))


@router.post("/shares/{share}/end", response_model=schemas.Share, responses=problems(401, 403, 404, 503))
async def end_share(share: str, identity: Centre, service: ServiceHere) -> Response:
    """End a share; its viewers are cut before this is answered. Ending it twice is the same as once."""
    await _shared(service, share)
    view = await shares.end_share(service.database, share, actor=identity.actor(), now=service.utc())
    await service.shares_changed(view)
    return answer(render.share(view))


@router.post(
    "/shares/{share}/token",
    status_code=201,
    response_model=schemas.Token,
    responses=problems(401, 403, 404, 409),
)
async def issue_token(share: str, identity: Anybody, service: ServiceHere) -> Response:
    """A token to watch a running share's cameras with; for its receivers, and reusable until it expires."""
    actor = identity.actor()
    view = await _mine(service, share, identity)
    if actor.receiver not in view.receivers:
        raise shares.no_such_share()
    if not view.running:
        raise Conflict("The share is over.", "끝난 공유입니다.")
    token, expires_at = service.view_token(actor.receiver, view, actor.id)
    return answer({"token": token, "expires_at": iso(expires_at)}, 201)


async def _mine(service: Service, share_id: str, identity: Identity) -> ShareView:
    """The share, if the asker may know of it; a preview is its owner's alone."""
    view = await shares.get_share(service.database, share_id, now=service.utc())
    known = (
        view.opened_by == identity.user.id
        if view.kind != SHARE
        else identity.role.of_centre or identity.actor().receiver in view.receivers
    )
    if not known:
        raise shares.no_such_share()
    return view


async def _shared(service: Service, share_id: str) -> None:
    """Raises `NotFound` unless it is a share; previews are renewed and left to end."""
    view = await shares.get_share(service.database, share_id, now=service.utc())
    if view.kind != SHARE:
        raise shares.no_such_share()
