"""`hotline cameras`, `units`, `users`, `settings`: what goes in comes out, passwords never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, parse
from hotline.cli import checking, cli
from hotline.sweep_turn import SweepTurn
from tests.cameras.fake import closed_port

SETTINGS = '[cameras]\nnetworks = ["10.20.0.0/16"]\n'
CAMERA = (
    *("cameras", "add", "market-1", "--name-ko", "북변시장", "--name-en", "Market", "--site", "북변시장"),
    *("--purpose", "생활방범", "--latitude", "37.629", "--longitude", "126.714"),
    *("--main", "rtsp://10.20.1.1/main", "--username", "viewer"),
)


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hotline:
    (tmp_path / "hotline.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_LANGUAGE", "en")
    return Hotline()


class Hotline:
    """The command line in this process, in a directory with settings."""

    def __call__(self, *arguments: str, given: str = "", code: int = 0, **env: str) -> Result:
        result = CliRunner().invoke(cli, arguments, input=given, env=env)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result


def test_a_camera_is_added_listed_and_removed(hotline: Hotline, canary: str, tmp_path: Path) -> None:
    assert "added market-1" in hotline(*CAMERA, given=f"{canary}\n").output
    listed = hotline("cameras", "list").output
    assert "market-1" in listed
    assert "viewer" in listed
    (record,) = json.loads(hotline("cameras", "list", "--json").output)
    assert (record["main_url"], record["has_password"]) == ("rtsp://10.20.1.1/main", True)
    assert all(canary.encode() not in file.read_bytes() for file in (tmp_path / "var").iterdir())
    assert "removed market-1" in hotline("cameras", "remove", "market-1").output
    assert json.loads(hotline("cameras", "list", "--json").output) == []


def test_masks_are_drawn_shown_and_taken_away(hotline: Hotline, tmp_path: Path) -> None:
    hotline(*CAMERA, HOTLINE_CAMERA_PASSWORD="x")
    two = ("0.1,0.1 0.2,0.1 0.2,0.3", "0,0 1,0 1,1 0,1")
    drawn = [[[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]], [[0, 0], [1, 0], [1, 1], [0, 1]]]
    assert (
        "2 masks" in hotline("cameras", "mask", "market-1", "--polygon", two[0], "--polygon", two[1]).output
    )
    shown = hotline("cameras", "mask", "market-1").output
    assert json.loads(shown) == drawn
    (record,) = json.loads(hotline("cameras", "list", "--json").output)
    assert record["masks"] == drawn
    hotline("cameras", "mask", "market-1", "--clear")
    assert json.loads(hotline("cameras", "mask", "market-1").output) == []
    (tmp_path / "masks.json").write_text(json.dumps({"masks": drawn}))
    hotline("cameras", "mask", "market-1", "--file", "masks.json")
    assert hotline("cameras", "mask", "market-1").output == shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--polygon", "0.1,0.1 0.2,0.1"), "masks.0: must have 3 to 64 corners"),
        (("--polygon", "0.1,0.1 0.2,0.1 0.2,1.3"), "masks.0.2: must be two numbers from 0 to 1"),
        (("--polygon", "0.1,0.1 0.2,0.1 0.2"), "masks.0.2"),
        (("--polygon", "left"), "polygon.0: must be corners"),
        (("--file", "hotline.toml"), "file: must be JSON"),
        (("--polygon", "0,0 1,0 1,1", "--clear"), "not several"),
    ],
)
def test_what_is_no_mask_is_refused(hotline: Hotline, arguments: tuple[str, ...], words: str) -> None:
    hotline(*CAMERA, HOTLINE_CAMERA_PASSWORD="x")
    code = 2 if "--clear" in arguments else 1
    assert words in hotline("cameras", "mask", "market-1", *arguments, code=code).output
    assert json.loads(hotline("cameras", "mask", "market-1").output) == []


def test_the_cameras_password_may_come_from_the_environment(hotline: Hotline, canary: str) -> None:
    hotline(*CAMERA, HOTLINE_CAMERA_PASSWORD=canary)
    (record,) = json.loads(hotline("cameras", "list", "--json").output)
    assert record["has_password"]


def test_no_command_takes_a_password_as_an_argument() -> None:
    for group in ("cameras", "users"):
        for command in cli.commands[group].commands.values():  # type: ignore[attr-defined]  # a click.Group
            options = {name for parameter in command.params for name in parameter.opts}
            assert not [name for name in options if "pass" in name], (group, command.name)


def test_a_refusal_is_one_sentence_in_the_persons_language(hotline: Hotline) -> None:
    assert hotline("cameras", "remove", "no", code=1).output == "Error: There is no camera no.\n"
    korean = hotline("cameras", "remove", "no", code=1, HOTLINE_LANGUAGE="ko").output
    assert "카메라 no이(가) 없습니다." in korean


def test_a_camera_outside_the_networks_is_refused(hotline: Hotline) -> None:
    arguments = [*CAMERA[:-2]]
    arguments[arguments.index("rtsp://10.20.1.1/main")] = "rtsp://192.0.2.1/main"
    assert "main_url: is outside the networks" in hotline(*arguments, code=1).output


def test_a_table_is_imported_whole_or_not_at_all(hotline: Hotline, tmp_path: Path) -> None:
    example = (Path(__file__).parents[3] / "config" / "cameras.example.csv").read_text(encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text(example.replace("37.6296", "north").replace("127.", "126."), encoding="utf-8")
    output = hotline("cameras", "import", str(bad), code=1).output
    assert "bad.csv: row 3: latitude: is not a number" in output
    assert "nothing imported; 1 faults" in output
    assert json.loads(hotline("cameras", "list", "--json").output) == []

    good = tmp_path / "good.csv"
    good.write_text(example, encoding="utf-8")
    assert "3 added, 0 changed" in hotline("cameras", "import", str(good)).output
    assert "0 added, 3 changed" in hotline("cameras", "import", str(good)).output


def test_units_and_people(hotline: Hotline, canary: str) -> None:
    hotline("units", "add", "room", "--kind", "control_room", "--name-ko", "상황실", "--name-en", "Room")
    hotline(
        "units",
        "add",
        "pump",
        "--kind",
        "vehicle",
        "--name-ko",
        "펌프",
        "--name-en",
        "Pump",
        "--call-sign",
        "1호",
    )
    assert [unit["id"] for unit in json.loads(hotline("units", "list", "--json").output)] == ["room", "pump"]
    assert "1호" in hotline("units", "list").output

    hotline("users", "add", "Kim", "--name", "김하늘", "--role", "operator", HOTLINE_PASSWORD=canary)
    made = hotline("users", "add", "lee", "--name", "이산", "--role", "crew", "--unit", "pump", "--generate")
    assert len(made.output.split("password: ")[1].strip()) >= 16
    people = json.loads(hotline("users", "list", "--json").output)
    assert [(one["username"], one["role"], one["unit_id"]) for one in people] == [
        ("kim", "operator", None),
        ("lee", "crew", "pump"),
    ]
    assert "kim" in hotline("users", "list").output

    assert (
        "unit: is needed for a crew"
        in hotline(
            "users", "add", "x", "--name", "X", "--role", "crew", code=1, HOTLINE_PASSWORD=canary
        ).output
    )
    assert "must have 10 to" in hotline("users", "password", "kim", given="short\n", code=1).output
    hotline("users", "password", "kim", given="a longer password\n")
    hotline("users", "remove", "lee")
    hotline("units", "remove", "pump")
    assert len(json.loads(hotline("units", "list", "--json").output)) == 1
    assert "no password; set HOTLINE_PASSWORD" in hotline("users", "password", "kim", code=1).output


def test_the_settings_printed_are_the_defaults(hotline: Hotline) -> None:
    assert parse(hotline("settings").output) == Settings()


def test_settings_that_cannot_be_used_stop_every_command(hotline: Hotline, tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_text("[server]\nport = 99999\n")
    for command in (["cameras", "list"], ["serve"], ["doctor"]):
        assert "hotline.toml: server.port = 99999: input should be" in hotline(*command, code=1).output


def test_a_key_file_open_to_others_is_refused_with_what_to_do(hotline: Hotline, tmp_path: Path) -> None:
    hotline(*CAMERA, given="password\n")
    (tmp_path / "secrets" / "hotline.key").chmod(0o644)
    assert "chmod 600" in hotline(*CAMERA, given="password\n", code=1).output


def test_a_database_that_cannot_be_opened_is_one_sentence(hotline: Hotline, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "hotline.db").write_bytes(
        b"this is no database, but long enough to be looked at" * 20
    )
    output = hotline("units", "list", code=1).output
    assert output.startswith("Error: the database cannot be opened")
    assert len(output.splitlines()) == 1


def test_cameras_are_checked_and_what_was_found_is_kept(hotline: Hotline, tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_text('[cameras]\nnetworks = ["127.0.0.0/8"]\n')
    closed = [part.replace("10.20.1.1", f"127.0.0.1:{closed_port()}") for part in CAMERA]
    hotline(*closed, HOTLINE_CAMERA_PASSWORD="secret")
    said = hotline("cameras", "check", code=1).output
    assert said.startswith("market-1: no picture, The camera's port is closed")
    found = json.loads(hotline("cameras", "check", "market-1", "--json", code=1).output)
    assert (found["result"]["code"], found["reason"]["code"]) == ("dead", "refused")
    assert "secret" not in said
    assert "no camera nobody" in hotline("cameras", "check", "nobody", code=1).output


def test_a_check_beside_another_says_so(
    hotline: Hotline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hotline(*CAMERA, HOTLINE_CAMERA_PASSWORD="secret")
    service = SweepTurn(tmp_path / "var")
    monkeypatch.setattr(checking, "PATIENCE_S", 0.0)
    assert service.take()
    try:
        refused = hotline("cameras", "check", code=1)
        assert "being checked already, by the service" in refused.output
        monkeypatch.setattr(checking, "PATIENCE_S", 0.1)
        waited = hotline("cameras", "check", code=1, HOTLINE_LANGUAGE="ko")
        assert "끝나기를 기다립니다" in waited.stderr and "이미" in waited.stderr
    finally:
        service.give_back()
