"""The ground of a place, drawn from above in metres and laid into perspective.

Belongs here: flat things, such as roads, markings, lawns, water.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streams.simulator.scenes.light import Colour

Pixels = npt.NDArray[np.uint8]


class Plan:
    """A piece of ground seen from above, `scale` pixels to the metre, covering x0..x1 and y0..y1 metres."""

    def __init__(self, x0: float, x1: float, y0: float, y1: float, scale: float, base: Colour) -> None:
        self.x0, self.y0, self.scale = x0, y0, scale
        self.x1, self.y1 = x1, y1
        shape = (round((y1 - y0) * scale), round((x1 - x0) * scale), 3)
        self.pixels: Pixels = np.full(shape, base, np.uint8)

    def _points(self, points: Sequence[tuple[float, float]]) -> npt.NDArray[np.int32]:
        metres = np.array(points) - (self.x0, self.y0)
        return np.round(metres * self.scale * 16).astype(np.int32)

    def area(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.pixels, [self._points(points)], colour, cv2.LINE_AA, 4)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle; nothing when it is empty."""
        if x1 <= x0 or y1 <= y0:
            return
        self.area([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def stripe(self, points: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
        """Draw a line of a width in metres, lost where that is less than a fifth of a pixel."""
        thickness = width * self.scale
        if thickness < 0.2:
            return
        if thickness < 1:  # thinner than a pixel: mixed with the ground instead of growing
            colour = self._mixed(points, colour, thickness)
        wide = max(1, round(thickness))
        cv2.polylines(self.pixels, [self._points(points)], False, colour, wide, cv2.LINE_AA, 4)

    def _mixed(self, points: Sequence[tuple[float, float]], colour: Colour, amount: float) -> Colour:
        """The colour with what lies under the middle of a line."""
        (x0, y0), (x1, y1) = points[0], points[-1]
        rows, columns = self.pixels.shape[:2]
        row = min(max(int(((y0 + y1) / 2 - self.y0) * self.scale), 0), rows - 1)
        column = min(max(int(((x0 + x1) / 2 - self.x0) * self.scale), 0), columns - 1)
        blue, green, red = (
            round(own * amount + float(under) * (1 - amount))
            for own, under in zip(colour, self.pixels[row, column], strict=True)
        )
        return blue, green, red

    def dashes(
        self, x: float, y0: float, y1: float, width: float, colour: Colour, on: float = 3, off: float = 5
    ) -> None:
        """A broken line ahead, at x."""
        y = y0
        while y < y1:
            self.box(x - width / 2, y, x + width / 2, min(y + on, y1), colour)
            y += on + off

    def crossing(
        self, x0: float, x1: float, y0: float, y1: float, colour: Colour, *, across: bool = True
    ) -> None:
        """A pedestrian crossing; its bars run along y (`across` a road that runs along y) or along x."""
        if across:
            x = x0
            while x + 0.45 <= x1:
                self.box(x, y0, x + 0.45, y1, colour)
                x += 0.95
        else:
            y = y0
            while y + 0.45 <= y1:
                self.box(x0, y, x1, y + 0.45, colour)
                y += 0.95

    def text(self, words: str, x: float, y: float, width: float, length: float, colour: Colour) -> None:
        """Letters on the ground, centred at x, from y on, to be read by whoever looks along +y."""
        ink = _letters(words)
        target = (max(1, round(width * self.scale)), max(1, round(length * self.scale)))
        small = (
            cv2.resize(ink, target, interpolation=cv2.INTER_AREA)[::-1].astype(np.float32)[..., None] / 255
        )
        left, top = round((x - width / 2 - self.x0) * self.scale), round((y - self.y0) * self.scale)
        if (
            left < 0
            or top < 0
            or top + target[1] > self.pixels.shape[0]
            or left + target[0] > self.pixels.shape[1]
        ):
            return
        part = self.pixels[top : top + target[1], left : left + target[0]]
        part[:] = part * (1 - small) + np.array(colour, np.float32) * small

    def speckle(self, rng: np.random.Generator, amount: float, blotch: float = 3.0) -> None:
        """Roughen: fine grain and slow blotches, as asphalt, lawn and paving have."""
        height, width = self.pixels.shape[:2]
        tile = np.clip(rng.normal(128, amount, (384, 384)), 0, 255).astype(np.uint8)
        fine = np.tile(tile, (height // 384 + 1, width // 384 + 1))[:height, :width]
        cells = [max(2, round(pixels / self.scale / blotch)) for pixels in (height, width)]
        coarse = np.clip(rng.normal(128, amount * 1.1, cells), 0, 255).astype(np.uint8)
        slow = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        grain = cv2.addWeighted(fine, 1, slow, 1, -128)
        cv2.addWeighted(self.pixels, 1, cv2.merge([grain, grain, grain]), 1, -128, dst=self.pixels)


def _letters(words: str) -> Pixels:
    face = cv2.FontFace("sans")
    (_, _, width, _) = cv2.getTextSize((0, 0), words, (0, 0), face, 96, 800)
    ink = np.zeros((130, width + 12, 3), np.uint8)
    cv2.putText(ink, words, (6, 100), (255, 255, 255), face, 96, 800)
    return ink[:, :, 0]


PaintGround = Callable[[Plan], None]
