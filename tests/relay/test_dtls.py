"""The handshake and what may not disturb it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL._util import ffi, lib

from relay import seam
from relay.dtls import DtlsAssociation, DtlsState
from relay.errors import DtlsError

from .association import CLIENT, SERVER, associate, ends, exchange, fingerprints

PLAIN_FATAL_ALERT = bytes.fromhex("15fefd000000000000000000020228")
ENCRYPTED_LOOKING_ALERT = bytes.fromhex("15fefd00010000000000090012") + bytes(18)


def test_both_sides_connect_and_hold_matching_keys() -> None:
    server, client = associate()
    assert server.state is client.state is DtlsState.CONNECTED
    assert server.srtp is not None
    assert client.srtp is not None
    packet = bytes.fromhex("80600001000000000000000a") + b"picture"
    assert client.srtp.unprotect_rtp(server.srtp.protect_rtp(packet)) == packet
    assert server.timeout() is None
    assert client.timeout() is None


def test_the_strongest_profile_is_taken() -> None:
    server, _ = associate()
    assert server.srtp is not None
    assert server.srtp.profile == "SRTP_AEAD_AES_256_GCM"


def test_no_datagram_is_longer_than_a_path_can_be_expected_to_carry() -> None:
    server, client = ends()
    sizes: list[int] = []

    def measured(datagram: bytes) -> bool:
        sizes.append(len(datagram))
        return False

    exchange(server, client, client.start(), lost=measured)
    assert server.state is DtlsState.CONNECTED
    assert max(sizes) <= seam.DTLS_MTU


def test_another_certificate_than_promised_ends_the_handshake() -> None:
    other = seam.Certificate()
    server = DtlsAssociation(SERVER, fingerprints(other), seam.Arena(), server=True)
    client = DtlsAssociation(CLIENT, fingerprints(SERVER), seam.Arena(), server=False)
    with pytest.raises(DtlsError, match="fingerprint"):
        exchange(server, client, client.start())
    assert server.state is DtlsState.CLOSED
    assert server.srtp is None


def test_unknown_digests_alone_match_nothing() -> None:
    server = DtlsAssociation(SERVER, [("md5", "00:11")], seam.Arena(), server=True)
    client = DtlsAssociation(CLIENT, fingerprints(SERVER), seam.Arena(), server=False)
    with pytest.raises(DtlsError, match="fingerprint"):
        exchange(server, client, client.start())


@pytest.mark.parametrize(
    "number", range(4), ids=["hello", "server hello", "client finished", "server finished"]
)
def test_a_lost_flight_is_repeated(number: int) -> None:
    server, client = ends()
    sent = 0

    def lost(_: bytes) -> bool:
        nonlocal sent
        sent += 1
        return sent - 1 == number

    exchange(server, client, client.start(), lost=lost)
    due = client.timeout()
    assert due is not None
    assert 0 < due <= 1
    time.sleep(due + 0.01)  # OpenSSL has a clock of its own and takes no other
    exchange(server, client, client.handle_timeout(), lost=lambda _: False)
    assert server.state is client.state is DtlsState.CONNECTED


def test_an_alert_that_anybody_can_write_changes_nothing() -> None:
    server, client = ends()
    hello = client.start()
    assert server.receive(PLAIN_FATAL_ALERT) == []
    flight = [answer for datagram in hello for answer in server.receive(datagram)]
    assert server.receive(PLAIN_FATAL_ALERT) == []
    assert server.receive(ENCRYPTED_LOOKING_ALERT) == []
    exchange(client, server, flight)
    assert server.state is client.state is DtlsState.CONNECTED
    assert server.receive(PLAIN_FATAL_ALERT + ENCRYPTED_LOOKING_ALERT) == []
    assert server.state is DtlsState.CONNECTED


def test_a_strangers_hello_does_not_disturb_a_running_association() -> None:
    server, client = associate()
    _, stranger = ends()
    for datagram in stranger.start():
        server.receive(datagram)
    assert not _closed(server)
    for datagram in client.close():
        server.receive(datagram)
    assert _closed(server)


def _closed(association: DtlsAssociation) -> bool:
    return association.state is DtlsState.CLOSED


def test_good_bye_is_heard_and_the_end_is_the_end() -> None:
    server, client = associate()
    for datagram in server.close():
        client.receive(datagram)
    assert client.state is DtlsState.CLOSED
    assert client.close() == client.handle_timeout() == client.receive(b"\x16" * 40) == []
    assert client.timeout() is None


@given(st.binary(min_size=1, max_size=300))
def test_garbage_raises_at_most_a_dtls_error(garbage: bytes) -> None:
    server, _ = ends()
    try:
        server.receive(garbage)
        server.receive(b"\x16\xfe\xfd" + garbage)
    except DtlsError:
        assert server.state is DtlsState.CLOSED


def _unread(association: DtlsAssociation) -> int:
    """Bytes that OpenSSL holds and nobody has read."""
    memory = ffi.new("char **")
    return int(lib.BIO_get_mem_data(association._connection._into_ssl, memory))


def test_application_data_ends_an_association_and_piles_up_nowhere() -> None:
    server, client = associate()
    records = []
    for _ in range(40):
        client._connection.send(b"x")
        records.append(client._connection.bio_read(4096))
    for _ in range(3):
        server.receive(b"".join(records))
        assert server.state is DtlsState.CLOSED
    assert _unread(server) < len(b"".join(records))


def test_however_many_records_a_datagram_has_none_is_left_unread() -> None:
    server, _ = associate()
    forged = bytes.fromhex("17fefd0001000000009999000178")  # as short as they get
    server.receive(forged * (2048 // len(forged)))
    assert server.state is DtlsState.CONNECTED
    assert _unread(server) == 0
