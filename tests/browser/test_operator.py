"""The operator's page in real Chromium: sign in, report on the page, look, share, and see it end."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from hotline.demo.client import Person, SignIn
from tests.support.product import CONTROL_ROOM, PLACE_EN, PLACE_KO, VEHICLE, Product

from .harness import TABLET, WALL, context, screenshot
from .wall import ENDED_VIEWER, moving, page_of, person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def fill_in(page: Page, who: SignIn) -> None:
    """The sign-in page, filled in and sent."""
    await page.locator("#username").fill(who.username)
    await page.locator("#password").fill(who.password)
    await page.locator("button.primary").click()


async def report_on_the_page(page: Page, address: str) -> None:
    """Reports a fire at the known place, and waits for the candidates."""
    await page.get_by_role("button", name="새 사건").click()
    await page.locator("report-form select").select_option(label=PLACE_KO)
    await page.locator("#address").fill(address)
    await page.get_by_role("button", name="사건 등록").click()
    await expect(page.locator("candidate-list li")).to_have_count(9)


async def close_on_the_page(page: Page) -> None:
    """Closes the incident that is open on the page."""
    await page.get_by_role("button", name="사건 종료").click()
    await page.get_by_role("button", name="사건 종료").click()
    await expect(page.locator("candidate-list")).to_have_count(0)


async def test_signing_in_leads_to_the_work_and_back_out(browser: Browser, ours: Product) -> None:
    async with context(browser, ours.url, allow=["status of 401"]) as opened:
        page = await page_of(opened, "/operator")
        await expect(page).to_have_url(re.compile("/login"))
        await screenshot(page, "login")
        await fill_in(page, SignIn("operator", "not the password"))
        await expect(page.get_by_role("alert")).to_be_visible()
        await fill_in(page, ours.people["operator"])
        await expect(page).to_have_url(re.compile("/operator$"))
        await page.get_by_role("button", name="로그아웃").click()
        await expect(page).to_have_url(re.compile("/login"))


async def test_from_the_report_on_the_page_to_nine_moving_tiles_on_the_wall(
    browser: Browser, ours: Product
) -> None:
    async with (
        person(browser, ours, "operator", size=TABLET) as desk,
        person(browser, ours, "dispatcher", size=WALL) as room,
        person(browser, ours, "crew", size=TABLET, touch=True) as car,
    ):
        wall = await page_of(room, "/control-room")
        tablet = await page_of(car, "/vehicle")
        page = await page_of(desk, "/operator")
        await report_on_the_page(page, "북변동 전통시장 3번 출입구")
        await moving(page, 6)  # the preview, before anything is shared
        await screenshot(page, "operator-candidates")
        await expect(wall.locator("waiting-state")).to_be_visible()

        await page.locator(f'input[data-unit="{VEHICLE}"]').check()
        assert await page.locator(f'input[data-unit="{CONTROL_ROOM}"]').is_checked()
        await page.get_by_role("button", name="카메라 9대 공유").click()
        await moving(wall, 9)
        await moving(tablet, 1)
        await expect(page.locator("running-shares li")).to_have_count(1)
        await expect(wall.locator("incident-heading")).to_contain_text("북변동 전통시장 3번 출입구")
        await screenshot(page, "operator-shared")
        await screenshot(wall, "wall-shared-by-page")
        await screenshot(tablet, "tablet-shared-by-page")

        share = page.locator("running-shares li")
        await share.get_by_role("button", name="공유 끝내기").click()
        await share.get_by_role("button", name="끝내기", exact=True).click()
        await expect(wall.locator("camera-tile")).to_have_count(0, timeout=2_000)
        await expect(tablet.locator("camera-tile")).to_have_count(0, timeout=2_000)
        await expect(page.locator("running-shares li")).to_have_count(0)
        await close_on_the_page(page)
        await screenshot(page, "operator-empty")


async def test_fewer_cameras_are_shared_when_fewer_are_chosen(browser: Browser, ours: Product) -> None:
    async with (
        person(browser, ours, "operator", size=WALL) as desk,
        person(browser, ours, "dispatcher", size=WALL) as room,
    ):
        wall = await page_of(room, "/control-room")
        page = await page_of(desk, "/operator")
        await report_on_the_page(page, "걸포로 12")
        for camera in ours.cameras[2:]:
            await page.locator(f'candidate-list li[data-camera="{camera}"] label').click()
        await page.get_by_role("button", name="카메라 2대 공유").click()
        await moving(wall, 2)
        assert await wall.locator("camera-tile").count() == 2
        await screenshot(page, "operator-wide")
        await close_on_the_page(page)  # and with the incident its share
        await expect(wall.locator("camera-tile")).to_have_count(0, timeout=2_000)


async def test_cameras_that_are_not_chosen_are_seen_by_stills(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "operator", size=WALL) as desk:
        page = await page_of(desk, "/operator")
        await report_on_the_page(page, "걸포로 14")
        await moving(page, 6)
        for camera in ours.cameras[2:]:
            await page.locator(f'candidate-list li[data-camera="{camera}"] label').click()
        stills = page.locator('candidate-list camera-still[data-state="shown"]')
        await expect(stills).to_have_count(7, timeout=20_000)
        assert await page.locator("candidate-list camera-tile").count() == 2
        await screenshot(page, "operator-stills")
        async with ours.signed_in("operator") as operator:
            (incident,) = (await operator.get("/api/incidents"))["incidents"]
            seen = (await operator.get("/api/viewings?open=1"))["viewings"]
            stilled = [each for each in seen if each["form"] == "stills"]
            looked_at = [each["camera"]["id"] for each in stilled if each["incident"] == incident["number"]]
            assert sorted(looked_at) == sorted(ours.cameras[2:])  # who looks at a still is on record, too
            await page.locator(f'candidate-list li[data-camera="{ours.cameras[8]}"] label').click()
            await moving(page, 3)  # chosen again, it is live again
            await close_on_the_page(page)


async def test_text_on_the_picture_is_a_matter_of_two_boxes(browser: Browser, ours: Product) -> None:
    async with (
        person(browser, ours, "operator") as desk,
        person(browser, ours, "dispatcher", size=WALL) as room,
    ):
        wall = await page_of(room, "/control-room")
        page = await page_of(desk, "/operator")
        await report_on_the_page(page, "걸포로 16")
        for camera in ours.cameras[1:]:
            await page.locator(f'candidate-list li[data-camera="{camera}"] label').click()
        for mark in ("overlay", "watermark"):
            assert not await page.locator(f"#{mark}").is_checked()
            await page.locator(f"#{mark}").check()
        await screenshot(page, "operator-marks")
        await page.get_by_role("button", name="카메라 1대 공유").click()
        await moving(wall, 1)
        await screenshot(wall, "wall-marks")
        async with ours.signed_in("operator") as operator:
            (share,) = (await operator.get("/api/shares?state=running"))["shares"]
            assert (share["overlay"], share["watermark"]) == (True, True)
        await close_on_the_page(page)


async def test_the_page_speaks_english_too(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "operator", locale="en-GB") as desk:
        page = await page_of(desk, "/operator")
        await page.get_by_role("button", name="New incident").click()
        await page.locator("report-form select").select_option(label=PLACE_EN)
        await screenshot(page, "operator-english")


async def test_a_crew_has_no_business_on_the_operators_page(browser: Browser, ours: Product) -> None:
    allowed = [ENDED_VIEWER, "status of 403"]
    async with person(browser, ours, "crew", allow=allowed) as opened:
        page = await page_of(opened, "/operator")
        await expect(page.get_by_role("button", name="새 사건")).to_have_count(0)


async def swept(operator: Person, camera: str) -> dict[str, Any]:
    """What a sweep of one camera finds, once nothing else has it in use."""
    async with asyncio.timeout(30):
        while True:
            await operator.post("/api/readiness/sweep", {"cameras": [camera]})
            answer = await operator.get("/api/readiness")
            while answer["sweep"]["ended_at"] is None:
                await asyncio.sleep(0.1)
                answer = await operator.get("/api/readiness")
            if answer["sweep"]["skipped"] == 0:
                found: dict[str, Any] = next(
                    each["reading"] for each in answer["cameras"] if each["camera"] == camera
                )
                return found


@pytest.mark.parametrize(("size", "name"), [(TABLET, "tablet"), (WALL, "wall")])
async def test_a_camera_found_dead_is_offered_last_and_says_so(
    browser: Browser, ours: Product, size: tuple[int, int], name: str
) -> None:
    dead = ours.cameras[0]
    async with ours.signed_in("operator") as operator:
        try:
            await ours.city.fault(dead, "refuse")
            assert (await swept(operator, dead))["result"]["code"] == "dead"
            # The dead camera's own tile is refused while there is nothing to show.
            allow = ["status of (409|503)"]
            async with person(browser, ours, "operator", size=size, allow=allow) as desk:
                page = await page_of(desk, "/operator")
                await report_on_the_page(page, "북변동")
                last = page.locator("candidate-list li").last
                await expect(last).to_have_attribute("data-camera", dead)
                badge = page.locator(".readiness")
                await expect(badge).to_have_count(1)
                await expect(badge).to_have_text("영상 없음")
                await badge.scroll_into_view_if_needed()
                await screenshot(page, f"operator-readiness-{name}")
                await page.get_by_role("button", name="English").click()
                await expect(badge).to_have_text("no picture")
                await page.get_by_role("button", name="한국어").click()
                await close_on_the_page(page)
        finally:
            await ours.city.fault(dead, "none")
            assert (await swept(operator, dead))["result"]["code"] != "dead"
