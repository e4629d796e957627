"""`hotline simulate`: the simulated city by itself, for trying cameras out without cameras."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.common import asynchronous, say, table
from hotline.cli.serve import stop_signals
from hotline.groups import unwrapped
from streams.camera import Credentials, ProfileName

if TYPE_CHECKING:
    from config.demo_city import DemoCity
    from streams.simulator import SimulatedCamera, SimulatedCity

log = logging.getLogger(__name__)

NEAR_M = 1000.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the cameras listen on.")
@click.option("--port", default=0, help="Port of the first camera, the others follow; 0 takes free ones.")
@click.option("--control-port", default=0, help="Port of the line that breaks cameras; 0 takes a free one.")
@click.option("--fps", type=click.FloatRange(0.2, 60), help="Pictures a second of every camera.")
@click.option("--gop", "gop_s", type=click.FloatRange(0.1, 60), help="Seconds from keyframe to keyframe.")
@click.option(
    "--video",
    "videos",
    metavar="CAMERA=FILE",
    multiple=True,
    help="Let this camera play a video file; may be given again.",
)
@click.option("--calm", is_flag=True, help="Without the fire at the incident.")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write a table for `cameras import`."
)
@click.option("--child", is_flag=True, hidden=True, help="Sign-in on standard input, whose end is the end.")
@asynchronous
async def simulate(
    host: str,
    port: int,
    control_port: int,
    fps: float | None,
    gop_s: float | None,
    videos: tuple[str, ...],
    calm: bool,
    csv_file: Path | None,
    child: bool,
) -> None:
    """Run the simulated city: 24 cameras that speak RTSP, with a sign-in made at this start."""
    from config.demo_city import load_demo_city
    from hotline.logs import set_up
    from streams.simulator import SimulatedCity
    from streams.simulator.demo import simulated_cameras

    set_up("warning" if child else "info", "text")
    sign_in = await _read_sign_in() if child else Credentials("hotline", secrets.token_urlsafe(12))
    data = load_demo_city()
    cameras = _changed(
        simulated_cameras(data, sign_in, burning_since=None if calm else time.time()), fps, gop_s, videos
    )
    city = SimulatedCity(cameras, host=host, port=port, control_port=control_port)
    with stop_signals() as stop, unwrapped():
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_run(city))
            if child:
                group.create_task(_until_end_of_input(stop))
            await _started(city, running)
            running.add_done_callback(lambda _: stop.set())  # a city that fails is not waited for
            if child:
                _tell(_addresses(city))
                near = _near(data)
                await city.prepare(near)
                _tell({"ready": near})
            else:
                if csv_file is not None:
                    await asyncio.to_thread(_write_table, csv_file, data, city, sign_in)
                _introduce(city, sign_in)
            await stop.wait()
            running.cancel()


async def _run(city: SimulatedCity) -> None:
    try:
        await city.run()
    except OSError as error:
        raise click.ClickException(
            say(
                f"cannot listen: {error.strerror or error}",
                f"포트를 열 수 없습니다: {error.strerror or error}",
            )
        ) from None


async def _started(city: SimulatedCity, running: asyncio.Task[None]) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(city.started.wait())
        await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def _read_sign_in() -> Credentials:
    said = json.loads(await asyncio.to_thread(sys.stdin.readline))
    return Credentials(said["username"], said["password"])


async def _until_end_of_input(stop: asyncio.Event) -> None:
    """Sets `stop` when standard input is closed: whoever started us is gone, or wants us gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(4096):
            pass
    finally:
        transport.close()
    stop.set()


def _tell(what: dict[str, object]) -> None:
    """One line for whoever started us, at once."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _near(data: DemoCity) -> list[str]:
    """The cameras around the incident: whoever shares will want their pictures at once."""
    from hotline.domain.place import Point, distance_m

    incident = Point(data.incident.latitude, data.incident.longitude)
    return [
        camera.id
        for camera in data.cameras
        if distance_m(incident, Point(camera.latitude, camera.longitude)) <= NEAR_M
    ]


def _changed(
    cameras: list[SimulatedCamera], fps: float | None, gop_s: float | None, videos: tuple[str, ...]
) -> list[SimulatedCamera]:
    """The cameras as the options want them. Raises `click.BadParameter`."""
    files: dict[str, Path] = {}
    for video in videos:
        camera_id, _, file = video.partition("=")
        if camera_id not in {camera.id for camera in cameras}:
            raise click.BadParameter(f"there is no camera {camera_id!r}", param_hint="--video")
        if not Path(file).is_file():
            raise click.BadParameter(f"there is no file {file!r}", param_hint="--video")
        files[camera_id] = Path(file)
    return [
        replace(
            camera,
            fps=camera.fps if fps is None else fps,
            gop_s=camera.gop_s if gop_s is None else gop_s,
            video_file=files.get(camera.id, camera.video_file),
        )
        for camera in cameras
    ]


def _addresses(city: SimulatedCity) -> dict[str, object]:
    return {
        "control_port": city.control_port,
        "cameras": {
            camera.id: {str(profile): url for profile, url in city.addresses(camera.id).items()}
            for camera in city.cameras
        },
    }


def _introduce(city: SimulatedCity, sign_in: Credentials) -> None:
    rows = [
        [
            camera.id,
            camera.name,
            city.address(camera.id),
            str(city.addresses(camera.id).get(ProfileName.SUB, "-")),
        ]
        for camera in city.cameras
    ]
    click.echo(table(["camera", "name", "main", "sub"], rows))
    click.echo()
    click.echo(f"user {sign_in.username}, password {sign_in.password} (new at each start)")
    click.echo(
        f"faults: connect to 127.0.0.1 port {city.control_port} and write, for example: "
        f"fault {city.cameras[0].id} stall 10"
    )
    click.echo(say("Ctrl-C ends it.", "Ctrl-C로 끝냅니다."))


def _write_table(file: Path, data: DemoCity, city: SimulatedCity, sign_in: Credentials) -> None:
    """A table for `hotline cameras import`, readable by its owner alone: the sign-in stands in it."""
    columns = (
        "id",
        "name_ko",
        "name_en",
        "site",
        "purpose",
        "latitude",
        "longitude",
        "heading",
        "field_of_view",
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*columns, "main", "sub", "username", "password"])
    for camera in data.cameras:
        addresses = city.addresses(camera.id)
        values = (getattr(camera, column) for column in columns)
        writer.writerow(
            [
                *("" if value is None else value for value in values),
                addresses[ProfileName.MAIN],
                addresses.get(ProfileName.SUB, ""),
                sign_in.username,
                sign_in.password,
            ]
        )
    file.touch(mode=0o600)
    file.write_text(text.getvalue(), encoding="utf-8")
