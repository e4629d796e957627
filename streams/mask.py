"""What nobody may see: polygons burned into the decoded picture, in front of every encoder.

Belongs here: polygons to covered pixels. That a masked camera has no other way out is `hub.py`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import av
import cv2
import numpy as np

from streams.camera import Polygon
from streams.planes import Plane, planes, writable

_BLACK = (16, 128, 128)
_MAX_POLYGONS = 64
_MAX_CORNERS = 256


def checked(polygons: Iterable[Polygon]) -> tuple[Polygon, ...]:
    """The polygons if they are ones. Raises `ValueError` that says which corner is wrong."""
    found = tuple(polygons)
    if len(found) > _MAX_POLYGONS:
        raise ValueError(f"more than {_MAX_POLYGONS} masks")
    for number, polygon in enumerate(found, 1):
        if not 3 <= len(polygon) <= _MAX_CORNERS:
            raise ValueError(f"mask {number} has {len(polygon)} corners, not 3 to {_MAX_CORNERS}")
        for x, y in polygon:
            if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1):
                raise ValueError(f"mask {number} has a corner outside the picture")
    return found


@dataclass(frozen=True, slots=True)
class _Patch:
    """The covered part of one plane: a rectangle and which of its samples are covered."""

    rows: slice
    columns: slice
    covered: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    value: int


class Mask:
    """One camera's masks, prepared anew for each picture size. Used by one thread at a time.

    Every sample that a polygon touches is black; a chroma sample if one of its four luma samples is. Raises
    `ValueError` for polygons that are none.
    """

    def __init__(self, polygons: Iterable[Polygon]) -> None:
        self._polygons = checked(polygons)
        self._size = (0, 0)
        self._patches: list[list[_Patch]] = []

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame with everything covered that must be; a copy where the frame is not ours alone."""
        frame = writable(frame)
        if self._size != (frame.width, frame.height):
            self._prepare(frame.width, frame.height)
        for plane, patches in zip(planes(frame), self._patches, strict=True):
            for patch in patches:
                np.copyto(plane[patch.rows, patch.columns], np.uint8(patch.value), where=patch.covered)
        return frame

    def _prepare(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._patches = [[], [], []]
        even = (height + 1) // 2 * 2, (width + 1) // 2 * 2
        for polygon in self._polygons:
            luma = np.zeros(even, np.uint8)
            corners = np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in polygon])
            cv2.fillPoly(luma, [corners.astype(np.int32)], 1)
            luma = cv2.dilate(luma, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)  # what it touches
            chroma = luma[0::2, 0::2] | luma[1::2, 0::2] | luma[0::2, 1::2] | luma[1::2, 1::2]
            for number, covered in enumerate((luma[:height, :width], chroma, chroma)):
                self._patches[number].append(_patch(covered, _BLACK[number]))


def _patch(covered: Plane, value: int) -> _Patch:
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    down, across = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _Patch(down, across, covered[down, across].astype(np.bool_), value)
