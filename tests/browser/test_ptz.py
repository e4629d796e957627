"""Turning a camera on the operator's page, in real Chromium, against an ONVIF device."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from config.settings import Ptz
from hotline.demo.client import SignIn
from hotline.inventory import add_camera
from tests.cameras.onvif import Manners, OnvifDevice, serve_onvif
from tests.hotline.house import NETWORKS, PASSWORD, House, camera, house
from tests.support.waiting import until

from .harness import TABLET, WALL, context, screenshot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# The cameras of this house are down on purpose: their tiles say so, and the browser prints the refusals.
DOWN = [r"status of (404|409|503)", r"net::ERR_"]


async def _with_head(home: House, device: OnvifDevice) -> str:
    """A camera that turns; an open incident beside it."""
    made = home.records
    entered = camera(0, onvif_url=device.address, username="admin", password="right")
    await add_camera(
        made.database, entered, keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
    )
    await home.service.reconciler.sync()
    incident = await home.incident(await home.client("operator"))
    return str(incident["id"])


async def _take(page: Page, incident: str) -> None:
    await page.goto("/operator")
    await page.locator(f'button[data-incident="{incident}"]').click()
    buttons = page.locator("candidate-list .turn")
    await expect(buttons).to_have_count(1)  # of four cameras, the one with an ONVIF address
    await buttons.click()
    start = page.get_by_role("button", name="카메라 조작 시작")
    await expect(start).to_be_disabled()  # not without a purpose
    await page.locator("#ptz-purpose").select_option(label="출동")
    await start.click()
    await expect(page.locator("ptz-panel [data-lease]")).to_be_visible()


@pytest.mark.parametrize("size", [TABLET, WALL])
async def test_hold_to_turn_let_go_to_stop(browser: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    async with (
        serve_onvif(Manners(skew_s=3600)) as device,
        house(tmp_path, over_http=True, ptz=Ptz(enabled=True)) as home,
    ):
        incident = await _with_head(home, device)
        assert home.base_url is not None
        async with context(browser, home.base_url, size=size, allow=DOWN) as opened:
            await sign_in(opened, SignIn("operator", PASSWORD))
            page = await opened.new_page()
            await _take(page, incident)

            left = page.locator('ptz-panel [data-key="ArrowLeft"]')
            await left.hover()
            await page.mouse.down()
            await until(lambda: device.operations.count("ContinuousMove") >= 3)  # goes on while it is held
            assert device.head.velocity == (-0.5, 0.0, 0.0)
            await page.mouse.up()
            await until(lambda: device.operations[-1] == "Stop")

            await left.focus()
            await page.keyboard.down("ArrowUp")
            await until(lambda: device.head.velocity == (0.0, 0.5, 0.0))
            await page.keyboard.up("ArrowUp")
            await until(lambda: device.operations[-1] == "Stop")

            await page.locator('ptz-panel [data-preset="2"]').click()
            await until(lambda: device.head.where() == "2")
            await screenshot(page, f"operator-ptz-{size[0]}")

            await page.get_by_role("button", name="조작 끝내기").click()
            await expect(page.locator("ptz-panel")).to_contain_text("제자리로 돌아갑니다")
            assert device.head.where() == "1"


async def test_a_page_is_told_that_masks_ended_its_lease(browser: Browser, tmp_path: Path) -> None:
    async with (
        serve_onvif() as device,
        house(tmp_path, over_http=True, ptz=Ptz(enabled=True)) as home,
    ):
        incident = await _with_head(home, device)
        colleague = await home.client("colleague")
        assert home.base_url is not None
        async with context(browser, home.base_url, allow=DOWN) as opened:
            await sign_in(opened, SignIn("operator", PASSWORD))
            page = await opened.new_page()
            await _take(page, incident)
            await page.locator('ptz-panel [data-preset="2"]').click()
            await until(lambda: device.head.where() == "2")
            masks = {"masks": [[[0.5, 0.0], [1.0, 0.0], [1.0, 1.0]]]}
            answer = await colleague.put("/api/cameras/camera-0/masks", json=masks, headers={"If-Match": "*"})
            assert answer.status_code == 200
            await expect(page.locator("ptz-panel [data-lease]")).to_have_count(0)
            await expect(page.locator("ptz-panel")).to_contain_text(
                "개인정보 가림 영역 설정: 조작이 끝났습니다"
            )
            await until(lambda: device.head.where() == "1")


async def test_a_page_that_is_left_gives_the_camera_back(browser: Browser, tmp_path: Path) -> None:
    async with (
        serve_onvif() as device,
        house(tmp_path, over_http=True, ptz=Ptz(enabled=True)) as home,
    ):
        incident = await _with_head(home, device)
        assert home.base_url is not None
        async with context(browser, home.base_url, allow=DOWN) as opened:
            await sign_in(opened, SignIn("operator", PASSWORD))
            page = await opened.new_page()
            await _take(page, incident)
            await page.locator('ptz-panel [data-preset="2"]').click()
            await until(lambda: device.head.where() == "2")
            await page.get_by_role("button", name="후보 목록").click()
            await until(lambda: device.head.where() == "1")


async def test_no_button_where_the_policy_does_not_allow_it(browser: Browser, tmp_path: Path) -> None:
    async with serve_onvif() as device, house(tmp_path, over_http=True) as home:
        incident = await _with_head(home, device)
        assert home.base_url is not None
        async with context(browser, home.base_url, allow=DOWN) as opened:
            await sign_in(opened, SignIn("operator", PASSWORD))
            page = await opened.new_page()
            await page.goto("/operator")
            await page.locator(f'button[data-incident="{incident}"]').click()
            await expect(page.locator("candidate-list li")).to_have_count(4)
            await expect(page.locator("candidate-list .turn")).to_have_count(0)
        assert device.asked == []
