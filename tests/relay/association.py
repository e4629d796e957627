"""Two ends of a DTLS association, joined in memory."""

from __future__ import annotations

from collections.abc import Callable

from relay import seam
from relay.dtls import DtlsAssociation

SERVER, CLIENT = seam.Certificate(), seam.Certificate()


def fingerprints(certificate: seam.Certificate) -> list[tuple[str, str]]:
    """A certificate's fingerprint as an offer's parser gives it."""
    algorithm, _, digest = certificate.fingerprint.partition(" ")
    return [(algorithm, digest)]


def ends() -> tuple[DtlsAssociation, DtlsAssociation]:
    """Server and client, not yet started."""
    return (
        DtlsAssociation(SERVER, fingerprints(CLIENT), seam.Arena(), server=True),
        DtlsAssociation(CLIENT, fingerprints(SERVER), seam.Arena(), server=False),
    )


def exchange(
    server: DtlsAssociation,
    client: DtlsAssociation,
    flight: list[bytes],
    *,
    lost: Callable[[bytes], bool] = lambda _: False,
) -> None:
    """Carry a flight of the client's and whatever answers it, until nobody has anything to say."""
    receiver, other = server, client
    while flight:
        answers: list[bytes] = []
        for datagram in flight:
            if not lost(datagram):
                answers += receiver.receive(datagram)
        flight, receiver, other = answers, other, receiver


def associate() -> tuple[DtlsAssociation, DtlsAssociation]:
    """Server and client, connected."""
    server, client = ends()
    exchange(server, client, client.start())
    return server, client
