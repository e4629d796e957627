"""The rooms are ours: their names are generic, and a stray installed package must not shadow one."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ["config", "streams", "relay", "hotline"]


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_is_ours(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / room
    assert (ROOT / room / "py.typed").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_says_what_belongs_in_it(room: str) -> None:
    silent = []
    for info in pkgutil.walk_packages([str(ROOT / room)], prefix=f"{room}."):
        if ".migrations." in info.name or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        if not (module.__doc__ or "").strip():
            silent.append(info.name)
    assert not silent


def test_no_work_at_import_of_the_rooms() -> None:
    """A room's own `__init__` imports nothing: what a process does not use, it does not load."""
    for room in ROOMS:
        lines = (ROOT / room / "__init__.py").read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if line.startswith(("import ", "from "))], room
