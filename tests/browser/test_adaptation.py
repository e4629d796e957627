"""Real Chromium on links as vehicles have them: the picture moves on, in the quality that the link carries.

Rides of more than half a minute, and how soon and how smooth it all is, are in `tests/bench/adaptation.py`:
here a bound is what a person would call broken, so that a busy machine does not decide.
"""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import Browser

from streams.simulator.camera import SimulatedCamera
from tests.netem.impairment import Impairment
from tests.support.waiting import until

from .harness import shown
from .link import CAMERA, VEHICLE, WIDE, riding

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = Impairment(rate=400_000, queue=64_000, delay=0.02)


async def test_a_link_that_shrinks_gets_the_small_stream(browser: Browser) -> None:
    async with riding(browser, WIDE) as ride:
        await ride.play()
        # Chromium tells its first estimate after five seconds; until then a full queue shows later.
        assert (await ride.watch(6)).width == 1280
        assert ride.quality().switches == {}
        ride.path.set(down=NARROW)
        await ride.on("sub", 10.0)
        await asyncio.sleep(3)  # what stood in the queue goes by
        settled = await ride.watch(4)
        assert settled.width == 480
        assert settled.fps >= 5
        assert settled.freeze_ms <= 2_000


async def test_a_camera_without_a_small_stream_has_one_made_for_a_link_that_shrinks(browser: Browser) -> None:
    only_main = SimulatedCamera(CAMERA, "Street", scene="road", fps=15, sub_size=None, bit_rate=2_000_000)
    async with riding(browser, WIDE, camera=only_main) as ride:
        await ride.play()
        assert (await ride.watch(6)).width == 1280
        ride.path.set(down=NARROW)
        await ride.on("low", 10.0)
        await asyncio.sleep(5)  # what stood in the queue goes by, the encoder finds its rate
        settled = await ride.watch(5)
        assert settled.width == 640
        assert settled.fps >= 5
        assert settled.freeze_ms <= 2_000
        assert ride.quality().rendition == "low"


async def test_a_vehicle_at_the_edge_of_its_cell_keeps_a_moving_picture(browser: Browser) -> None:
    async with riding(browser, VEHICLE) as ride:
        await ride.play("sub")
        await asyncio.sleep(5)
        settled = await ride.watch(8)
        assert settled.fps >= 5
        assert settled.freeze_ms <= 2_000
        assert ride.quality().rendition == "sub"


async def test_a_link_that_was_good_all_along_keeps_the_large_stream(browser: Browser) -> None:
    async with riding(browser, Impairment(loss=0.02, delay=0.02)) as ride:
        await ride.play()
        seen = await ride.watch(6)
        assert seen.width == 1280
        assert ride.quality().switches == {}


async def test_a_hidden_tile_gets_less_and_the_large_stream_back_without_a_freeze(browser: Browser) -> None:
    async with riding(browser) as ride:
        await ride.play()
        await ride.watch(1)
        ask = """async ([wish, token]) => (await (await fetch(player.resource + "/layer", {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
          body: JSON.stringify(wish),
        })).json()).active"""
        for wish, rendition, width in (({"hidden": True}, "sub", 480), ({"hidden": False}, "main", 1280)):
            assert await ride.page.evaluate(ask, [wish, ride.relay.token()]) == rendition
            seen = await ride.watch(3)
            assert seen.width == width
            assert seen.freeze_ms < 1_500
            assert seen.fps > 10


@pytest.mark.parametrize("silence", [2.0, 5.0])
async def test_the_picture_is_back_with_the_first_keyframe_of_a_camera_that_was_silent(
    browser: Browser, silence: float
) -> None:
    async with riding(browser) as ride:
        await ride.play()
        await ride.watch(2)
        await ride.city.fault(CAMERA, "stall")
        await asyncio.sleep(1.0)  # what was on its way has come
        main = ride.relay.hub.rendition(CAMERA, "main")  # type: ignore[arg-type]  # a StrEnum's value will do
        assert main is not None
        before = main.ring.newest
        assert before is not None
        await asyncio.sleep(silence - 1.0)
        await ride.city.fault(CAMERA, "none")

        def keyframe() -> bool:
            gop = main.ring.newest_gop()
            return bool(gop) and gop[0].number > before.number

        await until(keyframe, "the first keyframe", deadline=10)
        came = time.time() * 1000
        await asyncio.sleep(2.5)
        new = [each for each in await shown(ride.page) if each.timecode and each.timecode > came - 500]
        assert new
        assert new[0].shown_at - came <= 1_500
