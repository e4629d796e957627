"""`hotline cameras discover` and `add --onvif`, against a device of the tests in a loop of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.cameras.onvif import Manners, OnvifDevice, announce, serve_onvif
from tests.cameras.onvif.answers import fault, probe_match
from tests.cameras.onvif.discovery import match
from tests.cameras.onvif.web import Answer
from tests.hotline.cli.test_inventory import Hotline

T = TypeVar("T")
ADD = (
    *("cameras", "add", "market-1", "--name-ko", "북변시장", "--name-en", "Market", "--site", "북변시장"),
    *("--purpose", "생활방범", "--latitude", "37.629", "--longitude", "126.714"),
)


class Beside:
    """A loop in a thread, since a command runs its own in this one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="devices")
        self._thread.start()
        self._open: list[AbstractAsyncContextManager[Any]] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        self._open.append(context)
        return self.do(context.__aenter__())

    def close(self) -> None:
        for context in reversed(self._open):
            self.do(context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def beside() -> Iterator[Beside]:
    with ExitStack() as stack:
        loop = Beside()
        stack.callback(loop.close)
        yield loop


@pytest.fixture
def devices() -> Iterator[Beside]:
    with beside() as loop:
        yield loop


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hotline:
    (tmp_path / "hotline.toml").write_text('[cameras]\nnetworks = ["127.0.0.0/8"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_LANGUAGE", "en")
    return Hotline()


def _device(devices: Beside, manners: Manners) -> OnvifDevice:
    return devices.enter(serve_onvif(manners))


def test_a_camera_is_added_by_its_onvif_address(hotline: Hotline, devices: Beside, canary: str) -> None:
    manners = Manners(password=canary, skew_s=3600, stream_host="192.168.1.108", rtsp_port=8554)
    device = _device(devices, manners)
    output = hotline(*ADD, "--onvif", f"127.0.0.1:{device.port}", "--username", "admin", given=canary).output
    assert "한빛카메라 HB-2400P (V5.7.1)" in output
    assert "main: H264 1920x1080 25 fps 4096 kbit/s" in output
    assert "named another host" in output
    assert "its clock is +36" in output or "its clock is +35" in output
    (record,) = json.loads(hotline("cameras", "list", "--json").output)
    assert record["main_url"] == "rtsp://127.0.0.1:8554/Streaming/Channels/Profile_1"
    assert record["sub_url"] == "rtsp://127.0.0.1:8554/Streaming/Channels/Profile_2"
    assert record["onvif_url"] == device.address
    assert record["has_password"]


def test_addresses_entered_by_hand_stay(hotline: Hotline, devices: Beside, canary: str) -> None:
    device = _device(devices, Manners(password=canary))
    hotline(
        *(*ADD, "--onvif", device.address, "--main", "rtsp://127.0.0.1/own", "--username", "admin"),
        given=canary,
    )
    (record,) = json.loads(hotline("cameras", "list", "--json").output)
    assert (record["main_url"], record["sub_url"]) == ("rtsp://127.0.0.1/own", None)
    assert record["onvif_url"] == device.address


def test_what_is_wrong_is_one_sentence_in_two_languages(
    hotline: Hotline, devices: Beside, canary: str
) -> None:
    device = _device(devices, Manners(password="another"))
    arguments = (*ADD, "--onvif", device.address, "--username", "admin")
    output = hotline(*arguments, given=canary, code=1).output
    assert "The camera refuses user or password." in output
    korean = hotline(*arguments, given=canary, code=1, HOTLINE_LANGUAGE="ko").output
    assert "비밀번호를 거부합니다" in korean
    assert hotline(*ADD, code=2).output.endswith("give --main or --onvif\n")
    assert "write a host" in hotline(*ADD, "--onvif", "rtsp://127.0.0.1", code=1).output


def test_nothing_outside_the_networks_is_called(hotline: Hotline) -> None:
    assert "onvif: is outside the networks" in hotline(*ADD, "--onvif", "192.0.2.1", code=1).output


def test_a_camera_without_pictures(hotline: Hotline, devices: Beside) -> None:
    device = _device(devices, Manners(profiles=()))
    output = hotline(*ADD, "--onvif", device.address, "--username", "admin", given="right", code=1).output
    assert "no profile with a picture" in output


def test_cameras_are_found_with_maker_and_model(hotline: Hotline, devices: Beside) -> None:
    device = _device(devices, Manners())
    heard = devices.enter(announce(match(device.address)))
    search = (
        *("cameras", "discover", "--host", "127.0.0.1", "--port", str(heard.port)),
        *("--wait", "0.3"),
    )
    (plain,) = json.loads(hotline(*search, "--json").output)
    assert (plain["address"], plain["maker"], plain["model"]) == (
        device.address,
        "Hanbit Camera",
        "HB-2400P",
    )
    hotline(*ADD, "--onvif", device.address, "--username", "admin", given="right")
    (full,) = json.loads(hotline(*search, "--json", "--username", "admin", given="right").output)
    assert (full["maker"], full["camera"], full["note"]) == ("한빛카메라", "market-1", None)
    listed = hotline(*search).output
    assert "maker" in listed
    assert device.address in listed


def test_what_stands_outside_is_listed_but_not_asked(hotline: Hotline, devices: Beside) -> None:
    far = probe_match("urn:uuid:x", "urn:uuid:far", [], ["http://192.0.2.7/onvif/device_service"])
    broken = _device(devices, Manners(answers={"GetDeviceInformation": Answer(400, fault("X", "no"))}))
    near = probe_match("urn:uuid:x", "urn:uuid:near", [], [broken.address])
    heard = devices.enter(announce(lambda _: [far, near]))
    search = ("cameras", "discover", "--host", "127.0.0.1", "--port", str(heard.port), "--wait", "0.2")
    found = json.loads(hotline(*search, "--json", "--username", "admin", given="right").output)
    notes = {line["address"]: line["note"] for line in found}
    assert notes["http://192.0.2.7/onvif/device_service"] == "outside [cameras] networks"
    assert notes[broken.address] == "the camera refused the request"


def test_nobody_answers(hotline: Hotline, devices: Beside) -> None:
    heard = devices.enter(announce(lambda _: []))
    search = ("cameras", "discover", "--host", "127.0.0.1", "--port", str(heard.port), "--wait", "0.1")
    assert "no camera answered" in hotline(*search).output


def test_the_doctor_looks_at_the_clock(hotline: Hotline, devices: Beside) -> None:
    device = _device(devices, Manners(skew_s=-7200, rtsp_port=1))
    hotline(*ADD, "--onvif", device.address, "--username", "admin", given="right")
    output = hotline("doctor", code=1).output
    assert "market-1/onvif" in output
    assert "s off: set its time server" in output
    assert "✓ demuxer: starts, 4 at most" in output
    devices.do(_set(device, "other"))
    assert "the camera refuses user or password" in hotline("doctor", code=1).output


async def _set(device: OnvifDevice, password: str) -> None:
    device.manners.password = password
