"""From the camera's glass to the browser's: what Chromium shows against the time code in the picture.

Encoder, RTSP, relay, WebRTC, decoder and the browser's own clock of frames are all in it. The camera is a
process of its own; the time code says when the drawing of the picture began, the end is the moment at which
Chromium calls back with the picture in the compositor (`requestVideoFrameCallback`). Everything is on one
machine, so that there is one clock; a moving screen would add its own refresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.async_api import BrowserContext

from streams.simulator import SimulatedCamera
from tests.bench._figures import median, percentile, say
from tests.browser.harness import chromium, context, plain_player, shown
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import city

NAMES = ("glass_to_glass",)
_RATES = (25, 10)
_WARM_UP_MS = 3_000  # the browser's jitter buffer settles
_MEASURED_MS = 15_000
_LEAST_READ = 0.9  # of the pictures shown must have had a readable time code,
_LEAST_SHOWN = 0.5  # and so many of those due must have been shown: fewer, and the machine does other things


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds, median and 95th percentile, at 25 and at 10 pictures a second."""
    cameras = [SimulatedCamera(f"fps{rate}", f"{rate} fps", scene="junction", fps=rate) for rate in _RATES]
    figures: dict[str, Any] = {}
    async with (
        city(cameras) as simulated,
        bare_relay(simulated.addresses) as relay,
        chromium() as browser,
    ):
        for rate in _RATES:
            relay.grant(f"fps{rate}")
            async with context(browser, relay.url) as opened:
                samples = await _watch(opened, relay, f"fps{rate}", rate)
            say(f"{rate} fps: {len(samples)} pictures shown, {min(samples):.1f} to {max(samples):.1f} ms")
            figures[f"fps{rate}_median_ms"] = median(samples)
            figures[f"fps{rate}_p95_ms"] = percentile(samples, 95)
            figures[f"fps{rate}_shown_per_s"] = round(len(samples) / (_MEASURED_MS / 1_000), 1)
    return figures


async def _watch(opened: BrowserContext, relay: BareRelay, camera: str, rate: int) -> list[float]:
    page = await plain_player(opened, relay.url)
    await page.evaluate("([url, token]) => player.play(url, token)", [relay.whep(camera), relay.token()])
    await page.wait_for_timeout(_WARM_UP_MS + _MEASURED_MS)
    pictures = await shown(page)
    await page.evaluate("player.stop()")
    end = pictures[-1].shown_at
    measured = [each for each in pictures if each.shown_at > end - _MEASURED_MS]
    samples = [each.glass_to_glass for each in measured if each.glass_to_glass is not None]
    due = rate * _MEASURED_MS / 1_000
    if len(samples) < _LEAST_READ * len(measured) or len(measured) < _LEAST_SHOWN * due:
        raise RuntimeError(
            f"{len(samples)} time codes in {len(measured)} pictures shown of {due:.0f}: too few to measure"
        )
    return samples
