"""/api/health: whether the service does its work. For everybody, so it says nothing more."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from hotline.api import schemas
from hotline.api.access import ServiceHere
from hotline.api.answers import answer
from hotline.store.counters import Counter, value

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health", response_model=schemas.Health, responses={503: {"model": schemas.Health}})
async def get_health(service: ServiceHere) -> Response:
    """200 when database, relay and clocks run; 503 when one does not."""
    try:
        async with service.database.read() as session:
            await value(session, Counter.GRANTS)
    except SQLAlchemyError:
        return answer({"status": "failed"}, 503)
    failed = service.failed.is_set()
    return answer({"status": "failed" if failed else "ok"}, 503 if failed else 200)
