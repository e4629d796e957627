"""The command `hotline`: its sub-commands, put together."""

from __future__ import annotations

import click

from hotline.cli.cameras import cameras
from hotline.cli.demo import demo
from hotline.cli.doctor import doctor
from hotline.cli.serve import serve
from hotline.cli.settings import settings
from hotline.cli.simulate import simulate
from hotline.cli.units import units
from hotline.cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hotline", prog_name="hotline")
def cli() -> None:
    """Live city CCTV for the fire service: an incident opens the cameras around it.

    \b
    HOTLINE_CONFIG names the settings file where --config does not; without either, hotline.toml in the
    current directory is taken, or the defaults. HOTLINE_LANGUAGE=ko speaks Korean.
    """


for command in (serve, cameras, units, users, doctor, simulate, demo, settings):
    cli.add_command(command)
