"""What it costs to pull fifty 2 Mbit/s cameras that are passed through, and how much later a picture is here.

The cameras are in a process of their own and write into each picture when they sent it. The delay goes from
there to the listener of the rendition's ring, so the camera's own writing and the kernel are in it.
`loop_lag_p99_ms` is how late this process was woken from a sleep meanwhile: where that is large, the machine
had other work, and the delay says more about it than about us.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from streams.access_unit import AccessUnit
from streams.camera import Camera, ProfileName
from streams.heap import set_aside
from streams.hub import CameraHub
from tests.bench._feed import STAMP, Feed, feed
from tests.bench._figures import percentile

NAMES = ("pull",)
_FEEDS = 50
_FPS = 25.0
_WARM_S = 3.0
_MEASURE_S = 10.0
_LOOK_S = 0.01


async def run(_: str) -> Mapping[str, Any]:
    """CPU milliseconds per second and feed, delay in milliseconds."""
    bytes_per_picture = round(2e6 / 8 / _FPS / 1.04)  # a keyframe in 25 is twice as large
    async with feed(Feed(cameras=_FEEDS, fps=_FPS, bytes_per_picture=bytes_per_picture)) as urls:
        cameras = {
            f"cam{number}": Camera(f"cam{number}", "", {ProfileName.MAIN: url})
            for number, url in enumerate(urls)
        }
        hub = CameraHub(cameras.get, lambda _: None)
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        holds = [hub.hold(name, ProfileName.MAIN, urgent=True) for name in cameras]
        delays: list[float] = []
        size = 0

        def heard(unit: AccessUnit) -> None:
            nonlocal size
            size += unit.size
            delays.append((time.monotonic_ns() - int(unit.nal_units[-1][-STAMP:])) / 1e6)

        for hold in holds:
            hold.rendition.ring.listen(heard)
        async with asyncio.timeout(30):
            for hold in holds:
                await hold.rendition.ring.reader().next()
        set_aside()  # as `hotline serve` does at its start: the stop it makes is not what is measured
        await asyncio.sleep(_WARM_S)
        lags: list[float] = []
        watching = asyncio.create_task(_watch_lag(lags))
        delays.clear()
        size = 0
        began, spent = time.monotonic(), time.process_time()
        await asyncio.sleep(_MEASURE_S)
        passed, spent = time.monotonic() - began, time.process_time() - spent
        measured, rate = tuple(delays), size * 8 / passed / _FEEDS
        dropped = sum(hold.rendition.counters.dropped_pictures for hold in holds)
        for task in (running, watching):
            task.cancel()
        await asyncio.gather(running, watching, return_exceptions=True)
    return {
        "feeds": _FEEDS,
        "cpu_ms_per_s_per_feed": round(spent * 1e3 / passed / _FEEDS, 2),
        "added_delay_p50_ms": percentile(measured, 50, 2),
        "added_delay_p99_ms": percentile(measured, 99, 2),
        "loop_lag_p99_ms": percentile(lags, 99, 2),
        "mbit_per_s_per_feed": round(rate / 1e6, 2),
        "pictures_per_s": round(len(measured) / passed),
        "dropped": dropped,
    }


async def _watch_lag(lags: list[float]) -> None:
    while True:
        due = time.monotonic() + _LOOK_S
        await asyncio.sleep(_LOOK_S)
        lags.append((time.monotonic() - due) * 1e3)
