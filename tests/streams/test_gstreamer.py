"""Sources against GStreamer's RTSP server, which no one here wrote, playing real footage."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import av
import pytest

from streams.access_unit import AccessUnit
from streams.camera import Camera, Credentials, ProfileName
from streams.policies import Policies
from streams.probe import ProbeResult, probe
from streams.rendition import Rendition
from streams.state import Offline, Reason, Stalled
from tests.cameras.gst_server import GstCamera, GstMount
from tests.streams.running import failed, hub_for, is_live, state_of

pytestmark = pytest.mark.gstreamer
NORMAL = Policies()


async def pictures_of(rendition: Rendition, count: int) -> list[AccessUnit]:
    cursor = rendition.ring.reader()
    async with asyncio.timeout(15):
        return [await cursor.next() for _ in range(count)]


def decode(units: list[AccessUnit]) -> list[av.VideoFrame]:
    """All pictures, decoded by FFmpeg, which must find nothing wrong."""
    codec = av.CodecContext.create("h264", "r")
    assert isinstance(codec, av.VideoCodecContext)
    codec.options = {"err_detect": "explode"}
    frames: list[av.VideoFrame] = []
    for unit in units:
        frames += codec.decode(av.Packet(b"".join(b"\0\0\0\1" + nal for nal in unit.nal_units)))
    return frames + codec.decode(None)


@pytest.mark.parametrize("config_interval", [0, 1, -1])
async def test_real_footage_arrives_whole(config_interval: int) -> None:
    mount = GstMount(config_interval=config_interval)
    async with GstCamera([mount]) as camera, hub_for(camera.url(), policies=NORMAL) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            units = await pictures_of(rendition, 30)
            frames = decode(units)
            assert len(frames) == 30 and (frames[0].width, frames[0].height) == (768, 432)
            assert units[0].is_idr
            assert rendition.format is not None and rendition.profile_level_id == "428016"
            assert rendition.counters.dropped_pictures == rendition.counters.lost_packets == 0
            assert not rendition.has_b_slices
            interval = rendition.freshness.interval_s
            assert interval == pytest.approx(0.08, abs=0.002)


async def test_capture_time_is_the_servers_clock() -> None:
    async with GstCamera() as camera, hub_for(camera.url(), policies=NORMAL) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            cursor = hold.rendition.ring.reader()
            async with asyncio.timeout(10):
                while (unit := await cursor.next()).captured is None:
                    pass
            assert abs(time.time() - unit.captured) < 0.5


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_passwords(auth: str, canary: str) -> None:
    server = GstCamera(username="viewer", password=canary, auth=auth)
    async with server as camera:
        async with hub_for(camera.url(), lambda: Credentials("viewer", canary), NORMAL) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                await state_of(hold.rendition, is_live, 10)
        async with hub_for(camera.url(), lambda: Credentials("viewer", canary + "x"), NORMAL) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                assert (await failed(hold.rendition)).reason is Reason.UNAUTHORIZED


async def test_frozen_server_stalls_and_comes_back() -> None:
    """S-05: the process stands still, TCP stays up."""
    async with GstCamera() as camera, hub_for(camera.url(), policies=NORMAL) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live, 10)
            os.kill(camera.pid, signal.SIGSTOP)
            try:
                stalled = await state_of(hold.rendition, lambda s: isinstance(s, Stalled))
                assert isinstance(stalled, Stalled)
                assert 0.9 < time.monotonic() - stalled.since < 1.3
            finally:
                os.kill(camera.pid, signal.SIGCONT)
            continued = time.monotonic()
            await state_of(hold.rendition, is_live)
            assert time.monotonic() - continued < 1.0
            assert hold.rendition.counters.attempts == 1


async def test_a_server_that_dies_and_returns() -> None:
    server = GstCamera()
    async with server as camera:
        url = camera.url()
        port = camera.port
        async with hub_for(url, policies=NORMAL) as hub:
            hold = hub.hold("cam", ProfileName.MAIN, urgent=True)
            await state_of(hold.rendition, is_live, 10)
            os.kill(camera.pid, signal.SIGKILL)
            lost = await failed(hold.rendition, 2)
            assert lost.reason in (Reason.CLOSED, Reason.REFUSED)
            async with GstCamera(port=port):
                opened = time.monotonic()
                await state_of(hold.rendition, is_live, 10)
                assert time.monotonic() - opened < 2.0
                hold.release()
                await state_of(hold.rendition, lambda s: isinstance(s, Offline), 5)


async def test_probe_says_what_a_camera_sends() -> None:
    high = "x264enc bframes=2 b-adapt=false speed-preset=ultrafast key-int-max=10 ! video/x-h264,profile=main"
    mounts = [
        GstMount(),
        GstMount("/high", audio=False, transcode=high),
        GstMount("/jpeg", audio=False, transcode="jpegenc", payloader="rtpjpegpay"),
    ]
    async with GstCamera(mounts) as camera:

        async def look(path: str) -> ProbeResult:
            record = Camera("cam", "Camera", {ProfileName.MAIN: camera.url(path)})
            return await probe(record, ProfileName.MAIN, None, watch_s=1.0)

        plain = await look("/main")
        assert plain.ok and plain.format is not None and plain.format.width == 768
        assert plain.frames_per_second == pytest.approx(12.5, abs=0.5)
        assert plain.first_picture_s is not None and plain.first_picture_s < 2
        reordered = await look("/high")
        assert reordered.ok and reordered.has_b_slices
        assert reordered.format is not None and reordered.format.may_reorder
        assert reordered.keyframe_interval_s is not None
        jpeg = await look("/jpeg")
        assert jpeg.ok and jpeg.codec == "JPEG" and jpeg.format is not None and jpeg.format.width == 768
        assert (await look("/nowhere")).reason is Reason.NOT_FOUND
