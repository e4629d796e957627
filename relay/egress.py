"""Packets out of one UDP socket: a whole picture in one system call where the kernel can do that.

Belongs here: UDP generic segmentation offload (Linux 4.18, `UDP_SEGMENT`), its fall-back, and what happens
when the socket is full: the rest is dropped and counted, never queued and never waited for. Whoever sends is
told how much left and starts afresh at a keyframe.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct
from collections.abc import Iterable, Sequence

from relay.ports import Ancillary, SocketAddress

log = logging.getLogger(__name__)

_UDP_SEGMENT = 103
_MOST_PREPARED = 256  # control messages that are kept: nearly all pictures have one segment size
_FULL = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})
# What a kernel, a driver or an interface without checksum offload says to a segmented send.
_NO_OFFLOAD = frozenset({errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE})


class UdpEgress:
    """Sends on a non-blocking UDP socket that somebody else owns.

    No method raises for what the network does; each returns how many datagrams the kernel took, counted from
    the front. `ancillary` goes with every system call, beside the segment size.
    """

    def __init__(self, sock: socket.socket, *, offload: bool = True) -> None:
        self._socket = sock
        self._offload = offload
        self._control: dict[tuple[int, tuple[Ancillary, ...]], tuple[Ancillary, ...]] = {}
        self.calls = 0
        self.full = 0
        """Times that the socket took nothing more."""
        self.failed = 0
        """Times that the way there was the reason: unreachable, refused, interface down."""

    @property
    def offload(self) -> bool:
        """Whether runs leave in one system call; False once the kernel has refused it."""
        return self._offload

    def send_run(
        self, run: memoryview, segment: int, address: SocketAddress, ancillary: tuple[Ancillary, ...] = ()
    ) -> int:
        """Send the datagrams that lie in `run` one every `segment` bytes; the last may be shorter."""
        size = len(run)
        if size <= segment or not self._offload:
            return self._one_by_one(run, segment, address, ancillary)
        control = self._control.get((segment, ancillary))
        if control is None:
            control = self._prepare(segment, ancillary)
        self.calls += 1
        try:
            self._socket.sendmsg((run,), control, 0, address)
        except OSError as error:
            if error.errno not in _NO_OFFLOAD:
                return self._lost(error)
            refusal = error
        else:
            return -(-size // segment)
        taken = self._one_by_one(run, segment, address, ancillary)
        if taken:
            # Single datagrams of the same size leave, so it is the segmentation that is refused.
            self._offload = False
            log.warning("UDP segmentation refused (%s): sending packets one by one", refusal.strerror)
        return taken

    def _prepare(self, segment: int, ancillary: tuple[Ancillary, ...]) -> tuple[Ancillary, ...]:
        if len(self._control) >= _MOST_PREPARED:
            self._control.clear()
        segmentation = (socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", segment))
        control = self._control[segment, ancillary] = (segmentation, *ancillary)
        return control

    def send(
        self, datagrams: Sequence[bytes], address: SocketAddress, ancillary: tuple[Ancillary, ...] = ()
    ) -> int:
        """Send datagrams of any size."""
        return self._send(datagrams, address, ancillary)

    def _one_by_one(
        self, run: memoryview, segment: int, address: SocketAddress, ancillary: tuple[Ancillary, ...]
    ) -> int:
        pieces = (run[at : at + segment] for at in range(0, len(run), segment))
        return self._send(pieces, address, ancillary)

    def _send(
        self,
        datagrams: Iterable[bytes | memoryview],
        address: SocketAddress,
        ancillary: tuple[Ancillary, ...],
    ) -> int:
        taken = 0
        try:
            for datagram in datagrams:
                self.calls += 1
                self._socket.sendmsg((datagram,), ancillary, 0, address)
                taken += 1
        except OSError as error:
            self._lost(error)
        return taken

    def _lost(self, error: OSError) -> int:
        # Anything but a full socket is about the way there: the viewer's own liveness decides what becomes of
        # it, not one datagram.
        if error.errno in _FULL:
            self.full += 1
        else:
            self.failed += 1
        return 0
