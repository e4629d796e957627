"""The frame of the benchmarks: what is found runs, what fails says so, the last line is one JSON object."""

from __future__ import annotations

import json

import pytest

from tests.bench import __main__ as frame


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(name: str) -> dict[str, float]:
        return {"median_ms": 1.5}

    def fails(name: str) -> dict[str, float]:
        raise RuntimeError("no camera")

    def short(name: str) -> dict[str, object]:
        return {"down_s_worst": 3.0, "not_met": ["down within 2 s"]}

    known = {
        "short": frame.Benchmark("short", True, short, "about short"),
        "one": frame.Benchmark("one", False, slow, "about one"),
        "bad": frame.Benchmark("bad", True, fails, "about bad"),
    }
    monkeypatch.setattr(frame, "find", lambda: known)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_one_benchmark_is_one_object(benchmarks: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["one", "--json"]) == 0
    said = last_line(capsys)
    assert (said["bench"], said["median_ms"]) == ("one", 1.5)
    assert "cores" in said


def test_short_ones_and_long_ones(benchmarks: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--short"]) == 0
    assert last_line(capsys)["bench"] == "one"
    assert frame.main(["--long"]) == 1
    assert last_line(capsys)["failed"] == {"bad": "RuntimeError: no camera"}


def test_one_that_falls_short_says_so_beside_its_figures(
    benchmarks: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(["short", "--json"]) == 1
    said = last_line(capsys)
    assert (said["down_s_worst"], said["not_met"]) == (3.0, ["down within 2 s"])


def test_an_unknown_name_says_which_are_known(benchmarks: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["two"]) == 2
    assert "no benchmark two; known: short, one, bad" in capsys.readouterr().err


def test_every_module_is_found_whole() -> None:
    for benchmark in frame.find().values():
        assert callable(benchmark.run)
        assert benchmark.about
