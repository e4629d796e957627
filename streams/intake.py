"""One profile of one camera as it comes in: its source while it is wanted, its one decoder while anything is
made of it. What comes out is `outlet.py`'s.

State belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from streams.camera import ProfileName
from streams.mask import Mask
from streams.pipeline import Target
from streams.rendition import Rendition
from streams.source import Source
from streams.transcode import Transcoder
from streams.workshop import Workshop

if TYPE_CHECKING:
    from streams.outlet import Outlet

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None] | None"]
"""Starts a task that the hub owns; None, with the coroutine closed, where the hub does not run."""


class Intake:
    """`raw`: the pictures as the camera sends them; never given out where the camera has masks."""

    def __init__(self, raw: Rendition, profile: ProfileName, workshop: Workshop, spawn: Spawn) -> None:
        self.raw = raw
        self.profile = profile
        self.source: Source | None = None  # set once, by who makes both
        self.outlets: list[Outlet] = []  # that want pictures
        self._workshop = workshop
        self._spawn = spawn
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._transcoder: Transcoder | None = None
        self._transcoding: asyncio.Task[None] | None = None

    @property
    def urgent(self) -> bool:
        """Whether somebody has the right to look now."""
        return any(outlet.urgent for outlet in self.outlets)

    @property
    def runs(self) -> bool:
        """Whether there is a source's task."""
        return self._task is not None

    def want(self, outlet: Outlet) -> None:
        """An outlet needs pictures; the first starts the source."""
        if outlet not in self.outlets:
            self.outlets.append(outlet)
        self.start()

    def unwant(self, outlet: Outlet) -> None:
        """An outlet needs none any more; the last stops the source."""
        if outlet in self.outlets:
            self.outlets.remove(outlet)
        if not self.outlets:
            self.stop()

    def start(self) -> None:
        """Run the source if it is wanted and does not run."""
        if self._task is None and self.outlets:
            name = f"source/{self.raw.camera_id}/{self.raw.name}"
            self._task = self._spawn(self._supervise(), name)

    def stop(self) -> None:
        """End the session; it begins anew if anybody wants it then."""
        if self._task is not None and not self._stopping:
            self._stopping = True
            self._task.cancel()

    def described(self) -> None:
        """The codec is known, or the order of the pictures."""
        for outlet in tuple(self.outlets):
            outlet.route()

    def changed(self) -> None:
        """The source's state changed."""
        for outlet in tuple(self.outlets):
            outlet.follow()

    def make(self, target: Target, rendition: Rendition, camera_name: str, mask: Mask | None) -> None:
        """Make a rendition of these pictures, with the others in one go."""
        if self._transcoder is None:
            self._transcoder = Transcoder(self.raw, self._workshop, camera_name, mask)
        self._transcoder.attach(target, rendition)
        if self._transcoding is None:
            transcoder = self._transcoder
            name = f"transcode/{self.raw.camera_id}/{self.raw.name}"
            self._transcoding = self._spawn(transcoder.run(), name)

    def unmake(self, key: str) -> None:
        """Make it no more; the last ends the decoder."""
        self._workshop.capacity.release(key)
        transcoder = self._transcoder
        if transcoder is None:
            return
        transcoder.detach(key)
        if not transcoder.targets:
            self._transcoder = None
            self._workshop.capacity.release(transcoder.name)
            if self._transcoding is not None:
                self._transcoding.cancel()
                self._transcoding = None

    @property
    def decoder_key(self) -> str:
        """The decoder's name in the budget."""
        return f"{self.raw.camera_id}/{self.raw.name}/decode"

    async def _supervise(self) -> None:
        """A source's life, and the next one if it was wanted again while it stopped."""
        assert self.source is not None
        try:
            await self.source.run()
        except Exception:
            # One source's fault must not end the others'.
            log.exception("source %s/%s failed", self.raw.camera_id, self.raw.name)
        finally:
            self._task = None
            wanted_again, self._stopping = self._stopping and bool(self.outlets), False
            if wanted_again:
                self.start()
