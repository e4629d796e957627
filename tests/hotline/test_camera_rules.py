from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain import camera as rules
from hotline.domain import camera_csv
from hotline.domain.camera import DEFAULT_NETWORKS
from hotline.errors import FieldError
from tests.hotline.house import camera
from tests.support.canary import CANARY


def fields(found: list[FieldError]) -> list[str]:
    return [error.field for error in found]


def test_a_right_camera_has_no_faults() -> None:
    assert rules.faults(camera(1, username="viewer", password="secret", heading=90.0)) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "../etc"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"name_ko": " "}, "name_ko"),
        ({"name_en": "x" * 101}, "name_en"),
        ({"site": "a\nb"}, "site"),
        ({"latitude": 0.0}, "latitude"),
        ({"latitude": float("nan")}, "latitude"),
        ({"longitude": float("inf")}, "longitude"),
        ({"heading": -1.0}, "heading"),
        ({"field_of_view": 0.0}, "field_of_view"),
        ({"main_url": "http://10.0.0.1/"}, "main_url"),
        ({"main_url": "rtsps://10.0.0.1/"}, "main_url"),
        ({"main_url": "rtsp:///path"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1:99999/"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1:0/"}, "main_url"),
        ({"main_url": "rtsp://[::1/"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1/#x"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1/#"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1/a\r\nX: y"}, "main_url"),
        ({"main_url": "rtsp://10.0.0.1/a b"}, "main_url"),
        ({"sub_url": "rtsp://user@10.0.0.1/"}, "sub_url"),
        ({"username": "a\nb"}, "username"),
        ({"password": "secret"}, "username"),
    ],
)
def test_each_fault_names_its_field(change: dict[str, object], field: str) -> None:
    assert fields(rules.faults(replace(camera(1), **change))) == [field]  # type: ignore[arg-type]


def test_credentials_in_an_address_are_refused_with_where_to_put_them_and_never_repeated() -> None:
    found = rules.faults(camera(1, main_url=f"rtsp://admin:{CANARY}@10.0.0.1/"))
    assert fields(found) == ["main_url"]
    assert "username and password" in found[0].message
    assert CANARY not in repr(found)


def test_a_password_is_not_in_the_repr() -> None:
    assert CANARY not in repr(camera(1, username="viewer", password=CANARY))


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("10.1.2.3", True),
        ("192.168.0.7", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("2001:4860::1", False),
    ],
)
def test_networks(address: str, fine: bool) -> None:
    assert rules.allowed(ip_address(address), DEFAULT_NETWORKS) is fine


HEADER = "id,name_ko,name_en,site,purpose,latitude,longitude,main,sub,username,password\n"
ROW = "c1,시장,Market,시장,방범,37.63,126.71,rtsp://10.0.0.1/m,rtsp://10.0.0.1/s,viewer,pass\n"


def test_csv_of_one_camera() -> None:
    cameras, found = camera_csv.parse(HEADER + ROW)
    assert found == []
    ((row, parsed),) = cameras
    assert row == 2
    assert (parsed.id, parsed.main_url, parsed.sub_url, parsed.heading) == (
        "c1",
        "rtsp://10.0.0.1/m",
        "rtsp://10.0.0.1/s",
        None,
    )


@pytest.mark.parametrize(
    ("text", "row", "field"),
    [
        ("", 1, "id"),
        ("id,name\nx,y\n", 1, "name_ko"),
        (HEADER.replace("sub", "sub_stream"), 1, "sub_stream"),
        (HEADER.replace("sub", "main_url"), 1, "main_url"),
        (HEADER + ROW + "c2,only,three\n", 3, "row"),
        (HEADER + ROW + ROW, 3, "id"),
        (HEADER + "\n" + ROW.replace("37.63", "north"), 3, "latitude"),
        (HEADER + ROW.replace("37.63", ""), 2, "latitude"),
        (HEADER + ROW.replace("rtsp://10.0.0.1/m", "rtsp://u:p@10.0.0.1/m"), 2, "main_url"),
        (HEADER + ROW.replace("시장,Market", '"시장"x,Market'), 2, "row"),
    ],
)
def test_csv_faults_have_row_and_field(text: str, row: int, field: str) -> None:
    _, found = camera_csv.parse(text)
    assert (row, field) in [(fault.row, fault.error.field) for fault in found]


def test_csv_encodings_of_korean_spreadsheets() -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp949"):
        decoded = camera_csv.decode((HEADER + ROW).encode(encoding))
        assert decoded == HEADER + ROW
    assert camera_csv.decode(b"\xff\xfe\x00\xd8\xff") is None


@given(st.text(max_size=400))
def test_any_text_gives_cameras_or_faults_never_an_exception(text: str) -> None:
    camera_csv.parse(text)
    camera_csv.parse(HEADER + text)


@given(st.text(max_size=100))
def test_any_address_gives_faults_or_none_never_an_exception(text: str) -> None:
    rules.url_faults("main_url", text)
    rules.url_faults("main_url", "rtsp://" + text)
