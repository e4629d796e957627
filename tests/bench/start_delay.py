"""A minute after an instant start: the delay from glass to glass beside that of a viewer who waited.

Both watch the same camera, one by a relay as it is, the other by one whose viewers wait for the next
keyframe; the instant one begins late in a group of pictures of four seconds, where most has to be caught up.
Once with Chromium as it is, once with its renderer processes, where the decoder is, stopped for more than
half of the time.

`HOTLINE_BENCH_DELAY_S` sets the seconds before the delay is taken.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from relay.settings import RelaySettings
from streams.camera import ProfileName
from streams.simulator import SimulatedCamera
from tests.bench._figures import median, say
from tests.browser.harness import chromium, context, plain_player, shown
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import city

NAMES = ("start_delay",)
LONG = ("start_delay",)
_CAMERA = "street"
_GOP_S = 4.0
_LATE_S = 3.5
_TAKEN_OVER_S = 5.0
_STOPPED_S, _RUNNING_S = 0.012, 0.008


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds from glass to glass, medians."""
    seconds = float(os.environ.get("HOTLINE_BENCH_DELAY_S", "60"))
    quick = await _delays(seconds, slow=False)
    slow = await _delays(seconds, slow=True)
    return {
        "instant_ms": quick[0],
        "waited_ms": quick[1],
        "instant_slowed_ms": slow[0],
        "waited_slowed_ms": slow[1],
        "after_s": seconds,
    }


async def _delays(seconds: float, *, slow: bool) -> tuple[float, float]:
    cameras = [SimulatedCamera(_CAMERA, "Street", scene="junction", fps=25, gop_s=_GOP_S)]
    async with (
        city(cameras) as simulated,
        chromium() as browser,
        bare_relay(simulated.addresses) as instant,
        bare_relay(simulated.addresses, settings=RelaySettings(instant_start=False)) as waiting,
        context(browser, instant.url) as first,
        context(browser, waiting.url) as second,
    ):
        pages = await plain_player(first, instant.url), await plain_player(second, waiting.url)
        for relay in (instant, waiting):
            relay.grant(_CAMERA)
        async with _slowed() if slow else _as_it_is():
            await _late_in_a_group(instant)
            async with asyncio.TaskGroup() as group:
                for page, relay in zip(pages, (instant, waiting), strict=True):
                    group.create_task(_play(page, relay))
            await asyncio.sleep(seconds)
            begin = time.time() * 1_000
            await asyncio.sleep(_TAKEN_OVER_S)
        taken = [await _delay(page, begin) for page in pages]
    say(f"{'slowed' if slow else 'as it is'}: instant {taken[0]} ms, waited {taken[1]} ms")
    return taken[0], taken[1]


async def _late_in_a_group(relay: BareRelay) -> None:
    """Returns when the newest group of pictures is almost whole."""
    async with asyncio.timeout(30):
        while True:
            rendition = relay.hub.rendition(_CAMERA, ProfileName.MAIN)
            group = rendition.ring.newest_gop() if rendition is not None else ()
            if group and group[-1].arrived - group[0].arrived >= _LATE_S:
                return
            await asyncio.sleep(0.02)


async def _play(page: Page, relay: BareRelay) -> None:
    await page.evaluate("([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token()])


async def _delay(page: Page, begin: float) -> float:
    delays = [
        each.glass_to_glass
        for each in await shown(page)
        if each.shown_at >= begin and each.glass_to_glass is not None
    ]
    return median(delays, 0)


@asynccontextmanager
async def _as_it_is() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _slowed() -> AsyncIterator[None]:
    """Our own browser's renderers stand for three fifths of the time."""

    async def stop_and_go() -> None:
        while True:
            for signum, pause in ((signal.SIGSTOP, _STOPPED_S), (signal.SIGCONT, _RUNNING_S)):
                for process in renderers:
                    with suppress(ProcessLookupError):
                        os.kill(process, signum)
                await asyncio.sleep(pause)

    renderers = [each for each in _descendants(os.getpid()) if b"--type=renderer" in _command(each)]
    task = asyncio.create_task(stop_and_go(), name="slowing the renderers down")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for process in renderers:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _descendants(ancestor: int) -> list[int]:
    """The processes that a process began, and those that they began."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                # After the name in parentheses, which may hold anything: state and parent.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(ancestor, ()))
    for each in found:
        found += children.get(each, ())
    return found


def _command(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""
