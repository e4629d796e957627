"""RTP order, gaps and strangers; sender and receiver reports."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.counters import Counters
from streams.rtp import RtpReceiver, parse_sender_report
from tests.cameras.video import RtpWriter


class Sink:
    """A depacketizer that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        self.told.append(bytes(payload))

    def lost(self) -> None:
        self.told.append("lost")


class Bench:
    def __init__(self) -> None:
        self.sink, self.counters = Sink(), Counters()
        self.receiver = RtpReceiver(96, self.sink, self.counters)

    def feed(self, *packets: bytes, now: float = 0.0) -> list[bytes | str]:
        for packet in packets:
            self.receiver.feed(memoryview(packet), now)
        return self.sink.told


def packet(sequence: int, payload: bytes, *, ssrc: int = 1, kind: int = 96) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, 0, ssrc) + payload


@pytest.mark.parametrize(
    ("sequences", "told"),
    [
        pytest.param([1, 2, 3], [b"1", b"2", b"3"], id="in order"),
        pytest.param([65534, 65535, 0, 1], [b"65534", b"65535", b"0", b"1"], id="wrap"),
        pytest.param([1, 3, 4], [b"1", "lost", b"3", b"4"], id="gap"),
        pytest.param([65535, 2], [b"65535", "lost", b"2"], id="gap over the wrap"),
        pytest.param([1, 2, 2, 3], [b"1", b"2", b"3"], id="twice"),
        pytest.param([1, 3, 2, 4], [b"1", "lost", b"3", b"4"], id="late"),
        pytest.param([1, 2, 30000, 30001], [b"1", b"2", "lost", b"30000", b"30001"], id="far ahead"),
        pytest.param([50000, 100, 101], [b"50000", "lost", b"100", b"101"], id="a new row"),
        pytest.param(
            [100, *range(60, 70)],
            [b"100", "lost", *(str(n).encode() for n in range(67, 70))],
            id="a new row just behind",
        ),
    ],
)
def test_order(sequences: list[int], told: list[bytes | str]) -> None:
    assert Bench().feed(*(packet(n, str(n).encode()) for n in sequences)) == told


def test_gaps_and_late_ones_are_counted() -> None:
    bench = Bench()
    bench.feed(packet(1, b""), packet(5, b""), packet(3, b""), packet(6, b""))
    assert (bench.counters.lost_packets, bench.counters.late_packets, bench.counters.packets) == (3, 1, 3)


def test_other_payload_types_are_dropped() -> None:
    bench = Bench()
    assert bench.feed(packet(1, b"a"), packet(2, b"x", kind=50), packet(2, b"b")) == [b"a", b"b"]
    assert bench.counters.foreign_packets == 1


def test_another_ssrc_is_believed_after_five_in_a_row() -> None:
    bench = Bench()
    bench.feed(packet(1, b"a"))
    for number in range(4):
        bench.feed(packet(900 + number, b"x", ssrc=2), packet(2 + number, b"b"))
    assert bench.sink.told == [b"a"] + [b"b"] * 4
    bench.feed(*(packet(900 + number, b"c", ssrc=2) for number in range(6)))
    assert bench.sink.told[5:] == ["lost", b"c", b"c"]


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        pytest.param(b"\x80\x60\x00\x01" + bytes(8) + b"abc", b"abc", id="plain"),
        pytest.param(b"\x82\x60\x00\x01" + bytes(8) + bytes(8) + b"abc", b"abc", id="CSRCs"),
        pytest.param(b"\x90\x60\x00\x01" + bytes(8) + b"\xbe\xde\0\1abcd" + b"abc", b"abc", id="ext."),
        pytest.param(b"\xa0\x60\x00\x01" + bytes(8) + b"abc\x00\x02", b"abc", id="padding"),
        pytest.param(b"\x80\x60\x00\x01" + bytes(8), b"", id="empty"),
    ],
)
def test_payload(raw: bytes, payload: bytes) -> None:
    assert Bench().feed(raw) == [payload]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80\x60",
        b"\x00\x60\x00\x01" + bytes(8),
        b"\x8f\x60\x00\x01" + bytes(8),
        b"\x90\x60\x00\x01" + bytes(8),
        b"\x90\x60\x00\x01" + bytes(8) + b"\xbe\xde\xff\xff",
        b"\xa0\x60\x00\x01" + bytes(8) + b"\x00",
        b"\xa0\x60\x00\x01" + bytes(8) + b"\xff",
    ],
)
def test_bad_packets_are_counted(raw: bytes) -> None:
    bench = Bench()
    assert [told for told in bench.feed(raw) if told != "lost"] == []
    assert bench.counters.bad_packets == 1


def test_sender_report() -> None:
    writer = RtpWriter(ssrc=7, timestamp=90_000)
    report = parse_sender_report(writer.sender_report(1_700_000_000.5))
    assert report is not None
    assert (report.ssrc, report.rtp_time) == (7, 90_000)
    assert report.utc == pytest.approx(1_700_000_000.5, abs=1e-6)


def test_sender_report_behind_another_packet_and_in_the_next_era() -> None:
    writer = RtpWriter()
    other = struct.pack("!BBHI", 0x80, 201, 1, 5)
    report = parse_sender_report(other + writer.sender_report(2_100_000_000.0))
    assert report is not None and report.utc == pytest.approx(2_100_000_000.0, abs=1e-6)


def test_a_camera_without_a_clock_reports_nothing() -> None:
    assert parse_sender_report(struct.pack("!BBHIQIII", 0x80, 200, 6, 1, 0, 5, 0, 0)) is None


@given(st.binary(max_size=200))
def test_any_rtcp_does_no_harm(data: bytes) -> None:
    report = parse_sender_report(data)
    assert report is None or report.rtp_time < 2**32


def test_receiver_report() -> None:
    bench = Bench()
    empty = bench.receiver.receiver_report(9, 0.0)
    assert empty[:8] == struct.pack("!BBHI", 0x80, 201, 1, 9)
    bench.feed(*(packet(n, b"") for n in (65534, 65535, 0, 3, 4)))
    report = parse_sender_report(RtpWriter(ssrc=1).sender_report(1_700_000_000.0))
    assert report is not None
    assert bench.receiver.report_received(report, 10.0)
    compound = bench.receiver.receiver_report(9, 10.5)
    first, kind, length, own, ssrc, loss, highest, _, middle, delay = struct.unpack(
        "!BBHIIIIIII", compound[:32]
    )
    assert (first, kind, length, own, ssrc) == (0x81, 201, 7, 9, 1)
    assert loss >> 24 == 2 * 256 // 7 and loss & 0xFFFFFF == 2  # 2 of 7
    assert highest == (1 << 16) + 4
    assert (middle, delay) == (report.ntp_middle, 32768)
    assert compound[32:34] == b"\x81\xca" and len(compound) % 4 == 0
    later = bench.receiver.receiver_report(9, 11.0)
    assert later[12] == 0  # nothing lost since
