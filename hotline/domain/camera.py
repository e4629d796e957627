"""What may be entered as a camera: names, place, view, RTSP and ONVIF addresses. Pure.

Belongs here: the rules of one camera. Reading a table of them is `camera_csv.py`'s, storing `inventory.py`'s.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from hotline.domain.place import KOREA_LATITUDE, KOREA_LONGITUDE
from hotline.errors import FieldError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Where cameras stand unless the settings say otherwise: private networks and this machine.
DEFAULT_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "::1/128",
    )
)

IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME_LENGTH = 100
_URL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class NewCamera:
    """A camera as it is entered. The password goes in here, is sealed, and comes out nowhere.

    heading: where it looks, degrees clockwise from north; field_of_view: its horizontal opening, degrees.
    """

    id: str
    name_ko: str
    name_en: str
    site: str
    purpose: str
    latitude: float
    longitude: float
    main_url: str
    sub_url: str | None = None
    onvif_url: str | None = None
    heading: float | None = None
    field_of_view: float | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def faults(camera: NewCamera) -> list[FieldError]:
    """Everything that is wrong with `camera` by itself, in the order of its fields."""
    found = []
    if not IDENTITY.fullmatch(camera.id):
        found.append(
            FieldError(
                "id",
                "must be 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first",
                "영문자·숫자로 시작하는 1~64자의 영문자, 숫자, 점, 하이픈, 밑줄이어야 합니다",
            )
        )
    for name in ("name_ko", "name_en", "site", "purpose"):
        found += text_faults(name, getattr(camera, name))
    for name, value, low, high in (
        ("latitude", camera.latitude, *KOREA_LATITUDE),
        ("longitude", camera.longitude, *KOREA_LONGITUDE),
        ("heading", camera.heading, 0.0, 360.0),
        ("field_of_view", camera.field_of_view, 1.0, 360.0),
    ):
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            found.append(
                FieldError(
                    name, f"must be from {low:g} to {high:g}", f"{low:g} 이상 {high:g} 이하여야 합니다"
                )
            )
    found += url_faults("main_url", camera.main_url)
    if camera.sub_url is not None:
        found += url_faults("sub_url", camera.sub_url)
    if camera.onvif_url is not None:
        found += url_faults("onvif_url", camera.onvif_url, schemes=("http", "https"))
    for name in ("username", "password"):
        value = getattr(camera, name)
        if value is not None and (_CONTROL.search(value) or len(value) > 200):
            found.append(
                FieldError(
                    name,
                    "must be at most 200 printable characters",
                    "200자 이하의 인쇄 가능한 문자여야 합니다",
                )
            )
    if camera.password is not None and camera.username is None:
        found.append(
            FieldError("username", "is needed where there is a password", "비밀번호가 있으면 필요합니다")
        )
    return found


def text_faults(name: str, value: str, *, length: int = _NAME_LENGTH) -> list[FieldError]:
    """What is wrong with a name for people."""
    if not value.strip():
        return [FieldError(name, "must not be empty", "비워 둘 수 없습니다")]
    if len(value) > length or _CONTROL.search(value):
        return [
            FieldError(
                name,
                f"must be one line of at most {length} characters",
                f"{length}자 이하의 한 줄이어야 합니다",
            )
        ]
    return []


def url_faults(name: str, url: str, *, schemes: tuple[str, ...] = ("rtsp",)) -> list[FieldError]:
    """What is wrong with a camera's address. The address is never repeated: it may hold a password."""

    def fault(message: str, message_ko: str) -> list[FieldError]:
        return [FieldError(name, message, message_ko)]

    if len(url) > _URL_LENGTH or _CONTROL.search(url) or " " in url:
        return fault(
            f"must be at most {_URL_LENGTH} characters without spaces or line breaks",
            f"공백과 줄바꿈이 없는 {_URL_LENGTH}자 이하여야 합니다",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return fault("is not an address", "주소 형식이 아닙니다")
    if "@" in parts.netloc:
        return fault(
            "must not hold user or password: put them in username and password, where they are sealed",
            "사용자 이름이나 비밀번호를 넣을 수 없습니다. username과 password에 넣으면 봉인됩니다",
        )
    if parts.scheme not in schemes:
        begins = [f"{scheme}://" for scheme in schemes]
        return fault(f"must begin with {' or '.join(begins)}", f"{' 또는 '.join(begins)}로 시작해야 합니다")
    if not parts.hostname or port == 0:
        return fault("has no host", "호스트가 없습니다")
    if "#" in url:
        return fault("must not have a fragment (#)", "조각(#)을 넣을 수 없습니다")
    return []


def host(url: str) -> str:
    """The host of an address that has no faults."""
    return urlsplit(url).hostname or ""


def literal_address(name: str) -> Address | None:
    """The IP address that `name` is, or None when it is a name to be resolved."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether cameras may stand at `address`. IPv4 in IPv6 counts as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    plain = mapped or address
    return any(plain.version == network.version and plain in network for network in networks)


def dialable(networks: Sequence[Network]) -> Callable[[Address], bool]:
    """`allowed` as a rule for who connects: a name is checked again, each time it is resolved."""
    return partial(allowed, networks=tuple(networks))


def network_fault(name: str) -> FieldError:
    """The refusal of an address outside the allowed networks."""
    return FieldError(
        name,
        "is outside the networks cameras may stand in; allow its network under cameras.networks",
        "카메라가 허용된 네트워크 밖에 있습니다. cameras.networks에 네트워크를 추가하십시오",
    )
