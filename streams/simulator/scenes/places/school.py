"""A school gate in its protected zone: red road, yellow crossing, fence, children."""

from __future__ import annotations

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Lane, Path, Signal, crowd

WHITE = (206, 208, 208)
YELLOW = (60, 190, 228)
RED = (66, 72, 132)
HALF = 3.8

_CROSSING = Signal(40, 0, 24)


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=8, high=30)
    backdrop.ground(_ground, (120, 140, 132))
    for i, x in enumerate((16.0, 48.0)):
        tower = facade.apartment(rng, 26, int(rng.integers(12, 17)), str(301 + i))
        props.box(backdrop, x, x + 26, 140 + 10 * i, 156 + 10 * i, tower.surface.shape[0] / 10, front=tower)
    building = facade.school(rng, 52, 4, "북변초등학교")
    flank = facade.school(rng, 40, 4, " ")
    props.box(backdrop, -66, -17, 60, 82, 4 * 3.6 + 2, front=building, side=flank)
    for y in (96.0, 80.0, 66.0, 54.0):
        props.tree(backdrop, -12.5, y, float(rng.uniform(5.5, 7.5)), autumn=0.25)
    for y in (110.0, 84.0, 62.0, 44.0, 30.0):
        floors = int(rng.integers(2, 4))
        house = facade.villa(rng, 12, floors)
        props.box(
            backdrop, 8.2, 22, y - 14, y - 2, floors * 3.0, front=house, side=facade.villa(rng, 12, floors)
        )
        props.tree(backdrop, 6.6, y - 8, float(rng.uniform(4.0, 5.0)))
    # The fence along the yard, the gate with its pillars and board, and the green net above.
    props.fence(backdrop, (-8.0, 100.0), (-8.0, 36.5), (92, 128, 84), height=1.6)
    for y in (36.0, 27.0):
        backdrop.bar((-8.0, y, 0), (-8.0, y, 2.9), 0.9, (96, 118, 150))
        backdrop.bar((-8.0, y, 2.9), (-8.0, y, 3.1), 1.05, (176, 184, 190))
    board = facade.board("북변초등학교", 3.4, 0.8, (110, 70, 40), (240, 244, 246))
    backdrop.wall([(-8.1, 36.6, 4.2), (-4.7, 36.6, 4.2), (-4.7, 36.6, 3.4), (-8.1, 36.6, 3.4)], board)
    backdrop.bar((-8.0, 36.6, 0), (-8.0, 36.6, 4.2), 0.12, (150, 152, 152))
    props.fence(backdrop, (-8.0, 26.5), (-8.0, 9.0), (92, 128, 84), height=1.6)
    for y in (52.0, 34.0):
        props.street_lamp(backdrop, 5.0, y, height=6.5, arm=-1.6)
    # The yellow sign of the zone, over the road.
    backdrop.bar((5.3, 47, 0), (5.3, 47, 6.2), 0.18, (60, 190, 228))
    backdrop.bar((5.3, 47, 5.6), (-1.2, 47, 5.6), 0.14, (60, 190, 228))
    zone = facade.board("어린이보호구역", 4.6, 1.1, (60, 196, 236), (30, 30, 30))
    backdrop.wall([(-1.4, 46.9, 6.0), (3.2, 46.9, 6.0), (3.2, 46.9, 4.9), (-1.4, 46.9, 4.9)], zone)
    with backdrop.foreground():
        props.fence(backdrop, (5.1, 30), (5.1, 10), (60, 190, 226), height=1.0)
    lanes = [
        Lane(Path([(1.9, 3), (1.9, 150)]), rng, 7.5, 11.0, stop_at=15.6, signal=_CROSSING),
        Lane(Path([(-1.9, 150), (-1.9, 3)]), rng, 7.5, 11.0, stop_at=150 - 29.5, signal=_CROSSING),
    ]
    walkers = crowd(rng, Path([(-6.3, 9), (-6.3, 30), (-10, 32), (-26, 40)]), 5, spread=0.8, child=0.75)
    walkers += crowd(rng, Path([(-6.2, 31), (-6.2, 90)]), 3, spread=0.7, child=0.6)
    walkers += crowd(rng, Path([(6.4, 10), (6.4, 60)]), 2, spread=0.4, child=0.3)
    return Set(lanes, walkers)


def _ground(plan: Plan) -> None:
    end = plan.y1
    plan.box(-60, 20, -8.0, 130, (132, 158, 178))  # the yard
    plan.box(-8.0, 0, 8.0, end, (140, 150, 158))
    y = plan.y0
    while y < min(end, 90):
        plan.stripe([(-8.0, y), (-HALF, y)], 0.05, (120, 130, 140))
        y += 1.0
    plan.box(-HALF - 0.6, 0, -HALF, end, (158, 162, 164))
    plan.box(HALF, 0, HALF + 0.6, end, (158, 162, 164))
    plan.box(-HALF, 0, HALF, end, (94, 94, 92))
    plan.box(-HALF, 10, HALF, 60, RED)
    for off in (-0.15, 0.15):
        plan.stripe([(off, 0), (off, end)], 0.12, YELLOW)
    for x in (-HALF + 0.25, HALF - 0.25):
        for offset in (0.0, 0.25):
            shift = offset if x < 0 else -offset
            plan.stripe([(x + shift, 0), (x + shift, end)], 0.11, YELLOW)
    plan.box(-HALF, 18, HALF, 26, RED)
    plan.crossing(-HALF + 0.5, HALF - 0.3, 18.5, 25.5, YELLOW)
    plan.box(0.4, 16.6, HALF - 0.4, 17.2, WHITE)
    plan.box(-HALF + 0.4, 26.8, -0.4, 27.4, WHITE)
    plan.box(-10.5, 27.5, -HALF, 35.5, (140, 150, 158))
    if plan.scale > 10:
        plan.text("30", 1.9, 11.4, 2.0, 3.6, WHITE)
        plan.text("보호구역", 1.95, 29.0, 2.7, 3.2, WHITE)
        plan.text("어린이", 1.95, 33.4, 2.6, 3.6, WHITE)
