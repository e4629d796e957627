"""Which pictures of the child are passed on, and what it is given."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.counters import Counters
from streams.demux.codecs import PAYLOADS, description
from streams.demux.foreign import ForeignDepacketizer, ForeignFormat
from streams.demux.wire import Found, Picture
from streams.depacketize import CodedPicture
from streams.errors import ProtocolError
from streams.h264 import Sps
from tests.cameras.coded import encode

KEY = encode("VP8", 1)[0].nal_units[0]
BODIES = st.binary(min_size=1)
OTHER = b"\x01" + bytes(20)


class Child:
    """The depacketizer with a child that is told by the test what to say."""

    def __init__(self, name: str = "VP8", codec: str = "vp8") -> None:
        self.frames: list[bytes] = []
        self.pictures: list[CodedPicture] = []
        self.codecs: list[str] = []
        self.counters = Counters()
        self.room = True
        self.made = ForeignDepacketizer(
            name, self.write, self.pictures.append, self.codecs.append, self.counters
        )
        if codec:
            self.made.found(Found(codec, 320, 240, False))

    def write(self, frame: bytes) -> bool:
        if self.room:
            self.frames.append(frame)
        return self.room

    def feed(self, timestamp: int, marker: bool = True) -> None:
        self.made.feed(memoryview(b"payload"), timestamp, marker)

    def say(self, time: int, is_key: bool, *, corrupt: bool = False) -> None:
        self.made.picture(Picture(time, is_key, corrupt, KEY if is_key else OTHER))

    @property
    def times(self) -> list[int]:
        return [picture.timestamp for picture in self.pictures]


def test_packets_are_numbered_anew_and_a_loss_leaves_a_hole() -> None:
    child = Child()
    child.feed(0xFFFFFF00, marker=False)
    child.feed(0xFFFFFF00)
    child.made.lost()
    child.made.lost()
    child.feed(0x100)
    heads = [struct.unpack("!BBHBBHII", frame[:16]) for frame in child.frames]
    assert all(frame[16:] == b"payload" for frame in child.frames)
    assert [(head[0], head[1], head[2]) for head in heads] == [(0x24, 0, 19)] * 3
    assert [head[4] for head in heads] == [96, 96 | 0x80, 96 | 0x80]
    first = heads[0][5]
    assert [head[5] - first for head in heads] == [0, 1, 3]
    assert [head[6] - heads[0][6] for head in heads] == [0, 0, 0x200]


def test_times_are_the_cameras_own() -> None:
    child = Child()
    child.feed(0xFFFFFF00)
    child.say(0, True)
    child.say(0x200, False)
    child.say(0x180, False)
    assert child.times == [0xFFFFFF00, 0x100, 0x80]
    assert child.codecs == ["VP8"] and child.made.format == ForeignFormat(320, 240, False)


def test_nothing_before_the_first_keyframe() -> None:
    child = Child()
    child.feed(1000)
    child.say(0, False)
    child.say(3000, True)
    assert child.times == [4000] and child.counters.dropped_pictures == 1


def test_after_a_loss_what_was_whole_before_it_and_then_the_next_keyframe() -> None:
    child = Child()
    for timestamp in (0, 3000, 6000):
        child.feed(timestamp)
    child.say(0, True)
    child.made.lost()
    child.say(3000, False)
    child.feed(9000)  # may have lost its beginning
    child.say(6000, False)
    child.say(9000, True)
    child.say(12000, False)
    assert child.times == [0, 3000, 6000]
    child.feed(15000)
    child.say(15000, True)
    child.say(18000, False)
    assert child.times == [0, 3000, 6000, 15000, 18000] and child.counters.dropped_pictures == 2


def test_a_picture_whose_end_is_missing_is_dropped_though_its_beginning_was_there() -> None:
    child = Child()
    child.feed(0)
    child.feed(3000, marker=False)
    child.made.lost()
    child.feed(6000)
    child.say(0, True)
    child.say(3000, True)
    assert child.times == [0]


def test_what_the_child_has_no_room_for_is_a_loss() -> None:
    child = Child()
    child.feed(0)
    child.say(0, True)
    child.room = False
    child.feed(3000)
    child.room = True
    child.feed(6000)
    child.say(6000, False)
    child.feed(9000)
    child.say(9000, True)
    assert child.times == [0, 9000] and child.counters.unread_packets == 1


def test_what_the_child_found_damaged_is_waited_out() -> None:
    child = Child()
    child.feed(0)
    child.say(0, True)
    child.say(3000, False, corrupt=True)
    child.say(6000, False)
    child.say(9000, True)
    assert child.times == [0, 9000] and child.counters.dropped_pictures == 2


def test_an_impossible_packet_is_counted_and_not_written() -> None:
    child = Child()
    child.made.feed(memoryview(bytes(70_000)), 0, True)
    assert not child.frames and child.counters.bad_packets == 1


def test_h264_in_a_transport_stream_is_ours_from_there_on() -> None:
    child = Child("MP2T", "h264")
    for index, picture in enumerate(encode("H264", 3)):
        data = b"".join(b"\0\0\0\1" + unit for unit in picture.nal_units)
        child.made.picture(Picture(3600 * index, picture.is_key, False, data))
    assert child.codecs == ["H264"] and child.times == [0, 3600, 7200]
    first = child.pictures[0]
    assert first.is_idr and [unit[0] & 31 for unit in first.nal_units][:2] == [7, 8]
    assert isinstance(child.made.format, Sps) and child.made.format.width == 320
    assert child.made.sps is not None and child.made.version > 1
    child.made.picture(Picture(0, False, True, b"\0\0\1\x41\x80damaged"))
    child.made.picture(Picture(3600, False, False, b"\0\0\1\x41\x80next"))
    assert len(child.pictures) == 3


def test_a_size_that_changes_is_told() -> None:
    child = Child()
    version = child.made.version
    child.feed(0)
    child.made.picture(Picture(0, True, False, encode("VP8", 1, width=640, height=480)[0].nal_units[0]))
    assert child.made.format == ForeignFormat(640, 480, False) and child.made.version > version


@pytest.mark.parametrize(
    ("name", "codec"), [("VP8", "vp9"), ("VP8", "rawvideo"), ("MP2T", "theora"), ("MPV", "h264")]
)
def test_a_codec_that_cannot_be_is_a_broken_child(name: str, codec: str) -> None:
    child = Child(name, "")
    with pytest.raises(ProtocolError):
        child.made.found(Found(codec, 0, 0, False))


def test_a_child_that_forgets_itself() -> None:
    with pytest.raises(ProtocolError):
        Child(codec="").say(0, True)
    with pytest.raises(ProtocolError):
        Child().made.found(Found("vp8", 0, 0, False))


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_description_for_ffmpeg_is_all_ours(name: str) -> None:
    text = description(name).decode()
    kind = PAYLOADS[name].payload_type
    assert f"m=video 0 RTP/AVP {kind}\r\n" in text
    assert (f"a=rtpmap:{kind} {name}/90000\r\n" in text) == (kind >= 96)


@given(
    st.sampled_from(["vp8", "h264", "hevc", "mpeg4"]),
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.booleans(), st.binary(min_size=1))
    ),
)
def test_any_picture_is_passed_on_or_dropped(codec: str, said: list[tuple[int, bool, bool, bytes]]) -> None:
    child = Child("VP8" if codec == "vp8" else "MP2T", codec)
    for time, is_key, corrupt, data in said:
        child.made.picture(Picture(time, is_key, corrupt, data))
    assert all(0 <= time < 1 << 32 for time in child.times)
    assert all(unit for picture in child.pictures for unit in picture.nal_units)
