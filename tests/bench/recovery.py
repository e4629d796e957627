"""From the opening of a rebooted camera's port to its picture in Chromium, on the same peer connection.

The camera's encoder runs on, whoever plays: after the port is open its next keyframe is anywhere between now
and one GOP away, which is most of what is measured. How long the port is closed is drawn anew each time, so
that it opens anywhere between two of our attempts. Nobody clicks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from playwright.async_api import Page

from streams.camera import ProfileName
from tests.bench._figures import median, percentile, say
from tests.browser.harness import chromium, context, plain_player
from tests.cameras.coded import Coded, encode, payloads
from tests.cameras.coded_camera import sdp
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.support.bare_relay import bare_relay

NAMES = ("recovery",)
LONG = ("recovery",)
_FPS = 25
_GOP_S = 1
_REBOOTS = 24
_AWAY_S = (1.0, 3.0)
_STEADY_S = 0.7
_PATIENCE_MS = 15_000
_CAMERA = "street"


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds from the port's opening to the first picture shown after it."""
    video = encode("H264", _FPS * _GOP_S, gop=_FPS * _GOP_S, width=640, height=480)
    camera = FakeCamera(Manners(sdp=sdp("H264"), media=_free_running(video)))
    draw = random.Random(9)
    samples = []
    async with (
        camera,
        bare_relay({_CAMERA: {ProfileName.MAIN: camera.url}}) as relay,
        chromium() as browser,
        context(browser, relay.url) as opened,
    ):
        relay.grant(_CAMERA)
        page = await plain_player(opened, relay.url)
        await page.evaluate("window.readTimecodes = false")
        await page.evaluate(
            "([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token(seconds=3600)]
        )
        for _reboot in range(_REBOOTS):
            await asyncio.sleep(_STEADY_S)
            samples.append(await _reboot_once(page, camera, draw.uniform(*_AWAY_S)))
        if len(relay.viewings.opened_ones) != 1 or await page.evaluate("recorder.count()") != 1:
            raise RuntimeError("the viewer did not stay the same")
        await page.evaluate("player.stop()")
    say(f"back: {sorted(round(sample) for sample in samples)}")
    return {
        "gop_s": _GOP_S,
        "reboots": _REBOOTS,
        "back_ms_p50": median(samples),
        "back_ms_p95": percentile(samples, 95),
        "back_ms_max": round(max(samples), 1),
    }


async def _reboot_once(page: Page, camera: FakeCamera, away_s: float) -> float:
    await camera.stop()
    await asyncio.sleep(away_s)
    await page.evaluate("recorder.clear()")
    await camera.start()
    opened = time.time() * 1_000
    shown: float = await page.evaluate(
        """async (patience) => {
          const end = performance.now() + patience;
          while (!recorder.lastShown()) {
            if (performance.now() > end) throw new Error("the picture did not come back");
            await new Promise((later) => setTimeout(later, 5));
          }
          return (await recorder.frames(0))[0].shownAt;
        }""",
        _PATIENCE_MS,
    )
    return shown - opened


def _free_running(video: Sequence[Coded]) -> Callable[[Talk], Awaitable[None]]:
    """Media of an encoder that never rests: whoever plays comes in at whatever picture is due."""

    async def media(talk: Talk) -> None:
        loop = asyncio.get_running_loop()
        number = int(loop.time() * _FPS)
        while True:
            number += 1
            await asyncio.sleep(max(0.0, number / _FPS - loop.time()))
            picture = video[number % len(video)]
            talk.rtp.timestamp = number * (90_000 // _FPS) & 0xFFFFFFFF
            parts = payloads("H264", picture)
            last = len(parts) - 1
            await talk.send_picture(
                [talk.rtp.packet(part, index == last) for index, part in enumerate(parts)]
            )

    return media
