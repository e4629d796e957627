"""Keyframes on demand: rarely, off the media path, and harmless when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.camera import Camera, Credentials, ProfileName
from streams.onvif.devices import Devices
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.heads import Heads
from streams.onvif.keyframes import MAX_AT_ONCE, Keyframes, Pace
from streams.onvif.soap import Soap
from streams.policies import Policies
from streams.state import Offline
from tests.cameras import fake
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.cameras.fake import FakeCamera, steady
from tests.cameras.onvif import Manners, OnvifDevice, serve_onvif
from tests.cameras.onvif.web import Answer
from tests.streams.running import hub_for, is_live, state_of
from tests.streams.transcoded import read
from tests.support.waiting import until

MAIN, SUB = ProfileName.MAIN, ProfileName.SUB
SLOW = Policies()


class House:
    """One camera and who asks it; `now` is the clock."""

    def __init__(self, device: OnvifDevice, soap: Soap, urls: dict[ProfileName, str]) -> None:
        self.now = 100.0
        self.camera: Camera | None = Camera("c1", "one", urls, onvif=device.address)
        self.credentials = Credentials("admin", "right")
        self.devices = Devices(
            lambda camera_id: self.camera if camera_id == "c1" else None, lambda _: self.credentials, soap
        )
        self.keyframes = Keyframes(self.devices, clock=lambda: self.now)


@asynccontextmanager
async def house(
    manners: Manners | None = None, *, main: str = "rtsp://127.0.0.1/Streaming/Channels/Profile_1"
) -> AsyncIterator[tuple[OnvifDevice, House]]:
    async with serve_onvif(manners) as device, Soap(reply_s=1.0) as soap:
        made = House(device, soap, {MAIN: main, SUB: "rtsp://127.0.0.1/Streaming/Channels/Profile_2"})
        running = asyncio.create_task(made.keyframes.run())
        await asyncio.sleep(0)
        try:
            yield device, made
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


def _points(device: OnvifDevice) -> list[str | None]:
    return [asked.token for asked in device.asked if asked.operation == "SetSynchronizationPoint"]


async def test_once_a_second_however_many_ask() -> None:
    async with house() as (device, made):
        for _ in range(100):
            made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.sent == 1)
        assert _points(device) == ["Profile_1"]
        assert made.keyframes.counters.held_back == 99
        made.now += 1.0
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.sent == 2)


async def test_each_profile_by_its_own_address() -> None:
    # The administrator entered the small stream as main: what counts is where the pictures come from.
    async with house(main="rtsp://127.0.0.1:554/Streaming/Channels/Profile_2") as (device, made):
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.sent == 1)
        assert _points(device) == ["Profile_2"]


async def test_a_camera_with_other_addresses_is_asked_by_size() -> None:
    async with house(main="rtsp://127.0.0.1/entered/by/hand") as (device, made):
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.sent == 1)
        assert _points(device) == ["Profile_1"]


async def test_cameras_without_an_address_are_not_asked() -> None:
    async with house() as (device, made):
        made.keyframes.ask("another", MAIN)
        made.camera = Camera("c1", "one", {MAIN: "rtsp://127.0.0.1/1"})
        made.keyframes.ask("c1", MAIN)
        assert made.keyframes.counters.held_back == 0
        assert device.asked == []


async def test_a_failure_is_counted_and_the_camera_left_alone() -> None:
    silent = Manners(answers={"SetSynchronizationPoint": Answer(silent=True)})
    async with house(silent) as (device, made):
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.failed == {Trouble.NO_ANSWER: 1})
        made.now += 4.0
        made.keyframes.ask("c1", MAIN)
        assert made.keyframes.counters.held_back == 1
        device.manners.answers.clear()
        made.now += 2.0
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.sent == 1)


async def test_a_wrong_password_is_not_tried_again_soon() -> None:
    async with house(Manners(password="other")) as (device, made):
        made.keyframes.ask("c1", MAIN)
        await until(lambda: made.keyframes.counters.failed == {Trouble.REFUSED: 1})
        tries = len(device.asked)
        made.now += 599.0
        made.keyframes.ask("c1", MAIN)
        assert made.keyframes.counters.held_back == 1
        assert len(device.asked) == tries


async def test_a_new_password_is_taken() -> None:
    async with house(Manners(password="new")) as (device, made):
        heads = Heads(made.devices)
        with pytest.raises(OnvifError):
            await heads.stop("c1")
        made.credentials = Credentials("admin", "new")
        await heads.stop("c1")
        await heads.move("c1", 1.0, 0.0, 0.0, 1.0)
        assert device.head.turns()
        assert [preset.name for preset in await heads.presets("c1")] == ["기본", "정문"]
        await heads.goto_preset("c1", "2")
        assert device.head.where() == "2"


async def test_a_camera_that_does_not_turn() -> None:
    async with house(Manners(ptz=False)) as (_, made):
        with pytest.raises(OnvifError) as error:
            await Heads(made.devices).stop("c1")
        assert error.value.trouble is Trouble.UNSUPPORTED


async def test_many_slow_cameras_do_not_pile_up() -> None:
    async with house(Manners(slow_s={"GetSystemDateAndTime": 0.2})) as (_, made):
        one = made.camera
        made.devices._cameras = lambda _: one
        for number in range(MAX_AT_ONCE + 5):
            made.keyframes.ask(f"c{number}", MAIN)
        assert made.keyframes.counters.held_back == 5
        await until(lambda: made.keyframes.counters.sent == MAX_AT_ONCE)


async def test_nothing_is_asked_before_it_runs() -> None:
    async with serve_onvif() as device, Soap() as soap:
        made = House(device, soap, {MAIN: "rtsp://127.0.0.1/1"})
        made.keyframes.ask("c1", MAIN)
        assert device.asked == []


async def test_a_renditions_request_reaches_the_camera() -> None:
    async with house() as (device, made), FakeCamera(fake.Manners(media=steady())) as camera:
        both = {MAIN: camera.url, SUB: camera.url}
        async with hub_for(both, keyframes=lambda _, name: made.keyframes.ask("c1", name)) as hub:
            with hub.hold("cam", SUB, urgent=True) as hold:
                hold.rendition.request_keyframe()
                await until(lambda: _points(device) == ["Profile_2"])
                await state_of(hold.rendition, is_live)
            await until(lambda: isinstance(hold.rendition.state, Offline))
            # Nobody wants its pictures any more: nothing is asked of the camera.
            made.now += 10.0
            hold.rendition.request_keyframe()
            assert made.keyframes.counters.held_back == 0
        assert _points(device) == ["Profile_2"]


async def test_what_is_made_here_is_asked_of_the_encoder() -> None:
    asked: list[ProfileName] = []
    video = encode("H265", 50, gop=100)
    async with coded_camera("H265", video) as camera:
        async with hub_for(camera.url, policies=SLOW, keyframes=lambda _, name: asked.append(name)) as hub:
            with hub.hold("cam", MAIN, urgent=True) as hold:
                await read(hold.rendition, 3)
                hold.rendition.request_keyframe()
        assert asked == []


def test_pauses_grow() -> None:
    pace = Pace()
    assert pace.may(0.0)
    assert not pace.may(0.9)
    waits = []
    for _ in range(4):
        pace.failed(0.0, Trouble.FAULT)
        waits.append(pace.next_at)
    assert waits == [5.0, 30.0, 300.0, 300.0]
    pace.done()
    pace.failed(0.0, Trouble.FAULT)
    assert pace.next_at == 5.0
