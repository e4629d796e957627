"""The picture while it is being made: a still background, and what moves in front of it.

Belongs here: drawing moving things at the least cost. Only rectangles in which something moved are restored,
drawn and converted to YUV; the rest of the picture stays as it was.
"""

from __future__ import annotations

import cv2

from streams.simulator.planes import Pixels, Planes, Rect

# What a rectangle more costs, in pixels restored and converted.
_RECT_PIXELS = 2500


class Stage:
    """`canvas` (BGR) is drawn on between `begin` and `finish`; `touch` says where.

    `front` (255 or 0) marks what of the background stands before everything that moves.
    """

    def __init__(self, background: Pixels, front: Pixels | None = None) -> None:
        self.background = background
        self.canvas = background.copy()
        height, width = background.shape[:2]
        self.size = (width, height)
        self.planes = Planes.blank(self.size)
        self.planes.take(background, (0, 0, width, height))
        self._before: list[Rect] = []
        self._now: list[Rect] = []
        self.front = front

    def begin(self) -> None:
        """Take away what moved in the picture before."""
        for left, top, right, bottom in self._before:
            self.canvas[top:bottom, left:right] = self.background[top:bottom, left:right]

    def touch(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Announce that this rectangle is drawn on. False when it lies outside of the picture."""
        width, height = self.size
        # Two pixels more on every side for antialiasing, and even for chroma.
        rect = (
            max(0, (int(left) - 2) // 2 * 2),
            max(0, (int(top) - 2) // 2 * 2),
            min(width, (int(right) + 4) // 2 * 2),
            min(height, (int(bottom) + 4) // 2 * 2),
        )
        if rect[0] >= rect[2] or rect[1] >= rect[3]:
            return False
        _join(self._now, rect)
        return True

    def spoil(self, rect: Rect) -> None:
        """Announce that somebody has drawn over the finished planes; it is gone in the next picture."""
        self._before.append(rect)

    def finish(self) -> Planes:
        """Put the foreground over, and give the picture as planes that hold until the next `begin`."""
        if self.front is not None:
            for left, top, right, bottom in self._now:
                mask = self.front[top:bottom, left:right]
                if mask.any():
                    part = self.background[top:bottom, left:right]
                    cv2.copyTo(part, mask, self.canvas[top:bottom, left:right])
        changed = list(self._now)
        for rect in self._before:
            _join(changed, rect)
        for rect in changed:
            self.planes.take(self.canvas, rect)
        self._before, self._now = self._now, []
        return self.planes


def _join(rects: list[Rect], rect: Rect) -> None:
    """Add a rectangle, united with the first one where that costs less than keeping the two apart."""
    left, top, right, bottom = rect
    own = (right - left) * (bottom - top)
    for i, (x0, y0, x1, y1) in enumerate(rects):
        a, b, c, d = min(left, x0), min(top, y0), max(right, x1), max(bottom, y1)
        if (c - a) * (d - b) <= own + (x1 - x0) * (y1 - y0) + _RECT_PIXELS:
            rects[i] = (a, b, c, d)
            return
    rects.append(rect)
