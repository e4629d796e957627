"""What makes a picture worse than the scene is: the sensor's grain, and faults of lens, mount and encoder.

Belongs here: pictures in, pictures out, before name and clock are written on them: those are the camera's own
and run on whatever its lens sees.
"""

from __future__ import annotations

import cv2
import numpy as np

from streams.simulator.fault import FaultKind
from streams.simulator.planes import Pixels, Planes

_FIELD = 61  # how far the field of grain is moved about
_TURN = 0.22  # of the picture's width, aside
_BLUR = 1 / 90  # of the picture's width


class Grain:
    """A sensor's noise, another one each time. deviation: grey levels."""

    def __init__(self, size: tuple[int, int], deviation: float) -> None:
        width, height = size
        field = np.random.default_rng(2).normal(128, deviation, (height + _FIELD, width + _FIELD))
        self._field = np.clip(np.round(field), 0, 255).astype(np.uint8)
        self._number = 0

    def lay_on(self, picture: Planes) -> None:
        """Add grain to a picture of that size."""
        height, width = picture.y.shape
        self._number += 1
        x, y = self._number * 37 % _FIELD, self._number * 23 % _FIELD
        part = self._field[y : y + height, x : x + width]
        cv2.addWeighted(picture.y, 1, part, 1, -128, dst=picture.y)


class Spoiler:
    """Spoils one camera's pictures as long as a fault of the picture lasts. One thread at a time."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._kind: FaultKind | None = None
        self._held: Planes | None = None
        self._cover = _cover(size)

    def spoil(self, picture: Planes, kind: FaultKind) -> None:
        """Change a picture in place. `kind`: one of `fault.PICTURE`."""
        if kind is not self._kind:
            self._kind, self._held = kind, None
        if kind is FaultKind.FREEZE:
            if self._held is None:
                self._held = Planes.blank(picture.size)
                self._held.whole[:] = picture.whole
            picture.whole[:] = self._held.whole
        elif kind is FaultKind.BLACK:
            picture.y[:], picture.u[:], picture.v[:] = 16, 128, 128
        elif kind is FaultKind.COVER:
            picture.y[:], picture.u[:], picture.v[:] = self._cover, 112, 148
        elif kind is FaultKind.BLUR:
            for plane, part in ((picture.y, 1), (picture.u, 2), (picture.v, 2)):
                cv2.GaussianBlur(plane, (0, 0), picture.size[0] * _BLUR / part, dst=plane)
        elif kind is FaultKind.TURN:
            for plane in (picture.y, picture.u, picture.v):
                plane[:] = np.roll(plane, round(plane.shape[1] * _TURN), axis=1)

    def rest(self) -> None:
        """Nothing is wrong any more."""
        self._kind = self._held = None


def _cover(size: tuple[int, int]) -> Pixels:
    """The luma of a hand close to the lens: soft light and shade."""
    width, height = size
    raw = np.random.default_rng(3).normal(size=(9, 16)).astype(np.float32)
    soft = cv2.resize(raw, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(95 + soft * 12, 16, 235).astype(np.uint8)
