"""The RTSP wire: frames and messages out of bytes, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import NotRtspError, ProtocolError
from streams.rtsp.messages import Request, Response
from streams.rtsp.wire import BUFFER_BYTES, Wire
from tests.cameras.video import interleaved

OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
FRAME = b"\x80\x60" + bytes(range(30))


class Bench:
    def __init__(self, *, playing: bool = False) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.messages: list[Response | Request] = []
        self.resyncs = 0
        self.wire = Wire(self._frame, self.messages.append, self._resync)
        if playing:
            self.feed(OK)
            self.wire.channels = (0, 1)

    def _frame(self, channel: int, payload: memoryview) -> None:
        self.frames.append((channel, bytes(payload)))

    def _resync(self) -> None:
        self.resyncs += 1

    def feed(self, data: bytes, step: int = BUFFER_BYTES) -> Bench:
        while data:
            room = self.wire.room()
            assert len(room) > 0
            count = min(len(room), len(data), step)
            room[:count] = data[:count]
            self.wire.received(count)
            data = data[count:]
        return self


def test_frames_and_messages_mixed() -> None:
    body = b"RTSP/1.0 200 OK\nCSeq: 2\nContent-Length: 5\n\nhello"
    bench = Bench().feed(
        OK + interleaved(0, FRAME) + b"\r\n" + body + interleaved(1, b"x") + interleaved(9, b"")
    )
    assert bench.frames == [(0, FRAME), (1, b"x")]
    assert [message.body for message in bench.messages] == [b"", b"hello"]


def test_the_largest_frame_fits() -> None:
    frame = bytes(65535)
    bench = Bench(playing=True).feed(interleaved(0, frame) * 3 + interleaved(0, FRAME), step=50_000)
    assert bench.frames == [(0, frame)] * 3 + [(0, FRAME)]


def test_requests_of_the_camera() -> None:
    bench = Bench().feed(b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n")
    (request,) = bench.messages
    assert isinstance(request, Request) and request.method == "OPTIONS" and request.sequence == 9


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad\r\n\r\n", b"SSH-2.0-x\r\n", b"\x16\x03\x01", b"220 mail ready\r\n"]
)
def test_something_else_answers(data: bytes) -> None:
    with pytest.raises(NotRtspError):
        Bench().feed(data, step=1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000, id="endless header"),
        pytest.param(b"RTSP/1.0 200 OK\r\nX: " + b"y" * 20000, id="endless line"),
        pytest.param(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", id="many headers"),
        pytest.param(b"RTSP/1.0 abc\r\n\r\n", id="no status"),
        pytest.param(b"RTSP/1.0\r\n\r\n", id="nothing"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\n", id="large body"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", id="negative body"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", id="long number"),
        pytest.param(OK + b"junk junk junk junk junk", id="junk before PLAY"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_bad_messages_are_errors(data: bytes, step: int) -> None:
    with pytest.raises(ProtocolError):
        Bench().feed(data, step)


@pytest.mark.parametrize("step", [1, 13, 100_000])
@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"\x00\x01\x02 plain junk", id="junk"),
        pytest.param(FRAME[7:], id="rest of a frame"),
        pytest.param(b"x$y$z", id="with dollars"),
        pytest.param(b"x$\0\0\x0c\x01RTSQ R", id="nearly frames"),
        pytest.param(b"!" * 100_000, id="long"),
    ],
)
def test_framing_is_found_again(junk: bytes, step: int) -> None:
    bench = Bench(playing=True).feed(interleaved(0, FRAME) + junk + interleaved(0, FRAME) * 3, step)
    assert bench.frames[0] == (0, FRAME) and bench.frames[-1] == (0, FRAME)
    assert bench.resyncs >= 1
    bench.feed(OK)
    assert len(bench.messages) == 2


def test_junk_is_bounded() -> None:
    with pytest.raises(ProtocolError):
        Bench(playing=True).feed(b"?" * 400_000)


@given(st.binary(max_size=400), st.integers(1, 50), st.booleans())
def test_any_bytes_end_in_a_result_or_an_error(data: bytes, step: int, playing: bool) -> None:
    bench = Bench(playing=playing)
    try:
        bench.feed(data, step)
    except ProtocolError:
        return
    assert sum(len(payload) + 4 for _, payload in bench.frames) <= len(data)


PIECES = st.one_of(
    st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=200)).map(lambda pair: interleaved(*pair)),
    st.just(OK),
    st.just(b"\r\n"),
    st.binary(max_size=80).map(lambda b: b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(b) + b),
)


@given(st.lists(PIECES, max_size=20), st.integers(1, 300))
def test_where_it_is_cut_makes_no_difference(pieces: list[bytes], step: int) -> None:
    whole, cut = Bench(playing=True), Bench(playing=True)
    data = b"".join(pieces)
    whole.feed(data)
    cut.feed(data, step)
    assert (whole.frames, whole.messages, whole.resyncs) == (cut.frames, cut.messages, 0)
