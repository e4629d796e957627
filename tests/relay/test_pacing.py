"""How fast packets may leave."""

from __future__ import annotations

from relay.pacing import Pacer


def test_a_whole_picture_is_taken_or_nothing() -> None:
    pacer = Pacer(0.0, link_bps=1_000_000)
    room = int(pacer.room(0.0))
    assert not pacer.take(room + 1, 0.0)
    assert pacer.room(0.0) == room
    assert pacer.take(room, 0.0)
    assert not pacer.take(1, 0.0)
    assert pacer.take(1, 1.0)
