"""Text laid over a decoded picture: the camera's name, the time at which it was taken, who receives it.

Belongs here: text to pixels. OpenCV's built-in font writes Hangul, so no font file is needed. Text is drawn
once and laid over every picture; the clock is drawn anew each second. All of it stands in the middle: the
corners are where cameras write themselves. Used by one thread at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import av
import cv2
import numpy as np

from streams.planes import Plane, planes, writable
from streams.recipe import Overlay

_WHITE, _DARK = 235, 16


class _Label:
    """One line of white text with a dark rim."""

    def __init__(self, text: str, size: int) -> None:
        face = cv2.FontFace("sans")
        (_, _, width, _) = cv2.getTextSize((0, 0), text, (0, 0), face, size, 500)
        margin = max(2, size // 4)
        shape = ((size * 3 // 2) // 2 * 2, (width + 2 * margin + 1) // 2 * 2)
        ink = np.zeros((*shape, 3), np.uint8)
        cv2.putText(ink, text, (margin, size + size // 8), (255, 255, 255), face, size, 500)
        letter = ink[:, :, 0].astype(np.float32) / 255
        rim = cv2.GaussianBlur(cv2.dilate(letter, np.ones((3, 3), np.uint8)), (0, 0), max(0.8, size / 24))
        cover = np.maximum(letter, np.minimum(rim, 1) * 0.8)
        self.shape = shape
        # picture * keep / 255 + add
        self.keep = np.round((1 - cover) * 255).astype(np.uint8)
        self.add = np.round(letter * _WHITE + (cover - letter).clip(0) * _DARK).astype(np.uint8)
        half = (shape[1] // 2, shape[0] // 2)
        self.keep_half = cv2.resize(self.keep, half, interpolation=cv2.INTER_AREA).astype(np.uint8)
        self.add_half = ((255 - self.keep_half.astype(np.uint16)) * 128 // 255).astype(np.uint8)

    def lay(self, onto: tuple[Plane, Plane, Plane], x: int, y: int) -> None:
        """Lay over a picture at an even place; what does not fit is cut off."""
        luma, *chroma = onto
        (height, width), half = self.shape, (y // 2, x // 2)
        _blend(luma[y : y + height, x : x + width], self.keep, self.add)
        for plane in chroma:
            part = plane[half[0] : half[0] + height // 2, half[1] : half[1] + width // 2]
            _blend(part, self.keep_half, self.add_half)


def _blend(part: Plane, keep: Plane, add: Plane) -> None:
    rows, columns = part.shape
    kept = part.astype(np.uint16) * keep[:rows, :columns] // 255
    np.copyto(part, (kept + add[:rows, :columns]).clip(0, 255).astype(np.uint8))


class Caption:
    """One rendition's text, for pictures of one size at a time."""

    def __init__(self, overlay: Overlay, camera_name: str, utc_offset_h: float) -> None:
        self._overlay = overlay
        self._name = camera_name
        self._offset = timedelta(hours=utc_offset_h)
        self._size = (0, 0)
        self._text = 0
        self._name_label: _Label | None = None
        self._watermark: _Label | None = None
        self._clock: tuple[int, _Label] | None = None

    def draw(self, frame: av.VideoFrame, taken: float) -> av.VideoFrame:
        """The picture with its text; a copy where the frame is not ours alone. taken: UTC seconds."""
        frame = writable(frame)
        width, height = frame.width, frame.height
        if (width, height) != self._size:
            self._prepare(width, height)
        picture = planes(frame)
        edge = self._text // 2 // 2 * 2
        if self._name_label is not None:
            label = self._name_label
            label.lay(picture, _even((width - label.shape[1]) // 2), _even(height - label.shape[0] - edge))
        if self._overlay.clock:
            clock = self._clock_at(int(taken))
            clock.lay(picture, _even((width - clock.shape[1]) // 2), edge)
        if self._watermark is not None:
            mark = self._watermark
            mark.lay(picture, _even((width - mark.shape[1]) // 2), _even(height * 2 // 3))
        return frame

    def _prepare(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._text = max(12, round(height / 24))
        self._clock = None
        self._name_label = _Label(self._name, self._text) if self._overlay.name else None
        text = self._overlay.watermark
        self._watermark = _Label(text, max(14, round(height / 16))) if text else None

    def _clock_at(self, second: int) -> _Label:
        if self._clock is None or self._clock[0] != second:
            local = datetime.fromtimestamp(second, UTC) + self._offset
            self._clock = second, _Label(local.strftime("%Y-%m-%d %H:%M:%S"), self._text)
        return self._clock[1]


def _even(number: int) -> int:
    return max(0, number) // 2 * 2
