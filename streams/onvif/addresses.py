"""Addresses: what an administrator types, and what becomes of those that a camera gives. Pure.

A camera often names another host than the one it was reached at: its address behind a router, a factory
default, an address of last year, 0.0.0.0. Such an address is never contacted. It is put on the camera's own
host instead: there it works where the camera was merely mistaken, and nowhere else can a camera (or who
answers in its place) send us. What may be reached at all is `[cameras] networks`, and is checked on the host
that somebody entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from streams.errors import ProtocolError
from streams.rtsp.address import split_address

DEVICE_PATH = "/onvif/device_service"
"""ONVIF Core §5.1: where the device service is unless somebody says otherwise."""
_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """An address on the camera's own host. moved: the camera had named another."""

    address: str
    moved: bool


def device_address(typed: str) -> str:
    """`host`, `host:port` or a whole `http(s)://` address as the address of a device service.

    Raises `ProtocolError`, whose text never repeats what was typed.
    """
    text = typed.strip()
    if "://" not in text:
        # A bare IPv6 address has colons of its own.
        text = f"http://[{text}]" if text.count(":") > 1 and not text.startswith("[") else f"http://{text}"
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        raise ProtocolError("not an http:// or https:// address")
    if "@" in parts.netloc:
        raise ProtocolError("an address must not hold a user or a password")
    path = parts.path if parts.path.strip("/") else DEVICE_PATH
    return parts._replace(path=path, query="", fragment="").geturl()


def host_of(address: str) -> str:
    """The host of an address from `device_address`."""
    return urlsplit(address).hostname or ""


def at_own_host(given: str, device: str) -> Placed:
    """What a camera gave, on the host of its device service, without user or password.

    A web address of another host also takes scheme and port of the device service, since a port that was
    forwarded was forwarded for both; an RTSP port stays, since nothing is known of it. Raises
    `ProtocolError`.
    """
    parts = _split(given)
    if parts.scheme not in ("rtsp", "http", "https"):
        raise ProtocolError("the camera gave an address of another kind")
    own = urlsplit(device)
    port = parts.port
    scheme = parts.scheme
    moved = (parts.hostname or "") != own.hostname
    if moved and scheme != "rtsp":
        scheme, port = own.scheme, own.port
    placed = parts._replace(scheme=scheme, netloc=_authority(own.hostname or "", port), fragment="")
    return Placed(placed.geturl(), moved)


def same_stream(one: str, other: str) -> bool:
    """Whether two RTSP addresses name the same stream, whatever host they say."""
    try:
        first, second = _split(one), _split(other)
    except ProtocolError:
        return False
    return (first.path.strip("/"), first.query) == (second.path.strip("/"), second.query)


def _split(text: str) -> SplitResult:
    parts = split_address(text, _MAX_LENGTH)
    if not parts.hostname or parts.port == 0:
        raise ProtocolError("not an address: host or port is missing")
    return parts


def _authority(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
