"""Which scenes there are, and how each camera's own is made.

Belongs here: the table of places with where their cameras hang, and putting one together.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from streams.simulator.camera import SimulatedCamera
from streams.simulator.planes import Planes, Rect
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.card import TestCard
from streams.simulator.scenes.fire import Fire
from streams.simulator.scenes.light import LOOKS, Light, light_at
from streams.simulator.scenes.place import Place, Set
from streams.simulator.scenes.places import (
    alley,
    junction,
    market,
    park,
    road,
    rural,
    school,
    station,
    waterway,
)
from streams.simulator.scenes.view import View


class Scene(Protocol):
    """One place, seen by one camera."""

    def draw(self, utc: float) -> Planes:
        """The picture of the instant `utc` (Unix seconds), until the next one is drawn. The caller may draw
        over it where it says so by `spoil`."""

    def spoil(self, rect: Rect) -> None:
        """Somebody has drawn over this part of the picture; it is gone in the next one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of place: who draws it, how its cameras hang, whether they have infrared lamps."""

    build: Callable[[Backdrop], Set]
    height: float = 6.5
    pitch: float = 11.0
    fov: float = 72.0
    yaw: float = 0.0
    kerb: float = 11.0
    infrared: bool = False
    seat: tuple[float, float, float] | None = None


TEST_CARD = "card"
SCENES: dict[str, Kind] = {
    "road": Kind(road.build, yaw=-5.0),
    "junction": Kind(junction.build, height=8.0, pitch=14.0, fov=78.0, kerb=14.0),
    "market": Kind(market.build, height=5.2, pitch=11.0, fov=70.0, kerb=7.0, seat=market.SEAT),
    "alley": Kind(alley.build, height=5.4, pitch=11.0, fov=70.0, kerb=5.0, infrared=True),
    "school": Kind(school.build, height=5.8, pitch=11.0, fov=74.0, kerb=9.0),
    "park": Kind(park.build, height=5.5, pitch=9.5, fov=72.0, kerb=12.0, infrared=True),
    "station": Kind(station.build, height=7.0, pitch=11.5, fov=74.0, kerb=14.0),
    "waterway": Kind(waterway.build, height=6.0, pitch=8.5, fov=70.0, yaw=9.0, kerb=14.0),
    "rural": Kind(rural.build, height=6.5, pitch=9.5, fov=70.0, kerb=14.0, infrared=True),
}


def light_for(camera: SimulatedCamera, utc: float) -> Light:
    """The light of the hour at a camera. Raises KeyError for an unknown scene."""
    if camera.scene == TEST_CARD:
        return Light.DAY
    infrared = SCENES[camera.scene].infrared
    return light_at((utc / 3600 + camera.utc_offset_h) % 24, has_infrared=infrared)


def scene_for(camera: SimulatedCamera, light: Light) -> Scene:
    """The scene of a camera in a light, which takes a good part of a second. Raises KeyError for an unknown
    scene."""
    if camera.scene == TEST_CARD:
        return TestCard(camera.size)
    kind = SCENES[camera.scene]
    rng = np.random.default_rng(zlib.crc32(camera.id.encode()))
    # No two poles are alike.
    view = View(
        camera.size,
        height=kind.height * float(rng.uniform(0.94, 1.08)),
        pitch=kind.pitch + float(rng.uniform(-1.0, 1.0)),
        fov=kind.fov + float(rng.uniform(-3, 3)),
        yaw=kind.yaw + float(rng.uniform(-2, 2)),
    )
    backdrop = Backdrop(view, LOOKS[light], rng)
    furnishing = kind.build(backdrop)
    for lane in furnishing.lanes:
        lane.every *= 2.2 if backdrop.look.dark else 1.3  # fewer are out at night
    fire = None
    if camera.fire is not None:
        fire = Fire(view, LOOKS[light], camera.fire, kerb=kind.kerb, seat=kind.seat)
    return Place(backdrop, view, furnishing, fire)
