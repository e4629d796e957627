"""What the doctor says of the addresses that viewers are told, and of the clock."""

from __future__ import annotations

from config.settings import RelayRoom, Settings
from hotline.doctor import Mark, addresses, clock


def test_the_doctor_says_which_addresses_viewers_are_told() -> None:
    room = RelayRoom(advertised_addresses=("203.0.113.7", "2001:db8::7"))
    found = addresses(Settings(relay=room))
    assert found.mark is Mark.GOOD
    assert "203.0.113.7, 2001:db8::7" in found.text
    assert "203.0.113.7" in found.text_ko


def test_a_relay_that_only_this_machine_reaches_is_noted() -> None:
    found = addresses(Settings(relay=RelayRoom(hosts=("127.0.0.1",))))
    assert found.mark is Mark.NOTE
    assert "advertised_addresses" in found.text


def test_the_kernel_says_whether_a_time_server_keeps_the_clock() -> None:
    found = clock()
    assert (found.mark is Mark.GOOD) == ("kept right" in found.text)
    assert found.mark in (Mark.GOOD, Mark.NOTE)
