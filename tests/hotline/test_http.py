"""What every answer carries, the bound of a body, and the pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hotline import page_routes
from hotline.http_guard import MAX_BODY, content_security_policy
from tests.hotline.house import house

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (part.partition(" ") for part in policy.split("; "))}


async def test_every_answer_carries_the_headers(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        for path in ("/", "/login", "/api/health", "/api/nothing", "/assets/none.js", "/whep/camera-1"):
            answer = await client.get(path)
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (path, name)
            policy = directives(answer.headers["content-security-policy"])
            assert policy["script-src"] == policy["connect-src"] == "'self'"
            assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "server" not in answer.headers
            assert "strict-transport-security" not in answer.headers


def test_map_tiles_may_come_from_the_one_server_that_is_set() -> None:
    policy = directives(content_security_policy("https://tiles.city.example/{z}/{x}/{y}.png"))
    assert policy["img-src"] == "'self' data: blob: https://tiles.city.example"
    assert directives(content_security_policy("/tiles/{z}/{x}/{y}.png"))["img-src"] == "'self' data: blob:"


async def test_a_large_body_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        client = await home.client()
        said = await client.post("/api/session", content=b"x" * (MAX_BODY + 1))

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b" " * 65_536

        unsaid = await client.post(
            "/api/session", content=chunks(), headers={"Content-Type": "application/json"}
        )
        for answer in (said, unsaid):
            assert answer.status_code == 413
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_openapi_has_examples_and_tags_and_no_page_of_strangers_scripts(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        schema = (await client.get("/api/openapi.json")).json()
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                assert operation["tags"], (path, method)
                assert operation["summary"], (path, method)
        for name in ("SignIn", "NewIncident", "NewShare", "NewPreview", "Extension"):
            assert schema["components"]["schemas"][name]["examples"], name
        assert (await client.get("/docs")).status_code == 404
        assert (await client.get("/redoc")).status_code == 404


async def test_health_is_for_everybody_and_says_when_a_part_failed(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        assert (await client.get("/api/health")).json() == {"status": "ok"}
        home.service.failed.set()
        answer = await client.get("/api/health")
        assert (answer.status_code, answer.json()) == (503, {"status": "failed"})


def pages_of(directory: Path) -> httpx.AsyncClient:
    app = FastAPI()
    app.mount("/assets", page_routes.Assets(directory=directory / "assets", check_dir=False))
    app.include_router(page_routes.page_router(directory))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hotline.test")


def build(directory: Path) -> None:
    (directory / "assets").mkdir(parents=True)
    for name in page_routes.PAGES:
        (directory / f"{name}.html").write_text(f"<!doctype html>{name}")
    (directory / "assets" / "app-1a2b.js").write_text("export {}")
    (directory / "icon.svg").write_text("<svg/>")
    (directory / ".hidden").write_text("x")
    (directory.parent / "outside.txt").write_text("x")


async def test_pages_are_asked_for_anew_and_assets_kept(tmp_path: Path) -> None:
    await asyncio.to_thread(build, tmp_path / "pages")
    async with pages_of(tmp_path / "pages") as client:
        for name in page_routes.PAGES:
            page = await client.get(f"/{name}")
            assert (page.status_code, page.text) == (200, f"<!doctype html>{name}")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["cache-control"] == "no-cache"
            same = await client.get(f"/{name}", headers={"If-None-Match": page.headers["etag"]})
            assert same.status_code in (200, 304)
        asset = await client.get("/assets/app-1a2b.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "javascript" in asset.headers["content-type"]
        assert (await client.get("/assets/none.js")).status_code == 404
        assert (await client.get("/icon.svg")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/.hidden", "/..%2Foutside.txt", "/%2e%2e/outside.txt", "/assets/..%2f..%2foutside.txt", "/assets"],
)
async def test_nothing_but_the_pages_is_served(tmp_path: Path, path: str) -> None:
    await asyncio.to_thread(build, tmp_path / "pages")
    async with pages_of(tmp_path / "pages") as client:
        answer = await client.get(path)
        assert answer.status_code in (307, 404)
        assert answer.text != "x"


async def test_pages_that_are_not_built_say_how(tmp_path: Path) -> None:
    async with pages_of(tmp_path / "none") as client:
        answer = await client.get("/operator")
        assert answer.status_code == 503
        assert "make install" in answer.text
        assert "<" not in answer.text
        assert (await client.get("/assets/x.js")).status_code == 404


async def test_the_front_door_leads_to_the_page_of_the_role(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for who, page in (
            (None, "/login"),
            ("administrator", "/operator"),
            ("operator", "/operator"),
            ("dispatcher", "/control-room"),
            ("crew", "/vehicle"),
        ):
            answer = await (await home.client(who)).get("/")
            assert (answer.status_code, answer.headers["location"]) == (303, page)
        stale = await home.client()
        stale.cookies.set("hotline", "a cookie of yesterday")
        assert (await stale.get("/")).headers["location"] == "/login"
