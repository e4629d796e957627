"""The same against GStreamer's RTSP server, whose payloaders no one here wrote."""

from __future__ import annotations

import pytest

from streams.camera import Camera, ProfileName
from streams.demux.process import Demuxers
from streams.h264 import Sps
from streams.hub import CameraHub
from streams.passable import Obstacle
from streams.probe import probe
from tests.cameras.gst_server import GstCamera, GstMount
from tests.streams.demux.test_cameras import PATIENT, hub_of
from tests.streams.transcoded import read

pytestmark = pytest.mark.gstreamer

SMALL = "videorate ! videoscale ! video/x-raw,width=352,height=288,framerate=25/1,pixel-aspect-ratio=1/1 ! "
X264 = "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=12 ! mpegtsmux"
MPEG2 = "mpeg2enc format=3 ! mpegvideoparse"


def mount(encoder: str, payloader: str) -> GstMount:
    return GstMount(audio=False, transcode=SMALL + encoder, payloader=payloader)


@pytest.mark.parametrize(
    ("encoder", "payloader", "codec"),
    [
        ("vp8enc deadline=1 keyframe-max-dist=12", "rtpvp8pay", "VP8"),
        ("vp9enc deadline=1 cpu-used=8 keyframe-max-dist=12", "rtpvp9pay", "VP9"),
        (MPEG2, "rtpmpvpay", "MPV"),
        (f"{MPEG2} ! mpegtsmux", "rtpmp2tpay", "MPV"),
        ("avenc_h263 gop-size=12", "rtph263pay", "H263"),
        ("avenc_h263 gop-size=12", "rtph263ppay", "H263"),
    ],
    ids=["vp8", "vp9", "mpeg2", "mpeg2 in ts", "h263 rfc 2190", "h263 rfc 4629"],
)
async def test_a_camera_is_watched_as_h264(encoder: str, payloader: str, codec: str) -> None:
    async with GstCamera([mount(encoder, payloader)]) as camera, hub_of({"cam": camera.url()}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await read(hold.rendition, 20, PATIENT)
            assert units[0].is_idr and hold.rendition.codec == "H264"
            assert hub.obstacle("cam") is Obstacle.CODEC and _sent_in(hub) == codec
            still = await hub.still("cam", ProfileName.MAIN, patience=PATIENT)
            assert (still.width, still.height) == (352, 288)


async def test_h264_in_a_transport_stream_is_passed_on_untouched() -> None:
    """What encoders made for television send: unpacked by the child, and no decoder is at work."""
    async with GstCamera([mount(X264, "rtpmp2tpay")]) as camera, hub_of({"cam": camera.url()}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await read(hold.rendition, 20, PATIENT)
            assert isinstance(hold.rendition.format, Sps) and hold.rendition.format.width == 352
            assert units[0].is_idr and hub.obstacle("cam") is None
            assert hold.rendition.counters.transcoded == 0


async def test_a_probe_says_what_it_is() -> None:
    async with GstCamera([mount("vp8enc deadline=1 keyframe-max-dist=12", "rtpvp8pay")]) as camera:
        record = Camera("cam", "Camera", {ProfileName.MAIN: camera.url()})
        result = await probe(record, ProfileName.MAIN, None, deadline=PATIENT, demuxers=Demuxers())
    assert result.ok and result.codec == "VP8" and result.format is not None and result.format.width == 352
    assert result.frames_per_second == pytest.approx(25, abs=1)


def _sent_in(hub: CameraHub) -> str:
    return hub.ladder("cam")[0].codec
