"""Cameras that a browser cannot take, or plays at half the rate, live in Chromium at their full rate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, Page

from streams.camera import ProfileName
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.cameras.gst_server import GstCamera, GstMount, clip
from tests.support.bare_relay import bare_relay

from .harness import context, plain_player, shown

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def rate(page: Page, count: int) -> float:
    """Pictures per second that are shown, over the last of at least `count` pictures."""
    async with asyncio.timeout(20):
        while len(pictures := await shown(page)) < count:  # noqa: ASYNC110 - the browser tells nobody
            await asyncio.sleep(0.1)
    last = pictures[-count * 2 // 3 :]
    return (len(last) - 1) * 1e3 / (last[-1].shown_at - last[0].shown_at)


async def watched(browser: Browser, addresses: Mapping[str, str], count: int = 60) -> dict[str, float]:
    """The rate at which each camera's `main` is shown."""
    profiles = {camera: {ProfileName.MAIN: url} for camera, url in addresses.items()}
    async with bare_relay(profiles) as relay, context(browser, relay.url) as opened:
        relay.grant(*addresses)
        page = await plain_player(opened, relay.url)
        found: dict[str, float] = {}
        for camera in addresses:
            await page.evaluate("recorder.clear()")
            await page.evaluate(
                "([url, token]) => player.play(url, token)", [relay.whep(camera), relay.token()]
            )
            found[camera] = await rate(page, count)
            await page.evaluate("player.stop()")
        return found


@pytest.mark.parametrize(("codec", "b_frames"), [("H265", 0), ("JPEG", 0), ("MP4V-ES", 0), ("H264", 2)])
async def test_a_camera_of_any_codec_is_shown_at_its_rate(
    browser: Browser, codec: str, b_frames: int
) -> None:
    video = encode(codec, 100, width=640, height=360, b_frames=b_frames)
    async with coded_camera(codec, video) as camera:
        rates = await watched(browser, {"cam": camera.url})
    assert rates["cam"] == pytest.approx(25, rel=0.12)


@pytest.mark.gstreamer
@pytest.mark.parametrize(
    "mount",
    [
        GstMount(transcode="x264enc speed-preset=ultrafast tune=zerolatency ! video/x-h264,profile=baseline"),
        GstMount(transcode="x264enc speed-preset=ultrafast tune=zerolatency ! video/x-h264,profile=main"),
        GstMount(
            transcode="x264enc speed-preset=ultrafast tune=zerolatency dct8x8=true ! "
            "video/x-h264,profile=high"
        ),
        GstMount(
            transcode="x264enc bframes=2 b-adapt=false speed-preset=ultrafast key-int-max=12 ! "
            "video/x-h264,profile=main"
        ),
        GstMount(
            # Small, for x265 is slow.
            transcode="videoscale ! video/x-raw,width=384,height=216 ! x265enc speed-preset=ultrafast tune=zerolatency key-int-max=12 "
            "option-string=pools=none:frame-threads=1 ! h265parse",
            payloader="rtph265pay config-interval=-1",
        ),
        GstMount(transcode="jpegenc", payloader="rtpjpegpay"),
    ],
    ids=["baseline", "main", "high", "b-frames", "h265", "mjpeg"],
)
async def test_gstreamers_cameras_are_shown_at_their_rate(browser: Browser, mount: GstMount) -> None:
    """car-detection.mp4 has 12.5 pictures per second."""
    silent = GstMount(audio=False, transcode=mount.transcode, payloader=mount.payloader)
    async with GstCamera([silent]) as camera:
        rates = await watched(browser, {"cam": camera.url()}, 40)
    assert rates["cam"] == pytest.approx(12.5, rel=0.12)


@pytest.mark.gstreamer
async def test_real_footage_with_b_frames_is_shown_at_its_rate(browser: Browser) -> None:
    """person.mp4 has B-frames and 10 pictures per second; passed through it plays at half of that."""
    async with GstCamera([GstMount(file=str(clip("person.mp4")), audio=False)]) as camera:
        rates = await watched(browser, {"cam": camera.url()}, 40)
    assert rates["cam"] == pytest.approx(10, rel=0.12)
