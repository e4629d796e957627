"""How logging looks: one line per event, for people or for collectors. Called once, by the command line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

# Libraries that tell every step at "info"; their warnings are ours too.
_CHATTY = (
    "aiortc",
    "aioice",
    "alembic",
    "aiosqlite",
    "asyncio",
    "httpx",
    "httpcore",
    "uvicorn",
    "uvicorn.error",
)


class JsonLines(logging.Formatter):
    """One JSON object a line: at (UTC), level, logger, message, and trace where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Writes everything from `level` on to `stream` (standard error) as `form`, "text" or "json"."""
    handler = logging.StreamHandler(stream or sys.stderr)
    if form == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
