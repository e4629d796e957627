"""How much earlier our RTSP client has a picture than PyAV's demuxer, on the same camera at the same time.

The camera sends the same picture to both at the same moment. libavformat's parser knows that a picture has
ended when the next one begins: it is expected to be one frame interval late (40 ms and 100 ms).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any

import av

from streams.access_unit import AccessUnit
from streams.camera import Camera, ProfileName
from streams.hub import CameraHub
from tests.bench._feed import Feed, feed
from tests.bench._figures import median, say

NAMES = ("latency_in",)
_MEASURE_S = 8.0
_TAIL = 24  # bytes of a picture's end that tell it from the others


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds by which ours is earlier, median."""
    figures: dict[str, Any] = {}
    for fps in (25, 10):
        figures[f"fps{fps}_gain_ms"] = await _measure(float(fps))
    return figures


async def _measure(fps: float) -> float:
    settings = Feed(codec="H264", fps=fps, gop=round(fps), size=(640, 360))
    ours: list[tuple[bytes, float]] = []
    theirs: list[tuple[bytes, float]] = []
    async with feed(settings) as (url,):
        stop = threading.Event()
        demuxing = asyncio.create_task(asyncio.to_thread(_demux, url, theirs, stop))
        hub = CameraHub({"cam": Camera("cam", "", {ProfileName.MAIN: url})}.get, lambda _: None)
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:

            def heard(unit: AccessUnit) -> None:
                ours.append((unit.nal_units[-1][-_TAIL:], time.monotonic()))

            hold.rendition.ring.listen(heard)
            await asyncio.sleep(_MEASURE_S)
        stop.set()
        await demuxing
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    # The video comes round every two seconds or more: the nearest of the same content is the same picture.
    gains: list[float] = []
    for tail, when in theirs[round(fps) :]:  # without its burst at the beginning
        same = [at for other, at in ours if other == tail]
        if same:
            nearest = min(same, key=lambda at: abs(at - when))
            if abs(nearest - when) < 0.8:
                gains.append((when - nearest) * 1e3)
    say(f"{fps:g}/s: {len(gains)} pictures compared")
    return median(gains)


def _demux(url: str, found: list[tuple[bytes, float]], stop: threading.Event) -> None:
    options = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay", "timeout": "3000000"}
    with av.open(url, options=options, timeout=(5.0, 3.0)) as container:
        for packet in container.demux(video=0):
            found.append((bytes(packet)[-_TAIL:], time.monotonic()))
            if stop.is_set():
                return
