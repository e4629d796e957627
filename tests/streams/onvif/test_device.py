"""One camera, asked over HTTP: clocks, passwords, services, and what it may do wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.camera import Credentials, ProfileName
from streams.onvif.device import Device
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.profiles import choose
from streams.onvif.soap import Soap
from tests.cameras.onvif import Manners, OnvifDevice, Profile, serve_onvif
from tests.cameras.onvif.answers import fault
from tests.cameras.onvif.web import Answer

RIGHT = Credentials("admin", "right")


@asynccontextmanager
async def met(
    manners: Manners, credentials: Credentials | None = RIGHT, *, reply_s: float = 4.0
) -> AsyncIterator[tuple[OnvifDevice, Device]]:
    async with serve_onvif(manners) as camera, Soap(reply_s=reply_s) as soap:
        yield camera, Device(soap, camera.address, credentials)


async def _trouble(manners: Manners, *, reply_s: float = 4.0) -> Trouble:
    async with met(manners, reply_s=reply_s) as (_, device):
        with pytest.raises(OnvifError) as error:
            await device.profiles()
    return error.value.trouble


@pytest.mark.parametrize("skew_s", [0.0, 3600.0, -3600.0, -86_400.0 * 365])
async def test_a_clock_that_is_wrong_is_no_wrong_password(skew_s: float) -> None:
    async with met(Manners(skew_s=skew_s, tolerance_s=5)) as (camera, device):
        facts = await device.facts()
        assert (facts.maker, facts.model) == ("한빛카메라", "HB-2400P")
        assert facts.clock_skew_s == pytest.approx(skew_s, abs=2)
        assert all(asked.authorized for asked in camera.asked)


async def test_a_camera_that_checks_the_token_with_its_clock_even_for_the_time() -> None:
    async with met(Manners(skew_s=3600, strict_clock=True)) as (camera, device):
        assert len(await device.profiles()) == 2
        assert all(asked.authorized for asked in camera.asked)


async def test_a_clock_that_is_set_while_we_talk() -> None:
    async with met(Manners()) as (camera, device):
        await device.facts()
        camera.manners.skew_s = 3600
        await device.facts()
        assert camera.operations[-4:] == [
            "GetDeviceInformation",
            "GetDeviceInformation",
            "GetSystemDateAndTime",
            "GetDeviceInformation",
        ]


async def test_a_wrong_password_is_said_once(canary: str) -> None:
    async with met(Manners(), Credentials("admin", canary)) as (camera, device):
        with pytest.raises(OnvifError) as error:
            await device.facts()
        assert error.value.trouble is Trouble.REFUSED
        assert canary not in repr(error.value)
        assert error.value.__context__ is None or canary not in repr(error.value.__context__)
        # Cameras lock an account after a few: one attempt, and none with the same clock.
        assert camera.operations.count("GetDeviceInformation") == 1


async def test_no_user_at_all() -> None:
    async with met(Manners(), None) as (_, device):
        with pytest.raises(OnvifError) as error:
            await device.profiles()
        assert error.value.trouble is Trouble.REFUSED


async def test_a_camera_that_wants_the_digest_of_http() -> None:
    async with met(Manners(auth="http")) as (_, device):
        assert (await device.facts()).model == "HB-2400P"


async def test_profiles_of_the_second_media_service_first() -> None:
    profiles = (
        Profile("M", "main", "H265", 2560, 1440, rate=20, kilobits=6000),
        Profile("S", "sub", "H264", 640, 360),
    )
    async with met(Manners(profiles=profiles)) as (camera, device):
        found = await device.profiles()
        main = choose(found)[ProfileName.MAIN]
        assert (main.token, main.codec, main.width, main.height) == ("M", "H265", 2560, 1440)
        assert (main.rate, main.kilobits, main.turns, main.media2) == (20, 6000, True, True)
        placed = await device.stream_address(main)
        assert (placed.address, placed.moved) == ("rtsp://127.0.0.1:554/Streaming/Channels/M", False)
        assert (await device.snapshot_address(main)).address == f"http://127.0.0.1:{camera.port}/snapshot/M"
        await device.synchronize(main)
        assert (camera.asked[-1].operation, camera.asked[-1].token) == ("SetSynchronizationPoint", "M")


@pytest.mark.parametrize("get_services", [True, False])
async def test_the_first_media_service_where_there_is_no_second(get_services: bool) -> None:
    async with met(Manners(media2=False, get_services=get_services)) as (camera, device):
        main = choose(await device.profiles())[ProfileName.MAIN]
        assert (main.token, main.width, main.rate, main.media2) == ("Profile_1", 1920, 25, False)
        assert (await device.stream_address(main)).address.endswith("/Streaming/Channels/Profile_1")
        await device.snapshot_address(main)
        await device.synchronize(main)
        assert camera.asked[-1].service == "http://www.onvif.org/ver10/media/wsdl"


async def test_a_second_media_service_that_does_not_work() -> None:
    manners = Manners(answers={})
    async with met(manners) as (camera, device):
        manners.answers["GetProfiles"] = Answer(400, fault("ActionNotSupported", "not here"))
        with pytest.raises(OnvifError):
            await device.profiles()
        assert camera.operations.count("GetProfiles") == 2  # Media2, then Media


async def test_addresses_inside_another_network_are_put_on_the_cameras_host(canary: str) -> None:
    manners = Manners(
        service_host="192.168.1.108", stream_host="192.168.1.108", stream_user=f"admin:{canary}@"
    )
    async with met(manners) as (camera, device):
        main = choose(await device.profiles())[ProfileName.MAIN]
        stream = await device.stream_address(main)
        assert (stream.address, stream.moved) == ("rtsp://127.0.0.1:554/Streaming/Channels/Profile_1", True)
        snapshot = await device.snapshot_address(main)
        assert snapshot.address == f"http://127.0.0.1:{camera.port}/snapshot/Profile_1"


async def test_a_camera_that_says_nothing() -> None:
    silent = {"GetProfiles": Answer(silent=True)}
    assert await _trouble(Manners(answers=silent), reply_s=0.2) is Trouble.NO_ANSWER


async def test_a_slow_camera_is_waited_for() -> None:
    async with met(Manners(slow_s={"GetProfiles": 0.3})) as (_, device):
        assert len(await device.profiles()) == 2


async def test_a_port_where_nobody_is() -> None:
    async with serve_onvif() as camera:
        address = camera.address
    async with Soap() as soap:
        with pytest.raises(OnvifError) as error:
            await Device(soap, address, RIGHT).facts()
    assert error.value.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer(body=b"<html>hello</html>"), Trouble.GARBAGE),
        (Answer(body=b"\x00\xff" * 500), Trouble.GARBAGE),
        (Answer(body=b""), Trouble.GARBAGE),
        (Answer(404), Trouble.UNSUPPORTED),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/onvif"}), Trouble.GARBAGE),
        (Answer(hang_up=True), Trouble.NO_ANSWER),
        (Answer(endless=True), Trouble.GARBAGE),
        (Answer(body=b"x" * 600_000), Trouble.GARBAGE),
        (Answer(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), Trouble.GARBAGE),
        (Answer(400, fault("NoProfile", "Profile Not Exist")), Trouble.FAULT),
        (Answer(401), Trouble.REFUSED),
        (Answer(503, b"busy"), Trouble.GARBAGE),
    ],
)
async def test_whatever_a_camera_answers_is_a_trouble_with_a_name(answer: Answer, trouble: Trouble) -> None:
    assert await _trouble(Manners(media2=False, answers={"GetProfiles": answer})) is trouble


async def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert (
        await _trouble(Manners(media2=False, answers={"GetProfiles": Answer(body=bomb)})) is Trouble.GARBAGE
    )


async def test_a_head_turns_stops_and_goes_to_presets() -> None:
    async with met(Manners()) as (camera, device):
        token = next(profile.token for profile in await device.profiles() if profile.turns)
        await device.move(token, 0.5, -0.25, 0.0, 1.5)
        assert camera.head.turns()
        assert camera.head.velocity == (0.5, -0.25, 0.0)
        assert camera.asked[-1].fields["Timeout"] == "PT1.5S"
        await device.stop(token)
        assert not camera.head.turns()
        assert [(each.token, each.name) for each in await device.presets(token)] == [
            ("1", "기본"),
            ("2", "정문"),
        ]
        made = await device.set_preset(token, "불난 곳")
        assert camera.head.presets[made] == "불난 곳"
        await device.goto_preset(token, "2")
        assert camera.head.where() == "2"
        with pytest.raises(OnvifError) as error:
            await device.goto_preset(token, "9")
        assert error.value.trouble is Trouble.FAULT


async def test_a_camera_without_a_head() -> None:
    async with met(Manners(ptz=False)) as (_, device):
        assert not any(profile.turns for profile in await device.profiles())
        with pytest.raises(OnvifError) as error:
            await device.stop("Profile_1")
        assert error.value.trouble is Trouble.UNSUPPORTED


async def test_connections_are_used_again() -> None:
    async with met(Manners()) as (camera, device):
        await device.profiles()
        await device.facts()
        assert camera.connections == 1
