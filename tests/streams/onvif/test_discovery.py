"""Finding cameras: directly, by multicast, and among lies."""

from __future__ import annotations

from streams.onvif import discovery
from streams.onvif.discovery import discover, sort_out
from tests.cameras.onvif import announce
from tests.cameras.onvif.answers import probe_match
from tests.cameras.onvif.discovery import match

SCOPES = ("onvif://www.onvif.org/name/Hanbit%20Camera", "onvif://www.onvif.org/hardware/HB-1")


def _answer(number: int, *addresses: str) -> bytes:
    return probe_match("urn:uuid:probe", f"urn:uuid:{number}", SCOPES, addresses)


async def test_a_camera_asked_directly() -> None:
    async with announce(match("http://127.0.0.1:8000/onvif/device_service")) as announcer:
        found = await discover(wait_s=0.3, hosts=["127.0.0.1"], port=announcer.port)
    assert [(each.address, each.host, each.name, each.hardware) for each in found] == [
        ("http://127.0.0.1:8000/onvif/device_service", "127.0.0.1", "Hanbit Camera", "HB-2400P")
    ]
    assert len(set(announcer.probes)) == len(announcer.probes) >= 1


async def test_a_camera_found_by_multicast() -> None:
    async with announce(match("http://127.0.0.1/onvif/device_service")) as announcer:
        found = await discover(wait_s=0.3, port=announcer.port, interfaces=["127.0.0.1"])
    assert [each.host for each in found] == ["127.0.0.1"]


async def test_nobody_answers() -> None:
    async with announce(lambda _: []) as announcer:
        assert await discover(wait_s=0.1, hosts=["127.0.0.1"], port=announcer.port) == ()
    assert await discover(wait_s=0.1, hosts=["127.0.0.1"], port=announcer.port) == ()


async def test_answers_without_end_are_cut_off() -> None:
    many = [_answer(number, f"http://192.0.2.{number % 250}/onvif") for number in range(50)]
    async with announce(lambda _: many * 100) as announcer:
        found = await discover(wait_s=0.3, hosts=["127.0.0.1"], port=announcer.port)
    assert 0 < len(found) <= 50


def test_one_line_a_device_and_the_address_that_it_answered_from() -> None:
    answers = {
        _answer(
            1, "http://169.254.3.4/onvif/device_service", "http://192.0.2.7/onvif/device_service"
        ): "192.0.2.7",
        _answer(2, "http://192.0.2.7/onvif/device_service"): "192.0.2.7",
        _answer(3, "http://192.0.2.12/onvif/a"): "192.0.2.99",
    }
    assert [each.host for each in sort_out(answers)] == ["192.0.2.7", "192.0.2.12"]


def test_what_is_no_answer_is_none() -> None:
    answers = {
        b"": "192.0.2.1",
        b"\xff" * 100: "192.0.2.2",
        b"<a/>": "192.0.2.3",
        _answer(1): "192.0.2.4",
        _answer(2, "ftp://192.0.2.5/", "http://user:pass@192.0.2.5/"): "192.0.2.5",
    }
    assert sort_out(answers) == ()


def test_letters_of_a_terminal_stay_out() -> None:
    scope = "onvif://www.onvif.org/name/%1b%5b31mred%0a"
    data = probe_match("urn:uuid:p", "urn:uuid:1", [scope], ["http://192.0.2.7/"])
    assert sort_out({data: "192.0.2.7"})[0].name == "[31mred"


async def test_long_answers_are_not_kept() -> None:
    long = _answer(1, "http://192.0.2.7/").replace(b"</SOAP", b"<!--" + b"x" * 20_000 + b"--></SOAP", 1)
    async with announce(lambda _: [long]) as announcer:
        assert await discover(wait_s=0.1, hosts=["127.0.0.1"], port=announcer.port) == ()


def test_the_machine_has_addresses_to_ask_from() -> None:
    assert all(not address.startswith("127.") for address in discovery._own_addresses())
