"""RTSP addresses: what to connect to and what to ask for. Never holds a user or a password."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from streams.errors import ProtocolError

DEFAULT_PORT = 554
_MAX_URL = 2048


@dataclass(frozen=True, slots=True)
class RtspAddress:
    """`rtsp://host[:port]/path?query`; `url` is what goes into request lines."""

    host: str
    port: int
    url: str


def split_address(text: str, most: int) -> SplitResult:
    """The parts of an address of at most `most` characters, host and port readable. Raises `ProtocolError`,
    whose text never repeats the address."""
    if len(text) > most or not text.isprintable() or " " in text:
        raise ProtocolError("not an address: too long, or with blanks or control characters")
    try:
        parts = urlsplit(text)
        _ = parts.hostname, parts.port
    except ValueError:
        raise ProtocolError("not an address: host or port cannot be read") from None
    return parts


def parse_address(url: str) -> RtspAddress:
    """Parse an address of the inventory. Raises `ProtocolError`, whose text never repeats the address."""
    parts = split_address(url, _MAX_URL)
    host, port = parts.hostname, parts.port
    if parts.scheme.lower() != "rtsp":
        raise ProtocolError("not an rtsp:// address")
    if not host or port == 0:
        raise ProtocolError("not an address: host or port is missing")
    if "@" in parts.netloc:
        raise ProtocolError("an address must not hold a user or a password")
    clean = parts._replace(scheme="rtsp", fragment="").geturl()
    return RtspAddress(host, port or DEFAULT_PORT, clean)


def resolve_control(base: str, control: str | None) -> str:
    """The address to set up or play: `a=control` against its base (RFC 2326 C.1.1).

    As cameras mean it and everybody does it: a relative control is appended with a slash, also behind a
    query. The result only ever goes into a request line on the connection that stands: no host in it is
    contacted.
    """
    if not control or control == "*":
        return base
    if "://" in control:
        return control if control.lower().startswith("rtsp://") else base
    return base + ("" if base.endswith("/") or control.startswith("/") else "/") + control


def usable_base(header: str | None, fallback: str) -> str:
    """`Content-Base` where it is an RTSP address, else `fallback`.

    Cameras send it without a scheme (Anjvision), with the scheme twice, or with bare IPv6 (go2rtc urlParse):
    whatever does not parse is not used.
    """
    if header is None:
        return fallback
    header = header.strip()
    if header.lower().startswith("rtsp://rtsp://"):
        header = header[len("rtsp://") :]
    try:
        parse_address(header)
    except ProtocolError:
        return fallback
    return header
