"""Cars, trucks and buses, drawn from few polygons into the stage, with their lights at night.

Belongs here: how they look at a place and an instant. Where they go is `traffic.py`'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streams.simulator.scenes.light import Colour, Light, Look
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.view import View

LightAt = Callable[[float, float], tuple[float, float, float]]
Corners = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Body:
    """The build of a vehicle in metres: whole length, width, height; of the cabin its start and end along the
    length (from the rear) at the belt and at the roof, and the height of the belt line."""

    length: float
    width: float
    height: float
    belt: float
    cabin: tuple[float, float, float, float]
    colours: tuple[Colour, ...]


SEDAN = Body(
    4.6, 1.84, 1.46, 0.88, (0.35, 3.35, 1.0, 2.55),
    ((236, 236, 234), (60, 58, 56), (180, 178, 174), (150, 146, 140), (96, 62, 40), (44, 42, 42),
     (52, 50, 140)),
)  # fmt: skip
WAGON = Body(
    4.6, 1.88, 1.7, 0.98, (0.1, 3.3, 0.35, 2.6),
    ((238, 238, 236), (70, 66, 64), (120, 118, 116), (150, 112, 70), (50, 48, 48)),
)  # fmt: skip
TAXI = Body(4.8, 1.86, 1.47, 0.88, (0.35, 3.45, 1.0, 2.65), ((36, 132, 230), (206, 206, 204)))
TRUCK = Body(5.1, 1.75, 2.35, 0.9, (3.5, 5.0, 3.5, 4.7), ((226, 224, 222), (180, 120, 60)))
BUS = Body(10.9, 2.5, 3.2, 1.25, (0.05, 10.85, 0.1, 10.8), ((196, 110, 30), (70, 150, 60), (50, 50, 190)))
FIRE_ENGINE = Body(8.2, 2.5, 3.2, 1.4, (5.9, 8.15, 5.9, 7.9), ((40, 34, 196),))

KINDS: tuple[tuple[Body, float], ...] = (
    (SEDAN, 0.46),
    (WAGON, 0.27),
    (TAXI, 0.09),
    (TRUCK, 0.12),
    (BUS, 0.06),
)


def tint(
    colour: Colour, light: tuple[float, float, float], factor: float = 1.0
) -> tuple[float, float, float]:
    return (
        min(250.0, colour[0] * light[0] * factor),
        min(250.0, colour[1] * light[1] * factor),
        min(250.0, colour[2] * light[2] * factor),
    )


def grey(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    level = sum(colour) / 3
    return (level, level, level)


class Vehicles:
    """Draws vehicles on one stage, seen by one view in one light."""

    def __init__(self, stage: Stage, view: View, look: Look, light_at: LightAt) -> None:
        self._stage = stage
        self._view = view
        self._look = look
        self._light_at = light_at
        self._glows: dict[tuple[int, int, int], npt.NDArray[np.uint8]] = {}
        self._models: dict[int, Corners] = {}
        self._headings: dict[tuple[int, float], Corners] = {}
        self._tones: dict[tuple[Colour, float, tuple[float, float, float]], tuple[float, float, float]] = {}

    def draw(
        self,
        body: Body,
        colour: Colour,
        x: float,
        y: float,
        heading: float,
        *,
        braking: bool = False,
        beacon: float = -1,
    ) -> None:
        """Draw one; (x, y) is the middle of its ground plan, `heading` in radians from +y to the right.

        `beacon`: time in seconds for flashing lights on the roof, negative without.
        """
        view = self._view
        depth = view.depth(x, y, 0.7)
        if depth < 2.5:
            return
        at = view.project_at(self._turned(body, heading), x, y)
        fixed = (at * 16).astype(np.int32)
        left, top, width, height = (edge / 16 for edge in cv2.boundingRect(fixed))
        if width > view.width_px or not self._stage.touch(
            left - 3, top - 3, left + width + 3, top + height + 3
        ):
            return
        light = self._light_at(x, y)
        aside = abs(math.cos(heading)) < 0.35
        self._paint(body, colour, at.tolist(), fixed, light, width, aside=aside)
        if self._look.dark:
            self._lights(body, at, heading, depth, braking)
        elif braking and width > 8:
            near = 1 if math.sin(heading) > 0 else 0
            for i in (34 + near,) if aside else (34, 35):
                cv2.circle(
                    self._stage.canvas, _px(at[i]), max(1, int(view.focal / depth * 0.13)), (40, 40, 235), -1
                )
        if beacon >= 0:
            for i, blue in ((8, True), (9, False)):
                if (beacon * 2.6 + (0.5 if blue else 0)) % 1 < 0.5:
                    self._glow(at[i], view.focal / depth * 1.1, (255, 110, 60) if blue else (70, 70, 255))

    def _turned(self, body: Body, heading: float) -> Corners:
        """The corners of a body that heads there, prepared for the view."""
        key = (id(body), heading)
        turned = self._headings.get(key)
        if turned is None:
            if len(self._headings) > 500:
                self._headings.clear()
            c, s = math.cos(heading), math.sin(heading)
            turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
            turned = self._headings[key] = self._view.relative(self._model(body) @ turn)
        return turned

    def _model(self, body: Body) -> Corners:
        model = self._models.get(id(body))
        if model is None:
            length, half = body.length, body.width / 2
            rear, front = -length / 2, length / 2
            c0, c1, r0, r1 = (rear + v for v in body.cabin)
            inner = half * 0.84 if body.height < 2 else half * 0.97
            low, belt, high = 0.28, body.belt, body.height
            lamp = low + (belt - low) * 0.62
            model = np.array(
                [
                    # 0-7 lower body: bottom then belt; rear left, rear right, front right, front left
                    (-half, rear, low), (half, rear, low), (half, front, low), (-half, front, low),
                    (-half, rear, belt), (half, rear, belt), (half, front, belt), (-half, front, belt),
                    # 8-11 roof: rear left, rear right, front right, front left
                    (-inner, r0, high), (inner, r0, high), (inner, r1, high), (-inner, r1, high),
                    # 12-15 cabin at the belt
                    (-half, c0, belt), (half, c0, belt), (half, c1, belt), (-half, c1, belt),
                    # 16-19 shadow on the ground
                    (-half - 0.15, rear - 0.1, 0), (half + 0.45, rear - 0.1, 0),
                    (half + 0.45, front + 0.1, 0), (-half - 0.15, front + 0.1, 0),
                    # 20-23 wheels, left and right; 24-31 window bands on the flanks of buses and boxes
                    (-half, rear + length * 0.2, 0.32), (half, rear + length * 0.2, 0.32),
                    (half, front - length * 0.18, 0.32), (-half, front - length * 0.18, 0.32),
                    (-half, rear + 0.3, high - 1.5), (-half, front - 0.3, high - 1.5),
                    (-half, front - 0.3, high - 0.5), (-half, rear + 0.3, high - 0.5),
                    (half, rear + 0.3, high - 1.5), (half, front - 0.3, high - 1.5),
                    (half, front - 0.3, high - 0.5), (half, rear + 0.3, high - 0.5),
                    # 32-33 head lamps, 34-35 tail lamps
                    (-half * 0.76, front, lamp), (half * 0.76, front, lamp),
                    (-half * 0.8, rear, lamp), (half * 0.8, rear, lamp),
                    # 36-39 cargo box of a truck: at the belt, rear and front; 40-43 its roof
                    (-half, rear, belt), (half, rear, belt),
                    (half, rear + 3.4, belt), (-half, rear + 3.4, belt),
                    (-half, rear, high), (half, rear, high),
                    (half, rear + 3.4, high), (-half, rear + 3.4, high),
                ],
                np.float64,
            )  # fmt: skip
            self._models[id(body)] = model
        return model

    def _paint(
        self,
        body: Body,
        colour: Colour,
        at: list[list[float]],
        fixed: npt.NDArray[np.int32],
        light: tuple[float, float, float],
        width: float,
        *,
        aside: bool,
    ) -> None:
        canvas = self._stage.canvas

        def face(corners: tuple[int, ...], paint: Colour, factor: float, *, seen: bool = False) -> bool:
            """Fill a face if its front is seen."""
            if not seen:
                (ax, ay), (bx, by), (cx, cy) = at[corners[0]], at[corners[1]], at[corners[2]]
                if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) >= 0:
                    return False
            cv2.fillConvexPoly(canvas, fixed.take(corners, 0), self._tone(paint, factor, light), edge, 4)
            return True

        glass: Colour = (84, 74, 66)
        edge = cv2.LINE_AA if width > 70 else cv2.LINE_8  # smooth edges cost as much as the rest
        face((16, 17, 18, 19), (58, 56, 54), 0.62, seen=True)
        if width < 20:
            face((0, 1, 5, 4), colour, 0.62, seen=True)
            face((12, 13, 9, 8), glass, 0.9, seen=True)
            face((8, 9, 10, 11), colour, 1.0, seen=True)
            return
        flanks = []
        for corners, factor in (
            ((3, 0, 4, 7), 0.86),
            ((1, 2, 6, 5), 0.62),
            ((0, 1, 5, 4), 0.74),
            ((2, 3, 7, 6), 0.8),
        ):
            if face(corners, colour, factor):
                flanks.append(corners[0])
        face((4, 5, 6, 7), colour, 1.02)
        radius = max(1, int(width * 0.055)) if body.length < 6 else max(1, int(width * 0.03))
        for flank, wheels in ((3, (20, 23)), (1, (21, 22))):
            if flank in flanks and width > 22:
                for wheel in wheels:
                    cv2.circle(canvas, _px(at[wheel]), radius, (26, 26, 26), -1, edge)
        tall = body.height > 2
        if body is TRUCK:
            cargo = (150, 146, 140)
            for corners, factor in (
                ((39, 36, 40, 43), 1.0),
                ((37, 38, 42, 41), 0.74),
                ((36, 37, 41, 40), 0.86),
                ((38, 39, 43, 42), 0.8),
                ((40, 41, 42, 43), 1.16),
            ):
                face(corners, cargo, factor)
        pillar = colour if tall else glass
        for corners, factor in (
            ((15, 12, 8, 11), 0.86 if tall else 0.95),
            ((13, 14, 10, 9), 0.62 if tall else 0.7),
            ((12, 13, 9, 8), 0.8),
            ((14, 15, 11, 10), 1.0),
        ):
            front = corners[0] == 14
            face(corners, glass if front or not tall else pillar, factor)
        if tall and body is not TRUCK:
            for corners, flank in (((25, 24, 27, 26), 3), ((28, 29, 30, 31), 1)):
                if flank in flanks:
                    face(corners, glass, 0.85, seen=True)
        face((8, 9, 10, 11), colour, 1.08)
        # From the side, the lamps of the far flank are hidden.
        pair = (1,) if 1 in flanks else (0,) if 3 in flanks else (0, 1)
        shown = pair if aside else (0, 1)
        if 0 in flanks and width > 26:
            for i in (34 + side for side in shown):
                cv2.circle(canvas, _px(at[i]), max(1, int(width * 0.03)), (38, 36, 150), -1, cv2.LINE_AA)
        if 2 in flanks and width > 26:
            for i in (32 + side for side in shown):
                cv2.circle(canvas, _px(at[i]), max(1, int(width * 0.035)), (225, 228, 228), -1, cv2.LINE_AA)

    def _tone(
        self, colour: Colour, factor: float, light: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        key = (colour, factor, light)
        tone = self._tones.get(key)
        if tone is None:
            if len(self._tones) > 5000:
                self._tones.clear()
            lit = tint(colour, light, factor)
            tone = self._tones[key] = grey(lit) if self._look.light is Light.INFRARED else lit
        return tone

    def _lights(self, body: Body, at: Corners, heading: float, depth: float, braking: bool) -> None:
        scale = self._view.focal / depth
        towards = math.cos(heading) < 0
        if scale < 7:  # too far away for two lamps to be told apart
            middle = (at[32] + at[33]) / 2 if towards else (at[34] + at[35]) / 2
            self._glow(middle, 6.0 if towards else 4.0, (225, 242, 250) if towards else (24, 24, 190))
        elif abs(math.cos(heading)) < 0.35:  # seen from the side
            near = 1 if math.sin(heading) > 0 else 0  # the lamps on the flank towards us
            self._glow(at[32 + near], scale * 0.7, (200, 225, 240))
            self._glow(at[34 + near], scale * 0.5, (30, 30, 190))
        elif towards:
            for i in (32, 33):
                self._glow(at[i], max(5.0, scale * 1.05), (225, 242, 250))
        else:
            colour = (40, 40, 255) if braking else (18, 18, 150)
            for i in (34, 35):
                self._glow(at[i], max(3.0, scale * (0.75 if braking else 0.5)), colour)

    def beam(self, body: Body, x: float, y: float, heading: float) -> None:
        """The patch of light that head lamps throw on the road ahead; drawn before any vehicle."""
        if self._look.light not in (Light.NIGHT, Light.DUSK):
            return
        ahead = body.length / 2 + 4.2
        cx, cy = x + math.sin(heading) * ahead, y + math.cos(heading) * ahead
        scale = self._view.scale(cx, cy)
        if scale < 7:
            return
        flat = self._view.height / max(1.0, math.hypot(cx, cy))
        radius = scale * 4.6
        strength = 58 if self._look.light is Light.NIGHT else 26
        px, py = self._view.pixel(cx, cy)
        self._add(
            px,
            py,
            radius * 0.62,
            max(2.0, radius * max(flat, 0.2)),
            (int(strength * 0.8), strength, strength),
        )

    def _glow(self, at: npt.NDArray[np.float64], radius: float, colour: Colour) -> None:
        self._add(float(at[0]), float(at[1]), radius, radius, colour)

    def _add(self, px: float, py: float, rx: float, ry: float, colour: Colour) -> None:
        """Add light in an ellipse."""
        if self._look.light is Light.INFRARED:
            level = sum(colour) // 3
            colour = (level, level, level)
        # Few sizes, each a sixth larger than the one before, so that nearly every patch is ready.
        rx, ry = (
            math.exp(round(math.log(max(r, 2.0)) * 6.5) / 6.5) for r in (min(rx, 260.0), min(ry, 200.0))
        )
        key = (round(rx), round(ry), hash(colour))
        patch = self._glows.get(key)
        if patch is None:
            if len(self._glows) > 600:
                self._glows.clear()
            wide, high = key[0], key[1]
            y, x = np.mgrid[-1 : 1 : (2 * high + 1) * 1j, -1 : 1 : (2 * wide + 1) * 1j]
            fall = np.clip(1 - np.sqrt(x * x + y * y), 0, 1) ** 2
            patch = np.round(fall[..., None] * np.array(colour)).astype(np.uint8)
            self._glows[key] = patch
        height, width = patch.shape[:2]
        left, top = int(px) - width // 2, int(py) - height // 2
        right, bottom = left + width, top + height
        full_width, full_height = self._stage.size
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, full_width), min(bottom, full_height)
        if x0 >= x1 or y0 >= y1 or not self._stage.touch(x0, y0, x1, y1):
            return
        part = self._stage.canvas[y0:y1, x0:x1]
        cv2.add(part, patch[y0 - top : y1 - top, x0 - left : x1 - left], dst=part)


def _px(point: Sequence[float]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
