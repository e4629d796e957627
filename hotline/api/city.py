"""/api/city, cameras, units, and the lists people choose from."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hotline import inventory, render
from hotline.api import camera_schemas, schemas
from hotline.api.access import Anybody, Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.domain.kinds import KINDS
from hotline.domain.law import LEGAL_BASES, PURPOSES

router = APIRouter(prefix="/api", tags=["city"])


@router.get("/city", response_model=schemas.City, responses=problems(401))
async def get_city(_: Anybody, service: ServiceHere) -> Response:
    """The city, its named places and its map."""
    city = service.city
    centre = city.rules.centre
    return answer(
        {
            "name_ko": city.name_ko,
            "name_en": city.name_en,
            "center": {"latitude": centre.latitude, "longitude": centre.longitude},
            "radius_km": city.radius_km,
            "places": [
                {
                    "name_ko": place.name.ko,
                    "name_en": place.name.en,
                    "latitude": place.latitude,
                    "longitude": place.longitude,
                }
                for place in city.places
            ],
            "map": {"tiles": city.tiles},
        }
    )


@router.get("/cameras", response_model=camera_schemas.Cameras, responses=problems(401, 403))
async def get_cameras(_: Centre, service: ServiceHere) -> Response:
    """All cameras in service: where they stand, never how they are reached."""
    return answer({"cameras": [render.camera(record) for record in service.directory.records]})


@router.get("/units", response_model=schemas.Units, responses=problems(401, 403))
async def get_units(_: Centre, service: ServiceHere) -> Response:
    """All units that can receive."""
    return answer({"units": [render.unit(each) for each in await inventory.list_units(service.database)]})


@router.get("/kinds", response_model=schemas.Kinds, responses=problems(401))
async def get_kinds(_: Anybody) -> Response:
    """Kinds of incident."""
    return answer({"kinds": [render.term(each) for each in KINDS.values()]})


@router.get("/legal-bases", response_model=schemas.LegalBases, responses=problems(401))
async def get_legal_bases(_: Anybody) -> Response:
    """Purposes and legal bases of a share, with their articles."""
    return answer(
        {
            "purposes": [render.term(each) for each in PURPOSES.values()],
            "legal_bases": [render.legal_basis(each) for each in LEGAL_BASES.values()],
        }
    )
