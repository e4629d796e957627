"""Puts a proxy between a viewer and the relay: rewrites the candidates of an answer. Pure.

Only what ICE uses to find the other side is touched: `a=candidate` lines (RFC 8839 §5.1) and the port of
the media line. Everything else stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a candidate line says of its place. `transport`: "udp" or "tcp"."""

    transport: str
    host: str
    port: int


def parse_candidate(line: str) -> Candidate | None:
    """The candidate in one SDP line, or None where the line is none."""
    if not line.startswith("a=candidate:"):
        return None
    fields = line.split()
    if len(fields) < 8 or not fields[5].isdigit():
        return None
    return Candidate(fields[2].lower(), fields[4], int(fields[5]))


def candidates(sdp: str) -> list[Candidate]:
    """All candidates of a description, in its order."""
    return [found for line in sdp.splitlines() if (found := parse_candidate(line)) is not None]


def reroute(sdp: str, routes: Mapping[tuple[str, Address], Address]) -> str:
    """The description with each candidate led through its proxy; candidates without a route are left out.

    routes: (transport, (host, port)) of the relay → where the proxy listens. Raises ValueError when no
    candidate is left: the viewer would have nowhere to go.
    """
    lines: list[str] = []
    taken: list[Address] = []
    for line in sdp.splitlines():
        found = parse_candidate(line)
        if found is None:
            lines.append(line)
            continue
        target = routes.get((found.transport, (found.host, found.port)))
        if target is None:
            continue
        fields = line.split()
        fields[4], fields[5] = target[0], str(target[1])
        lines.append(" ".join(fields))
        taken.append(target)
    if not taken:
        raise ValueError("no candidate of the answer has a route through the proxy")
    lines = [_media_line(line, taken[0][1]) for line in lines]
    return "\r\n".join(lines) + "\r\n"


def _media_line(line: str, port: int) -> str:
    if not line.startswith("m="):
        return line
    kind, old, rest = line.split(" ", 2)
    return line if old in {"0", "9"} else f"{kind} {port} {rest}"
