"""A test card: what costs nearly nothing to make, for tests that want pictures and not a street."""

from __future__ import annotations

import math

import numpy as np

from streams.simulator.scenes.stage import Planes

_BARS = (
    (200, 128, 128),
    (170, 44, 142),
    (130, 156, 44),
    (110, 72, 58),
    (86, 184, 198),
    (66, 100, 212),
    (40, 212, 114),
)


class TestCard:
    """Colour bars and a block that goes round once in four seconds."""

    __test__ = False  # pytest: no test

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        columns = np.arange(width // 2) * len(_BARS) // (width // 2)
        bars = np.array(_BARS, np.uint8)
        self._luma = np.repeat(np.repeat(bars[columns, 0], 2)[None], height, axis=0)
        self._u = np.repeat(bars[columns, 1][None], height // 2, axis=0)
        self._v = np.repeat(bars[columns, 2][None], height // 2, axis=0)

    def draw(self, planes: Planes, utc: float) -> None:
        """Draw the instant `utc` (Unix seconds) over the whole of the planes."""
        for plane, source in zip(planes, (self._luma, self._u, self._v), strict=True):
            np.copyto(plane, source)
        height, width = self._luma.shape
        turn = utc % 4 * math.pi / 2
        side = height // 8
        x = int(width / 2 + math.cos(turn) * height * 0.3) - side // 2
        y = int(height * 0.47 + math.sin(turn) * height * 0.3) - side // 2
        planes[0][y : y + side, x : x + side] = 225
