"""Service and command line check cameras by turns, whoever dies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hotline import readiness
from hotline.cli.checking import check_cameras
from hotline.directory import CameraDirectory
from hotline.errors import Conflict
from hotline.inventory import add_camera
from hotline.readiness import CameraReading
from hotline.sweep_turn import SweepTurn
from streams.state import Reason
from tests.cameras.fake import Asked, FakeCamera, Manners, Talk
from tests.hotline.house import NETWORKS, camera, house, records, settings
from tests.hotline.sweeps import daily_sweeper
from tests.support.waiting import until

HOLDER = """
import sys
from pathlib import Path
from hotline.sweep_turn import SweepTurn
turn = SweepTurn(Path(sys.argv[1]))
print(turn.take(), flush=True)
sys.stdin.read()
"""


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    service, command, other_house = SweepTurn(tmp_path), SweepTurn(tmp_path), SweepTurn(tmp_path.parent)
    assert service.take() and service.take() and not command.take()
    assert other_house.take()
    other_house.give_back()
    with pytest.raises(Conflict) as refused:
        command.demand()
    assert "already" in refused.value.detail and "이미" in refused.value.detail_ko
    service.demand()
    service.give_back()
    assert not command.take()  # one of the service's checks goes on
    service.give_back()
    assert command.take() and not service.take()
    command.give_back()
    assert list(tmp_path.iterdir()) == []


def test_without_a_directory_there_is_nobody_to_wait_for() -> None:
    one, other = SweepTurn(None), SweepTurn(None)
    assert one.take() and other.take()


def test_who_dies_has_it_no_more(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"True\n"
        turn = SweepTurn(tmp_path)
        assert not turn.take()
        holder.kill()
        holder.wait(30)
        assert turn.take()
        turn.give_back()


async def test_it_is_waited_for_and_that_is_said_once(tmp_path: Path) -> None:
    service, command = SweepTurn(tmp_path), SweepTurn(tmp_path)
    said: list[str] = []
    assert service.take()
    with pytest.raises(Conflict):
        async with command.held(0.0):
            raise AssertionError("it was not ours")

    async def wait() -> None:
        async with command.held(None, lambda: said.append("waiting")):
            assert not service.take()

    waiting = asyncio.create_task(wait())
    await until(lambda: said)
    service.give_back()
    await waiting
    assert said == ["waiting"]
    service.demand()


async def test_the_services_checks_wait_for_the_command_line(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=2) as made:
        directory = CameraDirectory(made.database, made.keys, NETWORKS)
        await directory.refresh()
        clock = [time.time()]
        told: list[CameraReading | None] = []
        sweeper = daily_sweeper(made, directory, lambda: clock[0], told)
        clock[0] += 7200.0  # both are due
        command = SweepTurn(made.database.directory)
        assert command.take()
        running = asyncio.create_task(sweeper.run())
        try:
            await until(lambda: sweeper.waiting == 2)
            with pytest.raises(Conflict):
                await sweeper.start(None, made.me)
            assert told == [] and await readiness.newest(made.database) == {}
            command.give_back()
            await until(lambda: len(told) == 2, deadline=20)
        finally:
            running.cancel()
            await asyncio.wait({running})
        assert command.take()  # none of its checks has kept it
        command.give_back()


async def test_the_command_line_waits_for_the_services_checks(tmp_path: Path) -> None:
    """A camera that both want has one session at a time."""
    go_on = asyncio.Event()
    most = 0

    async def describe(talk: Talk, asked: Asked) -> bytes | None:
        nonlocal most
        most = max(most, len(talk.camera.open_talks))
        await go_on.wait()
        talk.hang_up()
        return None

    async with FakeCamera(Manners(replies={"DESCRIBE": describe})) as slow, house(tmp_path) as home:
        await add_camera(
            home.service.database,
            camera(9, main_url=slow.url, sub_url=None),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        await home.service.sweeper.start(["camera-9"], home.records.me)
        await slow.until(lambda: slow.asked("DESCRIBE") == 1)
        told = check_cameras(
            home.service.database,
            home.records.keys,
            settings(tmp_path),
            ["camera-9"],
            home.records.me,
            on_wait=go_on.set,
        )
        assert [line.dead async for line in told] == [True] and slow.asked("DESCRIBE") == 2
        history = await readiness.history(home.service.database, "camera-9", 9)
        assert {each.reading.reason for each in history} <= {Reason.CLOSED, Reason.TIMEOUT}
        assert len(history) == 2 and most == 1
