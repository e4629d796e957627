"""Which of this machine's addresses clients are told to send to.

Belongs here: the choice among interfaces. Not here: how a candidate is written (`relay/answer.py`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import ifaddr

MOST = 8
"""Candidates of one kind in an answer; each costs the client a check."""


def machine_addresses() -> list[str]:
    """Every address of every interface, as text."""
    return [
        each.ip if isinstance(each.ip, str) else each.ip[0]
        for adapter in ifaddr.get_adapters()
        for each in adapter.ips
    ]


def reachable(hosts: Sequence[str], addresses: Iterable[str]) -> list[str]:
    """Those of `addresses` that sockets bound to `hosts` answer on, loopback last.

    Link-local and multicast addresses are left out: a browser cannot use them without a zone.
    """
    bound = [ipaddress.ip_address(host) for host in hosts]
    everything = {each.version for each in bound if each.is_unspecified}
    chosen = {each for each in bound if not each.is_unspecified}
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if address.version in everything and not (address.is_link_local or address.is_multicast):
            chosen.add(address)
    ordered = sorted(chosen, key=lambda each: (each.is_loopback, not each.is_global, each.version, int(each)))
    return [str(each) for each in ordered[:MOST]]
