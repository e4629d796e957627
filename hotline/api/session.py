"""/api/session: sign in, who am I, sign out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hotline import render
from hotline.api import schemas
from hotline.api.access import Anybody, ServiceHere, address_of, check_origin, cookie_name, session_token
from hotline.api.answers import answer, problems
from hotline.people import csrf
from hotline.people.signing_in import Identity, sign_in, sign_out
from hotline.service import Service

router = APIRouter(prefix="/api/session", tags=["session"])


@router.post("", response_model=schemas.Session, responses=problems(400, 401, 403, 422, 429))
async def open_session(request: Request, body: schemas.SignIn, service: ServiceHere) -> Response:
    """Sign in. Sets the session's cookie; `csrf` is the header X-CSRF-Token of every unsafe request."""
    check_origin(request)
    identity, token = await sign_in(
        service.database,
        body.username,
        body.password,
        passwords=service.passwords,
        policy=service.policy,
        address=address_of(request),
        now=service.utc(),
    )
    response = answer(_session(identity, token))
    response.set_cookie(
        cookie_name(service.secure),
        token,
        max_age=int(service.policy.lasting_s),
        path="/",
        secure=service.secure,
        httponly=True,
        samesite="strict",
    )
    return response


@router.get("", response_model=schemas.Session, responses=problems(401))
async def get_session(request: Request, identity: Anybody, service: ServiceHere) -> Response:
    """Who is signed in."""
    token = session_token(request, service)
    assert token is not None  # `Anybody` found it
    return answer(_session(identity, token))


@router.delete("", status_code=204, responses=problems(401, 403))
async def close_session(identity: Anybody, service: ServiceHere) -> Response:
    """Sign out: this sign-in ends, and its event streams say so."""
    await sign_out(service.database, identity, now=service.utc())
    service.broker.signed_out(identity.sign_in)
    response = Response(status_code=204)
    forget(response, service)
    return response


def forget(response: Response, service: Service) -> None:
    """Takes the cookie back."""
    response.delete_cookie(
        cookie_name(service.secure), path="/", secure=service.secure, httponly=True, samesite="strict"
    )


def _session(identity: Identity, token: str) -> render.Json:
    return {"user": render.user(identity), "csrf": csrf.token(token)}
