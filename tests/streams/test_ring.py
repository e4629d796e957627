"""The ring's bounds, its cursors and what they say about loss."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.access_unit import AccessUnit
from streams.ring import Lagged, Ring, Start


def unit(number: int, *, idr: bool = False, arrived: float | None = None, size: int = 100) -> AccessUnit:
    when = number * 0.1 if arrived is None else arrived
    return AccessUnit(number, number * 9000, number * 9000, when, None, idr, (bytes(size),))


def filled(count: int, gop: int = 10, **ring: float) -> Ring:
    result = Ring(keep_s=ring.get("keep_s", 4.0), max_bytes=int(ring.get("max_bytes", 1 << 24)))
    for number in range(1, count + 1):
        result.push(unit(number, idr=number % gop == 1))
    return result


def test_keeps_the_newest_gop_and_what_came_in_the_last_seconds() -> None:
    ring = filled(95, gop=10, keep_s=2.0)
    assert [item.number for item in ring.newest_gop()] == [91, 92, 93, 94, 95]
    assert ring.oldest_number == 71  # picture 75 is 2 s old, its group begins at 71
    assert len(ring) == 25 and ring.size == 2500


def test_a_long_gop_is_kept_whole() -> None:
    assert [item.number for item in filled(300, gop=1000).newest_gop()] == list(range(1, 301))


def test_bytes_are_bounded_by_whole_groups() -> None:
    ring = filled(95, gop=10, keep_s=100, max_bytes=2000)
    assert ring.oldest_number == 81 and ring.size <= 2000


def test_a_group_too_large_leaves_nothing_to_start_from() -> None:
    ring = filled(50, gop=1000, max_bytes=2000)
    assert ring.newest_gop() == () and ring.size <= 2000 and ring.newest is not None
    cursor = ring.reader()
    ring.push(unit(51))
    assert cursor.poll() is None
    ring.push(unit(52, idr=True))
    found = cursor.poll()
    assert found is not None and found.number == 52


def test_numbers_must_be_consecutive() -> None:
    ring = filled(3)
    with pytest.raises(ValueError, match="picture 5 pushed where 4"):
        ring.push(unit(5))


@pytest.mark.parametrize(("start", "first"), [(Start.NEWEST_GOP, 31), (Start.OLDEST, 1), (33, 33)])
def test_where_a_reader_starts(start: Start | int, first: int) -> None:
    cursor = filled(35).reader(start)
    numbers = []
    while (found := cursor.poll()) is not None:
        numbers.append(found.number)
    assert numbers == list(range(first, 36)) and cursor.behind == 0


def test_a_reader_for_the_next_keyframe_gets_nothing_before() -> None:
    ring = filled(35)
    cursor = ring.reader(Start.NEXT_IDR)
    ring.push(unit(36))
    assert cursor.poll() is None
    ring.push(unit(37, idr=True))
    ring.push(unit(38))
    assert [getattr(cursor.poll(), "number", None) for _ in range(3)] == [37, 38, None]


def test_a_reader_that_falls_behind_is_told_and_stands_at_the_newest_keyframe() -> None:
    ring = filled(5, gop=10, keep_s=1.0)
    cursor = ring.reader()
    assert cursor.poll() is not None
    for number in range(6, 60):
        ring.push(unit(number, idr=number % 10 == 1))
    with pytest.raises(Lagged) as caught:
        cursor.poll()
    assert (caught.value.lost, caught.value.resume_at) == (ring.oldest_number - 2, 51)
    found = cursor.poll()
    assert found is not None and found.number == 51 and found.is_idr


def test_jump_to_the_newest_keyframe() -> None:
    ring = filled(35)
    cursor = ring.reader(Start.OLDEST)
    assert cursor.to_newest_idr() == 30
    assert getattr(cursor.poll(), "number", None) == 31
    assert cursor.to_newest_idr() == 0  # never back


def test_clear_goes_on_with_the_numbers() -> None:
    ring = filled(12)
    cursor = ring.reader()
    ring.clear()
    assert ring.newest_gop() == () and ring.newest is None
    with pytest.raises(Lagged):
        cursor.poll()
    ring.push(unit(13, idr=True))
    assert getattr(cursor.poll(), "number", None) == 13


async def test_a_push_wakes_every_reader() -> None:
    ring = filled(10)
    cursors = [ring.reader() for _ in range(3)]
    for cursor in cursors:
        while cursor.poll() is not None:
            pass
    async with asyncio.timeout(2), asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(cursor.next()) for cursor in cursors]
        await asyncio.sleep(0)
        ring.push(unit(11))
    assert [task.result().number for task in waiting] == [11, 11, 11]


async def test_a_reader_that_gives_up_leaves_nothing_behind() -> None:
    ring = filled(1)
    cursor = ring.reader(Start.NEXT_IDR)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cursor.next()
    assert not ring._waiters


def test_listeners_hear_in_the_same_call_and_a_broken_one_is_detached(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    ring, heard = Ring(), list[int]()

    def broken(_: AccessUnit) -> None:
        raise RuntimeError("no")

    ring.listen(broken)
    detach = ring.listen(lambda item: heard.append(item.number))
    ring.push(unit(1, idr=True))
    ring.push(unit(2))
    detach()
    ring.push(unit(3))
    assert heard == [1, 2] and len(caplog.records) == 1


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 2), st.integers(1, 700), st.integers(0, 3)), max_size=150),
)
def test_bounds_hold_and_readers_see_whole_groups(pushes: list[tuple[bool, float, int, int]]) -> None:
    ring = Ring(keep_s=1.0, max_bytes=3000)
    cursor = ring.reader()
    now, last, started = 0.0, 0, False
    for number, (idr, pause, size, reads) in enumerate(pushes, 1):
        now += pause
        ring.push(unit(number, idr=idr, arrived=now, size=size))
        assert ring.size <= 3000 and len(ring) >= 1
        assert ring.size == sum(item.size for item in ring._units)
        gop = ring.newest_gop()
        assert not gop or (gop[0].is_idr and gop[-1].number == number)
        for _ in range(reads):
            try:
                found = cursor.poll()
            except Lagged as lag:
                assert lag.lost > 0
                started = False
                continue
            if found is None:
                break
            assert found.number > last
            # The first picture after a start or a loss is a keyframe; then every one follows the last.
            assert found.is_idr if not started else found.number == last + 1
            last, started = found.number, True


def test_its_rate_is_that_of_the_last_seconds() -> None:
    ring = filled(95)  # 100 bytes each tenth of a second
    assert ring.bitrate(9.55) == pytest.approx(8_000)
    assert ring.bitrate(60.0) == 0
    assert Ring().bitrate(1.0) == 0
