"""`python -m tests.bench NAME [--json]` runs benchmarks; its last line is one JSON object.

Belongs here: finding, running, printing. What is measured stands in the modules beside this one. A benchmark
that judges its figures says in `not_met` what they fall short of; then the exit status is 1.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import pkgutil
import platform
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import uvloop

import tests.bench

Run = Callable[[str], Mapping[str, Any] | Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark. `long`: takes over two minutes. `about`: the first line of its module's text."""

    name: str
    long: bool
    run: Run
    about: str


def find() -> dict[str, Benchmark]:
    """All benchmarks of this package by name. Raises `ValueError` when two have the same name."""
    found: dict[str, Benchmark] = {}
    for info in sorted(pkgutil.iter_modules(tests.bench.__path__), key=lambda info: info.name):
        if info.name.startswith(("_", "test_")):
            continue
        module = importlib.import_module(f"tests.bench.{info.name}")
        for name in getattr(module, "NAMES", ()):
            if name in found:
                raise ValueError(f"two benchmarks are called {name}")
            about = (module.__doc__ or "").strip().splitlines()
            found[name] = Benchmark(
                name, name in getattr(module, "LONG", ()), cast(Run, module.run), about[0] if about else ""
            )
    return found


def measure(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark's figures, with its name and how long it took. Raises what the benchmark raises."""
    begin = time.monotonic()

    async def coroutine(figures: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
        return await figures

    figures = benchmark.run(benchmark.name)
    if inspect.isawaitable(figures):
        figures = uvloop.run(coroutine(figures))  # as the service runs
    return {"bench": benchmark.name, **figures, "took_s": round(time.monotonic() - begin, 1)}


def machine() -> dict[str, Any]:
    """On what it was measured: figures of two machines do not compare."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def main(arguments: list[str]) -> int:
    """Runs what the arguments say. 0: all measured; 1: one failed, or falls short; 2: no such benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", help="benchmarks to run; none lists them")
    parser.add_argument("--short", action="store_true", help="run all that take less than two minutes")
    parser.add_argument("--long", action="store_true", help="run all that take longer")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    asked = parser.parse_args(arguments)

    known = find()
    names = [*asked.name]
    names += [name for name, b in known.items() if (asked.short and not b.long) or (asked.long and b.long)]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; known: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    if not names:
        for benchmark in known.values():
            print(f"{benchmark.name:20} {'long ' if benchmark.long else 'short'} {benchmark.about}")
        print(json.dumps({"benchmarks": list(known)}))
        return 0

    results: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for name in names:
        if not asked.json:
            print(f"== {name}", flush=True)
        try:
            results[name] = measure(known[name])
        except Exception as error:
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}"
        else:
            if not asked.json:
                print(json.dumps(results[name], ensure_ascii=False), flush=True)

    if len(names) == 1 and not failed:
        print(json.dumps({**results[names[0]], **machine()}, ensure_ascii=False))
    else:
        print(json.dumps({**results, "failed": failed, **machine()}, ensure_ascii=False))
    return 1 if failed or any(each.get("not_met") for each in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
