"""What cameras really answer, and what it must come to. See `dialogues/README.md`."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.rtsp.address import resolve_control, usable_base
from streams.rtsp.messages import Request, Response, parse_session, parse_transport
from streams.rtsp.sdp import VideoTrack, choose_video, parse_sdp
from streams.rtsp.wire import Wire
from tests.cameras.video import interleaved

DIALOGUES = Path(__file__).parent / "dialogues"
ASKED = "rtsp://192.168.1.5/live"


def recorded(name: str) -> bytes:
    """A recorded answer as it is on the wire."""
    _, _, text = (DIALOGUES / f"{name}.txt").read_text().partition("\n")
    head, _, body = text.partition("\n\n")
    raw = body.replace("\n", "\r\n").encode()
    return head.replace("\n", "\r\n").replace("{length}", str(len(raw))).encode() + b"\r\n\r\n" + raw


def answer(name: str) -> Response:
    messages: list[Response | Request] = []
    wire = Wire(lambda channel, payload: None, messages.append, lambda: None)
    # A blank line and a frame around it, as cameras do once they play.
    for byte in b"\r\n" + interleaved(0, b"\x80" + bytes(11)) + recorded(name):
        wire.room()[:1] = bytes((byte,))
        wire.received(1)
    (message,) = messages
    assert isinstance(message, Response) and message.status == 200
    return message


def described(name: str) -> tuple[VideoTrack, str, str]:
    """The track, the address to set up and the address to play."""
    response = answer(name)
    base = usable_base(response.header("content-base"), ASKED)
    description = parse_sdp(response.body)
    track = choose_video(description)
    aggregate = resolve_control(base, description.control)
    return track, resolve_control(aggregate, track.control), aggregate


@pytest.mark.parametrize(
    ("name", "payload_type", "sets", "set_up"),
    [
        ("describe_plain", 96, 2, "rtsp://192.168.1.64:554/Streaming/Channels/101/trackID=1"),
        ("describe_query_base", 96, 2, "rtsp://192.168.1.108/cam/realmonitor?channel=1&subtype=1/trackID=0"),
        ("describe_base_without_scheme", 96, 2, ASKED + "/track1"),
        ("describe_no_origin_two_names", 96, 2, ASKED + "/track1"),
        ("describe_fmtp_elsewhere", 96, 2, "rtsp://10.1.1.1/live/track1"),
        ("describe_empty_fmtp", 99, 0, ASKED + "/trackID=1"),
        ("describe_no_rtpmap", 96, 2, ASKED),
        ("describe_base_doubled", 96, 2, "rtsp://192.168.1.9:554/live/track1"),
        ("describe_base_bare_ipv6", 96, 2, ASKED + "/track1"),
        ("describe_wrong_profile", 96, 2, ASKED + "/track1"),
        ("describe_unreadable_sets", 96, 0, ASKED + "/track1"),
        ("describe_sets_with_start_codes", 96, 2, ASKED + "/track1"),
        ("describe_no_sets_comma", 96, 1, ASKED + "/track1"),
        ("describe_metadata_first", 96, 2, "rtsp://192.168.0.64:554/onvif1/track1"),
    ],
)
def test_describe(name: str, payload_type: int, sets: int, set_up: str) -> None:
    track, address, _ = described(name)
    assert (track.codec, track.payload_type, track.clock_rate) == ("H264", payload_type, 90_000)
    assert [unit[0] & 31 for unit in track.parameter_sets] == [7, 8][:sets]
    assert address == set_up


@pytest.mark.parametrize(
    ("name", "channels", "session", "timeout"),
    [
        ("setup_ssrc_space", (0, 1), "708345999", 60.0),
        ("setup_trailing_blanks", (4, 5), "47112344", 30.0),
        ("setup_no_transport", (0, 1), "a", 60.0),
        ("setup_quoted_mode", (0, 1), "1185366208", 60.0),
        ("setup_two_transports", (2, 3), "5", 5.0),
    ],
)
def test_setup(name: str, channels: tuple[int, int], session: str, timeout: float) -> None:
    response = answer(name)
    assert parse_transport(response.header("transport")) == channels
    header = parse_session(response.header("session") or "")
    assert (header.id, header.timeout_s) == (session, timeout)


@pytest.mark.parametrize(
    ("name", "session", "timeout"),
    [
        ("play_rtpinfo_semicolon", "12345", 60.0),
        ("play_rtpinfo_zero", "708345999", 60.0),
        ("play_other_session", "12346", 30.0),
    ],
)
def test_play(name: str, session: str, timeout: float) -> None:
    """The session is what is read; RTP-Info is not, for it lies."""
    header = parse_session(answer(name).header("session") or "")
    assert (header.id, header.timeout_s) == (session, timeout)


def test_every_dialogue_is_tested() -> None:
    text = Path(__file__).read_text()
    assert all(f'"{path.stem}"' in text for path in DIALOGUES.glob("*.txt"))
