"""Each fault on coded keyframes of one drawn alley, the clock running on. The bench has many more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.camera import Polygon
from streams.simulator.planes import Pixels
from streams.watch.fault import PictureFault
from streams.watch.look import Look, look_at, seen_through
from streams.watch.reference import LOOKS, Lesson, Reference
from streams.watch.watch import Light, Watch
from tests.pictures.coding import Sensor
from tests.pictures.places import Street
from tests.pictures.spoiling import SPOILS, Spoil, view

STEP = 2.0
QP = 28


class Camera:
    """A camera and its watch, on a clock of their own."""

    def __init__(self, canvases: list[Pixels], *, noise: float = 1.0, watch: Watch | None = None) -> None:
        self.canvases = canvases
        self.sensor = Sensor(noise, named=True, seed=7)
        self.watch = watch or Watch()
        self.now = 100.0
        self.number = 0

    def look(self, spoil: Spoil = view, qp: int = QP, held: Pixels | None = None) -> Look:
        canvas = self.canvases[self.number % len(self.canvases)]
        self.number += 1
        picture = held if held is not None else self.sensor.grain(spoil(canvas))
        return look_at(self.sensor.keyframe(picture, qp))

    def show(self, count: int, spoil: Spoil = view, qp: int = QP, held: Pixels | None = None) -> None:
        """So many keyframes pass."""
        for _ in range(count):
            self.now += STEP
            self.watch.see(self.look(spoil, qp, held), self.now, "sub")

    @property
    def told(self) -> list[PictureFault]:
        return [finding.fault for finding in self.watch.findings]


def taught(alley: list[Pixels]) -> Camera:
    camera = Camera(alley)
    camera.show(LOOKS)
    assert camera.watch.known == {Light.DAY}
    return camera


@pytest.mark.parametrize("fault", SPOILS)
@pytest.mark.parametrize("variant", [0, 1, 2])
def test_a_fault_of_the_view_is_told_at_its_third_keyframe_and_gone_after_two(
    alley: list[Pixels], fault: str, variant: int
) -> None:
    camera = taught(alley)
    camera.show(3)
    assert camera.told == []
    began = camera.now + STEP
    spoil = SPOILS[fault](np.random.default_rng(variant), variant)
    camera.show(2, spoil)
    assert camera.told == []
    camera.show(1, spoil)
    assert camera.told == [PictureFault(fault)]
    assert camera.watch.findings[0].since == began
    camera.show(5, spoil)
    assert camera.told == [PictureFault(fault)]
    camera.show(2)
    assert camera.told == []


@pytest.mark.parametrize("noise", [0.7, 2.5])
def test_frozen_is_told_though_the_clock_runs_on(alley: list[Pixels], noise: float) -> None:
    camera = Camera(alley, noise=noise)
    camera.show(LOOKS)
    held = camera.sensor.grain(view(alley[3]))
    camera.show(3, held=held)
    assert camera.told == [PictureFault.FROZEN]
    assert camera.watch.findings[0].since == camera.now - STEP
    camera.show(2)
    assert camera.told == []


def test_a_still_street_with_grain_is_not_frozen(alley_by_night: list[Pixels]) -> None:
    camera = Camera(alley_by_night[:1], noise=2.0)  # nothing moves at all
    camera.show(30)
    assert camera.told == []
    assert camera.watch.light is Light.NIGHT


def test_a_quantizer_that_wavers_hides_nothing_for_long(alley: list[Pixels]) -> None:
    camera = taught(alley)
    held = camera.sensor.grain(view(alley[3]))
    for number in range(6):
        camera.show(1, qp=QP + number % 2, held=held)
    assert camera.told == [PictureFault.FROZEN]


def test_a_camera_without_grain_that_moves_again_is_given_more_time(alley: list[Pixels]) -> None:
    """The one false alarm that such a camera may cost, and none after it."""
    camera = Camera(alley, noise=0.0)
    camera.show(LOOKS)
    calm = view(alley[3])
    camera.show(3, held=calm)
    assert camera.told == [PictureFault.FROZEN]
    camera.show(3)
    camera.show(4, held=calm)
    assert camera.told == []
    camera.show(3)
    camera.show(6, held=calm)
    assert camera.told == []
    camera.show(30, held=calm)
    assert camera.told == [PictureFault.FROZEN]


def test_another_stream_of_the_camera_does_not_compare(alley: list[Pixels]) -> None:
    camera = taught(alley)
    held = camera.sensor.grain(view(alley[3]))
    for number in range(6):
        camera.now += STEP
        camera.watch.see(camera.look(held=held), camera.now, ("main", "sub")[number % 2])
    assert camera.told == []


def test_night_has_a_view_of_its_own_and_day_is_still_known(
    alley: list[Pixels], alley_by_night: list[Pixels]
) -> None:
    camera = taught(alley)
    camera.canvases = alley_by_night
    camera.show(LOOKS + 4)
    assert camera.watch.known == {Light.DAY, Light.NIGHT}
    assert camera.told == []
    assert set(camera.watch.to_save()) == {Light.DAY, Light.NIGHT}
    assert camera.watch.to_save() == {}
    camera.canvases = alley
    camera.show(3)
    assert camera.told == []
    camera.show(3, SPOILS["moved"](np.random.default_rng(1), 0))
    assert camera.told == [PictureFault.MOVED]


def test_a_view_that_is_kept_is_known_after_a_restart(alley: list[Pixels]) -> None:
    saved = taught(alley).watch.to_save()[Light.DAY].packed()
    assert len(saved) < 150_000
    again = Camera(alley, watch=Watch({Light.DAY: Reference.unpacked(saved)}))
    again.show(3)
    assert again.told == []
    again.show(3, SPOILS["moved"](np.random.default_rng(1), 2))
    assert again.told == [PictureFault.MOVED]


def test_an_accepted_view_is_how_it_should_be_from_then_on(alley: list[Pixels]) -> None:
    camera = taught(alley)
    camera.watch.to_save()
    turned = SPOILS["moved"](np.random.default_rng(1), 0)
    camera.show(3, turned)
    camera.watch.accept_view()
    assert camera.told == []
    camera.show(LOOKS + 2, turned)
    assert camera.told == []
    assert set(camera.watch.to_save()) == {Light.DAY}
    camera.show(3)
    assert camera.told == [PictureFault.MOVED]


def test_a_camera_that_is_turned_on_purpose_is_not_told_as_moved(alley: list[Pixels]) -> None:
    camera = taught(alley)
    turned = SPOILS["moved"](np.random.default_rng(1), 0)
    for _ in range(LOOKS + 4):
        camera.now += STEP
        camera.watch.see(camera.look(turned), camera.now, "sub", turned=True)
    assert camera.told == []
    camera.show(3)  # back at its preset, and known
    assert camera.told == []
    camera.show(3, turned)
    assert camera.told == [PictureFault.MOVED]


def test_nothing_is_learnt_from_a_frozen_or_a_covered_picture(alley: list[Pixels]) -> None:
    frozen = Camera(alley)
    held = frozen.sensor.grain(view(alley[3]))
    frozen.show(3 * LOOKS, held=held)
    assert frozen.watch.known == frozenset()
    black = Camera(alley)
    black.show(3 * LOOKS, SPOILS["black"](np.random.default_rng(1), 0))
    assert black.told == [PictureFault.BLACK]
    assert black.watch.known == frozenset()


def test_a_view_without_anything_in_it_accuses_nobody(alley: list[Pixels]) -> None:
    camera = Camera([np.full_like(alley[0], 120)], noise=1.5)
    camera.show(LOOKS + 3)
    camera.canvases = alley
    camera.show(6)
    assert camera.told == []


MASKS: tuple[Polygon, ...] = (((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)),)


def test_what_a_mask_covers_is_neither_black_nor_covered(alley: list[Pixels]) -> None:
    seen = seen_through(MASKS)
    assert 0.3 < seen.mean() < 0.42
    camera = Camera(alley)

    def masked(canvas: Pixels) -> Pixels:
        shown = view(canvas).copy()
        shown[:, : int(0.6 * shown.shape[1])] = 0
        return shown

    for _ in range(LOOKS + 4):
        camera.now += STEP
        camera.watch.see(
            look_at(camera.sensor.keyframe(camera.sensor.grain(masked(alley[1])), QP), seen), camera.now
        )
    assert camera.told == []
    assert camera.watch.known == {Light.DAY}


def test_a_picture_that_is_masked_wholly_is_not_judged(alley: list[Pixels]) -> None:
    seen = seen_through([((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))])
    watch, sensor = Watch(), Sensor(0.0, named=False, seed=1)
    for number in range(20):
        watch.see(look_at(sensor.keyframe(np.zeros_like(view(alley[0])), QP), seen), float(number))
    assert watch.findings == ()


def test_dusk_does_not_waver_between_day_and_night() -> None:
    """A picture between the two limits is what the one before was."""
    street = Street("alley").take(1)[0]
    sensor, watch = Sensor(1.0, named=False, seed=1), Watch()
    lights = []
    for factor in (1.0, 0.45, 0.3, 0.1, 0.3, 0.45, 1.0):
        watch.see(look_at(sensor.keyframe(sensor.grain((view(street) * factor).astype(np.uint8)), QP)), 0.0)
        lights.append(watch.light)
    assert lights[0] is lights[-1] is Light.DAY
    assert lights[3] is Light.NIGHT
    assert sum(one is not other for one, other in pairwise(lights)) == 2


@given(st.binary(max_size=300))
def test_any_bytes_are_a_view_or_a_value_error(data: bytes) -> None:
    for packed in (data, b"view1" + data):
        with pytest.raises(ValueError, match="reference view"):
            Reference.unpacked(packed)


def test_a_view_that_was_cut_is_refused_and_one_that_was_not_is_the_same(alley: list[Pixels]) -> None:
    camera, lesson = Camera(alley), Lesson()
    looks = [camera.look() for _ in range(LOOKS)]
    found = [lesson.add(look) for look in looks]
    assert found[:-1] == [None] * (LOOKS - 1)
    reference = found[-1]
    assert reference is not None
    packed = reference.packed()
    with pytest.raises(ValueError, match="cut or changed"):
        Reference.unpacked(packed[:-50])
    again = Reference.unpacked(packed)
    assert np.abs(again.edges - reference.edges).max() < 0.1
    assert (again.usable == reference.usable).all()
    match, other = reference.compare(looks[0]), again.compare(looks[0])
    assert match is not None
    assert other is not None
    assert match.kept > 0.9
    assert abs(match.kept - other.kept) < 0.05
    aged = reference.aged(looks[1], 0.5).compare(looks[1])
    assert aged is not None
    assert aged.kept >= match.kept - 0.05
