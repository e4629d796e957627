"""How an endpoint declares and gives its answer: JSON that no cache keeps, problems in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from hotline.api.schema_base import Problem

Responses = dict[int | str, dict[str, Any]]

_WORDS = {
    400: "Not JSON",
    401: "Nobody is signed in",
    403: "The role may not, or the request is not from our page",
    404: "No such thing, or none of yours",
    409: "Not possible in this state",
    412: "Changed since; load it again",
    422: "A field is wrong; `errors` says which",
    428: "If-Match is missing",
    429: "Too many; see Retry-After",
    503: "The database is busy; see Retry-After",
}


def problems(*statuses: int) -> Responses:
    """OpenAPI's words for the refusals an endpoint may give."""
    return {status: {"model": Problem, "description": _WORDS[status]} for status in statuses}


def answer(content: Mapping[str, Any], status: int = 200, **headers: str) -> JSONResponse:
    """An answer with what the caller may see now: nobody may keep it. headers: more of them."""
    return JSONResponse(content, status, {"Cache-Control": "no-store", **headers})
