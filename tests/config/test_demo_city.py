"""The demo city: whole, plausible, without secrets; a broken file is named field by field."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from config import demo_city
from config.demo_city import DemoCityError, load_demo_city
from streams.simulator.scenes.catalogue import SCENES

FILE = Path(demo_city.__file__).with_name("demo_city.toml")


def metres(a_latitude: float, a_longitude: float, b_latitude: float, b_longitude: float) -> float:
    north = (a_latitude - b_latitude) * 111_195
    east = (a_longitude - b_longitude) * 111_195 * math.cos(math.radians(a_latitude))
    return math.hypot(north, east)


def test_twenty_four_cameras_many_of_them_near_the_incident() -> None:
    city = load_demo_city()
    assert len(city.cameras) == 24
    distances = sorted(
        metres(camera.latitude, camera.longitude, city.incident.latitude, city.incident.longitude)
        for camera in city.cameras
    )
    assert distances[11] < 1_000
    assert distances[-1] > 5_000
    for camera in city.cameras:
        from_centre = metres(camera.latitude, camera.longitude, city.latitude, city.longitude)
        assert from_centre < city.radius_km * 1000
        assert camera.fps == 10
        assert (camera.heading is None) == (camera.field_of_view is None)


def test_every_kind_of_scene_is_shown_and_known() -> None:
    city = load_demo_city()
    assert {camera.scene for camera in city.cameras} == set(SCENES)
    assert Counter(unit.kind for unit in city.units)["control_room"] == 1
    assert Counter(unit.kind for unit in city.units)["vehicle"] >= 2
    assert len({camera.name_ko for camera in city.cameras}) == 24
    assert len(city.places) == 16


def test_no_sign_in_is_in_the_file() -> None:
    text = FILE.read_text(encoding="utf-8").lower()
    for word in ("password =", "username =", "token", "secret"):
        assert word not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("latitude = 37.6152", "latitude = 91"), "latitude"),
        (('kind = "vehicle"', 'kind = "boat"'), "units.1.kind"),
        (('id = "market-02"', 'id = "market-01"'), "'market-01' is given twice"),
        (("heading = 352", "heading = 400"), "cameras.0.heading"),
        (("radius_km = 25", "radius = 25"), "radius"),
        (("[incident]", "[incident"), "demo.toml"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert change[0] in text
    broken = tmp_path / "demo.toml"
    broken.write_text(text.replace(change[0], change[1], 1), encoding="utf-8")
    with pytest.raises(DemoCityError, match=words):
        load_demo_city(broken)
