"""/api/incidents: report, look, close; the cameras around; a preview of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from hotline import incidents, previews, render
from hotline.api import schemas
from hotline.api.access import Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.audit import iso
from hotline.domain.nearby import rank
from hotline.incidents import IncidentView, ReportIncident
from hotline.service import Service
from streams.readiness import Readiness
from streams.state import Live, Offline, Reason

router = APIRouter(prefix="/api/incidents", tags=["incidents"])

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Repeat the request with it: nothing is made twice."),
]


@router.post(
    "",
    status_code=201,
    response_model=schemas.IncidentWithCandidates,
    responses=problems(400, 401, 403, 409, 422, 503),
)
async def report_incident(
    body: schemas.NewIncident, identity: Centre, service: ServiceHere, key: IdempotencyKey = None
) -> Response:
    """Report an incident; the answer has the cameras to look through, best first."""
    view = await incidents.report_incident(
        service.database,
        ReportIncident(body.kind, body.latitude, body.longitude, body.address, body.number, body.summary),
        city=service.city.rules,
        actor=identity.actor(),
        now=service.utc(),
        key=key,
    )
    service.broker.incident_changed(view)
    limits = service.limits
    return answer(_with_candidates(service, view, limits.count, limits.radius_m), 201)


@router.get("", response_model=schemas.Incidents, responses=problems(401, 403))
async def list_incidents(
    _: Centre,
    service: ServiceHere,
    everything: Annotated[bool, Query(alias="all", description="Closed ones too.")] = False,
) -> Response:
    """Open incidents, newest first."""
    found = await incidents.list_incidents(service.database, closed_too=everything)
    return answer({"incidents": [render.incident(view) for view in found]})


@router.get(
    "/{incident}", response_model=schemas.IncidentWithCandidates, responses=problems(401, 403, 404, 422)
)
async def get_incident(
    incident: str,
    _: Centre,
    service: ServiceHere,
    limit: Annotated[int | None, Query(ge=1, le=64)] = None,
    radius_m: Annotated[int | None, Query(ge=1, le=20_000)] = None,
) -> Response:
    """One incident with the cameras around it, as they are now."""
    view = await incidents.get_incident(service.database, incident)
    limits = service.limits
    return answer(_with_candidates(service, view, limit or limits.count, radius_m or limits.radius_m))


@router.post("/{incident}/close", response_model=schemas.Incident, responses=problems(401, 403, 404, 503))
async def close_incident(incident: str, identity: Centre, service: ServiceHere) -> Response:
    """Close an incident; its shares and previews end now."""
    view, ended = await incidents.close_incident(
        service.database, incident, actor=identity.actor(), now=service.utc()
    )
    await service.shares_changed(*ended)
    service.broker.incident_changed(view)
    return answer(render.incident(view))


@router.post(
    "/{incident}/preview",
    status_code=201,
    response_model=schemas.Preview,
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)
async def open_preview(
    incident: str, body: schemas.NewPreview, identity: Centre, service: ServiceHere
) -> Response:
    """Look at candidates before sharing. Asking again renews the preview and changes its cameras."""
    actor = identity.actor()
    view = await previews.preview(
        service.database,
        incident,
        tuple(body.cameras),
        live=None if body.live is None else tuple(body.live),
        minutes=service.limits.preview_minutes,
        actor=actor,
        now=service.utc(),
    )
    await service.shares_changed(view)
    token, expires_at = service.view_token(actor.receiver, view, actor.id)
    return answer(
        {
            "share": view.id,
            "token": token,
            "expires_at": iso(expires_at),
            "ends_at": iso(view.ends_at),
            "cameras": [render.shared_camera(camera) for camera in view.cameras],
        },
        201,
    )


def _with_candidates(service: Service, view: IncidentView, limit: int, radius_m: int) -> render.Json:
    records = service.directory.records
    feeds = service.relay.feeds(service.broker.cameras())
    # Of a camera that nobody asks for only the newest check is known: it was not tried, so it is not down.
    down = {
        camera
        for camera, feed in feeds.items()
        if isinstance(feed.state, Offline) and feed.state.reason is not Reason.STOPPED
    }
    live = {camera for camera, feed in feeds.items() if isinstance(feed.state, Live)}
    sweeper = service.sweeper
    ranked = rank(
        view.place,
        records,
        limit=limit,
        radius_m=radius_m,
        down=down,
        dead=sweeper.known(Readiness.DEAD) - live,
        slow=sweeper.known(Readiness.SLOW),
    )
    candidates = []
    for number, sight in enumerate(ranked, 1):
        record = service.directory.record(sight.camera_id)
        if record is not None:
            found = sweeper.newest.get(record.id)
            candidates.append(render.candidate(number, record, sight, found))
    return {**render.incident(view), "candidates": candidates}
