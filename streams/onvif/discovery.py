"""Which ONVIF cameras answer in this network: WS-Discovery by UDP multicast, or asked one by one.

Bounded in time, answers, and the length of each; a forged answer costs nothing but a line in the list, since
nothing that is found is contacted. `sort_out` is pure.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import ifaddr
from onveef import wsdiscovery

from streams.errors import ProtocolError
from streams.onvif.addresses import device_address, host_of
from streams.onvif.profiles import clean

GROUP = "239.255.255.250"
PORT = 3702
_MAX_ANSWERS = 1000
_MAX_ANSWER = 16_384
_PROBES = 3  # UDP loses one now and then, and an empty network looks the same


@dataclass(frozen=True, slots=True)
class Found:
    """One device that answered. address: of its device service; name and hardware as it says."""

    address: str
    host: str
    name: str
    hardware: str
    location: str


async def discover(
    *,
    wait_s: float = 3.0,
    hosts: Sequence[str] = (),
    port: int = PORT,
    interfaces: Sequence[str] | None = None,
) -> tuple[Found, ...]:
    """What answers within `wait_s` seconds, sorted by address.

    hosts: ask these directly, for networks that carry no multicast; else every IPv4 network of this machine
    is asked. interfaces: this machine's addresses to ask from.
    """
    if hosts:
        ways = [("0.0.0.0", host) for host in hosts]  # noqa: S104 - a socket to ask from
    else:
        own = list(interfaces) if interfaces is not None else _own_addresses()
        ways = [(address, GROUP) for address in own]
    answers: dict[bytes, str] = {}
    async with asyncio.TaskGroup() as tasks:
        for source, target in ways:
            tasks.create_task(_ask(source, (target, port), wait_s, answers))
    return sort_out(answers)


def sort_out(answers: dict[bytes, str]) -> tuple[Found, ...]:
    """What the answers say, each device once. `answers`: what came and the host that it came from."""
    found: dict[str, Found] = {}
    for data, sender in answers.items():
        for match in wsdiscovery.parse_probe_matches(data.decode("utf-8", errors="replace"))[:8]:
            address = _address(match.xaddrs, sender)
            if address is not None:
                texts = (clean(unquote(text)) for text in (match.name, match.hardware, match.location))
                found.setdefault(address, Found(address, host_of(address), *texts))
    return tuple(sorted(found.values(), key=lambda each: (_numbers(each.host), each.address)))


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, answers: dict[bytes, str]) -> None:
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if len(data) <= _MAX_ANSWER and len(self._answers) < _MAX_ANSWERS:
            self._answers.setdefault(data, str(addr[0]))

    def error_received(self, exc: Exception) -> None:
        """Somebody answered that nobody listens there."""


async def _ask(source: str, target: tuple[str, int], wait_s: float, answers: dict[bytes, str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.bind((source, 0))
            if target[0] == GROUP:
                asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
                asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            asking.setblocking(False)
        except OSError:
            return  # an interface that went away
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(answers), sock=asking)
        try:
            for _ in range(_PROBES):
                probe = wsdiscovery.build_probe(message_id=f"urn:uuid:{uuid4()}")
                transport.sendto(probe.encode(), target)
                await asyncio.sleep(wait_s / _PROBES)
        finally:
            transport.close()
            await asyncio.sleep(0)  # the transport lets go of the socket in the loop's next round


def _address(offered: Sequence[str], sender: str) -> str | None:
    """The device service: the one on the host that answered, else the first, on that host."""
    usable = []
    for text in offered[:8]:
        try:
            usable.append(device_address(text))
        except ProtocolError:
            continue
    return next((each for each in usable if host_of(each) == sender), next(iter(usable), None))


def _own_addresses() -> list[str]:
    return [
        str(ip.ip)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4 and not str(ip.ip).startswith("127.")
    ]


def _numbers(host: str) -> tuple[int, ...]:
    parts = host.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (999,)
