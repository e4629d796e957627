"""RTCP built and read: known bytes, aiortc's own parser on the other side, and nonsense."""

from __future__ import annotations

import os
import struct
import time

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    pack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from relay import rtcp

NTP = rtcp.to_ntp(1_700_000_000.25)


def test_a_sender_report_is_read_by_others() -> None:
    compound = (
        rtcp.sender_report(7, NTP, (1 << 32) + 5, 100, 2000)
        + rtcp.source_description(7, "relay@somewhere")
        + rtcp.goodbye(7)
    )
    report, description, bye = RtcpPacket.parse(compound)
    assert isinstance(report, RtcpSrPacket)
    assert report.ssrc == 7
    info = report.sender_info
    assert (info.ntp_timestamp, info.rtp_timestamp) == (NTP, 5)
    assert (info.packet_count, info.octet_count) == (100, 2000)
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"relay@somewhere")]
    assert isinstance(bye, RtcpByePacket)
    assert bye.sources == [7]


def test_ntp_time_counts_from_1900() -> None:
    assert rtcp.to_ntp(0.0) >> 32 == 2_208_988_800
    assert rtcp.to_ntp(0.5) & 0xFFFFFFFF == 1 << 31


def test_a_name_that_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="255"):
        rtcp.source_description(1, "x" * 256)


def test_what_others_build_is_read() -> None:
    block = RtcpReceiverInfo(
        ssrc=7, fraction_lost=64, packets_lost=-3, highest_sequence=70_000, jitter=90, lsr=5, dlsr=32_768
    )
    compound = b"".join(
        bytes(packet)
        for packet in (
            RtcpRrPacket(ssrc=1, reports=[block]),
            RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=7, lost=[5, 6, 9, 40]),
            RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=7),
            RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(1_500_000, [7])),
            RtcpByePacket(sources=[1]),
        )
    )
    report, nack, loss, estimate, bye = rtcp.parse(compound)
    assert report == rtcp.Report(1, (rtcp.ReportBlock(7, 0.25, -3, 70_000, 90, 5, 0.5),))
    assert nack == rtcp.Nack(7, (5, 6, 9, 40))
    assert loss == rtcp.PictureLoss(7)
    assert isinstance(estimate, rtcp.Estimate)
    assert estimate.bitrate == pytest.approx(1_500_000, rel=1e-4)
    assert estimate.media == (7,)
    assert bye == rtcp.Goodbye((1,))


def test_a_request_for_a_keyframe_carries_its_number() -> None:
    compound = struct.pack("!BBHIIIBxxx", 0x84, 206, 4, 1, 0, 7, 9)
    assert rtcp.parse(compound) == [rtcp.FullIntra(7, 9)]


def test_blocks_of_a_sender_report_count_too() -> None:
    block = struct.pack("!6I", 7, 0, 0, 0, 0, 0)
    compound = struct.pack("!BBHIQIII", 0x81, 200, 12, 1, 0, 0, 0, 0) + block
    (report,) = rtcp.parse(compound)
    assert isinstance(report, rtcp.Report)
    assert report.blocks[0].ssrc == 7


@pytest.mark.parametrize("kind", [204, 207, 195])
def test_kinds_that_do_not_concern_us_are_passed_over(kind: int) -> None:
    compound = struct.pack("!BBHI", 0x80, kind, 1, 5) + bytes(rtcp.receiver_report(3))
    assert rtcp.parse(compound) == [rtcp.Report(3, ())]


def receiver_time(*blocks: bytes) -> bytes:
    body = struct.pack("!I", 1) + b"".join(blocks)
    return struct.pack("!BBH", 0x80, 207, len(body) // 4) + body


def test_a_receiver_that_wants_its_round_trip() -> None:
    other = struct.pack("!BBHI", 6, 0, 1, 0)
    asked = struct.pack("!BBHQ", 4, 0, 2, NTP)
    assert rtcp.parse(receiver_time(other, asked)) == [rtcp.ReceiverTime(1, NTP)]
    assert rtcp.parse(receiver_time(other)) == []


def test_it_is_told_what_it_sent_and_how_long_ago() -> None:
    told = rtcp.delay_since(7, rtcp.ReceiverTime(1, NTP), 0.25)
    header, kind, words, ssrc, block, _, size, *rest = struct.unpack("!BBHIBBHIII", told)
    assert (header, kind, 4 + 4 * words, ssrc) == (0x80, 207, len(told), 7)
    assert (block, size) == (5, 3)
    assert rest == [1, NTP >> 16 & 0xFFFFFFFF, 16_384]
    for odd in (-1.0, 1e9):
        assert len(rtcp.delay_since(7, rtcp.ReceiverTime(1, NTP), odd)) == len(told)


def test_padding_is_taken_off() -> None:
    assert rtcp.parse(struct.pack("!BBHIII", 0xA1, 206, 3, 1, 7, 4)) == [rtcp.PictureLoss(7)]


def transport_feedback(base: int, count: int, chunks: list[int], deltas: bytes) -> bytes:
    body = struct.pack("!IIHH", 1, 7, base, count) + (100).to_bytes(3, "big") + b"\x05"
    body += b"".join(struct.pack("!H", chunk) for chunk in chunks) + deltas
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body


def test_transport_feedback_in_its_three_chunks() -> None:
    # A run of two small deltas; a vector of one bit: 1,0 (and 12 that are beyond the count).
    compound = transport_feedback(65_535, 4, [0x2002, 0xA000], b"\x04\x08\x04")
    (feedback,) = rtcp.parse(compound)
    assert rounded(feedback) == [(65_535, 6.401), (0, 6.403), (1, 6.404), (2, None)]
    # A vector of two bits: large (negative), missing, small.
    compound = transport_feedback(10, 3, [0xC000 | 2 << 12 | 1 << 8], b"\xff\xfc\x08")
    (feedback,) = rtcp.parse(compound)
    assert rounded(feedback) == [(10, 6.399), (11, None), (12, 6.401)]


def rounded(feedback: rtcp.Message) -> list[tuple[int, float | None]]:
    assert isinstance(feedback, rtcp.TransportFeedback)
    assert feedback.count == 5
    return [(number, at if at is None else round(at, 5)) for number, at in feedback.arrivals]


@pytest.mark.parametrize(
    "compound",
    [
        b"\x80",
        b"\x80\xc9\x00",
        b"\x40\xc9\x00\x01\0\0\0\0",  # version 1
        b"\x80\xc9\x00\x02\0\0\0\0",  # longer than the datagram
        b"\xa0\xc9\x00\x01\0\0\0\x09",  # padding longer than the packet
        b"\xa0\xc9\x00\x01\0\0\0\x00",  # padding of nothing
        b"\xa0\xc9\x00\x00",
        b"\x81\xc9\x00\x01\0\0\0\0",  # a report block is missing
        b"\x81\xc8\x00\x01\0\0\0\0",
        b"\x82\xcb\x00\x01\0\0\0\0",
        b"\x81\xcd\x00\x01\0\0\0\0",  # feedback without media
        b"\x84\xce\x00\x02\0\0\0\0\0\0\0\0",  # FIR without an entry
        b"\x8f\xce\x00\x04\0\0\0\0\0\0\0\0REMB\xff\0\0\0",
        b"\x8f\xcd\x00\x02\0\0\0\0\0\0\0\0",
        transport_feedback(0, 5000, [0x3FFF], b""),
        transport_feedback(0, 10, [0x200A], b"\0"),
        transport_feedback(0, 10, [0x2000] * 4, b""),
        b"\x80\xcf\x00\x00",  # XR of nobody
        b"\x80\xcf\x00\x02\0\0\0\1\4\0\0\2",  # a block longer than it is
        b"\x80\xcf\x00\x03\0\0\0\1\4\0\0\1\0\0\0\0",  # half a reference time
        bytes(1501),
    ],
)
def test_nonsense_is_a_value_error(compound: bytes) -> None:
    with pytest.raises(ValueError):
        rtcp.parse(compound)


@given(st.binary(max_size=1500))
def test_any_bytes_give_messages_or_a_value_error(data: bytes) -> None:
    try:
        rtcp.parse(data)
    except ValueError:
        return


HEADERS = st.tuples(
    st.integers(0, 31), st.sampled_from([200, 201, 203, 205, 206, 207]), st.binary(max_size=200)
)


@given(st.lists(HEADERS, max_size=6))
def test_well_formed_headers_around_any_bytes(packets: list[tuple[int, int, bytes]]) -> None:
    compound = b""
    for count, kind, body in packets:
        body += bytes(-len(body) % 4)
        compound += struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
    try:
        messages = rtcp.parse(compound)
    except ValueError:
        return
    assert len(messages) <= len(packets)


@given(st.binary(min_size=8, max_size=900))
def test_a_nack_is_bounded_by_what_is_read(body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    (nack,) = rtcp.parse(struct.pack("!BBH", 0x81, 205, len(body) // 4) + body)
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.lost) <= rtcp.MOST_LOST


def test_the_worst_datagrams_cost_little() -> None:
    nack = struct.pack("!BBHII", 0x81, 205, 2 + 370, 1, 7) + b"\0\0\xff\xff" * 370
    feedback = transport_feedback(0, 2048, [0x3FFF] * 1 + [0x1FFF] * 600, bytes(100))
    tiny = rtcp.receiver_report(1) * 187
    started = time.process_time()
    for compound in (nack, feedback, tiny, os.urandom(1500)):
        for _ in range(20):
            try:
                rtcp.parse(compound)
            except ValueError:
                continue
    assert (time.process_time() - started) / 80 < 0.005
