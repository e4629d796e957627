"""`hotline simulate` and `hotline doctor`: a city as a process, its cameras entered and looked at."""

from __future__ import annotations

import csv
import json
import signal
import stat
from pathlib import Path

import pytest

from tests.hotline.cli.process import run, running

# Processes that load everything, on a machine whose cores other tests may have.
pytestmark = pytest.mark.timeout(180)

SETTINGS = """
[server]
port = 0
[relay]
hosts = ["127.0.0.1"]
udp_port = 0
tcp_port = 0
[cameras]
networks = ["127.0.0.0/8"]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "hotline.toml").write_text(SETTINGS)
    return tmp_path


def findings(place: Path, code: int) -> dict[str, str]:
    ended, output, error = run(place, "doctor", "--json")
    assert ended == code, output + error
    said = json.loads(output)
    assert said["ok"] is (code == 0)
    assert all(finding["text"] and finding["text_ko"] for finding in said["findings"])
    return {finding["check"]: finding["mark"] for finding in said["findings"]}


def test_doctor_on_a_new_machine(place: Path) -> None:
    first = findings(place, 0)
    assert (first["libraries"], first["pages"], first["database"]) == ("good", "good", "good")
    assert (first["keys"], first["cameras"]) == ("note", "note")
    assert findings(place, 0)["keys"] == "good"
    (place / "secrets" / "hotline.key").chmod(0o640)
    assert findings(place, 1)["keys"] == "bad"


def test_doctor_says_which_encoder_works(place: Path) -> None:
    assert findings(place, 0)["transcoding"] == "good"
    with (place / "hotline.toml").open("a") as file:
        file.write('[transcoding]\nencoder = "h264_elsewhere"\ncores = 1.5\n')
    assert findings(place, 0)["transcoding"] == "note"
    _, output, _ = run(place, "doctor", HOTLINE_LANGUAGE="en")
    assert "h264_elsewhere: " in output and "going on with libx264, 1.5 cores at most" in output


def test_doctor_names_the_camera_that_gives_no_picture(place: Path) -> None:
    table = place / "city.csv"
    with running(place, "simulate", "--calm", "--csv", str(table)) as city:
        city.line("Ctrl-C")
        assert stat.S_IMODE(table.stat().st_mode) == 0o600
        with table.open(encoding="utf-8", newline="") as file:
            cameras = list(csv.DictReader(file))
        assert len(cameras) == 24
        open_one = cameras[0]
        password = open_one["password"]
        assert any(password in line for line in city.said)  # told to the person who started it
        closed = {**open_one, "id": "closed", "main": "rtsp://127.0.0.1:1/main", "sub": ""}
        two = place / "two.csv"
        with two.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, open_one.keys())
            writer.writeheader()
            writer.writerows([open_one, closed])
        assert run(place, "cameras", "import", str(two)) == (0, "2 added, 0 changed\n", "")

        found = findings(place, 1)
        camera = open_one["id"]
        assert (found[f"{camera}/main"], found[f"{camera}/sub"]) == ("good", "good")
        assert found["closed/main"] == "bad"
        code, output, error = run(place, "doctor", HOTLINE_LANGUAGE="ko")
        assert code == 1
        assert "✗ closed/main: 카메라 포트가 닫혀 있음" in output
        assert password not in output + error

        assert run(place, "cameras", "remove", "closed")[0] == 0
        assert findings(place, 0)[f"{camera}/main"] == "good"
        assert city.stop(signal.SIGINT) == 0
    assert not [line for line in city.said if "Traceback" in line]


def test_a_video_file_that_is_not_there(place: Path) -> None:
    code, _, error = run(place, "simulate", "--video", "market-01=nothing.mp4")
    assert code == 2
    assert "there is no file 'nothing.mp4'" in error
    code, _, error = run(place, "simulate", "--video", "nowhere=nothing.mp4")
    assert code == 2
    assert "there is no camera 'nowhere'" in error


def test_the_child_ends_with_its_parent(place: Path) -> None:
    code, output, _ = run(
        place, "simulate", "--child", "--calm", given='{"username": "u", "password": "p"}\n'
    )
    assert code == 0
    assert len(json.loads(output.splitlines()[0])["cameras"]) == 24
