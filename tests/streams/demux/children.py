"""Children that misbehave, and looking at processes from outside."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from streams.demux.process import Demuxers
from streams.demux.wire import Found, Hello, Message, Picture, format_message

_SAYS = """
import os, resource, signal, sys, time
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.write(1, bytes.fromhex("{words}"))
{then}
"""
SLEEP = "time.sleep(600)"


def acting(then: str, *words: Message | bytes, most: int = 4, start_s: float = 20.0) -> Demuxers:
    """Demuxers whose child writes the words, then does what the statement says."""
    data = b"".join(word if isinstance(word, bytes) else format_message(word) for word in words)
    return Demuxers(most, start_s=start_s, command=command(_SAYS.format(words=data.hex(), then=then)))


def command(script: str) -> Sequence[str]:
    """A child that is a script; the codec's name is its first argument."""
    return (sys.executable, "-S", "-c", script)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, though perhaps nobody has asked how."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


HELLO = Hello()
FOUND = Found("vp8", 320, 240, False)
__all__ = ["FOUND", "HELLO", "SLEEP", "Picture", "acting", "command", "is_gone"]
