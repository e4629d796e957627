"""From the incident's report to nine moving tiles on a wall that was open: the whole product, as it is run.

The script reports the incident over the API and shares the nine cameras offered at once, as the fastest
operator would. The control-room page was open and idle. A tile moves when it has shown two different pictures
since the report; the figure is when the ninth does. Cameras rest between incidents, so their RTSP sessions
and first pictures are in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from playwright.async_api import Page

from tests.bench._figures import median, say
from tests.browser.harness import WALL, chromium, context, sign_in
from tests.support.product import Product, nine_cameras, product, report, share

NAMES = ("incident_to_wall",)
_RUNS = 5
_CAMERAS = 9
_PATIENCE_MS = 20_000
# A share that ended leaves the page deleting viewers that are gone already; browsers print such answers.
_EXPECTED = (r"status of 404 .*/whep/",)


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds, the median of some incidents."""
    async with (
        product(nine_cameras()) as ours,
        chromium() as browser,
        context(browser, ours.url, size=WALL, allow=_EXPECTED) as opened,
    ):
        await sign_in(opened, ours.people["dispatcher"])
        page = await opened.new_page()
        await page.goto("/control-room")
        await page.wait_for_selector("waiting-state")
        await _incident(page, ours)  # the first one of all loads code; a wall has been on for days
        runs = [await _incident(page, ours) for _ in range(_RUNS)]
    return {
        "cameras": _CAMERAS,
        "median_ms": median([wall for _, wall in runs]),
        "worst_ms": round(max(wall for _, wall in runs), 1),
        "share_ms_median": median([shared for shared, _ in runs]),
    }


async def _incident(page: Page, ours: Product) -> tuple[float, float]:
    """Milliseconds from the report to the share's answer and to the last tile that moves."""
    await asyncio.gather(*(ours.city.resting(camera, deadline=30) for camera in ours.cameras))
    async with ours.signed_in("operator") as operator:
        begin = time.time() * 1_000
        incident = await report(operator)
        cameras = [candidate["camera"]["id"] for candidate in incident["candidates"]]
        await share(operator, incident, cameras)
        shared = time.time() * 1_000 - begin
        await page.wait_for_function(
            "([since, all]) => recorder.moving(since) >= all", arg=[begin, _CAMERAS], timeout=_PATIENCE_MS
        )
        moved = await page.evaluate("(since) => recorder.movingAt(since)", begin)
        tiles = sorted(round(at - begin) for at in moved)
        say(f"share answered after {shared:.0f} ms, tiles moved after {tiles} ms")
        await operator.post(f"/api/incidents/{incident['id']}/close")
    await page.wait_for_selector("waiting-state")
    return shared, float(tiles[-1])
