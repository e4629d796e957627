"""Cameras that no browser can take, made into renditions that every browser takes: real codecs, real RTSP."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from streams.access_unit import AccessUnit
from streams.camera import Camera, Polygon, ProfileName, RenditionName
from streams.encoders import CANDIDATES, EncoderError, choose, create, settle
from streams.hub import CameraHub
from streams.passable import Obstacle
from streams.policies import Policies
from streams.recipe import RECIPES, Recipe, Transcoding
from streams.rendition import Rendition
from streams.state import Live, Offline, Reason, SourceState, Stalled
from streams.timeline import CameraTimeline
from tests.cameras.coded import Coded, encode, payloads
from tests.cameras.coded_camera import coded_camera, sdp
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.streams.running import QUICK, is_live, state_of
from tests.streams.transcoded import numbers, read

FPS = 25.0
STEP = 3600


@asynccontextmanager
async def hub_of(
    profiles: Mapping[ProfileName, str],
    masks: tuple[Polygon, ...] = (),
    transcoding: Transcoding | None = None,
    linger: float = 0.2,
    policies: Policies = QUICK,
) -> AsyncIterator[CameraHub]:
    camera = Camera("cam", "Camera", profiles, masks)
    hub = CameraHub(
        {"cam": camera}.get,
        lambda _: None,
        linger=linger,
        policies=lambda _: policies,
        transcoding=transcoding or Transcoding(encoder="libx264", cores=8),
    )
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    try:
        yield hub
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110  # of parts that tell nobody when they change
            await asyncio.sleep(0.01)


def steps(units: list[AccessUnit]) -> list[int]:
    return [b.media_time - a.media_time for a, b in pairwise(units)]


@pytest.mark.parametrize(
    ("codec", "b_frames", "why"),
    [
        ("H265", 0, Obstacle.CODEC),
        ("H265", 2, Obstacle.CODEC),
        ("JPEG", 0, Obstacle.CODEC),
        ("MP4V-ES", 0, Obstacle.CODEC),
        ("H264", 2, Obstacle.B_FRAMES),
    ],
)
async def test_main_is_live_whatever_the_camera_sends(codec: str, b_frames: int, why: Obstacle) -> None:
    """Under the name `main`, in H.264 without B-frames, at the camera's full rate and on its own clock."""
    video = encode(codec, 100, b_frames=b_frames)
    async with coded_camera(codec, video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            await read(rendition, 3)
            await until(lambda: hub.obstacle("cam") is why)
            detach = rendition.ring.listen(lambda unit: None)
            await until(lambda: rendition.counters.transcoded > 30)
            units = (await read(rendition, 30))[-30:]
            detach()
            shown = numbers(units)
            assert rendition.codec == "H264" and not rendition.reorders
            assert rendition.profile_level_id is not None and rendition.profile_level_id.startswith("42c0")
            assert units[0].is_idr and [nal[0] & 31 for nal in units[0].nal_units] == [7, 8, 5]
            # Every picture, in the order of showing, and media time to match.
            assert all((b - a) % 100 == 1 for a, b in pairwise(shown))
            assert steps(units).count(STEP) >= 27
            captured = [unit.captured for unit in units if unit.captured is not None]
            assert len(captured) > 20 and abs(time.time() - captured[-1]) < 2
            slope = (captured[-1] - captured[0]) / (len(captured) - 1)
            assert slope == pytest.approx(1 / FPS, abs=0.005)


async def test_a_plain_camera_is_passed_through() -> None:
    video = encode("H264", 50)
    async with coded_camera("H264", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await read(hold.rendition, 20)
            assert units[1].nal_units == video[1].nal_units
            assert hub.obstacle("cam") is None and hold.rendition.counters.transcoded == 0


async def test_nothing_is_decoded_before_somebody_looks() -> None:
    """A held camera has its state and its SPS; the first reader starts the decoder, the last one's linger
    ends it."""
    video = encode("H265", 50)
    async with coded_camera("H265", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            async with asyncio.timeout(5):
                known = await rendition.wait_format()
            assert (known.width, known.height) == (320, 240)
            assert len(rendition.ring) == 0 and hub.workshop.capacity.used == 0
            began = time.monotonic()
            await read(rendition, 1)
            assert time.monotonic() - began < 1.0
            assert hub.workshop.capacity.used > 0
            await until(lambda: hub.workshop.capacity.used == 0)
            assert len(rendition.ring) == 0 and isinstance(rendition.state, Live)
            await read(rendition, 2)  # and again


async def test_all_renditions_of_one_picture_share_decoder_and_timeline() -> None:
    video = encode("H265", 50, width=640, height=400)
    recipes = dict(RECIPES) | {
        RenditionName.MEDIUM: Recipe(200, 500_000),
        RenditionName.LOW: Recipe(100, 100_000),
    }
    transcoding = Transcoding(encoder="libx264", cores=8, recipes=recipes)
    async with (
        coded_camera("H265", video) as camera,
        hub_of({ProfileName.MAIN: camera.url}, transcoding=transcoding) as hub,
    ):
        names = (RenditionName.MAIN, RenditionName.MEDIUM, RenditionName.LOW)
        holds = [hub.hold("cam", name, urgent=True) for name in names]
        readers = [hold.rendition.ring.listen(lambda unit: None) for hold in holds for _ in range(5)]
        await until(lambda: all(hold.rendition.counters.transcoded > 60 for hold in holds))
        rings = [[hold.rendition.ring.get(n) for n in range(20, 60)] for hold in holds]
        times = [{unit.media_time: unit for unit in ring if unit is not None} for ring in rings]
        common = set.intersection(*(set(each) for each in times))
        assert len(common) >= 30
        assert all(len({each[when].captured for each in times}) == 1 for when in common)
        assert all(len({each[when].is_idr for each in times}) == 1 for when in common)  # keyframes together
        formats = [hold.rendition.format for hold in holds]
        assert [(f.width, f.height) for f in formats if f] == [(640, 400), (320, 200), (160, 100)]
        assert camera.asked("PLAY") == 1 and len(hub.workshop.capacity._loads) == 4  # three and the decoder
        for detach in readers:
            detach()
        for hold in holds:
            hold.release()
        await until(lambda: hub.workshop.capacity.used == 0)


async def test_a_keyframe_on_request() -> None:
    video = encode("H265", 100, gop=100)
    async with coded_camera("H265", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await read(rendition, 20)
            first = rendition.ring.newest_idr
            before = rendition.ring.next_number
            rendition.request_keyframe()
            cursor = rendition.ring.reader(before)
            async with asyncio.timeout(2):
                while not (unit := await cursor.next()).is_idr:
                    pass
            assert first != unit.number and unit.number - before < 15
            asked = rendition.ring.next_number
            for _ in range(50):
                rendition.request_keyframe()  # a storm: one every half second at most
            units = await read(rendition, asked - unit.number + 10)
            assert sum(each.is_idr for each in units) <= 2


async def test_a_change_of_size_and_codec_midstream() -> None:
    small, large = encode("H265", 20, width=320, height=240), encode("H265", 40, width=640, height=480)
    async with coded_camera("H265", small, large) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            detach = rendition.ring.listen(lambda unit: None)
            await until(lambda: rendition.format is not None and rendition.format.width == 640, 8)
            units = await read(rendition, 15)
            assert units[0].is_idr and len(numbers(units)) == 15
            assert rendition.counters.undecodable == 0
            detach()


async def test_b_frames_that_begin_and_end_under_a_viewer() -> None:
    plain, reordered = encode("H264", 25), encode("H264", 50, b_frames=2, first=25)
    async with (
        coded_camera("H264", plain, reordered) as camera,
        hub_of({ProfileName.MAIN: camera.url}) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            times: list[int] = []
            detach = hold.rendition.ring.listen(lambda unit: times.append(unit.media_time))
            await until(lambda: hold.rendition.counters.transcoded > 30, 8)
            assert times == sorted(set(times))
            assert statistics.median(b - a for a, b in pairwise(times)) == STEP
            detach()


# The machine's limit.


async def test_at_the_limit_the_newest_demand_is_refused_in_words() -> None:
    video = encode("H265", 50, width=640, height=480)
    tight = Transcoding(encoder="libx264", cores=0.05)
    async with (
        coded_camera("H265", video) as camera,
        hub_of({ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url}, transcoding=tight) as hub,
    ):
        first = hub.hold("cam", ProfileName.MAIN, urgent=True)
        detach = first.rendition.ring.listen(lambda unit: None)
        await until(lambda: first.rendition.counters.transcoded > 5)
        second = hub.hold("cam", ProfileName.SUB, urgent=True)
        await state_of(second.rendition, is_live)
        forget = second.rendition.ring.listen(lambda unit: None)

        def refused(state: object) -> bool:
            return isinstance(state, Offline) and state.reason is Reason.OVERLOADED

        state = await state_of(second.rendition, refused)
        assert isinstance(state, Offline) and state.next_attempt is not None
        assert hub.workshop.capacity.refused >= 1
        # The running picture stays whole.
        units = (await read(first.rendition, 40))[-25:]
        assert steps(units).count(STEP) >= 23 and isinstance(first.rendition.state, Live)
        # Room again: it comes by itself.
        detach()
        first.release()
        await state_of(second.rendition, is_live, 10)
        await until(lambda: len(second.rendition.ring) > 3)
        forget()
        second.release()


# Encoders.


def test_the_first_encoder_that_really_encodes_is_taken() -> None:
    choice = choose()
    assert choice.name in CANDIDATES and choice.cpu_ms_per_megapixel > 0
    assert len(choice.refused) == CANDIDATES.index(choice.name)


def test_a_forced_failure_goes_on_to_the_next() -> None:
    def make(name: str):  # type: ignore[no-untyped-def]  # av's class, by way of create
        if name == "libx264":
            return create(name)
        raise ValueError(f"no {name} here")

    choice = choose(make=make)
    assert choice.name == "libx264" and [name for name, _ in choice.refused] == list(CANDIDATES[:3])
    with pytest.raises(EncoderError, match="h264_nvenc"):
        choose("h264_nvenc", make=make)
    settled = settle("h264_nvenc", make=make)
    assert settled.name == "libx264" and settled.refused == (("h264_nvenc", "valueerror"),)
    with pytest.raises(EncoderError, match="holds pictures back"):
        settle("libx264", make=_with_lookahead)
    with pytest.raises(EncoderError, match="holds pictures back"):
        choose("libx264", make=_with_lookahead)


def _with_lookahead(name: str):  # type: ignore[no-untyped-def]  # av's class, by way of create
    context = create(name)

    class Slow:
        """libx264 as it would be without its zero-latency setting."""

        def __setattr__(self, key: str, value: object) -> None:
            if key == "options":
                value = {"preset": "ultrafast", "x264-params": "sync-lookahead=10:rc-lookahead=10:bframes=3"}
            setattr(context, key, value)

        def __getattr__(self, key: str) -> object:
            return getattr(context, key)

    return Slow()


async def test_an_encoder_that_is_not_there_costs_no_picture() -> None:
    """The configured one does not exist: said in the log, and libx264 does the work."""
    video = encode("H265", 50)
    missing = Transcoding(encoder="h264_nowhere", cores=8)
    async with (
        coded_camera("H265", video) as camera,
        hub_of({ProfileName.MAIN: camera.url}, transcoding=missing) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            assert len(numbers(await read(hold.rendition, 10))) == 10


# The ladder.


async def test_the_ladder_says_what_there_is() -> None:
    main, sub = encode("H265", 30, width=1280, height=720), encode("H264", 30)
    async with coded_camera("H265", main) as camera, coded_camera("H264", sub) as second:
        profiles = {ProfileName.MAIN: camera.url, ProfileName.SUB: second.url}
        async with hub_of(profiles) as hub:
            with (
                hub.hold("cam", ProfileName.MAIN, urgent=True) as hold,
                hub.hold("cam", ProfileName.SUB, urgent=True) as other,
            ):
                await state_of(hold.rendition, is_live)
                await state_of(other.rendition, is_live)
                ladder = {info.name.value: info for info in hub.ladder("cam")}
                assert list(ladder) == ["source", "main", "sub", "low"]  # high and medium would be as large
                assert (ladder["source"].codec, ladder["source"].passable) == ("H265", False)
                assert (ladder["main"].codec, ladder["main"].made, ladder["main"].width) == (
                    "H264",
                    True,
                    1280,
                )
                assert not ladder["sub"].made and ladder["sub"].passable and ladder["sub"].height == 240
                assert ladder["low"].made and ladder["low"].bitrate == 300_000
        assert hub.ladder("nobody") == ()


async def test_source_is_what_the_camera_sends() -> None:
    video = encode("H265", 50)
    async with coded_camera("H265", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", RenditionName.SOURCE, urgent=True) as hold:
            units = await read(hold.rendition, 12)
            assert hold.rendition.codec == "H265" and len(numbers(units, "H265")) == 12
            assert hub.workshop.capacity.used == 0


class Silence:
    """Something behind the camera's old port that takes every connection and says nothing."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Silence:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def test_no_picture_of_the_past_comes_from_a_camera_that_is_away() -> None:
    """Who begins to look while it is away is shown nothing and told so: what it sent before is the past."""
    video = encode("H265", 50)
    camera = coded_camera("H265", video)
    await camera.start()
    async with hub_of({ProfileName.MAIN: camera.url}) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            port = urlsplit(camera.url).port
            assert port is not None
            await camera.stop()
            async with Silence(port):
                await state_of(rendition, lambda state: isinstance(state, Offline))
                seen: list[tuple[AccessUnit, SourceState]] = []
                rendition.ring.listen(lambda unit: seen.append((unit, rendition.state)))
                attempts = rendition.counters.attempts
                await until(lambda: rendition.counters.attempts >= attempts + 2)
                assert not seen and not isinstance(rendition.state, Live) and len(rendition.ring) == 0


@pytest.mark.parametrize("masks", [(), (((0.5, 0.0), (1.0, 0.0), (1.0, 1.0)),)])
async def test_no_picture_of_the_past_comes_from_a_camera_that_stalls(masks: tuple[Polygon, ...]) -> None:
    """Its session stands, so what it sent is kept: a decoder begins with it, and nobody is shown it. With the
    next picture it is live, without waiting for a keyframe."""
    codec = "H264" if masks else "H265"
    video = encode(codec, 100, gop=100)
    goes_on = asyncio.Event()

    async def media(talk: Talk) -> None:
        await playing_until(talk, codec, video[:30])
        await goes_on.wait()
        talk.rtp.timestamp += 90_000
        await playing_until(talk, codec, video[30:])

    policies = replace(QUICK, reconnect_after_s=30.0)
    async with (
        FakeCamera(Manners(sdp=sdp(codec), media=media)) as camera,
        hub_of({ProfileName.MAIN: camera.url}, masks=masks, policies=policies) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            stalled = await state_of(rendition, lambda state: isinstance(state, Stalled))
            seen: list[AccessUnit] = []
            rendition.ring.listen(seen.append)
            counters = hub._intakes["cam", ProfileName.MAIN].raw.counters
            await until(lambda: counters.stale_pictures >= 30, 10)  # the decoder has worked on them
            assert not seen and rendition.state == stalled
            goes_on.set()
            await state_of(rendition, is_live, 10)
            await until(lambda: len(seen) > 5)
            # An old picture would be of before the stall.
            assert seen[0].is_idr and all(unit.arrived > stalled.since + 1 for unit in seen)


async def playing_until(talk: Talk, codec: str, video: Sequence[Coded]) -> None:
    """Send each once, at 25 a second."""
    for picture in video:
        parts = payloads(codec, picture)
        last = len(parts) - 1
        await talk.send_picture([talk.rtp.packet(part, index == last) for index, part in enumerate(parts)])
        talk.rtp.timestamp += STEP
        await asyncio.sleep(1 / FPS)


def test_a_picture_older_than_its_limit_makes_nothing_live() -> None:
    now = 100.0
    rendition = Rendition("cam", "main", CameraTimeline(), clock=lambda: now)
    old = AccessUnit(1, 0, 0, now - 20, None, True, (b"\x65",))
    rendition.pass_on(old)
    states = [rendition.state]
    rendition.pass_on(replace(old, media_time=1, arrived=now - 0.5))
    states.append(rendition.state)
    assert states == [Offline(now, Reason.STOPPED, None), Live(now - 0.5)]
