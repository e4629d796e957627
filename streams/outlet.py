"""One rendition as others may have it: passed through where a browser can take the camera's pictures, made
here where it cannot, or where part of them may not be seen.

Why one name for both: who asks for `main` need not know what the camera sends. The rendition, its numbers
and its place on the camera's timeline stay the same when the way changes under it, so an H.265 camera, or one
that begins to send B-frames in the night, is live wherever a plain one is. Passing through costs one small
object per picture.

Making waits for a reader: a camera that is merely held (granted, in case somebody looks) has its session and
its state, and the SPS of what would be made, but no decoder. When nobody reads any more it ends after the
hub's linger.

State belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol

from streams.access_unit import AccessUnit
from streams.camera import Camera, ProfileName, RenditionName
from streams.encoders import EncoderError
from streams.errors import ProtocolError
from streams.intake import Intake, Spawn
from streams.mask import Mask
from streams.passable import obstacle
from streams.pipeline import Target, sample
from streams.recipe import Overlay, Recipe
from streams.rendition import Rendition
from streams.state import Connecting, Live, Offline, Reason
from streams.workshop import Workshop

log = logging.getLogger(__name__)

_MADE = frozenset({RenditionName.HIGH, RenditionName.MEDIUM, RenditionName.LOW})
_ASK_AGAIN_S = 2.0  # after a refusal for want of capacity
_LOOK_S = 1.0  # between two looks at whether anybody still reads


class Wanted(Protocol):
    """A hold, as the outlet sees it."""

    urgent: bool


class _Way(Enum):
    """How pictures come to the rendition."""

    NONE = "none"
    THROUGH = "through"
    MAKE = "make"


@dataclass(frozen=True, slots=True)
class House:
    """What an outlet needs of its hub."""

    camera: Callable[[str], Camera | None]
    workshop: Workshop
    spawn: Spawn
    clock: Callable[[], float]
    linger: float
    keyframes: Callable[[str, ProfileName], None] | None = None


class Outlet:
    """Lives as long as the hub; wired while it is held."""

    def __init__(
        self, name: RenditionName, overlay: Overlay | None, rendition: Rendition, intake: Intake, house: House
    ) -> None:
        self.name = name
        self.rendition = rendition
        self.holds: set[Wanted] = set()
        self.intake = intake
        self._overlay = overlay
        self._house = house
        self._key = f"{rendition.camera_id}/{rendition.name}"
        self._way = _Way.NONE
        self._open = False
        self._detach: Callable[[], None] | None = None  # from the source's ring
        self._waits_for_key = True
        self._making = False
        self._refused_until: float | None = None
        self._read_at = float("-inf")
        self._sampled: object = None  # the format that the announced SPS was made for
        self._linger: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def profile(self) -> ProfileName:
        """The camera's profile that it comes from."""
        return self.intake.profile

    @property
    def urgent(self) -> bool:
        """Whether somebody has the right to look now."""
        return any(hold.urgent for hold in self.holds)

    # Holds.

    def hold(self, hold: Wanted) -> None:
        """Somebody wants it."""
        was_urgent = self.intake.urgent
        self.holds.add(hold)
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        begins = not self._open
        self._open = True
        ran = self.intake.runs
        self.intake.want(self)
        if begins:
            self.route()
        if ran and hold.urgent and not was_urgent and self.intake.source is not None:
            self.intake.source.wake()

    def release(self, hold: Wanted) -> None:
        """Somebody wants it no more."""
        self.holds.discard(hold)
        if not self.holds and self._open and self._linger is None:
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(self._house.linger, self._close)

    def cancel_timers(self) -> None:
        """The hub ends."""
        for timer in (self._linger, self._timer):
            if timer is not None:
                timer.cancel()
        self._linger = self._timer = None

    def _close(self) -> None:
        self._linger = None
        self._open = False
        self._unwire()
        self.rendition.ring.clear()
        self.intake.unwant(self)
        self.rendition.set_state(Offline(self._house.clock(), Reason.STOPPED, None))

    # The way of the pictures.

    def drop(self) -> None:
        """Let go of everything that is on its way: what may be seen has changed. `route` afterwards, when all
        of the camera's have let go, or one would go on with another's decoder and its masks."""
        self._unwire()
        self.rendition.ring.clear()

    def route(self) -> None:
        """Choose the way by what the camera sends and what may be seen."""
        if not self._open:
            return
        way = self._choose()
        if way is not self._way:
            self._unwire()
            self._way = way
            if way is _Way.THROUGH:
                self._pass()
            else:
                # What was passed through cannot be gone on from, and may not have been for all eyes.
                self.rendition.ring.clear()
            if way is _Way.MAKE:
                self.rendition.ring.on_reader = self._read
                self.rendition.codec = "H264"
                log.info("camera %s: made here", self._key)
                if self.rendition.ring.has_readers:
                    self._read()
        if way is _Way.THROUGH:
            self._take_format()
        elif way is _Way.MAKE:
            self._announce()
        self.follow()

    def follow(self) -> None:
        """Take over the source's state, as far as it is this rendition's too."""
        if not self._open:
            return
        state = self.intake.raw.state
        if isinstance(state, Offline):
            self.rendition.ring.clear()  # whoever comes now would be shown the past
        if self._way is _Way.MAKE and isinstance(state, Live):
            if self._refused_until is not None:
                state = Offline(state.since, Reason.OVERLOADED, self._refused_until)
            elif self._making:
                if isinstance(self.rendition.state, Offline):
                    self.rendition.set_state(Connecting(self._house.clock()))
                return  # it is live with the first picture that was made
        elif self._way is _Way.NONE:
            known = self.rendition.state
            if isinstance(known, Offline) and known.reason is Reason.NOT_FOUND:
                return
            state = Offline(self._house.clock(), Reason.NOT_FOUND, None)
        self.rendition.set_state(state)

    def _choose(self) -> _Way:
        raw = self.intake.raw
        camera = self._house.camera(raw.camera_id)
        if camera is None:
            return _Way.NONE  # its masks went with its record, and its source may still be sending
        masked = bool(camera.masks)
        if self.name is RenditionName.SOURCE:
            return _Way.NONE if masked else _Way.THROUGH
        if self.name in _MADE or self._overlay is not None:
            return _Way.MAKE
        hindered = obstacle(raw.codec, raw.format, reorders=raw.reorders, masked=masked)
        return _Way.THROUGH if hindered is None else _Way.MAKE

    def _unwire(self) -> None:
        if self._detach is not None:
            self._detach()
            self._detach = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.rendition.ring.on_reader = None
        self.rendition.on_keyframe_request = None
        self._stop_making()
        self._refused_until = None
        self._way = _Way.NONE

    # Passing through.

    def _pass(self) -> None:
        raw = self.intake.raw
        self.rendition.codec = raw.codec
        self._waits_for_key = True
        if self._house.keyframes is not None:
            self.rendition.on_keyframe_request = partial(
                self._house.keyframes, raw.camera_id, self.intake.profile
            )
        for unit in raw.ring.newest_gop():
            self._on_unit(unit)
        self._detach = raw.ring.listen(self._on_unit)

    def _on_unit(self, unit: AccessUnit) -> None:
        rendition = self.rendition
        if unit.is_idr:
            self._take_format()
        elif self._waits_for_key:
            return
        newest = rendition.newest_media_time
        if newest is not None and unit.media_time <= newest:
            return
        self._waits_for_key = False
        rendition.pass_on(unit)

    def _take_format(self) -> None:
        raw, rendition = self.intake.raw, self.rendition
        rendition.codec = raw.codec
        rendition.set_format(raw.format, raw.sps)
        rendition.has_b_slices, rendition.reorders = raw.has_b_slices, raw.reorders

    # Making.

    @property
    def _recipe(self) -> Recipe:
        return self._house.workshop.settings.recipes[self.name]

    def _read(self) -> None:
        """Somebody reads the ring."""
        self._read_at = self._house.clock()
        if not self._making and self._refused_until is None:
            self._make()

    def _make(self) -> None:
        camera = self._house.camera(self.intake.raw.camera_id)
        if camera is None:
            return
        now = self._house.clock()
        self._tick(_LOOK_S)
        if not self._admitted(now):
            self._refused_until = now + _ASK_AGAIN_S
            log.warning("camera %s: no room to transcode it", self._key)
            self.follow()
            return
        self._making = True
        self._refused_until = None
        mask = Mask(camera.masks) if camera.masks else None
        self.intake.make(self._target, self.rendition, camera.name, mask)
        self.follow()

    @property
    def _target(self) -> Target:
        return Target(self._key, self._recipe, self._overlay, self.rendition.newest_media_time)

    def _admitted(self, now: float) -> bool:
        raw, workshop = self.intake.raw, self._house.workshop
        interval = raw.freshness.interval_s
        rate = 1 / interval if interval else 25.0
        size = (raw.format.width, raw.format.height) if raw.format else (1920, 1080)
        made = self._recipe.size(*size)
        decode = workshop.costs.expect(f"decode/{raw.codec}", size[0] * size[1] / 1e6 * rate)
        encode = workshop.costs.expect("encode", made[0] * made[1] / 1e6 * rate)
        return workshop.capacity.admit({self._key: encode, self.intake.decoder_key: decode}, now)

    def _stop_making(self) -> None:
        if self._making:
            self._making = False
            self.intake.unmake(self._key)

    def _tick(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        """Does anybody still read; is there room by now."""
        self._timer = None
        now = self._house.clock()
        ring = self.rendition.ring
        if ring.has_readers:
            self._read_at = now
        if now - self._read_at > max(_LOOK_S, self._house.linger):
            self._stop_making()
            self._refused_until = None
            ring.clear()
            self.follow()
            return
        if self._refused_until is not None and now >= self._refused_until:
            self._make()
        else:
            self._tick(_LOOK_S)

    def _announce(self) -> None:
        """Make the SPS known before there is a picture, once per format: a viewer's answer needs it."""
        format = self.intake.raw.format  # noqa: A001
        if format is None or self._sampled == format:
            return
        self._sampled = format
        interval = self.intake.raw.freshness.interval_s
        work = self._sample((format.width, format.height), 1 / interval if interval else 25.0)
        self._house.spawn(work, f"announce/{self._key}")

    async def _sample(self, size: tuple[int, int], rate: float) -> None:
        workshop = self._house.workshop
        try:
            encoder = await workshop.encoder()
            coded = await workshop.run(partial(sample, self._target, encoder, size, rate))
            if not self._making or self.rendition.format is None:
                self.rendition.set_sps(coded.nal_units[0])
        except (EncoderError, ProtocolError) as error:
            log.warning("camera %s: no picture can be announced: %s", self._key, error)
