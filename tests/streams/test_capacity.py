"""Who may begin, by what runs and what it is expected to cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.camera import RenditionName
from streams.capacity import Capacity, Costs
from streams.h264 import parse_sps
from streams.passable import Obstacle, obstacle
from streams.recipe import RECIPES, Recipe
from streams.scale import fit
from tests.cameras.video import SPS_768


def test_what_fits_is_let_in_and_the_newest_is_refused() -> None:
    capacity = Capacity(1.0)
    assert capacity.admit({"a": 0.4, "a/decode": 0.2}, 0.0)
    assert capacity.admit({"b": 0.4}, 0.0)
    assert not capacity.admit({"c": 0.1}, 0.0) and capacity.refused == 1
    assert capacity.admit({"a": 9.0, "a/decode": 9.0}, 0.0)  # is in already
    capacity.release("b")
    assert capacity.admit({"c": 0.1}, 0.0)


def test_together_or_not_at_all() -> None:
    capacity = Capacity(1.0)
    assert capacity.admit({"a": 0.5}, 0.0)
    assert not capacity.admit({"b": 0.4, "b/decode": 0.4}, 0.0)
    assert capacity.used == 0.5


def test_an_idle_machine_takes_one_whatever_it_costs() -> None:
    capacity = Capacity(0.1)
    assert capacity.admit({"a": 3.0}, 0.0) and not capacity.admit({"b": 0.01}, 0.0)


def test_measurement_takes_the_place_of_expectation() -> None:
    capacity = Capacity(1.0)
    capacity.admit({"a": 0.9}, 0.0)
    for tenth in range(1, 60):
        capacity.spend("a", 0.02, tenth / 10)  # 0.2 cores
    assert capacity.used == pytest.approx(0.2, abs=0.03)
    assert capacity.admit({"b": 0.7}, 6.0)
    for tenth in range(60, 120):
        capacity.spend("a", 0.08, tenth / 10)  # it grows: it is not stopped, but nothing new comes in
    assert capacity.used > 1.0 and not capacity.admit({"c": 0.01}, 12.0)


def test_costs_are_learned() -> None:
    costs = Costs(encode_ms=10.0)
    assert costs.expect("encode", 25.0) == pytest.approx(0.25)
    for _ in range(200):
        costs.learn("encode", 1.0, 0.004)
    assert costs.expect("encode", 25.0) == pytest.approx(0.1)
    costs.learn("encode", 0.0, 1.0)  # nothing came out of that step
    assert costs.expect("encode", 25.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("size", "most", "fitted"),
    [
        ((1920, 1080), 360, (640, 360)),
        ((3840, 2160), 1080, (1920, 1080)),
        ((1280, 720), 1080, (1280, 720)),  # never larger
        ((1080, 1920), 360, (360, 640)),  # upright
        ((768, 432), 360, (640, 360)),
        ((355, 289), 360, (356, 288)),
        ((1, 1), 360, (2, 2)),
    ],
)
def test_sizes_keep_their_shape(size: tuple[int, int], most: int, fitted: tuple[int, int]) -> None:
    assert fit(*size, most) == fitted


def test_rates() -> None:
    assert RECIPES[RenditionName.LOW].rate((640, 360)) == 300_000
    assert 1_500_000 < Recipe(1080).rate((1280, 720)) < 2_500_000
    assert Recipe(1080).rate((64, 64)) == 300_000 and Recipe(4320).rate((7680, 4320)) == 6_000_000


def test_obstacles() -> None:
    plain = parse_sps(SPS_768)
    deep = replace(plain, profile_idc=110)  # High 10
    assert obstacle("H264", plain, reorders=False, masked=False) is None
    assert obstacle("H264", None, reorders=False, masked=False) is None
    assert obstacle("H264", plain, reorders=True, masked=False) is Obstacle.B_FRAMES
    assert obstacle("H264", deep, reorders=False, masked=False) is Obstacle.PROFILE
    assert obstacle("JPEG", None, reorders=False, masked=False) is Obstacle.CODEC
    assert obstacle("H264", plain, reorders=False, masked=True) is Obstacle.MASK
