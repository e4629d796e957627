"""The RTP header extension block of a viewer's packets (RFC 8285, one-byte form). Pure.

Belongs here: which elements go in and where the ones stand that change. Not here: what was negotiated
(`relay/ports.py` carries it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from relay.packetize import EXTENSION_LIMIT
from relay.ports import (
    EXTENSION_ABS_SEND_TIME,
    EXTENSION_MID,
    EXTENSION_PLAYOUT_DELAY,
    EXTENSION_TRANSPORT_CC,
)

_PROFILE = b"\xbe\xde"


@dataclass(frozen=True, slots=True)
class ExtensionBlock:
    """A prepared block. Viewers whose blocks are equal share the prepared packets of a picture.

    block: the bytes behind the fixed RTP header, zeros where a value changes; empty: no extension.
    abs_send_time_at, transport_cc_at: offset of the changing value within `block`; None: not in it.
    """

    block: bytes = b""
    abs_send_time_at: int | None = None
    transport_cc_at: int | None = None

    def at(self, now: float) -> bytes:
        """The block as it leaves at `now` (seconds, any clock), with the absolute send time in it."""
        if self.abs_send_time_at is None:
            return self.block
        value = int(now * (1 << 18)) & 0xFFFFFF  # 6.18 fixed point seconds
        at = self.abs_send_time_at
        return self.block[:at] + value.to_bytes(3, "big") + self.block[at + 3 :]


def build_extensions(
    ids: Mapping[str, int], mid: str, playout_delay: tuple[int, int] | None
) -> ExtensionBlock:
    """The block for the negotiated `ids` (URI to id, 1 to 14).

    playout_delay: (least, most) delay that the receiver shall add, in steps of 10 ms, sent where the
    extension was negotiated; None leaves it to the receiver.

    What does not fit into `EXTENSION_LIMIT` is left out, the least needed last in the order below: with one
    video track whose SSRC stands in the SDP nothing depends on any of them.
    """
    elements: list[tuple[str, bytes]] = [
        (EXTENSION_TRANSPORT_CC, bytes(2)),
        (EXTENSION_ABS_SEND_TIME, bytes(3)),
        (EXTENSION_MID, mid.encode()),
    ]
    if playout_delay is not None:
        least, most = playout_delay
        elements.append((EXTENSION_PLAYOUT_DELAY, (least << 12 | most).to_bytes(3, "big")))
    body = b""
    places: dict[str, int] = {}
    for uri, value in elements:
        number = ids.get(uri)
        if number is None or not 1 <= number <= 14 or not 1 <= len(value) <= 16:
            continue
        if 4 + len(body) + 1 + len(value) > EXTENSION_LIMIT:
            continue
        places[uri] = 4 + len(body) + 1
        body += bytes((number << 4 | len(value) - 1,)) + value
    if not body:
        return ExtensionBlock()
    body += bytes(-len(body) % 4)
    block = _PROFILE + (len(body) // 4).to_bytes(2, "big") + body
    return ExtensionBlock(block, places.get(EXTENSION_ABS_SEND_TIME), places.get(EXTENSION_TRANSPORT_CC))
