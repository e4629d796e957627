"""`hotline demo`: the whole product in a simulated city until Ctrl-C; `--once` walks its whole way."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.common import asynchronous, say, table
from hotline.cli.serve import stop_signals

if TYPE_CHECKING:
    from hotline.demo.run import Options, RunningDemo

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; else 8080, or any if that is taken.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain (PEM): HTTPS.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key (PEM).")
@click.option("--once", is_flag=True, help="Walk the whole way once, without a browser, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON object instead of words.")
@asynchronous
async def demo(
    host: str, port: int | None, tls_cert: Path | None, tls_key: Path | None, once: bool, as_json: bool
) -> None:
    """Show everything: a simulated city, an incident, a share, live video on three pages.

    \b
    --once prints {ok, cameras, share_ms, first_picture_ms, revoked_ms}:
      cameras           shared, each of which gave a decoded picture of now
      share_ms          from the incident's report to the share
      first_picture_ms  from there to the slowest camera's first picture
      revoked_ms        from the order to end it to the last viewer's end
    Exit code 0 only if all of it worked.
    """
    from config.demo_city import load_demo_city
    from hotline.demo.child import SimulatorError
    from hotline.demo.client import ApiError
    from hotline.demo.run import Options, running_demo
    from hotline.logs import set_up
    from hotline.serving import ServingError

    set_up("warning", "text")
    options = Options(host, port, tls_cert, tls_key)
    try:
        with stop_signals() as stop:
            async with running_demo(load_demo_city(), options, _progress(as_json)) as running:
                if once:
                    await _once(running, as_json)
                    return
                await _introduce(running, options)
                if not await running.service.until(stop):
                    raise click.ClickException(
                        say("a part of the service failed; see above", "서비스 일부가 실패했습니다")
                    )
                click.echo(say("stopping …", "종료 중 …"))
    except (ServingError, SimulatorError, ApiError) as error:
        raise click.ClickException(str(error)) from None


def _progress(quiet: bool) -> Any:
    def tell(english: str, korean: str) -> None:
        if not quiet:
            click.echo(f"· {say(english, korean)}", err=True)

    return tell


async def _once(running: RunningDemo, as_json: bool) -> None:
    from hotline.demo.run import incident_body
    from hotline.demo.walk import walk

    room = running.control_room
    walked = await walk(
        running.url,
        operator=running.operator.sign_in,
        dispatcher=room.sign_in,
        unit=room.unit or "",
        incident=incident_body(running.city),
    )
    if as_json:
        click.echo(json.dumps(walked.figures(), ensure_ascii=False))
    else:
        for name, value in walked.figures().items():
            click.echo(f"{name}: {value}")
    if not walked.ok:
        raise SystemExit(1)


async def _introduce(running: RunningDemo, options: Options) -> None:
    from hotline.demo.run import raise_incident

    incident, share = await raise_incident(running)
    click.echo()
    click.echo(_pages(running))
    click.echo()
    until = datetime.fromisoformat(share["ends_at"]).astimezone().strftime("%H:%M")
    number, cameras, units = incident["number"], len(share["cameras"]), len(share["units"])
    click.echo(
        say(
            f"Incident {number} is open; {cameras} cameras are shared with {units} units until {until}.",
            f"사건 {number} 접수됨. 카메라 {cameras}대를 수신처 {units}곳에 {until}까지 공유합니다.",
        )
    )
    if not options.apart:
        click.echo(
            say(
                "Open each page in a private window of its own: a browser keeps one sign-in per address.",
                "브라우저는 주소마다 로그인 하나만 유지하므로 화면마다 별도의 시크릿 창에서 여십시오.",
            )
        )
    line = f"fault {share['cameras'][0]['id']} stall 10"
    port = running.simulator.control_port
    click.echo(
        say(
            f"To break a camera, write to 127.0.0.1 port {port}, for example: {line}",
            f"카메라를 고장 내려면 127.0.0.1 포트 {port}에 예를 들어 다음을 보냅니다: {line}",
        )
    )
    click.echo(
        say("Ctrl-C ends everything; nothing of it is kept.", "Ctrl-C로 모두 끝납니다. 남는 것은 없습니다.")
    )


def _pages(running: RunningDemo) -> str:
    header = say("who,address,user,password", "누구,주소,사용자,비밀번호").split(",")
    rows = [
        [say(seat.name_en, seat.name_ko), seat.url, seat.sign_in.username, seat.sign_in.password]
        for seat in running.seats
    ]
    return table(header, rows)
