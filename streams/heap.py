"""The process's heap, so that pictures do not wait for it.

Python's collector stops everything while it looks through all objects, 15 to 30 ms with what is imported
here; all pictures of all cameras are that much late together, every few seconds. What is there when a process
has started stays for good and need not be looked through again.

Belongs here: that one act. Who does it: a process's own entry, once it serves (a test run, once all is
imported); never a library or a test, whose garbage would then stay as well.
"""

from __future__ import annotations

import gc


def set_aside() -> None:
    """Take all that is alive now out of the collector's sight, for as long as the process lives."""
    gc.collect()
    gc.freeze()
