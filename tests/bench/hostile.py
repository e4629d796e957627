"""A minute of everything bad that can be sent to a relay, beside a viewer that watches.

`HOTLINE_BENCH_HOSTILE_S` sets the seconds. `stall_ms` is the longest that the relay's loop kept something due
waiting, less its wait for a core of the machine; `quiet_stall_ms` the same before the attack. `not_met` says
what came of it that may not, such as a stall of more than 50 ms.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tests.bench._figures import percentile, say
from tests.relay.siege import lay_siege
from tests.relay.siege_verdict import complaints, picture_troubles, stall_troubles

NAMES = ("hostile",)
LONG = ("hostile",)


async def run(_: str) -> Mapping[str, Any]:
    """What the viewer saw, and what the relay did."""
    siege = await lay_siege(float(os.environ.get("HOTLINE_BENCH_HOSTILE_S", "60")))
    for name, count in siege.done.items():
        say(f"{name}: {count} {siege.results.get(name, '')}")
    watched, quiet = siege.under_attack, siege.quiet
    return {
        "stall_ms": siege.lag["own_ms"],
        "quiet_stall_ms": siege.quiet_lag["own_ms"],
        "stalls_over_20_ms": siege.lag["over_20"],
        "pictures_per_s": round(watched.rate, 1),
        "quiet_pictures_per_s": round(quiet.rate, 1),
        "starved_ms": round(siege.starved * 1000),
        "longest_gap_ms": round(max(watched.gaps) * 1000),
        "quiet_longest_gap_ms": round(max(quiet.gaps) * 1000),
        "age_p99_ms": percentile([each * 1000 for each in watched.ages], 99, 0),
        "quiet_age_p99_ms": percentile([each * 1000 for each in quiet.ages], 99, 0),
        "attempts": sum(siege.done.values()),
        "faults": siege.after["dropped"].get("fault", 0),
        "not_met": [
            *complaints(siege),
            *picture_troubles(siege),
            *stall_troubles(siege, quiet_counts=False),
        ],
    }
