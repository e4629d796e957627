"""Where vehicles and people are: lanes with followers and signals, walks to and fro. Pure but for its state.

Belongs here: motion. Each `advance` gets the seconds passed; no clock, no drawing.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from streams.simulator.scenes.light import Colour
from streams.simulator.scenes.vehicles import KINDS, Body

Point = tuple[float, float]


class Path:
    """A line on the ground, to be walked or driven along."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = list(points)
        self._starts = [0.0]
        self._headings = []
        for (x0, y0), (x1, y1) in pairwise(points):
            self._starts.append(self._starts[-1] + math.hypot(x1 - x0, y1 - y0))
            self._headings.append(math.atan2(x1 - x0, y1 - y0))
        self.length = self._starts[-1]

    def at(self, distance: float) -> tuple[float, float, float]:
        """x, y and heading (radians from +y to the right) after so many metres."""
        distance = min(max(distance, 0.0), self.length)
        i = min(bisect_right(self._starts, distance) - 1, len(self._headings) - 1)
        along = (distance - self._starts[i]) / max(1e-9, self._starts[i + 1] - self._starts[i])
        (x0, y0), (x1, y1) = self._points[i], self._points[i + 1]
        return x0 + (x1 - x0) * along, y0 + (y1 - y0) * along, self._headings[i]


@dataclass(slots=True)
class Vehicle:
    body: Body
    colour: Colour
    distance: float
    speed: float
    cruise: float
    braking: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Lights at a stop line: a cycle in seconds, green from `start` on for `green`, then 3 s of yellow."""

    cycle: float
    start: float
    green: float

    def state(self, now: float) -> str:
        """green, yellow or red."""
        phase = (now - self.start) % self.cycle
        return "green" if phase < self.green else "yellow" if phase < self.green + 3 else "red"


@dataclass(slots=True)
class Lane:
    """Vehicles one behind the other along a path. `every`: seconds between arrivals, on average."""

    path: Path
    rng: np.random.Generator
    cruise: float = 12.0
    every: float = 7.0
    stop_at: float | None = None
    signal: Signal | None = None
    kinds: Sequence[tuple[Body, float]] = KINDS
    vehicles: list[Vehicle] = field(default_factory=list)
    _wait: float = 0.0

    def advance(self, seconds: float, now: float) -> None:
        """Move everybody `seconds` on; `now` is for the signal."""
        self._wait -= seconds
        if self._wait <= 0 and (not self.vehicles or self.vehicles[-1].distance > 14):
            self._wait = float(self.rng.exponential(self.every)) + 1.6
            self.vehicles.append(self._arrival())
        closed = self.signal is not None and self.signal.state(now) != "green"
        ahead: Vehicle | None = None
        for vehicle in self.vehicles:
            free = math.inf
            if ahead is not None:
                free = (
                    ahead.distance - ahead.body.length / 2 - vehicle.distance - vehicle.body.length / 2 - 2.0
                )
            if closed and self.stop_at is not None:
                to_line = self.stop_at - vehicle.distance - vehicle.body.length / 2
                # Too near to stop in comfort: go on.
                if to_line > vehicle.speed**2 / (2 * 4.5) - 0.5 and to_line > -0.5:
                    free = min(free, to_line)
            safe = math.sqrt(max(0.0, 2 * 2.8 * max(0.0, free)))
            wanted = min(vehicle.cruise, safe)
            before = vehicle.speed
            change = min(max(wanted - before, -6.0 * seconds), 2.0 * seconds)
            vehicle.speed = max(0.0, before + change)
            vehicle.braking = change < -0.6 * seconds or vehicle.speed < 0.3
            vehicle.distance += vehicle.speed * seconds
            ahead = vehicle
        self.vehicles = [v for v in self.vehicles if v.distance < self.path.length - 0.5]

    def _arrival(self) -> Vehicle:
        weights = np.array([weight for _, weight in self.kinds])
        body = self.kinds[int(self.rng.choice(len(weights), p=weights / weights.sum()))][0]
        colour = body.colours[int(self.rng.integers(len(body.colours)))]
        cruise = self.cruise * float(self.rng.uniform(0.85, 1.12))
        return Vehicle(body, colour, 0.0, cruise * 0.9, cruise)


@dataclass(slots=True)
class Walker:
    """Somebody who goes to and fro on a path."""

    path: Path
    speed: float
    distance: float
    look: int
    tall: float = 1.7
    bicycle: bool = False
    aside: float = 0.0
    walked: float = 0.0
    back: bool = False
    pause: float = 0.0

    def advance(self, seconds: float) -> None:
        """Move `seconds` on, turning round at the ends."""
        if self.pause > 0:
            self.pause -= seconds
            return
        step = self.speed * seconds
        self.walked += step
        self.distance += -step if self.back else step
        if not 0 <= self.distance <= self.path.length:
            self.back = not self.back
            self.distance = min(max(self.distance, 0.0), self.path.length)

    @property
    def place(self) -> Point:
        x, y, heading = self.path.at(self.distance)
        return x + math.cos(heading) * self.aside, y - math.sin(heading) * self.aside


def crowd(
    rng: np.random.Generator, path: Path, count: int, *, spread: float = 1.0, child: float = 0.0
) -> list[Walker]:
    """People strolling along a path, `child` of them (0 to 1) small."""
    people = []
    for _ in range(count):
        small = rng.random() < child
        people.append(
            Walker(
                path,
                float(rng.uniform(0.8, 1.5)),
                float(rng.uniform(0, path.length)),
                int(rng.integers(1000)),
                tall=float(rng.uniform(1.2, 1.4)) if small else float(rng.uniform(1.58, 1.82)),
                aside=float(rng.uniform(-spread, spread)),
                back=bool(rng.random() < 0.5),
            )
        )
    return people
