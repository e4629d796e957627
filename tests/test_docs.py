"""What is written for people holds: commands exist, versions agree, links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

from hotline.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*.md")]
    if page.is_file()
)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_named_exists(page: Path) -> None:
    named = set(
        re.findall(r"(?:`|^|\s)make ([a-z][a-z-]*)(?:`|\s*$|\s+#|\s+[A-Z]+=)", page.read_text(), re.M)
    )
    assert named <= targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_named_exists(page: Path) -> None:
    """`hotline cameras add …` in a page: the command, and each option written behind it, is there."""
    for line in re.findall(r"(?:`|^\s*)(?:\.venv/bin/)?hotline ([a-z][^`\n]*)", page.read_text(), re.M):
        command: click.Command = cli
        for word in line.replace("|", " ").split():
            if isinstance(command, click.Group) and re.fullmatch(r"[a-z-]+", word):
                found = command.commands.get(word)
                assert found is not None, f"{page.name}: hotline {line}: no command {word}"
                command = found
            elif word.startswith("--"):
                options = {name for parameter in command.params for name in parameter.opts}
                option = re.split(r"[=,.)/]", word)[0]
                assert option in options | {"--help"}, f"{page.name}: hotline {line}: no option {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_two_commands_stand_in_the_readme_and_ci_calls_the_second() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make demo\b", readme, re.M)
    assert re.search(r"^make test\b", readme, re.M)
    assert re.search(r"^(exec )?make test$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.M)


def test_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony is not None
    assert set(phony.group(1).split()) == targets()


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert newest.group(1).strip("[]") == version
    assert f'"version": "{version}"' in (ROOT / "hotline/web/package.json").read_text(encoding="utf-8")


def test_no_registry_stands_in_a_lock_file() -> None:
    lock = (ROOT / "hotline/web/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert ".tgz" not in lock
    npmrc = (ROOT / "hotline/web/.npmrc").read_text(encoding="utf-8")
    assert "omit-lockfile-registry-resolved=true" in npmrc
    assert "registry=" not in npmrc


def test_every_word_of_the_blueprint_is_in_the_glossary_with_korean() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    for word in (
        *("Camera", "Profile", "Source", "AccessUnit", "Rendition", "Viewer", "Incident", "Unit"),
        *("Share", "Grant", "Viewing"),
    ):
        row = re.search(rf"^\| \*\*{word}\*\* \| (.*?) \|", glossary, re.M)
        assert row is not None, word
        assert re.search("[가-힣]", row.group(1)), word
