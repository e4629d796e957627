"""Which of this machine's addresses clients are told to send to.

Belongs here: the choice among interfaces. Not here: how a candidate is written (`relay/answer.py`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import ifaddr

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST = 8
"""Candidates of one kind in an answer; each costs the client a check."""


VIRTUAL = (
    *("docker*", "br-*", "veth*", "virbr*", "vnet*", "cni*", "podman*", "lxcbr*", "lxdbr*", "flannel*"),
    *("cali*", "vmnet*", "vboxnet*"),
)
"""Names of interfaces that lead to containers and virtual machines of this host, not to viewers."""


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """One address of this machine, as text, and the interface that has it."""

    interface: str
    address: str


def machine_interfaces() -> list[LocalAddress]:
    """Every address of every interface."""
    return [
        LocalAddress(adapter.name, each.ip if isinstance(each.ip, str) else each.ip[0])
        for adapter in ifaddr.get_adapters()
        for each in adapter.ips
    ]


def machine_addresses() -> list[str]:
    """Every address of every interface, as text."""
    return [each.address for each in machine_interfaces()]


def for_viewers(
    found: Iterable[LocalAddress], interfaces: Sequence[str] = (), cameras: Sequence[IpNetwork] = ()
) -> list[str]:
    """Those addresses that viewers may be told. Pure.

    interfaces: the names (`eth0`, `bond*`) of the only ones; empty: all but `VIRTUAL`.
    cameras: networks in which cameras stand: nobody is told an address in one of them, unless no other would
    be left (loopback aside). Not looked at where `interfaces` says it.
    """
    if interfaces:
        return [each.address for each in found if _named(each.interface, interfaces)]
    told = [each.address for each in found if not _named(each.interface, VIRTUAL)]
    beside = [each for each in told if _is_loopback(each) or not _within(each, cameras)]
    return beside if any(_is_useful(each) for each in beside) else told


def _named(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _is_loopback(text: str) -> bool:
    return _address(text).is_loopback


def _is_useful(text: str) -> bool:
    address = _address(text)
    return not (address.is_loopback or address.is_link_local)


def _within(text: str, networks: Sequence[IpNetwork]) -> bool:
    address = _address(text)
    return any(address.version == network.version and address in network for network in networks)


def reachable(hosts: Sequence[str], addresses: Iterable[str]) -> list[str]:
    """Those of `addresses` that sockets bound to `hosts` answer on, loopback last.

    Link-local and multicast addresses are left out: a browser cannot use them without a zone.
    """
    bound = [ipaddress.ip_address(host) for host in hosts]
    everything = {each.version for each in bound if each.is_unspecified}
    chosen = {each for each in bound if not each.is_unspecified}
    for text in addresses:
        address = _address(text)
        if address.version in everything and not (address.is_link_local or address.is_multicast):
            chosen.add(address)
    ordered = sorted(chosen, key=lambda each: (each.is_loopback, not each.is_global, each.version, int(each)))
    return [str(each) for each in ordered[:MOST]]


def told(
    hosts: Sequence[str], advertised: Sequence[str], interfaces: Sequence[str], cameras: Sequence[IpNetwork]
) -> list[str]:
    """What clients of a relay on `hosts` are told: `advertised`, or of this machine's what serves them."""
    return list(advertised) or reachable(hosts, for_viewers(machine_interfaces(), interfaces, cameras))
