"""A picture that is live and shows nothing true: told on the tiles of all three pages, and never veiled."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.product import PLACE_KO, Product

from .harness import TABLET, WALL, screenshot
from .test_operator import close_on_the_page, report_on_the_page
from .wall import moving, page_of, person, shared_incident

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(420)]

# Three keyframes of 2 s. But a busy machine's simulator stands still at times: then the watch waits for up to
# twenty, and may look at each second one only.
FOUND_MS = 120_000
KOREAN = re.compile(r"화면이 멈춰 있음 · \d\d:\d\d부터")
ENGLISH = re.compile(r"Frozen picture since \d\d:\d\d")


async def told_frozen(page: Page, camera: str, words: re.Pattern[str]) -> None:
    tile = page.locator(f'camera-tile[data-camera="{camera}"]').first
    await expect(tile).to_have_attribute("data-picture", "frozen", timeout=FOUND_MS)
    await expect(tile.locator(".finding")).to_have_text(words)
    await expect(tile).to_have_attribute("aria-label", words)
    await expect(tile).to_have_attribute("data-state", "live")  # it arrives: that is true too
    await expect(tile.locator(".veil")).to_have_count(0)
    await expect(tile.locator(".veiled")).to_have_count(0)


async def test_a_frozen_camera_is_told_on_every_page_and_its_picture_stays(
    browser: Browser, ours: Product
) -> None:
    camera = ours.cameras[0]
    async with (
        person(browser, ours, "dispatcher", size=WALL) as room,
        person(browser, ours, "crew", size=TABLET, touch=True, locale="en-GB") as car,
        person(browser, ours, "operator", size=TABLET) as desk,
        shared_incident(ours, 4),
    ):
        wall, vehicle = await page_of(room, "/control-room"), await page_of(car, "/vehicle")
        operator = await page_of(desk, "/operator")
        await moving(wall, 4)
        await expect(operator.get_by_role("button", name="새 사건")).to_be_visible(timeout=30_000)
        await report_on_the_page(operator, PLACE_KO)
        await ours.city.fault(camera, "freeze")
        try:
            await told_frozen(wall, camera, KOREAN)
            await told_frozen(vehicle, camera, ENGLISH)
            await told_frozen(operator, camera, KOREAN)
            await expect(wall.locator('camera-tile[data-picture="frozen"]')).to_have_count(1)
            await moving(wall, 4)  # the clock of the frozen one runs on
            await screenshot(wall, "control-room-frozen")
            await screenshot(vehicle, "vehicle-frozen")
            await screenshot(operator, "operator-frozen")
        finally:
            await ours.city.fault(camera, "none")
        await expect(wall.locator(".finding")).to_have_count(0, timeout=FOUND_MS)
        await expect(vehicle.locator(".finding")).to_have_count(0, timeout=FOUND_MS)
        await close_on_the_page(operator)
