"""From a scene to the frames of the encoders: scaling, burned-in text, noise, time code.

Belongs here: what every picture gets whatever it shows. What it shows is `scenes/`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from streams.camera import ProfileName
from streams.simulator import timecode
from streams.simulator.camera import SimulatedCamera
from streams.simulator.caption import Caption
from streams.simulator.encoder import Encoder
from streams.simulator.feed import Painter
from streams.simulator.scenes.catalogue import Scene, scene_for
from streams.simulator.scenes.stage import Planes

__all__ = ["ScenePainter", "painter_for"]


def painter_for(camera: SimulatedCamera) -> Callable[[], Painter]:
    """What draws this camera, made when it is first watched."""
    return lambda: ScenePainter(camera, scene_for(camera, time.time()))


class ScenePainter:
    """Draws one scene for all profiles of one camera."""

    def __init__(self, camera: SimulatedCamera, scene: Scene) -> None:
        self._scene = scene
        width, height = camera.size
        self._caption = Caption(camera.name, camera.size, camera.utc_offset_h)
        self._whole: Planes = (
            np.zeros((height, width), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
        )

    def paint(self, frames: dict[ProfileName, Encoder], utc: float) -> None:
        """Draw the picture of `utc` (Unix seconds) at full size and scale it for the others."""
        main = frames.get(ProfileName.MAIN)
        whole = self._whole if main is None else main.planes
        self._scene.draw(whole, utc)
        self._caption.draw(whole, utc)
        for encoder in frames.values():
            if encoder is not main:
                for source, target in zip(whole, encoder.planes, strict=True):
                    cv2.resize(source, target.shape[::-1], dst=target, interpolation=cv2.INTER_AREA)
        for encoder in frames.values():
            luma, u, v = encoder.planes
            strip = timecode.strip_height(luma.shape[1])
            timecode.draw(luma, int(utc * 1000))
            for chroma in (u, v):
                chroma[-((strip + 1) // 2) :] = 128

    def close(self) -> None:
        """Nothing is held beyond memory."""
