"""From a scene to the frames of the encoders: scaling, burned-in text, time code.

Belongs here: what every picture gets whatever it shows. What it shows is `scenes/` and `film.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from streams.camera import ProfileName
from streams.simulator import timecode
from streams.simulator.camera import SimulatedCamera
from streams.simulator.caption import Caption
from streams.simulator.film import Film
from streams.simulator.planes import Planes
from streams.simulator.scenes.catalogue import Scene, light_for, scene_for
from streams.simulator.scenes.light import Light


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
        self._caption = Caption(camera.name, camera.size, camera.utc_offset_h)
        self._small = None if camera.sub_size is None else Planes.blank(camera.sub_size)

    def outdated(self, utc: float) -> bool:
        """Whether it has become day, dusk or night since this was made."""
        return self._film is None and (self._light or light_for(self._camera, utc)) is not self._drawn_for

    def paint(self, profiles: Collection[ProfileName], utc: float) -> dict[ProfileName, Planes]:
        """The picture of `utc` (Unix seconds) for each of the profiles, until the next one is painted."""
        whole = self._scene.draw(utc)
        for rect in self._caption.draw(whole, utc):
            self._scene.spoil(rect)
        pictures = {}
        if ProfileName.SUB in profiles and self._small is not None:
            whole.scale_to(self._small)
            pictures[ProfileName.SUB] = self._small
        if ProfileName.MAIN in profiles:
            pictures[ProfileName.MAIN] = whole
        for picture in pictures.values():
            width, height = picture.size
            top = (height - timecode.strip_height(width)) // 2 * 2
            # Written anew in every picture, so it need not be spoiled.
            picture.u[top // 2 :] = picture.v[top // 2 :] = 128
            timecode.draw(picture.y, int(utc * 1000))
        return pictures

    def close(self) -> None:
        """Let go of what an unwatched camera need not hold."""
        if self._film is not None:
            self._film.close()
