"""The square before a station of the Gimpo Goldline: entrance, bus stop, people coming and going."""

from __future__ import annotations

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop, Lamp
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Lane, Path, Signal, crowd
from streams.simulator.scenes.vehicles import BUS, SEDAN, TAXI, WAGON

WHITE = (206, 208, 208)
GOLD = (50, 150, 196)


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=14, high=60)
    backdrop.ground(_ground, (138, 146, 152))
    for i, (x, y) in enumerate(((-74.0, 170.0), (-40.0, 190.0), (38.0, 180.0), (74.0, 160.0))):
        tower = facade.apartment(rng, 26, int(rng.integers(16, 22)), str(601 + i))
        props.box(backdrop, x - 13, x + 13, y, y + 14, tower.surface.shape[0] / 10, front=tower)
    x = -82.0
    while x < 82:  # shops across the street
        wide, floors = float(rng.uniform(16, 24)), int(rng.integers(2, 5))
        tone = int(rng.integers(146, 200))
        front = facade.shops(rng, wide, floors, (tone - int(rng.integers(0, 24)), tone - 4, tone))
        if not -7 < x + wide / 2 < 12:
            props.box(backdrop, x, x + wide, 62, 80, 4 + floors * 3.2, front=front)
        x += wide + 1.0
    for x in (-34.0, -22.0, -11.0, 14.0, 26.0, 38.0):
        props.tree(backdrop, x, 57.5, float(rng.uniform(5.0, 6.5)))
    for x in (-30.0, -4.0, 22.0):
        props.street_lamp(backdrop, x, 34.8, height=8, arm=1.2)
    _bus_stop(backdrop)
    with backdrop.foreground():
        _entrance(backdrop)
    for x, y in ((-3.0, 21.0), (6.5, 28.0)):
        backdrop.bar((x, y, 0), (x, y, 4.2), 0.12, (80, 82, 82))
        backdrop.bar((x, y, 4.2), (x, y, 4.6), 0.4, (190, 196, 198), (190, 235, 255))
        backdrop.lamp(Lamp(x, y, 8.5, 0.8))
    props.bench(backdrop, 2.5, 26.0)
    props.bench(backdrop, 9.5, 22.5)
    halt = Signal(26, 0, 13)
    traffic = ((SEDAN, 0.5), (WAGON, 0.28), (TAXI, 0.22))
    lanes = [
        Lane(
            Path([(-80, 39), (80, 39)]),
            rng,
            9,
            12.0,
            stop_at=92,
            signal=halt,
            kinds=((BUS, 0.7), (TAXI, 0.3)),
        ),
        Lane(Path([(-80, 42.6), (80, 42.6)]), rng, 11, 6.0, kinds=traffic),
        Lane(Path([(80, 48), (-80, 48)]), rng, 11, 6.0, kinds=traffic),
        Lane(Path([(80, 51.6), (-80, 51.6)]), rng, 10, 9.0),
    ]
    walkers = crowd(rng, Path([(-7.0, 19.5), (0, 20), (7, 30), (9, 34)]), 4, spread=1.6)
    walkers += crowd(rng, Path([(-26, 33), (30, 33)]), 4, spread=1.0)
    walkers += crowd(rng, Path([(1, 10), (5, 24), (-3, 33)]), 3, spread=2.0)
    walkers += crowd(rng, Path([(-30, 57), (34, 57)]), 3, spread=0.8)
    return Set(lanes, walkers)


def _ground(plan: Plan) -> None:
    y = plan.y0
    while y < min(plan.y1, 36):
        plan.stripe([(plan.x0, y), (plan.x1, y)], 0.05, (122, 130, 138))
        y += 1.2
    x = plan.x0
    while plan.scale > 10 and x < plan.x1:
        plan.stripe([(x, plan.y0), (x, 36)], 0.05, (122, 130, 138))
        x += 1.2
    plan.stripe([(-8, 19.5), (2, 22), (8, 33)], 0.32, (60, 170, 205))  # guiding blocks for the blind
    plan.stripe([(-60, 34.4), (60, 34.4)], 0.32, (60, 170, 205))
    plan.box(plan.x0, 36, plan.x1, 36.4, (164, 168, 170))
    plan.box(plan.x0, 36.4, plan.x1, 54.6, (92, 92, 90))
    plan.box(plan.x0, 36.5, plan.x1, 40.8, (92, 84, 90))
    plan.box(plan.x0, 54.6, plan.x1, 62, (150, 154, 158))
    for y in (45.2, 45.5):
        plan.stripe([(plan.x0, y), (plan.x1, y)], 0.13, (70, 178, 214))
    plan.stripe([(plan.x0, 40.8), (plan.x1, 40.8)], 0.14, (190, 120, 60))
    x = plan.x0
    while x < plan.x1:
        plan.box(x, 49.9, x + 3, 50.05, WHITE)
        x += 8
    plan.crossing(24, 29, 36.8, 54.2, WHITE, across=False)


def _entrance(backdrop: Backdrop) -> None:
    """The glass roof over the stairs, with the line's colour and the exit's number."""
    x0, x1, y0, y1, high = -14.0, -5.6, 17.5, 25.0, 3.2
    glass = (150, 140, 128)
    backdrop.shape(
        [(x0, y1, high), (x1, y1, high), (x1, y1, 0), (x0, y1, 0)], (120, 116, 110), (110, 130, 135)
    )
    backdrop.shape([(x0, y0, 1.1), (x1 - 3.0, y0, 1.1), (x1 - 3.0, y0, 0), (x0, y0, 0)], glass)
    backdrop.shape(
        [(x1, y1, 1.1), (x1, y0 + 2.4, 1.1), (x1, y0 + 2.4, 0), (x1, y1, 0)], (168, 160, 150), (70, 85, 90)
    )
    for y in (y1, (y0 + y1) / 2, y0):
        for x in (x0, x1):
            backdrop.bar((x, y, 0), (x, y, high), 0.16, (120, 122, 122))
    backdrop.shape(
        [
            (x0 - 0.5, y1 + 0.5, high),
            (x1 + 0.5, y1 + 0.5, high),
            (x1 + 0.5, y0 - 0.5, high),
            (x0 - 0.5, y0 - 0.5, high),
        ],
        (176, 170, 160),
    )
    backdrop.shape(
        [
            (x1 + 0.5, y1 + 0.5, high),
            (x1 + 0.5, y0 - 0.5, high),
            (x1 + 0.5, y0 - 0.5, high - 0.55),
            (x1 + 0.5, y1 + 0.5, high - 0.55),
        ],
        GOLD,
        (30, 90, 118),
    )
    sign = facade.board("김포골드라인  지하철역", 9.4, 0.8, GOLD, (250, 250, 250))
    backdrop.wall(
        [
            (x0 - 0.5, y0 - 0.5, high + 0.15),
            (x1 + 0.5, y0 - 0.5, high + 0.15),
            (x1 + 0.5, y0 - 0.5, high - 0.75),
            (x0 - 0.5, y0 - 0.5, high - 0.75),
        ],
        sign,
    )
    backdrop.lamp(Lamp(-11, 18, 7, 0.9))


def _bus_stop(backdrop: Backdrop) -> None:
    x0, x1, y, high = 5.0, 14.5, 35.4, 2.7
    for x in (x0, (x0 + x1) / 2, x1):
        backdrop.bar((x, y, 0), (x, y, high), 0.1, (110, 112, 112))
    panel = [(x0, y, 2.2), (x1, y, 2.2), (x1, y, 0.6), (x0, y, 0.6)]
    backdrop.shape(panel, (160, 150, 136), (70, 84, 88))
    backdrop.shape(
        [
            (x0 - 0.3, y + 0.6, high),
            (x1 + 0.3, y + 0.6, high),
            (x1 + 0.3, y - 1.2, high - 0.1),
            (x0 - 0.3, y - 1.2, high - 0.1),
        ],
        (110, 120, 128),
    )
    stop = facade.board("버스정류장", 3.0, 0.55, (150, 90, 30), (250, 250, 250))
    backdrop.wall(
        [
            (x0 + 3, y - 1.25, high + 0.1),
            (x0 + 6, y - 1.25, high + 0.1),
            (x0 + 6, y - 1.25, high - 0.45),
            (x0 + 3, y - 1.25, high - 0.45),
        ],
        stop,
    )
    backdrop.lamp(Lamp((x0 + x1) / 2, y - 0.5, 5.5, 0.6))
