"""The harness itself: errors are seen, pictures are written down, time codes are read."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from .harness import HERE, context, shown

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANYWHERE = "http://127.0.0.1"  # nothing is fetched; a page of one's own is set


async def test_a_console_error_fails_the_test(browser: Browser) -> None:
    with pytest.raises(AssertionError, match="a mistake"):
        async with context(browser, ANYWHERE) as opened:
            page = await opened.new_page()
            await page.evaluate("console.error('a mistake')")


async def test_an_error_nobody_caught_fails_the_test(browser: Browser) -> None:
    with pytest.raises(AssertionError, match="thrown"):
        async with context(browser, ANYWHERE) as opened:
            page = await opened.new_page()
            async with opened.expect_event("weberror"):
                await page.evaluate("setTimeout(() => { throw new Error('thrown') })")


async def test_an_error_that_belongs_to_the_test_passes(browser: Browser) -> None:
    async with context(browser, ANYWHERE, allow=["status of 401"]) as opened:
        page = await opened.new_page()
        await page.evaluate("console.error('the server responded with a status of 401')")


async def test_every_picture_shown_is_written_down_with_its_time_code(browser: Browser) -> None:
    async with context(browser, ANYWHERE) as opened:
        page = await opened.new_page()
        await page.route(
            "**/loopback",
            lambda route: route.fulfill(content_type="text/html", body="<video autoplay muted>"),
        )
        await page.goto("http://127.0.0.1/loopback")
        await page.add_script_tag(path=HERE / "loopback.js")
        await page.evaluate("loopback()")
        await page.wait_for_function("recorder.videos()[0]?.shown >= 15 && recorder.moving(0) === 1")
        pictures = [each for each in await shown(page) if each.timecode is not None]
        assert len(pictures) >= 10
        drawn = set(await page.evaluate("drawn"))
        for picture in pictures:
            assert picture.width * 9 == picture.height * 16
            assert picture.rtp is not None
            assert picture.timecode in drawn
            assert picture.glass_to_glass is not None
            assert 0 < picture.glass_to_glass < 2_000
        assert len({each.timecode for each in pictures}) >= 8
