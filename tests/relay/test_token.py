"""Viewing tokens: good until they expire, and every other one refused alike."""

from __future__ import annotations

import time

import jwt
import pytest

from relay.errors import TokenRejected
from relay.token import AUDIENCE, ISSUER, LEEWAY, ViewToken, issue, verify

KEY = bytes(range(32))
TOKEN = ViewToken("unit-1", "share-1", "person-1", 2_000_000_000.0)
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "exp": 2_000_000_000, "receiver": "u", "share": "s", "person": "p"}


def test_a_token_says_who_and_what_until_it_expires() -> None:
    text = issue(KEY, TOKEN)
    assert verify(KEY, text, TOKEN.expires_at - 600) == TOKEN
    assert verify(KEY, text, TOKEN.expires_at + LEEWAY - 1) == TOKEN
    with pytest.raises(TokenRejected):
        verify(KEY, text, TOKEN.expires_at + LEEWAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "é" * 20,
        "x" * 1_000_000,
        jwt.encode(CLAIMS, bytes(32), algorithm="HS256"),
        jwt.encode(CLAIMS, KEY * 2, algorithm="HS512"),
        jwt.encode(CLAIMS, "", algorithm="none"),
        jwt.encode({**CLAIMS, "aud": "api"}, KEY),
        jwt.encode({**CLAIMS, "iss": "somebody"}, KEY),
        jwt.encode({**CLAIMS, "person": 7}, KEY),
        jwt.encode({name: value for name, value in CLAIMS.items() if name != "exp"}, KEY),
        jwt.encode({name: value for name, value in CLAIMS.items() if name != "share"}, KEY),
        jwt.encode({**CLAIMS, "exp": "soon"}, KEY),
        jwt.encode({**CLAIMS, "exp": 1.5}, KEY),
        jwt.encode({**CLAIMS, "nbf": 4_000_000_000}, KEY),
    ],
)
def test_anything_else_is_refused_at_once_and_by_one_exception(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(TokenRejected):
        verify(KEY, text, 1_900_000_000.0)
    assert time.thread_time() - started < 0.005


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        issue(b"short", TOKEN)
