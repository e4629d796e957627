"""Which RTP packets of a viewer arrived, by whatever transmission: counted on the way, in the proxy.

Chromium cannot tell: its `packetsLost` counts a packet that came by RTX as lost, and
`retransmittedPacketsReceived` counts one that came twice twice. The proxy sees the headers of every packet
(SRTP leaves them in the clear) and decides which arrive; which original an RTX packet carries is encrypted,
so that is noted where the relay writes it. Belongs here: keeping count. Not here: losing packets
(`tests/netem`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from unittest.mock import patch

from relay.picture import Picture
from relay.sent import SentPacket
from relay.writer import PacketWriter
from tests.netem.link import Delivery, Link

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tally:
    """Packets sent for the first time in some span: how many, and how many of them never arrived."""

    sent: int
    lost_at_first: int
    unrecovered: int


class Account:
    """The packets of one viewer of one relay. `media`: SSRC of the pictures; RTX has the next one."""

    def __init__(self, media: int) -> None:
        self._media = media
        self._highest: int | None = None
        self._sent: dict[int, float] = {}  # unwrapped sequence number: when it left first
        self._first: set[int] = set()  # came at the first transmission
        self._came: set[int] = set()
        self._original: dict[int, int] = {}  # RTX sequence number: original, 16 bits each

    def repeats(self, rtx: int, original: int) -> None:
        """RTX packet number `rtx` carries `original`."""
        self._original[rtx & 0xFFFF] = original & 0xFFFF

    def leaves(self, datagram: bytes, now: float) -> None:
        """The relay sent it."""
        if self._ssrc(datagram) == self._media:
            self._sent.setdefault(self._unwrap(int.from_bytes(datagram[2:4], "big")), now)

    def arrives(self, datagram: bytes) -> None:
        """The viewer gets it."""
        ssrc = self._ssrc(datagram)
        number = int.from_bytes(datagram[2:4], "big")
        if ssrc == self._media:
            number = self._unwrap(number)
            self._first.add(number)
            self._came.add(number)
        elif ssrc == self._media + 1 and number in self._original:
            self._came.add(self._unwrap(self._original[number]))

    def tally(self, begin: float, end: float) -> Tally:
        """What left first between the two."""
        sent = {number for number, at in self._sent.items() if begin <= at < end}
        return Tally(len(sent), len(sent - self._first), len(sent - self._came))

    def _ssrc(self, datagram: bytes) -> int | None:
        if len(datagram) < 12 or not 128 <= datagram[0] <= 191 or 192 <= datagram[1] <= 223:
            return None
        return int.from_bytes(datagram[8:12], "big")

    def _unwrap(self, number: int) -> int:
        if self._highest is None:
            self._highest = number
        found = self._highest + ((number - self._highest + 0x8000) & 0xFFFF) - 0x8000
        self._highest = max(self._highest, found)
        return found


class AccountedLink(Link[T]):
    """A link that tells what enters and what comes out."""

    account: Account | None = None

    def push(self, datagram: bytes, now: float, label: T) -> None:
        """See `Link`."""
        if self.account is not None:
            self.account.leaves(datagram, now)
        super().push(datagram, now, label)

    def poll(self, now: float) -> list[Delivery[T]]:
        """See `Link`."""
        arrived = super().poll(now)
        if self.account is not None:
            for each in arrived:
                self.account.arrives(each.datagram)
        return arrived


@contextmanager
def noting_repeats(accounts: dict[int, Account]) -> Iterator[None]:
    """While the block runs, every RTX packet is put down in the account of its media SSRC, if it has one."""
    repeat = PacketWriter.repeat

    def noted(writer: PacketWriter, sequence: int, packet: SentPacket, picture: Picture, now: float) -> int:
        account = accounts.get(writer.shape.ssrc)
        if account is not None and writer.can_repeat:
            account.repeats(writer._rtx_next, sequence)
        return repeat(writer, sequence, packet, picture, now)

    with patch.object(PacketWriter, "repeat", noted):
        yield
