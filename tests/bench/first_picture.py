"""From the click to the first picture in Chromium, with a keyframe every 4 s as real CCTV sends it.

The first picture is the one that is shown first; live is the first one that is younger than 150 ms: what a
person waits for. In between Chromium shows what is left of the group of pictures, as fast as it can.

Warm: the camera's pictures are in the relay already, the click falls anywhere between two keyframes. Cold:
the camera is granted at the very moment of the click and the relay has no session with it; the camera's own
time to its first picture is in it. (A simulated camera that rested starts with a keyframe.)
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from streams.simulator import SimulatedCamera
from tests.bench._figures import median, percentile, say
from tests.browser.harness import chromium, context, plain_player
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import City, city

NAMES = ("first_picture",)
_GOP_S = 4.0
_LIVE_MS = 150
_WARM_RUNS = 15
_COLD_RUNS = 9
_CAMERA = "street"


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds from the click to the first picture shown."""
    cameras = [SimulatedCamera(_CAMERA, "Street", scene="junction", fps=25, gop_s=_GOP_S)]
    async with (
        city(cameras) as simulated,
        bare_relay(simulated.addresses, linger=0.0) as relay,
        chromium() as browser,
        context(browser, relay.url) as opened,
    ):
        page = await plain_player(opened, relay.url)
        await _cold(page, relay, simulated)  # Chromium's first connection of all loads what later ones share
        cold = [await _cold(page, relay, simulated) for _ in range(_COLD_RUNS)]
        warm = await _warm(page, relay)
    for name, starts in (("warm", warm), ("cold", cold)):
        say(f"{name}: first {_sorted(starts, 'first')}, live {_sorted(starts, 'live')}")
    return {
        "warm_ms_median": median([each.first for each in warm]),
        "warm_ms_p95": percentile([each.first for each in warm], 95),
        "warm_live_ms_median": median([each.live for each in warm]),
        "cold_ms_median": median([each.first for each in cold]),
        "gop_s": _GOP_S,
    }


@dataclass(frozen=True, slots=True)
class _Start:
    """Milliseconds after the click."""

    first: float
    live: float


def _sorted(starts: list[_Start], name: str) -> list[int]:
    return sorted(round(getattr(each, name)) for each in starts)


async def _click(page: Page, relay: BareRelay) -> _Start:
    await page.evaluate("recorder.clear()")
    times = await page.evaluate(
        "([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token()]
    )
    live = await page.evaluate("([limit, patience]) => recorder.live(0, limit, patience)", [_LIVE_MS, 10_000])
    await page.evaluate("player.stop()")
    return _Start(times["shown"] - times["clicked"], live - times["clicked"])


async def _warm(page: Page, relay: BareRelay) -> list[_Start]:
    relay.grant(_CAMERA)
    await page.wait_for_timeout(_GOP_S * 1_000)
    draw = random.Random(4)
    samples = []
    for _ in range(_WARM_RUNS):
        await page.wait_for_timeout(draw.uniform(0.2, 1.2) * 1_000)  # anywhere between two keyframes
        samples.append(await _click(page, relay))
    return samples


async def _cold(page: Page, relay: BareRelay, simulated: City) -> _Start:
    relay.grant()
    await simulated.resting(_CAMERA)
    relay.grant(_CAMERA)
    return await _click(page, relay)
