"""The one UDP port: datagrams to the viewer they belong to, and its answers back from the same local address.

Belongs here: sockets and demultiplexing (RFC 7983). STUN goes to the viewer whose ufrag it names; anything
else is taken only from a pair of addresses whose connectivity check passed. Not here: what a datagram means
(`relay/peer.py`), how a run of packets leaves (`relay/egress.py`).

One socket per address family, on the same port. Where a socket listens on every address, the kernel tells for
each datagram which local address it came to (IP_PKTINFO) and is told the same for the answer, so a host with
several addresses answers from the one that was asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence

from relay import stun
from relay.egress import UdpEgress
from relay.peer import Peer
from relay.ports import Ancillary, Egress, SocketAddress

logger = logging.getLogger(__name__)

BATCH = 64
"""Datagrams taken per wake-up of the event loop, so that a flood cannot keep it from everything else."""
BUFFER = 4 << 20
"""Bytes asked of the kernel for each direction of a socket."""

_LARGEST = 2048  # bytes of one datagram that we look at; DTLS, STUN and RTCP stay far below
_ANCILLARY_SPACE = 64
_IN_PKTINFO = struct.Struct("=I4s4s")  # interface, local address, destination (ip(7))
_IN6_PKTINFO = struct.Struct("=16sI")  # destination, interface (ipv6(7))
_IPV6_RECVPKTINFO = 49  # linux/in6.h; Python has no name for it
_IPV6_PKTINFO = 50
_IP_PKTINFO = 8


class Peers:
    """The viewers that can be reached, by the ufrag of their ICE, and what came in that was for nobody."""

    def __init__(self) -> None:
        self._by_ufrag: dict[bytes, Peer] = {}
        self.dropped: Counter[str] = Counter()
        """Datagrams dropped, by reason."""

    def add(self, peer: Peer) -> None:
        """Let checks reach `peer` under its present ufrags. Call it again after an ICE restart."""
        self.remove(peer)
        for ufrag in peer.ice.ufrags():
            self._by_ufrag[ufrag.encode()] = peer

    def remove(self, peer: Peer) -> None:
        """Let nothing reach `peer` any more."""
        for ufrag in [ufrag for ufrag, each in self._by_ufrag.items() if each is peer]:
            del self._by_ufrag[ufrag]

    def find(self, datagram: bytes) -> Peer | None:
        """The viewer that a STUN datagram asks for."""
        ufrag = stun.requested_ufrag(datagram)
        return self._by_ufrag.get(ufrag) if ufrag is not None else None

    def __len__(self) -> int:
        return len(self._by_ufrag)


class UdpWire:
    """The path between one remote and one local address. Implements `relay.peer.Wire`."""

    __slots__ = ("_egress", "_local", "_owner", "_remote", "host", "peer")

    datagrams = True

    def __init__(
        self, owner: _Socket, peer: Peer, remote: SocketAddress, local: tuple[Ancillary, ...]
    ) -> None:
        self.host = str(remote[0])
        self.peer = peer
        self._owner = owner
        self._egress = owner.egress
        self._remote = remote
        self._local = local

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`."""
        return self._egress.send(datagrams, self._remote, self._local)

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`."""
        return self._egress.send_run(run, segment, self._remote, self._local)

    def forget(self) -> None:
        """See `relay.peer.Wire`."""
        self._owner.forget(self, (self._remote, self._local))

    def recall(self) -> None:
        """See `relay.peer.Wire`: datagrams do not wait here, and in the kernel for milliseconds at most."""


class _Socket:
    """One bound socket and the paths on it."""

    def __init__(self, sock: socket.socket, peers: Peers, clock: Callable[[], float]) -> None:
        self.sock = sock
        self.egress: Egress = UdpEgress(sock)
        self._peers = peers
        self._clock = clock
        self._wires: dict[tuple[SocketAddress, tuple[Ancillary, ...]], UdpWire] = {}
        self._failures = 0

    def readable(self) -> None:
        """Take what lies ready, at most `BATCH` datagrams. Never raises."""
        now = self._clock()
        for _ in range(BATCH):
            try:
                datagram, controls, _, remote = self.sock.recvmsg(_LARGEST, _ANCILLARY_SPACE)
            except BlockingIOError:
                return
            except OSError:
                self._peers.dropped["error"] += 1
                return
            try:
                self._take(datagram, remote, _answer_from(controls), now)
            except Exception:
                # A datagram must never end the port that every viewer hangs on.
                self._peers.dropped["fault"] += 1
                self._failures += 1
                if self._failures in (1, 10, 100, 1_000) or self._failures % 10_000 == 0:
                    logger.exception("a datagram could not be handled (%d so far)", self._failures)

    def _take(self, datagram: bytes, remote: SocketAddress, local: tuple[Ancillary, ...], now: float) -> None:
        if not datagram:
            self._peers.dropped["empty"] += 1
            return
        wire = self._wires.get((remote, local))
        if datagram[0] > 3:
            if wire is None:
                self._peers.dropped["stranger"] += 1
            elif not wire.peer.receive(datagram, wire, now):
                self._peers.dropped["refused"] += 1
            return
        peer = self._peers.find(datagram)
        if peer is None:
            if wire is None or not wire.peer.answer(datagram, now):
                self._peers.dropped["stun"] += 1
            return
        if wire is None or wire.peer is not peer:
            wire = UdpWire(self, peer, remote, local)
        if peer.check(datagram, wire, (remote[0], remote[1]), now):
            self._wires[(remote, local)] = wire
        else:
            self._peers.dropped["check"] += 1

    def forget(self, wire: UdpWire, key: tuple[SocketAddress, tuple[Ancillary, ...]]) -> None:
        """Take nothing more from `wire`, unless the pair belongs to another viewer by now."""
        if self._wires.get(key) is wire:
            del self._wires[key]


class UdpPort:
    """The relay's UDP port. `open()` and `close()` belong to the loop that reads it."""

    def __init__(self, peers: Peers, clock: Callable[[], float] = time.monotonic) -> None:
        self._peers = peers
        self._clock = clock
        self._sockets: list[_Socket] = []
        self.port = 0

    def open(self, hosts: Sequence[str], port: int) -> None:
        """Bind each host (an address, `0.0.0.0` or `::`) to the one `port`; 0 takes a free one.

        Raises OSError when that cannot be.
        """
        loop = asyncio.get_running_loop()
        for sock in _bind_all(hosts, port):
            each = _Socket(sock, self._peers, self._clock)
            self._sockets.append(each)
            self.port = sock.getsockname()[1]
            loop.add_reader(sock.fileno(), each.readable)

    def close(self) -> None:
        """Stop reading and give the port back."""
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            loop.remove_reader(each.sock.fileno())
            each.sock.close()
        self._sockets.clear()


def _bind_all(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """One socket per host, all on one port.

    A port that is free for one family may be taken in the other: then another one is tried.
    """
    for attempt in range(10):
        sockets: list[socket.socket] = []
        wanted = port
        try:
            for host in hosts:
                sockets.append(_bind(host, wanted))
                wanted = sockets[0].getsockname()[1]
        except OSError:
            for sock in sockets:
                sock.close()
            if port or attempt == 9:
                raise
        else:
            return sockets
    raise AssertionError("unreachable")


def _bind(host: str, port: int) -> socket.socket:
    address = ipaddress.ip_address(host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        if address.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if address.is_unspecified:
            if address.version == 4:
                sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _answer_from(controls: Sequence[Ancillary]) -> tuple[Ancillary, ...]:
    """The control message that makes an answer leave from the local address that was asked."""
    for level, kind, data in controls:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            _, _, destination = _IN_PKTINFO.unpack(data)
            return ((level, kind, _IN_PKTINFO.pack(0, destination, b"\0\0\0\0")),)
        if level == socket.IPPROTO_IPV6 and kind == _IPV6_PKTINFO:
            return ((level, kind, data),)
    return ()
