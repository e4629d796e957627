"""What a sender's tests need: real SRTP on both ends, a socket or a list to send to, pictures to send."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiortc.rtcdtlstransport import SRTP_PROFILES

from relay.egress import UdpEgress
from relay.history import History
from relay.picture import Picture
from relay.ports import (
    EXTENSION_ABS_SEND_TIME,
    EXTENSION_MID,
    Ancillary,
    Format,
    RtpParameters,
    SocketAddress,
)
from relay.seam import Arena, LibSrtp
from relay.sender import PictureSender, State
from streams.access_unit import AccessUnit

SSRC, RTX_SSRC = 0x1234, 0x5678
PAYLOAD_TYPE, RTX_TYPE = 96, 97
H265_TYPE, H265_RTX_TYPE = 98, 99
IDS = {EXTENSION_MID: 4, EXTENSION_ABS_SEND_TIME: 2}
TICKS = 3600
SPS = bytes.fromhex("6742c01fd9005005bb016a02020280000003008000001e478c1924")
PPS = bytes.fromhex("68cb83cb20")


def srtp_pair(profile: int = 0) -> tuple[LibSrtp, LibSrtp]:
    """The relay's end and the viewer's, with keys of their own. `profile`: index among libsrtp's."""
    chosen = SRTP_PROFILES[profile]
    size = chosen.key_length + chosen.salt_length
    ours, theirs = os.urandom(size), os.urandom(size)
    return (
        LibSrtp(chosen, Arena(), outbound=ours, inbound=theirs),
        LibSrtp(chosen, Arena(), outbound=theirs, inbound=ours),
    )


def parameters(
    *, rtx: bool = True, ssrc: int = SSRC, ids: dict[str, int] | None = None, h265_too: bool = False
) -> RtpParameters:
    """What offer and answer agreed upon."""
    feedback = frozenset({"nack", "nack pli"})
    h264 = Format(PAYLOAD_TYPE, "42e01f", RTX_TYPE if rtx else None, feedback)
    h265 = Format(H265_TYPE, "", H265_RTX_TYPE if rtx else None, feedback, "H265")
    return RtpParameters(
        formats=(h265, h264) if h265_too else (h264,),
        ssrc=ssrc,
        cname="relay",
        mid="0",
        rtx_ssrc=RTX_SSRC if rtx else None,
        extensions=IDS if ids is None else ids,
    )


def unit(number: int, *, idr: bool = False, size: int = 3000, media_time: int | None = None) -> AccessUnit:
    """A picture of about `size` bytes; the bytes tell its number."""
    body = b"\x88" + b"%06d" % number * (size // 6 + 1)
    nals = (SPS, PPS, b"\x65" + body[:size]) if idr else (b"\x41" + body[:size],)
    time = number * TICKS if media_time is None else media_time
    return AccessUnit(number, time, time, number / 25, None, idr, nals)


def gop(first: int, count: int, *, size: int = 3000, key_size: int = 6000) -> list[AccessUnit]:
    """A keyframe and what follows it."""
    return [unit(first + index, idr=not index, size=size if index else key_size) for index in range(count)]


@dataclass
class Rtp:
    """A packet as the viewer reads it."""

    payload_type: int
    marker: bool
    sequence: int
    stamp: int
    ssrc: int
    extension: bytes
    payload: bytes


def read_rtp(packet: bytes) -> Rtp:
    """RFC 3550 §5.1, without CSRCs or padding."""
    first, second, sequence, stamp, ssrc = struct.unpack_from("!BBHII", packet)
    assert first in (0x80, 0x90)
    at, extension = 12, b""
    if first & 0x10:
        profile, words = struct.unpack_from("!HH", packet, 12)
        assert profile == 0xBEDE
        extension = packet[16 : 16 + 4 * words]
        at = 16 + 4 * words
    return Rtp(second & 0x7F, second >= 0x80, sequence, stamp, ssrc, extension, packet[at:])


def read_extensions(block: bytes) -> dict[int, bytes]:
    """The elements of a one-byte block (RFC 8285 §4.2)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        if block[at] == 0:
            at += 1
            continue
        size = (block[at] & 0xF) + 1
        found[block[at] >> 4] = block[at + 1 : at + 1 + size]
        at += 1 + size
    return found


@dataclass
class ListPath:
    """Into a list. `room`: how many more datagrams it takes. `recalls`: how often any were called back."""

    datagrams: list[bytes] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    room: int = 1 << 30
    recalls: int = 0

    def recall(self) -> None:
        """See `relay.ports.Path`."""
        self.recalls += 1

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`."""
        taken = list(datagrams)[: self.room]
        self.datagrams += taken
        self.room -= len(taken)
        return len(taken)

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`."""
        cut = [bytes(run[at : at + segment]) for at in range(0, len(run), segment)]
        self.runs.append(len(cut))
        return self.send(cut)


@dataclass
class UdpPath:
    """A path over a real socket."""

    egress: UdpEgress
    address: SocketAddress
    ancillary: tuple[Ancillary, ...] = ()

    def recall(self) -> None:
        """See `relay.ports.Path`."""

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`."""
        return self.egress.send(datagrams, self.address, self.ancillary)

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`."""
        return self.egress.send_run(run, segment, self.address, self.ancillary)


@contextmanager
def sockets(family: socket.AddressFamily = socket.AF_INET) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two UDP sockets on loopback: the relay's and a viewer's."""
    host = "127.0.0.1" if family is socket.AF_INET else "::1"
    with socket.socket(family, socket.SOCK_DGRAM) as ours, socket.socket(family, socket.SOCK_DGRAM) as theirs:
        for each in (ours, theirs):
            each.bind((host, 0))
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        yield ours, theirs


def received(sock: socket.socket) -> list[bytes]:
    """Every datagram that lies ready."""
    datagrams = []
    while True:
        try:
            datagrams.append(sock.recv(2048))
        except BlockingIOError:
            return datagrams


class Viewer:
    """One sender and what reaches its viewer, read with the viewer's keys."""

    def __init__(
        self,
        *,
        rtx: bool = True,
        profile: int = 0,
        link_bps: float = 1e9,
        ids: dict[str, int] | None = None,
        h265_too: bool = False,
        ask: Callable[[int], bool] = lambda number: False,
        collapsed: Callable[[], None] = lambda: None,
    ) -> None:
        ours, self.srtp = srtp_pair(profile)
        self.path = ListPath()
        agreed = parameters(rtx=rtx, ids=ids, h265_too=h265_too)
        self.sender = PictureSender(agreed, ours, self.path, link_bps=link_bps, ask=ask, collapsed=collapsed)

    def state(self) -> State:
        """Where the sender stands."""
        return self.sender.state

    def drain(self, now: float) -> list[Rtp]:
        """What the pacer holds back, too: as if the next two hundred milliseconds had passed."""
        for tick in range(50):
            self.sender.pump(now + tick * 0.004)
        assert not self.sender.held
        return self.take()

    def take(self) -> list[Rtp]:
        """The RTP packets since the last call, in order; RTCP goes to `rtcp`."""
        packets = []
        self.rtcp: list[bytes] = []
        for datagram in self.path.datagrams:
            assert len(datagram) <= 1200
            if 192 <= datagram[1] <= 223:
                self.rtcp.append(self.srtp.unprotect_rtcp(datagram))
            else:
                packets.append(read_rtp(self.srtp.unprotect_rtp(datagram)))
        self.path.datagrams.clear()
        return packets

    def stamps(self) -> list[int]:
        """The stamps of the pictures that came completely, in order."""
        return [packet.stamp for packet in self.take() if packet.marker]


class Stock:
    """A rendition as a sender sees it, without a loop. Implements `relay.sender.Supply`."""

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.history = History()
        self.keyframes_wanted = 0
        self.detached: list[PictureSender] = []

    def request_keyframe(self) -> None:
        """See `Supply`."""
        self.keyframes_wanted += 1

    def detach(self, sender: PictureSender) -> None:
        """See `Supply`."""
        self.detached.append(sender)

    def push(self, picture: AccessUnit) -> Picture:
        """Keep a picture, as a fan-out does before it sends it."""
        made = Picture(picture)
        self.history.push(made)
        return made
