"""What all transcoding of this machine shares: worker threads, the encoder, the budget, what work has cost.

Belongs here: bounded threads, and who may begin. State belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streams.capacity import Capacity, Costs
from streams.encoders import EncoderChoice, settle
from streams.pipeline import Outcome
from streams.recipe import Transcoding, available_cores
from streams.threads import in_thread

log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Workshop:
    """Made once per hub; threads begin with the first work and end with `close`."""

    def __init__(
        self, settings: Transcoding | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings or Transcoding()
        self.capacity = Capacity(self.settings.budget)
        self.costs = Costs()
        self.clock = clock
        self._threads: ThreadPoolExecutor | None = None
        self._choice: asyncio.Task[EncoderChoice] | None = None

    async def encoder(self) -> str:
        """The encoder to use; the first to ask has them tried, which takes a moment."""
        if self._choice is None:
            self._choice = asyncio.get_running_loop().create_task(self._choose(), name="choose an encoder")
        return (await asyncio.shield(self._choice)).name

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do some work in a worker thread. Cancelled, it waits for the end of what is under way."""
        if self._threads is None:
            count = self.settings.threads or available_cores()
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="transcode")
        return await in_thread(self._threads, work)

    def account(self, decode: str, codec: str, outcome: Outcome) -> None:
        """Book what a step has cost."""
        now = self.clock()
        self.capacity.spend(decode, outcome.decode_cpu_s, now)
        self.costs.learn(f"decode/{codec}", outcome.decode_megapixels, outcome.decode_cpu_s)
        for key, spent in outcome.encode_cpu_s.items():
            self.capacity.spend(key, spent, now)
            self.costs.learn("encode", outcome.encode_megapixels[key], spent)

    async def close(self) -> None:
        """End the threads. Nothing may be at work any more."""
        if self._choice is not None:
            self._choice.cancel()
            await asyncio.wait({self._choice})
            self._choice = None
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None

    async def _choose(self) -> EncoderChoice:
        wanted = self.settings.encoder
        choice = await self.run(lambda: settle(wanted))
        for name, why in choice.refused:
            log.log(logging.WARNING if name == wanted else logging.INFO, "transcoding: %s: %s", name, why)
        self.costs = Costs(choice.cpu_ms_per_megapixel)
        log.info("transcoding with %s, %.2g cores at most", choice.name, self.capacity.budget)
        return choice
