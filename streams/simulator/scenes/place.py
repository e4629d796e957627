"""A place put together: its backdrop, its traffic, its people, its fire, drawn in order of distance.

Belongs here: what all places share. Each place is a function in `places/` that fills in a `Set`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from streams.simulator.planes import Planes, Rect
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.fire import Fire
from streams.simulator.scenes.light import Look
from streams.simulator.scenes.people import People
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.traffic import Lane, Vehicle, Walker
from streams.simulator.scenes.vehicles import Vehicles
from streams.simulator.scenes.view import View

Extra = Callable[[Stage, float], None]


@dataclass(slots=True)
class Set:
    """What a place consists of besides its backdrop.

    `extras` are drawn before the traffic (signals, water), each with the stage and Unix seconds.
    """

    lanes: list[Lane] = field(default_factory=list)
    walkers: list[Walker] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)


class Place:
    """One place, seen by one camera, living on from call to call."""

    # Not watched for longer than this, the street goes on from where it was.
    _LONGEST_STEP = 2.0
    _WARM_UP_S = 45.0

    def __init__(self, backdrop: Backdrop, view: View, furnishing: Set, fire: Fire | None) -> None:
        picture, front, metres = backdrop.finish()
        self.look: Look = backdrop.look
        self._view = view
        self._stage = Stage(picture, front)
        self._set = furnishing
        light: dict[tuple[int, int], tuple[float, float, float]] = {}

        def light_at(x: float, y: float) -> tuple[float, float, float]:
            key = (int(x), int(y))
            if key not in light:
                light[key] = backdrop.light_at(*key)
            return light[key]

        self._vehicles = Vehicles(self._stage, view, self.look, light_at)
        self._people = People(self._stage, view, self.look, light_at)
        self._fire = fire
        if fire is not None:
            fire.prepare(self._stage, metres)
        self._last: float | None = None

    def draw(self, utc: float) -> Planes:
        """The picture of the instant `utc` (Unix seconds), until the next one is drawn."""
        self._advance(utc)
        stage = self._stage
        stage.begin()
        for extra in self._set.extras:
            extra(stage, utc)
        self._draw_traffic(utc)
        if self._fire is not None:
            self._fire.draw(utc)
        return stage.finish()

    def spoil(self, rect: Rect) -> None:
        """Somebody has drawn over this part of the picture; it is gone in the next one."""
        self._stage.spoil(rect)

    def _advance(self, utc: float) -> None:
        if self._last is None:
            seconds, now = self._WARM_UP_S, utc - self._WARM_UP_S
        else:
            seconds = min(max(utc - self._last, 0.0), self._LONGEST_STEP)
            now = utc - seconds
        self._last = utc
        while seconds > 1e-6:
            step = min(seconds, 0.2)
            now += step
            for lane in self._set.lanes:
                lane.advance(step, now)
            for walker in self._set.walkers:
                walker.advance(step)
            seconds -= step

    def _draw_traffic(self, utc: float) -> None:
        actors: list[tuple[float, Callable[[], None]]] = []
        for lane in self._set.lanes:
            for vehicle in lane.vehicles:
                x, y, heading = lane.path.at(vehicle.distance)
                self._vehicles.beam(vehicle.body, x, y, heading)
                actors.append((y, _vehicle(self._vehicles, vehicle, x, y, heading)))
        for walker in self._set.walkers:
            x, y = walker.place
            actors.append((y, _person(self._people, walker, x, y)))
        actors.sort(key=lambda actor: -actor[0])
        for _, draw in actors:
            draw()


def _vehicle(vehicles: Vehicles, vehicle: Vehicle, x: float, y: float, heading: float) -> Callable[[], None]:
    return lambda: vehicles.draw(vehicle.body, vehicle.colour, x, y, heading, braking=vehicle.braking)


def _person(people: People, walker: Walker, x: float, y: float) -> Callable[[], None]:
    return lambda: people.draw(x, y, walker.walked, walker.look, tall=walker.tall, bicycle=walker.bicycle)
