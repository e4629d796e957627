"""Puts the demo together: a temporary directory, the simulated city, the service, the people, the incident.

Nothing of it outlives the block: processes end, the directory is removed. Sign-ins are made at each start and
are written nowhere.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from config.demo_city import DemoCity
from config.settings import Settings
from hotline.app import create_app
from hotline.demo.child import RunningCity, simulated_city
from hotline.demo.client import SignIn, signed_in
from hotline.demo.scene import Cast, fill
from hotline.demo.walk import open_share
from hotline.groups import unwrapped
from hotline.sealing import open_key_store
from hotline.serving import Running, ServingError, bind, check_media_ports, serving
from hotline.store.database import open_database
from streams.camera import Credentials

log = logging.getLogger(__name__)

SHARE_MINUTES = 180
PREFERRED_PORT = 8080


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. `port` None: 8080 if it is free, else any."""

    host: str = "127.0.0.1"
    port: int | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def apart(self) -> bool:
        """Whether each person gets a loopback address of his own, so that one browser keeps all sign-ins:
        cookies are kept per host, not per port."""
        return self.host == "127.0.0.1"

    def hosts(self, people: int) -> list[str]:
        """The addresses to listen on for so many people."""
        return [f"127.0.0.{1 + number}" for number in range(people)] if self.apart else [self.host]


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's place in the demo: which page, at which address, with which sign-in."""

    page: str
    name_ko: str
    name_en: str
    url: str
    sign_in: SignIn
    unit: str | None


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """The demo as it stands. `url` is for calls from this process."""

    url: str
    seats: tuple[Seat, ...]
    city: DemoCity
    service: Running
    simulator: RunningCity

    @property
    def operator(self) -> Seat:
        """Who shares."""
        return self.seats[0]

    @property
    def control_room(self) -> Seat:
        """Who watches the wall."""
        return next(seat for seat in self.seats if seat.page == "control-room")


@asynccontextmanager
async def running_demo(
    city: DemoCity, options: Options, tell: Callable[[str, str], None]
) -> AsyncIterator[RunningDemo]:
    """The whole demo but the incident, while the block runs. `tell(english, korean)` says how far it is.

    Raises `ServingError` or `SimulatorError`, each with one sentence.
    """
    cameras = Credentials("hotline", secrets.token_urlsafe(18))
    sockets = _bound(options, people=1 + len(city.units))
    port = int(sockets[0].getsockname()[1])
    try:
        with tempfile.TemporaryDirectory(prefix="hotline-demo-") as directory:
            settings = settings_for(city, options, port, Path(directory))
            check_media_ports(settings)
            tell("starting the simulated city", "가상 도시 시작")
            async with simulated_city(cameras) as simulator:
                number = len(simulator.addresses)
                tell(
                    f"entering {number} cameras, units and people", f"카메라 {number}대, 수신처, 사용자 등록"
                )
                cast = await _fill(settings, city, simulator, cameras)
                tell("starting the service", "서비스 시작")
                async with serving(create_app(settings), settings, sockets) as service:
                    await simulator.ready()
                    scheme = "https" if settings.server.tls_cert else "http"
                    url = f"{scheme}://{_in_url(_near(options.host))}:{port}"
                    seats = _seats(city, cast, options, f"{scheme}://{{}}:{port}")
                    async with _watched(simulator, service):
                        yield RunningDemo(url, seats, city, service, simulator)
    finally:
        for listening in sockets:
            listening.close()


@asynccontextmanager
async def _watched(simulator: RunningCity, service: Running) -> AsyncIterator[None]:
    """While the block runs, a simulated city that ends by itself counts as a failed part of the service."""

    async def watch() -> None:
        await simulator.ended()
        log.critical("the simulated city ended by itself")
        service.failed.set()

    with unwrapped():
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="demo: simulator")
            try:
                yield
            finally:
                watching.cancel()


async def raise_incident(demo: RunningDemo) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reports the demo's incident and shares what is offered with every unit. Raises `ApiError`."""
    units = [unit.id for unit in demo.city.units]
    async with signed_in(demo.url, demo.operator.sign_in) as centre:
        return await open_share(centre, incident_body(demo.city), units, SHARE_MINUTES)


def incident_body(city: DemoCity) -> dict[str, Any]:
    """The demo incident as it is reported."""
    incident = city.incident
    return {
        "kind": incident.kind,
        "latitude": incident.latitude,
        "longitude": incident.longitude,
        "address": incident.address_ko,
        "summary": incident.summary_ko,
    }


async def _fill(settings: Settings, city: DemoCity, simulator: RunningCity, sign_in: Credentials) -> Cast:
    database = await open_database(settings.storage.database_url)
    try:
        return await fill(database, open_key_store(settings.secrets.key_file), city, simulator, sign_in)
    finally:
        await database.close()


def settings_for(city: DemoCity, options: Options, port: int, directory: Path) -> Settings:
    """The service's settings in the demo: everything in `directory`, media on this machine or for all."""
    here = ip_address(options.host).is_loopback
    return Settings.model_validate(
        {
            "server": {
                "host": options.host,
                "port": port,
                "tls_cert": options.tls_cert,
                "tls_key": options.tls_key,
                "stop_deadline_s": 5.0,
            },
            "storage": {"directory": directory},
            "secrets": {"key_file": directory / "keys" / "hotline.key"},
            "city": {
                "name_ko": city.name_ko,
                "name_en": city.name_en,
                "latitude": city.latitude,
                "longitude": city.longitude,
                "radius_km": city.radius_km,
                "places": [
                    {
                        "name_ko": place.name_ko,
                        "name_en": place.name_en,
                        "latitude": place.latitude,
                        "longitude": place.longitude,
                    }
                    for place in city.places
                ],
            },
            "cameras": {"networks": ["127.0.0.0/8"]},
            "relay": {"hosts": [options.host], **({"udp_port": 0, "tcp_port": 0} if here else {})},
            "log": {"level": "warning"},
        }
    )


def _seats(city: DemoCity, cast: Cast, options: Options, url: str) -> tuple[Seat, ...]:
    """The operator, then one person for each unit. `url` has `{}` where the host belongs."""
    people: list[tuple[str, str, str, SignIn, str | None]] = [
        ("operator", "관제요원", "operator", cast.operator, None)
    ]
    for unit in city.units:
        page = "control-room" if unit.kind == "control_room" else "vehicle"
        people.append((page, unit.name_ko, unit.name_en, cast.units[unit.id], unit.id))
    hosts = options.hosts(len(people)) if options.apart else [_seen_from_outside(options.host)] * len(people)
    return tuple(
        Seat(page, name_ko, name_en, f"{url.format(_in_url(host))}/{page}", sign_in, unit)
        for (page, name_ko, name_en, sign_in, unit), host in zip(people, hosts, strict=True)
    )


def _bound(options: Options, people: int) -> list[socket.socket]:
    """Listening sockets on one port: for each person one on loopback, else one for all."""
    hosts = options.hosts(people)
    try:
        sockets = [bind(hosts[0], PREFERRED_PORT if options.port is None else options.port)]
    except ServingError:
        if options.port is not None:
            raise
        sockets = [bind(hosts[0], 0)]
    port = int(sockets[0].getsockname()[1])
    try:
        sockets += [bind(host, port) for host in hosts[1:]]
    except ServingError:
        for listening in sockets:
            listening.close()
        raise
    return sockets


def _near(host: str) -> str:
    """Where this process finds what listens on `host`."""
    if ip_address(host).is_unspecified:
        return "::1" if ":" in host else "127.0.0.1"
    return host


def _seen_from_outside(host: str) -> str:
    """The address others find this machine at: of the interface that leads out. Sends nothing."""
    if not ip_address(host).is_unspecified:
        return host
    version6 = ":" in host
    with socket.socket(socket.AF_INET6 if version6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if version6 else "192.0.2.1", 9))  # addresses for documentation
        except OSError:
            return _near(host)
        return str(probe.getsockname()[0])


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
