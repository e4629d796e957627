"""The vehicle's tablet in real Chromium: a large picture that appears by itself, and the way to the next."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, expect

from tests.support.product import Product
from tests.support.waiting import until

from .harness import TABLET, screenshot, shown
from .wall import moving, now_ms, page_of, person, shared_incident

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CUT_MS = 1_000
LARGE = ".stage camera-tile"


async def large(page: Page) -> str | None:
    """The camera of the large picture."""
    return await page.locator(LARGE).get_attribute("data-camera")


async def swipe(page: Page, by: int) -> None:
    """A finger on the large picture, to the side."""
    box = await page.locator(".stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 - by / 2, box["y"] + box["height"] / 2
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x + by * step / 5, "y": y}
        await devtools.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    await devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def tap_on(page: Page, camera: str) -> None:
    """A finger on a small picture, until it is the large one. Where the machine stands still between the
    finger's coming and going, the browser takes it for a long press, and a finger would come again."""
    for _ in range(3):
        await page.locator(f'.strip button[data-camera="{camera}"]').tap()
        with suppress(AssertionError):
            await expect(page.locator(LARGE)).to_have_attribute("data-camera", camera, timeout=5_000)
            return
    raise AssertionError(f"a tap on {camera} was not taken")


async def test_one_large_picture_appears_by_itself_and_goes_with_the_share(
    browser: Browser, ours: Product
) -> None:
    async with person(browser, ours, "crew", size=TABLET, touch=True) as opened:
        page = await page_of(opened, "/vehicle")
        await expect(page.locator("waiting-state")).to_be_visible()
        await screenshot(page, "vehicle-waiting")
        async with shared_incident(ours) as (operator, share):
            await expect(page.locator(LARGE)).to_have_attribute("data-state", "live", timeout=20_000)
            await expect(page.locator(LARGE)).to_have_attribute("data-profile", "main")
            assert await large(page) == ours.cameras[0]
            await moving(page, 2)
            await screenshot(page, "vehicle-large")
            await operator.post(f"/api/shares/{share['id']}/end")
            ended = now_ms()
            await expect(page.locator("camera-tile")).to_have_count(0, timeout=CUT_MS)
            await expect(page.locator("waiting-state")).to_be_visible()
            assert await page.evaluate("recorder.lastShown()") < ended + CUT_MS


async def test_a_swipe_a_tap_and_a_key_go_on_to_the_next(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "crew", size=TABLET, touch=True) as opened, shared_incident(ours, 4):
        page = await page_of(opened, "/vehicle")
        tile = page.locator(LARGE)
        await expect(tile).to_have_attribute("data-state", "live", timeout=20_000)
        assert await large(page) == ours.cameras[0]
        await swipe(page, -300)
        await expect(tile).to_have_attribute("data-camera", ours.cameras[1])
        await expect(tile).to_have_attribute("data-state", "live")
        await swipe(page, 300)
        await expect(tile).to_have_attribute("data-camera", ours.cameras[0])
        await swipe(page, -20)  # a finger that only rested
        await expect(tile).to_have_attribute("data-camera", ours.cameras[0])
        await tap_on(page, ours.cameras[3])
        await page.keyboard.press("ArrowRight")  # around
        await expect(tile).to_have_attribute("data-camera", ours.cameras[0])
        await expect(tile).to_have_attribute("data-state", "live")
        await screenshot(page, "vehicle-after-swipes")


async def test_the_past_that_a_start_goes_through_is_not_seen(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "crew", size=TABLET) as opened, shared_incident(ours, 1):
        page = await page_of(opened, "/vehicle")
        tile = page.locator(LARGE)
        await expect(tile).to_have_attribute("data-state", "live", timeout=20_000)
        await moving(page, 1)
        await page.reload()  # now the relay has a group of pictures to begin with
        await expect(tile).to_have_attribute("data-state", "live", timeout=20_000)
        await moving(page, 1)
        pictures = await shown(page, 0)
        assert not pictures[0].seen
        assert pictures[-1].seen
        first_seen = next(index for index, each in enumerate(pictures) if each.seen)
        assert all(each.seen for each in pictures[first_seen:])


async def test_the_quality_can_be_pinned_and_stays_so(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "crew", size=TABLET, touch=True) as opened, shared_incident(ours, 2):
        page = await page_of(opened, "/vehicle")
        wishes: list[Any] = []

        def note(request: Request) -> None:
            if request.url.endswith("/layer"):
                wishes.append(request.post_data_json)

        page.on("request", note)
        tile = page.locator(LARGE)
        await expect(tile).to_have_attribute("data-state", "live", timeout=20_000)
        await expect(tile).to_have_attribute("data-profile", "main")
        box = await tile.bounding_box()
        assert box is not None
        width = math.ceil(box["width"] * 0.8)
        await until(lambda: {"hidden": False, "rid": None, "maxWidth": width} in wishes, "the tile's width")
        await page.get_by_role("radio", name="저화질").tap()
        await expect(tile).to_have_attribute("data-profile", "sub")
        await expect(tile).to_have_attribute("data-state", "live")
        await screenshot(page, "vehicle-small-quality")
        await page.reload()
        await expect(tile).to_have_attribute("data-profile", "sub", timeout=20_000)
        await expect(page.get_by_role("radio", name="저화질")).to_be_checked()
        await until(lambda: any(wish["rid"] == "sub" for wish in wishes), "the small rendition is pinned")
        await page.get_by_role("radio", name="저화질").focus()
        await page.keyboard.press("ArrowLeft")
        await expect(page.get_by_role("radio", name="고화질")).to_be_focused()
        await expect(tile).to_have_attribute("data-profile", "main")
        await expect(tile).to_have_attribute("data-camera", ours.cameras[0])  # the key went no further
        await until(lambda: any(wish["rid"] == "main" for wish in wishes), "the full rendition is pinned")
        await page.keyboard.press("ArrowLeft")
        await expect(page.get_by_role("radio", name="자동")).to_be_checked()
        await until(lambda: wishes[-1]["rid"] is None, "none is pinned")


async def test_a_share_for_others_stays_away_from_the_tablet(browser: Browser, ours: Product) -> None:
    async with (
        person(browser, ours, "crew", touch=True) as opened,
        shared_incident(ours, 2, units=["room"]),
        person(browser, ours, "dispatcher") as beside,
    ):
        page = await page_of(opened, "/vehicle")
        wall = await page_of(beside, "/control-room")
        await moving(wall, 2)
        await expect(page.locator("waiting-state")).to_be_visible()
        assert await page.locator("camera-tile").count() == 0
