"""Who asks, and whether the role may: the dependencies of every endpoint.

A role that may never do a thing gets 403; a thing that is somebody else's gets 404, as if it were not there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from hotline.actor import Role
from hotline.errors import Forbidden, SignInRefused
from hotline.people import csrf
from hotline.people.signing_in import Identity, identify
from hotline.service import Service

_LONGEST_TOKEN = 200

Check = Callable[..., Awaitable[Identity]]


def service_of(request: Request) -> Service:
    """The parts behind the API, there once the application has started."""
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(service_of)]


def cookie_name(secure: bool) -> str:
    """`__Host-` binds the cookie to this host over HTTPS (RFC 6265bis §4.1.3.2)."""
    return "__Host-hotline" if secure else "hotline"


def session_token(request: Request, service: Service) -> str | None:
    """The secret of the session's cookie, if there is one of a possible form."""
    token = request.cookies.get(cookie_name(service.secure))
    return token if token and len(token) <= _LONGEST_TOKEN else None


def address_of(request: Request) -> str | None:
    """Where the request came from."""
    return request.client.host if request.client is not None else None


def check_origin(request: Request) -> None:
    """Raises `Forbidden` when the browser says that another site's page made the request."""
    headers = request.headers
    if not csrf.from_our_page(headers.get("host"), headers.get("origin"), headers.get("sec-fetch-site")):
        raise _forged()


async def current(request: Request, service: ServiceHere) -> Identity:
    """Whoever is signed in; for unsafe methods only with the proof that a page of ours asks.

    Raises `SignInRefused` or `Forbidden`.
    """
    token = session_token(request, service)
    if token is None:
        raise SignInRefused("Sign in first.", "먼저 로그인하십시오.")
    identity = await identify(
        service.database, token, policy=service.policy, address=address_of(request), now=service.utc()
    )
    if request.method not in csrf.SAFE_METHODS:
        check_origin(request)
        if not csrf.token_matches(token, request.headers.get(csrf.HEADER)):
            raise _forged()
    return identity


def only(*roles: Role) -> Check:
    """A dependency that lets these roles pass. Raises `Forbidden` for the others."""

    async def checked(identity: Annotated[Identity, Depends(current)]) -> Identity:
        if identity.role not in roles:
            raise Forbidden("Your account is not for this.", "이 계정으로는 할 수 없는 작업입니다.")
        return identity

    return checked


Anybody = Annotated[Identity, Depends(current)]
Centre = Annotated[Identity, Depends(only(Role.OPERATOR, Role.ADMINISTRATOR))]
Administrator = Annotated[Identity, Depends(only(Role.ADMINISTRATOR))]


def _forged() -> Forbidden:
    return Forbidden(
        "The request does not come from a page of this service; load the page again.",
        "이 서비스의 페이지에서 온 요청이 아닙니다. 페이지를 새로고침하십시오.",
    )
