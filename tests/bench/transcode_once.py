"""What a rendition costs, with one reader and with twenty: CPU milliseconds per second, fan-out apart.

The camera sends H.264 with 1920x1080 at 25 pictures per second, from a process of its own. Counted is all
that this process takes from the socket to the rendition's ring: reception, decoder, scaler, encoder. Readers
hear of every picture and do nothing with it, for what a viewer costs is the relay's `fanout`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from streams.camera import Camera, ProfileName, RenditionName
from streams.hub import CameraHub
from streams.recipe import Transcoding
from tests.bench._feed import Feed, feed
from tests.bench._figures import say

NAMES = ("transcode_once",)
_SIZE = (1920, 1080)
_WARM_S = 3.0
_MEASURE_S = 6.0


async def run(_: str) -> Mapping[str, Any]:
    """CPU milliseconds per second."""
    figures: dict[str, Any] = {}
    async with feed(Feed(codec="H264", size=_SIZE)) as (url,):
        for name in (RenditionName.MEDIUM, RenditionName.LOW):
            for readers in (1, 20):
                figures[f"{name}_{readers}"] = await _measure(url, name, readers)
                say(f"{name}, {readers} readers: {figures[f'{name}_{readers}']} ms/s")
    return {**figures, "source": f"{_SIZE[0]}x{_SIZE[1]} H.264, 25/s"}


async def _measure(url: str, name: RenditionName, readers: int) -> float:
    camera = Camera("cam", "Camera", {ProfileName.MAIN: url})
    hub = CameraHub({"cam": camera}.get, lambda _: None, transcoding=Transcoding(cores=64))
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    with hub.hold("cam", name, urgent=True) as hold:
        counted = [0] * readers

        def listen(number: int) -> None:
            def heard(_: object) -> None:
                counted[number] += 1

            hold.rendition.ring.listen(heard)

        for number in range(readers):
            listen(number)
        async with asyncio.timeout(30):
            await hold.rendition.ring.reader().next()
        await asyncio.sleep(_WARM_S)
        before, began, spent = counted[0], time.monotonic(), time.process_time()
        await asyncio.sleep(_MEASURE_S)
        passed, spent = time.monotonic() - began, time.process_time() - spent
        pictures = (counted[0] - before) / passed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    if pictures < 20 or len(set(counted)) != 1:
        raise RuntimeError(f"only {pictures:.1f} pictures per second, or not the same to all: {counted}")
    return round(spent / passed * 1e3, 1)
