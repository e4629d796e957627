"""/api/viewings, /api/audit: what happened. For the centre; checking the whole record for administrators."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from hotline import audit, render, viewings
from hotline.api import schemas
from hotline.api.access import Administrator, Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.store.models import AuditRow

router = APIRouter(prefix="/api", tags=["records"])

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/viewings", response_model=schemas.Viewings, responses=problems(401, 403, 422))
async def list_viewings(
    _: Centre,
    service: ServiceHere,
    limit: Limit = 200,
    share: Annotated[str | None, Query(max_length=64)] = None,
    going_on: Annotated[bool, Query(alias="open", description="Only those that go on now.")] = False,
) -> Response:
    """Who saw which camera, from when to when; newest first."""
    found = await viewings.list_viewings(service.database, limit=limit, share=share, open_only=going_on)
    return answer({"viewings": [render.viewing(view) for view in found]})


@router.get("/audit", response_model=schemas.AuditEntries, responses=problems(401, 403, 422))
async def list_audit(
    _: Centre,
    service: ServiceHere,
    limit: Limit = 200,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Entries before this number.")] = None,
) -> Response:
    """The record, newest first, each entry with its hash."""
    statement = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditRow.seq < before)
    async with service.database.read() as session:
        rows = list(await session.scalars(statement))
    return answer({"entries": [{"hash": row.hash, "entry": json.loads(row.content)} for row in rows]})


@router.get("/audit/verification", response_model=schemas.AuditVerification, responses=problems(401, 403))
async def verify_audit(_: Administrator, service: ServiceHere) -> Response:
    """Checks the chain from its first entry to its head."""
    async with service.database.read() as session:
        found = await audit.verify(session)
    return answer(
        {
            "whole": found.whole,
            "entries": found.entries,
            "first_bad": found.first_bad,
            "reason": found.reason,
        }
    )
