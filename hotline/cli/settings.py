"""`hotline settings`: prints the commented defaults, to be kept as hotline.toml."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command()
def settings() -> None:
    """Print a settings file with every default and what it means."""
    click.echo(files("config").joinpath("hotline.toml").read_text(encoding="utf-8"), nl=False)
