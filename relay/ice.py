"""ICE-lite for one viewer, pure: STUN requests and `now` in, answers and the nominated path out.

Belongs here: RFC 8445 §2.5 (lite), the checks' authentication (RFC 8489), consent (RFC 7675) and which path
is nominated. Not here: sockets (`relay/udp.py`, `relay/tcp.py`), DTLS.

The client finds the path, we answer. So a candidate of the client is never contacted, whatever it points at;
what we ask (`relay/echo.py`), we ask on the path that it found. A check that does not carry our password
moves nothing and gets no answer. A path is forgotten when no check came from it for `PATH_LIFETIME`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from relay import stun

P = TypeVar("P")
"""A path: whatever the transport hands in, hashable and comparable."""

CONSENT_PATIENCE = 8.0
"""Seconds without an authenticated check after which the peer counts as gone. Chromium checks every 2.7 s
whatever the round trip, so a round trip of 1.5 s and two lost checks are survived."""
PATH_LIFETIME = 30.0
"""Seconds: media and DTLS are taken from a path this long after its last check."""
MAX_PATHS = 16
"""Paths remembered per viewer; the one unheard for longest goes first."""

_ROLE_CONFLICT = (487, "Role Conflict")


def random_ice_string(length: int) -> str:
    """`length` characters of ice-char (RFC 8839 §5.4), 6 bits of chance in each."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "".join(secrets.choice(alphabet) for _ in range(length))


@dataclass(frozen=True, slots=True)
class Credentials:
    """One ICE generation: our fragment and password, and the peer's. No password is in `repr`.

    remote_password: empty where it is not known; then the peer is asked nothing.
    """

    ufrag: str
    password: str = field(repr=False)
    remote_ufrag: str
    remote_password: str = field(default="", repr=False)
    username: bytes = field(init=False, repr=False)
    """What the peer's checks name (RFC 8445 §7.2.2)."""
    key: bytes = field(init=False, repr=False)
    """What they are authenticated with."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "username", f"{self.ufrag}:{self.remote_ufrag}".encode())
        object.__setattr__(self, "key", self.password.encode())

    @classmethod
    def fresh(cls, remote_ufrag: str, remote_password: str = "") -> Credentials:
        """Unguessable ones: 48 bits of fragment, 144 bits of password (RFC 8445 §5.3 asks for 24 and 128)."""
        return cls(random_ice_string(8), random_ice_string(24), remote_ufrag, remote_password)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[P]):
    """What a request came to. `response`: the datagram to send back on the same path, if any.

    `authentic`: it carried our password. `nominated`: it made its path the nominated one just now.
    `forgotten`: the path that had to go to make room for this one.
    """

    response: bytes | None
    authentic: bool = False
    nominated: bool = False
    forgotten: P | None = None


class IceLite(Generic[P]):
    """The controlled, lite side of one viewer's ICE. Times are seconds of one monotonic clock."""

    __slots__ = ("_paths", "_previous", "credentials", "last_check", "nominated", "path")

    def __init__(self, credentials: Credentials, now: float) -> None:
        self.credentials = credentials
        self.path: P | None = None
        """The path to send on: the nominated one; before a nomination, the first that passed a check."""
        self.nominated = False
        self.last_check: float | None = None
        self._previous: Credentials | None = None
        self._paths: dict[P, float] = {}

    def restart(self, remote_ufrag: str, remote_password: str = "") -> Credentials:
        """Begin a new generation (RFC 8445 §9); the old path serves until the new one is nominated."""
        self._previous = self.credentials
        self.credentials = Credentials.fresh(remote_ufrag, remote_password)
        return self.credentials

    @property
    def used(self) -> Credentials:
        """The generation that is in use: a new one is, when its first path is nominated."""
        return self._previous or self.credentials

    def ufrags(self) -> tuple[str, ...]:
        """The fragments that checks may name: this generation's, and the last one's until this is in use."""
        return tuple(each.ufrag for each in (self.credentials, self._previous) if each is not None)

    def accepts(self, path: P, now: float) -> bool:
        """Whether DTLS and media may come from `path`: a check from there passed not long ago."""
        seen = self._paths.get(path)
        return seen is not None and now - seen < PATH_LIFETIME

    def lose(self, path: P) -> None:
        """A path is gone for good (its connection closed); the next check that passes finds another."""
        self._paths.pop(path, None)
        if path == self.path:
            self.path, self.nominated = None, False

    def paths(self) -> tuple[P, ...]:
        """Every path that passed a check and is not forgotten, the least recently heard first."""
        return tuple(self._paths)

    def consents(self, now: float) -> bool:
        """Whether the peer has shown within `CONSENT_PATIENCE` that it wants to be sent to."""
        return self.last_check is not None and now - self.last_check < CONSENT_PATIENCE

    def receive(self, datagram: bytes, path: P, source: tuple[str, int], now: float) -> Verdict[P]:
        """Take a STUN datagram that came on `path` from `source` (host and port). Never raises."""
        request = stun.read_request(datagram)
        if request is None:
            return Verdict(None)
        credentials = self._generation(request.username)
        if credentials is None or not stun.is_authentic(datagram, request, credentials.key):
            return Verdict(None)
        if request.controlled:  # RFC 8445 §7.3.1.1; a lite agent is never controlling
            return Verdict(stun.error(request, credentials.key, *_ROLE_CONFLICT))
        forgotten = self._heard(path, now)
        nominated = self._nominate(path, credentials, request.use_candidate)
        response = stun.success(request, credentials.key, source)
        return Verdict(response, authentic=True, nominated=nominated, forgotten=forgotten)

    def _generation(self, username: bytes) -> Credentials | None:
        for credentials in (self.credentials, self._previous):
            if credentials is not None and username == credentials.username:
                return credentials
        return None

    def _heard(self, path: P, now: float) -> P | None:
        self.last_check = now
        self._paths.pop(path, None)
        self._paths[path] = now
        if len(self._paths) <= MAX_PATHS:
            return None
        oldest = next(each for each in self._paths if each != self.path)
        del self._paths[oldest]
        return oldest

    def _nominate(self, path: P, credentials: Credentials, use_candidate: bool) -> bool:
        current = credentials is self.credentials
        if use_candidate and current:
            self._previous = None
        if path == self.path and self.nominated:
            return False
        if use_candidate and (current or not self.nominated):
            self.path, self.nominated = path, True
            return True
        if self.path is None:
            self.path = path
        return False
