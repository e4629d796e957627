from __future__ import annotations

from dataclasses import dataclass

import pytest

from hotline.domain.nearby import rank, sight
from hotline.domain.place import Point, bearing_deg

FIRE = Point(37.6290, 126.7140)


@dataclass(frozen=True)
class Standing:
    id: str
    latitude: float
    longitude: float
    heading: float | None = None
    field_of_view: float | None = None


def at(name: str, north_m: float, east_m: float = 0, **view: float) -> Standing:
    return Standing(name, FIRE.latitude + north_m / 111_195, FIRE.longitude + east_m / 88_060, **view)


def ids(cameras: list[Standing], **how: object) -> list[str]:
    options: dict[str, object] = {"limit": 9, "radius_m": 1000, **how}
    return [found.camera_id for found in rank(FIRE, cameras, **options)]  # type: ignore[arg-type]


def test_nearest_first_when_nothing_else_is_known() -> None:
    assert ids([at("far", 400), at("near", 100), at("middle", 200)]) == ["near", "middle", "far"]


def test_a_camera_that_faces_the_place_beats_a_nearer_one_that_looks_away() -> None:
    cameras = [at("away", 150, heading=0), at("faces", 250, heading=180)]
    assert ids(cameras) == ["faces", "away"]


def test_but_not_one_that_is_much_nearer() -> None:
    assert ids([at("away", 50, heading=0), at("faces", 600, heading=180)]) == ["away", "faces"]


def test_a_camera_without_picture_comes_later() -> None:
    assert ids([at("down", 100), at("alive", 200)], down={"down"}) == ["alive", "down"]


def test_a_camera_known_dead_comes_behind_all_living_ones_but_is_listed() -> None:
    cameras = [at("dead", 50), at("far", 900), at("dead too", 60), at("down", 100)]
    assert ids(cameras, dead={"dead", "dead too"}, down={"down"}) == ["down", "far", "dead", "dead too"]
    found = rank(FIRE, cameras, limit=9, radius_m=1000, dead={"dead"})[-1]
    assert found.dead and "last checked" in found.reason[1] and "점검" in found.reason[0]


def test_a_slow_camera_gives_way_to_one_as_near() -> None:
    assert ids([at("slow", 100), at("quick", 110)], slow={"slow"}) == ["quick", "slow"]
    assert ids([at("slow", 100), at("quick", 300)], slow={"slow"}) == ["slow", "quick"]


def test_views_differ_before_they_repeat() -> None:
    pole = [at("a", 100, heading=180), at("b", 100, 1, heading=185), at("c", 140, heading=200)]
    assert ids(pole) == ["a", "c", "b"]


def test_radius_and_limit_hold() -> None:
    cameras = [at(str(metres), metres) for metres in (100, 300, 999, 1001, 5000)]
    assert ids(cameras) == ["100", "300", "999"]
    assert ids(cameras, limit=2) == ["100", "300"]
    assert ids(cameras, radius_m=50) == []


@pytest.mark.parametrize(
    ("view", "faces"),
    [
        ({}, None),
        ({"heading": 180.0}, True),
        ({"heading": 0.0}, False),
        ({"heading": 225.0, "field_of_view": 80.0}, False),
        ({"heading": 225.0, "field_of_view": 100.0}, True),
        ({"heading": 0.0, "field_of_view": 360.0}, True),
    ],
)
def test_facing(view: dict[str, float], faces: bool | None) -> None:
    assert sight(FIRE, at("camera", 200, **view)).faces is faces


def test_bearing_is_from_the_place_to_the_camera() -> None:
    found = sight(FIRE, at("camera", 0, 300))
    assert found.bearing_deg == pytest.approx(90, abs=0.5)
    assert found.direction == ("동쪽", "east")
    assert bearing_deg(FIRE, Point(FIRE.latitude, FIRE.longitude + 0.01)) == pytest.approx(90, abs=0.5)


def test_reasons_are_sentences_for_people() -> None:
    ko, en = sight(FIRE, at("camera", 123, heading=180), down=True).reason
    assert ko == "북쪽 120m, 현장을 향함, 현재 영상 없음"
    assert en == "120 m north, faces the place, no picture at present"


def test_same_place_many_cameras_is_the_same_order_each_time() -> None:
    cameras = [at(f"{number:03d}", 100) for number in range(50)]
    assert ids(cameras, limit=50) == ids(list(reversed(cameras)), limit=50)
