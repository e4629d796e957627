from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.place import (
    Point,
    angle_between,
    bearing_deg,
    direction,
    distance_m,
    require_in_city,
)
from hotline.errors import Invalid

CITY_HALL = Point(37.6152, 126.7156)
MARKET = Point(37.6290, 126.7140)


def test_distance_of_a_minute_of_latitude_is_a_nautical_mile() -> None:
    assert distance_m(Point(37, 127), Point(37 + 1 / 60, 127)) == pytest.approx(1853.2, abs=1)


def test_distance_in_the_city() -> None:
    assert distance_m(CITY_HALL, MARKET) == pytest.approx(1541, abs=10)


@pytest.mark.parametrize(
    ("target", "bearing", "words"),
    [
        (Point(37.7, 127.0), 0, ("북쪽", "north")),
        (Point(37.68, 127.1), 45, ("북동쪽", "north-east")),
        (Point(37.6, 127.1), 90, ("동쪽", "east")),
        (Point(37.5, 127.0), 180, ("남쪽", "south")),
        (Point(37.6, 126.9), 270, ("서쪽", "west")),
    ],
)
def test_bearing_and_its_words(target: Point, bearing: float, words: tuple[str, str]) -> None:
    found = bearing_deg(Point(37.6, 127.0), target)
    assert angle_between(found, bearing) < 1
    assert direction(found) == words


def test_almost_north_from_the_west_is_north() -> None:
    assert direction(359.9) == ("북쪽", "north")


@given(st.floats(0, 360), st.floats(0, 360))
def test_angle_is_the_smaller_one(a: float, b: float) -> None:
    assert 0 <= angle_between(a, b) <= 180
    assert angle_between(a, b) == pytest.approx(angle_between(b, a))


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        (Point(35.68, 139.69), ["longitude"]),  # Tokyo
        (Point(0, 0), ["latitude", "longitude"]),
        (Point(39.02, 125.75), ["latitude"]),  # P'yŏngyang
        (Point(35.18, 129.08), ["latitude", "longitude"]),  # Busan: in Korea, but far
        (Point(-37.6, 126.7), ["latitude"]),
    ],
)
def test_places_out_of_reach_name_their_fields(place: Point, fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        require_in_city(place, CITY_HALL, 50)
    assert [error.field for error in refused.value.errors] == fields


def test_places_within_reach_pass() -> None:
    require_in_city(Point(37.5665, 126.9780), CITY_HALL, 50)  # Seoul's city hall, 24 km
