"""Which renditions are worth a step, and which are made at all."""

from __future__ import annotations

from relay.adaptation import Rung
from relay.ladder import extra_steps, offered
from streams.camera import RenditionName
from streams.hub import RenditionInfo

LOW, SUB, MEDIUM, HIGH, MAIN = (RenditionName(name) for name in ("low", "sub", "medium", "high", "main"))
RATES = {LOW: 300_000, MEDIUM: 2_000_000, HIGH: 4_000_000}


def ladder(*names: RenditionName, main_made: bool = False) -> list[RenditionInfo]:
    return [
        RenditionInfo(
            name, "H264", True, name in RATES or (name is MAIN and main_made), None, None, RATES.get(name)
        )
        for name in names
    ]


def steps(infos: list[RenditionInfo]) -> list[RenditionName]:
    return [step.name for step in extra_steps(infos)]


def test_a_camera_with_a_sub_stream_is_made_smaller_only_for_links_below_it() -> None:
    assert steps(ladder(MAIN, HIGH, MEDIUM, SUB, LOW)) == [LOW]


def test_a_camera_without_one_has_all_that_is_smaller() -> None:
    assert steps(ladder(MAIN, HIGH, MEDIUM, LOW)) == [LOW, MEDIUM, HIGH]
    assert steps(ladder(MAIN, LOW)) == [LOW]


def test_what_is_decoded_anyway_is_made_in_the_middle_too() -> None:
    assert steps(ladder(MAIN, HIGH, MEDIUM, SUB, LOW, main_made=True)) == [LOW, MEDIUM]
    assert steps(ladder(MAIN, HIGH, MEDIUM, LOW, main_made=True)) == [LOW, MEDIUM]


def test_of_an_unknown_camera_nothing_is_made() -> None:
    assert extra_steps(()) == ()


def names(
    *rungs: tuple[str, float, bool], current: str | None = None, link: float | None = None
) -> list[str]:
    made = [(Rung(name, bitrate), extra) for name, bitrate, extra in rungs]
    return [rung.name for rung in offered(made, current, link)]


def test_nothing_is_made_that_takes_no_less_than_what_is_there() -> None:
    low, sub, main = ("low", 300e3, True), ("sub", 250e3, False), ("main", 2e6, False)
    assert names(low, sub, main) == ["sub", "main"]
    assert names(low, ("sub", 600e3, False), main) == ["low", "sub", "main"]
    assert names(low, ("medium", 2e6, True), main) == ["low", "main"]
    # As long as nothing is known of the larger one, nothing can be said.
    assert names(low, ("sub", 0.0, False)) == ["low", "sub"]


def test_nothing_is_made_that_the_link_does_not_carry_while_there_is_something_smaller() -> None:
    low, medium, main = ("low", 300e3, True), ("medium", 2e6, True), ("main", 6e6, False)
    assert names(low, medium, main) == ["low", "medium", "main"]
    assert names(low, medium, main, link=400e3) == ["low", "main"]
    assert names(low, medium, main, link=100e3) == ["low", "main"]
    assert names(low, medium, main, link=3e6) == ["low", "medium", "main"]


def test_the_one_that_a_viewer_is_on_stays() -> None:
    rungs = (("low", 300e3, True), ("medium", 2e6, True), ("main", 2e6, False))
    assert names(*rungs, current="medium", link=400e3) == ["low", "medium", "main"]
