"""The answer, led through a proxy."""

from __future__ import annotations

import pytest

from .sdp import Candidate, candidates, reroute

ANSWER = "\r\n".join(
    [
        "v=0",
        "a=ice-lite",
        "m=video 5000 UDP/TLS/RTP/SAVPF 102",
        "c=IN IP4 127.0.0.1",
        "a=candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host",
        "a=candidate:2 1 tcp 1700000000 127.0.0.1 5001 typ host tcptype passive",
        "a=candidate:3 1 UDP 2130706430 192.0.2.7 5000 typ host",
        "a=end-of-candidates",
        "",
    ]
)


def test_candidates_are_read() -> None:
    assert candidates(ANSWER) == [
        Candidate("udp", "127.0.0.1", 5000),
        Candidate("tcp", "127.0.0.1", 5001),
        Candidate("udp", "192.0.2.7", 5000),
    ]


def test_only_the_routed_candidate_stays_and_the_media_line_follows() -> None:
    text = reroute(ANSWER, {("udp", ("127.0.0.1", 5000)): ("127.0.0.1", 6000)})
    assert candidates(text) == [Candidate("udp", "127.0.0.1", 6000)]
    assert "m=video 6000 UDP/TLS/RTP/SAVPF 102\r\n" in text
    assert text.endswith("a=end-of-candidates\r\n")
    assert "typ host" in text


def test_tcp_and_udp_have_routes_of_their_own() -> None:
    text = reroute(ANSWER, {("tcp", ("127.0.0.1", 5001)): ("127.0.0.1", 6001)})
    assert candidates(text) == [Candidate("tcp", "127.0.0.1", 6001)]
    assert "tcptype passive" in text


def test_an_answer_with_no_way_through_is_an_error() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        reroute(ANSWER, {})


def test_a_broken_candidate_line_stays_as_it_is() -> None:
    assert candidates("a=candidate:1 1 udp\r\n") == []
