"""Protection against requests that another site makes in a signed-in person's browser. Pure.

Three locks: the cookie is SameSite=Strict; the browser's own word (Origin, Sec-Fetch-Site) must be ours; and
a header must carry a value that only a page of ours can read. OWASP: signed token bound to the session.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token(session_token: str) -> str:
    """The value for this session. The session's token is secret, so nothing needs to be stored."""
    return hmac.new(session_token.encode(), b"hotline csrf", hashlib.sha256).hexdigest()


def token_matches(session_token: str, given: str | None) -> bool:
    """Whether a request's header carries the session's value; takes the same time whatever it carries."""
    return given is not None and hmac.compare_digest(token(session_token).encode(), given.encode())


def from_our_page(host: str | None, origin: str | None, fetch_site: str | None) -> bool:
    """Whether the browser says the request comes from a page of ours; clients that say nothing may pass.

    host, origin, fetch_site: the headers Host, Origin and Sec-Fetch-Site.
    """
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return False
    if origin is None:
        return True
    try:
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
