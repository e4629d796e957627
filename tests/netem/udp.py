"""The thin shell of a UDP path: two `Link`s between viewers and the relay on loopback.

Each viewer address gets a socket of its own towards the relay, as a NAT would do it; `change_address` gives
it another one in mid-flight, which is what the relay sees when a tablet goes from Wi-Fi to LTE.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from types import TracebackType

from .impairment import PERFECT, Impairment
from .link import Delivery, Link
from .sdp import Address

MAX_FLOWS = 512
_READS_PER_WAKE = 64


@dataclass(slots=True)
class _Flow:
    """One viewer: its address on our side, our socket on the relay's side."""

    viewer: Address
    upstream: socket.socket


class UdpPath:
    """Use as an async context manager. `address` is where the viewer is sent instead of `relay`.

    up: viewer → relay, down: relay → viewer; `set` changes them at any time. Loss is silent, as on a network.
    """

    def __init__(
        self, relay: Address, *, up: Impairment = PERFECT, down: Impairment = PERFECT, seed: int = 0
    ) -> None:
        self._relay = relay
        self._initial = (up, down)
        self._seed = seed
        self._flows: dict[Address, _Flow] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.refused_flows = 0
        self.send_errors = 0

    async def __aenter__(self) -> UdpPath:
        self._loop = asyncio.get_running_loop()
        self._socket = _bound(self._relay[0])
        self.address: Address = self._socket.getsockname()[:2]
        now = self._loop.time()
        self.up: Link[_Flow] = Link(self._initial[0], seed=f"{self._seed}/up", start=now)
        self.down: Link[_Flow] = Link(self._initial[1], seed=f"{self._seed}/down", start=now)
        self._loop.add_reader(self._socket, self._from_viewers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for owned in (self._socket, *(flow.upstream for flow in self._flows.values())):
            self._loop.remove_reader(owned)
            owned.close()
        self._flows.clear()

    def set(self, *, up: Impairment | None = None, down: Impairment | None = None) -> None:
        """Changes one or both directions from now on; their blackouts are counted from now."""
        now = self._loop.time()
        for link, impairment in ((self.up, up), (self.down, down)):
            if impairment is not None:
                link.impairment = impairment
                link.start = now

    def change_address(self) -> None:
        """From now on every viewer reaches the relay from another port; answers to the old one are lost."""
        for flow in self._flows.values():
            self._loop.remove_reader(flow.upstream)
            flow.upstream.close()
            flow.upstream = self._open_upstream(flow)

    @property
    def upstream_ports(self) -> list[int]:
        """The ports from which the relay sees the viewers at this moment."""
        return [flow.upstream.getsockname()[1] for flow in self._flows.values()]

    def _from_viewers(self) -> None:
        now = self._loop.time()
        for datagram, viewer in _received(self._socket):
            flow = self._flows.get(viewer)
            if flow is None:
                if len(self._flows) >= MAX_FLOWS:
                    self.refused_flows += 1
                    continue
                flow = self._flows[viewer] = self._open_flow(viewer)
            self.up.push(datagram, now, flow)
        self._pump()

    def _from_relay(self, flow: _Flow) -> None:
        now = self._loop.time()
        for datagram, sender in _received(flow.upstream):
            if sender == self._relay:
                self.down.push(datagram, now, flow)
        self._pump()

    def _open_flow(self, viewer: Address) -> _Flow:
        flow = _Flow(viewer, _bound(self._relay[0]))
        self._loop.add_reader(flow.upstream, self._from_relay, flow)
        return flow

    def _open_upstream(self, flow: _Flow) -> socket.socket:
        upstream = _bound(self._relay[0])
        self._loop.add_reader(upstream, self._from_relay, flow)
        return upstream

    def _pump(self) -> None:
        now = self._loop.time()
        for delivery in self.up.poll(now):
            self._send(delivery.label.upstream, delivery, self._relay)
        for delivery in self.down.poll(now):
            self._send(self._socket, delivery, delivery.label.viewer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [at for at in (self.up.next_due(), self.down.next_due()) if at is not None]
        if due:
            self._timer = self._loop.call_at(min(due), self._pump)

    def _send(self, out: socket.socket, delivery: Delivery[_Flow], to: Address) -> None:
        try:
            out.sendto(delivery.datagram, to)
        except OSError:  # nobody listens there any more, or the kernel's buffer is full: lost, and counted
            self.send_errors += 1


def _bound(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        opened.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
    opened.bind((host, 0))
    return opened


def _received(source: socket.socket) -> list[tuple[bytes, Address]]:
    arrived: list[tuple[bytes, Address]] = []
    for _ in range(_READS_PER_WAKE):
        try:
            datagram, sender = source.recvfrom(65_535)
        except BlockingIOError:
            break
        except OSError:  # an earlier send met a closed port (ICMP): nothing arrived
            continue
        arrived.append((datagram, sender[:2]))
    return arrived
