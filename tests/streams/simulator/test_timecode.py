"""The time code: what is drawn is read, at any size and after encoding; anything else is None."""

from __future__ import annotations

import binascii

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulator import timecode
from streams.simulator.camera import H264Profile
from streams.simulator.encoder import Encoder, EncoderSettings
from streams.simulator.planes import Planes
from tests.streams.simulator.decoding import decoded

NOW_MS = 1_795_000_123_456


@settings(deadline=None)  # a busy machine is no fault
@given(st.integers(0, 2**41), st.sampled_from([(64 * 4, 80), (640, 360), (1280, 720), (1918, 1080)]))
def test_what_is_drawn_is_read(unix_ms: int, size: tuple[int, int]) -> None:
    width, height = size
    for shape in ((height, width), (height, width, 3)):
        frame = np.full(shape, 90, np.uint8)
        timecode.draw(frame, unix_ms)
        assert timecode.read(frame) == unix_ms % timecode.MODULUS
        assert timecode.read(frame, near_ms=unix_ms + 60_000) == unix_ms


def test_bits_are_as_specified() -> None:
    frame = np.full((360, 640), 90, np.uint8)
    timecode.draw(frame, NOW_MS)
    cells = frame[-5, 5::10]
    code = int("".join("1" if cell > 128 else "0" for cell in cells), 2).to_bytes(8, "big")
    assert code[0] == 0b10101100
    assert int.from_bytes(code[1:6], "big") == NOW_MS % 2**40
    # CRC-16/CCITT-FALSE has the check value 0x29B1 for "123456789".
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1
    assert int.from_bytes(code[6:], "big") == binascii.crc_hqx(code[1:6], 0xFFFF)
    assert (frame[-11] == 90).all()


@pytest.mark.parametrize("size", [(320, 180), (426, 240), (1920, 1080), (1000, 700)])
def test_it_survives_scaling(size: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    timecode.draw(frame, NOW_MS)
    assert timecode.read(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), NOW_MS) == NOW_MS


def test_it_survives_a_low_bit_rate() -> None:
    encoder = Encoder(EncoderSettings((640, 360), 10, H264Profile.MAIN, 120_000))
    rng = np.random.default_rng(2)
    pictures = []
    for i in range(12):
        planes = Planes.blank((640, 360))
        planes.y[:] = rng.integers(60, 180, (360, 640))
        timecode.draw(planes.y, NOW_MS + i * 100)
        pictures += encoder.encode(planes, i * 9000, idr=i % 4 == 0)
    frames = decoded(encoder.parameter_sets, pictures)
    assert [timecode.read(frame, NOW_MS) for frame in frames] == [NOW_MS + i * 100 for i in range(12)]


def test_other_pictures_have_none() -> None:
    rng = np.random.default_rng(3)
    assert timecode.read(np.zeros((360, 640), np.uint8)) is None
    assert timecode.read(np.zeros((4, 40), np.uint8)) is None
    for _ in range(50):
        assert timecode.read(rng.integers(0, 255, (360, 640), dtype=np.uint8)) is None
    frame = np.full((360, 640), 90, np.uint8)
    timecode.draw(frame, NOW_MS)
    frame[-10:, 200:210] = 251 - frame[-10:, 200:210]  # one bit turned over
    assert timecode.read(frame) is None
