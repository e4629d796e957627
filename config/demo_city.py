"""The demo city read from `demo_city.toml`: its places, cameras, units and the incident that is reported.

Belongs here: frozen records and the reading of the file. No sign-in is in it. How a camera's pictures come
about is `streams/simulator/`'s, what the records become in the database is `hotline/demo/`'s.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Latitude = Annotated[float, Field(ge=33, le=39)]
Longitude = Annotated[float, Field(ge=124, le=132)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Text = Annotated[str, Field(min_length=1, max_length=120)]


class DemoCityError(ValueError):
    """The file cannot be used. The text has one line per fault."""


class Record(BaseModel):
    """Common to all records: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DemoPlace(Record):
    """A named place on the map. WGS84 degrees."""

    name_ko: Text
    name_en: Text
    latitude: Latitude
    longitude: Longitude


class DemoCamera(Record):
    """A camera: where it hangs, where it looks, what it shows and how it encodes.

    `heading`: degrees clockwise from north, `field_of_view`: degrees; both None where not known.
    """

    id: Identifier
    name_ko: Text
    name_en: Text
    site: Text
    purpose: Text
    latitude: Latitude
    longitude: Longitude
    heading: Annotated[float, Field(ge=0, lt=360)] | None = None
    field_of_view: Annotated[float, Field(gt=0, le=360)] | None = None
    scene: Text
    fps: Annotated[float, Field(ge=0.2, le=60)] = 10.0
    gop_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    profile: Literal["baseline", "main", "high"] = "baseline"


class DemoUnit(Record):
    """Who receives: a control room or a vehicle."""

    id: Identifier
    name_ko: Text
    name_en: Text
    kind: Literal["control_room", "vehicle"]
    call_sign: Text


class DemoIncident(Record):
    """What is reported in the demo. `kind` is a code of the incident kinds."""

    kind: Identifier
    latitude: Latitude
    longitude: Longitude
    address_ko: Text
    address_en: Text
    summary_ko: Text
    summary_en: Text


class DemoCity(Record):
    """The whole city. `latitude` and `longitude` are its centre, `radius_km` how far it reaches."""

    name_ko: Text
    name_en: Text
    latitude: Latitude
    longitude: Longitude
    radius_km: Annotated[float, Field(gt=0, le=200)]
    incident: DemoIncident
    places: tuple[DemoPlace, ...]
    cameras: tuple[DemoCamera, ...]
    units: tuple[DemoUnit, ...]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for what in (self.cameras, self.units):
            ids = [record.id for record in what]
            if twice := {one for one in ids if ids.count(one) > 1}:
                raise ValueError(f"the id {sorted(twice)[0]!r} is given twice")
        return self


def load_demo_city(path: Path | None = None) -> DemoCity:
    """The demo city of the package, or of another file. Raises DemoCityError, OSError."""
    file = path or Path(__file__).with_name("demo_city.toml")
    try:
        return DemoCity.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise DemoCityError(f"{file.name}: {error}") from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise DemoCityError("\n".join(faults)) from None
