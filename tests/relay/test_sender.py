"""One viewer's sender with real SRTP: start, loss, replay, pacing, reports, nonsense."""

from __future__ import annotations

import os
import struct
from dataclasses import replace

import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES
from aiortc.rtp import (
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
)

from relay import ports
from relay.capture import Reference
from relay.egress import UdpEgress
from relay.held import MOST_HELD_S
from relay.ports import EXTENSION_PLAYOUT_DELAY
from relay.rtcp import to_ntp
from relay.sender import PictureSender, State
from streams.access_unit import AccessUnit
from streams.counters import Counters
from streams.depacketize import CodedPicture, depacketizer

from .wire import (
    IDS,
    PAYLOAD_TYPE,
    RTX_SSRC,
    RTX_TYPE,
    SSRC,
    TICKS,
    Rtp,
    Stock,
    UdpPath,
    Viewer,
    gop,
    parameters,
    read_extensions,
    read_rtp,
    received,
    sockets,
    srtp_pair,
    unit,
)


def nack(*lost: int) -> bytes:
    return bytes(
        RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=SSRC, lost=[n & 0xFFFF for n in lost])
    )


def pli(ssrc: int = SSRC) -> bytes:
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ssrc))


def fir(number: int) -> bytes:
    return struct.pack("!BBHIIIBxxx", 0x84, 206, 4, 1, 0, SSRC, number)


def playing(viewer: Viewer, count: int = 5, **sizes: int) -> tuple[Stock, list[Rtp]]:
    """A viewer that joined after `count` pictures (at 40 ms each) and has what it was sent."""
    stock = Stock()
    for each in gop(1, count, **sizes):
        stock.push(each)
    viewer.sender.start(stock, count / 25 - 0.2)
    return stock, viewer.drain(count / 25 - 0.2)


def on(viewer: Viewer, stock: Stock, picture: AccessUnit) -> list[Rtp]:
    """The next live picture, and what came of it."""
    viewer.sender.send_picture(stock.push(picture), picture.number / 25)
    return viewer.drain(picture.number / 25) if viewer.sender.held else viewer.take()


def pictures(packets: list[Rtp]) -> list[CodedPicture]:
    """What a reader makes of the packets."""
    found: list[CodedPicture] = []
    reader = depacketizer("H264", (), found.append, Counters())
    for packet in packets:
        reader.feed(memoryview(packet.payload), packet.stamp, packet.marker)
    return found


# Start


@pytest.mark.parametrize("profile", range(len(SRTP_PROFILES)))
def test_a_viewer_starts_with_the_group_of_pictures_so_far(profile: int) -> None:
    viewer = Viewer(profile=profile)
    stock, packets = playing(viewer)
    # Together, and ending with the live one.
    assert [packet.stamp for packet in packets if packet.marker] == [17_640, 17_730, 17_820, 17_910, 18_000]
    assert {packet.payload_type for packet in packets} == {PAYLOAD_TYPE}
    assert {packet.ssrc for packet in packets} == {SSRC}
    first = packets[0].sequence
    assert [packet.sequence for packet in packets] == list(range(first, first + len(packets)))
    assert set(read_extensions(packets[0].extension)) == {2, 4}
    assert viewer.state() is State.LIVE
    assert viewer.sender.counters.replays == {"join": 1}
    assert [p.nal_units for p in pictures(packets)] == [p.unit.nal_units for p in stock.history.newest_gop()]
    assert [p.stamp for p in on(viewer, stock, unit(6)) if p.marker] == [6 * TICKS]


def test_the_stamp_is_the_low_half_of_media_time() -> None:
    viewer = Viewer()
    stock = Stock()
    base = (7 << 32) - TICKS
    for index, each in enumerate((base, base + TICKS, base + 2 * TICKS)):
        stock.push(unit(index + 1, idr=not index, media_time=each))
    viewer.sender.start(stock, 1.0)
    assert viewer.stamps() == [TICKS - 180, TICKS - 90, TICKS]
    viewer.sender.send_picture(stock.push(unit(4, media_time=base + (1 << 32))), 1.1)
    assert viewer.stamps() == [(1 << 32) - TICKS]


def test_sequence_numbers_wrap() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer, 1)
    viewer.sender._writer.next_sequence = 0xFFFF - 20
    packets = on(viewer, stock, unit(2, size=60_000))
    assert len(packets) == 53
    assert [p.sequence for p in packets] == [(0xFFFF - 20 + n) & 0xFFFF for n in range(53)]


def test_without_pictures_it_waits_for_a_keyframe() -> None:
    viewer = Viewer()
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    assert viewer.state() is State.WAITING
    assert stock.keyframes_wanted == 1
    assert on(viewer, stock, unit(1)) == []
    assert len(on(viewer, stock, unit(2, idr=True))) > 0
    assert viewer.state() is State.LIVE
    assert viewer.sender.counters.skipped == 1


def test_a_group_larger_than_a_second_of_the_link_is_not_replayed() -> None:
    viewer = Viewer(link_bps=100_000)
    stock, packets = playing(viewer, 20)
    assert packets == []
    assert viewer.state() is State.WAITING
    assert on(viewer, stock, unit(21)) == []
    assert len(on(viewer, stock, unit(22, idr=True, size=3000))) > 0


def test_a_start_that_is_not_instant_waits() -> None:
    viewer = Viewer()
    stock = Stock()
    for each in gop(1, 5):
        stock.push(each)
    viewer.sender.start(stock, 1.0, instant=False)
    assert viewer.take() == []
    assert viewer.state() is State.WAITING


# Loss


def test_a_lost_packet_is_sent_again_by_rtx() -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer)
    lost = packets[3]
    viewer.sender.on_rtcp(nack(lost.sequence), 1.0)
    (again,) = viewer.take()
    assert (again.payload_type, again.ssrc) == (RTX_TYPE, RTX_SSRC)
    assert again.payload == lost.sequence.to_bytes(2, "big") + lost.payload
    assert (again.marker, again.stamp) == (lost.marker, lost.stamp)
    assert viewer.sender.counters.retransmitted == 1


@pytest.mark.parametrize("profile", range(len(SRTP_PROFILES)))
def test_without_rtx_the_same_packet_is_sent_again_to_the_last_bit(profile: int) -> None:
    viewer = Viewer(rtx=False, profile=profile)
    stock = Stock()
    for each in gop(1, 5):
        stock.push(each)
    viewer.sender.start(stock, 0.2)
    wire = list(viewer.path.datagrams)
    packets = viewer.take()
    assert set(read_extensions(packets[0].extension)) == {4}
    viewer.sender.on_rtcp(nack(packets[3].sequence), 5.0)
    assert viewer.path.datagrams == [wire[3]]


def test_every_packet_of_a_replay_can_be_asked_for() -> None:
    viewer = Viewer()
    stock, packets = playing(viewer, 60)
    packets += on(viewer, stock, unit(61))
    viewer.sender.link_bps = 1e9
    for index, packet in enumerate(packets):
        viewer.sender.on_rtcp(nack(packet.sequence), 10.0 + index / 100)
    again = [p.payload[2:] for p in viewer.take()]
    assert again == [packet.payload for packet in packets]
    assert viewer.sender.counters.unserveable == 0


def on_a_round_trip(viewer: Viewer, seconds: float, at: float = 2.0) -> None:
    """The viewer reports so that its round trip comes out as `seconds`."""
    ntp = to_ntp(5000.0 + at)
    viewer.sender.report(at, Reference(ntp, 0))
    block = RtcpReceiverInfo(
        ssrc=SSRC,
        fraction_lost=0,
        packets_lost=0,
        highest_sequence=0,
        jitter=0,
        lsr=ntp >> 16 & 0xFFFFFFFF,
        dlsr=0,
    )
    viewer.sender.on_rtcp(bytes(RtcpRrPacket(ssrc=1, reports=[block])), at + seconds)
    assert viewer.sender.statistics(at + seconds).round_trip == pytest.approx(seconds)
    viewer.take()


def test_a_packet_is_not_sent_again_however_often_it_is_asked_for_at_once() -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer)
    for at in (1.0, 1.005, 1.019, 1.021):
        viewer.sender.on_rtcp(nack(packets[0].sequence), at)
    assert len(viewer.take()) == 2
    assert viewer.sender.counters.suppressed == 2


def test_a_second_copy_goes_out_before_the_first_one_can_be_known_to_be_lost() -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer)
    on_a_round_trip(viewer, 0.2)
    for at in (3.0, 3.07, 3.1, 3.2):  # Chromium asks every 100 ms until it is there
        viewer.sender.on_rtcp(nack(packets[0].sequence), at)
    assert len(viewer.take()) == 3


def delays(packets: list[Rtp]) -> list[int]:
    """The delay that each packet asks for (least and most are the same), in steps of 10 ms."""
    asked = [int.from_bytes(read_extensions(packet.extension)[6], "big") for packet in packets]
    assert all(value >> 12 == value & 0xFFF for value in asked)
    return [value & 0xFFF for value in asked]


def test_where_packets_get_lost_the_viewer_is_asked_to_wait_for_their_return() -> None:
    viewer = Viewer(ids=IDS | {EXTENSION_PLAYOUT_DELAY: 6})
    stock, packets = playing(viewer)
    assert set(delays(packets)) == {0}
    on_a_round_trip(viewer, 0.1)
    for number in range(6, 100):
        at = number / 25
        if number in (10, 20, 30):
            viewer.sender.on_rtcp(nack(packets[-1].sequence), at)
            viewer.take()
        packets = on(viewer, stock, unit(number))
        viewer.sender.link_report(at)
    assert set(delays(packets)) == {16}
    viewer.sender.on_rtcp(nack(packets[0].sequence), 4.0)
    assert delays(viewer.take()) == [16]


def test_without_rtx_nothing_is_asked_for_after_the_start() -> None:
    viewer = Viewer(rtx=False, ids=IDS | {EXTENSION_PLAYOUT_DELAY: 6})
    stock, packets = playing(viewer)
    for number in range(6, 60):
        viewer.sender.on_rtcp(nack(packets[-1].sequence), number / 25)
        viewer.path.datagrams.clear()
        packets = on(viewer, stock, unit(number))
        viewer.sender.link_report(number / 25)
    assert set(delays(packets)) == {0}  # what is sent again must be the same to the last bit


def test_what_cannot_be_sent_again_brings_a_replay_at_once() -> None:
    viewer = Viewer()
    stock, packets = playing(viewer)
    for number in range(6, 200):
        packets += on(viewer, stock, unit(number, idr=number == 150))
    assert stock.history.find(2) is None
    last = packets[-1]
    viewer.sender.on_rtcp(nack(packets[5].sequence), 8.0)
    again = viewer.drain(8.0)
    assert viewer.sender.counters.replays == {"join": 1, "nack": 1}
    assert viewer.sender.counters.unserveable == 1
    assert [p.nal_units for p in pictures(again)] == [p.unit.nal_units for p in stock.history.newest_gop()]
    assert again[0].sequence == last.sequence + 1
    stamps = [p.stamp for p in again if p.marker]
    assert stamps == sorted(set(stamps))
    assert stamps[0] > last.stamp
    assert [p.stamp for p in on(viewer, stock, unit(200)) if p.marker] == [200 * TICKS]
    assert stamps[-1] < 200 * TICKS


def test_after_a_replay_older_packets_are_not_looked_for() -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer)
    viewer.sender.on_rtcp(pli(), 1.0)
    again = viewer.take()
    viewer.sender.on_rtcp(nack(*(p.sequence for p in packets)), 1.1)
    assert viewer.take() == []
    viewer.sender.on_rtcp(nack(again[2].sequence), 1.2)
    assert len(viewer.take()) == 1
    assert viewer.sender.counters.replays == {"join": 1, "pli": 1}


def test_more_missing_than_a_fresh_start_costs_is_a_fresh_start() -> None:
    viewer = Viewer()
    stock, packets = playing(viewer, 20)
    packets += on(viewer, stock, unit(21, idr=True))
    viewer.sender.on_rtcp(nack(*(p.sequence for p in packets[:30])), 1.5)
    assert len(pictures(viewer.take())) == 1
    assert viewer.sender.counters.replays == {"join": 1, "nack": 1}
    assert viewer.sender.counters.retransmitted == 0


@pytest.mark.parametrize("requests", [[pli()] * 100, [fir(n) for n in range(100)]])
def test_a_storm_of_requests_brings_two_replays_a_second(requests: list[bytes]) -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    for number, request in enumerate(requests):
        viewer.sender.on_rtcp(request, 1.0 + number / 100)
        if number % 4 == 0:
            viewer.sender.send_picture(stock.push(unit(6 + number // 4)), 1.0 + number / 100)
    assert sum(viewer.sender.counters.replays.values()) == 3


def test_a_request_too_soon_is_answered_as_soon_as_it_may() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)  # joined at 0.0
    viewer.sender.on_rtcp(pli(), 0.22)
    assert viewer.take() == []
    for number in range(6, 14):
        packets = on(viewer, stock, unit(number))
        assert len([p for p in packets if p.marker]) == (13 if number == 13 else 1)
    assert [p.stamp for p in packets if p.marker][-1] == 13 * TICKS


def test_a_silent_cameras_past_is_not_shown_again() -> None:
    """Chromium asks for a keyframe after 3 s without a picture; the newest one is of 3 s ago."""
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.sender.on_rtcp(pli(), 3.2)
    assert viewer.take() == []
    late = replace(unit(6), arrived=4.0, media_time=4 * 90_000)
    viewer.sender.send_picture(stock.push(late), 4.0)
    stamps = [packet.stamp for packet in viewer.drain(4.0) if packet.marker]
    assert len(stamps) == 6
    assert stamps[-1] == 4 * 90_000
    assert viewer.sender.counters.replays == {"join": 1, "pli": 1}


def test_who_joins_a_silent_camera_gets_the_picture_with_its_return() -> None:
    viewer = Viewer()
    stock = Stock()
    for each in gop(1, 5):
        stock.push(each)
    viewer.sender.start(stock, 3.0)
    assert viewer.take() == []
    assert viewer.state() is State.WAITING
    viewer.sender.send_picture(stock.push(replace(unit(6), arrived=4.0, media_time=4 * 90_000)), 4.0)
    assert len([packet for packet in viewer.drain(4.0) if packet.marker]) == 6
    assert viewer.state() is State.LIVE


def test_a_slow_cameras_picture_is_of_now_for_three_intervals() -> None:
    viewer = Viewer()
    stock = Stock()
    for number in range(1, 4):  # one picture in two seconds
        stock.push(replace(unit(number, idr=number == 1), arrived=2.0 * number, media_time=180_000 * number))
    viewer.sender.start(stock, 11.9)
    assert viewer.state() is State.LIVE


def test_a_keyframe_settles_a_request() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.sender.on_rtcp(pli(), 0.22)
    on(viewer, stock, unit(6, idr=True))
    for number in range(7, 40):
        assert len([p for p in on(viewer, stock, unit(number)) if p.marker]) == 1


def test_a_repeated_fir_is_the_same_request_and_others_media_none_of_ours() -> None:
    viewer = Viewer()
    playing(viewer)
    for at in (1.0, 2.0, 3.0):
        viewer.sender.on_rtcp(fir(7), at)
        viewer.sender.on_rtcp(pli(99), at)
    assert viewer.sender.counters.replays == {"join": 1, "fir": 1}


# Falling behind


def test_a_full_path_costs_the_rest_of_the_group_and_is_made_up_by_a_replay() -> None:
    viewer = Viewer()
    stock, packets = playing(viewer)
    viewer.path.room = 1
    packets += on(viewer, stock, unit(6))
    assert viewer.state() is State.LOST
    viewer.path.room = 1 << 30
    for number in range(7, 13):
        assert on(viewer, stock, unit(number)) == []
    again = on(viewer, stock, unit(13))
    assert viewer.state() is State.LIVE
    assert viewer.sender.counters.overflows == 1
    assert viewer.sender.counters.replays == {"join": 1, "overflow": 1}
    assert again[0].sequence == packets[-1].sequence + 1
    assert [p.nal_units for p in pictures(again)] == [p.unit.nal_units for p in stock.history.newest_gop()]
    assert [p.stamp for p in again if p.marker][-1] == 13 * TICKS


def test_a_keyframe_ends_being_lost() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.path.room = 0
    on(viewer, stock, unit(6))
    viewer.path.room = 1 << 30
    assert on(viewer, stock, unit(7)) == []
    assert len(pictures(on(viewer, stock, unit(8, idr=True)))) == 1
    assert viewer.sender.counters.replays == {"join": 1}


def test_missing_pictures_of_the_camera_are_not_glossed_over() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.sender.missed(1.0)
    assert on(viewer, stock, unit(9)) == []
    assert len(on(viewer, stock, unit(10, idr=True))) > 0


def test_a_large_keyframe_leaves_at_the_pace_of_the_link() -> None:
    viewer = Viewer(link_bps=2_000_000)
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    key = unit(1, idr=True, size=60_000)
    viewer.sender.send_picture(stock.push(key), 0.0)
    amounts = [len(viewer.take())]
    now = 0.0
    while viewer.sender.held:
        now += 0.004
        viewer.sender.pump(now)
        amounts.append(len(viewer.take()))
    assert sum(amounts) == 53 + 1  # and one for the parameter sets
    assert max(amounts) <= 12
    # 60 kB at two and a half times 2 Mbit/s, less the burst
    assert 0.06 < now < 0.1


def test_pictures_behind_a_held_one_keep_their_order() -> None:
    viewer = Viewer(link_bps=2_000_000)
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    viewer.sender.send_picture(stock.push(unit(1, idr=True, size=60_000)), 0.04)
    viewer.sender.send_picture(stock.push(unit(2)), 0.08)
    viewer.sender.send_picture(stock.push(unit(3)), 0.12)
    for tick in range(100):
        viewer.sender.pump(0.12 + tick * 0.004)
    assert viewer.stamps() == [TICKS, 2 * TICKS, 3 * TICKS]
    assert viewer.sender.counters.overflows == 0


def test_a_newer_keyframe_replaces_what_is_still_held() -> None:
    viewer = Viewer(link_bps=2_000_000)
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    for each in (unit(1, idr=True, size=60_000), unit(2, size=20_000), unit(3), unit(4, idr=True)):
        viewer.sender.send_picture(stock.push(each), 0.04)
    for tick in range(100):
        viewer.sender.pump(0.04 + tick * 0.004)
    assert viewer.stamps() == [TICKS, 4 * TICKS]
    assert viewer.sender.counters.skipped == 2


def test_what_the_link_does_not_take_within_a_second_is_dropped() -> None:
    viewer = Viewer(link_bps=100_000)
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    viewer.sender.send_picture(stock.push(unit(1, idr=True, size=200_000)), 0.0)
    now = 0.0
    while viewer.sender.held:
        now += 0.004
        viewer.sender.pump(now)
    assert now <= MOST_HELD_S + 0.01
    assert viewer.state() is State.LOST
    viewer.take()
    assert on(viewer, stock, unit(2)) == []
    assert viewer.sender.link_report(2.0).overflowed
    assert not viewer.sender.link_report(3.0).overflowed


# Another rendition


def test_a_change_of_rendition_goes_on_in_numbers_and_time() -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer, 30)
    other = Stock("sub")
    for each in gop(1, 30, size=500, key_size=800):
        other.push(each)
    viewer.sender.start(other, 30 / 25)
    again = viewer.drain(30 / 25)
    assert again[0].sequence == packets[-1].sequence + 1
    stamps = [p.stamp for p in again if p.marker]
    assert stamps[0] > 30 * TICKS
    assert stamps[-1] < 31 * TICKS
    assert viewer.sender.counters.replays == {"join": 1, "switch": 1}
    assert viewer.sender.statistics(2.0).rendition == "sub"
    (picture,) = pictures(on(viewer, other, unit(31, idr=True)))
    assert picture.timestamp == 31 * TICKS


@pytest.mark.parametrize(("pictures_before", "waits"), [(52, False), (97, True)])
def test_a_full_link_is_given_what_is_seen_first(pictures_before: int, waits: bool) -> None:
    viewer = Viewer()
    _stock, packets = playing(viewer, 30)
    other = Stock("sub")  # a keyframe every two seconds
    for number in range(1, pictures_before + 1):
        other.push(unit(number, idr=number % 50 == 1, size=1000))
    now = pictures_before / 25
    viewer.sender.limit(400_000)
    viewer.sender.start(other, now, urgent=True)
    assert viewer.state() is (State.WAITING if waits else State.LIVE)
    if waits:
        packets = on(viewer, other, unit(101, idr=True))
        assert packets
        assert viewer.state() is State.LIVE


def test_what_the_viewer_has_not_got_shows_how_far_it_is_behind() -> None:
    viewer = Viewer()
    stock, packets = playing(viewer)
    sent = [packets, *(on(viewer, stock, unit(number)) for number in range(6, 60))]
    for at in (2.4, 2.6):
        block = RtcpReceiverInfo(
            ssrc=SSRC,
            fraction_lost=0,
            packets_lost=0,
            highest_sequence=sent[-20][-1].sequence,
            jitter=0,
            lsr=0,
            dlsr=0,
        )
        viewer.sender.on_rtcp(bytes(RtcpRrPacket(ssrc=1, reports=[block])), at)
    # Of picture 40 the last packet has come; the next picture left 0.76 s before the first report.
    assert viewer.sender.link_report(2.6).behind == pytest.approx(2.4 - 41 / 25)
    assert viewer.sender.behind == pytest.approx(2.4 - 41 / 25)


# RTCP of our own


def test_a_sender_report_tells_time_and_amounts() -> None:
    viewer = Viewer()
    _, packets = playing(viewer)
    assert viewer.sender.report_due(0.2)
    viewer.sender.report(0.2, Reference(to_ntp(1000.0), 12_345))
    assert not viewer.sender.report_due(0.6)
    assert viewer.sender.report_due(0.75)
    viewer.take()
    (compound,) = viewer.rtcp
    report, description = RtcpPacket.parse(compound)
    assert isinstance(report, RtcpSrPacket)
    assert report.ssrc == SSRC
    assert report.sender_info.ntp_timestamp == to_ntp(1000.0)
    assert report.sender_info.rtp_timestamp == 12_345
    assert report.sender_info.packet_count == len(packets)
    assert report.sender_info.octet_count == sum(len(packet.payload) for packet in packets)
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"relay")]


def test_a_viewer_that_asks_is_told_its_round_trip_once() -> None:
    viewer = Viewer()
    playing(viewer)
    asked = struct.pack("!BBHIBBHQ", 0x80, 207, 4, 1, 4, 0, 2, to_ntp(2000.5))
    viewer.sender.on_rtcp(asked, 10.0)
    for now in (10.5, 12.0):
        viewer.sender.report(now, Reference(to_ntp(1000.0), 12_345))
    viewer.take()
    first, second = viewer.rtcp
    assert len(first) == len(second) + 24
    middle, delay = struct.unpack("!II", first[-8:])
    assert middle == to_ntp(2000.5) >> 16 & 0xFFFFFFFF
    assert delay == 32_768  # half a second


def test_reports_are_rarer_when_the_link_is_known() -> None:
    viewer = Viewer()
    playing(viewer)
    viewer.sender.report(10.0, Reference(to_ntp(1000.0), 12_345))
    assert not viewer.sender.report_due(10.9)
    assert viewer.sender.report_due(11.05)


def test_no_report_before_the_first_packet() -> None:
    assert not Viewer().sender.report_due(100.0)


def test_the_end_is_said_once_and_is_the_end() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.sender.bye()
    viewer.sender.bye()
    viewer.take()
    (compound,) = viewer.rtcp
    assert isinstance(RtcpPacket.parse(compound)[-1], RtcpByePacket)
    assert stock.detached == [viewer.sender]
    viewer.sender.on_rtcp(pli(), 5.0)
    assert on(viewer, stock, unit(6)) == []
    assert on(viewer, stock, unit(7, idr=True)) == []
    assert viewer.sender.statistics(9.0).state == "ended"


def test_nonsense_from_the_viewer_is_counted() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    for size in range(200):
        viewer.sender.on_rtcp(os.urandom(size), 1.0)
    assert viewer.sender.counters.bad_rtcp > 150
    assert len(on(viewer, stock, unit(6))) > 0


# What a camera sends


@pytest.mark.parametrize(
    "nals",
    [(), (b"",), (b"\x80\x80",), (b"\x09\xf0",), (b"\x00",), (b"\x7c",), (b"\x41",), (b"\x18\0\0",)],
)
def test_no_picture_of_a_camera_breaks_a_sender(nals: tuple[bytes, ...]) -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    on(viewer, stock, AccessUnit(6, 6 * TICKS, 6 * TICKS, 0.24, None, False, nals))
    assert len(pictures(on(viewer, stock, unit(7, idr=True)))) == 1


# Tests of the link, figures, and the real socket


def test_a_test_of_the_link_repeats_packets_by_rtx() -> None:
    viewer = Viewer()
    playing(viewer)
    left = viewer.sender.probe(5_000, 1.0)
    packets = viewer.take()
    assert 5_000 <= left < 6_300
    assert {packet.ssrc for packet in packets} == {RTX_SSRC}
    plain = Viewer(rtx=False)
    playing(plain)
    assert plain.sender.probe(5_000, 1.0) == 0


def test_every_packet_has_its_transport_number() -> None:
    ids = {ports.EXTENSION_TRANSPORT_CC: 3, ports.EXTENSION_MID: 4}
    viewer = Viewer(ids=ids)
    stock, packets = playing(viewer, 40)
    viewer.sender.on_rtcp(nack(packets[0].sequence), 1.6)
    packets += viewer.take()
    packets += on(viewer, stock, unit(41, size=70_000))
    numbers = [int.from_bytes(read_extensions(p.extension)[3], "big") for p in packets]
    assert numbers == list(range(len(packets)))


def test_held_packets_tell_when_they_really_left() -> None:
    viewer = Viewer(link_bps=2_000_000)
    stock = Stock()
    viewer.sender.start(stock, 0.0)
    viewer.sender.send_picture(stock.push(unit(1, idr=True, size=60_000)), 1.0)
    viewer.sender.pump(1.5)
    times = [int.from_bytes(read_extensions(p.extension)[2], "big") / (1 << 18) for p in viewer.take()]
    assert min(times) == pytest.approx(1.0, abs=1e-4)
    assert max(times) == pytest.approx(1.5, abs=1e-4)


def test_the_link_report_is_of_the_time_since_the_last() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    viewer.sender.link_report(1.0)
    before = viewer.sender.counters.bytes
    on(viewer, stock, unit(6, size=50_000))
    report = viewer.sender.link_report(2.0)
    assert report.sent == pytest.approx((viewer.sender.counters.bytes - before) * 8)
    assert (report.lost, report.rtt, report.estimate) == (None, None, None)


@pytest.mark.parametrize("offload", [True, False])
def test_over_a_real_socket_a_picture_is_one_call(offload: bool) -> None:
    ours, theirs = srtp_pair()
    with sockets() as (relay, viewer):
        egress = UdpEgress(relay, offload=offload)
        sender = PictureSender(parameters(), ours, UdpPath(egress, viewer.getsockname()), link_bps=1e9)
        stock = Stock()
        for each in gop(1, 3):
            stock.push(each)
        sender.start(stock, 1.0)
        received(viewer)
        egress.calls = 0
        picture = stock.push(unit(4, size=40_000))
        sender.send_picture(picture, 1.1)
        packets = [read_rtp(theirs.unprotect_rtp(datagram)) for datagram in received(viewer)]
        assert egress.calls == (1 if offload else 35)
    assert tuple(packet.payload for packet in packets) == picture.payloads


def test_a_sender_is_small() -> None:
    import tracemalloc

    pair = srtp_pair()[0]
    path = Viewer().path
    tracemalloc.start()
    senders = [PictureSender(parameters(), pair, path) for _ in range(50)]
    size = tracemalloc.get_traced_memory()[0] / len(senders)
    tracemalloc.stop()
    assert size < 40_000


# Keyframes on a link whose present rate is not known


def asking(asked: list[int], told: list[None], *, round_trip: float = 0.04) -> tuple[Viewer, Stock]:
    """A viewer far away that has answered what it was asked."""

    def ask(number: int) -> bool:
        asked.append(number)
        return True

    viewer = Viewer(ask=ask, collapsed=lambda: told.append(None))
    stock, _ = playing(viewer)
    on_a_round_trip(viewer, round_trip)
    viewer.sender.report(2.5, Reference(to_ntp(5002.5), 0))
    viewer.sender.answered(asked[-1], 2.5 + round_trip)
    viewer.take()
    return viewer, stock


def test_the_rest_of_a_keyframe_leaves_when_the_viewer_has_answered() -> None:
    asked: list[int] = []
    told: list[None] = []
    viewer, stock = asking(asked, told)
    viewer.sender.send_picture(stock.push(unit(70, idr=True, size=100_000)), 2.8)
    viewer.sender.send_picture(stock.push(unit(71)), 2.82)
    first = viewer.take()
    assert 10_000 <= sum(len(packet.payload) for packet in first) < 14_000
    assert len(asked) == 2
    viewer.sender.answered(asked[-1], 2.845)
    rest = viewer.drain(2.845)
    assert [p.timestamp for p in pictures(first + rest)] == [70 * TICKS, 71 * TICKS]
    assert told == []
    assert viewer.sender.link_report(3.0).collapsed is None


def test_a_keyframe_under_which_the_link_collapses_is_abandoned_for_the_small_rendition() -> None:
    asked: list[int] = []
    told: list[None] = []
    viewer, stock = asking(asked, told)
    now = 2.8
    viewer.sender.send_picture(stock.push(unit(70, idr=True, size=100_000)), now)
    while not told:
        now += 0.004
        assert now < 3.2
        viewer.sender.pump(now)
    assert len(asked) > 5
    packets = viewer.take()
    assert sum(len(packet.payload) for packet in packets) < 14_000
    assert viewer.sender.has_collapsed
    report = viewer.sender.link_report(now)
    assert report.collapsed is not None
    viewer.sender.limit(report.collapsed)
    small = Stock("sub")
    for each in gop(1, 5, size=500, key_size=800):
        small.push(replace(each, arrived=now))
    viewer.sender.start(small, now, urgent=True)
    again = viewer.drain(now)
    assert again[0].sequence == packets[-1].sequence + 1  # nothing looks lost
    assert len(pictures(again)) == 5
    viewer.sender.on_rtcp(nack(packets[-1].sequence), now + 0.1)
    assert viewer.take() == []  # and of the abandoned one nothing is sent again


def test_who_never_answers_gets_keyframes_whole() -> None:
    viewer = Viewer()
    stock, _ = playing(viewer)
    on_a_round_trip(viewer, 0.04)
    viewer.sender.report(2.5, Reference(to_ntp(5002.5), 0))
    viewer.take()
    assert len(pictures(on(viewer, stock, unit(70, idr=True, size=100_000)))) == 1


def test_a_viewer_that_has_moved_is_not_judged_by_its_old_way() -> None:
    asked: list[int] = []
    told: list[None] = []
    viewer, stock = asking(asked, told)
    viewer.sender.moved(2.6)
    assert len(pictures(on(viewer, stock, unit(70, idr=True, size=100_000)))) == 1
    assert told == []
