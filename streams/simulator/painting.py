"""From a scene to the frames of the encoders: scaling, burned-in text, time code.

Belongs here: what every picture gets whatever it shows. What it shows is `scenes/` and `film.py`.
"""

from __future__ import annotations

import cv2
import numpy as np

from streams.camera import ProfileName
from streams.simulator import timecode
from streams.simulator.camera import SimulatedCamera
from streams.simulator.caption import Caption
from streams.simulator.encoder import Encoder
from streams.simulator.film import Film
from streams.simulator.scenes.catalogue import Scene, light_for, scene_for
from streams.simulator.scenes.light import Light
from streams.simulator.scenes.stage import Planes


class Painter:
    """Draws one camera's pictures for all its profiles; used from one worker thread at a time.

    `light`: the light of the scene whatever the hour; None goes with the hour.
    """

    def __init__(self, camera: SimulatedCamera, utc: float, light: Light | None = None) -> None:
        self._camera = camera
        self._light = light
        self._drawn_for = light or light_for(camera, utc)
        self._film = None if camera.video_file is None else Film(camera.video_file, camera.size)
        self._scene: Scene = self._film or scene_for(camera, self._drawn_for)
        width, height = camera.size
        self._caption = Caption(camera.name, camera.size, camera.utc_offset_h)
        self._whole: Planes = (
            np.zeros((height, width), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
        )

    def outdated(self, utc: float) -> bool:
        """Whether it has become day, dusk or night since this was made."""
        return self._film is None and (self._light or light_for(self._camera, utc)) is not self._drawn_for

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
        """Let go of what an unwatched camera need not hold."""
        if self._film is not None:
            self._film.close()
