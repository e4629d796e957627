"""The quantizer follows the bit rate ordered, and rests when it is near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.camera import H264Profile
from streams.simulator.encoder import Encoder, EncoderSettings
from streams.simulator.planes import Planes
from streams.simulator.rate import MAX_QP, MIN_QP, next_qp


@given(st.integers(MIN_QP, MAX_QP), st.integers(0, 10**9), st.floats(0, 100), st.integers(1000, 10**8))
def test_it_moves_towards_the_rate_and_stays_in_bounds(qp: int, bits: int, seconds: float, rate: int) -> None:
    following = next_qp(qp, bits, seconds, rate)
    assert MIN_QP <= following <= MAX_QP
    if seconds > 0 and bits > 0:
        excess = bits / seconds / rate
        if excess > 1.3:
            assert following > qp or qp == MAX_QP
        elif excess < 0.7:
            assert following < qp or qp == MIN_QP
    else:
        assert following == qp


def test_near_the_rate_nothing_changes() -> None:
    assert next_qp(30, 2_000_000, 2.0, 1_000_000) == 30
    assert next_qp(30, 2_400_000, 2.0, 1_000_000) == 30


@pytest.mark.parametrize("bit_rate", [400_000, 1_500_000])
def test_an_encoder_comes_near_the_rate(bit_rate: int) -> None:
    encoder = Encoder(EncoderSettings((640, 360), 10, H264Profile.MAIN, bit_rate))
    sets = encoder.parameter_sets
    rng = np.random.default_rng(1)
    planes = Planes.blank((640, 360))
    sizes = []
    for i in range(150):
        # Noise of one kind all through: as hard in the last group of pictures as in the first.
        planes.y[:] = rng.normal(110, 9, (360, 640)).clip(0, 255)
        coded = encoder.encode(planes, i * 9000, idr=i % 10 == 0)
        sizes.append(sum(len(unit) for picture in coded for unit in picture.nal_units) * 8)
        assert [picture.is_idr for picture in coded] == [i % 10 == 0]
    assert sum(sizes[-40:]) / 4 == pytest.approx(bit_rate, rel=0.4)
    assert encoder.parameter_sets == sets
