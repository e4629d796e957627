"""`hotline cameras`: check, discover, add, list, import, mask, remove."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from config.settings import Settings
from hotline import inventory
from hotline.cli.common import actor, asynchronous, config_option, key_store, opened, say, table
from hotline.cli.discover import camera_password, credentials_of, discover, tell
from hotline.domain.camera import NewCamera
from hotline.domain.masks import dump, parse_file, parse_polygon
from streams.camera import ProfileName


@click.group()
def cameras() -> None:
    """The city's cameras."""


cameras.add_command(discover)


@cameras.command()
@click.argument("camera_id", metavar="ID")
@click.option("--name-ko", required=True, help="Name in Korean.")
@click.option("--name-en", required=True, help="Name in English.")
@click.option("--site", required=True, help="The pole or building it hangs on.")
@click.option("--purpose", required=True, help="Why it was put up, as its notice says.")
@click.option("--latitude", type=float, required=True, help="Degrees north, WGS84.")
@click.option("--longitude", type=float, required=True, help="Degrees east, WGS84.")
@click.option("--heading", type=float, help="Degrees clockwise from north that it looks to.")
@click.option("--field-of-view", type=float, help="Degrees it sees.")
@click.option("--main", "main_url", help="RTSP address, without user and password.")
@click.option("--sub", "sub_url", help="RTSP address of the small stream.")
@click.option("--onvif", "typed", metavar="ADDRESS", help="Ask the camera there for its RTSP addresses.")
@click.option("--username", help="The camera's user; its password is asked for.")
@config_option
@asynchronous
async def add(
    settings: Settings,
    username: str | None,
    camera_id: str,
    typed: str | None,
    main_url: str | None,
    sub_url: str | None,
    **fields: Any,
) -> None:
    """Add one camera, by its RTSP addresses (--main) or by its ONVIF address (--onvif), which tells them.

    HOTLINE_CAMERA_PASSWORD, a prompt or standard input gives its password.
    """
    if main_url is None and typed is None:
        raise click.UsageError(say("give --main or --onvif", "--main 또는 --onvif를 주십시오"))
    password = camera_password(username)
    onvif_url = None
    if typed is not None:
        from hotline import onvif

        asked = await onvif.ask(typed, credentials_of(username, password), settings.cameras.networks)
        tell(asked)
        onvif_url = asked.onvif_url
        if main_url is None:
            main_url = asked.addresses[ProfileName.MAIN]
            sub_url = sub_url or asked.addresses.get(ProfileName.SUB)
    assert main_url is not None
    camera = NewCamera(
        id=camera_id,
        main_url=main_url,
        sub_url=sub_url,
        onvif_url=onvif_url,
        username=username,
        password=password,
        **fields,
    )
    async with opened(settings) as database:
        added = await inventory.add_camera(
            database,
            camera,
            keys=key_store(settings),
            networks=settings.cameras.networks,
            actor=actor(),
            now=time.time(),
        )
    click.echo(say(f"added {added.id}", f"{added.id} 추가됨"))


@cameras.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, addresses included.")
@config_option
@asynchronous
async def list_(settings: Settings, as_json: bool) -> None:
    """List the cameras, without their passwords."""
    async with opened(settings) as database:
        found = await inventory.list_cameras(database)
    if as_json:
        records = [{name: getattr(camera, name) for name in camera.__slots__} for camera in found]
        click.echo(json.dumps(records, ensure_ascii=False, indent=1))
        return
    header = say(
        "id,name,site,place,looks,sub,masks,sign-in", "아이디,이름,설치장소,위치,방향,보조,마스크,로그인"
    )
    click.echo(table(header.split(","), [_row(camera) for camera in found]))


def _row(camera: inventory.CameraRecord) -> list[str]:
    sign_in = "-"
    if camera.username is not None:
        sign_in = (
            camera.username
            if camera.has_password
            else f"{camera.username} ({say('no password', '비밀번호 없음')})"
        )
    return [
        camera.id,
        say(camera.name_en, camera.name_ko),
        camera.site,
        f"{camera.latitude:.5f} {camera.longitude:.5f}",
        "-" if camera.heading is None else f"{camera.heading:.0f}°",
        "-" if camera.sub_url is None else "✓",
        str(len(camera.masks)) if camera.masks else "-",
        sign_in,
    ]


@cameras.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@asynchronous
async def import_(settings: Settings, file: Path) -> None:
    """Add and change cameras from a table, FILE.csv; all its rows or none."""
    content = await asyncio.to_thread(file.read_bytes)
    async with opened(settings) as database:
        done = await inventory.import_cameras(
            database,
            content,
            keys=key_store(settings),
            networks=settings.cameras.networks,
            actor=actor(),
            now=time.time(),
        )
    for fault in done.faults:
        place = say(f"{file}: row {fault.row}", f"{file}: {fault.row}행")
        click.echo(
            f"{place}: {fault.error.field}: {say(fault.error.message, fault.error.message_ko)}", err=True
        )
    if done.faults:
        raise click.ClickException(
            say(
                f"nothing imported; {len(done.faults)} faults",
                f"가져오지 않았습니다. 오류 {len(done.faults)}건",
            )
        )
    click.echo(
        say(f"{done.added} added, {done.changed} changed", f"{done.added}대 추가, {done.changed}대 변경")
    )


@cameras.command()
@click.argument("camera_id", metavar="ID")
@click.option(
    "--polygon",
    "polygons",
    multiple=True,
    metavar="CORNERS",
    help='One mask, as "x,y x,y x,y …" from 0,0 (upper left) to 1,1; may be given several times.',
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON file with a list of polygons, such as this command prints.",
)
@click.option("--clear", is_flag=True, help="Take all masks away.")
@config_option
@asynchronous
async def mask(
    settings: Settings, camera_id: str, polygons: tuple[str, ...], file: Path | None, clear: bool
) -> None:
    """Show or set what nobody may see of a camera. New masks replace the old ones; a running service burns
    them in within a second or two."""
    if bool(polygons) + (file is not None) + clear > 1:
        raise click.UsageError("give --polygon, --file or --clear, not several of them")
    async with opened(settings) as database:
        if not polygons and file is None and not clear:
            click.echo(dump(await inventory.get_masks(database, camera_id)))
            return
        if file is not None:
            wanted: Sequence[Sequence[Sequence[float]]] = parse_file(await asyncio.to_thread(file.read_bytes))
        else:
            wanted = [parse_polygon(text, f"polygon.{number}") for number, text in enumerate(polygons)]
        masks = await inventory.set_masks(database, camera_id, wanted, actor=actor(), now=time.time())
    click.echo(say(f"{camera_id}: {len(masks)} masks", f"{camera_id}: 마스크 {len(masks)}개"))


@cameras.command()
@click.argument("camera_id", metavar="ID")
@config_option
@asynchronous
async def remove(settings: Settings, camera_id: str) -> None:
    """Take a camera out of service; who watches it is cut, its password is forgotten."""
    async with opened(settings) as database:
        await inventory.remove_camera(database, camera_id, actor=actor(), now=time.time())
    click.echo(say(f"removed {camera_id}", f"{camera_id} 제거됨"))


@cameras.command()
@click.argument("camera_ids", metavar="[ID]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
@asynchronous
async def check(settings: Settings, camera_ids: tuple[str, ...], as_json: bool) -> None:
    """Check whether cameras are ready: all of them, or those named. Exit code 1 if one gives no picture.

    Four at once, one session each; a camera that somebody may watch now is left alone, and while the service
    checks cameras its end is waited for. What is found is kept, and shown where cameras are offered for an
    incident. No picture is looked at or kept.
    """
    from hotline.cli.checking import check_cameras

    def on_wait() -> None:
        text = say(
            "cameras are being checked already; waiting for its end",
            "이미 카메라를 점검하고 있어 끝나기를 기다립니다",
        )
        click.echo(text, err=True)

    async with opened(settings) as database:
        dead = 0
        keys = key_store(settings)
        async for line in check_cameras(database, keys, settings, camera_ids, actor(), on_wait=on_wait):
            dead += line.dead
            text = json.dumps(line.json, ensure_ascii=False) if as_json else say(line.en, line.ko)
            click.echo(text)
    if dead:
        raise click.exceptions.Exit(1)
