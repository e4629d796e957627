"""A test card: what costs nearly nothing to make, for tests that want pictures and not a street."""

from __future__ import annotations

import math

import cv2
import numpy as np

from streams.simulator.planes import Planes, Rect

_BARS = (
    (200, 128, 128),
    (170, 44, 142),
    (130, 156, 44),
    (110, 72, 58),
    (86, 184, 198),
    (66, 100, 212),
    (40, 212, 114),
)
_SHIFTS = 61


class TestCard:
    """Colour bars with grain, so that an encoder has something to do, and a block that goes round in 4 s."""

    __test__ = False  # pytest: no test

    def __init__(self, size: tuple[int, int]) -> None:
        self._planes = Planes.blank(size)
        width, height = size
        columns = np.arange(width // 2) * len(_BARS) // (width // 2)
        bars = np.array(_BARS, np.uint8)
        self._luma = np.repeat(np.repeat(bars[columns, 0], 2)[None], height, axis=0)
        self._planes.u[:] = bars[columns, 1]
        self._planes.v[:] = bars[columns, 2]
        self._chroma = self._planes.u.copy(), self._planes.v.copy()
        grain = np.random.default_rng(1).normal(5, 4, (height + _SHIFTS, width + _SHIFTS))
        self._grain = np.clip(grain, 0, 20).astype(np.uint8)
        self._number = 0
        self._spoiled: list[Rect] = []

    def draw(self, utc: float) -> Planes:
        """The picture of the instant `utc` (Unix seconds), until the next one is drawn."""
        height, width = self._luma.shape
        for rect in self._spoiled:  # luma is drawn anew each time, colour is not
            left, top, right, bottom = (edge // 2 for edge in rect)
            part = slice(top, bottom), slice(left, right)
            self._planes.u[part], self._planes.v[part] = self._chroma[0][part], self._chroma[1][part]
        self._spoiled.clear()
        self._number += 1
        x, y = self._number * 37 % _SHIFTS, self._number * 23 % _SHIFTS
        cv2.add(self._luma, self._grain[y : y + height, x : x + width], dst=self._planes.y)
        turn = utc % 4 * math.pi / 2
        side = height // 8
        x = int(width / 2 + math.cos(turn) * height * 0.3) - side // 2
        y = int(height * 0.47 + math.sin(turn) * height * 0.3) - side // 2
        self._planes.y[y : y + side, x : x + side] = 225
        return self._planes

    def spoil(self, rect: Rect) -> None:
        """Somebody has drawn over this part of the picture; it is gone in the next one."""
        self._spoiled.append(rect)
