"""`hotline cameras discover`, and what the other commands say of a camera that was asked by ONVIF."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from config.settings import Settings
from hotline import inventory
from hotline.cli.common import ask_password, asynchronous, config_option, opened, say, table
from hotline.domain.camera import host
from streams.camera import Credentials

if TYPE_CHECKING:
    from hotline.onvif import Asked
    from streams.onvif.discovery import Found

ASKED_AT_ONCE = 8
CLOCK_NOTE_S = 30.0


@click.command()
@click.option("--wait", "wait_s", type=click.FloatRange(0.1, 60), default=3.0, help="Seconds to listen.")
@click.option("--host", "hosts", multiple=True, help="Ask this address directly; may be repeated.")
@click.option("--port", type=click.IntRange(1, 65535), default=3702, help="UDP port of WS-Discovery.")
@click.option("--username", help="Ask each for maker and model, as this user; the password is asked for.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@config_option
@asynchronous
async def discover(
    settings: Settings,
    wait_s: float,
    hosts: tuple[str, ...],
    port: int,
    username: str | None,
    as_json: bool,
) -> None:
    """List the ONVIF cameras that answer in this machine's networks.

    Nothing is entered; `hotline cameras add --onvif ADDRESS` does that. Only cameras that stand in
    [cameras] networks are asked for more than their name.
    """
    from streams.onvif.discovery import discover as search

    credentials = credentials_of(username, camera_password(username))
    found = await search(wait_s=wait_s, hosts=hosts, port=port)
    async with opened(settings) as database:
        known = {host(record.main_url): record.id for record in await inventory.list_cameras(database)}
    lines = await _described(found, known, credentials, settings)
    if as_json:
        click.echo(json.dumps(lines, ensure_ascii=False, indent=1))
    elif not lines:
        click.echo(
            say(
                "no camera answered; where the network carries no multicast, name them with --host",
                "응답한 카메라가 없습니다. 멀티캐스트가 막힌 망에서는 --host로 지정하십시오",
            )
        )
    else:
        header = say("address,maker,model,camera,note", "주소,제조사,모델,카메라,비고").split(",")
        names = ("address", "maker", "model", "camera", "note")
        click.echo(table(header, [[line[name] or "-" for name in names] for line in lines]))


async def _described(
    found: Sequence[Found], known: Mapping[str, str], credentials: Credentials | None, settings: Settings
) -> list[dict[str, str | None]]:
    from hotline import onvif
    from streams.onvif.errors import OnvifError

    turn = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(each: Found) -> dict[str, str | None]:
        maker, model, note = each.name, each.hardware, None
        if await inventory.network_faults({"onvif": each.address}, settings.cameras.networks):
            note = say("outside [cameras] networks", "[cameras] networks 밖")
        elif credentials is not None:
            try:
                async with turn:
                    facts = await onvif.facts(each.address, credentials, settings.cameras.networks)
                maker, model = facts.maker or maker, facts.model or model
            except OnvifError as error:
                words = onvif.TROUBLES[error.trouble]
                note = say(words.en, words.ko)
        camera = known.get(each.host)
        return {"address": each.address, "maker": maker, "model": model, "camera": camera, "note": note}

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(each)) for each in found]
    return [task.result() for task in tasks]


def camera_password(username: str | None) -> str | None:
    """The camera's password, where there is a user."""
    prompt = say("The camera's password", "카메라 비밀번호")
    return ask_password("HOTLINE_CAMERA_PASSWORD", prompt) if username else None


def credentials_of(username: str | None, password: str | None) -> Credentials | None:
    """Both together, where there is a user."""
    return None if username is None else Credentials(username, password or "")


def tell(asked: Asked) -> None:
    """Print what a camera said of itself."""
    facts = asked.facts
    click.echo(f"{facts.maker} {facts.model} ({facts.firmware})".strip())
    for name, profile in asked.profiles.items():
        rate = "" if profile.rate is None else f" {profile.rate} fps"
        kilobits = "" if profile.kilobits is None else f" {profile.kilobits} kbit/s"
        click.echo(f"  {name}: {profile.codec} {profile.width}x{profile.height}{rate}{kilobits}")
    if asked.moved:
        click.echo(
            say(
                "  the camera named another host in its addresses; its own is used",
                "  카메라가 주소에 다른 호스트를 적었으므로 접속한 호스트로 바꿨습니다",
            )
        )
    if facts.clock_skew_s is not None and abs(facts.clock_skew_s) > CLOCK_NOTE_S:
        seconds = f"{facts.clock_skew_s:+.0f}"
        click.echo(say(f"  its clock is {seconds} s off", f"  카메라 시계가 {seconds}초 어긋나 있습니다"))
