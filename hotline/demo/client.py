"""A person's way through the API, as the pages go: sign in, then ask, with the cookie and the CSRF value."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

DEADLINE_S = 10.0


class ApiError(RuntimeError):
    """The API said no; the text has its status and its own words."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Name and password of one person of the demo. The password appears in no `repr`."""

    username: str
    password: str = field(repr=False)


class Person:
    """A signed-in person. Made by `signed_in`."""

    def __init__(self, client: httpx.AsyncClient, csrf: str) -> None:
        self._client = client
        self._csrf = csrf

    async def get(self, path: str) -> Any:
        """The answer's JSON. Raises `ApiError`."""
        return _answer(await self._client.get(path))

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. Each call is a new act, with its own idempotency key. Raises `ApiError`."""
        headers = {"X-CSRF-Token": self._csrf, "Idempotency-Key": secrets.token_urlsafe(16)}
        return _answer(await self._client.post(path, json=body or {}, headers=headers))

    async def put(self, path: str, body: Mapping[str, Any], *, if_match: str) -> Any:
        """The answer's JSON. if_match: the entity tag of what is changed. Raises `ApiError`."""
        headers = {"X-CSRF-Token": self._csrf, "If-Match": if_match}
        return _answer(await self._client.put(path, json=body, headers=headers))


@asynccontextmanager
async def signed_in(base_url: str, sign_in: SignIn) -> AsyncIterator[Person]:
    """A person signed in at `base_url` until the block ends. Raises `ApiError`."""
    # Our own service on this machine: neither a proxy nor a certificate authority has a say in it.
    client = httpx.AsyncClient(
        base_url=base_url,
        trust_env=False,
        verify=False,  # noqa: S501 - as said above
        timeout=DEADLINE_S,
    )
    async with client:
        body = {"username": sign_in.username, "password": sign_in.password}
        session = _answer(await client.post("/api/session", json=body))
        yield Person(client, session["csrf"])


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        words = response.json().get("detail", "")
    except ValueError:
        words = ""
    raise ApiError(f"{response.request.method} {response.url.path}: {response.status_code} {words}".strip())
