"""Who acts: the five things that the record must know of whoever did something.

Source: 개인정보의 안전성 확보조치 기준 §2 3호 (identifier, time, place, subject, act). Belongs here: the
value that use cases take. How a person becomes an actor is `people/`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account is for. Dispatchers (control room) and crews (vehicle) belong to a unit."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    CREW = "crew"

    @property
    def of_centre(self) -> bool:
        """Whether this role works for the centre: it sees every incident and share."""
        return self in (Role.ADMINISTRATOR, Role.OPERATOR)

    @property
    def of_unit(self) -> bool:
        """Whether this role receives pictures for a unit."""
        return self in (Role.DISPATCHER, Role.CREW)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody (a signed-in person, the command line, the service itself) at one moment.

    unit_id: the unit the account belongs to, if any. auth_method: `password`, `local` (shell on the server)
    or `none` (the service's own clock). device: the sign-in, not secret. address: where from.
    """

    id: str
    username: str
    role: Role | None
    unit_id: str | None = None
    auth_method: str = "none"
    device: str | None = None
    address: str | None = None

    @property
    def receiver(self) -> str:
        """What the relay calls this actor: its unit, else the person."""
        return unit_receiver(self.unit_id) if self.unit_id is not None else user_receiver(self.id)


def unit_receiver(unit_id: str) -> str:
    """The relay's opaque name of a unit."""
    return f"unit:{unit_id}"


def user_receiver(user_id: str) -> str:
    """The relay's opaque name of one person (previews)."""
    return f"user:{user_id}"


def service() -> Actor:
    """The service itself: expiry, clean-up after a crash."""
    return Actor(id="service", username="service", role=None)


def command_line(login: str) -> Actor:
    """Somebody with a shell on the server. `login`: that person's login name there."""
    return Actor(id=f"local:{login}", username=login, role=None, auth_method="local")
