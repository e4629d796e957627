"""Chromium behind a bad link: a camera with two streams, the relay, and a network with faults on demand
between the two.

Belongs here: setting the scene, and what is asked of a ride over it. Shared by tests and benches.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from playwright.async_api import Browser, Page

from relay.ports import QualityStatus
from streams.simulator import SimulatedCamera
from tests.browser.harness import context, plain_player, shown
from tests.netem.impairment import PERFECT, Impairment
from tests.netem.udp import UdpPath
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import City, city
from tests.support.waiting import until

CAMERA = "street"
WIDE = Impairment(rate=20e6, queue=500_000, delay=0.02)
VEHICLE = Impairment(rate=400_000, queue=64_000, delay=0.03, loss=0.05)
"""A vehicle at the edge of its cell."""


@dataclass(slots=True)
class Ride:
    """A browser watching `CAMERA` through `path`."""

    relay: BareRelay
    city: City
    path: UdpPath
    page: Page

    def quality(self) -> QualityStatus:
        """Of the one viewer. Raises AssertionError before it plays."""
        (viewer,) = self.relay.relay.viewers()
        assert viewer.quality is not None
        return viewer.quality

    async def play(self, profile: str = "main") -> dict[str, float]:
        """Begin to watch; the times of the start, Unix milliseconds."""
        await self.page.evaluate("port => { window.relayPort = port; }", self.path.address[1])
        times: dict[str, float] = await self.page.evaluate(
            "([url, token]) => player.play(url, token)",
            [self.relay.whep(CAMERA, profile), self.relay.token()],
        )
        return times

    async def on(self, rendition: str, deadline: float) -> float:
        """Wait until the viewer is on a rendition; how long that took, seconds."""
        begun = time.monotonic()
        await until(lambda: self.quality().rendition == rendition, rendition, deadline=deadline)
        return time.monotonic() - begun

    async def watch(self, seconds: float) -> Watched:
        """Look on for so long."""
        begun = time.time() * 1000
        await asyncio.sleep(seconds)
        ended = time.time() * 1000
        pictures = [each for each in await shown(self.page) if begun <= each.shown_at <= ended]
        times = [begun, *(each.shown_at for each in pictures), ended]
        delays = sorted(each.glass_to_glass for each in pictures if each.glass_to_glass is not None)
        return Watched(
            len(pictures) / seconds,
            max(later - sooner for sooner, later in pairwise(times)),
            delays[len(delays) // 2] if delays else None,
            pictures[-1].width if pictures else 0,
        )


@dataclass(frozen=True, slots=True)
class Watched:
    """Pictures per second; the longest time without a new one, delay from glass to glass (milliseconds, the
    median); the width of the last picture."""

    fps: float
    freeze_ms: float
    delay_ms: float | None
    width: int


_THROUGH = """() => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (answer) {
    const sdp = answer.sdp.replace(/(a=candidate:\\S+ 1 udp \\d+ \\S+) \\d+/gi, `$1 ${window.relayPort}`);
    return set.call(this, { type: answer.type, sdp });
  };
}"""


@asynccontextmanager
async def riding(
    browser: Browser, down: Impairment = PERFECT, *, camera: SimulatedCamera | None = None
) -> AsyncIterator[Ride]:
    """The scene, with the camera's pictures in the relay; nobody watches yet."""
    ordered = camera or SimulatedCamera(
        CAMERA, "Street", scene="road", fps=15, sub_size=(480, 270), bit_rate=2_000_000, sub_bit_rate=250_000
    )
    up = Impairment(delay=down.delay, loss=down.loss)
    async with (
        city([ordered]) as simulated,
        bare_relay(simulated.addresses, linger=0.0) as relay,
        UdpPath(("127.0.0.1", relay.relay.port), up=up, down=down, seed=5) as path,
        context(browser, relay.url) as opened,
    ):
        relay.grant(CAMERA)
        page = await plain_player(opened, relay.url)
        await page.evaluate(_THROUGH)
        await until(
            lambda: all(
                (rendition := relay.hub.rendition(CAMERA, profile)) is not None
                and rendition.ring.newest is not None
                for profile in simulated.addresses[CAMERA]
            ),
            "pictures in the relay",
            deadline=15,
        )
        yield Ride(relay, simulated, path, page)
