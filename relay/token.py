"""The viewing token: signed, bound to receiver and share, reusable until it expires. Pure.

Belongs here: its form (JWT, HS256, RFC 7519) and the check. Not here: whether the grant still stands; that
the relay asks of its own grant set at every use, so a token is never an open door by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import jwt

from relay.errors import TokenRejected

ISSUER = "hotline"
AUDIENCE = "whep"
LEEWAY = 30.0
"""Seconds by which clocks may differ."""
MAX_LENGTH = 4096
"""Characters of a token that are looked at."""

_ALGORITHM = "HS256"
_SHORTEST_KEY = 32  # bytes (RFC 7518 §3.2)


@dataclass(frozen=True, slots=True)
class ViewToken:
    """Who may ask for what: `receiver` under `share`, in the name of `person`. `expires_at`: UTC seconds."""

    receiver: str
    share: str
    person: str
    expires_at: float


def issue(key: bytes, token: ViewToken) -> str:
    """The token as text. `key`: at least 32 bytes, else ValueError."""
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"a token key has at least {_SHORTEST_KEY} bytes")
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(token.expires_at),
        "receiver": token.receiver,
        "share": token.share,
        "person": token.person,
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def verify(key: bytes, text: str, now: float) -> ViewToken:
    """The token inside `text`, good at `now` (UTC seconds). Raises `TokenRejected` for whatever is wrong."""
    if len(text) > MAX_LENGTH:
        raise TokenRejected("too long")
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Expiry is checked below: by `now`, not by a clock of the library's.
            options={"require": ["exp", "aud", "iss"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        raise TokenRejected("not a viewing token of ours") from None
    expires = claims["exp"]
    fields = [claims.get(name) for name in ("receiver", "share", "person")]
    if not isinstance(expires, int) or not all(isinstance(value, str) for value in fields):
        raise TokenRejected("claims are missing")
    if now >= expires + LEEWAY:
        raise TokenRejected("expired")
    receiver, share, person = fields
    return ViewToken(str(receiver), str(share), str(person), float(expires))
