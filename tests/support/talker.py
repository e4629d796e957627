"""A child process that is told something on its input and answers with a line of JSON; both halves.

Belongs here: pipes, lines, the end of the child. What is said belongs to whoever uses it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

_LONGEST = 16 << 20  # bytes of a line
_ANSWER_DEADLINE_S = 30.0
_END_DEADLINE_S = 15.0


class Talker:
    """The parent's half."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def answer(self, deadline: float = _ANSWER_DEADLINE_S) -> dict[str, Any]:
        """The child's next line. Raises RuntimeError when it ended instead, TimeoutError."""
        assert self.process.stdout is not None
        async with asyncio.timeout(deadline):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("a child process ended early; see its output above")
        answered: dict[str, Any] = json.loads(line)
        return answered

    async def ask(self, order: str, deadline: float = _ANSWER_DEADLINE_S) -> dict[str, Any]:
        """Order something and wait for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(order.encode() + b"\n")
        return await self.answer(deadline)


@asynccontextmanager
async def child(module: str, *arguments: str) -> AsyncIterator[Talker]:
    """`python -m MODULE ARGUMENTS` until the block is left: then its input ends, and it has to end too."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST,
        env=dict(os.environ),
    )
    assert process.stdin is not None
    try:
        yield Talker(process)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_DEADLINE_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise


def tell(answer: Mapping[str, Any]) -> None:
    """The child's half: one line of JSON to the parent."""
    print(json.dumps(answer), flush=True)


@asynccontextmanager
async def orders() -> AsyncIterator[AsyncIterator[str]]:
    """The child's half: what the parent orders, until its end of the pipe closes."""
    reader = asyncio.StreamReader(limit=_LONGEST)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )

    async def lines() -> AsyncIterator[str]:
        while line := await reader.readline():
            yield line.decode().strip()

    try:
        yield lines()
    finally:
        transport.close()
