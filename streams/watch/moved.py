"""Moved: a picture with as much in it as the reference view, but something else.

Turned aside by a thirtieth of the picture's width, or askew by a few degrees; what a mast moves in the wind
is less. A lorry in front of the camera hides a part and leaves the rest as it was.
"""

from __future__ import annotations

from streams.watch.reference import Match

_KEPT = 0.5  # share of blocks
_BODIES = 0.14  # of larger things found in their place
_STRENGTH = 0.5  # of larger things, wherever


def is_elsewhere(match: Match) -> bool:
    """Whether the view is not to be found in its place."""
    return match.kept < _KEPT and match.bodies < _BODIES


def is_moved(match: Match) -> bool:
    """Whether the camera looks elsewhere."""
    return is_elsewhere(match) and match.strength >= _STRENGTH
