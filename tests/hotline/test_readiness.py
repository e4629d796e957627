"""The sweep as people have it: over the API, in the events, on the record, in the ranking and the metrics."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hotline import readiness
from hotline.actor import Role
from hotline.api import camera_schemas
from hotline.directory import CameraDirectory
from hotline.domain.readiness import FINDINGS, FIRST_S, RESULTS, due_at
from hotline.inventory import add_camera
from hotline.people.accounts import UserRecord
from hotline.people.signing_in import Identity
from hotline.readiness import CameraReading
from hotline.store.models import ReadingRow
from hotline.sweeper import AT_ONCE
from streams.readiness import Finding, Readiness, Reading
from streams.state import Reason
from tests.cameras.fake import FakeCamera, Manners, Talk, steady
from tests.hotline.house import NETWORKS, House, camera, house, records
from tests.hotline.sweeps import daily_sweeper
from tests.hotline.test_api import shape
from tests.support.waiting import until

DEAD = Reading(Readiness.DEAD, Reason.REFUSED, "the port is closed")
SLOW = Reading(
    Readiness.SLOW,
    findings=(Finding.LATE_PICTURE, Finding.CLOCK_OFF),
    codec="H264",
    profile="High",
    width=1280,
    height=720,
    first_picture_s=4.2,
    b_frames=False,
    sets_in_band=True,
    clock_offset_s=-61.0,
)


def somebody(role: Role) -> Identity:
    return Identity(UserRecord("u", "u", "U", role, None), None, "sign-in", 0.0, 0.0, None)


async def swept(home: House) -> None:
    """Waits for the end of the sweep."""

    def ended() -> bool:
        progress = home.service.sweeper.progress
        return progress is not None and progress.ended_at is not None

    await until(ended, deadline=20)


def test_every_result_and_finding_has_words() -> None:
    assert set(RESULTS) == set(Readiness) and set(FINDINGS) == set(Finding)


def test_when_a_camera_is_due() -> None:
    hour = 3600.0
    firsts = [due_at(f"camera-{number}", None, 1000.0, 6 * hour) for number in range(50)]
    assert min(firsts) >= 1000.0 + FIRST_S and max(firsts) <= 1000.0 + FIRST_S + hour
    assert len({round(first) for first in firsts}) > 40
    for number in range(50):
        due = due_at(f"camera-{number}", 5000.0, 1000.0, hour)
        assert 5000.0 + 0.9 * hour <= due <= 5000.0 + 1.1 * hour
    overdue = [due_at(f"camera-{number}", 0.0, 1e6, hour) for number in range(50)]
    assert min(overdue) >= 1e6 + FIRST_S


async def test_readings_come_back_as_they_went_in_and_old_ones_go(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        now = time.time()
        for at, reading in ((now - readiness.KEPT_S - 1, DEAD), (now - 10, DEAD), (now, SLOW)):
            await readiness.keep(made.database, CameraReading("camera-1", at, reading))
        await readiness.keep(made.database, CameraReading("camera-2", now, DEAD, SLOW))
        await readiness.keep(made.database, CameraReading("camera-3", now, SLOW, DEAD))
        await readiness.keep(made.database, CameraReading("nobody", now, DEAD))
        found = await readiness.history(made.database, "camera-1", 50)
        assert found == [
            CameraReading("camera-1", now, SLOW),
            CameraReading("camera-1", now - 10, DEAD),
        ]
        assert await readiness.newest(made.database) == {
            "camera-1": found[0],
            "camera-2": CameraReading("camera-2", now, DEAD, SLOW),
            "camera-3": CameraReading("camera-3", now, SLOW, DEAD),
        }


async def test_no_more_readings_are_kept_than_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_EACH", 3)
    async with records(tmp_path) as made:
        for second in range(6):
            await readiness.keep(made.database, CameraReading("camera-1", 1000.0 + second, DEAD))
        await readiness.keep(made.database, CameraReading("camera-2", 1000.0, DEAD))
        async with made.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(ReadingRow)) == 4
        newest = (await readiness.history(made.database, "camera-1", 50))[0]
        assert newest.at == 1005.0


async def test_a_sweep_on_command(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        started = await operator.post("/api/readiness/sweep")
        assert started.status_code == 202
        assert (started.json()["total"], started.json()["done"]) == (3, 0)
        again = await operator.post("/api/readiness/sweep")
        assert again.status_code == 409
        assert again.json()["detail_ko"]
        await swept(home)
        answer = (await operator.get("/api/readiness")).json()
        assert answer["sweep"]["done"] == answer["sweep"]["results"]["dead"] == 3
        assert [each["reading"]["reason"]["code"] for each in answer["cameras"]] == ["refused"] * 3
        history = (await operator.get("/api/cameras/camera-1/readiness")).json()
        assert [each["result"]["code"] for each in history["readings"]] == ["dead"]
        entries = (await (await home.client("administrator")).get("/api/audit")).json()["entries"]
        (entry,) = [each["entry"] for each in entries if each["entry"]["action"] == "sweep"]
        assert entry["actor"] == "operator"
        assert entry["camera_id"] == ["camera-1", "camera-2", "camera-3"]
        text = (await (await home.client("administrator")).get("/api/metrics")).text
        assert 'hotline_cameras_readiness{result="dead"} 3.0' in text
        assert 'hotline_readiness_checks_total{result="dead"} 3.0' in text
        assert 'hotline_cameras_sub_readiness{result="dead"} 0.0' in text  # nobody knocked twice
        assert "hotline_readiness_sweep_running 0.0" in text
        assert "hotline_readiness_waiting 0.0" in text
        assert "hotline_readiness_oldest_seconds" in text


async def test_what_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, crew = await home.client("operator"), await home.client("crew")
        unknown = await operator.post("/api/readiness/sweep", json={"cameras": ["camera-1", "nobody"]})
        assert unknown.status_code == 422
        assert [error["field"] for error in unknown.json()["errors"]] == ["cameras.1"]
        assert (await operator.post("/api/readiness/sweep", json={"cameras": []})).status_code == 422
        assert (await operator.get("/api/cameras/nobody/readiness")).status_code == 404
        assert (await operator.get("/api/cameras/camera-1/readiness?limit=0")).status_code == 422
        assert (await crew.get("/api/readiness")).status_code == 403
        assert (await crew.post("/api/readiness/sweep")).status_code == 403
        assert home.service.sweeper.progress is None


async def test_progress_is_told_to_the_centre_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        broker = home.service.broker
        with (
            broker.listening(somebody(Role.OPERATOR)) as centre,
            broker.listening(somebody(Role.DISPATCHER)) as unit,
        ):
            await centre.next()
            await unit.next()
            await home.service.sweeper.start(["camera-1"], home.records.actor("operator"))
            await swept(home)
            told = [json.loads(each.data) for each in await centre.next() if each.type == "readiness"]
            assert [each["sweep"]["done"] for each in told] == [0, 1]
            assert told[1]["reading"]["camera"] == "camera-1"
            broker.tell_feeds()
            assert all(each.type != "readiness" for each in await unit.next())


async def test_dead_and_slow_cameras_are_offered_last_and_say_so(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        sweeper = home.service.sweeper
        sweeper.newest["camera-1"] = CameraReading("camera-1", time.time(), DEAD)
        sweeper.newest["camera-2"] = CameraReading("camera-2", time.time(), replace(SLOW))
        incident = await home.incident(await home.client("operator"))
        candidates = incident["candidates"]
        assert [each["camera"]["id"] for each in candidates] == ["camera-2", "camera-3", "camera-1"]
        dead, slow = candidates[2], candidates[0]
        assert dead["readiness"]["reason"]["code"] == "refused"
        assert "last checked" in dead["reason_en"] and "점검" in dead["reason_ko"]
        assert slow["readiness"]["result"]["code"] == "slow" and "slow" in slow["reason_en"]
        assert candidates[1]["readiness"] is None


async def test_a_camera_that_may_be_watched_is_left_alone(tmp_path: Path) -> None:
    """A share warms its cameras: neither they nor anybody's one session with them is disturbed."""
    async with FakeCamera(Manners(media=steady())) as watched, house(tmp_path) as home:
        await add_camera(
            home.service.database,
            camera(9, main_url=watched.url, sub_url=None),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        operator = await home.client("operator")
        incident = await home.incident(operator)
        await home.share(operator, incident["id"], cameras=["camera-9"])
        await watched.until(lambda: watched.asked("PLAY") == 1)
        await operator.post("/api/readiness/sweep", json={"cameras": ["camera-9", "camera-1"]})
        await swept(home)
        answer = (await operator.get("/api/readiness")).json()
        assert (answer["sweep"]["done"], answer["sweep"]["skipped"]) == (2, 1)
        assert home.service.sweeper.left_alone == 1
        assert "camera-9" not in home.service.sweeper.newest
        assert watched.asked("DESCRIBE") == 1
        assert await readiness.granted(home.service.database, time.time()) == {"camera-9"}
        later = time.time() + 86_400
        assert await readiness.granted(home.service.database, later) == set()
        # A session outlives its right by a little.
        assert await readiness.granted(home.service.database, later, linger_s=86_400) == {"camera-9"}


async def test_both_streams_of_a_camera_are_read_one_after_the_other(tmp_path: Path) -> None:
    most = 0
    play = steady()

    async def media(talk: Talk) -> None:
        nonlocal most
        most = max(most, len(talk.camera.open_talks))
        await play(talk)

    async with FakeCamera(Manners(media=media)) as both, house(tmp_path) as home:
        await add_camera(
            home.service.database,
            camera(9, main_url=both.url, sub_url=both.url.replace("stream", "sub")),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        operator = await home.client("operator")
        await operator.post("/api/readiness/sweep", json={"cameras": ["camera-9"]})
        await swept(home)
        answer = await operator.get("/api/cameras/camera-9/readiness")
        shape(camera_schemas.Readings, answer)
        (reading,) = answer.json()["readings"]
        assert (reading["result"]["code"], reading["sub"]["result"]["code"]) == ("ready", "ready")
        assert reading["sub"]["width"] == reading["width"] and reading["sub"]["keyframe_interval_s"]
        asked = [each.url for talk in both.talks for each in talk.asked if each.method == "DESCRIBE"]
        assert [url.rpartition("/")[2] for url in asked] == ["stream", "sub"]
        assert most == 1
        text = (await (await home.client("administrator")).get("/api/metrics")).text
        assert 'hotline_cameras_sub_readiness{result="ready"} 1.0' in text


async def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    async with FakeCamera(Manners(auth="digest")) as guarded, house(tmp_path) as home:
        await add_camera(
            home.service.database,
            camera(9, main_url=guarded.url, sub_url=guarded.url, username="viewer", password="wrong"),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        await (await home.client("operator")).post("/api/readiness/sweep", json={"cameras": ["camera-9"]})
        await swept(home)
        found = home.service.sweeper.newest["camera-9"]
        assert (found.reading.reason, found.sub) == (Reason.UNAUTHORIZED, None)
        assert len(guarded.talks) == 1


async def test_four_at_once_on_schedule_and_each_in_its_turn(tmp_path: Path) -> None:
    """Ten cameras that never answer in time: never more than four connections stand."""
    open_now = most = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await reader.read(1)
        await asyncio.sleep(0.05)
        open_now -= 1
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, records(tmp_path, cameras=0) as made:
        for number in range(10):
            await add_camera(
                made.database,
                camera(number, main_url=f"rtsp://127.0.0.1:{port}/{number}", sub_url=None),
                keys=made.keys,
                networks=NETWORKS,
                actor=made.me,
                now=time.time(),
            )
        directory = CameraDirectory(made.database, made.keys, NETWORKS)
        await directory.refresh()
        clock = [time.time()]
        told: list[CameraReading | None] = []
        sweeper = daily_sweeper(made, directory, lambda: clock[0], told)
        clock[0] += 7200.0  # all of them are due by now
        running = asyncio.create_task(sweeper.run())
        try:
            await until(lambda: len(told) == 10, deadline=20)
        finally:
            running.cancel()
            await asyncio.wait({running})
            await until(lambda: not open_now)
        assert most <= AT_ONCE
        assert {found.reading.reason for found in sweeper.newest.values()} == {Reason.CLOSED}
        assert len(await readiness.newest(made.database)) == 10
