"""The cameras that somebody may watch: kept warm while granted, in the forms that viewers are given.

Belongs here: what is held, which forms of a camera there are, what is true of its feed. Not here: who may
watch (`relay/rights.py`), which form a viewer gets (`relay/quality.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial

from relay.fanouts import Fanouts
from relay.feeds import feed_of
from relay.form import Form
from relay.ladder import Step, extra_steps
from relay.ports import Cameras, Feed, Hold
from relay.stats import FanoutStatistics
from streams.camera import ProfileName
from streams.errors import UnknownCameraError
from streams.recipe import Overlay
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

Wanted = tuple[str, Overlay | None]
"""A camera, and the text on its pictures."""


class Supplies:
    """`failed` is called with the viewers of a fan-out that broke. instant_start: see `relay/fanout.py`."""

    def __init__(
        self,
        cameras: Cameras,
        failed: Callable[[Collection[str]], None],
        *,
        instant_start: bool,
        clock: Callable[[], float],
    ) -> None:
        self._cameras = cameras
        self._clock = clock
        self._held: dict[Wanted, tuple[Hold, ...]] = {}
        self._fanouts = Fanouts(failed, instant_start=instant_start)

    def hold(self, wanted: Collection[Wanted]) -> None:
        """Keep these warm and no others, and end what nobody has looked at for a while."""
        for each in self._held.keys() - set(wanted):
            self._let_go(each)
        for each in set(wanted) - self._held.keys():
            self._warm(each)
        self._fanouts.tend(self._clock())

    def release(self) -> None:
        """Hold nothing more."""
        for each in list(self._held):
            self._let_go(each)

    def end(self) -> None:
        """End all fan-outs."""
        self._fanouts.end_all()

    def left(self, camera: str, overlay: Overlay | None) -> None:
        """A viewer of that is gone."""
        if (camera, overlay) not in self._held:
            self._fanouts.end_unused(camera)

    def renditions(self, camera: str, overlay: Overlay | None, *profiles: ProfileName) -> list[Rendition]:
        """The camera's own renditions of these profiles, as far as there are."""
        found = (self._cameras.rendition(camera, profile, overlay) for profile in profiles)
        return [rendition for rendition in found if rendition is not None]

    def forms(self, camera: str, overlay: Overlay | None, group: asyncio.TaskGroup) -> tuple[Form, ...]:
        """What a viewer of the camera may be on, the smallest first."""
        base = self.renditions(camera, overlay, ProfileName.SUB, ProfileName.MAIN)
        extras: list[tuple[Step, Rendition, Callable[[], Hold]]] = []
        for step in extra_steps(self._cameras.ladder(camera)):
            rendition = self._cameras.rendition(camera, step.name, overlay)
            if rendition is not None:
                hold = partial(self._cameras.hold, camera, step.name, urgent=True, overlay=overlay)
                extras.append((step, rendition, hold))
        return self._fanouts.forms(base, group, extras)

    def only(self, rendition: Rendition, group: asyncio.TaskGroup) -> tuple[Form, ...]:
        """That one and no other."""
        return self._fanouts.forms([rendition], group)

    def feeds(self, cameras: Collection[str]) -> dict[str, Feed]:
        """What is true of each of `cameras` that is known."""
        now = self._clock()
        by_camera = {camera: self.renditions(camera, None, *ProfileName) for camera in cameras}
        for camera, overlay in self._held:
            if overlay is not None and camera in by_camera:
                by_camera[camera] += self.renditions(camera, overlay, *ProfileName)
        return {
            camera: feed_of(camera, renditions, now) for camera, renditions in by_camera.items() if renditions
        }

    def statistics(self) -> tuple[FanoutStatistics, ...]:
        """Every rendition that viewers are on or may be, as it stands."""
        now = self._clock()
        return tuple(fanout.statistics(now) for fanout in self._fanouts.all())

    def _warm(self, wanted: Wanted) -> None:
        camera, overlay = wanted
        try:
            self._held[wanted] = tuple(
                self._cameras.hold(camera, profile, urgent=True, overlay=overlay) for profile in ProfileName
            )
        except UnknownCameraError:
            # Known to the control plane and not (or no more) to the inventory: its viewers get a 404.
            self._held[wanted] = ()
            logger.warning("camera %s is granted but not known", camera)

    def _let_go(self, wanted: Wanted) -> None:
        for hold in self._held.pop(wanted):
            hold.release()
        self._fanouts.end_unused(wanted[0])
