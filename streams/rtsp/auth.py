"""RTSP authentication: Basic (RFC 7617) and Digest with MD5 and SHA-256 (RFC 2617, RFC 7616). Pure.

The strongest scheme that the camera offers is taken; Basic only where there is no Digest. Nothing here
logs, and no `repr` shows a password or an answer.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams.camera import Credentials

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)')
_SCHEME = re.compile(r"(?:^|,)\s*(Basic|Digest)\s+", re.IGNORECASE)
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_MAX_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate challenge that we can answer."""

    scheme: str  # "Basic" or "Digest"
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str | None = None  # as the camera wrote it; None where it said nothing (MD5)
    qop_auth: bool = False
    stale: bool = False
    hash_user: bool = False

    @property
    def strength(self) -> int:
        """Larger is better."""
        if self.scheme == "Basic":
            return 0
        return 2 if (self.algorithm or "MD5").upper().startswith("SHA-256") else 1


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges that can be answered, in the headers' order. What cannot be read is skipped."""
    found: list[Challenge] = []
    for header in headers:
        header = header[:_MAX_HEADER]
        starts = list(_SCHEME.finditer(header))
        for index, start in enumerate(starts):
            end = starts[index + 1].start() if index + 1 < len(starts) else len(header)
            challenge = _challenge(start.group(1).capitalize(), header[start.end() : end])
            if challenge is not None:
                found.append(challenge)
        if not starts and header.strip().lower() == "basic":
            found.append(Challenge("Basic"))
    return found


def strongest(challenges: Iterable[Challenge]) -> Challenge | None:
    """The one to answer; the first of equals. None where there is none."""
    return max(challenges, key=lambda challenge: challenge.strength, default=None)


class Authenticator:
    """Answers one camera's challenges on one connection; counts its nonce's uses."""

    def __init__(
        self, credentials: Credentials, make_cnonce: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._credentials = credentials
        self._make_cnonce = make_cnonce
        self._challenge: Challenge | None = None
        self._count = 0

    @property
    def challenge(self) -> Challenge | None:
        """What the answers answer."""
        return self._challenge

    def take(self, challenge: Challenge) -> None:
        """Answer this challenge from now on."""
        self._challenge = challenge
        self._count = 0

    def header(self, method: str, url: str) -> str | None:
        """The Authorization header's value for a request, None before the first challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "Basic":
            pair = f"{self._credentials.username}:{self._credentials.password}".encode()
            return "Basic " + base64.b64encode(pair).decode()
        return self._digest(challenge, method, url)

    def _digest(self, challenge: Challenge, method: str, url: str) -> str:
        algorithm = (challenge.algorithm or "MD5").upper()
        session = algorithm.endswith("-SESS")
        base = algorithm.removesuffix("-SESS")

        def digest(text: str) -> str:
            return hashlib.new(_HASHES[base], text.encode(), usedforsecurity=False).hexdigest()

        user, realm, nonce = self._credentials.username, challenge.realm, challenge.nonce
        cnonce = self._make_cnonce() if challenge.qop_auth or session else ""
        secret = digest(f"{user}:{realm}:{self._credentials.password}")
        if session:
            secret = digest(f"{secret}:{nonce}:{cnonce}")
        request = digest(f"{method}:{url}")
        shown = digest(f"{user}:{realm}") if challenge.hash_user else user
        fields = [
            ("username", _quoted(shown)),
            ("realm", _quoted(realm)),
            ("nonce", _quoted(nonce)),
            ("uri", _quoted(url)),
        ]
        if challenge.qop_auth:
            self._count += 1
            count = f"{self._count:08x}"
            response = digest(f"{secret}:{nonce}:{count}:{cnonce}:auth:{request}")
            fields += [("qop", "auth"), ("nc", count), ("cnonce", _quoted(cnonce))]
        else:
            response = digest(f"{secret}:{nonce}:{request}")
            if session:
                fields.append(("cnonce", _quoted(cnonce)))
        fields.append(("response", _quoted(response)))
        if challenge.opaque is not None:
            fields.append(("opaque", _quoted(challenge.opaque)))
        if challenge.algorithm is not None:
            fields.append(("algorithm", challenge.algorithm))
        if challenge.hash_user:
            fields.append(("userhash", "true"))
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields)


def _challenge(scheme: str, text: str) -> Challenge | None:
    values: dict[str, str] = {}
    for name, value in _PARAMETER.findall(text):
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        values.setdefault(name.lower(), value)
    if scheme == "Basic":
        return Challenge("Basic", realm=values.get("realm", ""))
    algorithm = values.get("algorithm")
    if algorithm is not None and algorithm.upper().removesuffix("-SESS") not in _HASHES:
        return None
    if "nonce" not in values:
        return None
    offered = [option.strip().lower() for option in values.get("qop", "").split(",") if option.strip()]
    if offered and "auth" not in offered:  # auth-int alone
        return None
    return Challenge(
        "Digest",
        realm=values.get("realm", ""),
        nonce=values["nonce"],
        opaque=values.get("opaque"),
        algorithm=algorithm,
        qop_auth=bool(offered),
        stale=values.get("stale", "").lower() == "true",
        hash_user=values.get("userhash", "").lower() == "true",
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
