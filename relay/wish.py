"""What a viewer asks for: a pinned quality, no more than a tile needs, hardly anything while hidden. Pure.

Belongs here: reading the body of WHEP's layer extension (`urn:ietf:params:whep:ext:core:layer`), and what it
means for the renditions there are. Not here: what the link carries (`relay/adaptation.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from relay.errors import OfferRefused

MAX_WIDTH = 16_384
"""Pixels: the widest tile that is believed."""
MAX_NAME = 64
"""Characters of a rendition's name."""


class Lack(StrEnum):
    """Why a viewer is not on the rendition that it pinned."""

    UNKNOWN = "unknown"
    NO_ROOM = "no_room"
    NO_PICTURE = "no_picture"


LACKS: Mapping[Lack, tuple[str, str]] = {
    Lack.UNKNOWN: (
        "this viewer cannot be given such a quality",
        "이 시청에는 제공되지 않는 화질입니다",
    ),
    Lack.NO_ROOM: (
        "the server has no room to make this quality; what there is goes on, and it is tried again",
        "서버에 이 화질을 만들 여유가 없습니다. 지금 화질로 계속 보이며 다시 시도합니다",
    ),
    Lack.NO_PICTURE: (
        "this quality gives no picture at the moment; it comes when it does",
        "이 화질의 영상이 지금은 없습니다. 들어오는 대로 바뀝니다",
    ),
}
"""In words, English and Korean."""


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
