"""Addresses, headers, authentication and session descriptions, by table and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.camera import Credentials
from streams.demux.codecs import PAYLOADS
from streams.errors import CameraError, ProtocolError
from streams.rtsp.address import parse_address, resolve_control, usable_base
from streams.rtsp.auth import Authenticator, parse_challenges, strongest
from streams.rtsp.messages import (
    Request,
    Response,
    format_reply,
    format_request,
    parse_head,
    parse_session,
    parse_transport,
)
from streams.rtsp.sdp import choose_video, parse_sdp
from streams.state import Reason
from tests.cameras import fake


@pytest.mark.parametrize(
    ("url", "host", "port", "asked"),
    [
        ("rtsp://10.0.0.7/live", "10.0.0.7", 554, "rtsp://10.0.0.7/live"),
        ("RTSP://cam.example:8554/a?b=c&d", "cam.example", 8554, "rtsp://cam.example:8554/a?b=c&d"),
        ("rtsp://[fe80::1]:99/x#y", "fe80::1", 99, "rtsp://[fe80::1]:99/x"),
        ("rtsp://h", "h", 554, "rtsp://h"),
    ],
)
def test_addresses(url: str, host: str, port: int, asked: str) -> None:
    address = parse_address(url)
    assert (address.host, address.port, address.url) == (host, port, asked)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rtsp://",
        "http://h/",
        "rtsp://h:99999/",
        "rtsp://h:0/",
        "rtsp://[::1/",
        "rtsp://user:canary@h/",
        "rtsp://user@h/",
        "rtsp://h/a b",
        "rtsp://h/a\r\nX: canary",
        "rtsp://h/" + "canary" * 500,
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_address(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://h/a", None, "rtsp://h/a"),
        ("rtsp://h/a", "*", "rtsp://h/a"),
        ("rtsp://h/a", "track1", "rtsp://h/a/track1"),
        ("rtsp://h/a/", "track1", "rtsp://h/a/track1"),
        ("rtsp://h/a?x=1", "track1", "rtsp://h/a?x=1/track1"),
        ("rtsp://h/a", "rtsp://other/b", "rtsp://other/b"),
        ("rtsp://h/a", "http://other/b", "rtsp://h/a"),
    ],
)
def test_control(base: str, control: str | None, url: str) -> None:
    assert resolve_control(base, control) == url


@pytest.mark.parametrize(
    ("header", "base"),
    [
        (None, "rtsp://me/x"),
        ("rtsp://h/a/", "rtsp://h/a/"),
        ("h/a/", "rtsp://me/x"),
        ("rtsp://rtsp://h/a", "rtsp://h/a"),
        ("rtsp://::ffff:10.0.0.1:554/a", "rtsp://me/x"),
        ("http://h/", "rtsp://me/x"),
    ],
)
def test_base(header: str | None, base: str) -> None:
    assert usable_base(header, "rtsp://me/x") == base


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        ("abc;timeout=30", ("abc", 30.0)),
        ("abc; timeout=0", ("abc", 60.0)),
        ("abc;timeout=soon", ("abc", 60.0)),
        ("  abc  ", ("abc", 60.0)),
        ("abc;x=y;TIMEOUT=7", ("abc", 7.0)),
    ],
)
def test_session(header: str, parsed: tuple[str, float]) -> None:
    session = parse_session(header)
    assert (session.id, session.timeout_s) == parsed


@pytest.mark.parametrize("header", ["", ";timeout=3", "x" * 300])
def test_what_is_no_session(header: str) -> None:
    with pytest.raises(ProtocolError):
        parse_session(header)


@pytest.mark.parametrize(
    ("header", "channels"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", (2, 3)),
        ("RTP/AVP/TCP;interleaved=6", (6, 7)),
        ("RTP/AVP/TCP;unicast", (0, 1)),
        ("RTP/AVP;interleaved=0-1", (0, 1)),
        ("RTP/AVP/TCP;interleaved=0-900", (0, 1)),
    ],
)
def test_transport(header: str, channels: tuple[int, int]) -> None:
    assert parse_transport(header) == channels


@pytest.mark.parametrize(
    "header",
    ["RTP/AVP;unicast;client_port=1-2", "RTP/AVP/TCP;interleaved=300-301", "RTP/AVP/TCP;interleaved=x"],
)
def test_bad_transport(header: str) -> None:
    with pytest.raises(ProtocolError):
        parse_transport(header)


def test_request_and_reply() -> None:
    raw = format_request("PLAY", "rtsp://h/a", 7, [("Session", "x")])
    request, length = parse_head(raw[:-4])
    assert isinstance(request, Request) and length == 0
    assert (request.method, request.sequence, request.header("session")) == ("PLAY", 7, "x")
    assert format_reply(request).startswith(b"RTSP/1.0 501 Not Implemented\r\nCSeq: 7\r\n")
    with pytest.raises(ProtocolError):
        format_request("PLAY", "rtsp://h/a\r\nX: y", 1, [])


def test_a_status_is_told_in_our_words() -> None:
    response, _ = parse_head(b"RTSP/1.0 453 your password is canary\r\nCSeq: 1")
    assert isinstance(response, Response) and response.words == "453"
    assert parse_head(b"RTSP/1.0 404 canary")[0].words == "404 Not Found"  # type: ignore[union-attr]  # a response


def test_digest_of_rfc_2617() -> None:
    """§3.5: the example of the standard."""
    challenge = strongest(
        parse_challenges(
            [
                'Digest realm="testrealm@host.com", qop="auth,auth-int",'
                ' nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
            ]
        )
    )
    assert challenge is not None
    authenticator = Authenticator(Credentials("Mufasa", "Circle Of Life"), lambda: "0a4f113b")
    authenticator.take(challenge)
    header = authenticator.header("GET", "/dir/index.html")
    assert header is not None and 'response="6629fae49393a05397450978507c4ef1"' in header
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in header and "nc=00000001" in header
    assert "nc=00000002" in (authenticator.header("GET", "/") or "")


def test_digest_of_rfc_7616() -> None:
    """§3.9.1: MD5 and SHA-256 for the same request."""
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    tail = f'realm="http-auth@example.org", qop="auth, auth-int", nonce="{nonce}"'
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    credentials = Credentials("Mufasa", "Circle of Life")
    expected = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, response in expected.items():
        (challenge,) = parse_challenges([f"Digest {tail}, algorithm={algorithm}"])
        authenticator = Authenticator(credentials, lambda: cnonce)
        authenticator.take(challenge)
        assert f'response="{response}"' in (authenticator.header("GET", "/dir/index.html") or "")


def test_basic() -> None:
    (challenge,) = parse_challenges(['Basic realm="cam"'])
    authenticator = Authenticator(Credentials("Aladdin", "open sesame"))
    assert authenticator.header("PLAY", "x") is None
    authenticator.take(challenge)
    assert authenticator.header("PLAY", "x") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        (['Basic realm="x"', 'Digest realm="x", nonce="n"'], ("Digest", None)),
        (
            ['Digest realm="x", nonce="n"', 'Digest realm="x", nonce="n", algorithm=SHA-256'],
            ("Digest", "SHA-256"),
        ),
        (['Basic realm="x", Digest realm="x", nonce="n", algorithm="MD5"'], ("Digest", "MD5")),
        (['Digest realm="x", nonce="n", algorithm=SHA-512-256', 'Basic realm="x"'], ("Basic", None)),
        (['Digest realm="x", nonce="n", qop="auth-int"'], None),
        (['Digest realm="x"'], None),
        (["Negotiate"], None),
        (["basic"], ("Basic", None)),
        ([], None),
    ],
)
def test_the_strongest_challenge_is_answered(
    headers: list[str], chosen: tuple[str, str | None] | None
) -> None:
    challenge = strongest(parse_challenges(headers))
    assert (None if challenge is None else (challenge.scheme, challenge.algorithm)) == chosen


@given(
    st.lists(st.text(max_size=100) | st.text(max_size=60).map(lambda s: "Digest nonce=" + s), max_size=4),
    st.text(),
)
def test_any_challenge_does_no_harm(headers: list[str], url: str) -> None:
    challenge = strongest(parse_challenges(headers))
    if challenge is not None:
        authenticator = Authenticator(Credentials("u", "secret-password"))
        authenticator.take(challenge)
        assert "secret-password" not in (authenticator.header("PLAY", "rtsp://h/") or "")


def test_no_repr_shows_a_password() -> None:
    assert "sesame" not in repr(Credentials("Aladdin", "sesame"))
    assert "sesame" not in repr(Authenticator(Credentials("Aladdin", "sesame")))


@pytest.mark.parametrize(
    ("sdp", "reason"),
    [
        (fake.SDP_AUDIO_ONLY, Reason.NO_VIDEO),
        ("v=0", Reason.NO_VIDEO),
        (fake.SDP_OTHER_CODEC, Reason.UNSUPPORTED_CODEC),
        ("v=0\nm=video 0 RTP/AVP 31", Reason.UNSUPPORTED_CODEC),
        ("v=0\nm=video 0 RTP/AVP x\nm=video", Reason.NO_VIDEO),
    ],
)
def test_nothing_to_take(sdp: str, reason: Reason) -> None:
    with pytest.raises(CameraError) as caught:
        choose_video(parse_sdp(sdp.encode()))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"\xff" * 100, b"v=0\n" * 40_000, b"v=0\n" + b"m=video 0 x 96\n" * 40]
)
def test_what_is_no_description(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_sdp(data)


@pytest.mark.parametrize(
    ("lines", "codec"),
    [
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 vp8/90000", "VP8"),
        ("m=video 0 RTP/AVP 32", "MPV"),
        ("m=video 0 RTP/AVP 33", "MP2T"),
        ("m=video 0 RTP/AVP 34", "H263"),
        ("m=video 0 RTP/AVP 97\na=rtpmap:97 MP2T/90000", "MP2T"),
        ("m=video 0 RTP/AVP 96 97\na=rtpmap:96 H263-1998/90000\na=rtpmap:97 VP9/90000", "VP9"),
        ("m=video 0 RTP/AVP 32\nm=video 0 RTP/AVP 26", "JPEG"),  # what needs no process of its own
    ],
)
def test_rare_codecs(lines: str, codec: str) -> None:
    assert choose_video(parse_sdp(f"v=0\n{lines}".encode())).codec == codec


LINES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(fake.SDP.split("\r\n")),
    st.text(max_size=20).map(lambda s: "a=rtpmap:" + s),
    st.text(max_size=20).map(lambda s: "a=fmtp:96 sprop-parameter-sets=" + s),
    st.text(max_size=20).map(lambda s: "m=video " + s),
    st.text(max_size=20).map(lambda s: "a=framerate:" + s),
)


@given(
    st.lists(LINES, max_size=40).map(lambda lines: "\r\n".join(lines).encode("utf-8", "replace"))
    | st.binary()
)
def test_any_description_gives_a_track_or_an_error(data: bytes) -> None:
    try:
        track = choose_video(parse_sdp(data))
    except (ProtocolError, CameraError):
        return
    assert (
        track.codec in ("H264", "JPEG", *PAYLOADS) and 0 <= track.payload_type < 128 and track.clock_rate > 0
    )
    assert all(track.parameter_sets)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda b: b"RTSP/1.0 200 OK\r\n" + b))
def test_any_head_is_a_message_or_an_error(data: bytes) -> None:
    try:
        message, length = parse_head(data)
    except ProtocolError:
        return
    assert 0 <= length <= 65536
    assert all(name == name.lower() for name, _ in message.headers)


@given(st.text(max_size=80))
def test_any_header_value(text: str) -> None:
    for parse in (parse_session, parse_transport, parse_address):
        try:
            parse(text)
        except ProtocolError:
            continue
    resolve_control("rtsp://h/", text)
    usable_base(text, "rtsp://h/")
