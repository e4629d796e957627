"""The secret that must not come out: whatever is logged or printed while a test runs is searched for it.

Tests use `CANARY` as the password of a camera, of a person, as a token. `tests/conftest.py` fails the test in
whose log or output it appears.
"""

from __future__ import annotations

import logging
import secrets

CANARY = f"canary-{secrets.token_hex(12)}"


class CanaryHandler(logging.Handler):
    """Notes every record in which the canary stands, in its text, its arguments or its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.caught: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if CANARY in text:
            self.caught.append(text.replace(CANARY, "<CANARY>"))
