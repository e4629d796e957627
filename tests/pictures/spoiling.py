"""Faults, put into pictures: what a broken encoder, a hand, a can of paint or a loose screw does.

Each gives BGR pictures of `VIEW` size of a canvas; all is seeded by the caller's generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.simulator.planes import Pixels
from tests.pictures.places import CANVAS, VIEW

Rng = np.random.Generator
Spoil = Callable[[Pixels], Pixels]
"""A canvas to what the camera shows of it."""


def view(canvas: NDArray[Any]) -> Pixels:
    """As the camera should see it."""
    left, top = (CANVAS[0] - VIEW[0]) // 2, (CANVAS[1] - VIEW[1]) // 2
    shown: Pixels = canvas[top : top + VIEW[1], left : left + VIEW[0]]
    return shown


def black(rng: Rng, variant: int) -> Spoil:
    """No signal, or a dead sensor's own dark."""
    level = (0, 5, 8)[variant % 3]
    return lambda canvas: np.full((VIEW[1], VIEW[0], 3), level, np.uint8)


def defocused(rng: Rng, variant: int) -> Spoil:
    """The lens out of focus: a disk, or a Gaussian as of dew and dirt."""
    if variant % 2:
        radius = int(rng.integers(6, 14))
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(np.float32)
        return lambda canvas: view(cv2.filter2D(canvas, -1, disk / disk.sum()))
    sigma = float(rng.uniform(3.5, 9.0))
    return lambda canvas: view(cv2.GaussianBlur(canvas, (0, 0), sigma))


def moved(rng: Rng, variant: int) -> Spoil:
    """Turned aside, up or down, or hanging askew."""
    angle, across, down = 0.0, 0.0, 0.0
    if variant % 3 == 0:
        across = float(rng.choice([-1, 1]) * rng.uniform(40, 150))
    elif variant % 3 == 1:
        down = float(rng.choice([-1, 1]) * rng.uniform(30, 80))
    else:
        angle = float(rng.choice([-1, 1]) * rng.uniform(5, 14))
    turn = cv2.getRotationMatrix2D((CANVAS[0] / 2, CANVAS[1] / 2), angle, 1.0)
    turn[:, 2] += np.array([across, down])
    return lambda canvas: view(cv2.warpAffine(canvas, turn, CANVAS, borderMode=cv2.BORDER_REFLECT))


def covered(rng: Rng, variant: int) -> Spoil:
    """A hand, paint, tape, or a bag over the lens."""
    paint = (_hand, _paint, _tape, _bag)[variant % 4]
    cover, where = paint(rng)

    def spoil(canvas: Pixels) -> Pixels:
        shown = view(canvas).astype(np.float32)
        mixed = shown * (1 - where[:, :, None]) + cover * where[:, :, None]
        mixed_pixels: Pixels = np.clip(mixed, 0, 255).astype(np.uint8)
        return mixed_pixels

    return spoil


Shade = NDArray[np.float32]
Cover = tuple[Shade, Shade]


def _soft(shade: Shade, sigma: float) -> Shade:
    return cv2.GaussianBlur(shade, (0, 0), sigma).astype(np.float32, copy=False)


def _cloudy(rng: Rng, sigma: float) -> Shade:
    """Soft random shading, mean 0 and deviation 1."""
    raw = rng.normal(size=(VIEW[1], VIEW[0])).astype(np.float32)
    soft = cv2.GaussianBlur(raw, (0, 0), sigma)
    shade: Shade = (soft - soft.mean()) / soft.std()
    return shade


def _tinted(colour: Sequence[float] | NDArray[np.float64], shade: Shade) -> Shade:
    return np.array(colour, np.float32) + shade[:, :, None]


def _hand(rng: Rng) -> Cover:
    """Too near to be sharp, light between the fingers at one edge."""
    cover = _tinted((60, 85, 130), _cloudy(rng, 40) * 14 + _cloudy(rng, 12) * 3)
    where = np.ones((VIEW[1], VIEW[0]), np.float32)
    x = int(rng.uniform(0, VIEW[0]))
    cv2.line(where, (x, 0), (x + int(rng.uniform(-80, 80)), VIEW[1]), 0.35, int(rng.uniform(10, 50)))
    return cover, _soft(where, 14)


def _paint(rng: Rng) -> Cover:
    """Sprayed: one colour, ragged at the rim, a corner left."""
    cover = _tinted(rng.uniform(20, 220, 3), _cloudy(rng, 30) * 5)
    reach = _cloudy(rng, 25) * 30 + 1.0 * np.linspace(260, -40, VIEW[0], dtype=np.float32)[None, :]
    where = (reach > 0).astype(np.float32)
    return cover, _soft(where, 5)


def _tape(rng: Rng) -> Cover:
    """Strips over the glass, their seams dimly seen."""
    level = float(rng.uniform(25, 190))
    cover = _tinted((int(level),) * 3, _cloudy(rng, 8) * 1.5)
    for y in range(int(rng.uniform(20, 80)), VIEW[1], 90):
        cv2.line(cover, (0, y), (VIEW[0], y + 12), (level * 0.8,) * 3, 5)
    cover = _soft(cover, 5)
    where = np.ones((VIEW[1], VIEW[0]), np.float32)
    where[: int(rng.uniform(0, 40))] = 0
    return cover, _soft(where, 4)


def _bag(rng: Rng) -> Cover:
    """Plastic: bright, some folds, a little of the light behind comes through."""
    cover = _tinted((205, 208, 210), _cloudy(rng, 50) * 16 + _cloudy(rng, 14) * 6)
    return cover, np.full((VIEW[1], VIEW[0]), 0.95, np.float32)


SPOILS: dict[str, Callable[[Rng, int], Spoil]] = {
    "black": black,
    "covered": covered,
    "defocused": defocused,
    "moved": moved,
}
"""Faults of the view. Frozen is one of time, and made where pictures follow each other."""
