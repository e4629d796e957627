"""A neighbourhood park: lawns, a path, benches, a playground, people out for a walk."""

from __future__ import annotations

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop, Lamp
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Path, Walker, crowd

_PATH = [
    (-2.0, 0.0),
    (-2.0, 12.0),
    (-0.5, 20.0),
    (3.0, 30.0),
    (4.0, 42.0),
    (1.0, 58.0),
    (-7.0, 76.0),
    (-22.0, 92.0),
]
_SIDE = [(3.0, 29.0), (14.0, 33.0), (34.0, 36.0), (70.0, 36.0)]


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=8, high=28, distance=380)
    backdrop.ground(_ground, (70, 128, 96), grain=7)
    for i, x in enumerate((-70.0, -28.0, 14.0, 56.0)):
        tower = facade.apartment(rng, 28, int(rng.integers(11, 16)), str(401 + i))
        props.box(backdrop, x - 14, x + 14, 200, 214, tower.surface.shape[0] / 10, front=tower)
    for x in range(-84, 90, 9):
        props.tree(
            backdrop,
            x + float(rng.uniform(-3, 3)),
            122 + float(rng.uniform(-8, 8)),
            float(rng.uniform(7, 10)),
            autumn=float(rng.uniform(0, 0.9)),
        )
    spots: list[tuple[float, float]] = [
        (-26, 84),
        (26, 78),
        (-38, 66),
        (14, 60),
        (38, 58),
        (-16, 52),
        (-30, 44),
        (24, 46),
        (-12, 33),
        (-21, 26),
    ]
    for x, y in spots:  # trees on the lawn
        props.tree(
            backdrop,
            x + float(rng.uniform(-2, 2)),
            y,
            float(rng.uniform(5, 8)),
            autumn=float(rng.uniform(0, 0.9)),
        )
    _playground(backdrop)
    for x, y, lit in ((6.0, 52.0, True), (-4.0, 36.0, True), (2.6, 17.0, True), (20.0, 30.5, True)):
        backdrop.bar((x, y, 0), (x, y, 4.0), 0.12, (70, 72, 70))
        backdrop.bar((x, y, 4.0), (x, y, 4.5), 0.42, (190, 196, 198), (190, 235, 255))
        if lit:
            backdrop.lamp(Lamp(x, y, 7.5, 0.8))
    for x, y in ((7.2, 44.0), (-3.4, 27.5), (1.6, 13.8)):
        props.bench(backdrop, x, y)
    props.tree(backdrop, -9.5, 16.5, 5.2, autumn=0.7)
    with backdrop.foreground():
        props.tree(backdrop, 10.5, 14.0, 5.6, autumn=0.3)
    walkers: list[Walker] = crowd(rng, Path(_PATH[1:]), 6, spread=0.8, child=0.2)
    walkers += crowd(rng, Path(_SIDE[:3]), 2, spread=0.6)
    walkers += crowd(rng, Path([(16.0, 22.0), (22.0, 25.0), (27.0, 21.5)]), 3, spread=1.5, child=1.0)
    cyclist = crowd(rng, Path(_PATH[1:]), 1)[0]
    cyclist.bicycle, cyclist.speed = True, 3.6
    return Set([], [*walkers, cyclist])


def _ground(plan: Plan) -> None:
    for i in range(-14, 15):  # mown stripes
        if i % 2:
            plan.area([(i * 6, 0), (i * 6 + 6, 0), (i * 6 + 40, 200), (i * 6 + 34, 200)], (76, 136, 102))
    for points in (_PATH, _SIDE):
        plan.stripe(points, 3.6, (150, 160, 166))
        plan.stripe(points, 3.2, (142, 152, 176))
    plan.area([(11, 17), (33, 17), (33, 28), (11, 28)], (110, 150, 160))
    plan.area([(11.5, 17.5), (32.5, 17.5), (32.5, 27.5), (11.5, 27.5)], (86, 120, 176))
    plan.area([(14, 19), (20, 19), (20, 25), (14, 25)], (150, 130, 70))


def _playground(backdrop: Backdrop) -> None:
    """A slide with its tower, and swings."""
    red, blue, yellow = (50, 50, 200), (190, 120, 40), (50, 190, 230)
    for x in (23.0, 29.0):
        backdrop.bar((x - 0.8, 26.0, 0), (x, 26.0, 2.6), 0.12, red)
        backdrop.bar((x + 0.8, 26.0, 0), (x, 26.0, 2.6), 0.12, red)
    backdrop.bar((23.0, 26.0, 2.6), (29.0, 26.0, 2.6), 0.14, red)
    for x in (24.5, 27.5):
        for off in (-0.3, 0.3):
            backdrop.bar((x + off, 26.0, 2.6), (x + off, 26.0, 0.7), 0.04, (120, 120, 120))
        backdrop.shape(
            [(x - 0.4, 26.1, 0.7), (x + 0.4, 26.1, 0.7), (x + 0.4, 25.8, 0.66), (x - 0.4, 25.8, 0.66)],
            (60, 60, 60),
        )
    for x in (15.0, 17.0):
        for y in (24.0, 22.0):
            backdrop.bar((x, y, 0), (x, y, 3.2), 0.14, blue)
    backdrop.shape([(15, 24, 1.7), (17, 24, 1.7), (17, 22, 1.7), (15, 22, 1.7)], (90, 150, 200))
    backdrop.shape([(14.6, 24.2, 3.2), (16, 23, 4.3), (17.4, 24.2, 3.2)], yellow)
    backdrop.shape([(14.6, 21.8, 3.2), (16, 23, 4.3), (17.4, 21.8, 3.2)], red)
    backdrop.shape([(15.3, 22, 1.7), (16.6, 22, 1.7), (17.4, 18.6, 0.25), (16.1, 18.6, 0.25)], yellow)
