"""What is typed, and what becomes of addresses that a camera gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ProtocolError
from streams.onvif.addresses import at_own_host, device_address, host_of, same_stream

DEVICE = "http://192.0.2.10:8000/onvif/device_service"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.0.2.10", "http://192.0.2.10/onvif/device_service"),
        ("192.0.2.10:8000", DEVICE),
        (" http://192.0.2.10:8000/ ", DEVICE),
        ("https://cam-7.city.example/onvif/device", "https://cam-7.city.example/onvif/device"),
        ("2001:db8::7", "http://[2001:db8::7]/onvif/device_service"),
        ("[2001:db8::7]:80", "http://[2001:db8::7]:80/onvif/device_service"),
    ],
)
def test_what_an_administrator_types(typed: str, address: str) -> None:
    assert device_address(typed) == address


@pytest.mark.parametrize(
    "typed", ["", "rtsp://192.0.2.10/1", "http://admin:x@192.0.2.10", "192.0.2.10:99999", "a b", "x" * 600]
)
def test_what_is_no_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(ProtocolError) as error:
        device_address(typed)
    assert "admin" not in str(error.value)


@pytest.mark.parametrize(
    ("given_address", "placed", "moved"),
    [
        ("rtsp://192.0.2.10:554/ch1", "rtsp://192.0.2.10:554/ch1", False),
        ("rtsp://192.168.1.108:554/ch1?a=b", "rtsp://192.0.2.10:554/ch1?a=b", True),
        ("rtsp://0.0.0.0/ch1", "rtsp://192.0.2.10/ch1", True),
        ("rtsp://admin:secret@192.0.2.10/ch1", "rtsp://192.0.2.10/ch1", False),
        ("http://192.0.2.10:81/snap", "http://192.0.2.10:81/snap", False),
        ("https://192.168.1.108/snap", "http://192.0.2.10:8000/snap", True),
    ],
)
def test_a_cameras_address_is_put_on_its_own_host(given_address: str, placed: str, moved: bool) -> None:
    found = at_own_host(given_address, DEVICE)
    assert (found.address, found.moved) == (placed, moved)


@given(st.text(max_size=80))
def test_whatever_a_camera_gives_stays_on_its_host(text: str) -> None:
    try:
        found = at_own_host(text, DEVICE)
    except ProtocolError:
        return
    assert host_of(found.address) == "192.0.2.10"
    assert "@" not in found.address.split("/")[2]


def test_streams_compare_by_path_and_query() -> None:
    assert same_stream("rtsp://a/ch1?x=1", "rtsp://b:8554/ch1/?x=1")
    assert not same_stream("rtsp://a/ch1?x=1", "rtsp://a/ch1?x=2")
    assert not same_stream("nonsense", "rtsp://a/ch1")
