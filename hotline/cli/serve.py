"""`hotline serve`: the service, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from config.settings import Server, Settings
from hotline.cli.common import asynchronous, config_option, key_store, say

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to listen on instead of the settings'.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port instead of the settings'.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain (PEM): HTTPS.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key (PEM).")
@config_option
@asynchronous
async def serve(
    settings: Settings, host: str | None, port: int | None, tls_cert: Path | None, tls_key: Path | None
) -> None:
    """Run the service: pages, API, cameras, relay. SIGINT or SIGTERM ends it in order."""
    from hotline.logs import set_up

    set_up(settings.log.level, settings.log.format)
    given = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key}
    await run(overridden(settings, {name: value for name, value in given.items() if value is not None}))


def overridden(settings: Settings, given: dict[str, object]) -> Settings:
    """The settings with some of `[server]` replaced by what the command line says."""
    from pydantic import ValidationError

    try:
        server = Server.model_validate({**settings.server.model_dump(), **given})
    except ValidationError as error:
        faults = (fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise click.ClickException("; ".join(faults)) from None
    return settings.model_copy(update={"server": server})


async def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. Raises `click.ClickException` when it cannot start, or fails."""
    from hotline.app import create_app
    from hotline.sealing import KeyStoreError
    from hotline.serving import ServingError, bind, check_media_ports, serving
    from streams.heap import set_aside

    key_store(settings)
    try:
        check_media_ports(settings)
        sockets = [bind(settings.server.host, settings.server.port)]
    except ServingError as error:
        raise click.ClickException(str(error)) from None
    port = int(sockets[0].getsockname()[1])
    settings = overridden(settings, {"port": port})
    try:
        async with serving(create_app(settings), settings, sockets) as service:
            set_aside()
            click.echo(say(f"Hotline is on {settings.server.url}", f"Hotline 주소: {settings.server.url}"))
            with stop_signals() as stop:
                wanted = await service.until(stop)
            if not wanted:
                raise click.ClickException(
                    say(
                        "a part of the service failed; see the log",
                        "서비스 일부가 실패했습니다. 로그를 보십시오",
                    )
                )
            log.info("stopping: requests, viewers, cameras, records")
        log.info("stopped")
    except (ServingError, KeyStoreError) as error:  # one sentence, not a failed start
        raise click.ClickException(str(error)) from None


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set while the block runs; a second signal ends at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def asked() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)  # the next one is Python's own: now

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        if not stop.is_set():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
