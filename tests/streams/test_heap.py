"""In a process of its own: what is set aside here would stay for the whole test run."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import gc
from streams.heap import set_aside
before = len(gc.get_objects())
set_aside()
assert gc.get_freeze_count() >= before // 2, (gc.get_freeze_count(), before)
assert len(gc.get_objects()) < before // 2
"""


def test_what_is_there_is_not_looked_through_again() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
