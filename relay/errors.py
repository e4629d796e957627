"""Everything the relay raises on purpose.

    RelayError
    ├── SrtpError (ValueError)   a packet that SRTP refuses
    ├── DtlsError                a handshake that failed, with the reason
    ├── TokenRejected            a viewing token that is absent, forged, late or early
    ├── OfferRefused             an SDP offer that cannot be answered; carries the HTTP status
    └── Refused                  a request that is understood and not granted; carries the HTTP status

No text of these exceptions carries a secret or an address.
"""

from __future__ import annotations


class RelayError(Exception):
    """Root of what this room raises."""


class SrtpError(RelayError, ValueError):
    """SRTP refused a packet: too long, forged, replayed or too old."""


class DtlsError(RelayError):
    """The DTLS handshake failed or the association ended. The text says why, in a few words."""


class TokenRejected(RelayError):
    """The viewing token is no good. One class for every reason, so that an answer cannot tell them apart."""


class OfferRefused(RelayError):
    """The offer cannot be answered. `status`: the HTTP status (400, 406, 413 or 415)."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Refused(RelayError):
    """The request is understood and not granted. `status`: the HTTP status; `retry_after`: whole seconds."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
