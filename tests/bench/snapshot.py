"""What a snapshot of a warm camera takes, from the request to the JPEG: 1920x1080, over HTTP, on record.

`warm_ms`: of a keyframe that nobody has asked for yet: the right is looked for, the keyframe decoded, the
JPEG written, the viewing put on record. `masked_ms`: the same with a mask and a watermark on it.
`repeated_ms`: of a keyframe that was asked for before. Medians.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from hotline.inventory import add_camera
from tests.bench._steady_camera import encode
from tests.cameras.coded import Coded
from tests.cameras.coded_camera import coded_camera
from tests.hotline.house import NETWORKS, camera, house

NAMES = ("snapshot",)

SIZE = (1920, 1080)
BIT_RATE = 6_000_000
ROUNDS = 12
KEYFRAMES_S = 2.0


async def run(name: str) -> dict[str, Any]:
    """Measure all three; `name` is not needed."""
    pictures = await asyncio.to_thread(encode, SIZE, BIT_RATE)
    video = [Coded(number, number == 0, units) for number, units in enumerate(pictures)]
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        async with coded_camera("H264", video) as source, house(Path(folder), over_http=True) as home:
            await add_camera(
                home.records.database,
                camera(9, id="real", main_url=source.url, sub_url=None),
                keys=home.records.keys,
                networks=NETWORKS,
                actor=home.records.me,
                now=time.time(),
            )
            operator, room = await home.client("operator"), await home.client("dispatcher")
            incident = (await home.incident(operator))["id"]
            plain = (await home.share(operator, incident, cameras=["real"]))["id"]
            warm_ms, repeated_ms = await _take(room, plain)
            mask = {"masks": [[[0.1, 0.1], [0.4, 0.1], [0.4, 0.6], [0.1, 0.6]]]}
            await operator.put("/api/cameras/real/masks", json=mask, headers={"If-Match": "*"})
            marked = (await home.share(operator, incident, cameras=["real"], overlay=True, watermark=True))[
                "id"
            ]
            masked_ms, _ = await _take(room, marked)
    return {
        "size": f"{SIZE[0]}x{SIZE[1]}",
        "warm_ms": warm_ms,
        "masked_ms": masked_ms,
        "repeated_ms": repeated_ms,
    }


async def _take(room: httpx.AsyncClient, share: str) -> tuple[float, float]:
    """Median milliseconds of the first request for a keyframe, and of the second."""
    first, second = [], []
    await _one(room, share)  # warms the camera and the code
    for _ in range(ROUNDS):
        await asyncio.sleep(KEYFRAMES_S)
        taken, at = await _one(room, share)
        again, same = await _one(room, share)
        first.append(taken)
        if at == same:
            second.append(again)
    return round(statistics.median(first), 1), round(statistics.median(second), 1)


async def _one(room: httpx.AsyncClient, share: str) -> tuple[float, str]:
    began = time.perf_counter()
    answer = await room.get("/api/cameras/real/snapshot.jpg", params={"share": share})
    taken = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"no snapshot: {answer.status_code}")
    return taken, answer.headers["Picture-Taken"]
