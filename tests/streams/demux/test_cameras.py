"""Cameras in codecs that no depacketizer here takes, from their RTSP port to H.264 out of the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from streams.camera import Camera, Credentials, Polygon, ProfileName, RenditionName
from streams.demux.process import Demuxers
from streams.hub import CameraHub
from streams.passable import Obstacle
from streams.policies import Policies
from streams.probe import probe
from streams.readiness import Finding, Readiness, assess
from streams.recipe import Transcoding
from streams.state import Offline, Reason, Stalled
from tests.cameras.coded import Coded, decoded, encode
from tests.cameras.coded_camera import coded_camera, playing, sdp
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.streams.demux.children import FOUND, HELLO, SLEEP, acting, is_gone
from tests.streams.running import QUICK, is_live, state_of
from tests.streams.transcoded import numbers, read
from tests.support.waiting import until

OURS = {"VP8": "VP8", "VP9": "VP9", "AV1": "AV1", "MPV": "MPV", "H263-1998": "H263"}

PATIENT = 30.0  # for a child to start on a busy machine


@asynccontextmanager
async def hub_of(
    cameras: Mapping[str, str],
    *,
    demuxers: Demuxers | None = None,
    masks: tuple[Polygon, ...] = (),
    policies: Policies | None = None,
    credentials: Credentials | None = None,
) -> AsyncIterator[CameraHub]:
    records = {name: Camera(name, "Camera", {ProfileName.MAIN: url}, masks) for name, url in cameras.items()}
    hub = CameraHub(
        records.get,
        lambda _: credentials,
        linger=0.2,
        policies=lambda _: policies or Policies(),
        transcoding=Transcoding(encoder="libx264", cores=8),
        demuxers=demuxers or Demuxers(start_s=PATIENT),
    )
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    try:
        yield hub
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def video(codec: str, count: int = 100) -> list[Coded]:
    return encode(codec, count, width=352, height=288, b_frames=2 if codec == "MPV" else 0)


@pytest.mark.parametrize("codec", OURS)
async def test_main_is_h264_whatever_the_camera_sends(codec: str) -> None:
    """In the order of showing, at the camera's own times, whatever a busy machine leaves out."""
    async with coded_camera(codec, video(codec)) as camera, hub_of({"cam": camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            units = await read(rendition, 30, PATIENT)
            assert rendition.codec == "H264" and hub.obstacle("cam") is Obstacle.CODEC
            assert units[0].is_idr and [nal[0] & 31 for nal in units[0].nal_units] == [7, 8, 5]
            shown = numbers(units)
            passed = [(b - a) % 100 for a, b in pairwise(shown)]
            assert all(0 < each < 50 for each in passed)
            steps = [b.media_time - a.media_time for a, b in pairwise(units)]
            wrong = [abs(step - each * 3600) for step, each in zip(steps, passed, strict=True)]
            assert max(wrong[1:]) < 900  # FFmpeg gives the first AV1 picture no time
            assert any(unit.captured is not None for unit in units)
            source = next(info for info in hub.ladder("cam") if info.name is RenditionName.SOURCE)
            assert source.codec == OURS[codec] and not source.passable
            assert (source.width, source.height) == (352, 288)


async def test_stills_and_smaller_renditions_and_masks() -> None:
    mask: tuple[Polygon, ...] = (((0, 0), (1, 0), (1, 0.3), (0, 0.3)),)
    async with coded_camera("VP8", video("VP8")) as camera, hub_of({"cam": camera.url}, masks=mask) as hub:
        with hub.hold("cam", RenditionName.LOW, urgent=True) as hold:
            units = await read(hold.rendition, 5, PATIENT)
            pictures = list(decoded("H264", [unit.nal_units for unit in units]))
            assert all(picture[: len(picture) // 4].std() < 3 for picture in pictures)
            still = await hub.still("cam", ProfileName.MAIN, patience=PATIENT)
            assert (still.width, still.height) == (352, 288)
            assert hub.keyframes()["cam"].codec == "VP8"


async def test_the_readiness_of_such_a_camera() -> None:
    async with coded_camera("MPV", video("MPV")) as camera:
        record = Camera("cam", "Camera", {ProfileName.MAIN: camera.url})
        result = await probe(record, ProfileName.MAIN, None, deadline=PATIENT, demuxers=Demuxers())
    reading = assess(result)
    assert reading.readiness in (Readiness.NEEDS_TRANSCODE, Readiness.SLOW)
    assert Finding.CODEC in reading.findings and reading.codec == "MPV"
    assert (reading.width, reading.height) == (352, 288)


async def test_the_child_ends_with_its_last_viewer() -> None:
    demuxers = Demuxers(start_s=PATIENT)
    async with (
        coded_camera("VP8", video("VP8")) as camera,
        hub_of({"cam": camera.url}, demuxers=demuxers) as hub,
    ):
        hold = hub.hold("cam", ProfileName.MAIN, urgent=True)
        await state_of(hold.rendition, is_live, PATIENT)
        pid = demuxers.running[0].pid
        hold.release()
        await until(lambda: is_gone(pid) and not demuxers.running)
        await until(lambda: "TEARDOWN" in camera.talks[0].methods)


async def test_a_child_that_is_killed_costs_a_gap() -> None:
    """The viewer's rendition goes on, by the source's ordinary row of attempts."""
    demuxers = Demuxers(start_s=PATIENT)
    async with (
        coded_camera("VP8", video("VP8")) as camera,
        hub_of({"cam": camera.url}, demuxers=demuxers) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await read(hold.rendition, 3, PATIENT)
            newest = hold.rendition.newest_media_time
            assert newest is not None
            demuxers.running[0].kill()
            raw = hub.renditions("cam")[0]
            await until(lambda: raw.counters.attempts == 2 and demuxers.running, deadline=PATIENT)
            await until(lambda: (hold.rendition.newest_media_time or 0) > newest + 45_000, deadline=PATIENT)
            assert "TEARDOWN" in camera.talks[0].methods


async def test_a_camera_that_goes_silent_is_stalled_then_left_then_tried_again() -> None:
    short = video("VP8", 20)

    async def then_silence(talk: Talk) -> None:
        async with asyncio.timeout(0.8):
            await playing("VP8", short)(talk)

    async def media(talk: Talk) -> None:
        try:
            await then_silence(talk)
        except TimeoutError:
            await talk.closed.wait()

    demuxers = Demuxers(start_s=PATIENT)
    policies = Policies(reconnect_after_s=1.5)
    manners = Manners(sdp=sdp("VP8"), media=media)
    async with (
        FakeCamera(manners) as camera,
        hub_of({"cam": camera.url}, demuxers=demuxers, policies=policies) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            raw = hub.renditions("cam")[0]
            await state_of(raw, is_live, PATIENT)
            pid = demuxers.running[0].pid
            await state_of(raw, lambda state: isinstance(state, Stalled), PATIENT)
            await state_of(raw, lambda state: isinstance(state, Offline), PATIENT)
            await until(lambda: is_gone(pid))
            await until(lambda: raw.counters.attempts >= 2, deadline=PATIENT)


@pytest.mark.parametrize(
    ("demuxers", "reason"),
    [
        (acting(SLEEP, start_s=0.1), Reason.TIMEOUT),
        (acting(SLEEP, HELLO), Reason.NO_DATA),
        (acting(SLEEP, HELLO, FOUND), Reason.NO_DATA),
        (acting("os.abort()", HELLO, FOUND), Reason.PROTOCOL),
        (acting(SLEEP, HELLO, b"nonsense"), Reason.PROTOCOL),
        (acting("sys.exit(3)", HELLO), Reason.UNSUPPORTED_CODEC),
    ],
    ids=["hangs at start", "finds nothing", "gives nothing", "crashes", "babbles", "refuses"],
)
async def test_a_child_of_no_use_ends_the_session_in_words(demuxers: Demuxers, reason: Reason) -> None:
    async with (
        coded_camera("VP8", video("VP8", 20)) as camera,
        hub_of({"cam": camera.url}, demuxers=demuxers, policies=QUICK) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            raw = hub.renditions("cam")[0]
            await state_of(raw, lambda s: isinstance(s, Offline) and s.reason is reason, PATIENT)
            await until(lambda: raw.counters.attempts >= 2, deadline=PATIENT)
    assert demuxers.running == ()


async def test_one_camera_more_than_there_are_places_is_refused_in_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    demuxers = Demuxers(1, start_s=PATIENT)
    pictures = video("VP8")
    async with (
        coded_camera("VP8", pictures) as one,
        coded_camera("VP8", pictures) as other,
        hub_of({"one": one.url, "other": other.url}, demuxers=demuxers) as hub,
    ):
        first = hub.hold("one", ProfileName.MAIN, urgent=True)
        await state_of(first.rendition, is_live, PATIENT)
        with hub.hold("other", ProfileName.MAIN, urgent=True) as second:
            await state_of(
                second.rendition, lambda s: isinstance(s, Offline) and s.reason is Reason.OVERLOADED, PATIENT
            )
            assert "all 1 of them are at work" in caplog.text
            first.release()
            await state_of(second.rendition, is_live, PATIENT)


async def test_the_password_stays_with_us(canary: str) -> None:
    """The conftest searches the log; the child is told a codec and gets packets."""
    demuxers = Demuxers(start_s=PATIENT)
    manners = Manners(
        sdp=sdp("VP8"), media=playing("VP8", video("VP8")), auth="digest", username="u", password=canary
    )
    async with (
        FakeCamera(manners) as camera,
        hub_of({"cam": camera.url}, demuxers=demuxers, credentials=Credentials("u", canary)) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live, PATIENT)
            assert len(camera.talks) == 1  # nobody but us ever called it
            demuxers.running[0].kill()
            await until(lambda: len(camera.talks) == 2, deadline=PATIENT)


async def test_a_redirect_is_not_followed_by_anybody() -> None:
    elsewhere = b"RTSP/1.0 302 Found\r\nCSeq: {cseq}\r\nLocation: rtsp://127.0.0.1:1/\r\n\r\n"
    manners = Manners(sdp=sdp("VP8"), replies={"SETUP": elsewhere})
    demuxers = Demuxers(start_s=PATIENT)
    async with FakeCamera(manners) as camera, hub_of({"cam": camera.url}, demuxers=demuxers) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            raw = hub.renditions("cam")[0]
            await state_of(raw, lambda s: isinstance(s, Offline) and s.reason is Reason.REDIRECTED, PATIENT)
            await until(lambda: not demuxers.running)
