"""A camera's password goes in once and comes out nowhere: not in an answer, a log, an event, a file."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from hotline.inventory import add_camera
from hotline.people import accounts
from hotline.sealing import open_key_store
from tests.hotline.house import NETWORKS, PEOPLE, House, camera, house, share_body
from tests.hotline.test_access import BODIES, TABLE, described
from tests.hotline.test_events import listening
from tests.support.canary import CANARY

PERSONS = CANARY + "-person"


async def test_camera_and_person_passwords_come_out_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    async with house(tmp_path, over_http=True) as home:
        made = home.records
        await add_camera(
            made.database,
            camera(9, username="viewer", password=CANARY),
            keys=made.keys,
            networks=NETWORKS,
            actor=made.me,
            now=time.time(),
        )
        await accounts.set_password(made.database, "operator", PERSONS, actor=made.me, now=time.time())
        operator = await home.client("operator", PERSONS)
        await home.service.reconciler.sync()
        incident = (await home.incident(operator))["id"]
        async with listening(operator) as heard:
            body = share_body(cameras=["camera-1", "camera-9"])
            share = (await operator.post(f"/api/incidents/{incident}/shares", json=body)).json()["id"]
            # The camera is tried with its password; its port is closed.
            await heard.first(
                "feeds", lambda data: data["feeds"].get("camera-9", {}).get("state") == "offline"
            )
            seen += [json.dumps(data) for _, _, data in heard.events]
        for who in PEOPLE:
            asker = operator if who == "operator" else await home.client(who)
            for method, path in sorted(described(home.app.openapi())):
                if path == "/api/events" or (method, path) == ("delete", "/api/session"):
                    continue
                url = path.format(incident=incident, share=share, camera="camera-9")
                answer = await asker.request(method, url, json=BODIES.get((method, path)))
                seen.append(answer.text + str(answer.headers))
        assert len(seen) > len(TABLE) * len(PEOPLE)
        seen.append((await operator.get("/api/openapi.json")).text)
    for text in [*seen, caplog.text, repr(home.service), repr(home.app.state.__dict__)]:
        assert CANARY not in text
    for file in await asyncio.to_thread(lambda: [each for each in tmp_path.rglob("*") if each.is_file()]):
        assert CANARY.encode() not in await asyncio.to_thread(file.read_bytes), file
    assert_signing_key_is_secret(home, seen)


def assert_signing_key_is_secret(home: House, seen: list[str]) -> None:
    keys = open_key_store(home.directory / "secrets" / "hotline.key")
    content = json.loads((home.directory / "secrets" / "hotline.key").read_text())
    assert keys.token_key == home.service.token_key
    for secret in (content["signing"], *content["sealing"], repr(keys.token_key)):
        assert all(secret not in text for text in seen)
        assert secret.encode() not in (home.directory / "hotline.db").read_bytes()
