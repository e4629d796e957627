"""WHEP over HTTP: requests in, answers out. Thin.

Belongs here: routes, headers, reading a body within bounds, problem details (RFC 9457). Not here: what any
of it means (`relay/whep.py`, `relay/relay.py`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from relay import whep
from relay.errors import OfferRefused, Refused
from relay.grant import Grant
from relay.offer import MAX_BODY
from relay.relay import Relay
from relay.settings import RelaySettings
from relay.throttle import Allowance, Failures
from relay.token import ViewToken
from relay.wish import LACKS
from streams.camera import ProfileName

_TITLES_KO = {
    400: "잘못된 요청",
    401: "시청 권한 확인 필요",
    404: "찾을 수 없음",
    406: "보낼 수 없는 형식",
    408: "요청 시간 초과",
    409: "카메라 연결 끊김",
    412: "이전 상태의 요청",
    413: "요청이 너무 큼",
    415: "지원하지 않는 형식",
    428: "If-Match 필요",
    429: "시청 요청 초과",
    503: "일시적으로 사용할 수 없음",
}

_Handler = Callable[..., Awaitable[Response]]


def whep_router(relay: Relay, prefix: str = "/whep") -> APIRouter:
    """`POST {prefix}/{camera}?profile=main|sub` and the resources that it creates."""
    router = APIRouter(prefix=prefix, tags=["whep"])
    failures = Failures()
    offers = _Offers(relay.settings)

    def authenticate(request: Request, camera: str) -> tuple[str | None, ViewToken, Grant]:
        """The bearer token, good for `camera`: as it came, what is in it, and the grant that it is good by.

        Raises `Refused`: 401, 404; 429 after too many failures.
        """
        text = whep.bearer(request.headers.get("authorization"))
        try:
            bearer, grant = relay.check(camera, text)
        except Refused as refused:
            address = request.client.host if request.client is not None else ""
            wait = failures.note(address, time.monotonic()) if refused.status == 401 else None
            if wait is not None:
                raise Refused(429, "too many attempts without a valid token", wait) from None
            raise
        return text, bearer, grant

    @router.post("/{camera}", status_code=201, response_class=Response)
    @_problems
    async def watch(request: Request, camera: str, profile: str = "main") -> Response:
        """Watch a camera: SDP offer in, SDP answer and the viewer's resource out."""
        text, bearer, grant = authenticate(request, camera)
        offers.count(bearer.receiver, grant.id, time.monotonic())
        whep.demand_type(request.headers.get("content-type"), whep.SDP)
        if profile not in tuple(ProfileName):
            raise OfferRefused(400, "profile is main or sub")
        body = await _read(request, relay.body_deadline_s)
        admission = await relay.admit(camera, text, body, ProfileName(profile))
        response = Response(admission.answer, 201, media_type=whep.SDP)
        response.headers["Location"] = whep.location(prefix, camera, admission.viewer_id)
        response.headers["ETag"] = admission.etag
        response.headers["Accept-Patch"] = whep.FRAGMENT
        response.headers["Cache-Control"] = "no-store"
        for link in (*admission.links, whep.layer_link(response.headers["Location"])):
            response.headers.append("Link", link)
        return response

    @router.get("/{camera}", response_class=Response)
    @router.head("/{camera}", response_class=Response, include_in_schema=False)
    async def discover(camera: str) -> Response:
        """Says that this is a WHEP endpoint; the same for every camera, known or not."""
        return Response(status_code=200, media_type=whep.SDP)

    @router.options("/{camera}", response_class=Response)
    async def options(camera: str) -> Response:
        """What can be done here."""
        return Response(
            status_code=200,
            headers={"Allow": "POST, GET, HEAD, OPTIONS", "Accept-Post": whep.SDP},
        )

    @router.patch("/{camera}/{viewer}", response_class=Response)
    @_problems
    async def update(request: Request, camera: str, viewer: str) -> Response:
        """Trickle ICE (204) or ICE restart (200)."""
        text, _, _ = authenticate(request, camera)
        relay.etag(camera, viewer)  # 404 before the body is read
        whep.demand_type(request.headers.get("content-type"), whep.FRAGMENT)
        fragment = whep.parse_fragment(await _read(request, relay.body_deadline_s))
        # From here to the answer in one step: of two restarts of one generation the second is told 412.
        etag = relay.etag(camera, viewer)
        restart = relay.is_restart(camera, viewer, fragment)
        whep.demand_match(request.headers.get("if-match"), etag, restart=restart)
        answered = relay.restart(camera, viewer, text, fragment)
        if answered is None:
            return Response(status_code=204)
        answer, etag = answered
        return Response(answer, 200, media_type=whep.FRAGMENT, headers={"ETag": etag})

    @router.post("/{camera}/{viewer}/layer", response_class=Response)
    @_problems
    async def layer(request: Request, camera: str, viewer: str) -> Response:
        """Pin a quality, or ask for less: `{"rid": "main"|"sub"|null, "maxWidth": pixels|null, "hidden":
        true|false}`, each optional. Answers with the wish in force, the rendition `active` under it, and in
        `lack` why that is not the one pinned, if so."""
        text, _, _ = authenticate(request, camera)
        whep.demand_type(request.headers.get("content-type"), whep.JSON)
        wish, active, lack = relay.wish(camera, viewer, text, await _read(request, relay.body_deadline_s))
        in_force: dict[str, object] = {
            "rid": wish.pinned,
            "maxWidth": wish.max_width,
            "hidden": wish.hidden,
            "active": active,
        }
        if lack is not None:
            english, korean = LACKS[lack]
            in_force["lack"] = {"reason": lack.value, "detail": english, "detail_ko": korean}
        return Response(json.dumps(in_force, ensure_ascii=False), 200, media_type=whep.JSON)

    @router.delete("/{camera}/{viewer}", response_class=Response)
    @_problems
    async def end(camera: str, viewer: str) -> Response:
        """End a viewer at once. Its unguessable address is the right to do so: a page that goes away cannot
        always send its token."""
        relay.delete(camera, viewer)
        return Response(status_code=200)

    @router.get("/{camera}/{viewer}", status_code=204, response_class=Response)
    @router.head("/{camera}/{viewer}", response_class=Response, include_in_schema=False)
    @_problems
    async def look(camera: str, viewer: str) -> Response:
        """Whether the viewer is still there."""
        return Response(status_code=204, headers={"ETag": relay.etag(camera, viewer)})

    @router.options("/{camera}/{viewer}", response_class=Response)
    async def viewer_options(camera: str, viewer: str) -> Response:
        """What can be done with a viewer."""
        return Response(
            status_code=200,
            headers={"Allow": "PATCH, DELETE, GET, HEAD, OPTIONS", "Accept-Patch": whep.FRAGMENT},
        )

    return router


class _Offers:
    """How often somebody with a good token may ask to watch."""

    def __init__(self, settings: RelaySettings) -> None:
        most = settings.max_viewers_per_grant
        self._by_grant = Allowance(4 * most, settings.offers_per_s / 10)
        self._by_receiver = Allowance(32 * most, settings.offers_per_s)

    def count(self, receiver: str, grant: str, now: float) -> None:
        """One more. Raises `Refused` 429 when it is one too many."""
        wait = self._by_grant.take(grant, now) or self._by_receiver.take(receiver, now)
        if wait is not None:
            raise Refused(429, "too many offers, one after the other", wait)


async def _read(request: Request, deadline: float) -> bytes:
    """The body, at most `MAX_BODY` bytes of it. Raises `OfferRefused` 413 or 400, `Refused` 408."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:12]) > MAX_BODY:
        raise OfferRefused(413, f"a body has at most {MAX_BODY} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(deadline):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise OfferRefused(413, f"a body has at most {MAX_BODY} bytes")
    except TimeoutError:
        raise Refused(408, "the body came too slowly") from None
    except ClientDisconnect:
        raise OfferRefused(400, "the body is not whole: the client hung up") from None
    return bytes(body)


def _problems(handler: _Handler) -> _Handler:
    """Answer what the relay refuses as problem details."""

    @wraps(handler)
    async def answered(*args: object, **kwargs: object) -> Response:
        try:
            return await handler(*args, **kwargs)
        except OfferRefused as refused:
            return _problem(refused.status, refused.detail, {})
        except Refused as refused:
            headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
            if refused.status == 401:
                headers["WWW-Authenticate"] = 'Bearer realm="whep"'
            return _problem(refused.status, refused.detail, headers)

    return answered


def _problem(status: int, detail: str, headers: dict[str, str]) -> Response:
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "title_ko": _TITLES_KO[status],
        "status": status,
        "detail": detail,
    }
    if status in (408, 413):
        headers = {**headers, "Connection": "close"}  # the rest of the body is not wanted
    return Response(
        json.dumps(problem, ensure_ascii=False), status, headers, media_type="application/problem+json"
    )
