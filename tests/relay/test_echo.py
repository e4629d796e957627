"""Questions that a viewer answers at once, read and answered by another STUN than ours."""

from __future__ import annotations

import pytest
from aioice import stun as other

from relay.echo import MOST_OPEN, Echo
from relay.ice import Credentials

CREDENTIALS = Credentials("ours", "p" * 24, "theirs", "their-password-of-22-ch")
KEY = CREDENTIALS.remote_password.encode()


def response(request: bytes, key: bytes = KEY, kind: other.Class = other.Class.RESPONSE) -> bytes:
    asked = other.parse_message(request)
    message = other.Message(other.Method.BINDING, kind, transaction_id=asked.transaction_id)
    message.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 9)
    message.add_message_integrity(key)
    return bytes(message)


def test_a_question_is_a_binding_request_that_the_peer_takes() -> None:
    message = other.parse_message(Echo(CREDENTIALS).ask(1))
    assert message.check_message_integrity(KEY)
    assert (message.message_method, message.message_class) == (other.Method.BINDING, other.Class.REQUEST)
    assert message.attributes["USERNAME"] == "theirs:ours"
    assert "ICE-CONTROLLED" in message.attributes
    assert "USE-CANDIDATE" not in message.attributes
    assert "FINGERPRINT" in message.attributes


def test_each_answer_counts_once_and_for_its_question() -> None:
    echo = Echo(CREDENTIALS)
    first, second = echo.ask(1), echo.ask(2)
    assert echo.answered(response(second)) == 2
    assert echo.answered(response(first)) == 1
    assert echo.answered(response(first)) is None


def test_nobody_else_can_answer() -> None:
    echo = Echo(CREDENTIALS)
    request = echo.ask(1)
    good = response(request)
    forged = bytearray(good)
    forged[25] ^= 1
    plain = other.parse_message(good)
    del plain.attributes["MESSAGE-INTEGRITY"]
    for bad in (
        b"",
        b"\x01",
        request,
        good[:-1],
        good + b"\0" * 4,
        bytes(forged),
        bytes(plain),
        response(request, b"another-password-of-24-c"),
        response(request, kind=other.Class.ERROR),
        response(Echo(CREDENTIALS).ask(1)),
    ):
        assert echo.answered(bad) is None
    assert echo.answered(good) == 1


def test_what_is_never_answered_is_forgotten() -> None:
    echo = Echo(CREDENTIALS)
    requests = [echo.ask(number) for number in range(MOST_OPEN + 1)]
    assert echo.answered(response(requests[0])) is None
    assert echo.answered(response(requests[1])) == 1


@pytest.mark.parametrize("shown", [repr(CREDENTIALS), repr(Echo(CREDENTIALS))])
def test_the_password_is_not_shown(shown: str) -> None:
    assert CREDENTIALS.remote_password not in shown
