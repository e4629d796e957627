"""The table of waits and buffers is the truth: each bound stands in the code as it stands there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import relay

README = Path(relay.__file__).parent / "README.md"
ROW = re.compile(r"^\| ([^|]+) \| ([\d.]+)(?: (?:s|bytes))? \| `(\w+)\.([\w.]+)` \|", re.MULTILINE)
ROWS = ROW.findall(README.read_text(encoding="utf-8"))


def test_every_row_is_understood() -> None:
    table = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(table) - 2
    assert len(ROWS) > 20


@pytest.mark.parametrize(("what", "bound", "module", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_the_bound_is_that_of_the_code(what: str, bound: str, module: str, name: str) -> None:
    found: object = importlib.import_module(f"relay.{module}")
    *owner, last = name.split(".")
    for part in owner:
        found = getattr(found, part)()  # the defaults of the settings
    assert getattr(found, last) == pytest.approx(float(bound)), what
