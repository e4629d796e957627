"""Cameras that a browser cannot take, or plays at half the rate, live in Chromium at their full rate."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import Browser

from streams.camera import ProfileName, RenditionName
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.cameras.gst_server import GstCamera, GstMount, clip
from tests.support.bare_relay import bare_relay

from .harness import context, plain_player, shown

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_MOST = 0.7  # of the pictures: half is what B-frames leave, and a busy machine does not paint them all


async def watched(browser: Browser, url: str, count: int = 60) -> float:
    """How many of the pictures that the camera sends are shown, over the last of at least `count`."""
    async with bare_relay({"cam": {ProfileName.MAIN: url}}) as relay, context(browser, relay.url) as opened:
        relay.grant("cam")
        sent: list[float] = []
        with relay.hub.hold("cam", RenditionName.SOURCE, urgent=True) as hold:
            forget = hold.rendition.ring.listen(lambda unit: sent.append(time.time() * 1e3))
            page = await plain_player(opened, relay.url)
            await page.evaluate(
                "([url, token]) => player.play(url, token)", [relay.whep("cam"), relay.token()]
            )
            async with asyncio.timeout(30):
                while len(pictures := await shown(page)) < count:  # noqa: ASYNC110 - the browser tells nobody
                    await asyncio.sleep(0.1)
            await page.evaluate("player.stop()")
            forget()
    last = pictures[-count * 2 // 3 :]
    begin, end = last[0].shown_at, last[-1].shown_at
    return (len(last) - 1) / sum(begin < when <= end for when in sent)


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("H265", 0), ("JPEG", 0), ("MP4V-ES", 0), ("H264", 2), ("VP8", 0), ("MPV", 2)]
)
async def test_a_camera_of_any_codec_is_shown_at_its_rate(
    browser: Browser, codec: str, b_frames: int
) -> None:
    video = encode(codec, 100, width=640, height=360, b_frames=b_frames)
    async with coded_camera(codec, video) as camera:
        assert await watched(browser, camera.url) > _MOST


async def test_another_size_midstream_is_shown_in_the_same_connection(browser: Browser) -> None:
    """By day so, by night so: the video element follows, nothing is negotiated again."""
    small = encode("H264", 20, width=320, height=240)
    large = encode("H264", 20, width=640, height=360)
    change = asyncio.Event()
    async with (
        coded_camera("H264", small, large, go_on=change) as camera,
        bare_relay({"cam": {ProfileName.MAIN: camera.url}}) as relay,
        context(browser, relay.url) as opened,
    ):
        relay.grant("cam")
        page = await plain_player(opened, relay.url)
        await page.evaluate("([url, token]) => player.play(url, token)", [relay.whep("cam"), relay.token()])
        await page.evaluate("window.peerAtFirst = player.peer")
        await page.wait_for_function("player.video.videoWidth === 320", timeout=30_000)
        change.set()
        await page.wait_for_function("player.video.videoWidth === 640", timeout=30_000)
        before = len(await shown(page))
        async with asyncio.timeout(30):
            while len(pictures := await shown(page)) < before + 10:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        assert list(dict.fromkeys((each.width, each.height) for each in pictures)) == [(320, 240), (640, 360)]
        assert await page.evaluate("player.peer === peerAtFirst")
        assert len(relay.viewings.opened_ones) == len(camera.talks) == 1
        await page.evaluate("player.stop()")


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
            transcode="videoscale ! video/x-raw,width=384,height=216 ! "
            "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=12 "
            "option-string=pools=none:frame-threads=1 ! h265parse",
            payloader="rtph265pay config-interval=-1",
        ),
        GstMount(transcode="jpegenc", payloader="rtpjpegpay"),
    ],
    ids=["baseline", "main", "high", "b-frames", "h265", "mjpeg"],
)
async def test_gstreamers_cameras_are_shown_at_their_rate(browser: Browser, mount: GstMount) -> None:
    silent = GstMount(audio=False, transcode=mount.transcode, payloader=mount.payloader)
    async with GstCamera([silent]) as camera:
        assert await watched(browser, camera.url(), 40) > _MOST


@pytest.mark.gstreamer
async def test_real_footage_with_b_frames_is_shown_at_its_rate(browser: Browser) -> None:
    """person.mp4 has B-frames; passed through it plays at half its rate."""
    async with GstCamera([GstMount(file=str(clip("person.mp4")), audio=False)]) as camera:
        assert await watched(browser, camera.url(), 40) > _MOST
