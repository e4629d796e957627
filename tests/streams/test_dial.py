"""What a name resolves to is checked when it is dialled, and that very address is dialled: RTSP and ONVIF."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from streams import dial
from streams.camera import Credentials, ProfileName
from streams.dial import NotDialableError, addresses
from streams.onvif.device import Device
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.soap import Soap
from streams.policies import Policies
from streams.state import Reason
from tests.cameras.fake import FakeCamera
from tests.cameras.onvif import serve_onvif
from tests.streams.running import failed, hub_for, is_live, state_of

NAME = "camera.example"
RIGHT = Credentials("admin", "right")


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; `asked` keeps every question."""
    table: dict[str, list[str]] = {NAME: ["127.0.0.1"], "asked": []}

    async def resolve(host: str, _: int) -> list[str]:
        table["asked"].append(host)
        return table[host]

    monkeypatch.setattr(dial, "_resolve", resolve)
    return table


def only(network: str) -> Any:
    return lambda address: address in ip_network(network)


async def test_only_what_may_be_dialled_is_left(resolved: dict[str, list[str]]) -> None:
    resolved[NAME] = ["10.0.0.1", "127.0.0.1", "10.0.0.2", "169.254.169.254", "10.0.0.1"]
    assert await addresses(NAME, 554, only("10.0.0.0/8")) == ["10.0.0.1", "10.0.0.2"]
    assert await addresses(NAME, 554, None) == ["10.0.0.1", "127.0.0.1", "10.0.0.2", "169.254.169.254"]
    assert await addresses("10.0.0.1", 554, only("10.0.0.0/8")) == ["10.0.0.1"]
    for host in ("127.0.0.1", "::1", "fe80::1%lo"):
        with pytest.raises(NotDialableError):
            await addresses(host, 554, lambda address: address == ip_address("10.0.0.1"))


async def test_a_name_that_is_another_host_today_is_not_dialled(resolved: dict[str, list[str]]) -> None:
    async with FakeCamera() as camera:
        url = camera.url.replace("127.0.0.1", NAME)
        async with hub_for(url, policies=Policies(dialable=only("10.0.0.0/8"))) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                state = await failed(hold.rendition)
                assert state.reason is Reason.UNREACHABLE
        assert not camera.talks
        async with hub_for(url, policies=Policies(dialable=only("127.0.0.0/8"))) as hub:
            resolved["asked"].clear()
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                await state_of(hold.rendition, is_live)
        assert resolved["asked"] == [NAME]  # what was checked is what was dialled
        assert camera.talks[0].asked[0].url == url  # and the camera hears its name


async def test_onvif_too(resolved: dict[str, list[str]]) -> None:
    async with serve_onvif() as camera:
        address = camera.address.replace("127.0.0.1", NAME)
        async with Soap(dialable=only("10.0.0.0/8")) as soap:
            with pytest.raises(OnvifError) as error:
                await Device(soap, address, RIGHT).facts()
            assert error.value.trouble is Trouble.UNREACHABLE
        async with Soap(dialable=only("127.0.0.0/8")) as soap:
            resolved["asked"].clear()
            await Device(soap, address, RIGHT).facts()
        assert set(resolved["asked"]) == {NAME}
