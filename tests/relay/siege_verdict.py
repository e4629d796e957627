"""What may come of a siege, and what may not: for the test and for the bench. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tests.relay.hostility import CUT_OFF
from tests.relay.siege import FPS, Siege

RESULTS = {
    "1 MB announced": {"413"},
    "1000 candidates": {"201"},  # nobody reads them
    "50 media sections": {"400"},
    "1000 ssrc lines": {"201"},
    "audio only": {"406"},
    "no H.264": {"406"},
    "data channel": {"406"},
    "candidates inside": {"201"},
    "reached inside": {"never"},
    "not UTF-8": {"400"},
    "empty": {"400"},
    "wrong fingerprint": {"kept out"},
    "garbage on TCP": {"closed"},
    "replays": {"lives on"},
    "bad token": {"401", "429"},
    "good token after that": {"201"},
}
"""What comes of each thing that is answered at all."""
TOO_LARGE = ("1 MB", "1 MB in pieces", "5000 candidates")
"""Refused before all of it is said: then the answer may be lost with the connection."""
DONE = {"forged checks": 5_000, "garbage": 1_000, "stranger's DTLS": 1_000, "replays": 1_000}
"""How often that must have been done at least; the rest is in the results."""
COUNTED = {"empty": 50, "stun": 50, "check": 5_000, "stranger": 500, "refused": 500, "frame": 1, "crowd": 20}
"""What the relay must have counted at least, by its own reasons."""
MOST_STALL_MS = 50.0
LONGEST_GAP_S = 0.5


def complaints(siege: Siege) -> Iterator[str]:
    """What came of it that may not, in words; but for times."""
    found = {name: set(results) for name, results in siege.results.items()}
    for name in TOO_LARGE:
        if not found.pop(name, {"never tried"}) <= {"413", CUT_OFF}:
            yield f"{name}: {siege.results.get(name)}"
    for name in RESULTS.keys() | found.keys():
        if found.get(name) != RESULTS.get(name):
            yield f"{name}: {found.get(name)} instead of {RESULTS.get(name)}"
    for name, least in DONE.items():
        if siege.done.get(name, 0) <= least:
            yield f"{name} was done {siege.done.get(name, 0)} times only"
    before, after = siege.before["dropped"], siege.after["dropped"]
    for reason, least in COUNTED.items():
        if (count := after.get(reason, 0) - before.get(reason, 0)) < least:
            yield f"the relay counted {count} times {reason!r} only"
    if after.get("fault", 0) or "internal fault" in siege.after["ended"]:
        yield "a fault in the relay"
    if not siege.after["ended"].get("the certificate has not the promised fingerprint"):
        yield "nobody was ended for his certificate"
    if siege.after["viewers"] > 2:  # the one that watches, and one that was never finished
        yield f"{siege.after['viewers']} viewers are left"
    if siege.viewer_ended is not None:
        yield f"the viewer was ended: {siege.viewer_ended}"


def picture_troubles(siege: Siege) -> Iterator[str]:
    """What was wrong with the picture of the one who watches, as far as the machine let it be right."""
    watched = siege.under_attack
    # A machine that is busy otherwise shows in the quiet time too.
    if watched.rate <= 0.7 * min(FPS, siege.quiet.rate):
        yield f"{watched.rate:.1f} pictures a second"
    longest = LONGEST_GAP_S + max(siege.starved, 5 * max(siege.quiet.gaps))
    if max(watched.gaps) >= longest:
        yield f"no picture for {max(watched.gaps):.2f} s"
    if watched.unread > 0.02 * len(watched.gaps):
        yield f"{watched.unread} pictures could not be read"


def stall_troubles(siege: Siege, *, quiet_counts: bool) -> Iterator[str]:
    """Whether the relay's loop stood still by itself. quiet_counts: no complaint where it did nearly as long
    before the attack, on a machine that is busy otherwise."""
    allowed = max(MOST_STALL_MS, 1.5 * siege.quiet_lag["own_ms"] if quiet_counts else 0.0)
    if siege.lag["own_ms"] > allowed:
        yield f"the relay stood still for {siege.lag['own_ms']:.0f} ms"
