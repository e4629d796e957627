"""Fills an empty database with the demo city: its units, its people, its cameras. Over the same use cases as
the command line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from config.demo_city import DemoCity
from hotline import inventory
from hotline.actor import Role, service
from hotline.demo.child import RunningCity
from hotline.demo.client import SignIn
from hotline.domain.camera import NewCamera
from hotline.people import accounts
from hotline.people.passwords import Passwords
from hotline.sealing import KeyStore
from hotline.store.database import Database
from streams.camera import Credentials, ProfileName

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Cast:
    """Who can sign in: the operator, and one person for each unit, by the unit's id."""

    operator: SignIn
    units: Mapping[str, SignIn]


async def fill(
    database: Database, keys: KeyStore, city: DemoCity, simulator: RunningCity, sign_in: Credentials
) -> Cast:
    """Enters everything. `sign_in`: of the simulated cameras. Passwords are new each time."""
    actor, now = service(), time.time()
    for camera in city.cameras:
        addresses = simulator.addresses[camera.id]
        new = NewCamera(
            id=camera.id,
            name_ko=camera.name_ko,
            name_en=camera.name_en,
            site=camera.site,
            purpose=camera.purpose,
            latitude=camera.latitude,
            longitude=camera.longitude,
            main_url=addresses[ProfileName.MAIN],
            sub_url=addresses.get(ProfileName.SUB),
            heading=camera.heading,
            field_of_view=camera.field_of_view,
            username=sign_in.username,
            password=sign_in.password,
        )
        await inventory.add_camera(database, new, keys=keys, networks=LOOPBACK, actor=actor, now=now)
    for unit in city.units:
        entered = inventory.NewUnit(unit.id, unit.name_ko, unit.name_en, unit.kind, unit.call_sign)
        await inventory.add_unit(database, entered, actor=actor, now=now)

    passwords = Passwords()

    async def person(username: str, name: str, role: Role, unit_id: str | None = None) -> SignIn:
        password = accounts.new_password()
        user = accounts.NewUser(username, name, role, password, unit_id)
        await accounts.add_user(database, user, actor=actor, now=now, passwords=passwords)
        return SignIn(username, password)

    units = {}
    for unit in city.units:
        role = Role.DISPATCHER if unit.kind == "control_room" else Role.CREW
        units[unit.id] = await person(unit.id, unit.name_ko, role, unit.id)
    return Cast(await person("operator", "관제요원", Role.OPERATOR), units)
