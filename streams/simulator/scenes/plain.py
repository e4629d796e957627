"""A road from above, the simplest scene there is."""

from __future__ import annotations

import cv2
import numpy as np

from streams.simulator.scenes import Planes


class PlainRoad:
    """A straight road with cars."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        picture = np.full((height, width, 3), (70, 110, 80), np.uint8)
        cv2.rectangle(picture, (0, height * 3 // 8), (width, height * 3 // 4), (80, 80, 80), -1)
        for x in range(0, width, 80):
            cv2.rectangle(
                picture, (x, height * 9 // 16 - 3), (x + 40, height * 9 // 16 + 3), (220, 220, 220), -1
            )
        self._back = picture

    def draw(self, planes: Planes, utc: float) -> None:
        picture = self._back.copy()
        height, width = picture.shape[:2]
        for i in range(5):
            x = int((utc * (120 + 15 * i) + i * 311) % (width + 160)) - 160
            y = height * (7 if i % 2 else 10) // 16
            cv2.rectangle(picture, (x, y), (x + 120, y + 50), (40 * i, 60, 255 - 40 * i), -1)
        yuv = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        planes[0][:] = yuv[:height]
        planes[1][:] = yuv[height : height + height // 4].reshape(height // 2, width // 2)
        planes[2][:] = yuv[height + height // 4 :].reshape(height // 2, width // 2)
