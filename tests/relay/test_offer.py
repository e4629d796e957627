"""Offers: what Chromium really sends, what may be missing, and what is refused quickly."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import OfferRefused
from relay.offer import MAX_BODY, MAX_MEDIA, choose_format, choose_formats, parse_offer, takes
from relay.ports import EXTENSION_ABS_SEND_TIME, EXTENSION_MID, EXTENSION_PLAYOUT_DELAY

OFFERS = Path(__file__).parent / "offers"
CHROMIUM = (OFFERS / "chromium_video.sdp").read_bytes()
QUICK = 0.005
"""Seconds: what any refusal may cost."""


def refused(body: bytes) -> OfferRefused:
    started = time.thread_time()
    with pytest.raises(OfferRefused) as caught:
        parse_offer(body)
    assert time.thread_time() - started < QUICK
    return caught.value


def test_chromiums_offer_is_understood() -> None:
    offer = parse_offer(CHROMIUM)
    assert [(each.payload_type, each.profile_level_id) for each in offer.formats] == [
        (102, "42001f"),
        (108, "42e01f"),
        (116, "4d001f"),
        (41, "f4001f"),
    ]
    assert offer.formats[1].rtx_payload_type == 109
    assert offer.formats[1].feedback == {"nack", "nack pli", "ccm fir", "goog-remb"}
    assert offer.extensions == {EXTENSION_MID: 9, EXTENSION_ABS_SEND_TIME: 2, EXTENSION_PLAYOUT_DELAY: 5}
    assert offer.bundled
    assert offer.reduced_size
    assert (offer.sections[offer.video].mid, offer.ufrag) == ("0", "Lm9r")
    assert offer.fingerprints[0][0] == "sha-256"
    assert offer.password not in repr(offer)


def test_audio_and_data_beside_the_video_are_seen_and_left_alone() -> None:
    offer = parse_offer((OFFERS / "chromium_audio_video_data.sdp").read_bytes())
    assert [section.kind for section in offer.sections] == ["audio", "video", "application"]
    assert offer.video == 1


@pytest.mark.parametrize(
    ("camera", "answered"),
    [
        ("42e01f", "42e01f"),
        ("42c028", "42e01f"),  # Constrained Baseline, level 4
        ("42001e", "42001f"),  # Baseline
        ("4d0029", "4d001f"),
        ("640028", "42e01f"),  # High is not offered, and is decoded all the same
        (None, "42e01f"),
    ],
)
def test_the_format_is_the_cameras_profile_where_offered(camera: str | None, answered: str) -> None:
    assert choose_format(parse_offer(CHROMIUM), camera).profile_level_id == answered


def test_high_is_answered_by_constrained_high_where_only_that_is_offered() -> None:
    offer = parse_offer(CHROMIUM.replace(b"profile-level-id=f4001f", b"profile-level-id=640c1f"))
    assert choose_format(offer, "640028").profile_level_id == "640c1f"


def with_h265(fmtp: str) -> bytes:
    """Chromium's offer, with its payload type 41 as H.265."""
    body = CHROMIUM.replace(b"a=rtpmap:41 H264/90000", b"a=rtpmap:41 H265/90000")
    lines = body.split(b"\r\n")
    return b"\r\n".join(
        f"a=fmtp:41 {fmtp}".encode() if each.startswith(b"a=fmtp:41 ") else each for each in lines
    )


def test_h265_is_taken_in_main_profile_and_answered_as_it_was_offered() -> None:
    offer = parse_offer(with_h265("level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST;evil=a"))
    assert takes(offer, "H265")
    chosen = choose_format(offer, None, "H265")
    assert (chosen.payload_type, chosen.codec) == (41, "H265")
    assert chosen.parameters == "profile-id=1;tier-flag=0;level-id=93;tx-mode=SRST"
    assert choose_format(offer, "640028").profile_level_id == "42e01f"


@pytest.mark.parametrize(
    "fmtp", ["profile-id=2", "tx-mode=MRST", "level-id=9x", "tier-flag=0 0", "profile-id="]
)
def test_h265_that_cameras_do_not_send_is_not_taken(fmtp: str) -> None:
    offer = parse_offer(with_h265(fmtp))
    assert not takes(offer, "H265")
    with pytest.raises(OfferRefused, match="H265") as caught:
        choose_format(offer, None, "H265")
    assert caught.value.status == 406


def test_what_chrome_offers_with_hevc_hardware_is_answered_in_main_profile_and_h264() -> None:
    offer = parse_offer((OFFERS / "chrome_hevc.sdp").read_bytes())
    chosen = choose_formats(offer, "42e01f", ("H265", "H264"))
    assert [(each.codec, each.payload_type, each.rtx_payload_type) for each in chosen] == [
        ("H264", 108, 109),  # in the offer's order
        ("H265", 50, 51),
    ]
    (only,) = choose_formats(offer, "42e01f", ("H264",))
    assert only == chosen[0]


def test_of_what_the_camera_sends_that_is_answered_which_the_offer_has() -> None:
    (only,) = choose_formats(parse_offer(CHROMIUM), None, ("H265", "H264"))
    assert only.codec == "H264"
    alone = parse_offer(with_h265("profile-id=1").replace(b"H264/90000", b"VP8/90000"))
    (only,) = choose_formats(alone, None, ("H265", "H264"))
    assert (only.codec, only.parameters) == ("H265", "profile-id=1")
    with pytest.raises(OfferRefused, match="H264"):
        choose_formats(alone, None, ("H264",))


@pytest.mark.parametrize(("levels", "chosen"), [("93 153", 52), ("153 93", 50), ("120", 52), ("", 50)])
def test_h265_of_the_highest_level_is_answered(levels: str, chosen: int) -> None:
    first, *second = [f"level-id={level};" for level in levels.split()] or [""]
    body = (OFFERS / "chrome_hevc.sdp").read_bytes()
    body = body.replace(b"a=fmtp:50 level-id=180;", f"a=fmtp:50 {first if second else ''}".encode())
    body = body.replace(
        b"a=fmtp:52 level-id=180;profile-id=2;", f"a=fmtp:52 {second[0] if second else first}".encode()
    )
    assert choose_format(parse_offer(body), None, "H265").payload_type == chosen


def test_retransmissions_are_agreed_upon_for_all_codecs_or_for_none() -> None:
    body = (OFFERS / "chrome_hevc.sdp").read_bytes().replace(b"a=fmtp:51 apt=50\r\n", b"")
    chosen = choose_formats(parse_offer(body), "42e01f", ("H265", "H264"))
    assert [each.rtx_payload_type for each in chosen] == [None, None]


def test_without_baseline_the_first_entry_serves() -> None:
    body = CHROMIUM
    for gone in (b"42001f", b"42e01f", b"4d001f"):
        body = body.replace(b"profile-level-id=" + gone, b"profile-level-id=f4001f")
    assert choose_format(parse_offer(body), "42e01f").payload_type == 102


def test_audio_alone_and_video_without_h264_are_not_acceptable() -> None:
    assert refused((OFFERS / "chromium_audio.sdp").read_bytes()).status == 406
    assert refused(CHROMIUM.replace(b"H264", b"VP8")).status == 406
    assert refused(CHROMIUM.replace(b"packetization-mode=1", b"packetization-mode=0")).status == 406


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"v=0", b"v=1", 400),
        (b"a=ice-ufrag:Lm9r", b"a=ice-ufrag:", 400),
        (b"a=ice-ufrag:Lm9r\r\n", b"", 400),
        (b"a=ice-pwd:", b"a=ice-pwd:short ", 400),
        (b"a=fingerprint:sha-256 00", b"a=fingerprint:sha-256 zz", 400),
        (b"a=fingerprint:sha-256", b"a=fingerprint:md5", 400),
        (b"a=setup:actpass", b"a=setup:passive", 400),
        (b"a=setup:actpass", b"a=setup:holdconn", 400),
        (b"a=recvonly", b"a=sendonly", 406),
        (b"a=recvonly", b"a=inactive", 406),
        (b"a=rtcp-mux\r\n", b"", 406),
        (b"m=video 9", b"m=video 0", 406),
        (b"m=video 9", b"m=video", 400),
        (b"m=video 9", b"m=video x", 400),
        (b"UDP/TLS/RTP/SAVPF", b"RTP/AVP", 406),
        (b"a=mid:0", b"a=mid:0 <script>", 400),
        (b"a=recvonly", b"recvonly", 400),
        (b"s=-", b"s=\xff\xfe", 400),
        (b"t=0 0", b"t=0\x000", 400),
    ],
)
def test_what_is_missing_or_malformed_is_named(old: bytes, new: bytes, status: int) -> None:
    assert old in CHROMIUM
    error = refused(CHROMIUM.replace(old, new, 1))
    assert error.status == status
    assert error.detail


def test_attributes_of_the_session_serve_a_section_without_its_own() -> None:
    moved = b"a=setup:actpass\r\n"
    body = CHROMIUM.replace(moved, b"").replace(b"t=0 0\r\n", b"t=0 0\r\n" + moved)
    assert parse_offer(body).video == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"v=0",
        b"v=0\r\n" * 10_000,
        b"a" * MAX_BODY,
        b"v=0\n" + b"a=" + b"x" * (MAX_BODY - 6),
        b"v=0\r\n" + b"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * (MAX_MEDIA + 1),
        b"v=0\r\n" + b"m=video 9 UDP/TLS/RTP/SAVPF" + b" 96" * 20_000,
        CHROMIUM + b"a=rtpmap:96 H264/90000\r\n" * 2_000,
        CHROMIUM + b"a=extmap:99999999999999999999 x\r\na=rtcp-fb:\xef\xbc\x91 nack\r\na=ssrc:1\r\n" * 700,
    ],
    ids=["empty", "bare", "versions", "one line", "one attribute", "sections", "formats", "maps", "odd"],
)
def test_floods_cost_a_few_milliseconds_at_most(body: bytes) -> None:
    started = time.thread_time()
    try:
        parse_offer(body)
    except OfferRefused as error:
        assert error.status in (400, 406, 413)
    assert time.thread_time() - started < QUICK


def test_a_megabyte_is_too_large() -> None:
    assert refused(CHROMIUM + b" " * (1 << 20)).status == 413


def test_candidates_are_not_even_read() -> None:
    inside = b"a=candidate:1 1 udp 1 169.254.169.254 80 typ host\r\n"
    assert parse_offer(CHROMIUM + inside * 900) == parse_offer(CHROMIUM)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(CHROMIUM)), st.binary(max_size=12), st.integers(0, 40))
def test_mutations_are_refused_or_read_and_nothing_else(position: int, patch: bytes, cut: int) -> None:
    body = CHROMIUM[:position] + patch + CHROMIUM[position + cut :]
    try:
        offer = parse_offer(body)
    except OfferRefused as error:
        assert error.status in (400, 406)
    else:
        assert choose_format(offer, "640028") in offer.formats


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(CHROMIUM.split(b"\r\n")), max_size=60), st.binary(max_size=40))
def test_shuffled_lines_are_refused_or_read_and_nothing_else(lines: list[bytes], garbage: bytes) -> None:
    try:
        parse_offer(b"\r\n".join([b"v=0", *lines, garbage]))
    except OfferRefused as error:
        assert error.status in (400, 406)
