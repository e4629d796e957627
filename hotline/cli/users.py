"""`hotline users`: add, list, password, remove."""

from __future__ import annotations

import json
import time

import click

from config.settings import Settings
from hotline.actor import Role
from hotline.cli.common import actor, ask_password, asynchronous, config_option, opened, say, table
from hotline.people import accounts


@click.group()
def users() -> None:
    """The people: administrators, operators, dispatchers (control room), crews (vehicle)."""


@users.command()
@click.argument("username")
@click.option("--name", required=True, help="The person's name, as it stands in the record.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--unit", "unit_id", help="The unit of a dispatcher or crew.")
@click.option("--generate", is_flag=True, help="Make a password and print it, instead of asking for one.")
@config_option
@asynchronous
async def add(
    settings: Settings, username: str, name: str, role: str, unit_id: str | None, generate: bool
) -> None:
    """Add one person. HOTLINE_PASSWORD, a prompt or standard input gives the password."""
    password = _password(generate)
    user = accounts.NewUser(accounts.normalized(username), name, role, password, unit_id)
    async with opened(settings) as database:
        added = await accounts.add_user(database, user, actor=actor(), now=time.time())
    click.echo(say(f"added {added.username}", f"{added.username} 추가됨"))
    if generate:
        click.echo(say(f"password: {password}", f"비밀번호: {password}"))


@users.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@config_option
@asynchronous
async def list_(settings: Settings, as_json: bool) -> None:
    """List the people."""
    async with opened(settings) as database:
        found = await accounts.list_users(database)
    if as_json:
        records = [{name: getattr(user, name) for name in user.__slots__} for user in found]
        click.echo(json.dumps(records, ensure_ascii=False, indent=1))
        return
    header = say("user,name,role,unit", "사용자,이름,역할,수신처")
    click.echo(table(header.split(","), [[u.username, u.name, u.role, u.unit_id or "-"] for u in found]))


@users.command()
@click.argument("username")
@click.option("--generate", is_flag=True, help="Make a password and print it, instead of asking for one.")
@config_option
@asynchronous
async def password(settings: Settings, username: str, generate: bool) -> None:
    """Give a person a new password; his sign-ins end."""
    new = _password(generate)
    name = accounts.normalized(username)
    async with opened(settings) as database:
        await accounts.set_password(database, name, new, actor=actor(), now=time.time())
    click.echo(say(f"new password for {name}", f"{name} 비밀번호 변경됨"))
    if generate:
        click.echo(say(f"password: {new}", f"비밀번호: {new}"))


@users.command()
@click.argument("username")
@config_option
@asynchronous
async def remove(settings: Settings, username: str) -> None:
    """Close an account; its sign-ins end. The name is never given again."""
    name = accounts.normalized(username)
    async with opened(settings) as database:
        await accounts.remove_user(database, name, actor=actor(), now=time.time())
    click.echo(say(f"removed {name}", f"{name} 제거됨"))


def _password(generate: bool) -> str:
    if generate:
        return accounts.new_password()
    return ask_password("HOTLINE_PASSWORD", say("Password", "비밀번호"), confirm=True)
