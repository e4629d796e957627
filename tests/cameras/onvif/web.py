"""Just enough of HTTP/1.1 for a SOAP device, and for one that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

ENDLESS_CHUNK = b"x" * 16_384


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What goes back. endless: a body that never ends. hang_up: nothing but a closed connection. silent:
    nothing at all, for ever."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    endless: bool = False
    hang_up: bool = False
    silent: bool = False


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return None
    return Request(method, path, headers, body)


async def send_answer(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Send it; whether the connection can be used again."""
    if answer.silent:
        await asyncio.get_running_loop().create_future()
    if answer.hang_up:
        return False
    with suppress(ConnectionError):
        if answer.endless:
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            writer.write(head.encode())
            while True:
                writer.write(b"%x\r\n%b\r\n" % (len(ENDLESS_CHUNK), ENDLESS_CHUNK))
                await writer.drain()
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", **answer.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {answer.status} ANY\r\n{lines}Content-Length: {len(answer.body)}\r\n\r\n"
        writer.write(head.encode() + answer.body)
        await writer.drain()
        return True
    return False
