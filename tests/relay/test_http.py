"""WHEP over HTTP, as a player and as somebody who means harm would use it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from fastapi import FastAPI

from relay.http import whep_router
from relay.relay import Relay
from relay.settings import RelaySettings, TurnServer
from relay.throttle import FAILURES
from relay.wish import LACKS
from streams.state import Connecting
from tests.support.waiting import until

from .house import House, Recorder, house
from .siege import NEVER
from .studio import Studio, studio

OFFER = (Path(__file__).parent / "offers" / "chromium_video.sdp").read_bytes()
AUDIO = (Path(__file__).parent / "offers" / "chromium_audio.sdp").read_bytes()
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
RESTART = b"a=ice-ufrag:NewOne\r\na=ice-pwd:" + b"x" * 24 + b"\r\n"
TRICKLE = b"a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"


@asynccontextmanager
async def served(**changes: Any) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """A relay with two cameras, one of them granted, and a client."""
    async with (
        studio(("cam-1", "cam-2")) as cameras,
        house(cameras, **changes) as ours,
        httpx.AsyncClient(base_url=ours.base_url, trust_env=False) as client,
    ):
        ours.grant(("cam-1",))
        yield ours, client


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def problem(response: httpx.Response, status: int) -> dict[str, object]:
    """The problem details of a refusal, checked."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = json.loads(response.content)
    assert body["status"] == status
    assert body["title"]
    assert body["title_ko"]
    assert body["detail"]
    return body


async def test_an_offer_is_answered_with_a_resource() -> None:
    turn = TurnServer("turn:turn.example:3478", "turn-secret")
    async with served(turn_servers=(turn,)) as (ours, client):
        response = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())})
        assert response.status_code == 201
        assert response.headers["content-type"] == "application/sdp"
        assert re.fullmatch(r"/whep/cam-1/[\w-]{24}", response.headers["location"])
        assert re.fullmatch(r'"\S+"', response.headers["etag"])
        assert response.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["link"].startswith("<turn:turn.example:3478>")
        assert "a=sendonly" in response.text
        assert f" 127.0.0.1 {ours.relay.port} typ host" in response.text


async def test_without_a_good_token_every_answer_is_the_same_401() -> None:
    async with served() as (ours, client):
        bodies = []
        for header in (
            {},
            {"Authorization": "Basic dTpw"},
            bearer("a.b.c"),
            bearer(ours.token(seconds=-60)),
            bearer(jwt.encode({"aud": "whep", "iss": "hotline", "exp": 9_000_000_000}, bytes(32))),
        ):
            response = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **header})
            assert response.headers["www-authenticate"] == 'Bearer realm="whep"'
            bodies.append(problem(response, 401))
        assert all(body == bodies[0] for body in bodies)
        # Nor does the answer tell whether the camera exists.
        response = await client.post("/whep/no-such", content=OFFER, headers=SDP)
        assert problem(response, 401) == bodies[0]


async def test_an_unknown_camera_and_one_without_a_grant_are_the_same_404() -> None:
    async with served() as (ours, client):
        headers = {**SDP, **bearer(ours.token())}
        bodies = [
            problem(await client.post(f"/whep/{camera}", content=OFFER, headers=headers), 404)
            for camera in ("cam-2", "no-such", "%2e%2e", "cam-1%00")
        ]
        assert all(body == bodies[0] for body in bodies)
        for other in (ours.token(unit="other"), ours.token(share="other")):
            response = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(other)})
            assert problem(response, 404) == bodies[0]


async def test_an_offline_camera_is_409_with_the_time_to_come_back() -> None:
    async with served() as (ours, client):
        ours.studio.cameras["cam-1"].offline()
        response = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())})
        problem(response, 409)
        assert int(response.headers["retry-after"]) >= 1


async def test_a_connecting_camera_is_201() -> None:
    async with studio() as cameras, house(cameras, profile_wait_s=0.05) as ours:
        camera = cameras.cameras["cam-1"]
        camera.running.clear()
        camera.connecting()
        ours.grant()
        async with httpx.AsyncClient(base_url=ours.base_url, trust_env=False) as client:
            response = await client.post(
                "/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())}
            )
        assert response.status_code == 201
        assert all(isinstance(each.state, Connecting) for each in camera.renditions.values())


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (OFFER, "text/plain", 415),
        (OFFER, "", 415),
        (b"", "application/sdp", 400),
        (b"hello", "application/sdp", 400),
        (AUDIO, "application/sdp", 406),
        (OFFER.replace(b"H264", b"VP8x"), "application/sdp", 406),
        (OFFER + b"a" * (1 << 20), "application/sdp", 413),
        (OFFER + b"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 5_000, "application/sdp", 413),
    ],
)
async def test_what_cannot_be_answered_is_refused(content: bytes, kind: str, status: int) -> None:
    async with served() as (ours, client):
        headers = {"Content-Type": kind, **bearer(ours.token())}
        problem(await client.post("/whep/cam-1", content=content, headers=headers), status)
        assert ours.relay.viewers() == []


async def test_a_wrong_profile_is_named() -> None:
    async with served() as (ours, client):
        response = await client.post(
            "/whep/cam-1?profile=huge", content=OFFER, headers={**SDP, **bearer(ours.token())}
        )
        assert "main or sub" in str(problem(response, 400)["detail"])


async def raw(ours: House, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = urlsplit(ours.base_url).port
    assert port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    return reader, writer


async def test_a_chunked_flood_is_cut_off_at_the_limit() -> None:
    async with served() as (ours, _):
        head = (
            f"POST /whep/cam-1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\n"
            f"Authorization: Bearer {ours.token()}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        reader, writer = await raw(ours, head.encode())
        sent = 0
        try:
            while sent < 4 << 20:
                writer.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
                sent += 0x10000
                await writer.drain()
        except ConnectionError:
            pass
        else:
            async with asyncio.timeout(5):
                assert b"413" in await reader.readline()
        assert ours.relay.viewers() == []
        writer.close()


async def test_a_body_that_trickles_in_is_408() -> None:
    async with served(body_deadline_s=0.3) as (ours, _):
        head = (
            f"POST /whep/cam-1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\n"
            f"Authorization: Bearer {ours.token()}\r\nContent-Length: 1000\r\n\r\nv=0"
        )
        reader, writer = await raw(ours, head.encode())
        async with asyncio.timeout(5):
            assert b"408" in await reader.readline()
        writer.close()


async def test_limits_say_when_to_come_back() -> None:
    async with served(max_viewers=4, max_viewers_per_feed=3, max_viewers_per_grant=2) as (ours, client):
        ours.grant(("cam-1", "cam-2"))
        here = {**SDP, **bearer(ours.token())}

        async def post(camera: str) -> httpx.Response:
            return await client.post(f"/whep/{camera}", content=OFFER, headers=here)

        assert [(await post("cam-1")).status_code for _ in range(2)] == [201, 201]
        refused = await post("cam-1")
        problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
        assert [(await post("cam-2")).status_code for _ in range(2)] == [201, 201]
        refused = await post("cam-2")
        problem(refused, 503)
        assert int(refused.headers["retry-after"]) > 0
        (first, *_) = ours.relay.viewers()
        await client.delete(f"/whep/{first.camera}/{first.id}")
        assert (await post(first.camera)).status_code == 201


async def test_hundreds_of_offers_leave_nothing_behind() -> None:
    # Client and relay share one loop here and keep it full: admission by load is not what is looked at.
    async with served(max_viewers_per_grant=50, ice_deadline_s=0.3, busy_share=NEVER, busy_lag_s=NEVER) as (
        ours,
        client,
    ):
        headers = {**SDP, **bearer(ours.token())}
        counts: dict[int, int] = {}
        for _ in range(6):
            answers = await asyncio.gather(
                *(client.post("/whep/cam-1", content=OFFER, headers=headers) for _ in range(50))
            )
            for answer in answers:
                counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        assert counts.keys() <= {201, 429}
        assert counts[201] >= 50
        await until(lambda: ours.relay.viewers() == [], deadline=5)
        assert len(ours.relay.peers) == 0


async def test_discovery() -> None:
    async with served() as (_, client):
        for path in ("/whep/cam-1", "/whep/no-such"):
            head = await client.head(path)
            assert head.status_code == 200
            assert head.headers["content-type"] == "application/sdp"
            assert (await client.get(path)).content == b""
            options = await client.options(path)
            assert options.status_code == 200
            assert options.headers["accept-post"] == "application/sdp"
        assert "DELETE" in (await client.options("/whep/cam-1/some-viewer")).headers["allow"]


async def test_trickle_and_restart_by_patch() -> None:
    async with served() as (ours, client):
        token = bearer(ours.token())
        posted = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **token})
        resource, etag = posted.headers["location"], posted.headers["etag"]

        async def patch(body: bytes, **headers: str) -> httpx.Response:
            return await client.patch(resource, content=body, headers={**FRAGMENT, **token, **headers})

        assert (await patch(TRICKLE, **{"If-Match": etag})).status_code == 204
        problem(await patch(TRICKLE), 428)
        problem(await patch(TRICKLE, **{"If-Match": '"other"'}), 412)
        problem(await patch(RESTART, **{"If-Match": '"other"'}), 412)
        problem(await patch(b"nothing", **{"If-Match": etag}), 400)
        problem(await client.patch(resource, content=OFFER, headers={**SDP, **token, "If-Match": etag}), 415)
        problem(await client.patch(resource, content=TRICKLE, headers={**FRAGMENT, "If-Match": etag}), 401)

        restarted = await patch(RESTART, **{"If-Match": "*"})
        assert restarted.status_code == 200
        assert restarted.headers["content-type"] == "application/trickle-ice-sdpfrag"
        assert restarted.headers["etag"] != etag
        assert "a=ice-ufrag:" in restarted.text
        assert f" 127.0.0.1 {ours.relay.port} typ host" in restarted.text
        problem(await patch(TRICKLE, **{"If-Match": etag}), 412)
        assert (await client.head(resource)).headers["etag"] == restarted.headers["etag"]


async def test_who_asks_again_and_again_is_told_to_wait_and_nobody_else() -> None:
    async with served(max_viewers_per_grant=1, offers_per_s=0.1, busy_share=NEVER, busy_lag_s=NEVER) as (
        ours,
        client,
    ):
        headers = {**SDP, **bearer(ours.token())}
        for _ in range(4):
            posted = await client.post("/whep/cam-1", content=OFFER, headers=headers)
            assert (await client.delete(posted.headers["location"])).status_code == 200
        late = await client.post("/whep/cam-1", content=OFFER, headers=headers)
        assert "offers" in str(problem(late, 429)["detail"])
        assert 1 <= int(late.headers["retry-after"]) <= 100
        ours.grant(("cam-1",), unit="other")
        other = {**SDP, **bearer(ours.token(unit="other"))}
        assert (await client.post("/whep/cam-1", content=OFFER, headers=other)).status_code == 201


async def test_of_two_restarts_at_once_the_second_is_told_that_it_is_late() -> None:
    async with served() as (ours, client):
        first = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())})
        resource, etag = first.headers["location"], first.headers["etag"]
        headers = {**FRAGMENT, **bearer(ours.token()), "If-Match": etag}
        arrived, gates = asyncio.Semaphore(0), [asyncio.Event(), asyncio.Event()]

        async def slowly(name: bytes, gate: asyncio.Event) -> AsyncIterator[bytes]:
            yield RESTART[:5]
            arrived.release()
            await gate.wait()
            yield RESTART[5:].replace(b"NewOne", name)

        async with asyncio.TaskGroup() as group:
            requests = [
                group.create_task(client.patch(resource, content=slowly(name, gate), headers=headers))
                for name, gate in zip((b"One1", b"Two2"), gates, strict=True)
            ]
            for _ in gates:
                await arrived.acquire()
            await asyncio.sleep(0.1)  # both have their headers and half a body at the relay
            for gate, request in zip(gates, requests, strict=True):
                gate.set()
                await asyncio.wait({request})
        won, late = (request.result() for request in requests)
        assert won.status_code == 200
        problem(late, 412)
        look = await client.get(resource)
        assert look.headers["etag"] == won.headers["etag"]  # its answer still holds


async def test_restarts_pile_nothing_up() -> None:
    async with served() as (ours, client):
        token = bearer(ours.token())
        posted = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **token})
        for number in range(50):
            body = RESTART.replace(b"NewOne", b"New%03d" % number)
            answer = await client.patch(
                posted.headers["location"], content=body, headers={**FRAGMENT, **token, "If-Match": "*"}
            )
            assert answer.status_code == 200
        assert len(ours.relay.peers) == 2


async def test_another_units_viewer_cannot_be_changed() -> None:
    async with served() as (ours, client):
        posted = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())})
        resource = posted.headers["location"]
        for token in (ours.token(unit="other"), ours.token(share="other")):
            answer = await client.patch(
                resource, content=RESTART, headers={**FRAGMENT, **bearer(token), "If-Match": "*"}
            )
            problem(answer, 404)
        problem(await client.delete(resource[:-1] + "x"), 404)
        problem(await client.delete(resource.replace("cam-1", "cam-2")), 404)
        assert (await client.head(resource)).status_code == 204
        assert (await client.delete(resource)).status_code == 200
        assert (await client.head(resource)).status_code == 404


def test_every_route_is_described_once() -> None:
    app = FastAPI()
    app.include_router(whep_router(Relay(RelaySettings(), Studio({}), Recorder(), bytes(32))))
    assert set(app.openapi()["paths"]) == {
        "/whep/{camera}",
        "/whep/{camera}/{viewer}",
        "/whep/{camera}/{viewer}/layer",
    }


async def test_failures_to_authenticate_are_slowed_and_a_good_token_is_not() -> None:
    async with served() as (ours, client):
        for _ in range(FAILURES):
            problem(await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer("a.b.c")}), 401)
        refused = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer("a.b.c")})
        problem(refused, 429)
        assert 0 < int(refused.headers["retry-after"]) <= 60
        good = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **bearer(ours.token())})
        assert good.status_code == 201


async def test_a_player_finds_the_layer_extension_and_asks_for_less() -> None:
    async with served() as (ours, client):
        authorized = bearer(ours.token())
        posted = await client.post("/whep/cam-1", content=OFFER, headers={**SDP, **authorized})
        (link,) = (each for each in posted.headers.get_list("link") if "core:layer" in each)
        assert link == f'<{posted.headers["location"]}/layer>; rel="urn:ietf:params:whep:ext:core:layer"'
        layer = posted.headers["location"] + "/layer"
        answered = await client.post(layer, json={"rid": "main", "maxWidth": 640}, headers=authorized)
        assert answered.status_code == 200
        assert answered.json() == {"rid": "main", "maxWidth": 640, "hidden": False, "active": None}
        (viewer,) = ours.relay._viewers.values()
        for lack, (english, korean) in LACKS.items():
            viewer.lack = lambda said=lack: said  # type: ignore[method-assign,misc]
            said = (await client.post(layer, json={}, headers=authorized)).json()["lack"]
            assert said == {"reason": lack.value, "detail": english, "detail_ko": korean}
        problem(await client.post(layer, json={"hidden": 1}, headers=authorized), 400)
        problem(await client.post(layer, content=b"{}", headers={**SDP, **authorized}), 415)
        problem(await client.post(layer, json={}), 401)
        problem(await client.post(layer, json={}, headers=bearer(ours.token(unit="other"))), 404)
        problem(await client.post("/whep/cam-1/nobody/layer", json={}, headers=authorized), 404)
        assert (await client.delete(posted.headers["location"])).status_code == 200
        problem(await client.post(layer, json={}, headers=authorized), 404)


async def test_a_worker_that_is_too_busy_takes_nobody_and_says_when_to_come_back() -> None:
    async with served(busy_share=0.0, max_viewers_per_grant=200) as (ours, client):
        headers = {**SDP, **bearer(ours.token())}
        async with asyncio.timeout(5):
            while True:  # until it has been observed for long enough to say so
                response = await client.post("/whep/cam-1", content=OFFER, headers=headers)
                if response.status_code != 201:
                    break
                await client.delete(response.headers["location"])
        problem(response, 503)
        assert int(response.headers["retry-after"]) >= 1
        assert ours.relay.statistics().turned_away >= 1
