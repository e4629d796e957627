"""A main road with four lanes, trees, shops on both sides and apartment blocks behind."""

from __future__ import annotations

import numpy as np

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Lane, Path, crowd

WHITE = (206, 208, 208)
YELLOW = (70, 178, 214)
ASPHALT = (92, 92, 90)
PAVING = (142, 146, 150)

HALF = 7.0  # half of the carriageway
KERB = 11.0  # where the houses begin


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop)
    backdrop.ground(_ground, (104, 122, 112))
    _blocks(backdrop, rng)
    for y in (150.0, 118.0, 92.0, 72.0, 56.0, 44.0, 34.0, 26.0):
        for side in (-1, 1):
            props.tree(backdrop, side * (HALF + 1.2), y + side * 3, float(rng.uniform(5.5, 7.5)))
        if y in (118.0, 72.0, 44.0):
            props.street_lamp(backdrop, -(HALF + 0.6), y - 5, arm=2.2)
            props.street_lamp(backdrop, HALF + 0.6, y + 6, arm=-2.2)
    with backdrop.foreground():
        props.street_lamp(backdrop, HALF + 0.8, 17, arm=-2.2)
    lanes = [
        Lane(Path([(1.8, 3), (1.8, 220)]), rng, 14, 6.5),
        Lane(Path([(5.2, 3), (5.2, 220)]), rng, 12, 8.0),
        Lane(Path([(-1.8, 220), (-1.8, 3)]), rng, 14, 7.0),
        Lane(Path([(-5.2, 220), (-5.2, 3)]), rng, 12, 8.5),
    ]
    walkers = crowd(rng, Path([(KERB - 1.9, 10), (KERB - 1.9, 70)]), 3, spread=0.7)
    walkers += crowd(rng, Path([(-KERB + 1.9, 12), (-KERB + 1.9, 80)]), 3, spread=0.7)
    return Set(lanes, walkers)


def _ground(plan: Plan) -> None:
    end = plan.y1
    plan.box(-KERB, 0, KERB, end, PAVING)
    y = plan.y0
    while y < min(end, 80):  # paving joints
        plan.stripe([(-KERB, y), (KERB, y)], 0.04, (124, 128, 132))
        y += 1.5
    plan.box(-HALF - 0.25, 0, HALF + 0.25, end, (160, 164, 166))
    plan.box(-HALF, 0, HALF, end, ASPHALT)
    for x in (-5.2, -1.8, 1.8, 5.2):  # wheel tracks
        for off in (-0.75, 0.75):
            plan.stripe([(x + off, 0), (x + off, end)], 0.5, (84, 84, 82))
    for x in (-0.16, 0.16):
        plan.stripe([(x, 0), (x, end)], 0.13, YELLOW)
    for x in (-3.5, 3.5):
        plan.dashes(x, plan.y0, end, 0.15, WHITE)
    for x in (-HALF + 0.35, HALF - 0.35):
        plan.stripe([(x, 0), (x, end)], 0.14, WHITE)
    if plan.scale > 10:
        plan.box(0.4, 13.2, HALF - 0.5, 13.8, WHITE)
        plan.text("60", 1.8, 19, 1.5, 4.2, WHITE)
        plan.box(4.4, 28, 4.6, 31, ASPHALT)
        plan.box(2.6, 22, 5.0, 29, (86, 86, 85))  # a patch
        for x, y in ((1.2, 26), (-4.4, 17.5), (4.9, 35)):
            plan.box(x, y, x + 0.7, y + 0.7, (70, 70, 70))


def _blocks(backdrop: Backdrop, rng: np.random.Generator) -> None:
    for i, (x, y) in enumerate(
        ((-62.0, 190.0), (-30.0, 230.0), (28.0, 205.0), (62.0, 170.0), (-70.0, 130.0), (78.0, 120.0))
    ):
        tower = facade.apartment(rng, 26, int(rng.integers(14, 20)), str(101 + i))
        height = tower.surface.shape[0] / 10
        props.box(backdrop, x - 13, x + 13, y, y + 14, height, front=tower)
    for side in (-1, 1):
        y = 150.0
        while y > 14:
            long = float(rng.uniform(13, 20))
            floors = int(rng.integers(1, 4))
            tone = int(rng.integers(150, 200))
            wall = (tone - int(rng.integers(0, 22)), tone - int(rng.integers(0, 12)), tone)
            flank = facade.shops(rng, long, floors, wall)
            front = facade.shops(rng, 12, floors, wall)
            height = 4 + floors * 3.2
            x0, x1 = (KERB, KERB + 14) if side > 0 else (-KERB - 14, -KERB)
            props.box(backdrop, x0, x1, y - long, y, height, front=front, side=flank)
            y -= long + float(rng.uniform(0.5, 2.5))
