"""The vehicle's tablet in real Chromium: a large picture that appears by itself, and the way to the next."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.product import Product

from .harness import TABLET, screenshot
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
        await page.locator(f'.strip button[data-camera="{ours.cameras[3]}"]').tap()
        await expect(tile).to_have_attribute("data-camera", ours.cameras[3])
        await page.keyboard.press("ArrowRight")  # around
        await expect(tile).to_have_attribute("data-camera", ours.cameras[0])
        await expect(tile).to_have_attribute("data-state", "live")
        await screenshot(page, "vehicle-after-swipes")


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
