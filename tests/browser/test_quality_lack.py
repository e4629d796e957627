"""A quality that cannot be had, in real Chromium: the page says so beside the choice, while it is chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from relay.wish import LACKS, Lack
from streams.simulator import SimulatedCamera
from streams.simulator.scenes.catalogue import TEST_CARD
from tests.support.product import Product, product

from .harness import TABLET, WALL, screenshot
from .wall import page_of, person, shared_incident

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENGLISH, KOREAN = LACKS[Lack.UNKNOWN]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large_only() -> AsyncIterator[Product]:
    """The product with a camera that has no small stream."""
    camera = SimulatedCamera("camera-1", "CAMERA 1", scene=TEST_CARD, fps=10, sub_size=None)
    async with product([camera]) as running:
        yield running


@pytest.mark.parametrize(
    ("who", "path", "size", "locale", "small", "auto", "words"),
    [
        ("crew", "/vehicle", TABLET, "ko-KR", "저화질", "자동", ("저화질 불가", KOREAN)),
        (
            "dispatcher",
            "/control-room",
            WALL,
            "en-GB",
            "Small",
            "Auto",
            ("Small cannot be had on 1 camera:", ENGLISH),
        ),
    ],
)
async def test_the_page_says_that_there_is_no_small_picture(
    browser: Browser,
    large_only: Product,
    who: str,
    path: str,
    size: tuple[int, int],
    locale: str,
    small: str,
    auto: str,
    words: tuple[str, str],
) -> None:
    async with (
        person(browser, large_only, who, size=size, locale=locale) as opened,
        shared_incident(large_only, 1),
    ):
        page = await page_of(opened, path)
        await expect(page.locator("camera-tile").first).to_have_attribute(
            "data-state", "live", timeout=20_000
        )
        status = page.locator("quality-lack").get_by_role("status")
        await expect(status).to_have_text("")
        await page.get_by_role("radio", name=small).click()
        for each in words:
            await expect(status).to_contain_text(each, timeout=20_000)
        await screenshot(page, f"{path[1:]}-quality-lack")
        await page.get_by_role("radio", name=auto).click()
        await expect(status).to_have_text("")
