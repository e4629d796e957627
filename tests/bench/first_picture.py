"""From the click to the first picture in Chromium, with a keyframe every 4 s as real CCTV sends it.

The first picture is the one that is shown first; live is the first one that is younger than 150 ms: what a
person waits for. In between this player, which knows nothing of it, shows what it can of the group of
pictures while it decodes them (`ran_past`); the product's pages keep that out of sight.

Warm: the camera's pictures are in the relay already, the click falls anywhere between two keyframes. Warm,
waiting: the same with instant start switched off, as other relays do it. Cold: the camera is granted at the
very moment of the click and the relay has no session with it. Of that, own is what is ours: without the time
in which a bare RTSP session with the same camera gives its first picture. (A simulated camera that rested
starts with a keyframe.)
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from relay.settings import RelaySettings
from streams.camera import Camera, ProfileName
from streams.probe import probe
from streams.simulator import SimulatedCamera
from tests.bench._figures import median, percentile, say
from tests.browser.harness import chromium, context, plain_player, shown
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import City, city

NAMES = ("first_picture",)
_GOP_S = 4.0
_LIVE_MS = 150
_PATIENCE_MS = 10_000
_WARM_RUNS = 12
_WAITING_RUNS = 5
_COLD_RUNS = 7
_CAMERA_RUNS = 5
_CAMERA = "street"


@dataclass(frozen=True, slots=True)
class _Start:
    """Milliseconds after the click."""

    first: float
    live: float
    past: int
    """Different pictures shown before the first live one."""


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds from the click to the first picture shown."""
    cameras = [SimulatedCamera(_CAMERA, "Street", scene="junction", fps=25, gop_s=_GOP_S)]
    async with city(cameras) as simulated, chromium() as browser:
        async with (
            bare_relay(simulated.addresses, linger=0.0) as relay,
            context(browser, relay.url) as opened,
        ):
            page = await plain_player(opened, relay.url)
            await _cold(
                page, relay, simulated
            )  # Chromium's first connection of all loads what later ones share
            cold = [await _cold(page, relay, simulated) for _ in range(_COLD_RUNS)]
            relay.grant()
            camera = [await _camera_alone(simulated) for _ in range(_CAMERA_RUNS)]
            warm = await _warm(page, relay)
        async with (
            bare_relay(simulated.addresses, settings=RelaySettings(instant_start=False)) as relay,
            context(browser, relay.url) as opened,
        ):
            waiting = await _waiting(await plain_player(opened, relay.url), relay)
    for name, starts in (("warm", warm), ("warm, waiting", waiting), ("cold", cold)):
        say(f"{name}: first {_sorted(starts, 'first')}, live {_sorted(starts, 'live')}")
    cold_ms, camera_ms = median([each.first for each in cold]), median(camera)
    return {
        "warm_ms_median": median([each.first for each in warm]),
        "warm_ms_p95": percentile([each.first for each in warm], 95),
        "warm_live_ms_median": median([each.live for each in warm]),
        "ran_past_ms_median": median([each.live - each.first for each in warm]),
        "ran_past_pictures_median": median([each.past for each in warm], 0),
        "warm_waiting_ms_median": median([each.first for each in waiting]),
        "cold_ms_median": cold_ms,
        "cold_own_ms": round(cold_ms - camera_ms, 1),
        "camera_ms_median": camera_ms,
        "gop_s": _GOP_S,
    }


async def _warm(page: Page, relay: BareRelay) -> list[_Start]:
    relay.grant(_CAMERA)
    await page.wait_for_timeout(_GOP_S * 1_000)
    draw = random.Random(4)
    samples = []
    for _ in range(_WARM_RUNS):
        await page.wait_for_timeout(draw.uniform(0.2, 1.2) * 1_000)  # anywhere between two keyframes
        samples.append(await _click(page, relay))
    return samples


async def _waiting(page: Page, relay: BareRelay) -> list[_Start]:
    """Whoever waits leaves just after a keyframe, so the clicks are spread over the interval by hand."""
    relay.grant(_CAMERA)
    rendition = relay.hub.rendition(_CAMERA, ProfileName.MAIN)
    assert rendition is not None
    await page.wait_for_timeout(_GOP_S * 1_000)
    samples = []
    for number in range(_WAITING_RUNS):
        phase = (number + 0.5) / _WAITING_RUNS * _GOP_S
        since_keyframe = time.monotonic() - rendition.ring.newest_gop()[0].arrived
        await page.wait_for_timeout((phase - since_keyframe) % _GOP_S * 1_000)
        samples.append(await _click(page, relay))
    return samples


async def _cold(page: Page, relay: BareRelay, simulated: City) -> _Start:
    relay.grant()
    await simulated.resting(_CAMERA)
    relay.grant(_CAMERA)
    return await _click(page, relay)


async def _click(page: Page, relay: BareRelay) -> _Start:
    await page.evaluate("recorder.clear()")
    times = await page.evaluate(
        "([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token()]
    )
    live = await page.evaluate(
        "([limit, patience]) => recorder.live(0, limit, patience)", [_LIVE_MS, _PATIENCE_MS]
    )
    past = len({each.rtp for each in await shown(page) if each.shown_at < live})
    await page.evaluate("player.stop()")
    return _Start(times["shown"] - times["clicked"], live - times["clicked"], past)


async def _camera_alone(simulated: City) -> float:
    """Milliseconds in which a bare RTSP session with the rested camera gives its first picture."""
    await simulated.resting(_CAMERA)
    camera = Camera(_CAMERA, _CAMERA, simulated.addresses[_CAMERA])
    result = await probe(camera, ProfileName.MAIN, None, watch_s=0.05)
    if result.first_picture_s is None:
        raise RuntimeError(f"the camera gave no picture: {result.detail}")
    return result.first_picture_s * 1_000


def _sorted(starts: list[_Start], name: str) -> list[int]:
    return sorted(round(getattr(each, name)) for each in starts)
