from __future__ import annotations

from pathlib import Path

from hotline.api.access import cookie_name
from tests.hotline.house import PASSWORD, house
from tests.support.canary import CANARY


async def test_in_who_am_i_and_out(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        answer = await client.post("/api/session", json={"username": "dispatcher", "password": PASSWORD})
        body = answer.json()
        assert body["user"] == {
            "id": home.records.users["dispatcher"],
            "username": "dispatcher",
            "name": "Dispatcher",
            "role": "dispatcher",
            "unit": {
                "id": "room",
                "name_ko": "room 수신처",
                "name_en": "room",
                "kind": "control_room",
                "call_sign": None,
            },
        }
        assert (await client.get("/api/session")).json() == body
        client.headers["X-CSRF-Token"] = body["csrf"]
        cookie = client.cookies["hotline"]
        out = await client.delete("/api/session")
        assert out.status_code == 204
        assert "hotline" not in client.cookies
        client.cookies.set("hotline", cookie)  # a copy of the cookie is worth nothing any more
        assert (await client.get("/api/session")).status_code == 401


async def test_the_cookie_is_hardened(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        answer = await client.post("/api/session", json={"username": "operator", "password": PASSWORD})
        cookie = answer.headers["set-cookie"].lower()
        for attribute in ("httponly", "samesite=strict", "path=/", "max-age=43200"):
            assert attribute in cookie
        assert "domain=" not in cookie
        assert client.cookies["hotline"] not in answer.text
    assert cookie_name(secure=True) == "__Host-hotline"


async def test_refusals(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        wrong = await client.post("/api/session", json={"username": "operator", "password": CANARY})
        unknown = await client.post("/api/session", json={"username": CANARY, "password": CANARY})
        assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
        assert wrong.status_code == 401
        assert wrong.json()["detail_ko"] == "이름 또는 비밀번호가 올바르지 않습니다."
        foreign = await client.post(
            "/api/session",
            json={"username": "operator", "password": PASSWORD},
            headers={"Origin": "https://evil.example"},
        )
        assert foreign.status_code == 403
        for _ in range(2):
            await client.post("/api/session", json={"username": "operator", "password": "wrong"})
        late = await client.post("/api/session", json={"username": "operator", "password": PASSWORD})
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) >= 1


async def test_a_refused_password_is_in_no_answer(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = await home.client()
        for body in (
            {"username": "operator", "password": CANARY, "extra": CANARY},
            {"username": "operator", "password": [CANARY]},
            {"username": {"a": CANARY}, "password": CANARY},
            {"username": "operator", "password": CANARY + "x" * 1000},
        ):
            answer = await client.post("/api/session", json=body)
            assert answer.status_code == 422
            assert CANARY not in answer.text
        answer = await client.post(
            "/api/session",
            content='{"password": "' + CANARY,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400
        assert CANARY not in answer.text
