"""What tests of the pages ask of a page with camera tiles, and how they open one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from hotline.demo.client import Person
from tests.support.product import CONTROL_ROOM, VEHICLE, Product, report, share

from .harness import TABLET, context, sign_in

ENDED_VIEWER = r"status of 404 .*/whep/"
"""A page deletes a viewer that the relay ended before it: the answer is printed as an error."""
UNREACHABLE = r"net::ERR_"
"""The service was stopped on purpose."""

MOVING_MS = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    """A tile's state from `at` on, Unix milliseconds. `cause`: "source" (the camera), "events", …"""

    at: float
    camera: str
    state: str
    cause: str


@asynccontextmanager
async def person(
    browser: Browser,
    ours: Product,
    who: str,
    *,
    size: tuple[int, int] = TABLET,
    touch: bool = False,
    allow: Collection[str] = (),
    base_url: str = "",
    locale: str = "ko-KR",
) -> AsyncIterator[BrowserContext]:
    """A browser in which `who` is signed in. `base_url`: the way to the service, if not the direct one."""
    allowed = (ENDED_VIEWER, *allow)
    async with context(
        browser, base_url or ours.url, size=size, touch=touch, locale=locale, allow=allowed
    ) as opened:
        await sign_in(opened, ours.people[who])
        yield opened


async def page_of(opened: BrowserContext, path: str) -> Page:
    """One of the product's pages, its tiles watched."""
    page = await opened.new_page()
    await page.add_init_script(path="tests/browser/states.js")
    await page.goto(path)
    return page


@asynccontextmanager
async def shared_incident(
    ours: Product, cameras: int = 9, *, units: Sequence[str] = (CONTROL_ROOM, VEHICLE)
) -> AsyncIterator[tuple[Person, dict[str, Any]]]:
    """The fire, its nearest cameras shared with the units; the operator and the share.

    The incident is closed at the end, and with it the share.
    """
    async with ours.signed_in("operator") as operator:
        incident = await report(operator)
        try:
            yield operator, await share(operator, incident, ours.cameras[:cameras], units)
        finally:
            await operator.post(f"/api/incidents/{incident['id']}/close")


async def moving(page: Page, tiles: int, since: float | None = None) -> None:
    """Waits until so many videos in the page have shown two pictures since `since` (default: now)."""
    await page.wait_for_function(
        "([since, tiles]) => recorder.moving(since) >= tiles",
        arg=[now_ms() if since is None else since, tiles],
        timeout=MOVING_MS,
    )


async def all_in_state(page: Page, tiles: int, state: str, *, timeout: float = MOVING_MS) -> None:
    """Waits until the page has so many tiles and all are in `state`."""
    await page.wait_for_function(
        "([tiles, state]) => {"
        " const now = tileStates.now();"
        " return now.length === tiles && now.every((tile) => tile.state === state);"
        "}",
        arg=[tiles, state],
        timeout=timeout,
    )


async def changes(page: Page, since: float) -> list[Change]:
    """What the page's tiles went through since then, Unix milliseconds."""
    return [Change(**each) for each in await page.evaluate("(since) => tileStates.log(since)", since)]


async def last_shown(page: Page) -> float:
    """When any video of the page last showed a picture, gone ones included, Unix milliseconds."""
    return float(await page.evaluate("recorder.lastShown()"))


def now_ms() -> float:
    """Unix milliseconds, the browser's clock too."""
    return time.time() * 1_000
