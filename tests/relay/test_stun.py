"""STUN by our own hand, against aioice's."""

from __future__ import annotations

import ipaddress
import time

from aioice import stun as reference
from hypothesis import given
from hypothesis import strategies as st

from relay import stun

KEY = b"k" * 24


def message(username: str = "ours:theirs", *, nominate: bool = False, controlled: bool = False) -> bytes:
    """A check as a client sends it."""
    made = reference.Message(message_method=reference.Method.BINDING, message_class=reference.Class.REQUEST)
    made.attributes["USERNAME"] = username
    made.attributes["PRIORITY"] = 1
    made.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 1
    if nominate:
        made.attributes["USE-CANDIDATE"] = None
    made.add_message_integrity(KEY)
    return bytes(made)


def taken(datagram: bytes) -> stun.Request:
    request = stun.read_request(datagram)
    assert request is not None
    return request


@given(st.text("abcdefgh+/:", max_size=40), st.booleans(), st.booleans())
def test_a_request_is_read_as_it_was_written(username: str, nominate: bool, controlled: bool) -> None:
    datagram = message(username, nominate=nominate, controlled=controlled)
    request = taken(datagram)
    assert request.username == username.encode()
    assert (request.use_candidate, request.controlled) == (nominate, controlled)
    assert stun.is_authentic(datagram, request, KEY)
    assert not stun.is_authentic(datagram, request, KEY[:-1])


def test_what_follows_the_integrity_does_not_count() -> None:
    made = reference.Message(message_method=reference.Method.BINDING, message_class=reference.Class.REQUEST)
    made.attributes["USERNAME"] = "ours:theirs"
    made._integrity_data = bytes(made)
    made.attributes["MESSAGE-INTEGRITY"] = reference.message_integrity(bytes(made), KEY)
    made.attributes["USE-CANDIDATE"] = None
    made.add_fingerprint()
    datagram = bytes(made)
    request = taken(datagram)
    assert not request.use_candidate
    assert stun.is_authentic(datagram, request, KEY)


def test_without_integrity_nothing_is_authentic() -> None:
    made = reference.Message(message_method=reference.Method.BINDING, message_class=reference.Class.REQUEST)
    made.attributes["USERNAME"] = "ours:theirs"
    assert not stun.is_authentic(bytes(made), taken(bytes(made)), KEY)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(1, 65_535))
def test_the_address_comes_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    request = taken(message())
    answer = reference.parse_message(stun.success(request, KEY, (str(address), port)))
    assert answer.message_class == reference.Class.RESPONSE
    assert answer.transaction_id == request.transaction
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == (str(address), port)
    assert answer.check_message_integrity(KEY)


def test_a_link_local_address_comes_back_without_its_interface() -> None:
    answer = reference.parse_message(stun.success(taken(message()), KEY, ("fe80::1%lo", 5)))
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("fe80::1", 5)


def test_an_error_says_what_is_wrong() -> None:
    answer = reference.parse_message(stun.error(taken(message()), KEY, 487, "Role Conflict"))
    assert answer.message_class == reference.Class.ERROR
    assert answer.attributes["ERROR-CODE"] == (487, "Role Conflict")
    assert answer.check_message_integrity(KEY)


@given(st.binary(max_size=200), st.integers(0, 150), st.binary(max_size=8))
def test_garbage_and_mutations_never_raise(garbage: bytes, position: int, patch: bytes) -> None:
    good = message(nominate=True)
    mutated = good[:position] + patch + good[position + len(patch) :]
    for datagram in (garbage, mutated, good[:position], good[:20] + garbage):
        stun.requested_ufrag(datagram)
        request = stun.read_request(datagram)
        if request is not None and datagram[:-8] != good[:-8]:  # the fingerprint is not authenticated
            assert not stun.is_authentic(datagram, request, KEY)


def test_a_wrong_fingerprint_is_no_stun() -> None:
    good = message()
    assert stun.read_request(good[:-1] + bytes((good[-1] ^ 1,))) is None


def test_the_cheap_look_finds_the_fragment_and_nothing_else() -> None:
    assert stun.requested_ufrag(message()) == b"ours"
    assert stun.requested_ufrag(b"") is None
    assert stun.requested_ufrag(message()[:-1]) is None
    assert stun.requested_ufrag(b"\x01\x01" + message()[2:]) is None
    assert stun.requested_ufrag(message("no colon")) is None


def test_a_flood_for_nobody_costs_microseconds() -> None:
    datagram = message()
    started = time.thread_time()
    for _ in range(10_000):
        stun.requested_ufrag(datagram)
    assert (time.thread_time() - started) / 10_000 < 50e-6
