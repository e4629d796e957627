from __future__ import annotations

import pytest

from hotline.people import csrf
from hotline.people.throttle import Throttle


def test_the_first_failures_cost_nothing_then_the_wait_doubles_up_to_the_pause() -> None:
    throttle = Throttle(failures=10, pause_s=300)
    waits = [throttle.wait(failures, 1000.0, 1000.0) for failures in range(13)]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 300, 300, 300]


def test_a_wait_passes_and_failures_are_forgotten() -> None:
    throttle = Throttle(failures=10, pause_s=300)
    assert throttle.wait(5, 1000.0, 1003.0) == 1
    assert throttle.wait(5, 1000.0, 1004.0) == 0
    assert throttle.wait(99, 1000.0, 1300.0) == 0
    assert throttle.one_more(5, 1000.0, 1299.0) == 6
    assert throttle.one_more(5, 1000.0, 1300.0) == 1


def test_csrf_value_belongs_to_the_session() -> None:
    assert csrf.token_matches("session", csrf.token("session"))
    assert not csrf.token_matches("session", csrf.token("another"))
    assert not csrf.token_matches("session", None)
    assert not csrf.token_matches("session", "")
    assert not csrf.token_matches("session", "é")


@pytest.mark.parametrize(
    ("host", "origin", "fetch_site", "ours"),
    [
        ("hotline.city", None, None, True),
        ("hotline.city", "https://hotline.city", "same-origin", True),
        ("hotline.city:8080", "http://HOTLINE.city:8080", None, True),
        ("hotline.city", None, "none", True),
        ("hotline.city", "https://evil.example", None, False),
        ("hotline.city", "https://hotline.city", "cross-site", False),
        ("hotline.city", None, "same-site", False),
        ("hotline.city", "null", None, False),
        ("hotline.city", "https://[", None, False),
        (None, "https://hotline.city", None, False),
    ],
)
def test_where_a_request_comes_from(
    host: str | None, origin: str | None, fetch_site: str | None, ours: bool
) -> None:
    assert csrf.from_our_page(host, origin, fetch_site) is ours
