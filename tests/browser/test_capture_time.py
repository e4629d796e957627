"""When a picture was taken, as Chromium tells it: by the camera's clock, however late the picture comes.

(Our pages need no clock for the age of a picture: they compare RTP times, `test_control_room.py`.)
"""

from __future__ import annotations

import asyncio
from statistics import median

import pytest
from playwright.async_api import Browser

from .harness import shown
from .test_plain_whep import play, player

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASKS_FOR_ITS_ROUND_TRIP = """() => {
  const set = RTCPeerConnection.prototype.setLocalDescription;
  RTCPeerConnection.prototype.setLocalDescription = async function () {
    const { type, sdp } = await this.createOffer();
    const asking = sdp.replace(/a=rtcp-fb:(\\d+) ccm fir\\r\\n/g, "$&a=rtcp-fb:$1 rrtr\\r\\n");
    return set.call(this, { type, sdp: asking });
  };
}"""
TOLD = """async (count) => {
  const told = [];
  while (told.length < count) {
    const meta = await new Promise((shown) => {
      player.video.requestVideoFrameCallback((_, meta) => shown(meta));
    });
    if (meta.captureTime === undefined) continue;
    const unix = (at) => performance.timeOrigin + at;
    told.push([meta.rtpTimestamp, unix(meta.captureTime), unix(meta.receiveTime)]);
  }
  return told;
}"""
REMOTE = """async () => {
  for (;;) {
    for (const each of (await player.peer.getStats()).values()) {
      if (each.type === "remote-outbound-rtp" && each.reportsSent > 1) return each;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}"""
LATE_S = 0.5
"""From taking a picture to sending it: not what the browser could guess from when a picture comes."""
EXACT_MS = 100.0


async def test_the_capture_time_of_each_picture_is_the_cameras(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        ours.studio.cameras["cam-1"].late = LATE_S
        await page.evaluate(ASKS_FOR_ITS_ROUND_TRIP)
        await play(page, ours)
        async with asyncio.timeout(20):
            told: list[tuple[int, float, float]] = await page.evaluate(TOLD, 25)
        # The time code is the camera's own, burned into the picture.
        taken = {each.rtp: each.timecode for each in await shown(page)}
        errors = [captured - code for rtp, captured, _ in told if (code := taken.get(rtp)) is not None]
        assert len(errors) > 10
        assert abs(median(errors)) < EXACT_MS, errors
        assert median(received - captured for _, captured, received in told) > LATE_S * 1000 - EXACT_MS


async def test_sender_reports_reach_the_browser_with_their_time(browser: Browser) -> None:
    async with player(browser) as (ours, page):
        await play(page, ours)
        async with asyncio.timeout(20):
            remote = await page.evaluate(REMOTE)
        # When it came by the browser's clock and when it left by ours, on one machine.
        assert abs(remote["timestamp"] - remote["remoteTimestamp"]) < 5_000
