"""Coded pictures to decoded ones, on their way to an encoder. The one door through which decoded pictures
come: what must be masked is masked here. Used by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import av.error
from av.codec.context import Flags
from av.stream import Stream

from streams.access_unit import AccessUnit
from streams.mask import Mask
from streams.timeline import TICKS

_NAMES = {
    "H264": "h264",
    "H265": "hevc",
    "JPEG": "mjpeg",
    "MP4V-ES": "mpeg4",
    "VP8": "vp8",
    "VP9": "vp9",
    "AV1": "libdav1d",
    "MPV": "mpeg2video",  # MPEG-1 too
    "H263": "h263",
}
_NAL = frozenset({"H264", "H265"})
_MOST_UNDER_WAY = 64  # pictures in the decoder
_MOST_PIXELS = 8192 * 8192  # of a picture: what a header claims is allocated before it is found to be a lie
_ANCHOR_LOST = 5 * TICKS  # RTP time this far back is another line, not another order


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture with the times of the access unit that it was. Times as in `AccessUnit`."""

    frame: av.VideoFrame
    rtp_time: int
    media_time: int
    captured: float | None
    arrived: float


class Decoder:
    """One camera's pictures, in the order of showing.

    codec: RTP encoding name. reorders: whether they are sent in another order; if not, each comes out at
    once. failures: pictures that could not be decoded; after one, nothing comes before the next keyframe.
    """

    def __init__(self, codec: str, *, reorders: bool, mask: Mask | None = None) -> None:
        self._codec = codec
        self._mask = mask
        self._reorders = reorders
        self._context = self._open()
        self._start = b"\0\0\0\1" if codec in _NAL else b""
        self._under_way: dict[int, tuple[AccessUnit, int]] = {}
        self._needs_key = True
        self._anchor: tuple[int, int] | None = None  # RTP and media time, newest shown
        self.failures = 0

    def restart(self) -> None:
        """Pictures before the next one are missing."""
        self._context.flush_buffers()
        self._under_way.clear()
        self._needs_key = True

    def decode(self, unit: AccessUnit) -> list[Decoded]:
        """The pictures that come out when this one goes in."""
        if self._needs_key and not unit.is_idr:
            return []
        self._needs_key = False
        packet = padded(b"".join([self._start + nal for nal in unit.nal_units]))
        packet.pts = unit.number
        while len(self._under_way) >= _MOST_UNDER_WAY:
            del self._under_way[next(iter(self._under_way))]
        self._under_way[unit.number] = unit, self._shown_at(unit)
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError:
            self.failures += 1
            self._context = self._open()
            self._under_way.clear()
            self._needs_key = True
            return []
        return self._named(frames)

    def flush(self) -> list[Decoded]:
        """The pictures that are still in the decoder; nothing may go in afterwards but after `restart`."""
        try:
            return self._named(self._context.decode(None))
        except av.error.FFmpegError:
            self.failures += 1
            return []

    def _named(self, frames: Sequence[av.VideoFrame]) -> list[Decoded]:
        found: list[Decoded] = []
        for frame in frames:
            known = self._under_way.pop(frame.pts, None) if frame.pts is not None else None
            if known is None or frame.is_corrupt:
                self.failures += 1
                continue
            unit, media_time = known
            picture = frame if self._mask is None else self._mask.apply(frame)
            found.append(Decoded(picture, unit.rtp_time, media_time, unit.captured, unit.arrived))
        return found

    def _shown_at(self, unit: AccessUnit) -> int:
        """Media time by the order of showing.

        A unit's own media time increases in the order of arrival: of a B-frame it says when it came, and its
        RTP time, against that of the picture in front of it, when it is shown.
        """
        if not self._reorders:
            return unit.media_time
        anchor = self._anchor
        if anchor is None or not anchor[0] - _ANCHOR_LOST < unit.rtp_time < anchor[0]:
            self._anchor = unit.rtp_time, unit.media_time
            return unit.media_time
        return anchor[1] + unit.rtp_time - anchor[0]

    def _open(self) -> av.VideoCodecContext:
        context = av.CodecContext.create(_NAMES[self._codec], "r")
        assert isinstance(context, av.VideoCodecContext)
        context.options = {"max_pixels": str(_MOST_PIXELS)}
        context.thread_count = 1  # frame threads hold back a picture each
        if not self._reorders:
            context.flags |= Flags.low_delay
        return context


def padded(data: bytes) -> av.Packet[Stream]:
    """A packet for a decoder: those of FFmpeg read past its end and want zeros there
    (AV_INPUT_BUFFER_PADDING_SIZE). One that PyAV makes of bytes has none; within the packet they would hide
    what VP9 says at its end. Without data it is one zero, for an empty packet is the end of everything."""
    packet = av.Packet(len(data) or 1)
    packet.update(data or b"\0")
    return packet


def decode_alone(codec: str, unit: AccessUnit, mask: Mask | None = None) -> av.VideoFrame | None:
    """One keyframe by itself, masked; None where it cannot be decoded. Parameters as of `Decoder`."""
    decoder = Decoder(codec, reorders=False, mask=mask)
    found = decoder.decode(unit) or decoder.flush()
    return found[0].frame if found else None
