"""`hotline units`: add, list, remove."""

from __future__ import annotations

import json
import time

import click

from config.settings import Settings
from hotline import inventory
from hotline.cli.common import actor, asynchronous, config_option, opened, say, table


@click.group()
def units() -> None:
    """The units that receive: control rooms and vehicles."""


@units.command()
@click.argument("unit_id", metavar="ID")
@click.option("--kind", type=click.Choice([kind.value for kind in inventory.UnitKind]), required=True)
@click.option("--name-ko", required=True, help="Name in Korean.")
@click.option("--name-en", required=True, help="Name in English.")
@click.option("--call-sign", help="What it is called on the radio.")
@config_option
@asynchronous
async def add(
    settings: Settings, unit_id: str, kind: str, name_ko: str, name_en: str, call_sign: str | None
) -> None:
    """Add one unit."""
    unit = inventory.NewUnit(unit_id, name_ko, name_en, kind, call_sign)
    async with opened(settings) as database:
        added = await inventory.add_unit(database, unit, actor=actor(), now=time.time())
    click.echo(say(f"added {added.id}", f"{added.id} 추가됨"))


@units.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@config_option
@asynchronous
async def list_(settings: Settings, as_json: bool) -> None:
    """List the units."""
    async with opened(settings) as database:
        found = await inventory.list_units(database)
    if as_json:
        records = [{name: getattr(unit, name) for name in unit.__slots__} for unit in found]
        click.echo(json.dumps(records, ensure_ascii=False, indent=1))
        return
    header = say("id,kind,name,call sign", "아이디,종류,이름,호출 부호")
    rows = [[u.id, u.kind, say(u.name_en, u.name_ko), u.call_sign or "-"] for u in found]
    click.echo(table(header.split(","), rows))


@units.command()
@click.argument("unit_id", metavar="ID")
@config_option
@asynchronous
async def remove(settings: Settings, unit_id: str) -> None:
    """Take a unit out of service; what it watches is cut."""
    async with opened(settings) as database:
        await inventory.remove_unit(database, unit_id, actor=actor(), now=time.time())
    click.echo(say(f"removed {unit_id}", f"{unit_id} 제거됨"))
