from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotline import shares
from hotline.actor import Role
from hotline.errors import Throttled
from hotline.events import MOST_PER_SIGN_IN, QUEUE, Event, Listener
from hotline.people import accounts
from hotline.people.accounts import UserRecord
from hotline.people.signing_in import Identity
from tests.hotline.house import House, house
from tests.hotline.test_shares import open_share
from tests.support.waiting import until


@dataclass
class Heard:
    """What one event stream said so far."""

    events: list[tuple[str, str, Any]] = field(default_factory=list)
    over: bool = False

    def of(self, kind: str) -> list[Any]:
        return [data for each, _, data in self.events if each == kind]

    async def first(self, kind: str, where: Any = lambda _: True) -> Any:
        found = await until(lambda: [data for data in self.of(kind) if where(data)], f"{kind} is heard")
        return found[0]


@asynccontextmanager
async def listening(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Heard]:
    heard = Heard()
    opened = asyncio.Event()

    async def listen() -> None:
        async with client.stream("GET", "/api/events", headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            opened.set()
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                else:
                    heard.events.append((fields["event"], fields["id"], json.loads(fields["data"])))
                    fields = {}
        heard.over = True

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        async with asyncio.timeout(5):
            await opened.wait()
        try:
            yield heard
        finally:
            task.cancel()


async def test_a_stream_begins_with_a_snapshot_also_after_a_reconnect(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        operator = await home.client("operator")
        incident = await home.incident(operator)
        share = await home.share(operator, incident["id"])
        for headers in ({}, {"Last-Event-ID": "whatever-77"}):
            async with listening(operator, **headers) as heard:
                snapshot = await heard.first("snapshot")
                assert heard.events[0][0] == "snapshot"
                assert [each["id"] for each in snapshot["shares"]] == [share["id"]]
                assert snapshot["shares"][0] == share
                assert [each["id"] for each in snapshot["incidents"]] == [incident["id"]]


async def test_units_hear_of_their_own_shares_only_and_of_no_incident(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        operator, room, other = [await home.client(each) for each in ("operator", "dispatcher", "stranger")]
        async with listening(room) as hears, listening(other) as strange, listening(operator) as desk:
            assert "incidents" not in await hears.first("snapshot")
            incident = await home.incident(operator)
            share = await home.share(operator, incident["id"])
            assert (await hears.first("share"))["share"] == share
            assert (await desk.first("incident"))["incident"]["number"] == incident["number"]
            await operator.post(f"/api/shares/{share['id']}/end")
            ended = await hears.first("share", lambda data: data["share"]["state"] == "ended")
            assert ended["share"]["end_reason"]["code"] == "ended"
            await strange.first("feeds")
            assert strange.of("share") == []
            assert hears.of("incident") == []
            ids = [each for _, each, _ in desk.events]
            assert len(set(ids)) == len(ids)


async def test_a_preview_is_no_share_to_anybody_but_its_feeds_are_the_owners(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        operator, colleague = await home.client("operator"), await home.client("colleague")
        incident = (await home.incident(operator))["id"]
        async with listening(operator) as mine, listening(colleague) as others:
            await operator.post(f"/api/incidents/{incident}/preview", json={"cameras": ["camera-3"]})
            feeds = await mine.first("feeds", lambda data: data["feeds"])
            assert set(feeds["feeds"]) == {"camera-3"}
            count = len(others.of("feeds"))
            await until(lambda: len(others.of("feeds")) > count + 1)
            assert all(data["feeds"] == {} for data in others.of("feeds"))
            assert mine.of("share") == others.of("share") == []


async def test_feeds_say_what_is_true_of_the_cameras_that_are_shared(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        await home.share(operator, (await home.incident(operator))["id"])
        async with listening(room) as heard:
            # One that is not called yet is offline because nobody asked for it.
            feeds = await heard.first(
                "feeds",
                lambda data: (
                    (data["feeds"].get("camera-1", {}).get("reason") or {}).get("code", "stopped")
                    != "stopped"
                ),
            )
            assert set(feeds["feeds"]) == {"camera-1", "camera-2"}
            feed = feeds["feeds"]["camera-1"]
            assert feed["reason"] == {
                "code": "refused",
                "ko": "카메라 포트가 닫혀 있음",
                "en": "The camera's port is closed",
            }
            # The snapshot may fall into an attempt: then the time of that one is told.
            assert feed["since"] <= min(feeds["now"], feed["next_attempt_at"])
            assert (feed["newest_rtp"], feed["newest_at"], feed["limit_ms"]) == (None, None, 1000)


async def test_feeds_come_every_half_second_even_when_there_are_none(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home, listening(await home.client("crew")) as heard:
        await until(lambda: len(heard.of("feeds")) >= 4, deadline=5)
        times = [data["now"] for data in heard.of("feeds")]
        assert times == sorted(times)
        assert all(data["feeds"] == {} for data in heard.of("feeds"))


async def test_signing_out_says_goodbye_to_this_sign_in_only(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        one, other = await home.client("operator"), await home.client("operator")
        async with listening(one) as leaves, listening(other) as stays:
            await one.delete("/api/session")
            assert await leaves.first("bye") == {"reason": "signed_out"}
            await until(lambda: leaves.over)
            count = len(stays.of("feeds"))
            await until(lambda: len(stays.of("feeds")) > count + 1)
            assert stays.of("bye") == []


async def test_a_removed_account_is_told_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.events.SIGN_INS_S", 0.2)
    async with house(tmp_path, over_http=True) as home, listening(await home.client("crew")) as heard:
        await heard.first("snapshot")
        made = home.records
        await accounts.remove_user(made.database, "crew", actor=made.me, now=time.time())
        await heard.first("bye")


async def test_what_the_command_line_changes_comes_as_a_new_snapshot(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home, listening(await home.client("dispatcher")) as heard:
        await heard.first("snapshot")
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        share = await open_share(home.records, incident, time.time())  # past the API
        snapshot = await heard.first("snapshot", lambda data: data["shares"])
        assert [each["id"] for each in snapshot["shares"]] == [share.id]
        await shares.end_share(
            home.records.database, share.id, actor=home.records.actor("operator"), now=time.time()
        )
        await until(lambda: heard.of("snapshot")[-1]["shares"] == [])


async def test_the_service_ends_streams_without_a_goodbye(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home, listening(await home.client("crew")) as heard:
        await heard.first("snapshot")
        home.service.broker.close()
        await until(lambda: heard.over)
        assert heard.of("bye") == []


async def test_a_browser_that_goes_is_forgotten(tmp_path: Path) -> None:
    async with house(tmp_path, over_http=True) as home:
        async with listening(await home.client("crew")) as heard:
            await heard.first("snapshot")
            assert home.service.broker.listeners == 1
        await until(lambda: home.service.broker.listeners == 0)


def identity(sign_in: str = "s") -> Identity:
    return Identity(UserRecord("u", "u", "U", Role.OPERATOR, None), None, sign_in, 0.0, 0.0, None)


async def test_a_listener_that_falls_behind_is_cut_off_and_feeds_never_queue() -> None:
    listener = Listener(identity())
    for number in range(1000):
        listener.push_feeds(Event(str(number), "feeds", "{}"))
    assert [event.id for event in await listener.next()] == ["999"]
    for number in range(QUEUE):
        listener.push(Event(str(number), "share", "{}"))
    over = [listener.over]
    listener.push(Event("one too many", "share", "{}"))
    assert [*over, listener.over] == [False, True]
    assert len(await listener.next()) == QUEUE
    assert await listener.next() == []


async def test_windows_of_one_sign_in_are_bounded(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await fill(home)


async def fill(home: House) -> None:
    broker = home.service.broker
    listeners = [broker.listening(identity()) for _ in range(MOST_PER_SIGN_IN)]
    for each in listeners:
        each.__enter__()
    with pytest.raises(Throttled):
        broker.demand_room(identity())
    broker.demand_room(identity("another"))
    for each in listeners:
        each.__exit__(None, None, None)
    broker.demand_room(identity())
