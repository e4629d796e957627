"""The simulated city as a child process: started with a deadline, ended cleanly, and gone when we are.

It is a process of its own because drawing and encoding must not share an interpreter with the relay. Its
sign-in goes in on standard input: arguments are seen by everybody on the machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from streams.camera import Credentials

START_DEADLINE_S = 30.0
READY_DEADLINE_S = 60.0
STOP_DEADLINE_S = 5.0


class SimulatorError(RuntimeError):
    """The simulated city does not run; the text says so in one sentence."""


@dataclass(frozen=True, slots=True)
class RunningCity:
    """Where the simulated cameras are: id → profile → RTSP address. `control_port`: of the control line."""

    addresses: Mapping[str, Mapping[str, str]]
    control_port: int
    _process: Process

    async def ready(self) -> None:
        """Waits until the cameras around the incident have drawn their scenes. Raises `SimulatorError`."""
        await _said(self._process, READY_DEADLINE_S)

    async def ended(self) -> None:
        """Waits for the end that nobody asked for."""
        await self._process.wait()


@asynccontextmanager
async def simulated_city(sign_in: Credentials, arguments: Sequence[str] = ()) -> AsyncIterator[RunningCity]:
    """A running simulator whose cameras all ask for `sign_in`; it ends with the block.

    `arguments` go to `hotline simulate`. Raises `SimulatorError` when it does not start by its deadline.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "simulate", "--child", *arguments),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # Ctrl-C is for us: we end it, in order
    )
    try:
        assert process.stdin is not None
        told = {"username": sign_in.username, "password": sign_in.password}
        process.stdin.write(json.dumps(told).encode() + b"\n")
        said = await _said(process, START_DEADLINE_S)
        yield RunningCity(said["cameras"], int(said["control_port"]), process)
    finally:
        await _end(process)


async def _said(process: Process, deadline: float) -> dict[str, Any]:
    """The next line of its standard output."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(deadline):
            line = await process.stdout.readline()
    except TimeoutError:
        raise SimulatorError(f"the simulated city said nothing for {deadline:.0f} s") from None
    if not line:
        raise SimulatorError("the simulated city ended by itself; its own words are above")
    return dict(json.loads(line))


async def _end(process: Process) -> None:
    """Closes its standard input, which ends it; then asks; then insists."""
    assert process.stdin is not None
    process.stdin.close()
    insist: Callable[[], None]
    for insist in (_wait, process.terminate, process.kill):
        with suppress(ProcessLookupError):
            insist()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_DEADLINE_S):
                await process.wait()
                return


def _wait() -> None:
    """First, nothing more than waiting."""
