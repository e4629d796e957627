"""Start and end of the whole service."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest

from config.settings import RelayRoom, TurnServer
from hotline.app import create_app
from hotline.sealing import KeyStoreError
from hotline.shares import get_share
from hotline.supervisor import Part, Supervisor
from hotline.viewings import Viewings, list_viewings
from tests.hotline.house import house, settings
from tests.hotline.test_viewings import shared, viewing
from tests.support.canary import CANARY


async def test_it_starts_and_ends_twice_on_one_database(tmp_path: Path) -> None:
    for _ in range(2):
        app = create_app(settings(tmp_path))
        async with app.router.lifespan_context(app):
            assert app.state.service.relay.revision == 0
            assert app.state.service.relay.port > 0
        assert not app.state.service.failed.is_set()


async def test_a_start_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        share = await home.share(operator, (await home.incident(operator))["id"])
    app = create_app(settings(tmp_path))
    async with app.router.lifespan_context(app):
        service = app.state.service
        assert service.broker.cameras() == {"camera-1", "camera-2"}
        token, _ = service.view_token(
            "unit:room", await get_share(service.database, share["id"], now=time.time()), "somebody"
        )
        assert service.relay.check("camera-2", token)[1].share == share["id"]


async def test_viewings_that_a_crash_left_open_are_closed_at_the_start(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        share, grant = await shared(home.records)
        await Viewings(home.records.database).opened(viewing(home.records, share, grant))
    app = create_app(settings(tmp_path))
    async with app.router.lifespan_context(app):
        (seen,) = await list_viewings(app.state.service.database)
        assert seen.close_reason == "service_stopped"


async def test_a_media_port_that_is_taken_is_a_start_that_fails_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        room = RelayRoom(hosts=("127.0.0.1",), udp_port=taken.getsockname()[1], tcp_port=0)
        app = create_app(settings(tmp_path).model_copy(update={"relay": room}))
        with pytest.raises(BaseExceptionGroup) as failed:
            async with app.router.lifespan_context(app):
                pytest.fail("it must not start")
    assert "the relay did not start" in repr(failed.value.exceptions)
    assert "relay failed" in caplog.text


def test_a_key_file_that_others_may_read_is_no_start(tmp_path: Path) -> None:
    create_app(settings(tmp_path))
    (tmp_path / "secrets" / "hotline.key").chmod(0o640)
    with pytest.raises(KeyStoreError):
        create_app(settings(tmp_path))


async def test_parts_end_in_the_reverse_order_and_one_that_hangs_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []
    release = asyncio.Event()

    def part(name: str, *, hangs: bool = False) -> Part:
        async def run() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)
                if hangs:
                    await release.wait()

        return Part(name, run, 0.1)

    supervisor = Supervisor((part("first"), part("second", hangs=True), part("third")), lambda: None)
    async with asyncio.TaskGroup() as group:
        supervisor.start(group)
        await asyncio.sleep(0)
        async with asyncio.timeout(10):  # and not as long as the one that hangs
            await supervisor.stop()
        assert ended == ["third", "second", "first"]
        release.set()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "second did not end within 0.1 s"
    ]


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_a_part_that_ends_by_itself_is_told_and_the_others_go_on(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    failed = asyncio.Event()
    alive = asyncio.Event()

    async def breaks() -> None:
        if how == "raises":
            raise OSError("no such thing")

    async def lives() -> None:
        await failed.wait()
        alive.set()
        await asyncio.Event().wait()

    supervisor = Supervisor((Part("one", breaks, 1), Part("other", lives, 1)), failed.set)
    async with asyncio.TaskGroup() as group:
        supervisor.start(group)
        async with asyncio.timeout(1):
            await alive.wait()
        await supervisor.stop()
    assert "one failed" in caplog.text or "one ended by itself" in caplog.text


def test_the_secret_of_a_turn_server_comes_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "turn.secret"
    turn = TurnServer(url="turn:192.0.2.10:3478", secret_file=secret)
    changed = settings(tmp_path)
    changed = changed.model_copy(update={"relay": changed.relay.model_copy(update={"turn_servers": (turn,)})})
    with pytest.raises(KeyStoreError, match=r"turn\.secret"):
        create_app(changed)
    secret.write_text(CANARY)
    secret.chmod(0o600)
    relay = create_app(changed).state.service.relay
    (used,) = relay._settings.turn_servers
    assert (used.url, used.secret, used.lifetime_s) == ("turn:192.0.2.10:3478", CANARY, 3600.0)
    assert CANARY not in repr(used)
