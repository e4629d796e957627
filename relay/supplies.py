"""The cameras that somebody may watch: kept warm while granted, in the forms that viewers are given.

Belongs here: what is held, which forms of a camera there are, what is true of its feed. Not here: who may
watch (`relay/rights.py`), which form a viewer gets (`relay/quality.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial

from relay.fanouts import Fanouts, Original
from relay.feeds import feed_of
from relay.form import Form
from relay.ladder import Step, extra_steps
from relay.ports import Cameras, Feed, Hold
from relay.stats import FanoutStatistics
from streams.camera import ProfileName, RenditionName
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

    def forms(
        self, camera: str, overlay: Overlay | None, codecs: Collection[str], group: asyncio.TaskGroup
    ) -> tuple[Form, ...]:
        """What a viewer who takes `codecs` may be on, the smallest first."""
        original = self._original(camera) if overlay is None and "H265" in codecs else None
        if "H264" not in codecs:
            return self._fanouts.forms((), group, original=original)
        base = self.renditions(camera, overlay, ProfileName.SUB, ProfileName.MAIN)
        extras: list[tuple[Step, Rendition, Callable[[], Hold]]] = []
        ladder = self._cameras.ladder(camera)
        for step in extra_steps(ladder):
            rendition = self._cameras.rendition(camera, step.name, overlay)
            if rendition is not None:
                hold = partial(self._cameras.hold, camera, step.name, urgent=True, overlay=overlay)
                extras.append((step, rendition, hold))
        rates = {info.name.value: float(info.bitrate or 0) for info in ladder if info.made}
        return self._fanouts.forms(base, group, extras, rates=rates, original=original)

    def gives_h265(self, camera: str) -> bool:
        """Whether the camera's pictures come as H.265, in the order in which they are shown, and nothing in
        them is to be hidden: then a viewer who takes that can have them as they are."""
        return any(
            info.name is RenditionName.SOURCE and info.codec == "H265" and not info.reorders
            for info in self._cameras.ladder(camera)
        )

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

    def _original(self, camera: str) -> Original | None:
        rendition = self._cameras.rendition(camera, RenditionName.SOURCE)
        if rendition is None:
            return None

        def given() -> bool:  # asked for often, while it is kept: then it says itself what it is
            found = self._cameras.rendition(camera, RenditionName.SOURCE)
            return found is not None and found.codec == "H265" and not found.reorders

        keep = partial(self._cameras.hold, camera, RenditionName.SOURCE, urgent=True)
        return Original(rendition, keep, given)

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
