"""RTSP messages as values: responses, requests, and their parsers (RFC 2326 §4 to §7). Pure.

Tolerant where cameras are sloppy (blanks around values, bare line feeds, header lines without a colon),
strict about sizes. Nothing of a message's text ever goes into an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from streams.errors import ProtocolError

MAX_HEAD = 16 * 1024
MAX_BODY = 64 * 1024
_MAX_HEADERS = 100
_METHODS = (
    b"OPTIONS ",
    b"ANNOUNCE ",
    b"REDIRECT ",
    b"GET_PARAMETER ",
    b"SET_PARAMETER ",
    b"TEARDOWN ",
    b"PLAY_NOTIFY ",
    b"DESCRIBE ",
    b"PAUSE ",
    b"PLAY ",
)


@dataclass(frozen=True, slots=True)
class Message:
    """Headers in the order in which they came, names in lower case; `body` bytes."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """All headers of that name."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def sequence(self) -> int | None:
        """CSeq, None where it is missing or no number."""
        value = self.header("cseq")
        return int(value) if value is not None and value.isascii() and value.isdigit() else None


@dataclass(frozen=True, slots=True)
class Response(Message):
    """A camera's answer."""

    status: int

    @property
    def words(self) -> str:
        """The status in the standard's words, not the camera's."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)


@dataclass(frozen=True, slots=True)
class Request(Message):
    """A request from the camera to us."""

    method: str


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """`Session: id;timeout=60` (§12.37)."""

    id: str
    timeout_s: float


def may_begin_message(head: bytes) -> bool:
    """Whether bytes at a message boundary can be the beginning of an RTSP message."""
    if head[:5] == b"RTSP/"[: len(head)]:
        return True
    return any(method.startswith(head) or head.startswith(method) for method in _METHODS)


def parse_head(head: bytes) -> tuple[Response | Request, int]:
    """A message without its body, and the length of the body that follows. Raises `ProtocolError`."""
    lines = head.replace(b"\r\n", b"\n").split(b"\n")
    first = lines[0].decode("latin-1")
    headers: list[tuple[str, str]] = []
    for raw in lines[1:]:
        line = raw.decode("utf-8", "replace")
        if line[:1] in (" ", "\t") and headers:  # folded
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
            if len(headers) > _MAX_HEADERS:
                raise ProtocolError("more than 100 headers")
    fields = tuple(headers)
    length = _content_length(fields)
    if first.startswith("RTSP/"):
        parts = first.split(None, 2)
        if len(parts) < 2 or len(parts[1]) != 3 or not (parts[1].isascii() and parts[1].isdigit()):
            raise ProtocolError("status line without a status")
        return Response(fields, b"", int(parts[1])), length
    method, _, rest = first.partition(" ")
    if not rest or not method.isascii():
        raise ProtocolError("neither a status line nor a request line")
    return Request(fields, b"", method), length


def _content_length(headers: Iterable[tuple[str, str]]) -> int:
    for name, value in headers:
        if name == "content-length":
            if not (value.isascii() and value.isdigit()) or len(value) > 9:
                raise ProtocolError("Content-Length is no number")
            length = int(value)
            if length > MAX_BODY:
                raise ProtocolError("body of more than 64 KiB announced")
            return length
    return 0


def format_request(method: str, url: str, sequence: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request without a body. Raises `ProtocolError` where a value would break its line."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if any("\r" in line or "\n" in line for line in lines):
        raise ProtocolError("a line break inside a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def format_reply(request: Request) -> bytes:
    """Our answer to a camera's request: 200 to what only asks whether we live, 501 to the rest."""
    alive = request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
    status = "200 OK" if alive else "501 Not Implemented"
    sequence = request.sequence
    cseq = "" if sequence is None else f"CSeq: {sequence}\r\n"
    return f"RTSP/1.0 {status}\r\n{cseq}\r\n".encode()


def parse_session(value: str) -> SessionHeader:
    """Parse a Session header; 60 s where the time-out is missing or cannot be read (§12.37)."""
    identifier, *parameters = (part.strip() for part in value.split(";"))
    if not identifier or len(identifier) > 256:
        raise ProtocolError("Session header without an id")
    timeout = 60.0
    for parameter in parameters:
        name, _, number = parameter.partition("=")
        number = number.strip()
        if name.strip().lower() == "timeout" and number.isascii() and number.isdigit() and len(number) < 9:
            timeout = float(int(number)) or 60.0
    return SessionHeader(identifier, timeout)


def parse_transport(value: str | None) -> tuple[int, int]:
    """The interleaved channels for RTP and RTCP of a SETUP reply (§12.39). 0 and 1 where it names none.

    Raises `ProtocolError` if the camera answered with another transport than the one asked for.
    """
    if value is None:
        return 0, 1
    first = value.split(",")[0]
    fields = [field.strip() for field in first.split(";")]
    if "tcp" not in fields[0].lower() and not any(f.lower().startswith("interleaved") for f in fields):
        raise ProtocolError("the camera set up another transport than TCP")
    for field in fields[1:]:
        name, _, channels = field.partition("=")
        if name.strip().lower() == "interleaved":
            low, _, high = channels.partition("-")
            low, high = low.strip(), high.strip()
            if not (low.isascii() and low.isdigit() and len(low) <= 3 and int(low) <= 255):
                raise ProtocolError("interleaved channel is no number from 0 to 255")
            rtp = int(low)
            if high.isascii() and high.isdigit() and len(high) <= 3 and int(high) <= 255:
                return rtp, int(high)
            return rtp, rtp + 1
    return 0, 1


def parse_server_port(value: str | None) -> int | None:
    """The camera's RTCP port of a SETUP reply for UDP (§12.39), None where it names none."""
    for field in (value or "").split(",")[0].split(";"):
        name, _, ports = field.partition("=")
        if name.strip().lower() == "server_port":
            low, _, high = (part.strip() for part in ports.partition("-"))
            given = [
                int(part) for part in (low, high) if part.isascii() and part.isdigit() and len(part) <= 5
            ]
            port = given[1] if len(given) > 1 else given[0] + 1 if given else 0
            return port if 0 < port < 65536 else None
    return None
