"""What hangs on buildings: windows, shop signs, numbers of apartment blocks.

Belongs here: textures seen straight on, with what shines at night. Where they hang is the places' business.
"""

from __future__ import annotations

import cv2
import numpy as np

from streams.simulator.scenes.backdrop import Pixels, Texture
from streams.simulator.scenes.light import Colour

# Korean signs as any street has them: colour of the board, of the letters.
SIGNS: tuple[tuple[str, Colour, Colour], ...] = (
    ("약국", (60, 140, 40), (250, 250, 250)),
    ("김밥나라", (40, 120, 235), (250, 250, 250)),
    ("부동산", (150, 70, 30), (250, 250, 250)),
    ("치킨호프", (30, 40, 190), (120, 240, 250)),
    ("미용실", (150, 70, 170), (250, 250, 250)),
    ("편의점", (150, 80, 20), (240, 250, 250)),
    ("분식", (40, 170, 245), (30, 30, 120)),
    ("세탁소", (170, 120, 60), (250, 250, 250)),
    ("안경", (70, 60, 50), (230, 240, 250)),
    ("빵집", (60, 100, 150), (220, 240, 250)),
    ("정육점", (40, 30, 170), (250, 250, 250)),
    ("국밥", (35, 60, 110), (150, 225, 250)),
    ("태권도", (120, 50, 40), (250, 250, 250)),
    ("수학학원", (200, 160, 60), (250, 250, 250)),
    ("커피", (50, 70, 90), (235, 240, 245)),
    ("문구", (60, 190, 230), (60, 40, 30)),
)


def _text(picture: Pixels, words: str, left: int, top: int, width: int, height: int, colour: Colour) -> None:
    """Fit words into a box, centred."""
    face = cv2.FontFace("sans")
    size = max(6, int(height * 0.72))
    (_, _, long, _) = cv2.getTextSize((0, 0), words, (0, 0), face, size, 800)
    if long > width * 0.92:
        size = max(6, int(size * width * 0.92 / long))
        (_, _, long, _) = cv2.getTextSize((0, 0), words, (0, 0), face, size, 800)
    at = (left + (width - long) // 2, top + (height + int(size * 0.72)) // 2)
    cv2.putText(picture, words, at, colour, face, size, 800)


def _glass(rng: np.random.Generator) -> Colour:
    tone = int(rng.integers(52, 96))
    return (tone + 26, tone + 12, tone)


def _lit(rng: np.random.Generator) -> Colour:
    warm = rng.random() < 0.6
    level = float(rng.uniform(0.45, 1.0))
    colour = (110, 190, 240) if warm else (215, 225, 220)
    return (int(colour[0] * level), int(colour[1] * level), int(colour[2] * level))


def shops(rng: np.random.Generator, width: float, floors: int, wall: Colour, *, scale: int = 26) -> Texture:
    """A row of shops with floors above, `width` metres; 4 m for the shops and 3.2 m for each floor."""
    columns = round(width * scale)
    ground, storey = 4 * scale, round(3.2 * scale)
    rows = ground + floors * storey
    surface = np.full((rows, columns, 3), wall, np.uint8)
    shine = np.zeros_like(surface)
    bay = max(1, round(width / 4.2))
    step = columns / bay
    grain = rng.normal(0, 3, (rows // 4 + 1, columns // 4 + 1)).astype(np.float32)
    blown = cv2.resize(grain, (columns, rows))[..., None]
    surface[:] = np.clip(surface + blown, 0, 255)
    order = rng.permutation(len(SIGNS))
    for floor in range(floors):
        top = floor * storey
        cv2.rectangle(surface, (0, top), (columns, top + 3), tuple(int(c * 0.8) for c in wall), -1)
        for i in range(bay * 2):
            left = int((i + 0.16) * step / 2)
            right = int((i + 0.84) * step / 2)
            box = (left, top + storey // 4), (right, top + storey * 4 // 5)
            cv2.rectangle(surface, *box, _glass(rng), -1)
            cv2.rectangle(surface, *box, tuple(int(c * 0.62) for c in wall), 2)
            middle = (left + right) // 2
            cv2.line(surface, (middle, box[0][1]), (middle, box[1][1]), tuple(int(c * 0.62) for c in wall), 2)
            if rng.random() < 0.32:
                cv2.rectangle(shine, (left + 2, box[0][1] + 2), (right - 2, box[1][1] - 2), _lit(rng), -1)
        if floor >= floors - 2:
            for i in range(bay):
                if rng.random() < 0.55:
                    words, board, ink = SIGNS[order[(i * 3 + floor * 5 + 7) % len(SIGNS)]]
                    left, wide, high = int(i * step + step * 0.08), int(step * 0.84), int(scale * 0.75)
                    place = top + storey - high - 2
                    _sign(surface, shine, words, left, place, wide, high, board, ink)
    top = floors * storey
    for i in range(bay):
        left, wide = int(i * step), int(step)
        words, board, ink = SIGNS[order[i % len(SIGNS)]]
        cv2.rectangle(surface, (left, top), (left + wide, rows), (58, 56, 54), -1)
        glass = (left + 5, top + int(1.25 * scale)), (left + wide - 5, rows - 6)
        cv2.rectangle(surface, *glass, (104, 98, 92), -1)
        interior = _lit(rng)
        open_late = rng.random() < 0.78
        if open_late:
            cv2.rectangle(shine, *glass, tuple(int(c * 0.75) for c in interior), -1)
        for part in range(1, 4):
            x = left + part * wide // 4
            cv2.line(surface, (x, glass[0][1]), (x, rows), (62, 60, 58), 3)
            cv2.line(shine, (x, glass[0][1]), (x, rows), (0, 0, 0), 3)
        for _ in range(9):  # goods behind the glass
            x = int(rng.integers(left + 8, max(left + 9, left + wide - 16)))
            y = int(rng.integers(glass[0][1] + scale // 2, rows - scale // 2))
            colour = tuple(int(c) for c in rng.integers(84, 150, 3))
            cv2.rectangle(surface, (x, y), (x + scale // 3, y + scale // 3), colour, -1)
        _sign(
            surface,
            shine if open_late else None,
            words,
            left + 4,
            top + 4,
            wide - 8,
            int(1.1 * scale),
            board,
            ink,
        )
    return Texture(surface, shine)


def _sign(
    surface: Pixels,
    shine: Pixels | None,
    words: str,
    left: int,
    top: int,
    width: int,
    height: int,
    board: Colour,
    ink: Colour,
) -> None:
    for picture, dim in ((surface, 1.0), (shine, 0.72)):
        if picture is None:
            continue
        colour = tuple(int(c * dim) for c in board)
        cv2.rectangle(picture, (left, top), (left + width, top + height), colour, -1)
        _text(picture, words, left, top, width, height, ink)


def apartment(
    rng: np.random.Generator, width: float, floors: int, number: str, *, scale: int = 10
) -> Texture:
    """A Korean apartment block: balconies, stair columns, its number high on the wall. 2.8 m a floor."""
    columns, storey = round(width * scale), round(2.8 * scale)
    rows = floors * storey + 2 * scale
    base = int(rng.integers(186, 214))
    wall: Colour = (base - 6, base - 1, base + 2)
    surface = np.full((rows, columns, 3), wall, np.uint8)
    shine = np.zeros_like(surface)
    accent = [(150, 120, 92), (110, 132, 160), (120, 140, 118), (140, 128, 150)][int(rng.integers(4))]
    cv2.rectangle(surface, (0, 0), (columns, 2 * scale), tuple(int(c * 0.9) for c in accent), -1)
    units = max(2, round(width / 7.5))
    step = columns / units
    for floor in range(floors):
        top = 2 * scale + floor * storey
        for unit in range(units):
            left, right = int((unit + 0.08) * step), int((unit + 0.92) * step)
            box = (left, top + storey // 5), (right, top + storey - 3)
            cv2.rectangle(surface, *box, _glass(rng), -1)
            cv2.rectangle(
                surface, (left, box[1][1] - storey // 4), box[1], tuple(int(c * 0.86) for c in wall), -1
            )
            for part in range(1, 4):
                x = left + part * (right - left) // 4
                cv2.line(surface, (x, box[0][1]), (x, box[1][1]), tuple(int(c * 0.9) for c in wall), 1)
            if rng.random() < 0.42:
                half = (left + right) // 2 if rng.random() < 0.5 else right
                cv2.rectangle(
                    shine, (left + 1, box[0][1] + 1), (half - 1, box[1][1] - storey // 4), _lit(rng), -1
                )
        if floor % 3 == 0:
            cv2.line(surface, (0, top), (columns, top), tuple(int(c * 0.93) for c in wall), 1)
    strip = int(0.42 * step)
    cv2.rectangle(surface, (0, 2 * scale), (max(2, strip // 4), rows), accent, -1)
    _text(surface, number, int(columns * 0.3), 4 * scale, int(columns * 0.4), 6 * scale, (96, 84, 70))
    return Texture(surface, shine)


def villa(rng: np.random.Generator, width: float, floors: int, *, scale: int = 24) -> Texture:
    """A brick house of flats over parking posts, as fills Korean side streets. 3 m a floor."""
    columns, storey = round(width * scale), 3 * scale
    rows = floors * storey
    brick = [(70, 86, 132), (92, 112, 150), (120, 132, 148), (84, 92, 112)][int(rng.integers(4))]
    surface = np.full((rows, columns, 3), brick, np.uint8)
    for y in range(0, rows, 5):
        surface[y : y + 1] = [int(c * 0.88) for c in brick]
    noise = rng.normal(0, 6, (rows // 5 + 1, columns // 12 + 1)).astype(np.float32)
    surface[:] = np.clip(
        surface + cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_NEAREST)[..., None], 0, 255
    )
    shine = np.zeros_like(surface)
    units = max(1, round(width / 4))
    for floor in range(floors):
        top = floor * storey
        cv2.rectangle(surface, (0, top), (columns, top + 4), (176, 178, 180), -1)
        for unit in range(units):
            left = int((unit + 0.2) * columns / units)
            right = int((unit + 0.8) * columns / units)
            if floor == floors - 1 and unit % 2 == 0:
                box = (left, top + scale // 2), (left + int(1.1 * scale), rows)
                cv2.rectangle(surface, *box, (70, 60, 58), -1)
                cv2.rectangle(shine, (left, top), (right, top + scale // 3), (80, 150, 190), -1)
                continue
            box = (left, top + scale), (right, top + int(2.2 * scale))
            cv2.rectangle(surface, *box, _glass(rng), -1)
            cv2.rectangle(surface, *box, (214, 216, 218), 3)
            middle = (left + right) // 2
            cv2.line(surface, (middle, box[0][1]), (middle, box[1][1]), (214, 216, 218), 2)
            if rng.random() < 0.4:
                cv2.rectangle(shine, (left + 3, box[0][1] + 3), (right - 3, box[1][1] - 3), _lit(rng), -1)
            if rng.random() < 0.5:  # the outdoor unit of an air conditioner
                cv2.rectangle(
                    surface,
                    (right + 2, box[1][1] - scale // 2),
                    (right + scale, box[1][1] + 4),
                    (196, 198, 198),
                    -1,
                )
                cv2.circle(
                    surface, (right + scale // 2, box[1][1] - scale // 4), scale // 4, (120, 122, 122), -1
                )
    return Texture(surface, shine)


def school(rng: np.random.Generator, width: float, floors: int, name: str, *, scale: int = 14) -> Texture:
    """A school: long rows of windows, its name on the parapet. 3.6 m a floor."""
    columns, storey = round(width * scale), round(3.6 * scale)
    rows = floors * storey + 2 * scale
    surface = np.full((rows, columns, 3), (168, 196, 214), np.uint8)
    shine = np.zeros_like(surface)
    for floor in range(floors):
        top = 2 * scale + floor * storey
        cv2.rectangle(surface, (0, top + storey - scale), (columns, top + storey), (110, 140, 190), -1)
        x = scale // 2
        while x < columns - scale:
            cv2.rectangle(
                surface, (x, top + scale // 2), (x + 2 * scale, top + storey - scale), _glass(rng), -1
            )
            cv2.line(
                surface, (x + scale, top + scale // 2), (x + scale, top + storey - scale), (220, 222, 224), 2
            )
            if rng.random() < 0.06:
                cv2.rectangle(
                    shine, (x, top + scale // 2), (x + 2 * scale, top + storey - scale), (180, 200, 200), -1
                )
            x += int(2.5 * scale)
    cv2.rectangle(surface, (0, 0), (columns, 2 * scale), (196, 208, 214), -1)
    _text(surface, name, columns // 4, 0, columns // 2, 2 * scale, (120, 70, 30))
    return Texture(surface, shine)


def board(
    words: str, width: float, height: float, colour: Colour, ink: Colour, *, scale: int = 60
) -> Texture:
    """A flat sign with words."""
    surface = np.full((round(height * scale), round(width * scale), 3), colour, np.uint8)
    rows, columns = surface.shape[:2]
    cv2.rectangle(surface, (2, 2), (columns - 3, rows - 3), ink, max(1, rows // 28))
    _text(surface, words, 0, 0, columns, rows, ink)
    return Texture(surface, (surface * 0.55).astype(np.uint8))
