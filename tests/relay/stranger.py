"""A socket of somebody who is no viewer, and what such people send."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from aioice import stun

from tests.support.datagrams import receive

PLAIN_FATAL_ALERT = bytes.fromhex("15fefd000000000000000000020228")
CLOSE_NOTIFY = bytes.fromhex("15fefd000000000000000000020100")
CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000002e010000220000000000000022fefd") + bytes(33)


class Stranger:
    """Sends from a port of its own."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)

    def send(self, datagram: bytes, port: int, host: str = "127.0.0.1") -> None:
        """One datagram to the relay."""
        self.socket.sendto(datagram, (host, port))

    async def receive(self, deadline: float = 5.0) -> tuple[bytes, tuple[str, int]]:
        """What comes back, and from where."""
        async with asyncio.timeout(deadline):
            return await receive(self.socket)


@contextmanager
def stranger(host: str = "127.0.0.1") -> Iterator[Stranger]:
    """A stranger until the block is left."""
    one = Stranger(host)
    try:
        yield one
    finally:
        one.socket.close()


def check(
    ufrag: str, password: str, remote_ufrag: str, *, nominate: bool = True, fingerprint: bool = True
) -> bytes:
    """A connectivity check."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:{remote_ufrag}"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def garbage(ufrag: str, seed: int = 0) -> Iterator[bytes]:
    """Datagrams of every kind that break parsers, some of them for a viewer that exists; without end."""
    chance = random.Random(seed)
    good = check(ufrag, "p" * 24, "peer")
    while True:
        yield b""
        yield bytes((chance.randrange(256),))
        yield chance.randbytes(chance.randrange(1, 1500))
        yield bytes((chance.randrange(4),)) + chance.randbytes(chance.randrange(60))
        yield good
        position = chance.randrange(len(good))
        yield good[:position] + chance.randbytes(3) + good[position + 3 :]
        yield good[:position]
        # A request for a viewer that exists, whose attributes are too short for their kind.
        body = b"".join(
            struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
            for kind, value in (
                (0x0006, f"{ufrag}:x".encode()),
                (0x0024, b"\1"),
                (0x0020, b""),
                (0x8029, b"\1"),
            )
        )
        yield struct.pack("!HHI", 1, len(body), stun.COOKIE) + chance.randbytes(12) + body
        yield PLAIN_FATAL_ALERT
        yield CLOSE_NOTIFY
        yield CLIENT_HELLO
        yield b"\x80\x60" + chance.randbytes(100)
        yield b"\x80\xc9" + chance.randbytes(30)
