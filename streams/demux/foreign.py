"""RTP payloads to coded pictures by way of the child: numbers them anew, and makes pictures of its answers.

Pure: bytes in, bytes out through `write`, pictures out through `emit`. What comes as H.264, H.265 or MPEG-4
part 2 (within a transport stream) goes through our own depacketizers from there on, so that it is passed on,
and looked at, like any other camera's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from streams.counters import Counters
from streams.demux.codecs import CODECS, PAYLOADS
from streams.demux.heads import read_head
from streams.demux.wire import Found, Picture
from streams.depacketize import CodedPicture, Depacketizer, depacketizer
from streams.errors import ProtocolError
from streams.h264 import split_annex_b
from streams.parameter_sets import Format

_INTERLEAVED = struct.Struct("!BBH")  # RFC 2326 §10.12
_RTP = struct.Struct("!BBHII")
_SSRC = 1
_FIRST_TIME = 1 << 20  # any but 0, which FFmpeg takes for none
_OWN = frozenset({"H264", "H265", "MP4V-ES"})
_MAX_UNITS = 512
_MAX_PACKET = 0xFFFF


@dataclass(frozen=True, slots=True)
class ForeignFormat:
    """What the child, or the pictures' own headers, said."""

    width: int
    height: int
    may_reorder: bool
    frames_per_second: float | None = None


class ForeignDepacketizer:
    """name: RTP encoding name, of `codecs.PAYLOADS`. write: takes an interleaved frame, or says that it has
    no room. on_codec: told what the pictures are, in our word, before the first of them.
    """

    ready = True  # whatever the child needs it finds in band

    def __init__(
        self,
        name: str,
        write: Callable[[bytes], bool],
        emit: Callable[[CodedPicture], None],
        on_codec: Callable[[str], None],
        counters: Counters,
    ) -> None:
        payload = PAYLOADS[name]
        self._payload_type = payload.payload_type
        self._described = payload.codec
        self._write = write
        self._emit = emit
        self._on_codec = on_codec
        self._counters = counters
        self._codec: str | None = None
        self._inner: Depacketizer | None = None
        self._format: ForeignFormat | None = None
        self._reorders = False
        self._changes = 0
        self._sequence = 0
        self._origin: int | None = None  # the first RTP time stamp
        self._gap = _Gap(timed=payload.codec is not None)

    @property
    def version(self) -> int:
        """Counts changes of `format` and `sps`."""
        return self._changes + (self._inner.version if self._inner is not None else 0)

    @property
    def format(self) -> Format | None:
        """What the pictures are, as far as it is known."""
        return self._inner.format if self._inner is not None else self._format

    @property
    def sps(self) -> bytes | None:
        """Of H.264 and H.265."""
        return self._inner.sps if self._inner is not None else None

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence."""
        size = _RTP.size + len(payload)
        if self._origin is None:
            self._origin = timestamp
        if size > _MAX_PACKET:
            self._counters.bad_packets += 1
            self.lost()
            return
        self._sequence += 2 if self._gap.open else 1
        head = _INTERLEAVED.pack(0x24, 0, size)
        kind = self._payload_type | (0x80 if marker else 0)
        time = (timestamp - self._origin + _FIRST_TIME) & 0xFFFFFFFF
        rtp = _RTP.pack(0x80, kind, self._sequence & 0xFFFF, time, _SSRC)
        if self._write(head + rtp + payload):
            self._gap.fed(timestamp, marker)
        else:
            self._counters.unread_packets += 1
            self.lost()

    def lost(self) -> None:
        """Packets before the next one are missing."""
        self._gap.begin()
        if self._inner is not None:
            self._inner.lost()

    # What the child says:

    def found(self, found: Found) -> None:
        """What is in the packets. Raises `ProtocolError` where that cannot be."""
        codec = CODECS.get(found.codec)
        if self._codec is not None or codec is None or self._described not in (None, codec):
            raise ProtocolError("the demuxer's process named a codec that cannot be")
        self._codec = codec
        if codec in _OWN:
            self._inner = depacketizer(codec, (), self._emit, self._counters)
        elif found.width and found.height:
            self._format = ForeignFormat(found.width, found.height, found.reorders)
        self._reorders = found.reorders
        self._changes += 1
        self._on_codec(codec)

    def picture(self, picture: Picture) -> None:
        """A picture. Raises `ProtocolError` if nothing was found before."""
        if self._codec is None:
            raise ProtocolError("the demuxer's process gave a picture of no codec")
        origin = self._origin if self._described is not None and self._origin is not None else 0
        timestamp = (origin + picture.time) & 0xFFFFFFFF
        if self._inner is not None:
            self._unpack(self._inner, picture, timestamp)
            return
        head = read_head(self._codec, picture.data, picture.is_key)
        if picture.is_corrupt or not self._gap.passes(timestamp, head.is_key):
            self._counters.dropped_pictures += 1
            if picture.is_corrupt:
                self._gap.damaged()
            return
        known = self._format
        if head.size is not None and (known is None or head.size != (known.width, known.height)):
            self._format = ForeignFormat(*head.size, self._reorders)
            self._changes += 1
        self._emit(CodedPicture(timestamp, head.is_key, (picture.data,)))

    def _unpack(self, inner: Depacketizer, picture: Picture, timestamp: int) -> None:
        """Feed a picture to the depacketizer of its codec, in packets of one NAL unit each."""
        if picture.is_corrupt:
            inner.lost()
        if self._codec == "MP4V-ES":
            units = [picture.data]
        else:
            try:
                units = split_annex_b(picture.data, _MAX_UNITS)
            except ProtocolError:
                self._counters.bad_nal_units += 1
                inner.lost()
                return
        for index, unit in enumerate(units):
            inner.feed(memoryview(unit), timestamp, index == len(units) - 1)


class _Gap:
    """Which pictures can be sound, where packets are missing: those that were whole before the gap, and from
    the next keyframe behind it on.

    timed: the child's pictures carry the RTP time of their packets. Where not, everything after the loss is
    waited out.
    """

    def __init__(self, *, timed: bool) -> None:
        self._timed = timed
        self._waiting = True  # for a keyframe
        self._newest: int | None = None  # RTP time that was fed: pictures in front of it are whole
        self._before: int | None = None  # the same when the gap began
        self._after: int | None = None  # RTP time of the first packet behind it
        self.open = False  # no packet behind it yet

    def begin(self) -> None:
        """Packets are missing from here on."""
        self.open = True
        if not self._timed or self._newest is None:
            self._waiting = True
            return
        if self._before is None:
            self._before = self._newest
        self._after = None

    def damaged(self) -> None:
        """The child itself found something missing."""
        self._waiting = True

    def fed(self, timestamp: int, marker: bool) -> None:
        """A packet went to the child."""
        if self.open:
            self.open = False
            self._after = timestamp
        self._newest = (timestamp + marker) & 0xFFFFFFFF

    def passes(self, timestamp: int, is_key: bool) -> bool:
        """Whether the child's next picture can be sound."""
        if self._before is not None and (timestamp == self._after or not _ahead(self._before, timestamp)):
            self._waiting = True
            if not is_key or self._after is None or not _ahead(timestamp, self._after):
                return False
            self._before = self._after = None
        if self._waiting and (not is_key or (self.open and not self._timed)):
            return False
        self._waiting = False
        return True


def _ahead(one: int, other: int) -> bool:
    """Whether a 32-bit time is later than another."""
    return 0 < (one - other) & 0xFFFFFFFF < 0x8000_0000
