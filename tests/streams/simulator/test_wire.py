"""Packets as the RFCs want them."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulator import wire

UNITS = st.lists(
    st.binary(min_size=2, max_size=5000).map(lambda b: bytes((0x65,)) + b[1:]), min_size=1, max_size=4
)


@settings(deadline=None)  # a busy machine is no fault
@given(UNITS, st.integers(20, 1400))
def test_payloads_carry_the_units_whole(units: list[bytes], limit: int) -> None:
    chunks = wire.payloads(units, limit)
    assert all(len(chunk) <= limit for chunk in chunks)
    joined: list[bytes] = []
    for chunk in chunks:
        if chunk[0] & 0x1F != 28:
            joined.append(chunk)
            continue
        start, end = chunk[1] & 0x80, chunk[1] & 0x40
        assert not (start and end)
        if start:
            joined.append(bytes((chunk[0] & 0xE0 | chunk[1] & 0x1F,)))
        joined[-1] += chunk[2:]
    assert joined == units


def test_annex_b_is_split_at_start_codes_of_both_lengths() -> None:
    stream = b"\0\0\0\1\x67abc\0\0\1\x68de\0\0\0\1\x65f\0\0\0\1\x41g"
    assert wire.nal_units(stream) == [b"\x67abc", b"\x68de", b"\x65f", b"\x41g"]
    assert wire.nal_units(b"none") == []


def test_rtp_headers() -> None:
    packets = wire.rtp_packets([b"a", b"b"], 0x01020304, 0xFFFF, 0x1_0000_0007)
    assert packets[0] == struct.pack("!BBHII", 0x80, 96, 0xFFFF, 7, 0x01020304) + b"a"
    assert packets[1] == struct.pack("!BBHII", 0x80, 96 | 0x80, 0, 7, 0x01020304) + b"b"
    assert wire.interleaved(3, [b"xy"]) == b"$\x03\x00\x02xy"


def test_sender_report() -> None:
    report = wire.sender_report(9, 1_795_000_000.5, 1234, 5, 678, "cam-1")
    version, kind, length, ssrc, ntp, rtp, packets, octets = struct.unpack_from("!BBHIQIII", report)
    assert (version, kind, length, ssrc) == (0x80, 200, 6, 9)
    assert ntp / 2**32 - 2_208_988_800 == 1_795_000_000.5
    assert (rtp, packets, octets) == (1234, 5, 678)
    assert len(report) % 4 == 0
    assert report[28 + 1] == 202
    assert len(report) == 28 + 4 * (1 + struct.unpack_from("!H", report, 30)[0])
    assert b"cam-1\0" in report
