"""What is fuzzed: functions of bytes. Each returns for any bytes; what it lets out besides is a find.

Belongs here: which parser is fed how, and what must hold afterwards. The coverage-guided driver is
`__main__.py`; hypothesis feeds the same functions in the normal suite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from streams.counters import Counters
from streams.demux.codecs import PAYLOADS
from streams.demux.foreign import ForeignDepacketizer
from streams.demux.wire import Found, Picture, Reader
from streams.depacketize import MAX_PICTURE_BYTES, CodedPicture, depacketizer
from streams.errors import CameraError, ProtocolError
from streams.h264 import ParameterSets as H264Sets
from streams.h264 import Sps, is_b_slice, parse_sps, split_annex_b, starts_picture
from streams.h265 import ParameterSets as H265Sets
from streams.h265 import parse_sps as parse_h265_sps
from streams.reorder import SliceOrder
from streams.rtp import RtpReceiver, parse_sender_report
from streams.rtsp.auth import Challenge, parse_challenges, strongest
from streams.rtsp.messages import parse_server_port, parse_session, parse_transport
from streams.rtsp.sdp import choose_video, parse_sdp
from streams.rtsp.wire import Wire
from streams.timeline import CameraTimeline

_MOST = 64 * 1024  # bytes looked at
_CODECS = ("H264", "H265", "JPEG", "MP4V-ES")


def rtsp(data: bytes) -> None:
    """A connection's bytes, in reads of lengths that they say themselves."""
    frames = 0

    def on_frame(channel: int, payload: memoryview) -> None:
        nonlocal frames
        frames += len(payload)

    wire = Wire(on_frame, lambda message: None, lambda: None)
    at = 0
    try:
        while at < len(data):
            room = wire.room()
            count = min(1 + data[at] * 5, len(room), len(data) - at)
            room[:count] = data[at : at + count]
            at += count
            wire.received(count)
    except ProtocolError:
        pass
    assert frames <= len(data)


def headers(data: bytes) -> None:
    """Values of RTSP headers."""
    text = data.decode("latin-1")
    challenges = parse_challenges([text])
    chosen = strongest(challenges)
    assert chosen is None or isinstance(chosen, Challenge)
    for parse in (parse_session, parse_transport, parse_server_port):
        with suppress(ProtocolError):
            parse(text)


def sdp(data: bytes) -> None:
    """A session description."""
    try:
        track = choose_video(parse_sdp(data))
    except (ProtocolError, CameraError):
        return
    assert 0 <= track.payload_type < 128 and all(track.parameter_sets)
    if track.codec not in PAYLOADS:
        depacketizer(track.codec, track.parameter_sets, lambda picture: None, Counters(), track.size)


def rtp(data: bytes) -> None:
    """Packets, each behind its length; the first byte says the codec. RTCP is looked at too."""
    if not data:
        return
    pictures: list[CodedPicture] = []
    counters = Counters()
    made = depacketizer(_CODECS[data[0] & 3], (), pictures.append, counters)
    receiver = RtpReceiver(96, made, counters)
    track = CameraTimeline().track()
    at, now = 1, 0.0
    while at < len(data):
        size = data[at]
        packet = data[at + 1 : at + 1 + size]
        at += 1 + size
        now += 0.01
        receiver.feed(memoryview(packet), now)
        report = parse_sender_report(packet)
        if report is not None:
            receiver.report_received(report, now)
            track.report(report)
        receiver.receiver_report(1, now)
    newest = -1
    for picture in pictures:
        assert picture.nal_units and all(picture.nal_units)
        assert sum(map(len, picture.nal_units)) <= 2 * MAX_PICTURE_BYTES
        instant = track.picture(picture.timestamp, now)
        assert instant.media_time > newest
        newest = instant.media_time


def payloads(data: bytes) -> None:
    """Payloads alone, each behind its length and a byte of flags: deeper than `rtp` comes by chance."""
    if not data:
        return
    pictures: list[CodedPicture] = []
    made = depacketizer(_CODECS[data[0] & 3], (), pictures.append, Counters())
    at, timestamp = 1, 0
    while at + 2 <= len(data):
        size, flags = data[at], data[at + 1]
        if flags & 1:
            made.lost()
        timestamp += flags >> 1 & 1
        made.feed(memoryview(data[at + 2 : at + 2 + size]), timestamp, bool(flags & 4))
        at += 2 + size
    for picture in pictures:
        assert picture.nal_units and all(picture.nal_units)


def nal(data: bytes) -> None:
    """Parameter sets, slices and start codes of H.264 and H.265."""
    for parse in (parse_sps, parse_h265_sps):
        try:
            known = parse(data)
        except ProtocolError:
            continue
        assert 0 < known.width <= 16384 and 0 < known.height <= 16384
    is_b_slice(data)
    starts_picture(data)
    try:
        units = split_annex_b(data)
    except ProtocolError:
        return
    h264, h265, order = H264Sets(), H265Sets(), SliceOrder()
    for unit in units:
        for sets in (h264, h265):
            with suppress(ProtocolError):
                sets.add(unit)
        active = h264.active
        assert active is None or isinstance(active, Sps)
        order.observe((unit,), unit[0] & 0x1F == 5, active)
    assert len(h264.units()) <= 72 and len(h265.units()) <= 80


def child(data: bytes) -> None:
    """What a demuxer's process may write, in two pieces; the first byte says what it was started for."""
    if not data:
        return
    pictures: list[CodedPicture] = []
    names = tuple(PAYLOADS)
    made = ForeignDepacketizer(
        names[data[0] % len(names)], lambda _: True, pictures.append, lambda codec: None, Counters()
    )
    made.feed(memoryview(b"payload"), 1, True)
    reader = Reader()
    with suppress(ProtocolError):
        for piece in (data[1 : 1 + len(data) // 2], data[1 + len(data) // 2 :]):
            for message in reader.feed(piece):
                if isinstance(message, Found):
                    made.found(message)
                elif isinstance(message, Picture):
                    made.picture(message)
    for picture in pictures:
        assert picture.nal_units and all(picture.nal_units)
    size = made.format
    assert size is None or (size.width > 0 and size.height > 0)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (rtsp, headers, sdp, rtp, payloads, nal, child)
}


def feed(name: str, data: bytes) -> None:
    """Feed one target, with no more than it looks at."""
    TARGETS[name](data[:_MOST])
