"""Packets of one viewer: numbered, protected, sent, and found again when they got lost.

Belongs here: everything between a prepared run and the path, including retransmission. Not here: what is sent
and when (`relay/sender.py`).
"""

from __future__ import annotations

import secrets
import struct

from relay.extensions import build_extensions
from relay.packetize import RTP_HEADER
from relay.picture import Picture, Run, Shape
from relay.ports import EXTENSION_ABS_SEND_TIME, EXTENSION_TRANSPORT_CC, Path, RtpParameters, Srtp
from relay.sent import SentPacket, SentPackets
from relay.stats import SenderCounters

_header = struct.Struct("!BBHII").pack

_BYTES = bytes(range(256)) * 2


PLAIN_REACH = 1000
"""Packets back to which the same packet can be sent once more: libsrtp, here and there, knows 1,024."""


class PacketWriter:
    """Writes RTP and RTCP of one viewer. Raises `SrtpError` where SRTP refuses; the path never raises.

    next_sequence: the sequence number of the next packet, unwrapped. can_repeat: whether RTX was negotiated,
    so that packets can be sent again under numbers of their own.
    """

    __slots__ = (
        "_arena",
        "_counters",
        "_head",
        "_parameters",
        "_path",
        "_playout_delay",
        "_rtx_next",
        "_sent",
        "_srtp",
        "_transport_at",
        "_transport_next",
        "can_repeat",
        "next_sequence",
        "shape",
    )

    def __init__(
        self,
        parameters: RtpParameters,
        srtp: Srtp,
        path: Path,
        counters: SenderCounters,
        playout_delay: tuple[int, int] | None,
    ) -> None:
        ids = dict(parameters.extensions)
        if parameters.rtx_ssrc is None:
            # Without RTX a retransmission is the same packet, under the same key stream: it must not differ.
            ids.pop(EXTENSION_ABS_SEND_TIME, None)
            ids.pop(EXTENSION_TRANSPORT_CC, None)
        extensions = build_extensions(ids, parameters.mid, playout_delay)
        payload_types = {each.codec: each.payload_type for each in parameters.formats}
        self.shape = Shape(payload_types, parameters.ssrc, extensions, srtp.rtp_overhead)
        self.can_repeat = parameters.rtx_ssrc is not None
        self._parameters = parameters
        self._playout_delay = playout_delay
        self._srtp = srtp
        self._arena = srtp.arena
        self._path = path
        self._counters = counters
        self._sent = SentPackets()
        self._head = RTP_HEADER + len(extensions.block) + srtp.rtp_overhead
        at = extensions.transport_cc_at
        self._transport_at = None if at is None else RTP_HEADER + at
        self._transport_next = 0
        # Away from the wrap, so that nothing that gets lost at the start confuses the roll-over counter.
        self.next_sequence = 1 + secrets.randbelow(1 << 15)
        self._rtx_next = 1 + secrets.randbelow(1 << 15)

    def ask_delay(self, playout_delay: tuple[int, int]) -> None:
        """Ask the viewer for another delay (see `build_extensions`) from the next packet on, where it can be
        asked: the extension was negotiated from the start, and a retransmission need not be the same packet.
        """
        if self._playout_delay is None or not self.can_repeat or playout_delay == self._playout_delay:
            return
        self._playout_delay = playout_delay
        ids = self._parameters.extensions
        extensions = build_extensions(ids, self._parameters.mid, playout_delay)
        shape = self.shape
        self.shape = Shape(shape.payload_types, shape.ssrc, extensions, shape.overhead)

    def write(self, run: Run, start: int, count: int, stamp: int, number: int, sent_at: float | None) -> bool:
        """Send `count` packets of `run` from its packet `start` on. False: the path did not take them all.

        stamp: RTP time, unwrapped. number: of the access unit. sent_at: monotonic seconds, where the send
        time in the prepared packets is no longer true.
        """
        stride = run.stride
        whole = count == run.count
        ends = start + count == run.count
        last = run.last if ends else run.length
        size = (count - 1) * stride + last + self.shape.overhead
        arena = self._arena
        arena[:size] = run.template if whole else run.template[start * stride : start * stride + size]
        sequence = self.next_sequence
        _number(arena, 2, size, stride, count, sequence)
        if self._transport_at is not None:
            _number(arena, self._transport_at, size, stride, count, self._transport_next)
            self._transport_next += count
        if sent_at is not None and self.shape.extensions.abs_send_time_at is not None:
            self._time(size, stride, count, sent_at)
        self._srtp.protect_run(run.length, count, last)
        taken = self._path.send_run(arena[:size], stride)
        if taken:
            self.next_sequence = sequence + taken
            self._sent.add(sequence, taken, number, run.first + start, stamp & 0xFFFFFFFF)
            counters = self._counters
            size = size if taken == count else taken * stride
            counters.packets += taken
            counters.bytes += size
            counters.payload_bytes += size - taken * self._head
        return taken == count

    def find(self, sequence: int) -> SentPacket | None:
        """What left under this sequence number (unwrapped) and can be sent again."""
        if not self.can_repeat and self.next_sequence - sequence > PLAIN_REACH:
            return None
        return self._sent.find(sequence)

    def repeat(self, sequence: int, packet: SentPacket, picture: Picture, now: float) -> int:
        """Send a packet again: by RTX (RFC 4588) where negotiated, else as it was. Bytes that left; 0 where
        the viewer does not take the picture's codec."""
        agreed = self._parameters.format_of(picture.codec)
        if agreed is None:
            return 0
        payload = picture.payloads[packet.index]
        block = self.shape.extensions.at(now)
        marker = 0x80 if packet.index == len(picture.payloads) - 1 else 0
        first = 0x90 if block else 0x80
        rtx_type, rtx_ssrc = agreed.rtx_payload_type, self._parameters.rtx_ssrc
        original = sequence & 0xFFFF
        if rtx_type is None or rtx_ssrc is None:
            head = _header(first, marker | agreed.payload_type, original, packet.stamp, self.shape.ssrc)
            plain = head + block + payload
        else:
            number = self._rtx_next & 0xFFFF
            self._rtx_next += 1
            head = _header(first, marker | rtx_type, number, packet.stamp, rtx_ssrc)
            plain = head + self._numbered(block) + original.to_bytes(2, "big") + payload
        protected = self._srtp.protect_rtp(plain)
        if not self._path.send((protected,)):
            return 0
        self._counters.retransmitted += 1
        self._counters.retransmitted_bytes += len(protected)
        return len(protected)

    def control(self, compound: bytes) -> None:
        """Send RTCP. Whether it leaves does not matter: the next one says the same."""
        self._path.send((self._srtp.protect_rtcp(compound),))

    def recall(self) -> None:
        """What the path took and still has must not leave, see `relay.ports.Path`."""
        self._path.recall()

    def _numbered(self, block: bytes) -> bytes:
        at = self.shape.extensions.transport_cc_at
        if at is None:
            return block
        number = (self._transport_next & 0xFFFF).to_bytes(2, "big")
        self._transport_next += 1
        return block[:at] + number + block[at + 2 :]

    def _time(self, size: int, stride: int, count: int, now: float) -> None:
        at = self.shape.extensions.abs_send_time_at
        assert at is not None
        value = self.shape.extensions.at(now)[at : at + 3]
        for offset in range(3):
            self._arena[RTP_HEADER + at + offset : size : stride] = value[offset : offset + 1] * count


def _number(arena: memoryview, at: int, size: int, stride: int, count: int, first: int) -> None:
    """Write `count` 16-bit numbers from `first` on, one every `stride` bytes from `at`: two strided copies
    instead of a loop over packets. `count`: at most 256."""
    low = first & 0xFF
    high = first >> 8 & 0xFF
    arena[at + 1 : size : stride] = _BYTES[low : low + count]
    carried = low + count - 256
    if carried <= 0:
        arena[at:size:stride] = _BYTES[high : high + 1] * count
    else:
        arena[at:size:stride] = (
            _BYTES[high : high + 1] * (count - carried) + _BYTES[high + 1 : high + 2] * carried
        )
