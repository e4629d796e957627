"""Where a simulated camera stands and what falls where in its picture. Pure geometry.

Belongs here: a pinhole camera on a pole. World axes: x right, y ahead, z up, metres, origin at the foot of
the pole.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


class View:
    """A camera `height` metres up, looking ahead, `pitch` degrees down and `yaw` degrees to the right."""

    def __init__(
        self, size: tuple[int, int], *, height: float, pitch: float, fov: float, yaw: float = 0
    ) -> None:
        self.size = size
        self.height = height
        self.width_px, self.height_px = size
        self.focal = size[0] / 2 / math.tan(math.radians(fov) / 2)
        p, w = math.radians(pitch), math.radians(yaw)
        turn = np.array([[math.cos(w), -math.sin(w), 0], [math.sin(w), math.cos(w), 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, -math.sin(p), -math.cos(p)], [0, math.cos(p), -math.sin(p)]])
        lens = np.array([[self.focal, 0, size[0] / 2], [0, self.focal, size[1] / 2], [0, 0, 1]])
        turned = tilt @ turn
        self._matrix = lens @ turned
        self._offset = self._matrix @ np.array([0, 0, height])
        self._rows = [(*map(float, row), float(o)) for row, o in zip(self._matrix, self._offset, strict=True)]
        self.horizon = size[1] / 2 - self.focal * math.tan(p)

    def scaled(self, factor: float) -> View:
        """The same view on a picture `factor` times as large."""
        other = object.__new__(View)
        other.__dict__.update(self.__dict__)
        other.size = (round(self.width_px * factor), round(self.height_px * factor))
        other.width_px, other.height_px = other.size
        other.focal = self.focal * factor
        scale = np.diag([factor, factor, 1.0])
        other._matrix, other._offset = scale @ self._matrix, scale @ self._offset
        other._rows = [
            (*map(float, row), float(o)) for row, o in zip(other._matrix, other._offset, strict=True)
        ]
        other.horizon = self.horizon * factor
        return other

    def project(self, points: Points) -> Points:
        """Pixels (n, 2) of world points (n, 3). Points at or behind the lens land far outside."""
        projected = points @ self._matrix.T - self._offset
        depth = np.maximum(projected[:, 2:], 0.2)
        pixels: Points = projected[:, :2] / depth
        return pixels

    def relative(self, points: Points) -> Points:
        """World points (n, 3) prepared for `project_at`, which moves and projects them all at once."""
        prepared: Points = points @ self._matrix.T
        return prepared

    def project_at(self, prepared: Points, x: float, y: float) -> Points:
        """Pixels (n, 2) of points prepared by `relative`, moved by x and y."""
        (a, b, _, o), (d, e, _, p), (g, h, _, q) = self._rows
        here = np.array((a * x + b * y - o, d * x + e * y - p, g * x + h * y - q))
        moved = prepared + here
        pixels: Points = moved[:, :2] / np.maximum(moved[:, 2:], 0.2)
        return pixels

    def pixel(self, x: float, y: float, z: float = 0.0) -> tuple[float, float]:
        """Pixel of one world point."""
        (a, b, c, o), (d, e, f, p), (g, h, i, q) = self._rows
        depth = max(g * x + h * y + i * z - q, 0.2)
        return (a * x + b * y + c * z - o) / depth, (d * x + e * y + f * z - p) / depth

    def depth(self, x: float, y: float, z: float = 0.0) -> float:
        """Metres from the lens along its axis; negative behind it."""
        g, h, i, q = self._rows[2]
        return g * x + h * y + i * z - q

    def scale(self, x: float, y: float, z: float = 0.0) -> float:
        """Pixels to the metre at a world point; 0 behind the lens."""
        depth = self.depth(x, y, z)
        return self.focal / depth if depth > 0.2 else 0.0

    def ground(self) -> npt.NDArray[np.float64]:
        """Homography from ground metres (x, y, 1) to pixels."""
        return np.column_stack([self._matrix[:, 0], self._matrix[:, 1], -self._offset])
