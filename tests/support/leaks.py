"""What a test may leave behind: nothing. Threads, descriptors and child processes of this process, as sets.

Pure comparison of snapshots; `tests/conftest.py` decides when they are taken. A snapshot may be taken inside
a test too, to show that something ends by itself.
"""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# Opened once by libraries, for good, at a moment nobody chooses.
_LASTING = ("/dev/", "/proc/", "/sys/", "/usr/", "/memfd:")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is open or running: threads by name and identity, descriptors by number and target, children."""

    threads: frozenset[tuple[int, str]]
    descriptors: frozenset[tuple[int, str]]
    children: frozenset[tuple[int, str]]

    def without(self, other: Snapshot) -> Snapshot:
        """What is here and not in `other`."""
        return Snapshot(
            self.threads - other.threads,
            self.descriptors - other.descriptors,
            self.children - other.children,
        )

    def with_(self, other: Snapshot) -> Snapshot:
        """Both together."""
        return Snapshot(
            self.threads | other.threads,
            self.descriptors | other.descriptors,
            self.children | other.children,
        )

    def __bool__(self) -> bool:
        return bool(self.threads or self.descriptors or self.children)

    def __str__(self) -> str:
        lines = [f"thread {name}" for _, name in sorted(self.threads)]
        lines += [f"descriptor {number} → {target}" for number, target in sorted(self.descriptors)]
        lines += [f"child process {pid}: {command}" for pid, command in sorted(self.children)]
        return "; ".join(lines) or "nothing"


EMPTY = Snapshot(frozenset(), frozenset(), frozenset())


def take() -> Snapshot:
    """What is open or running in this process now."""
    threads = frozenset((thread.ident or 0, thread.name) for thread in threading.enumerate())
    return Snapshot(threads, frozenset(_descriptors()), frozenset(_children()))


def left_over(before: Snapshot, patience_s: float = 1.0) -> Snapshot:
    """What is there now and was not `before`, after giving what is ending `patience_s` to end."""
    left = take().without(before)
    end = time.monotonic() + patience_s
    while left and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
        left = take().without(before)
    return left


def _descriptors() -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # the listing's own descriptor, closed by now
        if not target.startswith(_LASTING):
            found.append((int(entry.name), target))
    return found


def _children() -> list[tuple[int, str]]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:
            continue  # the thread ended meanwhile
        for pid in pids:
            try:
                command = (
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue  # the child ended meanwhile
            if command:  # a dead child that nobody has waited for has no command line
                found.append((int(pid), command[:80].strip()))
            else:
                found.append((int(pid), "ended, not waited for"))
    return found
