"""The fuzz targets in the normal suite: good bytes, bytes near them, any bytes, and everything ever found."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, feed

FINDS = sorted((Path(__file__).parent / "finds").glob("*"))


@pytest.mark.parametrize("name", TARGETS)
def test_good_bytes(name: str) -> None:
    given_seeds = list(seeds(name))
    assert given_seeds
    for seed in given_seeds:
        feed(name, seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=600))
def test_any_bytes(name: str, data: bytes) -> None:
    feed(name, data)


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_near_good_ones(name: str) -> None:
    """Changed, cut, doubled and mixed at random, from a fixed seed; in bounded time."""
    chance = random.Random(9)
    good = list(seeds(name))
    began = time.process_time()
    slowest = 0.0
    for _ in range(600):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 6)):
            where = chance.randrange(len(data) + 1)
            match chance.randrange(4):
                case 0 if where < len(data):
                    data[where] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
                case 1:
                    del data[where : where + chance.randrange(1, 40)]
                case 2:
                    data[where:where] = data[where : where + chance.randrange(1, 60)]
                case _:
                    other = chance.choice(good)
                    at = chance.randrange(len(other))
                    data[where:where] = other[at : at + chance.randrange(1, 60)]
        once = time.process_time()
        feed(name, bytes(data))
        slowest = max(slowest, time.process_time() - once)
    assert slowest < 0.5 and time.process_time() - began < 30


@pytest.mark.parametrize("find", FINDS, ids=lambda path: str(path.name))
def test_what_was_found_once(find: Path) -> None:
    feed(find.name.split("-")[0], find.read_bytes())
