"""A viewing token opens; it does not hold: its expiry cuts nobody who watches, and lets nobody else in."""

from __future__ import annotations

import time

import pytest
from playwright.async_api import Browser

from relay.token import LEEWAY
from streams.simulator import SimulatedCamera
from tests.support.bare_relay import bare_relay
from tests.support.city import city

from .harness import context, plain_player
from .wall import moving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_LEFT_S = 4.0
_PLAY = "([url, token]) => player.play(url, token).then(() => '', (error) => error.message)"


async def test_the_tokens_expiry_does_not_cut_a_running_viewer(browser: Browser) -> None:
    async with (
        city([SimulatedCamera("gate", "Gate")]) as simulated,
        bare_relay(simulated.addresses) as relay,
        context(browser, relay.url, allow=["status of 401"]) as opened,
    ):
        relay.grant("gate")
        token = relay.token(seconds=_LEFT_S - LEEWAY)  # clocks may differ: it is taken for that much longer
        expires = time.time() + _LEFT_S
        page = await plain_player(opened, relay.url)
        assert await page.evaluate(_PLAY, [relay.whep("gate"), token]) == ""
        await page.wait_for_timeout((expires + 1 - time.time()) * 1_000)
        await moving(page, 1)
        later = await plain_player(opened, relay.url)
        assert await later.evaluate(_PLAY, [relay.whep("gate"), token]) == "refused: 401"
        await moving(page, 1)
