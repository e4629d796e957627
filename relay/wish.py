"""What a viewer asks for: a pinned quality, no more than a tile needs, hardly anything while hidden. Pure.

Belongs here: reading the body of WHEP's layer extension (`urn:ietf:params:whep:ext:core:layer`), and what it
means for the renditions there are. Not here: what the link carries (`relay/adaptation.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from relay.errors import OfferRefused

MAX_WIDTH = 16_384
"""Pixels: the widest tile that is believed."""
MAX_NAME = 64
"""Characters of a rendition's name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """pinned: the rendition that the viewer insists on, whatever its link carries. ceiling: the largest that
    it has a use for, by name; max_width: the same by the width of its tile in pixels. hidden: nobody looks,
    so the smallest will do."""

    pinned: str | None = None
    ceiling: str | None = None
    max_width: int | None = None
    hidden: bool = False

    def bounds(self, forms: Sequence[tuple[str, int | None]]) -> tuple[str | None, str | None]:
        """The rendition that is pinned and the largest of use, None for none.

        `forms`: name and width (None where not known yet) of the renditions there are, the smallest first.
        """
        names = [name for name, _ in forms]
        if self.hidden:
            return None, next(iter(names), None)
        if self.pinned in names:
            return self.pinned, None
        if self.max_width is not None:
            wide = (name for name, width in forms if width is not None and width >= self.max_width)
            return None, next(wide, None)
        return None, self.ceiling if self.ceiling in names else None


def read_layer(body: bytes, before: Wish) -> Wish:
    """The wish after a layer request. Members: `rid` (a rendition's name, null for whichever fits),
    `maxWidth` (pixels, null for any), `hidden` (true or false). What is not said stays as it was; other
    members are passed over.

    Raises `OfferRefused` 400.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise OfferRefused(400, "the body is not JSON") from None
    if not isinstance(said, dict):
        raise OfferRefused(400, "the body is not a JSON object")
    wish = before
    if "rid" in said:
        rid = said["rid"]
        if rid is not None and not (isinstance(rid, str) and 0 < len(rid) <= MAX_NAME):
            raise OfferRefused(400, "rid is the name of a rendition or null")
        wish = replace(wish, pinned=rid)
    if "maxWidth" in said:
        width = said["maxWidth"]
        if width is not None and not (type(width) is int and 0 < width <= MAX_WIDTH):
            raise OfferRefused(400, f"maxWidth is a number of pixels up to {MAX_WIDTH} or null")
        wish = replace(wish, max_width=width, ceiling=None)
    if "hidden" in said:
        if not isinstance(said["hidden"], bool):
            raise OfferRefused(400, "hidden is true or false")
        wish = replace(wish, hidden=said["hidden"])
    return wish
