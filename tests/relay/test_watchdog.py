"""A viewer whose camera lives and who is sent nothing."""

from __future__ import annotations

import pytest

from relay import watchdog
from relay.client import WhepViewer
from relay.sender import PictureSender
from relay.watchdog import PATIENCE, Watchdog
from tests.support.waiting import until

from .test_viewer import moving, relayed


def test_a_keyframe_of_which_nothing_leaves_starves() -> None:
    dog = Watchdog()
    assert not dog.starved(0.0, 10, ("main", 1))
    assert not dog.starved(100.0, 10, ("main", 1))  # the next keyframe is far away
    assert not dog.starved(101.0, 10, ("main", 9))
    assert not dog.starved(101.0 + PATIENCE - 0.5, 10, ("main", 17))
    assert dog.starved(101.0 + PATIENCE, 10, ("main", 25))


def test_who_gets_anything_is_not_starved() -> None:
    dog = Watchdog()
    for second in range(100):
        assert not dog.starved(float(second), second // 5, ("main", second))


def test_before_the_first_keyframe_and_after_a_change_it_begins_anew() -> None:
    dog = Watchdog()
    for second in range(100):
        assert not dog.starved(float(second), 0, None)
    assert not dog.starved(100.0, 0, ("main", 1))
    for second in range(9):
        assert not dog.starved(101.0 + second, 0, ("main", 2 + second))
    assert not dog.starved(110.0, 0, ("sub", 70))
    assert not dog.starved(111.0, 0, ("sub", 71))
    assert not dog.starved(120.0, 0, ("sub", 80))
    assert dog.starved(121.0, 0, ("sub", 81))


async def test_a_starved_viewer_is_ended_and_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "PATIENCE", 0.5)
    monkeypatch.setattr(watchdog, "LOOK_S", 0.1)
    async with relayed() as ours:
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await moving(viewer)
            with monkeypatch.context() as fault:
                fault.setattr(PictureSender, "send_picture", lambda *_: None)  # it goes astray in there
                await until(lambda: ours.recorder.closed_viewings, deadline=15)
        assert ours.recorder.closed_viewings[0][1].startswith("starved")
        assert ours.relay.statistics().starved == 1
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await moving(viewer)
