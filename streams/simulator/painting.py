"""From a scene to the frames of the encoders: scaling, burned-in text, time code.

Belongs here: what every picture gets whatever it shows. What it shows is `scenes/` and `film.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from streams.camera import ProfileName
from streams.simulator import timecode
from streams.simulator.camera import SimulatedCamera
from streams.simulator.caption import Caption
from streams.simulator.fault import FaultKind
from streams.simulator.film import Film
from streams.simulator.planes import Planes
from streams.simulator.scenes.catalogue import Scene, light_for, scene_for
from streams.simulator.scenes.light import Light
from streams.simulator.scenes.place import Place
from streams.simulator.spoiling import Grain, Spoiler


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
        noise = self._scene.look.noise / 2 if isinstance(self._scene, Place) else 0.0
        self._grain = Grain(camera.size, noise) if noise else None  # others have their own
        self._spoiler = Spoiler(camera.size)
        self._copy: Planes | None = None

    def outdated(self, utc: float) -> bool:
        """Whether it has become day, dusk or night since this was made."""
        return self._film is None and (self._light or light_for(self._camera, utc)) is not self._drawn_for

    def paint(
        self,
        profiles: Collection[ProfileName],
        utc: float,
        *,
        grainy: bool = False,
        fault: FaultKind | None = None,
    ) -> dict[ProfileName, Planes]:
        """The picture of `utc` (Unix seconds) for each of the profiles, until the next one is painted.

        grainy: with the sensor's grain, as a picture from which a group begins must be: where nothing moves,
        it is all that tells a living picture from a frozen one. In those between, an encoder would leave it
        out, at the cost of a fifth more for the simulator. fault: of the picture, one of `fault.PICTURE`.
        """
        whole = self._scene.draw(utc)
        if fault is None:
            self._spoiler.rest()
        if (grainy and self._grain is not None) or fault is not None:
            whole = self._worse(whole, grainy and fault is not FaultKind.BLACK, fault)
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

    def _worse(self, whole: Planes, grainy: bool, fault: FaultKind | None) -> Planes:
        """A copy: the scene draws on from its own."""
        copy = self._copy = self._copy or Planes.blank(whole.size)
        copy.whole[:] = whole.whole
        # What stands still stands with its grain; what is before the lens has new grain each time.
        if fault is not None and fault is not FaultKind.FREEZE:
            self._spoiler.spoil(copy, fault)
        if grainy and self._grain is not None:
            self._grain.lay_on(copy)
        if fault is FaultKind.FREEZE:
            self._spoiler.spoil(copy, fault)
        return copy

    def close(self) -> None:
        """Let go of what an unwatched camera need not hold."""
        if self._film is not None:
            self._film.close()
