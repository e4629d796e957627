"""What the share path asks of the database: a city of 2,912 cameras, medians in milliseconds.

`report_ms`: POST an incident and rank the cameras for it. `share_ms`: POST a share of nine cameras to a
control room (share, grants and audit entry in one transaction). `viewing_ms`: write a viewing down, which
happens before a viewer's first picture. `rank_ms`: rank all cameras, the whole city within the radius,
without a database.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hotline.domain.nearby import rank
from hotline.domain.place import Point
from hotline.inventory import import_cameras
from hotline.viewings import Viewings
from tests.hotline.house import NETWORKS, house, records
from tests.hotline.test_nearby import Standing
from tests.hotline.test_viewings import shared, viewing

NAMES = ("records",)

CAMERAS = 2912
ROUNDS = 25
FIRE = Point(37.6290, 126.7140)


async def run(name: str) -> dict[str, Any]:
    """Measure all four; `name` is not needed."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        api, viewings = (Path(folder) / part for part in ("api", "viewings"))
        for part in (api, viewings):
            await asyncio.to_thread(part.mkdir)
        report_ms, share_ms = await _share_path(api)
        viewing_ms = await _viewing(viewings)
    return {
        "cameras": CAMERAS,
        "report_ms": report_ms,
        "share_ms": share_ms,
        "viewing_ms": viewing_ms,
        "rank_ms": _ranking(),
    }


async def _share_path(folder: Path) -> tuple[float, float]:
    rows = "".join(
        f"c{n},카메라 {n},Camera {n},장소,방범,{37.55 + (n % 54) * 0.003:.4f},{126.6 + n // 54 * 0.003:.4f},"
        f"{n * 7 % 360},rtsp://127.0.0.1:1/{n}/m,rtsp://127.0.0.1:1/{n}/s\n"
        for n in range(CAMERAS)
    )
    table = "id,name_ko,name_en,site,purpose,latitude,longitude,heading,main,sub\n" + rows
    async with house(folder) as home:
        made = home.records
        await import_cameras(
            made.database,
            table.encode(),
            keys=made.keys,
            networks=NETWORKS,
            actor=made.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        operator = await home.client("operator")
        incident = await home.incident(operator)

        async def report(_: int) -> None:
            await home.incident(operator)

        async def share(_: int) -> None:
            await home.share(operator, incident["id"], cameras=[f"c{n}" for n in range(9)])

        return await _median_ms(report), await _median_ms(share)


async def _viewing(folder: Path) -> float:
    async with records(folder) as made:
        share, grant = await shared(made)
        recorder = Viewings(made.database)

        async def opened(number: int) -> None:
            await recorder.opened(viewing(made, share, grant, viewer_id=f"viewer-{number}"))

        return await _median_ms(opened)


def _ranking() -> float:
    chance = random.Random(1)
    cameras = [
        Standing(
            f"c{number}",
            chance.gauss(FIRE.latitude, 0.03),
            chance.gauss(FIRE.longitude, 0.03),
            chance.uniform(0, 360) if number % 3 else None,
            80.0,
        )
        for number in range(CAMERAS)
    ]
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rank(FIRE, cameras, limit=9, radius_m=20_000.0)
        taken.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(taken), 1)


async def _median_ms(work: Callable[[int], Awaitable[None]]) -> float:
    taken = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        await work(number)
        taken.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(taken), 1)
