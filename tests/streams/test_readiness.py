"""What a camera is read as, and that reading it gives way to whoever wants it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from streams.camera import Camera, Credentials, ProfileName
from streams.counters import Counters
from streams.probe import ProbeResult
from streams.readiness import Bounds, Finding, Readiness, Reading, assess, measure
from streams.state import Reason
from tests.cameras import fake
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.cameras.fake import FakeCamera, Manners, Talk, steady
from tests.cameras.gst_server import GstCamera, GstMount, clip
from tests.cameras.video import interleaved
from tests.streams.running import QUICK
from tests.support.waiting import until

SEEN = ProbeResult(
    None,
    "",
    "H264",
    first_picture_s=0.2,
    pictures=50,
    keyframe_interval_s=1.0,
    watched_s=2.0,
    clock_offset_s=0.1,
    counters=Counters(in_band_sets=2),
)
PATIENT = replace(QUICK, connect_s=3.0, reply_s=3.0, first_data_s=5.0, first_picture_s=5.0, keyframe_s=8.0)


@pytest.mark.parametrize(
    ("seen", "readiness", "findings"),
    [
        (SEEN, Readiness.READY, ()),
        (replace(SEEN, first_picture_s=3.0), Readiness.READY, ()),
        (replace(SEEN, first_picture_s=3.1), Readiness.SLOW, (Finding.LATE_PICTURE,)),
        (replace(SEEN, keyframe_interval_s=5.1), Readiness.SLOW, (Finding.RARE_KEYFRAMES,)),
        (replace(SEEN, keyframe_interval_s=None), Readiness.READY, ()),
        (
            replace(SEEN, keyframe_interval_s=None, watched_s=20.0),
            Readiness.SLOW,
            (Finding.RARE_KEYFRAMES,),
        ),
        (replace(SEEN, codec="H265"), Readiness.NEEDS_TRANSCODE, (Finding.CODEC,)),
        (replace(SEEN, reorders=True), Readiness.NEEDS_TRANSCODE, (Finding.B_FRAMES,)),
        (
            replace(SEEN, reorders=True, first_picture_s=9.0),
            Readiness.SLOW,
            (Finding.LATE_PICTURE, Finding.B_FRAMES),
        ),
        (replace(SEEN, counters=Counters()), Readiness.READY, (Finding.SETS_NOT_IN_BAND,)),
        (replace(SEEN, codec="JPEG", counters=Counters()), Readiness.NEEDS_TRANSCODE, (Finding.CODEC,)),
        (replace(SEEN, clock_offset_s=-3600.0), Readiness.READY, (Finding.CLOCK_OFF,)),
        (replace(SEEN, clock_offset_s=None), Readiness.READY, ()),
    ],
)
def test_verdicts(seen: ProbeResult, readiness: Readiness, findings: tuple[Finding, ...]) -> None:
    reading = assess(seen)
    assert (reading.readiness, reading.findings) == (readiness, findings)
    assert reading.reason is None


def test_a_dead_camera_says_why_and_nothing_else() -> None:
    reading = assess(ProbeResult(Reason.REFUSED, "the port is closed"))
    assert reading == Reading(Readiness.DEAD, Reason.REFUSED, "the port is closed")


def test_a_masked_camera_is_transcoded() -> None:
    assert assess(SEEN, masked=True).readiness is Readiness.NEEDS_TRANSCODE


async def read(
    url: str,
    credentials: Credentials | None = None,
    wanted: Callable[[], bool] = lambda: False,
    *,
    bounds: Bounds | None = None,
    deadline: float = 9.0,
) -> Reading | None:
    camera = Camera("cam", "Camera", {ProfileName.MAIN: url})
    return await measure(
        camera, credentials, wanted=wanted, policies=PATIENT, bounds=bounds, deadline=deadline
    )


async def test_a_dead_host() -> None:
    reading = await read(f"rtsp://127.0.0.1:{fake.closed_port()}/main")
    assert reading is not None
    assert (reading.readiness, reading.reason) == (Readiness.DEAD, Reason.REFUSED)


async def test_a_refused_password_costs_one_attempt_and_is_not_told(canary: str) -> None:
    async with FakeCamera(Manners(auth="digest", media=steady())) as camera:
        reading = await read(camera.url, Credentials("viewer", canary))
        assert reading is not None
        assert (reading.readiness, reading.reason) == (Readiness.DEAD, Reason.UNAUTHORIZED)
        assert len(camera.talks) == 1
    assert canary not in repr(reading)


@pytest.mark.parametrize(
    ("codec", "b_frames", "readiness", "finding", "profile"),
    [
        ("H264", 0, Readiness.READY, None, "High"),
        ("H264", 2, Readiness.NEEDS_TRANSCODE, Finding.B_FRAMES, "High"),
        ("H265", 0, Readiness.NEEDS_TRANSCODE, Finding.CODEC, "Main"),
        ("JPEG", 0, Readiness.NEEDS_TRANSCODE, Finding.CODEC, None),
    ],
)
async def test_codecs(
    codec: str, b_frames: int, readiness: Readiness, finding: Finding | None, profile: str | None
) -> None:
    async with coded_camera(codec, encode(codec, 50, gop=25, b_frames=b_frames)) as camera:
        reading = await read(camera.url)
        assert reading is not None
        assert reading.readiness is readiness
        assert reading.codec == codec
        assert finding is None or finding in reading.findings
        assert reading.b_frames is (b_frames > 0)
        if codec != "JPEG":
            assert reading.sets_in_band is True
            assert (reading.width, reading.height) == (320, 240)
        if profile is not None and codec == "H265":
            assert reading.profile == profile
        assert reading.clock_offset_s is not None
        await until(lambda: not camera.open_talks)
        assert camera.asked("TEARDOWN") == len(camera.talks) == 1


async def test_sets_in_the_description_alone_and_keyframes_far_apart() -> None:
    async with FakeCamera(Manners(media=steady(gop=1000, in_band=False))) as camera:
        reading = await read(camera.url, bounds=Bounds(rare_keyframes_s=1.0), deadline=3.0)
    assert reading is not None
    assert reading.readiness is Readiness.SLOW
    assert set(reading.findings) >= {Finding.RARE_KEYFRAMES, Finding.SETS_NOT_IN_BAND}
    assert reading.sets_in_band is False and reading.keyframe_interval_s is None


async def test_a_wrong_clock() -> None:
    async def media(talk: Talk) -> None:
        await talk.send(interleaved(talk.channel + 1, talk.rtp.sender_report(time.time() - 3600)))
        await steady()(talk)

    async with FakeCamera(Manners(media=media)) as camera:
        reading = await read(camera.url)
    assert reading is not None
    assert reading.findings == (Finding.CLOCK_OFF,)
    assert reading.clock_offset_s == pytest.approx(-3600, abs=60)


async def test_it_gives_way_to_whoever_wants_the_camera() -> None:
    flag = asyncio.Event()
    async with FakeCamera(Manners(media=steady(gop=1000))) as camera:
        reading = asyncio.create_task(read(camera.url, wanted=flag.is_set))
        await camera.until(lambda: camera.asked("PLAY") == 1)
        flag.set()
        assert await reading is None
        await camera.until(lambda: camera.asked("TEARDOWN") == 1)
        assert await read(camera.url, wanted=flag.is_set) is None
        assert len(camera.talks) == 1


@pytest.mark.gstreamer
async def test_gstreamers_server_with_real_footage() -> None:
    async with GstCamera([GstMount(file=str(clip()))]) as camera:
        reading = await read(camera.url("/main"))
    assert reading is not None
    assert reading.readiness is not Readiness.DEAD
    assert reading.codec == "H264" and reading.width and reading.sets_in_band is True
