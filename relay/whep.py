"""The HTTP semantics of WHEP (draft-ietf-wish-whep, RFC 8840 fragments), without HTTP. Pure.

Belongs here: what a content type, an If-Match or a fragment means, and the headers of each answer. Not here:
requests and responses (`relay/http.py`), who may watch (`relay/relay.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from relay.errors import OfferRefused, Refused
from relay.offer import MAX_BODY
from relay.settings import TurnServer

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = "application/json"
LAYER = "urn:ietf:params:whep:ext:core:layer"

_UFRAG = re.compile(r"^a=ice-ufrag:([A-Za-z0-9+/]{4,256})\r?$", re.MULTILINE)
_PASSWORD = re.compile(r"^a=ice-pwd:([A-Za-z0-9+/]{22,256})\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fragment:
    """An SDP fragment (RFC 8840): the ICE credentials in it, if any. Its candidates are not read."""

    ufrag: str | None
    password: str | None = field(repr=False)


def bearer(header: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 §2.1); None if there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def demand_type(header: str | None, wanted: str) -> None:
    """Raises `OfferRefused` 415 unless the content type (parameters aside) is `wanted`."""
    if (header or "").partition(";")[0].strip().lower() != wanted:
        raise OfferRefused(415, f"the content type must be {wanted}")


def parse_fragment(body: bytes) -> Fragment:
    """Read the body of a PATCH. Raises `OfferRefused` 413 or 400."""
    if len(body) > MAX_BODY:
        raise OfferRefused(413, f"a fragment has at most {MAX_BODY} bytes")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise OfferRefused(400, "the fragment is not UTF-8") from None
    if "a=" not in text:
        raise OfferRefused(400, "the fragment has no attribute")
    ufrag, password = _UFRAG.search(text), _PASSWORD.search(text)
    if (ufrag is None) != (password is None):
        raise OfferRefused(400, "a=ice-ufrag and a=ice-pwd go together")
    return Fragment(ufrag and ufrag[1], password and password[1])


def is_restart(fragment: Fragment, remote_ufrag: str) -> bool:
    """Whether a fragment begins a new ICE generation: credentials other than those in use (RFC 8445 §9)."""
    return fragment.ufrag is not None and fragment.ufrag != remote_ufrag


def demand_match(header: str | None, etag: str, *, restart: bool) -> None:
    """Check `If-Match` of a PATCH. Raises `Refused`: 428 without one, 412 where it names another generation.

    Trickle must name the generation; a restart says `*` (a player that names the one it leaves is right too).
    """
    if header is None:
        raise Refused(428, "If-Match is missing")
    tags = [tag.strip() for tag in header.split(",")]
    if etag not in tags and not (restart and "*" in tags):
        raise Refused(412, "If-Match names another ICE generation")


def turn_links(servers: Sequence[TurnServer], name: str, now: float) -> list[str]:
    """`Link` header values, one per server, with credentials that end by themselves.

    User name `<expiry>:<name>`, password base64(HMAC-SHA1(secret, user name)): what coturn's
    use-auth-secret checks. `name` is opaque; `now`: UTC seconds.
    """
    links = []
    for server in servers:
        username = f"{int(now + server.lifetime_s)}:{name}"
        digest = hmac.new(server.secret.encode(), username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        links.append(
            f'<{server.url}>; rel="ice-server"; username="{username}"; '
            f'credential="{credential}"; credential-type="password"'
        )
    return links


def layer_link(resource: str) -> str:
    """The `Link` header value of the layer extension, for a viewer's resource."""
    return f'<{resource}/layer>; rel="{LAYER}"'


def location(prefix: str, camera: str, viewer_id: str) -> str:
    """The path of a viewer's resource."""
    return f"{prefix}/{quote(camera, safe='')}/{viewer_id}"
