"""A side street of brick houses: narrow, parked cars, poles and wires, now and then somebody."""

from __future__ import annotations

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop, Lamp
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Lane, Path, Walker, crowd

HALF = 3.4
WHITE = (196, 198, 198)

_CARS = ((228, 228, 226), (64, 62, 60), (168, 164, 160), (110, 76, 52), (48, 46, 46))


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=6, high=30)
    backdrop.ground(_ground, (116, 122, 124))
    tower = facade.apartment(rng, 24, int(rng.integers(11, 15)), "107")
    props.box(backdrop, -10, 14, 150, 164, tower.surface.shape[0] / 10, front=tower)
    for side in (-1, 1):
        y = 112.0
        while y > 6:
            long, floors = float(rng.uniform(10, 14)), int(rng.integers(2, 4))
            flank, front = facade.villa(rng, long, floors), facade.villa(rng, 10, floors)
            setback = float(rng.uniform(0.9, 1.7))
            near, deep = HALF + setback, HALF + 12
            x0, x1 = (near, deep) if side > 0 else (-deep, -near)
            start = max(y - long, 3.0)
            props.box(backdrop, x0, x1, start, y, floors * 3.0, front=front, side=flank)
            y = start - float(rng.uniform(0.6, 1.4))
    poles = [(HALF - 0.2, y, 9.0) for y in (104.0, 80.0, 58.0, 38.0, 21.0)]
    for i, (x, y, _) in enumerate(poles):
        if i % 2:
            props.parked(backdrop, -HALF + 1.1, y - 4, _CARS[int(rng.integers(len(_CARS)))])
        props.utility_pole(backdrop, x, y)
        if i % 2 == 0:
            backdrop.bar((x, y, 6.0), (x - 1.3, y, 6.5), 0.08, (100, 100, 98))
            backdrop.bar((x - 1.5, y, 6.45), (x - 1.0, y, 6.45), 0.18, (150, 152, 150), (150, 225, 255))
            backdrop.lamp(Lamp(x - 1.3, y, 9.0, 0.95, (0.55, 0.82, 1.0)))
    props.wires(backdrop, poles)
    for y in (46.0, 27.0, 15.5):
        if rng.random() < 0.8:
            props.parked(backdrop, -HALF + 1.05, y, _CARS[int(rng.integers(len(_CARS)))])
    # Bins and a notice on CCTV, as hangs under every one of these cameras.
    for x, colour in ((HALF - 0.55, (60, 120, 70)), (HALF - 1.15, (150, 90, 50))):
        backdrop.shape(
            [(x - 0.28, 12.2, 1.0), (x + 0.28, 12.2, 1.0), (x + 0.28, 12.2, 0), (x - 0.28, 12.2, 0)], colour
        )
        backdrop.shape(
            [(x - 0.3, 12.8, 1.05), (x + 0.3, 12.8, 1.05), (x + 0.3, 12.2, 1.02), (x - 0.3, 12.2, 1.02)],
            (90, 92, 94),
        )
    lanes = [
        Lane(Path([(0.6, 4), (0.6, 120)]), rng, 5.5, 26.0),
        Lane(Path([(0.7, 120), (0.7, 4)]), rng, 5.5, 34.0),
    ]
    walkers: list[Walker] = crowd(rng, Path([(1.4, 8), (1.4, 75)]), 2, spread=0.8)
    walkers += crowd(rng, Path([(-0.6, 12), (-0.6, 60)]), 2, spread=0.6)
    return Set(lanes, walkers)


def _ground(plan: Plan) -> None:
    plan.box(-HALF - 1.5, 0, HALF + 1.5, plan.y1, (150, 154, 156))
    plan.box(-HALF, 0, HALF, plan.y1, (104, 106, 106))
    for x in (-HALF + 0.15, HALF - 0.15):
        plan.stripe([(x, 0), (x, plan.y1)], 0.12, WHITE)
    plan.stripe([(-HALF + 2.25, 0), (-HALF + 2.25, plan.y1)], 0.1, WHITE)
    for y in range(int(plan.y0), int(min(plan.y1, 110)), 6):  # parking bays along the left
        plan.stripe([(-HALF + 0.15, y + 3), (-HALF + 2.25, y + 3)], 0.1, WHITE)
    if plan.scale > 10:
        plan.text("30", 0.9, 17, 1.5, 3.4, WHITE)
        plan.box(0.6, 24, 2.4, 34, (96, 98, 98))
        plan.area([(-0.4, 9.5), (0.5, 9.5), (0.5, 10.4), (-0.4, 10.4)], (74, 76, 78))
