"""The control line: how another process breaks and mends simulated cameras.

Belongs here: one line of text in, one line out, on a TCP port of 127.0.0.1 that is never bound wider.

    cameras                     one line of JSON: every camera, its addresses, fault and statistics
    fault CAMERA KIND [SECONDS] [rate=BITS]    `none` clears; `*` is every camera
    quit                        closes the connection

Answers begin with `ok` or `error`. A line it does not know ends the connection, so that no web page can
smuggle a command in through an HTTP request.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from streams.simulator.fault import Fault

if TYPE_CHECKING:
    from streams.simulator.city import SimulatedCity

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_IDLE_S = 300.0


class CommandError(ValueError):
    """The line is no command, or names what is not there."""


class Control:
    """The control line of one city."""

    def __init__(self, city: SimulatedCity, port: int) -> None:
        self._city = city
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self.port = port

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Listen; connections live in `group`, which also ends the listening. Raises OSError."""
        loop = asyncio.get_running_loop()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(self._converse(reader, writer))

        def protocol() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=4096), accepted)

        server = await loop.create_server(protocol, _HOST, self._wanted_port)
        self.port = server.sockets[0].getsockname()[1]
        group.create_task(self._hold(server))

    async def _hold(self, server: asyncio.Server) -> None:
        try:
            await server.serve_forever()
        finally:
            server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            known = True
            while known:
                async with asyncio.timeout(_IDLE_S):
                    line = (await reader.readuntil(b"\n")).decode("utf-8", "replace").strip()
                if line == "quit":
                    return
                try:
                    answer = "ok " + self.execute(line)
                except CommandError as error:
                    answer, known = f"error {error}", line.startswith("fault ")
                writer.write(answer.strip().encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other end went away or speaks something else; nothing is owed to it
        finally:
            writer.close()

    def execute(self, line: str) -> str:
        """Do what one line says. Raises CommandError in words for whoever typed it."""
        words = line.split()
        if words == ["cameras"]:
            return json.dumps(
                [self._describe(camera.id) for camera in self._city.cameras], ensure_ascii=False
            )
        if len(words) < 3 or words[0] != "fault":
            raise CommandError("say `cameras`, `fault CAMERA KIND [SECONDS] [rate=BITS]` or `quit`")
        known = [camera.id for camera in self._city.cameras]
        chosen = known if words[1] == "*" else [words[1]]
        if chosen != known and words[1] not in known:
            raise CommandError(f"no camera {words[1][:80]!r}")
        try:
            fault = Fault.parse(" ".join(words[2:]))
        except ValueError as error:
            raise CommandError(str(error)) from None
        for camera_id in chosen:
            self._city.set_fault(camera_id, fault)
        return ""

    def _describe(self, camera_id: str) -> dict[str, object]:
        statistics = self._city.statistics(camera_id)
        return {
            "id": camera_id,
            "addresses": dict(self._city.addresses(camera_id)),
            "fault": None if statistics.fault is None else str(statistics.fault.kind),
            "connections": statistics.connections,
            "plays": statistics.plays,
            "teardowns": statistics.teardowns,
            "refusals": statistics.refusals,
            "playing": statistics.playing,
            "pictures": statistics.pictures,
        }


async def command(port: int, line: str, *, deadline: float = 5.0) -> str:
    """Send one command to the city whose control line listens on `port` of 127.0.0.1.

    Returns what follows `ok`. Raises CommandError with the city's words, OSError when nobody listens,
    TimeoutError after `deadline` seconds.
    """
    async with asyncio.timeout(deadline):
        reader, writer = await asyncio.open_connection(_HOST, port, limit=1 << 20)
        try:
            writer.write(line.strip().encode() + b"\n")
            answer = (await reader.readuntil(b"\n")).decode().strip()
        except asyncio.IncompleteReadError:
            raise CommandError("the city closed the control line") from None
        finally:
            writer.close()
            await writer.wait_closed()
    status, _, rest = answer.partition(" ")
    if status != "ok":
        raise CommandError(rest or "the city gave no answer")
    return rest
