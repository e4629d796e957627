"""Runs the web application on uvicorn, on plain asyncio, with an orderly and bounded end.

Belongs here: sockets, TLS, the server's life. What is served is `app.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from config.settings import Settings
from hotline.groups import unwrapped
from hotline.patience import PatientProtocol
from hotline.service import Service

log = logging.getLogger(__name__)

BACKLOG = 256
KEEP_ALIVE_S = 5
MOST_CONNECTIONS = 2000
"""Connections, and requests under way, of the web server; above it 503. Every open page has one or two."""
_START_STEP_S = 0.01
START_DEADLINE_S = 60.0


class ServingError(RuntimeError):
    """The service cannot start; the text says which and how in one sentence."""


class _Server(uvicorn.Server):
    """uvicorn, but signals are the caller's: it decides what ends with the server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises `ServingError` with the reason and the setting to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is said: 40 ms an answer otherwise.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" alone serves both families; together with an IPv4 socket it would not bind.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listening.bind(("127.0.0.1" if host == "localhost" else host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ServingError(
            f"cannot listen on {host} port {port} ({error.strerror}); change host or port under [server]"
        ) from None
    return listening


def check_media_ports(settings: Settings) -> None:
    """Tries the relay's ports, so that one that is taken is a sentence. Raises `ServingError`."""
    relay = settings.relay
    wanted = [(socket.SOCK_DGRAM, "UDP", "udp_port", relay.udp_port)]
    if relay.tcp_port is not None:
        wanted.append((socket.SOCK_STREAM, "TCP", "tcp_port", relay.tcp_port))
    for host in relay.hosts:
        for kind, protocol, name, port in wanted:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as trial:
                if kind is socket.SOCK_STREAM:
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind((host, port))
                except OSError as error:
                    raise ServingError(
                        f"cannot use {protocol} port {port} on {host} ({error.strerror}); "
                        f"change hosts or {name} under [relay]"
                    ) from None


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is up."""

    task: asyncio.Task[None]
    failed: asyncio.Event

    async def until(self, stop: asyncio.Event) -> bool:
        """Waits until `stop` is set (True), or the service failed or ended by itself (False)."""
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(event.wait()) for event in (stop, self.failed)]
            await asyncio.wait([*waits, self.task], return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        return stop.is_set()


@asynccontextmanager
async def serving(
    app: FastAPI, settings: Settings, sockets: Sequence[socket.socket]
) -> AsyncIterator[Running]:
    """The application of `create_app` served on `sockets` while the block runs; closes them at its end.

    Raises `ServingError` when it does not start. Leaving the block ends event streams, requests, then the
    application, within `[server] stop_deadline_s`, twice that at the most.
    """
    service: Service = app.state.service
    server = _Server(_config(app, settings))
    try:
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                task = group.create_task(_serve(server, sockets), name="serve")
                failure = group.create_task(_end_on_failure(service, server), name="serve: failure of a part")
                try:
                    await _until_started(server, task)
                    yield Running(task, service.failed)
                finally:
                    failure.cancel()
                    service.broker.close()  # event streams never end by themselves
                    server.should_exit = True
                    await _ended(task, settings.server.stop_deadline_s)
    finally:
        for listening in sockets:
            listening.close()


async def _serve(server: _Server, sockets: Sequence[socket.socket]) -> None:
    """Serves until told to stop, or until the start fails: uvicorn has logged why, and wants to exit."""
    with contextlib.suppress(SystemExit):
        await server.serve(sockets=list(sockets))


async def _end_on_failure(service: Service, server: _Server) -> None:
    """A service of which a part failed is no service: it ends, and whoever watches it starts it anew."""
    await service.failed.wait()
    service.broker.close()
    server.should_exit = True


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    server = settings.server
    for name, file in (("tls_cert", server.tls_cert), ("tls_key", server.tls_key)):
        _readable(name, file)
    try:
        config = uvicorn.Config(
            app,
            loop="asyncio",  # never uvloop: the relay needs real sockets
            http=PatientProtocol.counting(),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=server.public_url is not None,
            timeout_keep_alive=KEEP_ALIVE_S,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=max(1, round(server.stop_deadline_s / 2)),
            ssl_certfile=None if server.tls_cert is None else str(server.tls_cert),
            ssl_keyfile=None if server.tls_key is None else str(server.tls_key),
        )
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise ServingError(
            f"tls_cert and tls_key do not make a pair of PEM files ({error.args[-1]})"
        ) from None
    return config


def _readable(name: str, file: Path | None) -> None:
    if file is None:
        return
    try:
        file.open("rb").close()
    except OSError as error:
        raise ServingError(f"{name}: {file} cannot be read ({error.strerror})") from None


async def _until_started(server: _Server, task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(START_DEADLINE_S):
        while not server.started:  # uvicorn has no event for it
            if task.done():
                await task
                raise ServingError("the service did not start; its own words are above")
            await asyncio.sleep(_START_STEP_S)


async def _ended(task: asyncio.Task[None], deadline: float) -> None:
    """Waits for the server; after twice the deadline says so and ends it hard."""
    done, _ = await asyncio.wait({task}, timeout=2 * deadline)
    if not done:
        log.error("the service did not end within %.0f s and is cut off", 2 * deadline)
        task.cancel()
