"""Which address is connected to when a camera is known by name: resolved here, checked here, and then that
very address is dialled. A name that was fine when it was entered may be another host's today (DNS rebinding),
and must not lead into networks where no camera stands.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

Dialable = Callable[[ipaddress.IPv4Address | ipaddress.IPv6Address], bool]
"""Whether an address may be connected to; the rule comes from outside."""

_MOST = 4  # of one host name are tried


class NotDialableError(Exception):
    """The host stands where nothing may be connected to."""


async def addresses(host: str, port: int, dialable: Dialable | None) -> list[str]:
    """The addresses of a host that may be dialled, at most four, in the resolver's order.

    dialable: None for all. Raises `NotDialableError` where none may be, `OSError` or `UnicodeError` where the
    name does not resolve. Set a deadline around it.
    """
    try:
        found = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = list(dict.fromkeys(await _resolve(host, port)))
    if dialable is not None:
        found = [each for each in found if dialable(ipaddress.ip_address(each.partition("%")[0]))]
        if not found:
            raise NotDialableError
    return found[:_MOST]


async def _resolve(host: str, port: int) -> list[str]:
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in entries]
