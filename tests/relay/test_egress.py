"""A run through real sockets: in one call where the kernel can, one by one where it cannot, never waiting."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

import pytest

from relay.egress import UdpEgress

from .wire import received, sockets


def run_of(count: int, segment: int, last: int) -> memoryview:
    return memoryview(b"".join(bytes([i]) * (segment if i < count - 1 else last) for i in range(count)))


def cut(run: memoryview, segment: int) -> list[bytes]:
    return [bytes(run[at : at + segment]) for at in range(0, len(run), segment)]


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("offload", [True, False])
@pytest.mark.parametrize(("count", "last"), [(1, 1200), (1, 40), (2, 1200), (9, 700), (54, 1)])
def test_a_run_arrives_as_its_datagrams(
    family: socket.AddressFamily, offload: bool, count: int, last: int
) -> None:
    with sockets(family) as (ours, theirs):
        egress = UdpEgress(ours, offload=offload)
        run = run_of(count, 1200, last)
        assert egress.send_run(run, 1200, theirs.getsockname()) == count
        assert received(theirs) == cut(run, 1200)
        assert egress.calls == (1 if offload else count)
        assert egress.offload is offload


def test_a_run_leaves_from_the_address_that_was_asked() -> None:
    with sockets() as (ours, theirs):
        info = struct.pack("=I4s4s", 0, socket.inet_aton("127.0.0.1"), b"\0\0\0\0")
        ancillary = ((socket.IPPROTO_IP, 8, info),)
        egress = UdpEgress(ours)
        assert egress.send_run(run_of(3, 500, 500), 500, theirs.getsockname(), ancillary) == 3
        assert egress.send([b"one", b"two"], theirs.getsockname(), ancillary) == 2
        assert [len(datagram) for datagram in received(theirs)] == [500, 500, 500, 3, 3]


class Refusing:
    """A socket whose segmented sends the kernel refuses, as it does behind some drivers and tunnels."""

    def __init__(self, sock: socket.socket, code: int) -> None:
        self._sock = sock
        self._code = code
        self.refused = 0

    def sendmsg(self, parts: Any, control: Any = (), flags: int = 0, address: Any = None) -> int:
        if any(kind == 103 for _, kind, _ in control):
            self.refused += 1
            raise OSError(self._code, os.strerror(self._code))
        return self._sock.sendmsg(parts, control, flags, address)


@pytest.mark.parametrize("code", [errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP])
def test_a_kernel_that_refuses_is_asked_once(code: int, caplog: pytest.LogCaptureFixture) -> None:
    with sockets() as (ours, theirs):
        refusing = Refusing(ours, code)
        egress = UdpEgress(refusing)  # type: ignore[arg-type]  # has what is used
        run = run_of(5, 1000, 100)
        for _ in range(3):
            assert egress.send_run(run, 1000, theirs.getsockname()) == 5
        assert received(theirs) == cut(run, 1000) * 3
        assert refusing.refused == 1
        assert not egress.offload
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class Full:
    """A socket that takes `room` datagrams and is full then."""

    def __init__(self, room: int, code: int = errno.EAGAIN) -> None:
        self.room = room
        self.code = code

    def sendmsg(self, parts: Any, control: Any = (), flags: int = 0, address: Any = None) -> int:
        if self.room <= 0:
            raise OSError(self.code, os.strerror(self.code))
        self.room -= 1
        return sum(map(len, parts))


@pytest.mark.parametrize("offload", [True, False])
def test_a_full_socket_takes_a_part_and_says_how_much(offload: bool) -> None:
    full = Full(3)
    egress = UdpEgress(full, offload=offload)  # type: ignore[arg-type]  # has what is used
    run = run_of(5, 1000, 1000)
    taken = [egress.send_run(run, 1000, ("127.0.0.1", 9)) for _ in range(4)]
    assert taken == ([5, 5, 5, 0] if offload else [3, 0, 0, 0])
    assert egress.full == (1 if offload else 4)
    assert egress.failed == 0
    assert egress.offload is offload


def test_a_way_that_is_gone_takes_none() -> None:
    egress = UdpEgress(Full(0, errno.ENETUNREACH))  # type: ignore[arg-type]  # has what is used
    assert egress.send_run(run_of(5, 1000, 1000), 1000, ("127.0.0.1", 9)) == 0
    assert egress.send([b"a", b"b"], ("127.0.0.1", 9)) == 0
    assert (egress.full, egress.failed) == (0, 2)


def test_a_real_socket_that_is_full_does_not_block() -> None:
    with sockets() as (ours, theirs):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        egress = UdpEgress(ours)
        run = run_of(54, 1200, 1200)
        taken = [egress.send_run(run, 1200, theirs.getsockname()) for _ in range(20)]
        assert all(count in (0, 54) for count in taken)
        assert len(taken) == 20
