"""The wheel: built from this repository it holds everything the service needs, and runs from there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with what is installed here: the pages are built already, so Node has nothing to do."""
    place = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = place.glob("*.whl")
    return file


def test_it_has_pages_migrations_and_settings_but_no_sources_of_pages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        *("hotline/pages/login.html", "hotline/pages/operator.html", "hotline/pages/control-room.html"),
        *("hotline/pages/vehicle.html", "hotline/store/migrations/env.py", "hotline/py.typed"),
        *("config/hotline.toml", "config/demo_city.toml", "config/cameras.example.csv"),
    ):
        assert name in names
    assert [name for name in names if name.startswith("hotline/pages/assets/") and name.endswith(".js")]
    assert [name for name in names if name.startswith("hotline/store/migrations/versions/v0001")]
    assert not [
        name for name in names if name.startswith(("hotline/web/", "tests/")) or "node_modules" in name
    ]


def test_it_runs_from_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(place)
    work = tmp_path / "work"
    work.mkdir()
    # Its own directory first, before the repository that is installed here.
    env = {**os.environ, "PYTHONPATH": str(place), "HOTLINE_LANGUAGE": "en"}
    program = "import hotline, sys; print(hotline.__file__); from hotline.__main__ import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "doctor"],
        cwd=work,
        env=env,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith(str(place))
    assert "pages: built" in ran.stdout
    assert "database: opens" in ran.stdout
