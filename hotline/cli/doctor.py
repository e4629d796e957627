"""`hotline doctor`: prints what the checks found; exit code 1 when something would keep the service from
running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.settings import Settings
from hotline.cli.common import asynchronous, config_option, say

if TYPE_CHECKING:
    from hotline.doctor import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: {ok, findings}.")
@config_option
@asynchronous
async def doctor(settings: Settings, as_json: bool) -> None:
    """Check libraries, pages, keys, database, ports, and that every camera gives a picture."""
    try:
        from hotline import doctor as checks
    except ImportError as error:  # what it checks itself: a library that does not load
        raise click.ClickException(f"{error}; run: make install") from None

    marks = {checks.Mark.GOOD: "✓", checks.Mark.NOTE: "·", checks.Mark.BAD: "✗"}
    found: list[Finding] = []

    def note(findings: Iterator[Finding] | list[Finding]) -> None:
        for finding in findings:
            found.append(finding)
            if not as_json:
                click.echo(f"{marks[finding.mark]} {finding.check}: {say(finding.text, finding.text_ko)}")

    note([checks.python()])
    note(checks.libraries())
    note([checks.pages(Path(str(files("hotline").joinpath("pages"))))])
    note([await asyncio.to_thread(checks.transcoding, settings.transcoding)])
    note([await checks.demuxer(settings.streams.demuxers)])
    keys, store = checks.keys(settings.secrets.key_file)
    note([keys, checks.room(settings.storage.directory)])
    note(checks.ports(settings))
    note([checks.addresses(settings), checks.clock()])
    note(await checks.database(settings, store))

    ok = all(finding.mark is not checks.Mark.BAD for finding in found)
    if as_json:
        findings = [
            {"mark": one.mark, "check": one.check, "text": one.text, "text_ko": one.text_ko} for one in found
        ]
        click.echo(json.dumps({"ok": ok, "findings": findings}, ensure_ascii=False))
    else:
        click.echo(
            say("all is well", "이상 없습니다") if ok else say("look at the ✗", "✗ 항목을 확인하십시오")
        )
    if not ok:
        raise SystemExit(1)
