"""Serves the built pages (`hotline/pages/`) and their files: login, operator, cameras, control room, vehicle.

Files under /assets have their content's hash in their names and are kept for ever; a page itself is asked for
anew each time, so that a new version is there at once. Belongs here: files. The pages' source is in `web/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hotline.actor import Role
from hotline.api.access import address_of, service_of, session_token
from hotline.errors import HotlineError
from hotline.people.signing_in import identify
from hotline.service import Service

BUILT = Path(__file__).parent / "pages"
PAGES = ("login", "operator", "cameras", "control-room", "vehicle")
HOMES = {
    Role.ADMINISTRATOR: "/operator",
    Role.OPERATOR: "/operator",
    Role.DISPATCHER: "/control-room",
    Role.CREW: "/vehicle",
}
NOT_BUILT = (
    "The pages are not built: run `make install`, or install Hotline from a wheel.\n"
    "페이지가 빌드되지 않았습니다. `make install`을 실행하거나 wheel로 설치하십시오.\n"
)


class Assets(StaticFiles):
    """Files whose names change with their content."""

    async def check_config(self) -> None:
        """Pages that are not built yet are no error of the server's: each file is simply not found."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A found file may be kept for a year without asking; anything else is not kept."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def page_router(directory: Path = BUILT) -> APIRouter:
    """The pages' routes and `/` (to the page of the role). `directory` may be filled later."""
    router = APIRouter(include_in_schema=False)

    def page(name: str) -> Response:
        file = directory / f"{name}.html"
        if not file.is_file():
            return PlainTextResponse(NOT_BUILT, 503, {"Cache-Control": "no-store"})
        return FileResponse(file, headers={"Cache-Control": "no-cache"}, media_type="text/html")

    for name in PAGES:
        router.add_api_route(
            f"/{name}", _endpoint(page, name), methods=["GET", "HEAD"], response_class=Response, name=name
        )

    @router.get("/")
    async def home(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
        token = session_token(request, service)
        target = "/login"
        if token is not None:
            try:
                identity = await identify(
                    service.database,
                    token,
                    policy=service.policy,
                    address=address_of(request),
                    now=service.utc(),
                )
                target = HOMES[identity.role]
            except HotlineError:
                target = "/login"  # signed out by now
        return RedirectResponse(target, 303, {"Cache-Control": "no-store"})

    @router.get("/{name}")
    async def beside(name: str) -> Response:
        """Files beside the pages, such as an icon or a service worker; nothing deeper, nothing hidden."""
        file = directory / name
        if name.startswith(".") or file.suffix in ("", ".html") or not file.is_file():
            raise HTTPException(404)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})

    return router


def _endpoint(page: Callable[[str], Response], name: str) -> Callable[[], Awaitable[Response]]:
    async def get() -> Response:
        return page(name)

    return get
