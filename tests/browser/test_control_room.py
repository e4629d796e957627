"""The control room's wall in real Chromium: it appears, it goes, and no old picture ever looks live there."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.netem.tcp import TcpPath
from tests.support.product import Product
from tests.support.waiting import until

from .harness import WALL, add_recorder, chromium_with_tabs, plain_player, screenshot, shown, sign_in
from .wall import (
    UNREACHABLE,
    all_in_state,
    changes,
    last_shown,
    moving,
    now_ms,
    page_of,
    person,
    shared_incident,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LIMIT_MS = 1_000  # a camera at 10 pictures a second is stalled after this
VEIL_MS = LIMIT_MS + 1_000
PATH_MS = 3_000
WAIT = "status of 503"  # a relay that was stopped sees that it is late, and lets nobody in for a moment
CUT_MS = 1_000


async def test_the_wall_appears_by_itself_and_goes_with_the_share(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "dispatcher", size=WALL) as opened:
        page = await page_of(opened, "/control-room")
        await expect(page.locator("waiting-state")).to_be_visible()
        await screenshot(page, "control-room-waiting")
        async with shared_incident(ours) as (operator, share):
            await moving(page, 9)
            await all_in_state(page, 9, "live")
            names = await page.locator("camera-tile .name").all_inner_texts()
            assert names == [camera["name_ko"] for camera in share["cameras"]]
            await screenshot(page, "control-room-nine")
            await operator.post(f"/api/shares/{share['id']}/end")
            ended = now_ms()
            await expect(page.locator("camera-tile")).to_have_count(0, timeout=CUT_MS)
            await expect(page.locator("waiting-state")).to_be_visible()
            assert await last_shown(page) < ended + CUT_MS
            await screenshot(page, "control-room-ended")


async def test_the_quality_of_the_wall_can_be_pinned(browser: Browser, ours: Product) -> None:
    async with (
        person(browser, ours, "dispatcher", size=WALL, locale="en-GB") as opened,
        shared_incident(ours, 2),
    ):
        page = await page_of(opened, "/control-room")
        await all_in_state(page, 2, "live")
        tiles = page.locator("camera-tile")
        await expect(tiles.first).to_have_attribute("data-profile", "main")
        await page.get_by_role("radio", name="Small").click()
        for index in range(2):
            await expect(tiles.nth(index)).to_have_attribute("data-profile", "sub")
        await all_in_state(page, 2, "live")
        await screenshot(page, "control-room-small-quality")


async def test_the_end_of_a_share_cuts_a_viewer_that_does_not_listen(browser: Browser, ours: Product) -> None:
    """The plain player knows nothing of events: it is the relay that cuts it."""
    async with person(browser, ours, "dispatcher") as opened, shared_incident(ours, 1) as (operator, share):
        async with ours.signed_in("dispatcher") as dispatcher:
            token = (await dispatcher.post(f"/api/shares/{share['id']}/token"))["token"]
        page = await plain_player(opened, ours.url)
        await page.evaluate(
            "([url, token]) => player.play(url, token)", [f"{ours.url}/whep/{ours.cameras[0]}", token]
        )
        await moving(page, 1)
        await operator.post(f"/api/shares/{share['id']}/end")
        ended = now_ms()
        await page.wait_for_function("() => player.peer.connectionState !== 'connected'")
        assert (await shown(page))[-1].shown_at < ended + CUT_MS
        refused = await page.evaluate(
            "([url, token]) => player.play(url, token).then(() => '', (error) => error.message)",
            [f"{ours.url}/whep/{ours.cameras[0]}", token],
        )
        assert refused == "refused: 404"


async def test_a_stalled_camera_is_veiled_in_time_and_alone(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "dispatcher", size=WALL) as opened, shared_incident(ours, 4):
        page = await page_of(opened, "/control-room")
        await moving(page, 4)
        await all_in_state(page, 4, "live")
        begin, broken = now_ms(), ours.cameras[1]
        await ours.city.fault(broken, "stall")
        try:
            tile = page.locator(f'camera-tile[data-camera="{broken}"]')
            await expect(tile).to_have_attribute("data-state", "stalled", timeout=2 * VEIL_MS)
            last = await page.evaluate("(camera) => recorder.lastShownOf(camera)", broken)
            veiled = next(each for each in await changes(page, begin) if each.camera == broken)
            assert veiled.at - last < VEIL_MS
            await expect(tile.locator(".veil")).to_be_visible()
            await screenshot(page, "control-room-stalled")
        finally:
            mended = now_ms()
            await ours.city.fault(broken, "none")
        await expect(tile).to_have_attribute("data-state", "live")
        await moving(page, 4)
        back = next(each for each in await changes(page, mended) if each.state == "live")
        assert back.at - mended < 2_000
        assert {each.camera for each in await changes(page, begin) if each.cause == "source"} == {broken}


async def test_a_camera_that_reboots_comes_back_by_itself(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "dispatcher", size=WALL) as opened, shared_incident(ours, 4):
        page = await page_of(opened, "/control-room")
        await moving(page, 4)
        begin, broken = now_ms(), ours.cameras[2]
        await ours.city.fault(broken, "reboot 3")
        tile = page.locator(f'camera-tile[data-camera="{broken}"]')
        await expect(tile).not_to_have_attribute("data-state", "live", timeout=2 * VEIL_MS)
        await expect(tile).to_have_attribute("data-state", "offline")
        await expect(tile.locator(".veil")).to_be_visible()
        await screenshot(page, "control-room-offline")
        await expect(tile).to_have_attribute("data-state", "live")
        assert (now_ms() - begin) < 3_000 + 4_000
        await moving(page, 4)


async def test_a_dead_service_is_veiled_within_three_seconds_and_forgotten_when_back(
    browser: Browser, ours: Product
) -> None:
    async with (
        person(browser, ours, "dispatcher", size=WALL, allow=[UNREACHABLE, WAIT]) as opened,
        shared_incident(ours, 4),
    ):
        page = await page_of(opened, "/control-room")
        await moving(page, 4)
        await all_in_state(page, 4, "live")
        stopped = now_ms()
        ours.pause()
        try:
            await all_in_state(page, 4, "path_dead", timeout=2 * PATH_MS)
            assert max(each.at for each in await changes(page, stopped)) - stopped < PATH_MS
            await screenshot(page, "control-room-path-dead")
        finally:
            ours.resume()
        await all_in_state(page, 4, "live")
        await moving(page, 4)


async def test_events_cut_alone_are_veiled_too(browser: Browser, ours: Product) -> None:
    """Pictures still flow, but nothing says any more that they are of now."""
    host, port = ours.url.removeprefix("http://").split(":")
    async with (
        TcpPath((host, int(port))) as path,
        person(
            browser,
            ours,
            "dispatcher",
            size=WALL,
            allow=[UNREACHABLE],
            base_url=f"http://{path.address[0]}:{path.address[1]}",
        ) as opened,
        shared_incident(ours, 4),
    ):
        page = await page_of(opened, "/control-room")
        await moving(page, 4)
        await all_in_state(page, 4, "live")
        cut = now_ms()
        path.hold()
        await all_in_state(page, 4, "path_dead", timeout=2 * PATH_MS)
        assert max(each.at for each in await changes(page, cut)) - cut < PATH_MS
        await moving(page, 4)  # behind the veil
        path.release()
        await all_in_state(page, 4, "live")


async def test_a_hidden_tab_is_not_veiled_falsely(ours: Product) -> None:
    async with chromium_with_tabs() as opened, shared_incident(ours, 4):
        await add_recorder(opened)
        await sign_in(opened, ours.people["dispatcher"], ours.url)
        page = await page_of(opened, f"{ours.url}/control-room")
        await moving(page, 4)
        await all_in_state(page, 4, "live")
        hidden = now_ms()
        other = await opened.new_page()
        await other.bring_to_front()
        await page.wait_for_function("() => document.hidden", polling=100)
        await asyncio.sleep(5)  # longer than every limit: nothing may happen
        assert await page.evaluate("document.hidden")
        assert await changes(page, hidden) == []
        await page.bring_to_front()
        await page.wait_for_function("() => !document.hidden", polling=100)
        await moving(page, 4)
        assert await changes(page, hidden) == []


async def test_two_tabs_share_one_event_stream_and_the_other_takes_it_over(
    browser: Browser, ours: Product
) -> None:
    async with person(browser, ours, "dispatcher", size=WALL) as opened, shared_incident(ours, 2):
        streams: list[str] = []
        opened.on(
            "request", lambda request: streams.append(request.url) if "/api/events" in request.url else None
        )
        first = await page_of(opened, "/control-room")
        await moving(first, 2)
        second = await page_of(opened, "/control-room")
        await moving(second, 2)
        assert len(streams) == 1
        closed = now_ms()
        await first.close()
        await moving(second, 2)
        await until(lambda: len(streams) == 2, "the second tab opens the stream", deadline=10)
        await all_in_state(second, 2, "live")
        await asyncio.sleep(2.5)  # longer than the path's limit
        await all_in_state(second, 2, "live")
        assert [each for each in await changes(second, closed) if each.cause == "events"] == []
