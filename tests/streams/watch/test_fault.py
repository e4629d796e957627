from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.watch.fault import Suspicion

ROWS = st.lists(st.booleans(), max_size=40)


def seen(row: list[bool], confirm: int = 3, clear: int = 2) -> list[float | None]:
    suspicion, told = Suspicion(confirm, clear), []
    for number, bad in enumerate(row):
        suspicion.see(bad, float(number))
        told.append(suspicion.since)
    return told


def test_the_third_bad_keyframe_tells_since_the_first() -> None:
    assert seen([False, True, True, True, True]) == [None, None, None, 1.0, 1.0]


def test_two_good_ones_take_it_back() -> None:
    assert seen([True] * 3 + [False, True, False, False, True]) == [
        None,
        None,
        0.0,
        0.0,
        0.0,
        0.0,
        None,
        None,
    ]


def test_what_was_interrupted_begins_anew() -> None:
    assert seen([True, True, False, True, True, True]) == [None] * 5 + [3.0]


def test_forgotten_is_forgotten() -> None:
    suspicion = Suspicion(1)
    suspicion.see(True, 5.0)
    assert suspicion.since == 5.0
    suspicion.forget()
    assert suspicion.since is None


@given(ROWS)
def test_nothing_is_told_without_three_bad_ones_in_a_row_and_nothing_stays_after_two_good_ones(
    row: list[bool],
) -> None:
    for number, since in enumerate(seen(row)):
        recent = row[max(0, number - 1) : number + 1]
        if since is not None:
            assert row[int(since) : int(since) + 3] == [True] * 3
            assert recent != [False, False]
        elif number >= 2:
            assert row[number - 2 : number + 1] != [True] * 3
