"""How far behind a viewer is, on virtual time."""

from __future__ import annotations

import pytest

from relay.departures import AT_LEAST, Departures

INTERVAL = 0.04
PACKETS = 10
SIZE = 10_000


def sending(pictures: int, departures: Departures | None = None, *, begin: int = 0) -> Departures:
    """One that has sent pictures number `begin` and following, of ten packets each."""
    made = departures or Departures()
    for number in range(begin, begin + pictures):
        made.left(number * INTERVAL, 65_000 + (number + 1) * PACKETS, (number + 1) * SIZE)
    return made


def highest(pictures: int) -> int:
    """What the viewer reports that has so many pictures."""
    return 65_000 + pictures * PACKETS - 1 & 0xFFFF


def test_nothing_is_known_before_two_reports() -> None:
    departures = sending(10)
    assert departures.behind is None
    departures.reported(0.4, highest(10))
    assert departures.behind is None
    assert departures.carried is None


def test_who_has_everything_is_not_behind() -> None:
    departures = sending(60)
    departures.reported(2.4, highest(60))
    departures.reported(2.6, highest(60))
    assert departures.behind == 0.0


def test_what_stands_in_a_queue_shows_how_long_it_stands_there() -> None:
    departures = sending(100)
    departures.reported(4.0, highest(90))
    departures.reported(4.2, highest(91))
    assert departures.behind == pytest.approx(4.0 - 90 * INTERVAL)  # picture 91 left then


def test_lost_packets_do_not_look_like_a_queue() -> None:
    departures = sending(100)
    for at in (4.0, 4.2):
        departures.reported(at, highest(100) - 3)  # of the newest picture, the end is missing
    assert departures.behind == 0.0


def test_a_silent_camera_whose_last_pictures_got_lost_does_not_look_like_a_queue() -> None:
    departures = sending(100)
    for at in (6.0, 6.2, 6.4):
        departures.reported(at, highest(100 - AT_LEAST + 1))
    assert departures.behind == 0.0


def test_reports_that_come_all_at_once_are_one() -> None:
    departures = sending(100)
    for at in (4.0, 4.01, 4.02):
        departures.reported(at, highest(50))
    assert departures.behind is None
    departures.reported(4.3, highest(100))  # and then it turns out that all is well
    assert departures.behind == 0.0


def test_what_the_link_carries_shows_while_the_queue_stands() -> None:
    departures = sending(100)
    departures.reported(4.0, highest(80))
    assert departures.carried is None
    departures.reported(4.4, highest(85))
    assert departures.carried == pytest.approx(5 * SIZE * 8 / 0.4)
    departures.reported(4.8, highest(100))
    assert departures.carried is None


def test_only_the_newest_pictures_are_remembered() -> None:
    departures = sending(10_000)
    departures.reported(400.0, highest(9_000))
    departures.reported(400.2, highest(9_000))
    assert departures.behind is None


def test_a_picture_of_which_a_part_has_come_counts_in_part() -> None:
    departures = sending(100)
    departures.reported(4.0, highest(80))
    departures.reported(4.4, highest(80) + PACKETS // 2)
    assert departures.carried == pytest.approx(SIZE / 2 * 8 / 0.4)
