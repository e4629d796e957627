"""Defocused: larger things of the view stand where they should, and their small detail is gone.

A lens out of focus, dew, dirt; dense fog as well, in which the picture is of as little use.
"""

from __future__ import annotations

from streams.watch.reference import Match

_DETAIL = 0.62  # against the larger things: the light, which both have in common, falls out
_BODIES = 0.14  # or nothing of the view is there at all


def is_defocused(match: Match) -> bool:
    """Whether the picture is blurred."""
    return match.bodies >= _BODIES and match.detail < _DETAIL * match.bodies
