"""Addresses, rights, feeds, failures: the pure parts around the relay."""

from __future__ import annotations

import time
from ipaddress import ip_network

import pytest

from relay.addresses import MOST, LocalAddress, for_viewers, machine_addresses, reachable, told
from relay.errors import Refused
from relay.feeds import feed_of, to_watch
from relay.grant import Grant, GrantSet
from relay.rights import Rights
from relay.throttle import FAILURES, MOST_ADDRESSES, WINDOW, Allowance, Failures
from streams.rendition import Rendition
from streams.state import Connecting, Live, Offline, Reason, SourceState, Stalled
from streams.timeline import CameraTimeline

HERE = (
    "127.0.0.1",
    "192.168.7.2",
    "169.254.1.1",
    "203.0.113.9",
    "::1",
    "fe80::1%eth0",
    "fd00::2",
    "2001:db8::2",
)


def test_this_machine_has_loopback() -> None:
    assert "127.0.0.1" in machine_addresses()


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        (["0.0.0.0"], ["192.168.7.2", "203.0.113.9", "127.0.0.1"]),
        (["127.0.0.1"], ["127.0.0.1"]),
        (["192.168.7.2", "::1"], ["192.168.7.2", "::1"]),
        (["::"], ["2001:db8::2", "fd00::2", "::1"]),
    ],
)
def test_clients_are_told_what_answers_and_no_more(hosts: list[str], found: list[str]) -> None:
    assert reachable(hosts, HERE) == found


HOST = (
    LocalAddress("lo", "127.0.0.1"),
    LocalAddress("eth0", "10.20.0.5"),
    LocalAddress("eth1", "10.99.0.2"),
    LocalAddress("eth1", "fe80::2%eth1"),
    LocalAddress("docker0", "172.17.0.1"),
    LocalAddress("br-1f2e", "172.18.0.1"),
    LocalAddress("virbr0", "192.168.122.1"),
)


@pytest.mark.parametrize(
    ("interfaces", "cameras", "found"),
    [
        ((), (), ["10.20.0.5", "10.99.0.2", "127.0.0.1"]),
        ((), ("10.99.0.0/16",), ["10.20.0.5", "127.0.0.1"]),
        ((), ("10.0.0.0/8",), ["10.20.0.5", "10.99.0.2", "127.0.0.1"]),  # no other would be left
        ((), ("127.0.0.0/8",), ["10.20.0.5", "10.99.0.2", "127.0.0.1"]),
        (("eth0",), (), ["10.20.0.5"]),
        (("eth*",), ("10.99.0.0/16",), ["10.20.0.5", "10.99.0.2"]),
        (("docker0",), (), ["172.17.0.1"]),
        (("eth9",), (), []),
    ],
)
def test_nobody_is_told_of_containers_or_of_the_cameras_network(
    interfaces: tuple[str, ...], cameras: tuple[str, ...], found: list[str]
) -> None:
    networks = [ip_network(each) for each in cameras]
    assert reachable(["0.0.0.0"], for_viewers(HOST, interfaces, networks)) == found


def test_what_is_advertised_by_hand_is_all_that_is_told() -> None:
    assert told(["0.0.0.0"], ["203.0.113.7"], ["eth9"], []) == ["203.0.113.7"]
    assert told(["127.0.0.1"], [], [], []) == ["127.0.0.1"]


def test_addresses_are_bounded() -> None:
    assert len(reachable(["0.0.0.0"], [f"10.0.0.{number}" for number in range(1, 100)])) == MOST


def grant(camera: str, *, start: float = 0.0, end: float = 10.0, receiver: str = "unit") -> Grant:
    return Grant(f"{receiver}-{camera}-{start}", receiver, "share", camera, start, end)


def test_rights_are_those_of_the_newest_set() -> None:
    rights = Rights()
    assert rights.replace(GrantSet(3, (grant("a"), grant("b", start=5.0), grant("a", start=10.0, end=20.0))))
    assert not rights.replace(GrantSet(2, ()))
    assert rights.revision == 3
    assert rights.forms(1.0) == {("a", None)}
    assert rights.forms(6.0) == {("a", None), ("b", None)}
    assert rights.forms(12.0) == {("a", None)}
    assert rights.forms(20.0) == set()
    assert rights.find("unit", "share", "a", 12.0) == grant("a", start=10.0, end=20.0)
    assert rights.find("unit", "share", "b", 1.0) is None
    assert rights.find("other", "share", "a", 1.0) is None
    assert rights.find("unit", "other", "a", 1.0) is None
    assert rights.replace(GrantSet(3, ()))
    assert rights.forms(1.0) == set()


def rendition(state: SourceState, name: str = "main") -> Rendition:
    made = Rendition("cam", name, CameraTimeline())
    made.set_state(state)
    return made


LIVE, CONNECTING, STALLED = Live(1.0), Connecting(1.0), Stalled(1.0)
AWAY, RESTING = Offline(1.0, Reason.REFUSED, 13.2), Offline(1.0, Reason.STOPPED, None)


def test_the_best_rendition_speaks_for_the_camera() -> None:
    for states, best in (
        ((AWAY, LIVE), LIVE),
        ((CONNECTING, STALLED), STALLED),
        ((AWAY, CONNECTING), CONNECTING),
    ):
        feed = feed_of("cam", [rendition(state) for state in states], 5.0)
        assert feed.state == best
        assert feed.newest_rtp is None
        assert feed.newest_age_s is None


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (LIVE, LIVE, 0),
        (CONNECTING, LIVE, 0),
        (STALLED, LIVE, 0),
        (RESTING, LIVE, 0),
        (AWAY, LIVE, 1),
        (AWAY, RESTING, 1),
    ],
)
def test_a_viewer_gets_what_it_wants_unless_that_is_offline(
    first: SourceState, second: SourceState, chosen: int
) -> None:
    both = [rendition(first), rendition(second, "sub")]
    assert to_watch(both, time.monotonic()) is both[chosen]


def test_offline_says_when_the_next_attempt_is() -> None:
    for now, seconds in ((10.0, 4), (13.2, 1), (50.0, 1)):
        with pytest.raises(Refused) as refused:
            to_watch([rendition(AWAY), rendition(AWAY)], now)
        assert (refused.value.status, refused.value.retry_after) == (409, seconds)
    with pytest.raises(Refused) as refused:
        to_watch([], 1.0)
    assert refused.value.status == 404


def test_a_machine_without_room_turns_away_only_those_for_whom_something_must_be_made() -> None:
    full = Offline(3.0, Reason.OVERLOADED, 5.0)
    both = [rendition(full), rendition(full, "sub")]
    with pytest.raises(Refused) as refused:
        to_watch(both, 4.0)
    assert refused.value.status == 503
    assert to_watch(both, 4.0, untouched=True) is both[0]
    with pytest.raises(Refused) as refused:
        to_watch([rendition(AWAY)], 4.0, untouched=True)
    assert refused.value.status == 409


def test_an_address_that_fails_too_often_is_told_when_to_come_back() -> None:
    failures = Failures()
    assert [failures.note("a", 0.0) for _ in range(FAILURES)] == [None] * FAILURES
    assert failures.note("a", 12.5) == WINDOW - 12
    assert failures.note("b", 12.5) is None
    assert failures.note("a", WINDOW) is None


def test_remembered_addresses_are_bounded() -> None:
    failures = Failures()
    for _ in range(FAILURES + 1):
        failures.note("first", 0.0)
    for number in range(MOST_ADDRESSES):
        failures.note(str(number), 1.0)
    assert failures.note("first", 2.0) is None


def test_an_allowance_is_a_burst_and_then_a_rate() -> None:
    allowance = Allowance(3, 0.5)
    assert [allowance.take("a", 10.0) for _ in range(4)] == [None, None, None, 2]
    assert allowance.take("b", 10.0) is None
    assert allowance.take("a", 11.0) == 1
    assert allowance.take("a", 12.0) is None
    assert allowance.take("a", 12.0) == 2
    assert [allowance.take("a", 1000.0) for _ in range(4)] == [None, None, None, 2]
    for number in range(2 * MOST_ADDRESSES):
        allowance.take(number, 1000.0)
    assert len(allowance._left) == MOST_ADDRESSES
