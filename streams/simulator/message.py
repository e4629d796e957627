"""RTSP text as a server sees it: requests in, responses out (RFC 2326). Pure.

Belongs here: syntax and nothing else. The client's side of the same syntax is `streams/rtsp/`; the two are
kept apart on purpose, so that a misreading in one is not confirmed by the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PHRASES = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


class BadRequest(ValueError):
    """What came is no RTSP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One RTSP request. Header names are lower case."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, head: bytes) -> Request:
        """Read the header section, its final empty line included or not. Raises BadRequest."""
        try:
            lines = head.decode("utf-8").strip().split("\r\n")
        except UnicodeDecodeError:
            raise BadRequest("not text") from None
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("RTSP/"):
            raise BadRequest("no request line")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequest("a header without a colon")
            headers[name.strip().lower()] = value.strip()
        return cls(words[0].upper(), words[1], headers)

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the path asked for; empty for `*`."""
        return tuple(unquote(part) for part in urlsplit(self.uri).path.split("/") if part and part != "*")

    @property
    def content_length(self) -> int:
        """Bytes of body that follow. Raises BadRequest."""
        text = self.headers.get("content-length", "0")
        if not text.isdigit() or int(text) > 65_536:
            raise BadRequest("bad Content-Length")
        return int(text)


def response(
    status: int, cseq: str | None, headers: Mapping[str, str] | None = None, body: str = "", *, more: str = ""
) -> bytes:
    """One RTSP response. `more` holds ready header lines, for names that occur twice."""
    lines = [f"RTSP/1.0 {status} {_PHRASES[status]}"]
    if cseq is not None:
        lines.append(f"CSeq: {cseq}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n" + more + "\r\n" + body).encode()


def interleaved_channels(transport: str) -> tuple[int, int] | None:
    """The RTP and RTCP channels of the first TCP choice in a Transport header (§12.39); None without one.

    A client that names no channels gets 0 and 1.
    """
    for choice in transport.split(","):
        words = [word.strip() for word in choice.split(";")]
        if words[0].upper() != "RTP/AVP/TCP":
            continue
        for word in words[1:]:
            if word.lower().startswith("interleaved="):
                first, _, second = word[12:].partition("-")
                if not first.isdigit() or not (second or "0").isdigit():
                    return None
                rtp = int(first)
                rtcp = int(second) if second else rtp + 1
                return (rtp, rtcp) if rtp < 256 and rtcp < 256 and rtp != rtcp else None
        return 0, 1
    return None
