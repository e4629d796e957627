"""The labelled set: cameras, what their keyframes show, and from which keyframe on what is wrong.

Two halves that share no place: thresholds were chosen by looking at `TUNED` alone, and what is promised is
measured on `TESTED`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streams.simulator.planes import Pixels
from streams.simulator.scenes.catalogue import SCENES
from streams.simulator.scenes.light import Light
from streams.watch.fault import PictureFault
from streams.watch.look import Look, look_at
from streams.watch.reference import LOOKS
from tests.pictures.coding import Sensor
from tests.pictures.places import Seen, Street, clips, weathered
from tests.pictures.spoiling import SPOILS, view

TUNED = ("road", "market", "school", "station", "car-detection.mp4")
TESTED = ("junction", "alley", "park", "waterway", "rural", "person.mp4")
FAULTY = 3
"""Keyframes within which a fault must be found."""
_GOOD = 24
_VARIANTS = 2
_QUANTIZERS = (24, 27, 30, 33)


@dataclass(frozen=True, slots=True)
class Case:
    """One fault at one camera: `good` keyframes first, then `bad` ones."""

    fault: PictureFault
    good: tuple[Look, ...]
    bad: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One camera: what its view is learnt from, what is good all along, and what goes wrong."""

    name: str
    lesson: tuple[Look, ...]
    good: tuple[Look, ...]
    cases: tuple[Case, ...]


def scenarios(places: tuple[str, ...]) -> Iterator[Scenario]:
    """All scenarios of some places; footage that is not there is left out."""
    for place in places:
        if place in SCENES:
            yield from _drawn(place)
        elif place in clips():
            canvases = Street(place).take(LOOKS + 4 * _GOOD)
            yield _scenario(Seen(place), canvases[:LOOKS], canvases[LOOKS:], faults=True)


def _drawn(place: str) -> Iterator[Scenario]:
    dark = Light.INFRARED if SCENES[place].infrared else Light.NIGHT
    evening: list[tuple[Light, list[Pixels]]] = []
    for light in (Light.DAY, Light.DUSK, dark):
        street = Street(place, light)
        lesson, fair = street.take(LOOKS), street.take(_GOOD)
        street.empty()
        yield _scenario(Seen(place, light), lesson, fair, faults=True)
        yield _scenario(Seen(place, light, "empty"), lesson, street.take(_GOOD), faults=True)
        yield _scenario(Seen(place, light, "rain"), lesson, fair, faults=False)
        if light is Light.DAY:
            yield _scenario(Seen(place, light, "wind"), lesson, fair, faults=False)
            yield _scenario(Seen(place, light, "clouds"), lesson, fair, faults=False)
        if light is dark:
            yield _scenario(Seen(place, light, "headlights"), lesson, fair, faults=True)
        evening.append((light, lesson + fair[: _GOOD // 2]))
    yield _evening(place, evening)


def _scenario(seen: Seen, lesson: list[Pixels], fair: list[Pixels], *, faults: bool) -> Scenario:
    """The view is learnt in fair weather: what rain changes must not count as part of it."""
    seed = zlib.crc32(seen.name.encode())
    rng = np.random.default_rng(seed)
    camera = _Camera(seen, seed)
    taught = tuple(camera.look(view(canvas)) for canvas in lesson)
    canvases = weathered(seen, fair)
    whole = tuple(camera.look(view(canvas)) for canvas in canvases)
    cases = [
        _case(camera, fault, canvases, whole, rng, variant)
        for fault in PictureFault
        for variant in range(_VARIANTS)
        if faults
    ]
    return Scenario(seen.name, taught, whole, tuple(cases))


def _evening(place: str, lights: list[tuple[Light, list[Pixels]]]) -> Scenario:
    """A view learnt at noon, then dusk, then night: never a fault."""
    seed = zlib.crc32(place.encode())
    looks: list[Look] = []
    for light, canvases in lights:
        camera = _Camera(Seen(place, light), seed)
        looks += [camera.look(view(canvas)) for canvas in canvases]
    return Scenario(f"{place} evening", tuple(looks[:LOOKS]), tuple(looks[LOOKS:]), ())


class _Camera:
    def __init__(self, seen: Seen, seed: int) -> None:
        self.qp = _QUANTIZERS[seed // 7 % len(_QUANTIZERS)]
        drawn = seen.place in SCENES  # footage has its own noise
        self.sensor = Sensor(seen.noise if drawn else 0.0, named=seed % 3 > 0, seed=seed)

    def look(self, picture: Pixels) -> Look:
        return self.again(self.sensor.grain(picture))

    def again(self, picture: Pixels) -> Look:
        """Without new grain."""
        return look_at(self.sensor.keyframe(picture, self.qp))


def _case(
    camera: _Camera,
    fault: PictureFault,
    canvases: list[Pixels],
    whole: tuple[Look, ...],
    rng: np.random.Generator,
    variant: int,
) -> Case:
    # Which picture of the sequence it happens at, and which kind of cover, differ from case to case.
    start = int(rng.integers(FAULTY, len(canvases) - FAULTY))
    after = canvases[start : start + FAULTY]
    if fault is PictureFault.FROZEN:
        last = camera.sensor.grain(view(after[0]))
        bad = tuple(camera.again(last) for _ in after)
    else:
        spoil = SPOILS[fault.value](rng, int(rng.integers(12)) * _VARIANTS + variant)
        bad = tuple(camera.look(spoil(canvas)) for canvas in after)
    return Case(fault, whole[start - FAULTY : start], bad)
