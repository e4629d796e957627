"""What one viewer is sent again: packets that it reports as lost, and packets that test its link.

Belongs here: which of the packets asked for are still there, how often one is sent. Not here: whether a fresh
start is better (`relay/sender.py`), the packets themselves (`relay/writer.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from relay.history import History
from relay.pacing import Pacer
from relay.picture import Picture
from relay.sent import SentPacket, unwrap
from relay.stats import SenderCounters
from relay.writer import PacketWriter

REPEAT_AFTER = 0.02
"""Seconds within which a packet is not sent again, however often it is asked for; or ..."""
REPEAT_SHARE = 0.4
"""... this share of a round trip, if that is longer. Chromium asks again every 100 ms, whatever the round
trip: the second copy is there when the first one got lost, which is what a picture waits longest for."""
MOST_REPEATED = 512
"""Packets whose last retransmission is remembered."""
OVERDRAFT = 60_000
"""Bytes by which retransmissions may overdraw the pacer; beyond it they have to be asked for again."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What a viewer asked for: the packets that are there, how many are not, and the bytes of those that are.
    anew: it had not asked for one of them before."""

    found: Sequence[tuple[int, SentPacket, Picture]]
    gone: int
    size: int
    anew: bool


class Repeats:
    """One viewer's. `now`: monotonic seconds."""

    def __init__(self, writer: PacketWriter, pacer: Pacer, counters: SenderCounters) -> None:
        self._writer = writer
        self._pacer = pacer
        self._counters = counters
        self._floor = 0  # packets before this sequence number are of no use to the viewer any more
        self._repeated: dict[int, float] = {}

    def forget(self) -> None:
        """What was sent so far is of no use to the viewer any more."""
        self._floor = self._writer.next_sequence

    def look_up(self, lost: Sequence[int], history: History) -> Missing:
        """The packets of these sequence numbers (16 bits), among the pictures of `history`."""
        found: list[tuple[int, SentPacket, Picture]] = []
        size = 0
        gone = 0
        for low in lost:
            sequence = unwrap(low, self._writer.next_sequence)
            if sequence < self._floor:
                continue
            packet = self._writer.find(sequence)
            picture = history.find(packet.number) if packet is not None else None
            if packet is None or picture is None:
                gone += 1
            else:
                found.append((sequence, packet, picture))
                size += len(picture.payloads[packet.index])
        self._counters.unserveable += gone
        return Missing(found, gone, size, any(sequence not in self._repeated for sequence, _, _ in found))

    def send(self, missing: Missing, round_trip: float | None, now: float) -> None:
        """Send them again, but none that was a moment ago."""
        patience = max(REPEAT_AFTER, REPEAT_SHARE * (round_trip or 0.0))
        for sequence, packet, picture in missing.found:
            if now - self._repeated.get(sequence, -patience) < patience or self._pacer.room(now) < -OVERDRAFT:
                self._counters.suppressed += 1
                continue
            self._remember(sequence, now)
            self._pacer.spend(self._writer.repeat(sequence, packet, picture, now))

    def probe(self, size: int, history: History, now: float) -> int:
        """Send about `size` bytes that nobody misses when they get lost, to see whether the link carries
        them: packets of the newest picture once more, by RTX. Returns the bytes that left; 0 without RTX."""
        if not self._writer.can_repeat:
            return 0
        left = 0
        sequence = self._writer.next_sequence
        while left < size:
            sequence -= 1
            if sequence < self._floor:
                break
            packet = self._writer.find(sequence)
            picture = history.find(packet.number) if packet is not None else None
            sent = self._writer.repeat(sequence, packet, picture, now) if packet and picture else 0
            if not sent:
                break
            left += sent
        return left  # not from the pacer's bucket: pictures go on as they would

    def _remember(self, sequence: int, now: float) -> None:
        if len(self._repeated) >= MOST_REPEATED:
            # Insertion order is the order of time, nearly: the first half is the older one.
            for old in list(self._repeated)[: MOST_REPEATED // 2]:
                del self._repeated[old]
        self._repeated[sequence] = now
