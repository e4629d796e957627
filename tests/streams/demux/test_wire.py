"""What the child says, in any pieces; and what anything else says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.demux.wire import Found, Hello, Message, Picture, Reader, format_message
from streams.depacketize.picture import MAX_PICTURE_BYTES
from streams.errors import ProtocolError

times = st.integers(-(2**63), 2**63 - 1)
sizes = st.integers(0, 0xFFFF)
messages: st.SearchStrategy[Message] = st.one_of(
    st.just(Hello()),
    st.builds(Found, st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True), sizes, sizes, st.booleans()),
    st.builds(Picture, times, st.booleans(), st.booleans(), st.binary(min_size=1, max_size=2000)),
)


@given(st.lists(messages, max_size=6), st.lists(st.integers(1, 700), max_size=40))
def test_messages_come_out_as_they_went_in_whatever_the_pieces(said: list[Message], cuts: list[int]) -> None:
    data = b"".join(format_message(each) for each in said)
    reader, heard, at = Reader(), [], 0
    for cut in cuts:
        heard += reader.feed(data[at : at + cut])
        at += cut
    heard += reader.feed(data[at:])
    assert heard == said


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_give_messages_or_a_protocol_error(pieces: list[bytes]) -> None:
    reader = Reader()
    try:
        for piece in pieces:
            for message in reader.feed(piece):
                assert format_message(message)
    except ProtocolError:
        pass


def test_a_picture_too_large_is_known_by_its_head() -> None:
    """Before any of it is kept."""
    reader = Reader()
    assert reader.feed(bytes((3,)) + (9 + MAX_PICTURE_BYTES).to_bytes(4, "big")) == []
    with pytest.raises(ProtocolError):
        Reader().feed(bytes((3,)) + (10 + MAX_PICTURE_BYTES).to_bytes(4, "big"))


@pytest.mark.parametrize("size", [0, MAX_PICTURE_BYTES + 1])
def test_the_child_does_not_write_what_would_not_be_read(size: int) -> None:
    with pytest.raises(ValueError, match="length"):
        format_message(Picture(0, True, False, bytes(size)))


@pytest.mark.parametrize("name", [b"", b"a b", b"x" * 33, b"\xff"])
def test_a_codec_has_a_name(name: bytes) -> None:
    body = bytes(5) + name
    with pytest.raises(ProtocolError):
        Reader().feed(b"\x02" + len(body).to_bytes(4, "big") + body)
