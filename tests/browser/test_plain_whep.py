"""Real Chromium against the relay by plain WHEP: whoever keeps to the draft gets a picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.relay.house import House, house
from tests.relay.studio import studio
from tests.support.waiting import until

from .harness import context, plain_player, shown

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def player(
    browser: Browser, profile: str = "baseline", **changes: Any
) -> AsyncIterator[tuple[House, Page]]:
    """A granted camera behind a relay, and a page with the plain player."""
    async with studio(profile=profile) as cameras, house(cameras, **changes) as ours:
        ours.grant()
        async with context(browser, ours.base_url, allow=["status of 4"]) as opened:
            yield ours, await plain_player(opened, ours.base_url)


async def play(page: Page, ours: House, camera: str = "cam-1") -> dict[str, float]:
    """Play a camera; the times of its start, Unix milliseconds."""
    times: dict[str, float] = await page.evaluate(
        "([url, token]) => player.play(url, token)", [ours.url(camera), ours.token()]
    )
    return times


async def delays(page: Page, count: int = 30, *, first: int = 0) -> list[float]:
    """Glass to glass in milliseconds of at least `count` pictures shown from number `first` on."""

    async def seen() -> list[float]:
        pictures = await shown(page, first=first)
        return [each.glass_to_glass for each in pictures if each.glass_to_glass is not None]

    async with asyncio.timeout(10):
        while len(found := await seen()) < count:  # noqa: ASYNC110 - the browser tells nobody
            await asyncio.sleep(0.05)
    return found


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
async def test_chromium_shows_the_live_picture_at_once(browser: Browser, profile: str) -> None:
    async with player(browser, profile) as (ours, page):
        times = await play(page, ours)
        assert times["shown"] - times["posted"] < 1_000
        assert median((await delays(page))[10:]) < 150
        assert await page.evaluate("player.stop()") == 200
        assert ours.relay.viewers() == []
        await until(lambda: ours.recorder.closed_viewings)


async def test_audio_and_data_in_the_offer_are_left_alone(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await page.evaluate(
            """() => {
              const made = RTCPeerConnection.prototype.addTransceiver;
              RTCPeerConnection.prototype.addTransceiver = function (kind, options) {
                made.call(this, "audio", { direction: "sendrecv" });
                this.createDataChannel("x");
                return made.call(this, kind, options);
              };
            }"""
        )
        await play(page, ours)
        await delays(page, 10)
        kinds = await page.evaluate(
            "player.peer.getTransceivers().map(each => [each.receiver.track.kind, each.currentDirection])"
        )
        assert kinds == [["video", "recvonly"]]  # what was refused is gone


async def test_a_refusal_is_told(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        ours.studio.cameras["cam-1"].offline()
        with pytest.raises(Exception, match="refused: 409"):
            await play(page, ours)
        with pytest.raises(Exception, match="refused: 404"):
            await play(page, ours, "no-such")


async def test_the_end_of_the_grant_stops_the_picture_within_a_second(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await play(page, ours)
        await delays(page, 10)
        ours.grant(())
        await asyncio.sleep(1.0)
        before = (await page.evaluate("player.received()"))["packetsReceived"]
        await asyncio.sleep(0.5)
        assert (await page.evaluate("player.received()"))["packetsReceived"] == before
        assert ours.recorder.closed_viewings[0][1] == "the grant ended"


async def test_a_camera_that_comes_back_is_shown_again_by_the_same_viewer(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await play(page, ours)
        await delays(page, 10)
        camera = ours.studio.cameras["cam-1"]
        camera.offline()
        await asyncio.sleep(1.5)
        count = len(await shown(page))
        camera.running.set()
        assert median((await delays(page, 20, first=count + 3))[10:]) < 200
        assert len(ours.relay.viewers()) == 1


async def test_a_page_that_goes_away_frees_its_viewer(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await play(page, ours)
        await page.close()
        await until(lambda: ours.relay.viewers() == [], deadline=10)


async def test_ice_restart_by_patch_keeps_the_picture(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await play(page, ours)
        await delays(page, 10)
        status = await page.evaluate(
            """async (token) => {
              const { peer, resource } = player;
              peer.restartIce();
              await peer.setLocalDescription(await peer.createOffer());
              const offer = peer.localDescription.sdp;
              const lines = offer.match(/^a=ice-(ufrag|pwd):.*$/gm).slice(0, 2);
              const response = await fetch(resource, {
                method: "PATCH",
                headers: {
                  "Content-Type": "application/trickle-ice-sdpfrag",
                  "If-Match": "*",
                  Authorization: `Bearer ${token}`,
                },
                body: lines.join("\\r\\n") + "\\r\\n",
              });
              const fragment = await response.text();
              const ufrag = /a=ice-ufrag:(\\S+)/.exec(fragment)[1];
              const pwd = /a=ice-pwd:(\\S+)/.exec(fragment)[1];
              const sdp = peer.remoteDescription.sdp
                .replace(/a=ice-ufrag:\\S+/, `a=ice-ufrag:${ufrag}`)
                .replace(/a=ice-pwd:\\S+/, `a=ice-pwd:${pwd}`);
              await peer.setRemoteDescription({ type: "answer", sdp });
              return response.status;
            }""",
            ours.token(),
        )
        assert status == 200
        count = len(await shown(page))
        await delays(page, 50, first=count)
        assert await page.evaluate("player.peer.iceConnectionState") in ("connected", "completed")
        (viewer,) = ours.relay.viewers()
        assert viewer.state == "playing"


async def test_where_udp_is_blocked_the_picture_comes_by_tcp_within_two_seconds(browser: Browser) -> None:
    async with player(browser, tcp_port=0) as (ours, page):
        await page.evaluate(
            """() => {
              const set = RTCPeerConnection.prototype.setRemoteDescription;
              RTCPeerConnection.prototype.setRemoteDescription = function (answer) {
                const sdp = answer.sdp.replace(/(a=candidate:\\S+ 1 udp \\d+ \\S+) \\d+/g, "$1 9");
                return set.call(this, { type: answer.type, sdp });
              };
            }"""
        )
        times = await play(page, ours)
        assert times["shown"] - times["posted"] < 2_000
        await delays(page, 30)
        protocols = await page.evaluate(
            """async () => {
              const stats = await player.peer.getStats();
              return [...stats.values()]
                .filter((each) => each.type === "candidate-pair" && each.nominated)
                .map((each) => stats.get(each.localCandidateId).protocol);
            }"""
        )
        assert protocols == ["tcp"]
