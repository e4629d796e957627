"""Camera name and running clock, burned in as every CCTV recorder does.

Belongs here: text on a picture. OpenCV's built-in Unicode font writes Hangul, so no font file is needed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from streams.simulator.planes import Pixels, Planes, Rect

_WHITE = 235.0


class _Label:
    """One line of white text with a dark rim, ready to be laid over luma and chroma at a place."""

    def __init__(self, text: str, size: int, weight: int) -> None:
        face = cv2.FontFace("sans")
        (_, _, width, _) = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight)
        margin = size // 4
        shape = ((size * 3 // 2) // 2 * 2, (width + 2 * margin + 1) // 2 * 2)
        ink = np.zeros((*shape, 3), np.uint8)
        cv2.putText(ink, text, (margin, size + size // 8), (255, 255, 255), face, size, weight)
        letter = ink[:, :, 0].astype(np.float32) / 255
        rim = cv2.GaussianBlur(cv2.dilate(letter, np.ones((3, 3), np.uint8)), (0, 0), max(0.8, size / 24))
        cover = np.maximum(letter, np.minimum(rim, 1) * 0.75)
        self.shape = shape
        # picture * keep / 255 + add
        self.keep = np.round((1 - cover) * 255).astype(np.uint8)
        self.add = np.round(letter * _WHITE + (cover - letter).clip(0) * 16).astype(np.uint8)
        half = (shape[1] // 2, shape[0] // 2)
        self.keep_half = cv2.resize(self.keep, half, interpolation=cv2.INTER_AREA).astype(np.uint8)
        self.add_half = ((255 - self.keep_half.astype(np.uint16)) * 128 // 255).astype(np.uint8)

    def draw(self, planes: Planes, x: int, y: int) -> Rect:
        """Lay over; `x` and `y` even. Gives the rectangle drawn on."""
        height, width = self.shape
        _blend(planes.y[y : y + height, x : x + width], self.keep, self.add)
        for chroma in (planes.u, planes.v):
            part = chroma[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
            _blend(part, self.keep_half, self.add_half)
        full_width, full_height = planes.size
        return x, y, min(x + width, full_width), min(y + height, full_height)


def _blend(part: Pixels, keep: Pixels, add: Pixels) -> None:
    rows, columns = part.shape
    cv2.multiply(part, keep[:rows, :columns], dst=part, scale=1 / 255)
    cv2.add(part, add[:rows, :columns], dst=part)


class Caption:
    """Name at the lower left, clock at the upper right, for pictures of one size."""

    def __init__(self, name: str, size: tuple[int, int], utc_offset_h: float) -> None:
        self._width, self._height = size
        self._text = max(14, round(size[1] / 22))
        self._offset = timedelta(hours=utc_offset_h)
        self._name = _Label(name, self._text, 700)
        self._clock: _Label | None = None
        self._second = -1

    def draw(self, planes: Planes, utc: float) -> list[Rect]:
        """Burn in the name and the clock of `utc` (Unix seconds). Gives the rectangles drawn on."""
        if int(utc) != self._second:
            self._second = int(utc)
            local = datetime.fromtimestamp(self._second, UTC) + self._offset
            self._clock = _Label(f"{local:%Y-%m-%d %H:%M:%S}", self._text, 600)
        margin = self._text // 2 // 2 * 2
        bottom = self._height - self._width // 64 - self._name.shape[0] - margin // 2
        drawn = [self._name.draw(planes, margin, bottom // 2 * 2)]
        if self._clock is not None:
            right = max(0, self._width - self._clock.shape[1] - margin)
            drawn.append(self._clock.draw(planes, right // 2 * 2, margin))
        return drawn
