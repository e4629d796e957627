"""Who may look: Basic and Digest authentication as a camera checks it (RFC 2617, RFC 7616). Pure.

Belongs here: challenges and their verification. Nonces are handed in; counting refusals is `device.py`'s.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable

from streams.simulator.camera import Auth

REALM = "Simulated camera"
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _algorithms(auth: Auth) -> dict[str, Callable[[str], str]]:
    known: dict[str, Callable[[str], str]] = {"SHA-256": _sha256, "MD5": _md5}
    if auth is Auth.DIGEST:
        del known["SHA-256"]
    elif auth is Auth.DIGEST_SHA256:
        del known["MD5"]
    return known


def challenges(auth: Auth, nonce: str, *, stale: bool = False) -> str:
    """WWW-Authenticate lines, each ended by CRLF, preferred first."""
    if auth is Auth.NONE:
        return ""
    if auth is Auth.BASIC:
        return f'WWW-Authenticate: Basic realm="{REALM}"\r\n'
    lines = ""
    for name in _algorithms(auth):
        # Cameras with MD5 alone leave out what RFC 2617 made optional; some clients stumble over it.
        more = "" if auth is Auth.DIGEST else f', qop="auth", algorithm={name}'
        more += ", stale=true" if stale else ""
        lines += f'WWW-Authenticate: Digest realm="{REALM}", nonce="{nonce}"{more}\r\n'
    return lines


def nonce_of(authorization: str) -> str | None:
    """The nonce a Digest answer was made with."""
    return dict(_fields(authorization)).get("nonce")


def _fields(text: str) -> list[tuple[str, str]]:
    return [(m[1].lower(), m[2] if m[2] is not None else m[3]) for m in _FIELD.finditer(text)]


def accepts(
    auth: Auth, authorization: str | None, method: str, username: str, password: str, nonce: str
) -> bool:
    """Whether an Authorization header proves that user and password are known."""
    if auth is Auth.NONE:
        return True
    scheme, _, rest = (authorization or "").partition(" ")
    if auth is Auth.BASIC:
        try:
            given = base64.b64decode(rest.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(given, f"{username}:{password}".encode())
    if scheme.lower() != "digest":
        return False
    answer = dict(_fields(rest))
    hashed = _algorithms(auth).get(answer.get("algorithm", "MD5").upper())
    if hashed is None or answer.get("username") != username or answer.get("nonce") != nonce:
        return False
    first = hashed(f"{username}:{REALM}:{password}")
    second = hashed(f"{method}:{answer.get('uri', '')}")
    if "qop" in answer:
        middle = f"{nonce}:{answer.get('nc', '')}:{answer.get('cnonce', '')}:{answer['qop']}"
    else:
        middle = nonce
    expected = hashed(f"{first}:{middle}:{second}")
    return hmac.compare_digest(expected.encode(), answer.get("response", "").encode())
