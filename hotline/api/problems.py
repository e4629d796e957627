"""Every refusal as problem details (RFC 9457), in English and Korean, fields named; nothing of the input is
repeated, because a password may stand in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hotline.api.field_errors import field_errors
from hotline.errors import (
    Busy,
    CameraDown,
    Conflict,
    FieldError,
    Forbidden,
    HotlineError,
    Invalid,
    NotFound,
    SignInRefused,
    Stale,
    Throttled,
    Unconditional,
)

log = logging.getLogger(__name__)

_TITLES = {
    400: ("bad-request", "The request cannot be read", "요청을 읽을 수 없습니다"),
    401: ("signed-out", "Sign in first", "로그인이 필요합니다"),
    403: ("forbidden", "Not allowed", "허용되지 않습니다"),
    404: ("not-found", "There is no such thing", "찾을 수 없습니다"),
    405: ("method", "That cannot be done here", "허용되지 않는 요청 방식입니다"),
    408: ("too-slow", "The request came too slowly", "요청이 너무 느립니다"),
    409: ("conflict", "Not possible in this state", "현재 상태에서는 할 수 없습니다"),
    412: ("changed-meanwhile", "Somebody changed it meanwhile", "그 사이에 변경되었습니다"),
    413: ("too-large", "The request is too large", "요청이 너무 큽니다"),
    415: ("media-type", "That kind of content is not taken", "지원하지 않는 형식입니다"),
    422: ("invalid", "Something in the request is wrong", "요청에 잘못된 값이 있습니다"),
    428: ("if-match", "Say which state you are changing", "변경 대상의 상태를 밝혀야 합니다"),
    429: ("too-many", "Too many requests", "요청이 너무 많습니다"),
    500: ("internal", "Something went wrong here", "내부 오류가 발생했습니다"),
    503: ("busy", "Not possible right now", "지금은 처리할 수 없습니다"),
}

_STATUS: Sequence[tuple[type[HotlineError], int]] = (
    (Invalid, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Forbidden, 403),
    (SignInRefused, 401),
    (Stale, 412),
    (Unconditional, 428),
    (Throttled, 429),
    (Busy, 503),
)


def problem(
    status: int,
    *,
    detail: str | None = None,
    detail_ko: str | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer. `type` is a name, not an address: there is no page to fetch without a network."""
    slug, title, title_ko = _TITLES.get(status, ("error", "Error", "오류"))
    content: dict[str, Any] = {
        "type": f"urn:hotline:problem:{slug}",
        "title": title,
        "title_ko": title_ko,
        "status": status,
    }
    if detail is not None:
        content["detail"] = detail
        content["detail_ko"] = detail_ko if detail_ko is not None else detail
    if errors:
        content["errors"] = [
            {"field": error.field, "message": error.message, "message_ko": error.message_ko}
            for error in errors
        ]
    return Response(
        json.dumps(content, ensure_ascii=False),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


def refusal(error: HotlineError) -> Response:
    """The answer for a use case that said no."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, Throttled | CameraDown):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, Busy):
        headers["Retry-After"] = "1"
    errors = error.errors if isinstance(error, Invalid | Conflict) else ()
    return problem(status, detail=error.detail, detail_ko=error.detail_ko, errors=errors, headers=headers)


def install(app: FastAPI) -> None:
    """Makes `app` answer in this form whatever goes wrong."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HotlineError)
        return refusal(error)

    async def not_understood(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        status, errors = field_errors(error.errors())
        return problem(status, errors=errors)

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # FastAPI's own word for a body that its JSON parser gave up on: too deep, or no UTF-8.
        errors = (
            [FieldError("body", "cannot be read", "읽을 수 없습니다")] if error.status_code == 400 else []
        )
        return problem(error.status_code, errors=errors, headers=error.headers)

    async def database(_: Request, error: Exception) -> Response:
        # Not the error's text: it carries the statement's values.
        log.error("the database refused a request (%s)", type(error).__name__)
        return problem(503, headers={"Retry-After": "1"})

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(500)

    app.add_exception_handler(HotlineError, refused)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(SQLAlchemyError, database)
    app.add_exception_handler(Exception, unexpected)
