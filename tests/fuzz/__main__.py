"""`python -m tests.fuzz TARGET [SECONDS]` fuzzes one target, guided by coverage; needs atheris.

What it finds is written to `tests/fuzz/finds/TARGET-…`: keep the file, and the normal suite feeds it from
then on.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

FINDS = Path(__file__).parent / "finds"


def main(arguments: list[str]) -> int:
    """Fuzz until the time is over or something is found (then libFuzzer ends the process)."""
    if not arguments:
        from tests.fuzz.targets import TARGETS

        print("targets:", ", ".join(TARGETS))
        return 2
    try:
        import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional
    except ImportError:
        print("atheris is not installed: pip install 'hotline[fuzz]'", file=sys.stderr)
        return 1
    name = arguments[0]
    seconds = int(arguments[1]) if len(arguments) > 1 else 60
    with atheris.instrument_imports(include=["streams"]):
        targets = importlib.import_module("tests.fuzz.targets")
    if name not in targets.TARGETS:
        print(f"no target {name}; there are {', '.join(targets.TARGETS)}", file=sys.stderr)
        return 2
    seeds = importlib.import_module("tests.fuzz.seeds")
    corpus = Path(__file__).parent / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.seeds(name)):
        (corpus / f"seed{number}").write_bytes(seed)
    FINDS.mkdir(exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-timeout=2", "-rss_limit_mb=1024", "-max_len=16384"]
    atheris.Setup(
        [sys.argv[0], *limits, f"-artifact_prefix={FINDS / name}-", str(corpus)],
        lambda data: targets.feed(name, data),
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
