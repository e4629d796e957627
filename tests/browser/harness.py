"""Chromium for tests and benches: one browser, a fresh context each time, and no error goes unseen.

Belongs here: what any page needs. What a page of the product shows is the tests' business.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    WebError,
    async_playwright,
)

from hotline.demo.client import SignIn

HERE = Path(__file__).parent
RESULTS = HERE.parent.parent / "test-results"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
TABLET = (1280, 800)
WALL = (1920, 1080)
_START_DEADLINE_S = 20.0
# A browser asks for it by itself; no page of ours names it.
_HARMLESS = re.compile(r"/favicon\.ico")


@asynccontextmanager
async def chromium(*, arguments: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """The system's Chromium, closed at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments], chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def chromium_with_tabs() -> AsyncIterator[BrowserContext]:
    """Chromium as people have it: tabs in one window, of which one is seen and the others are hidden.

    (Browsers that Playwright starts show every page, whatever is in front.) The context is the browser's own.
    """
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as directory:
        process = await asyncio.create_subprocess_exec(
            *(CHROMIUM, *ARGUMENTS, "--remote-debugging-port=0", f"--user-data-dir={directory}"),
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            endpoint = await _devtools(process)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.connect_over_cdp(endpoint, no_defaults=True)
                yield browser.contexts[0]
                await browser.close()
        finally:
            process.terminate()
            await process.wait()


async def _devtools(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(_START_DEADLINE_S):
        async for line in process.stderr:
            if found := re.search(rb"ws://\S+", line):
                return found.group().decode()
    raise RuntimeError("Chromium did not say where its developer tools listen")


@asynccontextmanager
async def context(
    browser: Browser,
    base_url: str,
    *,
    size: tuple[int, int] = TABLET,
    touch: bool = False,
    locale: str = "ko-KR",
    allow: Sequence[str] = (),
    record: bool = True,
) -> AsyncIterator[BrowserContext]:
    """A fresh browser context. Raises AssertionError at its end when a page logged an error or threw one.

    allow: regular expressions of console errors that belong to the test (a 401 that is provoked, for one).
    record: whether each page gets `recorder.js`.
    """
    width, height = size
    opened = await browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": height},
        has_touch=touch,
        locale=locale,
        timezone_id="Asia/Seoul",
    )
    opened.set_default_timeout(10_000)
    errors: list[str] = []
    allowed = [_HARMLESS, *map(re.compile, allow)]

    def note(text: str) -> None:
        if not any(each.search(text) for each in allowed):
            errors.append(text)

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            note(f"console: {message.text} ({message.location.get('url', '')})")

    def on_error(error: WebError) -> None:
        note(f"page error: {error.error}")

    opened.on("console", on_console)
    opened.on("weberror", on_error)
    if record:
        await add_recorder(opened)
    try:
        yield opened
    finally:
        await opened.close()
    assert not errors, "the browser reported errors:\n" + "\n".join(errors)


async def add_recorder(opened: BrowserContext) -> None:
    """Has every page of the context write down what its videos show."""
    for script in ("timecode.js", "recorder.js"):
        await opened.add_init_script(path=HERE / script)


async def sign_in(opened: BrowserContext, who: SignIn, base_url: str = "") -> None:
    """Signs a person in by the API, as the sign-in page does it; every page of the context is his then."""
    body = {"username": who.username, "password": who.password}
    response = await opened.request.post(f"{base_url}/api/session", data=body)
    assert response.ok, f"{who.username} could not sign in: {response.status}"


async def plain_player(opened: BrowserContext, base_url: str) -> Page:
    """A page with the plain WHEP player, on the product's own origin (no CORS in the way)."""

    async def serve(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        await route.fulfill(path=HERE / name)

    page = await opened.new_page()
    await page.route("**/plain-player/*", serve)
    await page.goto(f"{base_url}/plain-player/plain_whep.html")
    return page


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture that the browser showed. Times: Unix milliseconds. `timecode`: when it was taken."""

    rtp: int | None
    shown_at: float
    presented_at: float
    expected_at: float
    received_at: float | None
    timecode: float | None
    width: int
    height: int
    seen: bool = True
    """Whether the element could be seen, or was still kept out of sight."""

    @property
    def glass_to_glass(self) -> float | None:
        """Milliseconds from the camera's glass to the browser's, None without a time code."""
        return None if self.timecode is None else self.shown_at - self.timecode


async def shown(page: Page, index: int = 0, *, first: int = 0) -> list[Shown]:
    """The pictures that video number `index` (in order of appearance) has shown, from number `first` on."""
    found: list[dict[str, Any]] = await page.evaluate(
        "([index, first]) => recorder.frames(index, first)", [index, first]
    )
    broken = [each["error"] for each in found if "error" in each]
    if broken:
        raise AssertionError(f"a picture could not be read: {broken[0]}")
    return [
        Shown(
            each["rtp"],
            each["shownAt"],
            each["presentedAt"],
            each["expectedAt"],
            each["receivedAt"],
            each["timecode"],
            each["width"],
            each["height"],
            each["seen"],
        )
        for each in found
    ]


async def screenshot(page: Page, name: str) -> Path:
    """Saves what the page shows as `test-results/NAME.png`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    await page.screenshot(path=path)
    return path
