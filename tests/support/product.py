"""The whole product as it is run: `hotline serve` as a process, a simulated city as another, and people.

Everything on loopback and free ports, in a directory that is gone afterwards. Camera passwords are the
canary: it must not turn up in the service's log.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from math import cos, radians
from pathlib import Path
from typing import Any

from config.settings import load
from hotline import inventory
from hotline.actor import Role, command_line
from hotline.demo.client import Person, SignIn, signed_in
from hotline.domain.camera import NewCamera
from hotline.people import accounts
from hotline.people.passwords import Passwords
from hotline.sealing import open_key_store
from hotline.store.database import open_database
from streams.camera import ProfileName
from streams.simulator import Auth, SimulatedCamera
from streams.simulator.scenes.catalogue import TEST_CARD
from tests.support.canary import CANARY
from tests.support.city import City, city

FIRE = (37.6290, 126.7140)
"""Latitude and longitude of the incident around which the cameras stand: Bukbyeon market."""
PLACE_KO, PLACE_EN = "북변동 전통시장", "Bukbyeon market"
CONTROL_ROOM = "room"
VEHICLE = "car"
_START_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 20.0
_METRES_PER_DEGREE = 111_320.0
_SCENES = ("market", "junction", "road")
_SETTINGS = """
[server]
port = 0
[storage]
directory = "var"
[secrets]
key_file = "secrets/hotline.key"
[cameras]
networks = ["127.0.0.0/8"]
[relay]
hosts = ["127.0.0.1"]
udp_port = 0
tcp_port = 0
[readiness]
enabled = false
[streams]
linger_s = 0.5
[[city.places]]
name_ko = "{place_ko}"
name_en = "{place_en}"
latitude = {latitude}
longitude = {longitude}
"""


def nine_cameras(*, fps: float = 10.0, gop_s: float = 2.0, drawn: int = 9) -> list[SimulatedCamera]:
    """Nine guarded cameras, in the order in which they stand from the incident outwards. The first `drawn`
    show scenes, the others the test card, which costs next to nothing."""
    return [
        SimulatedCamera(
            f"camera-{number}",
            f"CAMERA {number}",
            scene=_SCENES[number % len(_SCENES)] if number <= drawn else TEST_CARD,
            fps=fps,
            gop_s=gop_s,
            auth=Auth.DIGEST,
            username="hotline",
            password=CANARY,
        )
        for number in range(1, 10)
    ]


class Product:
    """The service from outside. `people`: operator, dispatcher (of `CONTROL_ROOM`), crew (of `VEHICLE`)."""

    def __init__(
        self, url: str, simulated: City, people: Mapping[str, SignIn], process: asyncio.subprocess.Process
    ) -> None:
        self.url = url
        self.city = simulated
        self.people = people
        self._process = process

    def signed_in(self, who: str) -> AbstractAsyncContextManager[Person]:
        """One of the people, over the API."""
        return signed_in(self.url, self.people[who])

    @property
    def cameras(self) -> list[str]:
        """Ids, the nearest to the incident first."""
        return [camera.id for camera in self.city.cameras]

    def pause(self) -> None:
        """Stops the service's process in its tracks: nothing is answered or sent, no socket closes."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self._process.send_signal(signal.SIGCONT)


async def report(operator: Person) -> dict[str, Any]:
    """Reports the fire. The incident with its candidates."""
    latitude, longitude = FIRE
    body = {"kind": "fire", "latitude": latitude, "longitude": longitude, "address": PLACE_KO}
    reported: dict[str, Any] = await operator.post("/api/incidents", body)
    return reported


async def share(
    operator: Person,
    incident: Mapping[str, Any],
    cameras: Sequence[str],
    units: Sequence[str] = (CONTROL_ROOM, VEHICLE),
) -> dict[str, Any]:
    """Shares cameras of the incident for ten minutes. The share."""
    body = {
        "cameras": list(cameras),
        "units": list(units),
        "minutes": 10,
        "purpose": "dispatch",
        "legal_basis": "119-act-11-2-1",
    }
    opened: dict[str, Any] = await operator.post(f"/api/incidents/{incident['id']}/shares", body)
    return opened


@asynccontextmanager
async def product(cameras: Sequence[SimulatedCamera]) -> AsyncIterator[Product]:
    """The product with these cameras, the first one nearest to `FIRE`, each 60 m further out.

    Raises AssertionError at the end when the service did not end well or its log has what it must not have.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-test-") as name:
        directory = Path(name)
        (directory / "hotline.toml").write_text(_settings(), encoding="utf-8")
        async with city(cameras) as simulated:
            people = await _fill(directory, simulated)
            log = directory / "service.log"
            with log.open("wb") as written:
                process = await _start(directory, written.fileno())
            try:
                yield Product(await _address(process), simulated, people, process)
            finally:
                await _stop(process)
                _demand_clean(log.read_text(encoding="utf-8", errors="replace"), process.returncode)


def _settings() -> str:
    latitude, longitude = FIRE
    return _SETTINGS.format(place_ko=PLACE_KO, place_en=PLACE_EN, latitude=latitude, longitude=longitude)


def _demand_clean(words: str, status: int | None) -> None:
    """The service's log and exit status are as they should be."""
    assert CANARY not in words, "a camera's password stands in the service's log"
    assert status == 0, f"the service ended with {status}:\n{words[-4000:]}"
    assert "Traceback" not in words, f"the service met an exception:\n{words[-8000:]}"


async def _start(directory: Path, log: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "serve", "--config", str(directory / "hotline.toml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the service says that it is."""
    assert process.stdout is not None
    async with asyncio.timeout(_START_DEADLINE_S):
        line = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+", line)
    if found is None:
        raise RuntimeError(f"the service did not say where it is: {line!r}")
    return found.group().rstrip("/")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_DEADLINE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _fill(directory: Path, simulated: City) -> dict[str, SignIn]:
    """Cameras, units and people, over the same use cases as the command line."""
    settings = load(directory / "hotline.toml")
    keys = open_key_store(settings.secrets.key_file)
    actor, now, passwords = command_line("tests"), time.time(), Passwords()
    database = await open_database(settings.storage.database_url)
    try:
        for number, camera in enumerate(simulated.cameras):
            await inventory.add_camera(
                database,
                _record(camera, number, simulated),
                keys=keys,
                networks=(ip_network("127.0.0.0/8"),),
                actor=actor,
                now=now,
            )
        for unit in (
            inventory.NewUnit(CONTROL_ROOM, "김포소방서 상황실", "Control room", "control_room"),
            inventory.NewUnit(VEHICLE, "김포 펌프 1호", "Pump 1", "vehicle", "펌프1"),
        ):
            await inventory.add_unit(database, unit, actor=actor, now=now)
        people = {}
        for who, role, unit_id in (
            ("operator", Role.OPERATOR, None),
            ("dispatcher", Role.DISPATCHER, CONTROL_ROOM),
            ("crew", Role.CREW, VEHICLE),
        ):
            sign_in = SignIn(who, accounts.new_password())
            user = accounts.NewUser(who, who, role, sign_in.password, unit_id)
            await accounts.add_user(database, user, actor=actor, now=now, passwords=passwords)
            people[who] = sign_in
        return people
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class _Spot:
    latitude: float
    longitude: float


def _spot(number: int) -> _Spot:
    """60 m further out for each camera, alternately north and east."""
    metres = 60.0 * (number + 1)
    north, east = (metres, 0.0) if number % 2 else (0.0, metres)
    latitude, longitude = FIRE
    return _Spot(
        latitude + north / _METRES_PER_DEGREE,
        longitude + east / (_METRES_PER_DEGREE * cos(radians(latitude))),
    )


def _record(camera: SimulatedCamera, number: int, simulated: City) -> NewCamera:
    spot = _spot(number)
    addresses = simulated.addresses[camera.id]
    return NewCamera(
        id=camera.id,
        name_ko=f"북변시장 {number + 1}",
        name_en=f"Bukbyeon {number + 1}",
        site="bukbyeon",
        purpose="생활방범",
        latitude=spot.latitude,
        longitude=spot.longitude,
        main_url=addresses[ProfileName.MAIN],
        sub_url=addresses.get(ProfileName.SUB),
        username=camera.username or None,
        password=camera.password or None,
    )
