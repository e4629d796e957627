"""The still part of a scene: sky, ground, walls, trees, poles, lit as the hour wants it.

Belongs here: composing it, once per camera, at twice the size. What it is composed of is drawn by `props.py`
and `facade.py`; what moves comes later, on a `Stage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from streams.simulator.scenes.light import Colour, Light, Look
from streams.simulator.scenes.plan import PaintGround, Plan
from streams.simulator.scenes.view import View

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Corner = tuple[float, float, float]

OVERSAMPLING = 2
_SKY_M = 1e6


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light above the ground: place in metres, reach in metres, strength, colour of its light."""

    x: float
    y: float
    reach: float = 11.0
    strength: float = 1.0
    colour: tuple[float, float, float] = (0.74, 0.92, 1.0)


@dataclass(frozen=True, slots=True)
class Texture:
    """A flat surface: how it looks, and what of it shines by itself at night."""

    surface: Pixels
    shine: Pixels | None = None


class Backdrop:
    """Draw from far to near, then `finish`."""

    def __init__(self, view: View, look: Look, rng: np.random.Generator) -> None:
        self.view = view.scaled(OVERSAMPLING)
        self.look = look
        self.rng = rng
        self.lens = view
        width, height = self.view.size
        self.albedo: Pixels = np.zeros((height, width, 3), np.uint8)
        self.shine: Pixels = np.zeros((height, width, 3), np.uint8)
        self.sky: Pixels = np.full((height, width), 255, np.uint8)  # what is still sky
        self.front: Pixels = np.zeros((height, width), np.uint8)
        self._is_front = False
        self._lamps: list[Lamp] = []
        self._distance = np.zeros((height // 4, width // 4), np.float32)  # metres, 0: not hazed

    @contextmanager
    def foreground(self) -> Iterator[None]:
        """What is drawn inside stands before everything that moves."""
        self._is_front = True
        try:
            yield
        finally:
            self._is_front = False

    # --- drawing, far to near -------------------------------------------------------------------------

    def ground(
        self, paint: PaintGround, base: Colour, *, grain: float = 4.0, half_width: float = 90.0
    ) -> None:
        """Lay the ground, as `paint` draws it from above, out to the horizon."""
        far = Plan(-half_width * 2.2, half_width * 2.2, 38, 420, 4, base)
        near = Plan(-42, 42, 0, 40, 26, base)
        for plan in (far, near):
            paint(plan)
            plan.speckle(self.rng, grain)
            self._lay(plan)
        self._haze_ground()

    def _lay(self, plan: Plan) -> None:
        to_metres = np.array([[1 / plan.scale, 0, plan.x0], [0, 1 / plan.scale, plan.y0], [0, 0, 1]])
        homography = self.view.ground() @ to_metres
        width, height = self.view.size
        # The picture's rows between the plan's far and near edge, wherever in the picture these run deepest.
        corners = [(x, y) for x in (plan.x0, 0.0, plan.x1) for y in (plan.y0, plan.y1)]
        rows = [self.view.pixel(x, y)[1] for x, y in corners if self.view.depth(x, y) > 1]
        far_row = max(0, int(self.view.horizon) + 1, int(min(rows)) - 1)
        near_row = height if plan.y0 < 5 else min(height, int(max(rows)) + 2)
        if near_row <= far_row:
            return
        shift = np.array([[1, 0, 0], [0, 1, -far_row], [0, 0, 1.0]])
        size = (width, near_row - far_row)
        flags = cv2.INTER_LINEAR
        laid = cv2.warpPerspective(
            plan.pixels, shift @ homography, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        ones = np.full(plan.pixels.shape[:2], 255, np.uint8)
        mask = cv2.warpPerspective(ones, shift @ homography, size, flags=cv2.INTER_NEAREST)
        cv2.copyTo(laid, mask, self.albedo[far_row:near_row])
        cv2.copyTo(np.zeros_like(mask), mask, self.sky[far_row:near_row])

    def _haze_ground(self) -> None:
        rows = np.arange(self._distance.shape[0], dtype=np.float32) * 4 + 2
        below = np.maximum(rows - self.view.horizon, 1.0)
        metres = self.view.focal * self.view.height / below
        self._distance[:] = np.where(rows > self.view.horizon, np.minimum(metres, 900), 900)[:, None]

    def wall(self, corners: Sequence[Corner], texture: Texture, *, shade: float = 1.0) -> None:
        """Hang a texture between four world corners: top left, top right, bottom right, bottom left."""
        world = np.array(corners, np.float64)
        depths = [self.view.depth(*corner) for corner in corners]
        if min(depths) < 1.0:
            return
        points = self.view.project(world)
        left, top = np.floor(points.min(axis=0)).astype(int)
        right, bottom = np.ceil(points.max(axis=0)).astype(int) + 1
        width, height = self.view.size
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        if right - left < 1 or bottom - top < 1:
            return
        surface = texture.surface
        rows, columns = surface.shape[:2]
        source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        target = (points - (left, top)).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(source, target)
        size = (int(right - left), int(bottom - top))
        # Shrink the texture first where it is much finer than its place, or it would sparkle.
        extent = max(float(np.ptp(points[:, 0])) / columns, float(np.ptp(points[:, 1])) / rows)
        flags = cv2.INTER_LINEAR
        if extent < 0.5:
            factor = max(extent * 1.2, 2 / min(rows, columns))
            small = cv2.resize(surface, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            matrix = matrix @ np.diag([columns / small.shape[1], rows / small.shape[0], 1.0])
            texture = Texture(
                small.astype(np.uint8),
                None if texture.shine is None else _like(texture.shine, small),
            )
        mask = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillConvexPoly(mask, np.round(target * 16).astype(np.int32), 255, cv2.LINE_8, 4)
        warped = cv2.warpPerspective(
            texture.surface, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        if shade != 1.0:
            warped = cv2.convertScaleAbs(warped, alpha=shade)
        shine = None
        if texture.shine is not None and self.look.dark:
            shine = cv2.warpPerspective(texture.shine, matrix, size, flags=flags)
        self.stamp(left, top, warped, mask, shine, sum(depths) / 4)

    def stamp(
        self, left: int, top: int, surface: MatLike, mask: MatLike, shine: MatLike | None, metres: float
    ) -> None:
        """Put pixels down at (left, top) where `mask` is, `metres` away."""
        height, width = mask.shape
        rows, columns = slice(top, top + height), slice(left, left + width)
        # A hard edge: the picture is made smaller later, which softens it.
        solid = cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1]
        cv2.copyTo(surface, solid, self.albedo[rows, columns])
        if self.look.dark:
            glow = self.shine[rows, columns]
            cv2.copyTo(np.zeros_like(glow) if shine is None else shine, solid, glow)
        sky, front = self.sky[rows, columns], self.front[rows, columns]
        cv2.bitwise_and(sky, cv2.bitwise_not(solid), dst=sky)
        if self._is_front:
            cv2.bitwise_or(front, solid, dst=front)
        else:
            cv2.bitwise_and(front, cv2.bitwise_not(solid), dst=front)
        coarse = self._distance[top // 4 : (top + height) // 4, left // 4 : (left + width) // 4]
        if coarse.size:
            small = cv2.resize(mask, coarse.shape[::-1], interpolation=cv2.INTER_AREA)
            coarse[small > 127] = metres

    def shape(self, points: Sequence[Corner], colour: Colour, shine: Colour | None = None) -> None:
        """Fill a convex world polygon with one colour."""
        if min(self.view.depth(*point) for point in points) < 0.3:
            return
        self._fill(self.view.project(np.array(points)), colour, shine, self.view.depth(*points[0]))

    def _fill(
        self, points: npt.NDArray[np.float64], colour: Colour, shine: Colour | None, metres: float
    ) -> None:
        fixed = np.round(np.clip(points, -9000, 9000) * 16).astype(np.int32)
        cv2.fillConvexPoly(self.albedo, fixed, colour, cv2.LINE_AA, 4)
        lit = shine if shine is not None and self.look.dark else (0, 0, 0)
        cv2.fillConvexPoly(self.shine, fixed, lit, cv2.LINE_AA, 4)
        cv2.fillConvexPoly(self.sky, fixed, 0, cv2.LINE_8, 4)
        cv2.fillConvexPoly(self.front, fixed, 255 if self._is_front else 0, cv2.LINE_8, 4)
        cv2.fillConvexPoly(self._distance, fixed // 4, metres, cv2.LINE_8, 4)

    def bar(
        self, start: Corner, end: Corner, thickness: float, colour: Colour, shine: Colour | None = None
    ) -> None:
        """A round bar between two world points, `thickness` metres: poles, wires, rails."""
        if min(self.view.depth(*start), self.view.depth(*end)) < 0.5:
            return
        points = self.view.project(np.array([start, end]))
        along = points[1] - points[0]
        across = np.array([-along[1], along[0]]) / max(1e-6, float(np.hypot(*along)))
        wide = [max(1.1, thickness * self.view.scale(*corner)) / 2 for corner in (start, end)]
        outline = np.array(
            [
                points[0] + across * wide[0],
                points[0] - across * wide[0],
                points[1] - across * wide[1],
                points[1] + across * wide[1],
            ]
        )
        self._fill(outline, colour, shine, self.view.depth(*start))

    def lamp(self, lamp: Lamp) -> None:
        """Light the surroundings of a lamp (by night)."""
        self._lamps.append(lamp)

    # --- finishing ------------------------------------------------------------------------------------

    def light_at(self, x: float, y: float) -> tuple[float, float, float]:
        """How bright things at a place are, per channel."""
        blue, green, red = (a + self.look.sun * 0.8 for a in self.look.ambient)
        if self.look.dark:
            for lamp in self._lamps:
                near = ((x - lamp.x) ** 2 + (y - lamp.y) ** 2) / lamp.reach**2
                amount = lamp.strength * self.look.lamps / (1 + 1.6 * near) ** 2 * 1.05
                blue += amount * lamp.colour[0]
                green += amount * lamp.colour[1]
                red += amount * lamp.colour[2]
        if self.look.light is Light.INFRARED:
            amount = 1.05 / (1 + (x * x + y * y) / 32**2) ** 1.3
            blue, green, red = blue + amount, green + amount, red + amount
        return min(blue, 1.3), min(green, 1.3), min(red, 1.3)

    def _illumination(self) -> Floats:
        """Light on the ground, and on what stands on it, at a quarter of the size."""
        rows, columns = self._distance.shape
        light = np.empty((rows, columns, 3), np.float32)
        light[:] = [a + self.look.sun for a in self.look.ambient]
        if not self.look.dark:
            return light
        inverse = np.linalg.inv(self.view.ground())
        u, v = np.meshgrid(np.arange(columns) * 4.0 + 2, np.arange(rows) * 4.0 + 2)
        v = np.maximum(v, self.view.horizon + 6)
        metres = np.stack([u, v, np.ones_like(u)], -1) @ inverse.T
        x, y = metres[..., 0] / metres[..., 2], metres[..., 1] / metres[..., 2]
        for lamp in self._lamps:
            near = ((x - lamp.x) ** 2 + (y - lamp.y) ** 2) / lamp.reach**2
            amount = lamp.strength * self.look.lamps / (1 + 1.6 * near) ** 2 * 1.05
            light += amount[..., None].astype(np.float32) * np.array(lamp.colour, np.float32)
        if self.look.light is Light.INFRARED:
            distance = np.minimum(self._distance, 200.0)
            across = (np.arange(columns, dtype=np.float32) / columns - 0.5)[None, :] * 2
            light += (1.05 / (1 + (distance / 32) ** 2) ** 1.3 * (1 - 0.45 * across**2))[..., None]
        return light

    def finish(self) -> tuple[Pixels, Pixels, Floats]:
        """The picture (BGR), the mask of what stands in front, and the metres to each pixel (the sky's are
        very many), at the camera's size.

        Once: nothing can be drawn afterwards.
        """
        size = self.lens.size
        albedo = cv2.resize(self.albedo, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        light = cv2.resize(cv2.GaussianBlur(self._illumination(), (0, 0), 2), size)
        sky = cv2.resize(self.sky, size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
        lit = albedo * light
        haze = cv2.resize(self._distance, size, interpolation=cv2.INTER_LINEAR)[..., None]
        amount = 1 - np.exp(-haze / 100 * self.look.haze)
        lit = lit * (1 - amount) + np.array(self.look.sky[1], np.float32) * amount
        lit = lit * (1 - sky) + self._sky() * sky
        if self.look.dark:
            shine = cv2.resize(self.shine, size, interpolation=cv2.INTER_AREA).astype(np.float32)
            if self.look.light is Light.INFRARED:
                shine *= 0.5
            lit += shine * self.look.lamps
            small = cv2.resize(shine, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
            for sigma, weight in ((2.5, 0.35), (12.0, 0.4)):
                lit += cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma), size) * weight * self.look.lamps
        front = _half(self.front, size)
        metres = cv2.resize(self._distance, size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
        metres[_half(self.sky, size) > 0] = _SKY_M
        # What moves asks for light as long as it lives; the large drawings are done with.
        self.albedo = self.shine = np.zeros((0, 0, 3), np.uint8)
        self.front = self.sky = np.zeros((0, 0), np.uint8)
        return self._sensor(lit), front, metres

    def _sky(self) -> Floats:
        width, height = self.lens.size
        horizon = max(1.0, self.lens.horizon)
        down = np.clip(np.arange(height, dtype=np.float32) / horizon, 0, 1)[:, None, None]
        top, bottom = (np.array(colour, np.float32) for colour in self.look.sky)
        sky = np.repeat(top * (1 - down) + bottom * down, width, axis=1)
        clouds = np.zeros((height, width), np.float32)
        for cells, weight in ((3, 1.0), (7, 0.5), (15, 0.25)):
            grid = self.rng.normal(0, 1, (cells, cells * 2)).astype(np.float32)
            clouds += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * weight
        strength = 9.0 if self.look.light is Light.DAY else 5.0 if self.look.light is Light.DUSK else 1.5
        result: Floats = sky + clouds[..., None] * strength
        return result

    def _sensor(self, lit: Floats) -> Pixels:
        """What a cheap sensor behind a wide lens makes of it."""
        width, height = self.lens.size
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        lit *= (1 - 0.07 * (x * x + y * y) ** 1.2).astype(np.float32)[..., None]
        cv2.GaussianBlur(lit, (0, 0), 0.55 * height / 720, dst=lit)
        lit += self.rng.normal(0, self.look.noise * 0.5, lit.shape[:2]).astype(np.float32)[..., None]
        # Highlights roll off instead of clipping.
        lit = np.where(lit > 200, 200 + 55 * (1 - np.exp(-(lit - 200) / 55)), lit)
        if self.look.light is Light.INFRARED:
            lit = np.repeat(lit.mean(axis=2, keepdims=True), 3, axis=2)
        else:
            grey = lit.mean(axis=2, keepdims=True)
            lit = grey + (lit - grey) * 0.88
        return np.clip(lit, 4, 252).astype(np.uint8)


def _like(picture: Pixels, model: MatLike) -> Pixels:
    shape = (model.shape[1], model.shape[0])
    return np.asarray(cv2.resize(picture, shape, interpolation=cv2.INTER_AREA), np.uint8)


def _half(mask: Pixels, size: tuple[int, int]) -> Pixels:
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return np.where(small > 127, np.uint8(255), np.uint8(0))
