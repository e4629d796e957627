"""WHEP's semantics without HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from relay import whep
from relay.errors import OfferRefused, Refused
from relay.offer import MAX_BODY
from relay.settings import TurnServer

RESTART = b"a=ice-ufrag:NewOne\r\na=ice-pwd:" + b"x" * 24 + b"\r\n"
TRICKLE = b"a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic abc", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
    ],
)
def test_bearer(header: str | None, token: str | None) -> None:
    assert whep.bearer(header) == token


def test_content_types() -> None:
    whep.demand_type("application/sdp", whep.SDP)
    whep.demand_type("Application/SDP; charset=utf-8", whep.SDP)
    for wrong in (None, "", "text/plain", "application/sdp2"):
        with pytest.raises(OfferRefused) as caught:
            whep.demand_type(wrong, whep.SDP)
        assert caught.value.status == 415


def test_a_fragment_with_other_credentials_is_a_restart_and_one_without_is_trickle() -> None:
    restart, trickle = whep.parse_fragment(RESTART), whep.parse_fragment(TRICKLE)
    assert whep.is_restart(restart, "OldOne")
    assert not whep.is_restart(restart, "NewOne")
    assert not whep.is_restart(trickle, "OldOne")
    assert "xxxx" not in repr(restart)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (b"a=ice-ufrag:Some\r\n", 400),
        (RESTART + b" " * MAX_BODY, 413),
    ],
)
def test_fragments_that_are_none(body: bytes, status: int) -> None:
    with pytest.raises(OfferRefused) as caught:
        whep.parse_fragment(body)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("header", "restart", "status"),
    [
        ('"tag"', False, None),
        ('"tag"', True, None),
        ("*", True, None),
        ('"other", "tag"', False, None),
        (None, False, 428),
        (None, True, 428),
        ('"other"', False, 412),
        ('"other"', True, 412),
        ("*", False, 412),
    ],
)
def test_if_match(header: str | None, restart: bool, status: int | None) -> None:
    if status is None:
        whep.demand_match(header, '"tag"', restart=restart)
        return
    with pytest.raises(Refused) as caught:
        whep.demand_match(header, '"tag"', restart=restart)
    assert caught.value.status == status


def test_turn_credentials_end_by_themselves_and_hide_the_secret() -> None:
    server = TurnServer("turn:turn.example:3478?transport=udp", "shared-secret", 600.0)
    (link,) = whep.turn_links([server], "viewer", 1_000.0)
    expected = base64.b64encode(hmac.new(b"shared-secret", b"1600:viewer", hashlib.sha1).digest()).decode()
    assert link == (
        '<turn:turn.example:3478?transport=udp>; rel="ice-server"; username="1600:viewer"; '
        f'credential="{expected}"; credential-type="password"'
    )
    assert "shared-secret" not in repr(server)


def test_location_quotes_what_a_camera_may_be_called() -> None:
    assert whep.location("/whep", "a b/c", "id") == "/whep/a%20b%2Fc/id"
