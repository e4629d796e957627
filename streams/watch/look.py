"""What is taken from a decoded keyframe to judge it by: a few small arrays. Pure: a frame in, values out.

Belongs here: measuring one picture. Comparing it with others is each fault's own module. All pictures are
brought to one size, so that a camera's two streams, and days, compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from streams.camera import Polygon
from streams.planes import PIXELS, Plane, planes

Numbers = NDArray[np.float32]
Flags = NDArray[np.bool_]

FINE = (640, 360)
SIZE = (320, 180)
HALF = (160, 90)
COLUMNS, ROWS = 16, 9
"""A picture is judged by blocks, so that what passes through a part of it decides nothing."""

_EDGE_BLUR = 1.6  # samples of `SIZE`: a mast in the wind moves so much
_DETAIL = 1.2  # the size of what counts as detail, samples of `SIZE`; grain is finer
_BODY = 1.2  # the same for bodies, samples of `HALF`


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One keyframe, measured. mean and spread have `ROWS` x `COLUMNS` elements; luma is 16 to 235.

    fine: luma, `FINE`. edges: how strongly it changes at each place, compressed and blurred, `SIZE`. detail,
    bodies: its Laplacian by small things, `SIZE`, and by larger ones, `HALF`. mean, spread: luma of each
    block. seen: False where a mask touches the block. brightness, colour: mean luma, and mean distance of
    chroma from grey, of what is seen.
    """

    fine: Plane
    edges: Numbers
    detail: Numbers
    bodies: Numbers
    mean: Numbers
    spread: Numbers
    seen: Flags
    brightness: float
    colour: float


def look_at(frame: av.VideoFrame, seen: Flags | None = None) -> Look:
    """Measure a picture of any size and pixel format. `seen`: see `seen_through`; None is all of it."""
    luma, u, v = planes(frame.reformat(*FINE, format=PIXELS, interpolation=Interpolation.AREA))
    fine = luma.copy()  # the frame's memory goes back to the decoder
    gray = cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    smooth = cv2.GaussianBlur(gray, (0, 0), _DETAIL)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # The square root: a lamp's edge must not outweigh all kerbs and walls.
    edges = cv2.GaussianBlur(cv2.sqrt(cv2.magnitude(across, down)), (0, 0), _EDGE_BLUR)
    half = cv2.GaussianBlur(cv2.resize(gray, HALF, interpolation=cv2.INTER_AREA), (0, 0), _BODY)
    mean, spread = by_block(gray)
    tints = [block_mean(np.abs(plane.astype(np.float32) - 128)) for plane in (u, v)]
    blocks = np.ones((ROWS, COLUMNS), np.bool_) if seen is None else seen
    some = bool(blocks.any())
    return Look(
        fine=fine,
        edges=edges.astype(np.float32, copy=False),
        detail=cv2.Laplacian(smooth, cv2.CV_32F).astype(np.float32, copy=False),
        bodies=cv2.Laplacian(half, cv2.CV_32F).astype(np.float32, copy=False),
        mean=mean,
        spread=spread,
        seen=blocks,
        brightness=float(mean[blocks].mean()) if some else 0.0,
        colour=float(sum(tint[blocks].mean() for tint in tints)) / 2 if some else 0.0,
    )


def seen_through(masks: Iterable[Polygon]) -> Flags:
    """The blocks that no mask touches: what is covered on purpose is no fault."""
    width, height = SIZE
    covered = np.zeros((height, width), np.uint8)
    for polygon in masks:
        corners = [[round(x * (width - 1)), round(y * (height - 1))] for x, y in polygon]
        cv2.fillPoly(covered, [np.array(corners, np.int32)], 1)
    reach = cv2.dilate(covered, np.ones((9, 9), np.uint8))  # blurred edges take it further
    found: Flags = block_mean(reach.astype(np.float32)) == 0
    return found


def block_mean(values: Numbers) -> Numbers:
    """The mean of each block."""
    return cv2.resize(values, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


def by_block(values: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of each block."""
    mean = block_mean(values)
    return mean, np.sqrt(np.maximum(block_mean(values * values) - mean * mean, 0))


def likeness(one: Numbers, other: Numbers) -> Numbers:
    """The correlation of two pictures in each block, -1 to 1; about 0 where one of them is flat."""
    (mean, spread), (other_mean, other_spread) = by_block(one), by_block(other)
    common = block_mean(one * other) - mean * other_mean
    found: Numbers = common / np.maximum(spread * other_spread, np.float32(1e-3))
    return found
