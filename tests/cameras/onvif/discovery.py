"""Answers WS-Discovery probes on a UDP port of its own: directly, and in the group on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.cameras.onvif.answers import probe_match

GROUP = "239.255.255.250"
_WSA = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"

Reply = Callable[[str], Sequence[bytes]]
"""From the probe's message id to the datagrams that go back."""


class Announcer(asyncio.DatagramProtocol):
    """Remembers the probes that it heard."""

    def __init__(self, reply: Reply) -> None:
        self.probes: list[str] = []
        self.port = 0
        self._reply = reply
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        with suppress(ET.ParseError):
            message = ET.fromstring(data).findtext(f".//{_WSA}MessageID", "")
            self.probes.append(message)
            assert self._transport is not None
            for datagram in self._reply(message):
                self._transport.sendto(datagram, addr)


def match(address: str, *, name: str = "HB-2400P", reference: str = "urn:uuid:1") -> Reply:
    """The usual answer of one device."""
    scopes = (
        "onvif://www.onvif.org/type/video_encoder",
        "onvif://www.onvif.org/Profile/T",
        f"onvif://www.onvif.org/hardware/{name}",
        "onvif://www.onvif.org/name/Hanbit%20Camera",
    )
    return lambda message: [probe_match(message, reference, scopes, [address])]


@asynccontextmanager
async def announce(reply: Reply) -> AsyncIterator[Announcer]:
    """Something that answers on a free port while the block runs: directly, and in the group on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("", 0))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        listening.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, announcer = await loop.create_datagram_endpoint(lambda: Announcer(reply), sock=listening)
        announcer.port = listening.getsockname()[1]
        try:
            yield announcer
        finally:
            transport.close()
            await asyncio.sleep(0)
