"""What the relay is told at its start: plain values, with the defaults that it is built for.

Belongs here: ports, addresses, limits and deadlines. The composition root fills it from `config`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.addresses import IpNetwork


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server that clients may use, with time-limited credentials (HMAC over the expiry, coturn's
    `use-auth-secret`). The relay itself never speaks to it.

    url: such as `turn:turn.city.example:3478?transport=udp`. secret: shared with the server, in no `repr`.
    """

    url: str
    secret: str = field(repr=False)
    lifetime_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Times in seconds, ports 0 to 65535 (0 takes a free one).

    hosts: addresses to listen on; `0.0.0.0` and `::` are all of a family.
    tcp_port: the one TCP port for clients whose network blocks UDP; None: none.
    advertised_addresses: what clients are told to send to; empty: this machine's own addresses, of
    `interfaces` or, without those, of all that do not lead to its containers or into `camera_networks`.
    max_viewers*: at once, half-open ones included; above it 503 (worker, feed) or 429 (grant).
    """

    hosts: tuple[str, ...] = ("0.0.0.0",)  # noqa: S104 - a media port is open to its viewers, who hold a grant
    udp_port: int = 8189
    tcp_port: int | None = None
    advertised_addresses: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    camera_networks: tuple[IpNetwork, ...] = ()
    turn_servers: tuple[TurnServer, ...] = ()

    max_viewers: int = 200
    max_viewers_per_feed: int = 100
    max_viewers_per_grant: int = 8
    offers_per_s: float = 10.0
    """Offers a second of one receiver, a tenth of it under one grant; above it 429. At once there may be
    more: per grant 4 times, per receiver 32 times `max_viewers_per_grant`: ten walls of 25 tiles."""

    assumed_link_bps: float = 16_000_000.0
    """Bit/s that the link of a new viewer is taken for until something is known of it: where a second of it
    does not carry the newest group of pictures, the viewer begins on a smaller rendition."""
    instant_start: bool = True
    """A viewer begins with the newest group of pictures; False lets it wait for the next keyframe, which is
    what other relays do and only benches want."""
    busy_share: float = 0.9
    busy_lag_s: float = 0.1
    """Share of its core, and lateness in seconds, above which the worker takes no more viewers (503)."""

    ice_deadline_s: float = 10.0
    dtls_deadline_s: float = 5.0
    record_deadline_s: float = 3.0
    silence_s: float = 8.0
    """Without an authenticated check or RTCP a viewer counts as gone. Chromium checks every 2.7 s."""
    body_deadline_s: float = 5.0
    profile_wait_s: float = 0.5
    """How long a POST waits for the first SPS of a camera that is just connecting."""
    stop_deadline_s: float = 2.0
