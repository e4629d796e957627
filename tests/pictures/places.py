"""What cameras see, before anything is wrong: pictures a few seconds apart, larger than they are shown.

A camera's view is the middle part (`VIEW`) of what is drawn (`CANVAS`), so that it can be turned to what lies
beside. All is seeded: the same place gives the same pictures.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streams.simulator.camera import SimulatedCamera
from streams.simulator.planes import Pixels
from streams.simulator.scenes.catalogue import SCENES, scene_for
from streams.simulator.scenes.light import LOOKS, Light
from streams.simulator.scenes.place import Place

CANVAS = (960, 540)
VIEW = (640, 360)
STEP_S = 2.0
"""Seconds between two keyframes."""
_CLIPS = Path(os.environ.get("HOTLINE_TEST_CLIPS", "/work/shared/clips"))
_BEGIN = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A place, a light and a weather. weather: "", "rain", "headlights", "empty", "wind" or "clouds"."""

    place: str
    light: Light = Light.DAY
    weather: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return " ".join(filter(None, (self.place, self.light.value, self.weather)))

    @property
    def noise(self) -> float:
        """The sensor's, grey levels, in the picture as it is shown."""
        return LOOKS[self.light].noise / 2  # `LOOKS` has it for pictures of twice the size


def clips() -> list[str]:
    """Recorded footage that is there."""
    return sorted(path.name for path in _CLIPS.glob("*.mp4")) if _CLIPS.is_dir() else []


class Street:
    """What one camera can see: BGR pictures of `CANVAS` size, `STEP_S` apart (footage: a second, over and
    over), without noise."""

    def __init__(self, place: str, light: Light = Light.DAY) -> None:
        self._scene: Place | None = None
        if place in SCENES:
            camera = SimulatedCamera(place, place, scene=place, size=CANVAS)
            scene = scene_for(camera, light)
            assert isinstance(scene, Place)
            self._scene = scene
        self._film = _filmed(place) if self._scene is None else None
        self._number = 0

    def take(self, count: int) -> list[Pixels]:
        """The next pictures."""
        return [self._next() for _ in range(count)]

    def empty(self) -> None:
        """All who are in it go, and nobody comes any more."""
        if self._scene is not None:
            self._scene._set.lanes.clear()
            self._scene._set.walkers.clear()

    def _next(self) -> Pixels:
        if self._film is not None:
            return next(self._film)
        assert self._scene is not None
        planes = self._scene.draw(_BEGIN + self._number * STEP_S)
        self._number += 1
        return _pixels(cv2.cvtColor(planes.whole, cv2.COLOR_YUV2BGR_I420))


def weathered(seen: Seen, canvases: Iterable[Pixels]) -> list[Pixels]:
    """Pictures of a place in its weather."""
    rng = np.random.default_rng(zlib.crc32(seen.name.encode()))
    return [_weathered(picture, seen.weather, number, rng) for number, picture in enumerate(canvases)]


def _filmed(name: str) -> Iterator[Pixels]:
    while True:
        with av.open(str(_CLIPS / name)) as container:
            due = 0.0
            for frame in container.decode(video=0):
                if frame.time is None or frame.time < due:
                    continue
                due += 1.0
                yield _pixels(frame.reformat(*CANVAS, format="bgr24").to_ndarray())


def _weathered(picture: Pixels, weather: str, number: int, rng: np.random.Generator) -> Pixels:
    if weather == "rain":
        return _rain(picture, rng)
    if weather == "headlights":
        return _headlights(picture, number, rng)
    if weather == "wind":
        x, y = rng.uniform(-2.0, 2.0, 2)
        moved = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        return _pixels(cv2.warpAffine(picture, moved, CANVAS, borderMode=cv2.BORDER_REFLECT))
    if weather == "clouds":
        return _pixels(cv2.convertScaleAbs(picture, alpha=1.0 + 0.15 * math.sin(number * 0.4)))
    return picture


def _rain(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Streaks, a veil of grey, and drops on the glass that blur what is behind them."""
    streaks = np.zeros(picture.shape[:2], np.uint8)
    for x, y in rng.uniform((0, 0), CANVAS, (350, 2)):
        cv2.line(streaks, (int(x), int(y)), (int(x + 3), int(y + rng.uniform(9, 26))), 70, 1)
    veiled = cv2.addWeighted(picture, 0.78, np.full_like(picture, 120), 0.22, 0)
    wet = cv2.add(veiled, cv2.merge([streaks] * 3))
    blurred, where = cv2.GaussianBlur(wet, (0, 0), 6), np.zeros(picture.shape[:2], np.uint8)
    for x, y in np.random.default_rng(5).uniform((0, 0), CANVAS, (14, 2)):
        cv2.circle(where, (int(x), int(y)), 16, 255, -1)
    return _pixels(np.where(where[:, :, None] > 0, blurred, wet))


def _headlights(picture: Pixels, number: int, rng: np.random.Generator) -> Pixels:
    """A car comes towards the camera every few pictures, its lamps glaring over part of the view."""
    if number % 4 not in (1, 2):
        return picture
    glare = np.zeros(picture.shape[:2], np.float32)
    x, y = rng.uniform(200, 760), rng.uniform(260, 400)
    for side in (-40, 40):
        cv2.circle(glare, (int(x + side), int(y)), 26, 255.0, -1)
    glare = cv2.GaussianBlur(glare, (0, 0), 14) + 2.2 * cv2.GaussianBlur(glare, (0, 0), 70)
    return _pixels(np.clip(picture + glare[:, :, None], 0, 255))


def _pixels(values: NDArray[Any]) -> Pixels:
    """What OpenCV's and NumPy's types leave open."""
    pixels: Pixels = values.astype(np.uint8, copy=False)
    return pixels
