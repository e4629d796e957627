"""The scenes: each draws in every light, something moves, nothing is left behind, the fire is seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from config.demo_city import load_demo_city
from streams.simulator.camera import Sighting, SimulatedCamera
from streams.simulator.caption import Caption
from streams.simulator.demo import sighting, simulated_cameras
from streams.simulator.planes import Planes
from streams.simulator.scenes.catalogue import SCENES, light_for, scene_for
from streams.simulator.scenes.fire import growth
from streams.simulator.scenes.light import Light
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.traffic import Lane, Path, Signal, Walker
from streams.simulator.scenes.vehicles import SEDAN
from streams.simulator.scenes.view import View

NOW = 1_795_000_000.0
SIZE = (640, 360)


def blank(size: tuple[int, int] = SIZE) -> Planes:
    return Planes.blank(size)


def drawn(camera: SimulatedCamera, light: Light) -> npt.NDArray[np.uint8]:
    """One picture, all planes in one."""
    return scene_for(camera, light).draw(NOW).whole.copy()


def camera(scene: str, fire: Sighting | None = None) -> SimulatedCamera:
    return SimulatedCamera("c1", "카메라", scene=scene, size=SIZE, fire=fire)


@pytest.mark.parametrize("light", list(Light))
@pytest.mark.parametrize("name", sorted(SCENES))
def test_every_scene_in_every_light(name: str, light: Light) -> None:
    scene = scene_for(camera(name), light)
    means, moved = [], np.zeros((SIZE[1], SIZE[0]), bool)
    before: npt.NDArray[np.uint8] | None = None
    for i in range(30):
        planes = scene.draw(NOW + i * 0.2)
        means.append(float(planes.y.mean()))
        if before is not None:
            moved |= np.abs(planes.y.astype(int) - before) > 25
        before = planes.y.copy()
    assert planes.y.std() > (12 if light in (Light.DAY, Light.DUSK) else 6)
    assert np.ptp(means) < 12
    # Something moves, and most of the picture does not.
    assert 30 < moved.sum() < moved.size * 0.5
    if light is Light.DAY:
        assert means[0] > 85
    if light is Light.NIGHT:
        assert means[0] < 85
    colour = max(float(np.abs(plane.astype(int) - 128).mean()) for plane in (planes.u, planes.v))
    assert (colour < 0.6) == (light is Light.INFRARED)


def test_a_scene_is_the_same_each_time_and_another_for_each_camera() -> None:
    one = drawn(camera("road"), Light.DAY)
    assert (drawn(camera("road"), Light.DAY) == one).all()
    other = SimulatedCamera("c2", "카메라", scene="road", size=SIZE)
    assert (drawn(other, Light.DAY) != one).mean() > 0.3


@pytest.mark.parametrize("distance", [30.0, 180.0, 800.0])
@pytest.mark.parametrize("light", [Light.DAY, Light.NIGHT])
def test_the_fire_shows_where_it_is(distance: float, light: Light) -> None:
    plain = drawn(camera("junction"), light)[: SIZE[1]]
    burning = drawn(camera("junction", Sighting(0.05, distance)), light)[: SIZE[1]]
    differs = np.abs(plain.astype(int) - burning) > 8
    rows, _ = np.nonzero(differs)
    assert len(rows) > (1500 if distance < 140 else 80)
    # Smoke rises: more of it in the upper half.
    assert np.median(rows) < SIZE[1] / 2


def test_a_fire_grows() -> None:
    sizes = [growth(age) for age in (-5, 0, 20, 60, 200, 1e6)]
    assert sizes == sorted(sizes)
    assert sizes[0] == sizes[1] == pytest.approx(0.4)
    assert sizes[-1] == pytest.approx(1.0)


def test_the_stage_leaves_nothing_behind() -> None:
    background = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    front = np.zeros((120, 160), np.uint8)
    front[:, 80:] = 255
    stage = Stage(background, front)
    for x in range(-30, 170, 7):
        stage.begin()
        if stage.touch(x, 20, x + 20, 60):
            stage.canvas[20:60, max(x, 0) : max(x + 20, 0)] = (0, 0, 255)
        planes = stage.finish()
        # What stands in front is never drawn over.
        assert (stage.canvas[:, 80:] == background[:, 80:]).all()
    stage.begin()
    planes = stage.finish()
    clean = blank((160, 120))
    clean.take(background, (0, 0, 160, 120))
    assert (stage.canvas == background).all()
    assert (planes.whole == clean.whole).all()
    # What others drew over the finished picture goes too.
    planes.y[10:30, 40:60] = 0
    planes.u[5:15, 20:30] = 0
    stage.spoil((40, 10, 60, 30))
    stage.begin()
    assert (stage.finish().whole == clean.whole).all()


def test_converting_a_part_is_converting_the_whole() -> None:
    bgr = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    whole, parts = blank((96, 64)), blank((96, 64))
    whole.take(bgr, (0, 0, 96, 64))
    for left in range(0, 96, 6):
        for top in range(0, 64, 2):
            parts.take(bgr, (left, top, left + 6, top + 2))
    assert (whole.whole == parts.whole).all()


def test_the_view_projects_the_ground() -> None:
    view = View((1280, 720), height=6, pitch=12, fov=70)
    assert view.pixel(0, 1e7) == pytest.approx((640, view.horizon), abs=0.01)
    for x, y in ((0.0, 10.0), (4.0, 30.0), (-20.0, 90.0)):
        across = view.ground() @ (x, y, 1)
        assert view.pixel(x, y) == pytest.approx((across[0] / across[2], across[1] / across[2]))
        assert view.project(np.array([[x, y, 0.0]]))[0] == pytest.approx(view.pixel(x, y))
        assert view.scaled(2).pixel(x, y) == pytest.approx(tuple(2 * c for c in view.pixel(x, y)))
    assert view.depth(0, -5) < 0
    assert view.scale(0, 20) > view.scale(0, 40) > 0


def test_vehicles_keep_their_distance_and_stop_at_red() -> None:
    lane = Lane(
        Path([(0, 0), (0, 300)]), np.random.default_rng(1), 14, 2.0, stop_at=200, signal=Signal(1e9, 0, 0)
    )
    for i in range(600):
        lane.advance(0.1, i * 0.1)
        for ahead, behind in zip(lane.vehicles, lane.vehicles[1:], strict=False):
            gap = ahead.distance - behind.distance - (ahead.body.length + behind.body.length) / 2
            assert gap > 0.3
    # Nobody has crossed the line but who was too near to stop when it all began.
    assert all(vehicle.distance + vehicle.body.length / 2 < 200.6 for vehicle in lane.vehicles)
    assert lane.vehicles[0].speed < 0.5
    lane.signal = Signal(1e9, 0, 1e8)
    for _ in range(100):
        lane.advance(0.1, 1000.0)
    assert any(vehicle.distance > 205 for vehicle in lane.vehicles)


def test_signal_and_walker() -> None:
    signal = Signal(30, 10, 12)
    assert [signal.state(t) for t in (9, 10, 21.9, 22, 24.9, 25, 40)] == [
        *("red", "green", "green", "yellow", "yellow", "red", "green")
    ]
    walker = Walker(Path([(0, 0), (10, 0)]), 1.0, 9.0, 0)
    for _ in range(30):
        walker.advance(0.5)
        assert 0 <= walker.place[0] <= 10
    assert walker.walked == pytest.approx(15)
    assert SEDAN.length > SEDAN.width


def test_the_caption_changes_with_the_second_only() -> None:
    caption = Caption("북변시장 CCTV", SIZE, 9)
    pictures = []
    for utc in (NOW, NOW + 0.9, NOW + 1.0):
        planes = blank()
        planes.y[:] = 90
        caption.draw(planes, utc)
        pictures.append(planes.y)
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != pictures[2]).any()
    assert (pictures[0] > 200).any()
    # The name (lower left) is in Hangul: its strokes differ from those of another name of the same length.
    other = blank()
    other.y[:] = 90
    Caption("걸포공원 CCTV", SIZE, 9).draw(other, NOW)
    assert (other.y[-60:, :200] != pictures[0][-60:, :200]).mean() > 0.01


def test_the_light_goes_with_the_hour_in_korea() -> None:
    at = {0: Light.NIGHT, 6.5: Light.DUSK, 12: Light.DAY, 18: Light.DUSK, 21: Light.NIGHT}
    for hour, light in at.items():
        assert light_for(camera("road"), (hour - 9) * 3600 + 86_400 * 20_000) is light
    assert light_for(camera("park"), (23 - 9) * 3600) is Light.INFRARED


def test_cameras_see_the_demo_fire_where_they_look() -> None:
    city = load_demo_city()
    cameras = simulated_cameras(city, None, burning_since=NOW)
    assert [each.id for each in cameras] == [each.id for each in city.cameras]
    seen = {each.id: each.fire for each in cameras if each.fire is not None}
    assert len(seen) >= 10
    assert all(-1 <= fire.x <= 1 and fire.since == NOW for fire in seen.values())
    assert "bukbyeon-02" not in seen  # looks the other way
    market = next(each for each in city.cameras if each.id == "market-01")
    turned = market.model_copy(update={"heading": (market.heading or 0) - 20})
    assert market.heading is not None
    near, aside = sighting(market, city, 0), sighting(turned, city, 0)
    assert near is not None
    assert aside is not None
    assert aside.x > near.x  # turned to the left, it stands further to the right
    assert sighting(market.model_copy(update={"heading": 180.0}), city, 0) is None
    assert sighting(market.model_copy(update={"heading": None}), city, 0) is None
    assert all(each.fire is None for each in simulated_cameras(city, None, burning_since=None))
