"""The cameras' page in real Chromium: are they ready, what nobody may see, one moved on purpose."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from config.settings import StreamsRoom
from hotline.demo.client import SignIn
from hotline.inventory import add_camera
from streams.camera import ProfileName
from streams.simulator import SimulatedCamera
from tests.hotline.house import NETWORKS, PASSWORD, camera, house
from tests.support.city import city
from tests.support.product import Product
from tests.support.waiting import until

from .harness import TABLET, WALL, context, screenshot, sign_in
from .test_ptz import DOWN
from .wall import page_of, person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

SLOW_MS = 60_000  # nine cameras by four, or three keyframes; and a busy machine


async def opened(page: Page, which: str) -> None:
    """The mask editor of a camera, with its still."""
    await page.locator(f'readiness-list [data-camera="{which}"]').click()
    await page.locator('[data-act="masks"]').click()
    await expect(page.locator("mask-stage svg")).to_be_visible(timeout=SLOW_MS)
    await page.wait_for_function(
        "document.querySelector('cameras-page').shadowRoot.querySelector('mask-editor')"
        ".shadowRoot.querySelector('mask-stage').shadowRoot.querySelector('img').naturalWidth > 0"
    )


async def drag(page: Page, where: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, both as parts of the element's size."""
    box = await where.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)
    ]
    await page.mouse.move(x0, y0)
    await page.mouse.down()
    await page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    await page.mouse.move(x1, y1)
    await page.mouse.up()


async def darkness(page: Page, x: float, y: float) -> float:
    """How bright the still is there, 0 to 255: the picture itself, without outlines."""
    return float(
        await page.evaluate(
            """([x, y]) => {
              const stage = document.querySelector('cameras-page').shadowRoot
                .querySelector('mask-editor').shadowRoot.querySelector('mask-stage');
              const image = stage.shadowRoot.querySelector('img');
              const canvas = document.createElement('canvas');
              canvas.width = image.naturalWidth;
              canvas.height = image.naturalHeight;
              const paper = canvas.getContext('2d');
              paper.drawImage(image, 0, 0);
              const [w, h] = [canvas.width, canvas.height];
              const seen = paper.getImageData(Math.floor(x * w) - 4, Math.floor(y * h) - 4, 9, 9).data;
              let most = 0;
              for (let at = 0; at < seen.length; at += 4)
                most = Math.max(most, seen[at], seen[at + 1], seen[at + 2]);
              return most;
            }""",
            [x, y],
        )
    )


async def masks_of(ours: Product, which: str) -> list[list[list[float]]]:
    async with ours.signed_in("operator") as operator:
        found: dict[str, Any] = await operator.get(f"/api/cameras/{which}/masks")
        masks: list[list[list[float]]] = found["masks"]
        return masks


@pytest.mark.parametrize(("size", "locale"), [(TABLET, "ko-KR"), (WALL, "en-GB")])
async def test_masks_are_drawn_saved_seen_and_taken_away(
    browser: Browser, ours: Product, size: tuple[int, int], locale: str
) -> None:
    mine = ours.cameras[0]
    async with person(browser, ours, "operator", size=size, locale=locale) as desk:
        page = await page_of(desk, "/cameras")
        await opened(page, mine)
        editor, stage = page.locator("mask-editor"), page.locator("mask-stage svg")
        save = editor.locator('[data-act="save"]')
        await expect(save).to_be_disabled()
        assert await darkness(page, 0.75, 0.75) > 30

        await drag(page, stage, (0.6, 0.6), (0.9, 0.9))
        await expect(stage.locator("polygon[data-mask]")).to_have_count(1)
        await expect(stage.locator("g[data-corner]")).to_have_count(4)
        await drag(page, stage, (0.6, 0.6), (0.5, 0.5))  # its first corner
        await drag(page, stage, (0.9, 0.75), (0.98, 0.75))  # a new one out of the right edge
        await expect(stage.locator("g[data-corner]")).to_have_count(5)
        await screenshot(page, f"cameras-masks-drawn-{size[0]}")
        await save.click()
        await expect(editor).to_have_attribute("data-masks", "1", timeout=SLOW_MS)
        await expect(editor.get_by_role("status")).to_be_visible(timeout=SLOW_MS)
        (mask,) = await masks_of(ours, mine)
        assert len(mask) == 5
        wanted = [(0.5, 0.5), (0.9, 0.6), (0.98, 0.75), (0.9, 0.9), (0.6, 0.9)]
        for (x, y), (wanted_x, wanted_y) in zip(mask, wanted, strict=True):
            assert abs(x - wanted_x) < 0.01 and abs(y - wanted_y) < 0.01
        dark: Callable[[], bool | Awaitable[bool]] = partial(_dark, page)
        await until(dark, "the new still has it burned in")
        assert await darkness(page, 0.2, 0.75) > 30
        await editor.get_by_role("button", name=re.compile("윤곽 숨기기|Hide outlines")).click()
        await screenshot(page, f"cameras-masks-burned-in-{size[0]}")
        await editor.get_by_role("button", name=re.compile("윤곽 보기|Show outlines")).click()

        await stage.locator("polygon[data-mask]").first.click(position={"x": 60, "y": 60})
        await editor.locator('[data-act="remove"]').click()
        await save.click()
        await expect(editor).to_have_attribute("data-masks", "0", timeout=SLOW_MS)
        await expect(editor.get_by_role("status")).to_be_visible(timeout=SLOW_MS)  # the new still is here
        assert await masks_of(ours, mine) == []
    async with ours.signed_in("operator") as operator:
        entries = [each["entry"] for each in (await operator.get("/api/audit"))["entries"]]
    acts = [each for each in entries if each.get("camera_id") == [mine]]
    assert [each["action"] for each in acts[:5]] == ["snapshot", "config", "snapshot", "config", "snapshot"]
    assert {each.get("purpose") for each in acts[:5] if each["action"] == "snapshot"} == {"draw_masks"}


async def _dark(page: Page) -> bool:
    return await darkness(page, 0.75, 0.75) < 30


async def test_masks_by_keyboard_and_nothing_unsaved_is_lost_unasked(browser: Browser, ours: Product) -> None:
    first, second = ours.cameras[1], ours.cameras[2]
    async with person(browser, ours, "operator", size=TABLET) as desk:
        page = await page_of(desk, "/cameras")
        await opened(page, first)
        editor, stage = page.locator("mask-editor"), page.locator("mask-stage svg")
        await editor.locator('[data-act="add"]').press("Enter")
        await expect(stage.locator('polygon[data-mask="0"]')).to_be_focused()
        await page.keyboard.press("Shift+ArrowRight")  # the whole mask
        await page.keyboard.press("Tab")
        await expect(stage.locator('g[data-corner="0"]')).to_be_focused()
        await expect(stage.locator('g[data-corner="0"]')).to_have_attribute(
            "aria-label", "영역 1 꼭짓점 1, 가로 40%, 세로 35%"
        )
        await page.keyboard.press("Shift+ArrowUp")  # one corner
        await page.keyboard.press("+")
        await expect(stage.locator("g[data-corner]")).to_have_count(5)
        await page.keyboard.press("Delete")
        await expect(stage.locator("g[data-corner]")).to_have_count(4)
        await expect(editor).to_have_attribute("data-unsaved", "")

        await page.locator(f'readiness-list [data-camera="{second}"]').click()
        question = page.get_by_role("dialog")
        await expect(question).to_be_visible()
        await screenshot(page, "cameras-unsaved")
        await page.keyboard.press("Escape")
        await expect(question).to_be_hidden()
        await expect(stage.locator("polygon[data-mask]")).to_have_count(1)  # still here

        asked: list[str] = []

        async def stay(dialog: Any) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.once("dialog", stay)
        await page.locator('page-header a[href="/operator"]').click(no_wait_after=True)
        await until(lambda: asked == ["beforeunload"])
        await expect(stage.locator("polygon[data-mask]")).to_have_count(1)

        await page.locator(f'readiness-list [data-camera="{second}"]').click()
        await question.locator('[data-act="leave"]').click()
        await expect(page.locator("mask-editor")).to_have_count(0)
        await expect(page.locator("camera-readings")).to_be_visible()
    assert await masks_of(ours, first) == []


async def test_what_a_colleague_drew_meanwhile_is_not_undone(browser: Browser, ours: Product) -> None:
    mine = ours.cameras[0]
    theirs = [[[0.0, 0.0], [0.3, 0.0], [0.3, 0.3]]]
    async with person(browser, ours, "operator", size=TABLET, touch=True, allow=[r"status of 412"]) as desk:
        page = await page_of(desk, "/cameras")
        await opened(page, mine)
        editor, stage = page.locator("mask-editor"), page.locator("mask-stage svg")
        async with ours.signed_in("operator") as operator:
            await operator.put(f"/api/cameras/{mine}/masks", {"masks": theirs}, if_match="*")
            try:
                await editor.locator('[data-act="add"]').tap()
                await editor.locator('[data-act="save"]').tap()
                await expect(editor.get_by_role("alert")).to_contain_text("그 사이에 마스크가 변경")
                await expect(editor.locator('[data-act="save"]')).to_be_disabled()
                await editor.get_by_role("button", name="다시 불러오기").tap()
                await expect(editor).to_have_attribute("data-masks", "1", timeout=SLOW_MS)
                await expect(stage.locator("polygon[data-mask]")).to_have_count(1, timeout=SLOW_MS)
                await expect(editor.get_by_role("alert")).to_have_count(0)
                assert await masks_of(ours, mine) == theirs
            finally:
                await operator.put(f"/api/cameras/{mine}/masks", {"masks": []}, if_match="*")


@pytest.mark.timeout(240)
async def test_cameras_are_checked_on_command(browser: Browser, ours: Product) -> None:
    async with person(browser, ours, "operator", size=TABLET) as desk:
        page = await page_of(desk, "/cameras")
        cameras = page.locator("readiness-list")
        await expect(cameras.locator("[data-camera]")).to_have_count(9)
        await cameras.locator('[data-act="sweep"]').click()
        await expect(cameras).to_have_attribute("data-sweep", "running", timeout=SLOW_MS)
        await screenshot(page, "cameras-sweeping-tablet")
        await expect(cameras).to_have_attribute("data-sweep", "done", timeout=2 * SLOW_MS)
        await expect(cameras.locator('[data-camera][data-readiness="unknown"]')).to_have_count(0)
        await page.locator(f'readiness-list [data-camera="{ours.cameras[0]}"]').click()
        readings = page.locator("camera-readings tbody tr")
        await expect(readings.first).to_contain_text(re.compile("H264"), timeout=SLOW_MS)
        await expect(readings.first.locator(".mark")).to_have_count(2)  # both streams
        before = await readings.count()
        await screenshot(page, "cameras-readings-tablet")
        await page.set_viewport_size({"width": WALL[0], "height": WALL[1]})
        await screenshot(page, "cameras-readings-wall")
        await page.locator('[data-act="check"]').click()
        await expect(readings).to_have_count(before + 1, timeout=SLOW_MS)
        await cameras.get_by_role("searchbox").fill("no such camera")
        await expect(cameras.locator("[data-camera]")).to_have_count(0)


@pytest.mark.timeout(240)
async def test_a_camera_that_was_moved_on_purpose_is_accepted(browser: Browser, tmp_path: Path) -> None:
    alley = SimulatedCamera("alley", "Alley", scene="alley", size=(640, 360), sub_size=None, gop_s=0.4)
    quick = StreamsRoom(picture_watch_s=0.5)
    async with (
        city([alley]) as made,
        house(tmp_path, over_http=True, cameras=1, streams=quick) as home,
    ):
        address = made.addresses["alley"][ProfileName.MAIN]
        await add_camera(
            home.records.database,
            camera(0, id="alley", main_url=address, sub_url=None),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        incident = await home.incident(await home.client("operator"))
        assert home.base_url is not None
        async with context(browser, home.base_url, allow=DOWN) as desk:
            await sign_in(desk, SignIn("operator", PASSWORD))
            page = await desk.new_page()
            await page.goto("/operator")
            await page.locator(f'button[data-incident="{incident["id"]}"]').click()
            watcher = home.service.watcher

            def learnt() -> bool:
                known = watcher.watched("alley")
                return known is not None and bool(known.views)

            await until(learnt, "its view is known", deadline=60)
            await made.fault("alley", "turn")
            acceptance = page.locator('li[data-camera="alley"] view-acceptance')
            await expect(acceptance).to_have_attribute("data-moved", "", timeout=SLOW_MS)
            await expect(page.locator("view-acceptance[data-moved]")).to_have_count(1)
            await screenshot(page, "operator-moved")
            await acceptance.get_by_role("button", name="이 화면을 기준으로").click()
            await expect(acceptance).to_contain_text("일부러 옮겼습니까")
            await screenshot(page, "operator-moved-sure")
            await acceptance.get_by_role("button", name="기준으로 삼기").click()
            await expect(acceptance).not_to_have_attribute("data-moved", "", timeout=SLOW_MS)
        administrator = await home.client("administrator")
        entries = [each["entry"] for each in (await administrator.get("/api/audit")).json()["entries"]]
        accepted = [
            each["camera_id"]
            for each in entries
            if each["action"] == "config" and each["detail"]["change"] == "reference_view_accepted"
        ]
        assert accepted == [["alley"]]
