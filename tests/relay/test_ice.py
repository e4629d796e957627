"""ICE-lite: whose checks count, and where they lead."""

from __future__ import annotations

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from relay import ice

SOURCE = ("192.0.2.7", 40_000)


def agent(now: float = 0.0) -> ice.IceLite[str]:
    return ice.IceLite(ice.Credentials.fresh("peer"), now)


def request(
    lite: ice.IceLite[str],
    *,
    nominate: bool = False,
    password: str | None = None,
    username: str | None = None,
    controlled: bool = False,
    credentials: ice.Credentials | None = None,
) -> bytes:
    """A check as a client sends it."""
    ours = credentials or lite.credentials
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ours.ufrag}:{ours.remote_ufrag}" if username is None else username
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 1
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or ours.password).encode())
    return bytes(message)


def test_a_check_is_answered_with_the_address_it_came_from() -> None:
    lite = agent()
    verdict = lite.receive(request(lite), "wifi", SOURCE, 1.0)
    assert verdict.authentic
    assert verdict.response is not None
    answer = stun.parse_message(verdict.response)
    assert answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == SOURCE
    assert answer.check_message_integrity(lite.credentials.password.encode())
    assert lite.path == "wifi"
    assert lite.accepts("wifi", 1.0)


@pytest.mark.parametrize(
    "change", [{"password": "x" * 24}, {"username": "who:peer"}, {"username": ""}, {"username": "a:b:c"}]
)
def test_a_check_without_our_password_moves_nothing_and_gets_no_answer(change: dict[str, str]) -> None:
    lite = agent()
    verdict = lite.receive(request(lite, nominate=True, **change), "stranger", SOURCE, 1.0)  # type: ignore[arg-type]
    assert verdict == ice.Verdict(None)
    assert lite.path is None
    assert not lite.accepts("stranger", 1.0)
    assert not lite.consents(1.0)


def test_the_newest_nomination_is_followed() -> None:
    lite = agent()
    lite.receive(request(lite), "wifi", SOURCE, 1.0)
    assert not lite.nominated
    assert lite.receive(request(lite, nominate=True), "wifi", SOURCE, 1.1).nominated
    lite.receive(request(lite), "lte", SOURCE, 1.2)
    assert lite.path == "wifi"
    assert lite.receive(request(lite, nominate=True), "lte", SOURCE, 1.3).nominated
    assert lite.path == "lte"
    assert lite.accepts("wifi", 1.3)


def test_who_claims_to_be_controlled_is_told_of_the_conflict() -> None:
    lite = agent()
    verdict = lite.receive(request(lite, controlled=True), "wifi", SOURCE, 1.0)
    assert verdict.response is not None
    assert stun.parse_message(verdict.response).attributes["ERROR-CODE"][0] == 487
    assert lite.path is None


def test_consent_survives_a_round_trip_of_a_second_and_a_half_and_two_lost_checks() -> None:
    lite = agent()
    lite.receive(request(lite, nominate=True), "lte", SOURCE, 0.0)
    assert lite.consents(2.7 * 2 + 1.5)
    assert not lite.consents(ice.CONSENT_PATIENCE)


def test_a_path_is_forgotten_after_a_while_without_checks() -> None:
    lite = agent()
    lite.receive(request(lite), "wifi", SOURCE, 0.0)
    assert not lite.accepts("wifi", ice.PATH_LIFETIME)


def test_paths_are_bounded_and_the_one_in_use_stays() -> None:
    lite = agent()
    lite.receive(request(lite, nominate=True), "0", SOURCE, 0.0)
    forgotten = [
        lite.receive(request(lite), str(number), SOURCE, float(number)).forgotten
        for number in range(1, 3 * ice.MAX_PATHS)
    ]
    assert len(lite.paths()) == ice.MAX_PATHS
    assert "0" in lite.paths()
    assert set(filter(None, forgotten)).isdisjoint(lite.paths())


def test_a_restart_keeps_the_old_path_until_the_new_generation_nominates() -> None:
    lite = agent()
    old = lite.credentials
    lite.receive(request(lite, nominate=True), "wifi", SOURCE, 0.0)
    new = lite.restart("again")
    assert new.ufrag != old.ufrag
    assert set(lite.ufrags()) == {old.ufrag, new.ufrag}
    assert lite.receive(request(lite, credentials=old), "wifi", SOURCE, 1.0).authentic
    lite.receive(request(lite, credentials=old, nominate=True), "elsewhere", SOURCE, 1.0)
    assert lite.path == "wifi"
    assert lite.receive(request(lite, nominate=True), "lte", SOURCE, 2.0).nominated
    assert lite.path == "lte"
    assert lite.ufrags() == (new.ufrag,)
    assert not lite.receive(request(lite, credentials=old), "wifi", SOURCE, 3.0).authentic


def test_credentials_are_unguessable_and_not_shown() -> None:
    several = {ice.Credentials.fresh("peer") for _ in range(100)}
    assert len({each.ufrag for each in several}) == len({each.password for each in several}) == 100
    one = several.pop()
    assert len(one.password) * 6 >= 128
    assert one.password not in repr(one)


@given(st.binary(max_size=200), st.integers(0, 150), st.binary(max_size=8))
def test_garbage_and_mutations_never_raise(garbage: bytes, position: int, patch: bytes) -> None:
    lite = agent()
    good = request(lite, nominate=True)
    mutated = good[:position] + patch + good[position + len(patch) :]
    for datagram in (garbage, mutated, good[:position], good[:20] + garbage):
        if datagram != good:
            assert not lite.receive(datagram, "x", SOURCE, 1.0).authentic or datagram[:20] == good[:20]
