"""A junction of two main roads with crossings, stop lines and signals that work."""

from __future__ import annotations

import cv2

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.place import Extra, Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.traffic import Lane, Path, Signal, crowd
from streams.simulator.scenes.view import View

WHITE = (206, 208, 208)
YELLOW = (70, 178, 214)
ASPHALT = (90, 90, 88)
PAVING = (140, 144, 150)

# The crossing road lies between these, seen from the camera's corner.
NEAR, FAR = 21.0, 35.0
HALF = 7.0
_AHEAD = Signal(36, 0, 15)
_ACROSS = Signal(36, 18, 15)
_LAMPS = {"red": (60, 60, 250), "yellow": (60, 205, 250), "green": (150, 235, 70)}


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=14, high=60)
    backdrop.ground(_ground, (112, 126, 118))
    for i, (x, y) in enumerate(((-66.0, 180.0), (-26.0, 210.0), (34.0, 190.0), (70.0, 150.0))):
        tower = facade.apartment(rng, 26, int(rng.integers(15, 21)), str(501 + i))
        props.box(backdrop, x - 13, x + 13, y, y + 14, tower.surface.shape[0] / 10, front=tower)
    for side in (-1, 1):
        y = 112.0
        while y > 42:
            long, floors = float(rng.uniform(15, 22)), int(rng.integers(2, 5))
            tone = int(rng.integers(140, 196))
            wall = (tone - int(rng.integers(0, 26)), tone - int(rng.integers(0, 12)), tone)
            flank, front = facade.shops(rng, long, floors, wall), facade.shops(rng, 20, floors, wall)
            x0, x1 = (13.0, 33.0) if side > 0 else (-33.0, -13.0)
            start = max(y - long, 41.0)
            props.box(backdrop, x0, x1, start, y, 4 + floors * 3.2, front=front, side=flank)
            y = start - 1.0
        corner = facade.shops(rng, 24, 3, (168, 178, 186))
        x0, x1 = (36.0, 60.0) if side > 0 else (-60.0, -36.0)
        props.box(backdrop, x0, x1, 44, 60, 4 + 3 * 3.2, front=corner)
    for y in (104.0, 84.0, 64.0, 50.0):
        for side in (-1, 1):
            props.tree(backdrop, side * 9.4, y, float(rng.uniform(5.0, 6.6)))
    heads = [props.signal_pole(backdrop, 9.0, 39.0, -5.6), props.signal_pole(backdrop, -9.0, 40.0, 4.6)]
    props.street_lamp(backdrop, -10.5, 40.5, arm=2.4)
    props.street_lamp(backdrop, 10.5, 41, arm=-2.4)
    props.street_lamp(backdrop, 19, 39, arm=-2.4)
    props.street_lamp(backdrop, -19, 39, arm=2.4)
    with backdrop.foreground():
        props.street_lamp(backdrop, -9.6, 17.5, arm=2.4)
        props.street_lamp(backdrop, 12.5, 18.5, arm=-2.4)
    lanes = [
        Lane(Path([(1.8, 2), (1.8, 170)]), rng, 12, 9.0, stop_at=NEAR - 7.5 - 2, signal=_AHEAD),
        Lane(Path([(5.2, 2), (5.2, 170)]), rng, 11, 11.0, stop_at=NEAR - 7.5 - 2, signal=_AHEAD),
        Lane(Path([(-1.8, 170), (-1.8, 2)]), rng, 12, 9.0, stop_at=170 - FAR - 7.5, signal=_AHEAD),
        Lane(Path([(-5.2, 170), (-5.2, 2)]), rng, 11, 11.0, stop_at=170 - FAR - 7.5, signal=_AHEAD),
        Lane(Path([(-75, 24.5), (75, 24.5)]), rng, 11, 8.0, stop_at=75 - HALF - 7, signal=_ACROSS),
        Lane(Path([(75, 31.5), (-75, 31.5)]), rng, 11, 8.0, stop_at=75 - HALF - 7, signal=_ACROSS),
    ]
    walkers = crowd(rng, Path([(-11, 38.5), (-40, 38.5)]), 3, spread=1.0)
    walkers += crowd(rng, Path([(11, 38.5), (40, 38.5)]), 3, spread=1.0)
    walkers += crowd(rng, Path([(10.5, 42), (10.5, 80)]), 2, spread=0.8)
    walkers += crowd(rng, Path([(-10.5, 12), (-10.5, 18)]), 2, spread=0.6)
    return Set(lanes, walkers, [_signals(backdrop.lens, heads)])


def _signals(view: View, heads: list[tuple[float, float, float]]) -> Extra:
    places = [(head, max(2, round(view.scale(*head) * 0.21))) for head in heads]

    def draw(stage: Stage, utc: float) -> None:
        state = _AHEAD.state(utc)
        offset = {"red": -0.6, "yellow": 0.0, "green": 0.6}[state]
        for (x, y, z), radius in places:
            px, py = view.pixel(x + offset, y - 0.1, z)
            if stage.touch(px - radius * 2, py - radius * 2, px + radius * 2, py + radius * 2):
                cv2.circle(stage.canvas, (int(px), int(py)), radius, _LAMPS[state], -1, cv2.LINE_AA)

    return draw


def _ground(plan: Plan) -> None:
    end = plan.y1
    plan.box(-12.5, 0, 12.5, end, PAVING)
    plan.box(plan.x0, NEAR - 5, plan.x1, FAR + 5, PAVING)
    for x0, x1, y0, y1 in ((-HALF, HALF, 0.0, end), (plan.x0, plan.x1, NEAR, FAR)):
        plan.box(x0 - 0.2, y0, x1 + 0.2, y1, (158, 162, 164))
    plan.box(-HALF, 0, HALF, end, ASPHALT)
    plan.box(plan.x0, NEAR, plan.x1, FAR, ASPHALT)
    for side in (-1, 1):  # rounded kerbs
        for y, sign in ((NEAR, -1), (FAR, 1)):
            x = side * HALF
            plan.area(
                [(x, y), (x + side * 4, y), (x + side * 1.4, y + sign * 1.4), (x, y + sign * 4)], ASPHALT
            )
    for y0, y1 in ((0.0, NEAR - 7.5), (FAR + 7.5, end)):
        for x in (-0.16, 0.16):
            plan.stripe([(x, y0), (x, y1)], 0.13, YELLOW)
        for x in (-3.5, 3.5):
            plan.dashes(x, y0, y1, 0.14, WHITE)
    for x0, x1 in ((plan.x0, -HALF - 7.5), (HALF + 7.5, plan.x1)):
        for off in (-0.16, 0.16):
            plan.stripe([(x0, 28 + off), (x1, 28 + off)], 0.13, YELLOW)
    plan.crossing(-HALF + 0.5, HALF - 0.4, NEAR - 5.5, NEAR - 1.5, WHITE)
    plan.crossing(-HALF + 0.5, HALF - 0.4, FAR + 1.5, FAR + 5.5, WHITE)
    plan.crossing(-HALF - 5.5, -HALF - 1.5, NEAR + 0.5, FAR - 0.4, WHITE, across=False)
    plan.crossing(HALF + 1.5, HALF + 5.5, NEAR + 0.5, FAR - 0.4, WHITE, across=False)
    plan.box(0.4, NEAR - 7.6, HALF - 0.3, NEAR - 7.0, WHITE)
    plan.box(-HALF + 0.3, FAR + 7.0, -0.4, FAR + 7.6, WHITE)
    plan.box(-HALF - 7.6, NEAR + 0.3, -HALF - 7.0, 27.6, WHITE)
    plan.box(HALF + 7.0, 28.4, HALF + 7.6, FAR - 0.3, WHITE)
    if plan.scale > 10:
        for x in (1.8, 5.2):  # arrows
            plan.stripe([(x, 8.2), (x, 11)], 0.22, WHITE)
            plan.area([(x - 0.5, 11), (x + 0.5, 11), (x, 12.6)], WHITE)
        for radius in (1.6, 2.6, 3.4):  # turning guides
            plan.dashes(-1.0 - radius, NEAR + 1, FAR - 1, 0.1, (150, 152, 152), 0.6, 1.2)
