from __future__ import annotations

import time
from pathlib import Path

import pytest

from hotline import inventory
from hotline.directory import CameraDirectory, Changes
from hotline.domain.camera import NewCamera
from hotline.errors import Conflict, Invalid, NotFound
from hotline.inventory import NewUnit
from streams.camera import Camera, Credentials, ProfileName
from tests.hotline.house import NETWORKS, Records, camera, records
from tests.support.canary import CANARY

HEADER = "id,name_ko,name_en,site,purpose,latitude,longitude,main,sub,username,password\n"


def row(name: str, *, host: str = "127.0.0.1", user: str = "viewer", password: str = "secret") -> str:
    return f"{name},시장,Market,시장,방범,37.63,126.71,rtsp://{host}/m,,{user},{password}\n"


async def add(made: Records, entered: NewCamera) -> inventory.CameraRecord:
    return await inventory.add_camera(
        made.database, entered, keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
    )


async def load(made: Records, text: str) -> inventory.Imported:
    return await inventory.import_cameras(
        made.database, text.encode(), keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
    )


def directory(made: Records) -> CameraDirectory:
    return CameraDirectory(made.database, made.keys, NETWORKS)


async def test_a_camera_goes_in_and_the_media_side_gets_it_with_its_password(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        known = directory(made)
        await known.refresh()
        assert known.records == ()
        await add(made, camera(1, username="viewer", password=CANARY))
        await known.refresh()
        assert known.camera("camera-1") == Camera(
            "camera-1",
            "북변시장 1",
            {ProfileName.MAIN: "rtsp://127.0.0.1:1/1/main", ProfileName.SUB: "rtsp://127.0.0.1:1/1/sub"},
        )
        assert known.credentials("camera-1") == Credentials("viewer", CANARY)
        assert known.camera("camera-2") is None
        assert known.credentials("camera-2") is None
        listed = await inventory.list_cameras(made.database)
        assert CANARY not in repr(listed)
        assert listed[0].has_password


async def test_a_camera_without_password_has_none(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=1) as made:
        known = directory(made)
        await known.refresh()
        assert known.credentials("camera-1") is None


async def test_a_camera_is_entered_once(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=1) as made:
        with pytest.raises(Conflict):
            await add(made, camera(1))


@pytest.mark.parametrize(
    "url", ["rtsp://8.8.8.8/", "rtsp://169.254.169.254/", "rtsp://no-such-host.invalid/"]
)
async def test_cameras_stand_in_the_networks_that_are_allowed(tmp_path: Path, url: str) -> None:
    async with records(tmp_path, cameras=0) as made:
        with pytest.raises(Invalid) as refused:
            await add(made, camera(1, sub_url=url))
        assert [error.field for error in refused.value.errors] == ["sub_url"]


async def test_a_host_name_is_taken_when_it_resolves_into_them(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        # "localhost" may be ::1 too, which is not among these networks; the name of the loopback address is
        await add(made, camera(1, main_url="rtsp://127.1/main", sub_url=None))


async def test_networks_that_became_stricter_disconnect_a_camera(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=1) as made:
        known = CameraDirectory(made.database, made.keys, [])
        await known.refresh()
        assert known.record("camera-1") is not None
        assert known.camera("camera-1") is None


async def test_a_removed_camera_is_gone_and_its_password_forgotten(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        await add(made, camera(1, username="viewer", password=CANARY))
        known = directory(made)
        await known.refresh()
        await inventory.remove_camera(made.database, "camera-1", actor=made.me, now=time.time())
        assert (await known.refresh()).connection == {"camera-1"}
        assert known.camera("camera-1") is None
        assert await inventory.list_cameras(made.database) == []
        with pytest.raises(NotFound):
            await inventory.remove_camera(made.database, "camera-1", actor=made.me, now=time.time())
        again = await add(made, camera(1))
        assert not again.has_password


async def test_an_import_is_whole_or_nothing(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        bad = await load(made, HEADER + row("a") + row("b", host="8.8.8.8") + row("c d"))
        assert [(fault.row, fault.error.field) for fault in bad.faults] == [(3, "main_url"), (4, "id")]
        assert await inventory.list_cameras(made.database) == []
        assert await load(made, HEADER + row("a") + row("b")) == inventory.Imported(2, 0)
        assert await load(made, HEADER + row("b") + row("c")) == inventory.Imported(1, 1)
        assert [each.id for each in await inventory.list_cameras(made.database)] == ["a", "b", "c"]


async def test_an_import_without_password_keeps_the_one_that_was_there_for_the_same_user(
    tmp_path: Path,
) -> None:
    async with records(tmp_path, cameras=0) as made:
        await load(made, HEADER + row("a") + row("b"))
        await load(made, HEADER + row("a", password="") + row("b", user="another", password=""))
        known = directory(made)
        await known.refresh()
        assert known.credentials("a") == Credentials("viewer", "secret")
        assert known.credentials("b") == Credentials("another", "")


async def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        imported = await inventory.import_cameras(
            made.database, b"\xff\xff\xff", keys=made.keys, networks=NETWORKS, actor=made.me, now=0.0
        )
        assert [fault.error.field for fault in imported.faults] == ["file"]


async def test_units(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        assert [unit.id for unit in await inventory.list_units(made.database)] == [
            "elsewhere",
            "room",
            "truck",
        ]
        for unit, field in (
            (NewUnit("", "a", "a", "vehicle"), "id"),
            (NewUnit("x", "", "a", "vehicle"), "name_ko"),
            (NewUnit("x", "a", "a", "helicopter"), "kind"),
        ):
            with pytest.raises(Invalid) as refused:
                await inventory.add_unit(made.database, unit, actor=made.me, now=0.0)
            assert [error.field for error in refused.value.errors] == [field]
        with pytest.raises(Conflict):
            await inventory.add_unit(
                made.database, NewUnit("room", "a", "a", "vehicle"), actor=made.me, now=0.0
            )
        await inventory.remove_unit(made.database, "truck", actor=made.me, now=0.0)
        assert "truck" not in [unit.id for unit in await inventory.list_units(made.database)]


async def test_only_a_changed_connection_is_connected_anew(tmp_path: Path) -> None:
    async with records(tmp_path, cameras=0) as made:
        await load(made, HEADER + row("a") + row("b"))
        known = directory(made)
        assert await known.refresh() == Changes()
        await load(
            made, HEADER + row("a", host="127.0.0.2") + row("b", password="").replace("Market", "Shop")
        )
        assert (await known.refresh()).connection == {"a"}
        assert await known.refresh() == Changes()
