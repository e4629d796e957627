"""/api/events: the event stream (server-sent events, HTML §9.2).

The response owns its one task beside the request's: it waits for the browser to go. A browser that does not
read for ten seconds is let go.
"""

from __future__ import annotations

import asyncio
import logging

from fastapi import APIRouter, Response
from starlette.types import Receive, Scope, Send

from hotline.api.access import Anybody, ServiceHere
from hotline.api.answers import problems
from hotline.events import Broker, Event, Listener
from hotline.people.signing_in import Identity

log = logging.getLogger(__name__)

WRITE_DEADLINE_S = 10.0

router = APIRouter(prefix="/api", tags=["events"])


class EventStream(Response):
    """Sends what the broker has for one identity until either side ends it."""

    media_type = "text/event-stream"

    def __init__(self, broker: Broker, identity: Identity) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._broker = broker
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        with self._broker.listening(self._identity) as listener:
            async with asyncio.TaskGroup() as group:
                gone = group.create_task(_until_gone(receive, listener), name="event stream")
                try:
                    await self._send_all(listener, send)
                finally:
                    gone.cancel()

    async def _send_all(self, listener: Listener, send: Send) -> None:
        try:
            async with asyncio.timeout(WRITE_DEADLINE_S):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while events := await listener.next():
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    body = b"".join(encode(event) for event in events)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            async with asyncio.timeout(WRITE_DEADLINE_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("an event stream was not read for %.0f s and is let go", WRITE_DEADLINE_S)
        except OSError:
            return  # the browser is gone, which is what the other task would have said next


def encode(event: Event) -> bytes:
    """An event on the wire. Data is JSON without line breaks: one `data` line."""
    return f"id: {event.id}\nevent: {event.type}\ndata: {event.data}\n\n".encode()


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    listener.close()


@router.get(
    "/events",
    response_class=Response,
    responses={
        200: {
            "description": "Events: snapshot, share, incident, feeds, bye",
            "content": {"text/event-stream": {}},
        },
        **problems(401, 429),
    },
)
async def get_events(identity: Anybody, service: ServiceHere) -> Response:
    """What the asker may know, as it happens. Always begins with `snapshot`, also after a reconnect with
    Last-Event-ID; then `share`, `incident`, and `feeds` every 500 ms. `bye`: the sign-in ended."""
    service.broker.demand_room(identity)
    return EventStream(service.broker, identity)
