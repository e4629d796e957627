"""One picture of a camera as a JPEG: its newest keyframe, decoded by itself, with what must be on it.

Belongs here: keyframe to JPEG, in bounded worker threads, equal requests worked on once. Which keyframe, of
which camera, and under which masks is `hub.py`'s. Masks come through the decoder, as on every way out.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from streams.access_unit import AccessUnit
from streams.camera import Polygon
from streams.decoder import decode_alone
from streams.errors import CameraError
from streams.mask import Mask
from streams.overlay import Caption
from streams.recipe import Overlay
from streams.rendition import Rendition
from streams.ring import Start
from streams.scale import Scaler
from streams.state import Live, Offline, Reason

THREADS = 2
MOST_WAITING = 32
"""Pictures being made or waiting for it; one more is refused."""
KEPT = 32
"""Finished pictures that are kept, in case another asks for the same; the oldest goes."""
QUALITY = 85
"""JPEG quality, 0 to 100."""


class StillError(Exception):
    """No picture can be made now; in our own words. `busy`: for want of room, not for the camera's fault."""

    def __init__(self, words: str, *, busy: bool = False) -> None:
        super().__init__(words)
        self.busy = busy


@dataclass(frozen=True, slots=True)
class Order:
    """What the picture is to be made of and like.

    source: names the camera's profile; with the unit's number it names the picture. taken: UTC seconds.
    width: of the picture, None as the camera sends it; never made larger.
    """

    source: Hashable
    codec: str
    unit: AccessUnit
    camera_name: str
    masks: tuple[Polygon, ...]
    overlay: Overlay | None
    width: int | None
    taken: float

    @property
    def key(self) -> Hashable:
        """Equal for orders that come to the same picture."""
        return self.source, self.unit.number, self.masks, self.overlay, self.width, self.camera_name


@dataclass(frozen=True, slots=True)
class Still:
    """A finished picture. taken: UTC seconds."""

    jpeg: bytes
    width: int
    height: int
    taken: float


async def keyframe(raw: Rendition, patience: float) -> AccessUnit:
    """The newest keyframe of a source that is held: at once while it is live, else the next that comes.

    Raises `CameraError` where it is offline, or gives none within `patience` seconds.
    """
    live = isinstance(raw.state, Live)
    cursor = raw.ring.reader(Start.NEWEST_GOP if live else Start.NEXT_IDR)
    coming = asyncio.ensure_future(cursor.next())
    try:
        async with asyncio.timeout(patience):
            while not coming.done():
                state = raw.state
                if isinstance(state, Offline) and state.reason is not Reason.STOPPED:
                    raise CameraError(state.reason, "no still while the camera is offline")
                news = asyncio.ensure_future(raw.changed(raw.version))
                await asyncio.wait({coming, news}, return_when=asyncio.FIRST_COMPLETED)
                await _end(news)
            return coming.result()
    except TimeoutError:
        raise CameraError(Reason.TIMEOUT, f"no keyframe within {patience:g} s") from None
    finally:
        await _end(coming)


async def _end(waiting: asyncio.Future[Any]) -> None:
    waiting.cancel()
    await asyncio.wait({waiting})


class Darkroom:
    """Makes stills; threads begin with the first and end with `close`. State belongs to the loop's thread."""

    def __init__(self, utc_offset_h: float) -> None:
        self._utc_offset_h = utc_offset_h
        self._threads: ThreadPoolExecutor | None = None
        self._under_way: dict[Hashable, asyncio.Future[Still]] = {}
        self._kept: OrderedDict[Hashable, Still] = OrderedDict()
        self.made = 0

    async def develop(self, order: Order) -> Still:
        """The still. Raises `StillError`."""
        key = order.key
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        job = self._under_way.get(key)
        if job is None:
            if len(self._under_way) >= MOST_WAITING:
                raise StillError("too many pictures are being made", busy=True)
            job = self._begin(key, order)
        return await asyncio.shield(job)

    def _begin(self, key: Hashable, order: Order) -> asyncio.Future[Still]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="still")
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._threads, partial(develop, order, self._utc_offset_h))
        self._under_way[key] = job

        def done(job: asyncio.Future[Still]) -> None:
            self._under_way.pop(key, None)
            if not job.cancelled() and job.exception() is None:
                self.made += 1
                self._kept[key] = job.result()
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)

        job.add_done_callback(done)
        return job

    def forget(self) -> None:
        """Keep no finished picture."""
        self._kept.clear()

    def close(self) -> None:
        """End the threads; a picture under way is finished first, some milliseconds."""
        self._kept.clear()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None


def develop(order: Order, utc_offset_h: float) -> Still:
    """The work itself. Raises `StillError` where the keyframe cannot be decoded."""
    mask = Mask(order.masks) if order.masks else None
    frame = decode_alone(order.codec, order.unit, mask)
    if frame is None:
        raise StillError("the keyframe cannot be decoded")
    if order.width is not None and order.width < frame.width:
        size = order.width // 2 * 2, max(2, round(frame.height * order.width / frame.width / 2) * 2)
        frame = Scaler().scale(frame, {size})[size]
    if order.overlay is not None:
        frame = Caption(order.overlay, order.camera_name, utc_offset_h).draw(frame, order.taken)
    picture = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    done, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise StillError("the picture cannot be written as JPEG")
    return Still(jpeg.tobytes(), frame.width, frame.height, order.taken)
