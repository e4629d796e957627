"""From one session's packets to its rendition, through a depacketizer of ours or a child process.

Synchronous: runs in the callback of the camera's socket, or of the child's pipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streams.demux.codecs import MP2T, PAYLOADS
from streams.demux.foreign import ForeignDepacketizer
from streams.demux.process import Demuxer
from streams.demux.wire import Found, Hello, Message, Picture
from streams.depacketize import CodedPicture, Depacketizer, depacketizer
from streams.errors import ProtocolError
from streams.h264 import Sps
from streams.reorder import SliceOrder
from streams.rtp import RtpReceiver, parse_sender_report
from streams.rtsp.dialogue import Dialogue
from streams.rtsp.sdp import VideoTrack
from streams.state import Live

if TYPE_CHECKING:
    from streams.source import Source


@dataclass(slots=True)
class Progress:
    """What the current attempt has given so far; monotonic seconds."""

    connected: bool = False
    first_packet: float | None = None
    first_picture: float | None = None
    newest_picture: float | None = None


class Reception:
    """One session's. `dialogue` is set before its first packet."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source = source
        self._rendition = source.rendition
        self._progress = progress
        self._depacketizer: Depacketizer | None = None
        self._receiver: RtpReceiver | None = None
        self._demuxer: Demuxer | None = None
        self._foreign: ForeignDepacketizer | None = None
        self._reports_apply = True  # sender reports are of the same clock as the pictures' times
        self._sets_version = -1
        self._now = 0.0
        self.dialogue: Dialogue | None = None

    def begin(self, track: VideoTrack, demuxer: Demuxer | None) -> None:
        """A track was chosen, and a child was started where it has no depacketizer of ours. Raises
        `CameraError` where there is neither."""
        rendition = self._rendition
        counters = rendition.counters
        if demuxer is None:
            self._depacketizer = depacketizer(
                track.codec, track.parameter_sets, self._on_picture, counters, track.size
            )
        else:
            self._demuxer = demuxer
            self._depacketizer = self._foreign = ForeignDepacketizer(
                track.codec, demuxer.write, self._on_picture, self._be_codec, counters
            )
            self._reports_apply = track.codec != MP2T
        self._receiver = RtpReceiver(track.payload_type, self._depacketizer, counters)
        rendition.track.restart()
        described = track.codec if demuxer is None else PAYLOADS[track.codec].codec
        if described is not None:
            self._be_codec(described)
        self._take_sets()

    def check(self) -> None:
        """Raises the `CameraError` that ended the child, if there is one that ended."""
        if self._demuxer is not None and self._demuxer.failure is not None:
            raise self._demuxer.failure

    def _be_codec(self, codec: str) -> None:
        """What the pictures are from now on."""
        if self._rendition.codec != codec:
            self._rendition.codec = codec
            self._source.order = SliceOrder()
        self._take_order()
        self._source.on_described()

    @property
    def has_parameter_sets(self) -> bool:
        """Whether what a decoder must know ahead is known."""
        return self._depacketizer is not None and self._depacketizer.ready

    def report(self, own_ssrc: int, now: float) -> bytes:
        """The receiver report that is due."""
        assert self._receiver is not None
        return self._receiver.receiver_report(own_ssrc, now)

    def on_rtp(self, packet: memoryview, now: float) -> None:
        """A packet of the video track."""
        receiver = self._receiver
        if receiver is None:
            return
        self._now = now
        receiver.feed(packet, now)
        if self._progress.first_packet is None and receiver.received:
            self._progress.first_packet = now
            assert self.dialogue is not None
            self.dialogue.wake()

    def on_message(self, message: Message) -> None:
        """What the child says."""
        foreign = self._foreign
        if foreign is None:
            raise ProtocolError("the demuxer's process spoke before it was asked")
        self._now = self._source.clock()
        match message:
            case Found():
                foreign.found(message)
                self._take_sets()
            case Picture():
                foreign.picture(message)
            case Hello():
                pass

    def on_rtcp(self, compound: memoryview, now: float) -> None:
        """An RTCP compound."""
        report = parse_sender_report(compound)
        if report is not None and self._receiver is not None:
            self._receiver.report_received(report, now)
            if self._reports_apply and self._rendition.track.report(report):
                self._rendition.counters.sender_reports += 1

    def on_resync(self) -> None:
        """Bytes were lost between two frames."""
        self._rendition.counters.resyncs += 1
        if self._depacketizer is not None:
            self._depacketizer.lost()

    def _take_sets(self) -> None:
        assert self._depacketizer is not None
        if self._depacketizer.version != self._sets_version:
            self._sets_version = self._depacketizer.version
            self._rendition.set_format(self._depacketizer.format, self._depacketizer.sps)
            self._take_order()
            self._source.on_described()

    def _take_order(self) -> None:
        rendition, order = self._rendition, self._source.order
        rendition.has_b_slices, rendition.reorders = order.has_b_slices, order.reorders
        if rendition.codec != "H264" and rendition.format is not None:
            rendition.reorders = rendition.format.may_reorder  # these say it and mean it

    def _on_picture(self, picture: CodedPicture) -> None:
        rendition, progress, now = self._rendition, self._progress, self._now
        self._take_sets()
        instant = rendition.track.picture(picture.timestamp, now)
        if instant.jumped:
            rendition.counters.time_jumps += 1
        if rendition.codec == "H264":
            known = rendition.format
            order = self._source.order
            order.observe(picture.nal_units, picture.is_idr, known if isinstance(known, Sps) else None)
            if order.reorders != rendition.reorders or order.has_b_slices != rendition.has_b_slices:
                self._take_order()
                self._source.on_described()
        was_live = isinstance(rendition.state, Live)
        progress.newest_picture = now
        if progress.first_picture is None:
            progress.first_picture = now
            self._source.is_live()
        rendition.push(instant, now, picture.is_idr, picture.nal_units)
        if not was_live and self.dialogue is not None:
            self.dialogue.wake()
