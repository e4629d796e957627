"""RTSP text, authentication and faults in words: what is taken, what is refused."""

from __future__ import annotations

import base64

import pytest

from streams.simulator import guard
from streams.simulator.camera import Auth, SimulatedCamera
from streams.simulator.fault import Fault, FaultKind
from streams.simulator.message import BadRequest, Request, interleaved_channels, response
from tests.streams.simulator.client import digest

URI = "rtsp://127.0.0.1/cam/main"


def test_request() -> None:
    request = Request.parse(
        b"describe rtsp://h:1/a%20b/main/ RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 2\r\n\r\n"
    )
    assert (request.method, request.path, request.headers["cseq"]) == ("DESCRIBE", ("a b", "main"), "3")
    assert request.content_length == 2


@pytest.mark.parametrize(
    "head",
    [b"", b"GET / HTTP/1.1\r\n\r\n", b"PLAY x RTSP/1.0\r\nno colon\r\n\r\n", b"\xff\xfe RTSP/1.0\r\n\r\n"],
)
def test_no_request(head: bytes) -> None:
    with pytest.raises(BadRequest):
        Request.parse(head)


@pytest.mark.parametrize("length", ["-1", "x", "99999999"])
def test_bad_content_length(length: str) -> None:
    with pytest.raises(BadRequest):
        _ = Request.parse(f"PLAY x RTSP/1.0\r\nContent-Length: {length}\r\n\r\n".encode()).content_length


def test_response() -> None:
    assert (
        response(200, "7", {"A": "b"}, "hä").decode()
        == "RTSP/1.0 200 OK\r\nCSeq: 7\r\nA: b\r\nContent-Length: 3\r\n\r\nhä"
    )


@pytest.mark.parametrize(
    ("transport", "channels"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", (2, 3)),
        ("RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=4", (4, 5)),
        ("RTP/AVP/TCP;unicast", (0, 1)),
        ("RTP/AVP;unicast;client_port=1-2", None),
        ("RTP/AVP/TCP;interleaved=300-301", None),
        ("RTP/AVP/TCP;interleaved=x", None),
        ("", None),
    ],
)
def test_transport(transport: str, channels: tuple[int, int] | None) -> None:
    assert interleaved_channels(transport) == channels


@pytest.mark.parametrize(
    ("auth", "schemes"),
    [
        (Auth.BASIC, ["Basic"]),
        (Auth.DIGEST, ["MD5"]),
        (Auth.DIGEST_SHA256, ["SHA-256"]),
        (Auth.DIGEST_BOTH, ["SHA-256", "MD5"]),
    ],
)
def test_the_right_password_is_accepted_and_no_other(auth: Auth, schemes: list[str]) -> None:
    lines = guard.challenges(auth, "n0nce").strip().split("\r\n")
    assert len(lines) == len(schemes)
    for line, scheme in zip(lines, schemes, strict=True):
        challenge = line.removeprefix("WWW-Authenticate: ")
        for password in ("right", "wrong"):
            if scheme == "Basic":
                header = "Basic " + base64.b64encode(f"user:{password}".encode()).decode()
            else:
                header = digest(challenge, "user", password, "DESCRIBE", URI)
                assert f"algorithm={scheme}" in header
            accepted = guard.accepts(auth, header, "DESCRIBE", "user", "right", "n0nce")
            assert accepted == (password == "right")
            if scheme != "Basic":
                assert not guard.accepts(auth, header, "SETUP", "user", "right", "n0nce")
                assert not guard.accepts(auth, header, "DESCRIBE", "user", "right", "another nonce")
            assert not guard.accepts(auth, header, "DESCRIBE", "somebody", "right", "n0nce")


@pytest.mark.parametrize("auth", [each for each in Auth if each is not Auth.NONE])
@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic !!", "Digest", 'Digest username="user"', "Bearer x"]
)
def test_rubbish_is_not_accepted(auth: Auth, header: str | None) -> None:
    assert not guard.accepts(auth, header, "PLAY", "user", "right", "n0nce")


def test_faults_are_read_from_words() -> None:
    assert Fault.parse("none") is None
    assert Fault.parse("stall 2.5s") == Fault(FaultKind.STALL, 2.5)
    assert Fault.parse("slow 5 rate=64000") == Fault(FaultKind.SLOW, 5, 64_000)
    assert Fault(FaultKind.REBOOT).lasts == 5
    for kind in FaultKind:
        assert Fault.parse(kind.value) == Fault(kind)


@pytest.mark.parametrize(
    "words", ["", "explode", "stall -1", "stall 0", "stall soon", "slow rate=1", "stall nan"]
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Fault.parse(words)


@pytest.mark.parametrize(
    "order",
    [
        {"id": ""},
        {"id": "a/b"},
        {"id": "시장"},
        {"fps": 0},
        {"fps": 100},
        {"gop_s": 0},
        {"size": (1281, 720)},
        {"sub_size": (64, 36)},
        {"auth": Auth.DIGEST},
        {"session_timeout_s": 0},
    ],
)
def test_impossible_cameras_are_refused(order: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="camera"):
        SimulatedCamera(**{"id": "a", "name": "a", **order})  # type: ignore[arg-type]  # on purpose


def test_a_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(SimulatedCamera("a", "a", auth=Auth.BASIC, username="u", password="s3cret"))
