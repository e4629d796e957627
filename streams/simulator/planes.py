"""A picture as encoders want it: luma and two chroma planes of half size, in one piece of memory.

Belongs here: the memory and the views on it. What is drawn comes from `scenes/` and `caption.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Rect = tuple[int, int, int, int]  # left, top, right, bottom; all even


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture, I420. `whole` is the memory, (height · 3/2, width); `y`, `u` and `v` are views on it."""

    whole: Pixels
    y: Pixels
    u: Pixels
    v: Pixels

    @classmethod
    def blank(cls, size: tuple[int, int]) -> Planes:
        """A black picture of an even size (width, height)."""
        width, height = size
        whole = np.full((height * 3 // 2, width), 128, np.uint8)
        flat, area, half = whole.reshape(-1), width * height, (height // 2, width // 2)
        planes = cls(
            whole,
            flat[:area].reshape(height, width),
            flat[area : area * 5 // 4].reshape(half),
            flat[area * 5 // 4 :].reshape(half),
        )
        planes.y[:] = 16
        return planes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.y.shape[1], self.y.shape[0]

    def scale_to(self, other: Planes) -> None:
        """Fill another picture with this one."""
        # By area is best, and cheap where whole pixels go into one; else it costs five times as much as
        # linear, which leaves nothing out as long as the picture shrinks by less than half.
        ratio = self.size[0] / other.size[0]
        how = cv2.INTER_LINEAR if 1 < ratio < 2 else cv2.INTER_AREA
        for source, target in ((self.y, other.y), (self.u, other.u), (self.v, other.v)):
            cv2.resize(source, target.shape[::-1], dst=target, interpolation=how)

    def take(self, bgr: Pixels, rect: Rect) -> None:
        """Convert a rectangle of a BGR picture of the same size into this one."""
        left, top, right, bottom = rect
        width, height = right - left, bottom - top
        flat = cv2.cvtColor(bgr[top:bottom, left:right], cv2.COLOR_BGR2YUV_I420).reshape(-1)
        area, half = width * height, (height // 2, width // 2)
        self.y[top:bottom, left:right] = flat[:area].reshape(height, width)
        rows, columns = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        self.u[rows, columns] = flat[area : area * 5 // 4].reshape(half)
        self.v[rows, columns] = flat[area * 5 // 4 :].reshape(half)
