"""The answer's text, as RFC 8829 and WHEP want it."""

from __future__ import annotations

from pathlib import Path

from relay.answer import Candidate, candidate_lines, write_answer, write_restart
from relay.ice import Credentials
from relay.offer import choose_formats, parse_offer
from relay.ports import EXTENSION_MID, RtpParameters
from tests.netem.sdp import candidates

OFFERS = Path(__file__).parent / "offers"
CREDENTIALS = Credentials("ours", "p" * 24, "theirs")
HERE = (Candidate("192.0.2.1", 8189), Candidate("2001:db8::1", 8189), Candidate("192.0.2.1", 8190, tcp=True))


def answer(name: str, *codecs: str) -> str:
    offer = parse_offer((OFFERS / name).read_bytes())
    formats = choose_formats(offer, "42e01f", codecs or ("H264",))
    rtp = RtpParameters(formats, 1000, "cname", offer.sections[offer.video].mid or "", 1001, offer.extensions)
    return write_answer(offer, rtp, CREDENTIALS, "sha-256 AA:BB", HERE, 7)


def test_one_video_track_is_sent_and_nothing_is_received() -> None:
    text = answer("chromium_video.sdp")
    lines = text.split("\r\n")
    assert lines[0] == "v=0"
    assert text.endswith("\r\n")
    assert "m=video 8189 UDP/TLS/RTP/SAVPF 108 109" in lines
    for wanted in (
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=setup:passive",
        "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=fmtp:109 apt=108",
        "a=ssrc-group:FID 1000 1001",
        f"a=extmap:9 {EXTENSION_MID}",
        "a=rtcp-fb:108 nack",
        "a=rtcp-fb:108 nack pli",
        "a=end-of-candidates",
    ):
        assert wanted in lines, wanted
    assert "sprop-parameter-sets" not in text
    assert "transport-cc" not in text


def test_both_codecs_are_answered_each_with_its_retransmissions_on_the_same_two_ssrcs() -> None:
    lines = answer("chrome_hevc.sdp", "H265", "H264").split("\r\n")
    assert "m=video 8189 UDP/TLS/RTP/SAVPF 108 109 50 51" in lines
    assert [line for line in lines if line.startswith(("a=rtpmap", "a=fmtp", "a=ssrc-group"))] == [
        "a=rtpmap:108 H264/90000",
        "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=rtpmap:109 rtx/90000",
        "a=fmtp:109 apt=108",
        "a=rtpmap:50 H265/90000",
        "a=fmtp:50 profile-id=1;tier-flag=0;level-id=180;tx-mode=SRST",
        "a=rtpmap:51 rtx/90000",
        "a=fmtp:51 apt=50",
        "a=ssrc-group:FID 1000 1001",
    ]
    assert "a=rtcp-fb:50 nack pli" in lines
    assert "transport-cc" not in "".join(lines)


def test_everything_but_the_first_video_is_switched_off() -> None:
    lines = answer("chromium_audio_video_data.sdp").split("\r\n")
    sections = [line.split()[:2] for line in lines if line.startswith("m=")]
    assert sections == [["m=audio", "0"], ["m=video", "8189"], ["m=application", "0"]]
    assert lines.count("a=inactive") == 2
    assert "a=group:BUNDLE 1" in lines
    assert [line for line in lines if line.startswith("a=mid")] == ["a=mid:0", "a=mid:1", "a=mid:2"]


def test_candidates_stand_in_the_order_of_preference() -> None:
    found = candidates("\r\n".join(candidate_lines(HERE)))
    assert [(each.transport, each.host, each.port) for each in found] == [
        ("udp", "192.0.2.1", 8189),
        ("udp", "2001:db8::1", 8189),
        ("tcp", "192.0.2.1", 8190),
    ]
    priorities = [int(line.split()[3]) for line in candidate_lines(HERE)[:-1]]
    assert priorities == sorted(priorities, reverse=True)
    assert all(0 < priority < 1 << 31 for priority in priorities)
    assert candidate_lines(HERE)[2].endswith("typ host tcptype passive")


def test_a_restart_names_the_new_generation_and_every_candidate() -> None:
    text = write_restart("0", CREDENTIALS, HERE)
    assert "a=ice-ufrag:ours\r\n" in text
    assert "a=ice-pwd:" + "p" * 24 + "\r\n" in text
    assert len(candidates(text)) == 3
