"""When a camera may be turned, by whom, and for how long. Pure.

개인정보 보호법 §25⑤ forbids to handle a camera at will for another purpose than it was put up for, or to
point it elsewhere. So it is off unless the city's policy allows it; then only for the roles named, for a
stated purpose, by one person at a time, for a time; and afterwards the camera looks again where it was put
up to look. Design input, not legal advice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from hotline.actor import Role
from hotline.domain.law import PURPOSES
from hotline.domain.words import Term
from hotline.errors import FieldError

MOVE_S = 1.0
"""The longest a camera turns on one command: the page repeats it while a button is held."""

END_REASONS: Mapping[str, Term] = MappingProxyType(
    {
        term.code: term
        for term in (
            Term("released", "사용자가 종료", "Ended by the person"),
            Term("expired", "시간 만료", "Time is up"),
            Term("share_over", "공유 종료", "The share is over"),
            Term("masked", "개인정보 가림 영역 설정", "Privacy masks were drawn"),
            Term("service_stopped", "서비스 중지", "The service stopped"),
            Term("failed", "내부 오류", "A fault of the service"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the city allows. lease_s: how long a lease lasts unless renewed; longest_s: with all renewals.

    return_preset: token or name of the preset that a camera is turned back to.
    """

    enabled: bool = False
    roles: frozenset[Role] = frozenset()
    purposes: tuple[str, ...] = ()
    lease_s: float = 60.0
    longest_s: float = 600.0
    return_preset: str = "1"

    def may(self, role: Role) -> bool:
        """Whether this role may turn cameras at all."""
        return self.enabled and role in self.roles

    @property
    def terms(self) -> tuple[Term, ...]:
        """The purposes in words."""
        return tuple(PURPOSES[code] for code in self.purposes)

    def purpose_faults(self, code: str) -> list[FieldError]:
        """What is wrong with a stated purpose."""
        if code in self.purposes:
            return []
        return [
            FieldError(
                "purpose",
                f"must be one of {', '.join(self.purposes)}",
                "카메라 조작이 허용된 목적이어야 합니다",
            )
        ]


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to turn one camera until `ends_at`. All times of one clock, seconds."""

    id: str
    camera: str
    holder: str
    purpose: str
    opened_at: float
    ends_at: float

    def over(self, now: float) -> bool:
        """Whether its time is up."""
        return now >= self.ends_at

    def renewed(self, policy: Policy, now: float) -> Lease:
        """The same with a new end: never beyond the longest that the policy allows."""
        latest = self.opened_at + policy.longest_s
        return replace(self, ends_at=max(self.ends_at, min(now + policy.lease_s, latest)))


@dataclass(frozen=True, slots=True)
class Velocity:
    """How fast to turn, each -1 to 1: pan right, tilt up, zoom in."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0

    def faults(self) -> list[FieldError]:
        """What is wrong with it. Standing still is a command of its own."""
        named = (("pan", self.pan), ("tilt", self.tilt), ("zoom", self.zoom))
        found = [
            FieldError(name, "must be from -1 to 1", "-1 이상 1 이하여야 합니다")
            for name, value in named
            if not math.isfinite(value) or abs(value) > 1.0
        ]
        if not found and not any(value for _, value in named):
            found.append(
                FieldError("pan", "one of the three must not be 0", "하나 이상이 0이 아니어야 합니다")
            )
        return found


class Motion:
    """What a camera's head is believed to do; who is asked for nothing more stops at `due`.

    A command whose answer never came counts as turning: nobody knows, so it must be stopped.
    """

    def __init__(self) -> None:
        self.velocity: Velocity | None = None
        self.began: float | None = None
        self.due = math.inf

    def commanded(self, velocity: Velocity, now: float) -> None:
        """A command is about to leave."""
        if self.began is None:
            self.began = now
        self.velocity = velocity
        self.due = now + MOVE_S

    def stopped(self) -> None:
        """It stands still."""
        self.velocity, self.began, self.due = None, None, math.inf

    def postpone(self, until: float) -> None:
        """Stopping failed: try again then."""
        self.due = until


def find_preset(wanted: str, presets: Sequence[tuple[str, str]]) -> str | None:
    """The token of the preset (token, name) that `wanted` is; a token counts before a name."""
    tokens = [token for token, _ in presets]
    if wanted in tokens:
        return wanted
    return next((token for token, name in presets if name.casefold() == wanted.casefold()), None)
