"""Asking a camera by ONVIF what is to be entered of it, and words for what goes wrong.

Belongs here: what the command line needs. Turning cameras is `ptz.py`'s, ONVIF itself `streams.onvif`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from hotline import inventory
from hotline.domain.camera import Network, dialable
from hotline.domain.words import Term
from hotline.errors import Conflict, FieldError, Invalid
from streams.camera import Credentials, ProfileName
from streams.errors import ProtocolError
from streams.onvif.addresses import device_address
from streams.onvif.device import Device
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.profiles import DeviceFacts, MediaProfile, choose
from streams.onvif.soap import Soap

TROUBLES: Mapping[Trouble, Term] = MappingProxyType(
    {
        trouble: Term(trouble.value, ko, en)
        for trouble, ko, en in (
            (
                Trouble.UNREACHABLE,
                "카메라의 ONVIF 주소에 연결할 수 없습니다",
                "the camera's ONVIF address cannot be reached",
            ),
            (
                Trouble.NO_ANSWER,
                "카메라가 ONVIF 요청에 응답하지 않습니다",
                "the camera does not answer by ONVIF",
            ),
            (
                Trouble.REFUSED,
                "카메라가 사용자 이름이나 비밀번호를 거부합니다",
                "the camera refuses user or password",
            ),
            (Trouble.UNSUPPORTED, "카메라가 지원하지 않는 기능입니다", "the camera does not support this"),
            (Trouble.FAULT, "카메라가 요청을 거절했습니다", "the camera refused the request"),
            (
                Trouble.GARBAGE,
                "ONVIF로 이해할 수 없는 응답입니다",
                "the answer cannot be understood as ONVIF",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a camera says of itself. moved: it named another host than the one it was reached at."""

    onvif_url: str
    facts: DeviceFacts
    profiles: Mapping[ProfileName, MediaProfile]
    addresses: Mapping[ProfileName, str]
    moved: bool


async def service_address(typed: str, networks: Sequence[Network]) -> str:
    """What was typed as the address of a device service that may be called. Raises `Invalid`."""
    try:
        address = device_address(typed)
    except ProtocolError:
        raise Invalid(
            FieldError(
                "onvif",
                "write a host, host:port, or an http address without user and password",
                "호스트, 호스트:포트 또는 사용자·비밀번호가 없는 http 주소를 쓰십시오",
            )
        ) from None
    errors = await inventory.network_faults({"onvif": address}, networks)
    if errors:
        raise Invalid(*errors)
    return address


async def ask(typed: str, credentials: Credentials | None, networks: Sequence[Network]) -> Asked:
    """Ask the camera at an address for its maker, its profiles, and where their pictures are.

    Nothing outside `networks` is contacted. Raises `Invalid`, or `Conflict` with what is wrong in words.
    """
    address = await service_address(typed, networks)
    try:
        async with Soap(dialable=dialable(networks)) as soap:
            device = Device(soap, address, credentials)
            facts = await device.facts()
            profiles = choose(await device.profiles())
            placed = {name: await device.stream_address(profile) for name, profile in profiles.items()}
    except OnvifError as error:
        raise refusal(error) from None
    if ProfileName.MAIN not in placed:
        raise Conflict("The camera has no profile with a picture.", "카메라에 영상 프로파일이 없습니다.")
    return Asked(
        address,
        facts,
        profiles,
        {name: each.address for name, each in placed.items()},
        any(each.moved for each in placed.values()),
    )


async def facts(address: str, credentials: Credentials | None, networks: Sequence[Network]) -> DeviceFacts:
    """Maker and model of the camera at an address within `networks`. Raises `OnvifError`."""
    async with Soap(dialable=dialable(networks)) as soap:
        return await Device(soap, address, credentials).facts()


def refusal(error: OnvifError) -> Conflict:
    """What went wrong, in words for people."""
    words = TROUBLES[error.trouble]
    return Conflict(f"{words.en[0].upper()}{words.en[1:]}.", f"{words.ko}.")
