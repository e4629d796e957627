"""The forms of all cameras that anybody watches, and the tasks of their fan-outs.

Belongs here: which forms there are, who owns their tasks. Not here: when one works (`relay/form.py`), what a
fan-out does (`relay/fanout.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from relay.fanout import Fanout
from relay.form import Form
from relay.ladder import Step
from relay.ports import Hold
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Camera and name of the rendition."""


@dataclass(frozen=True, slots=True)
class Original:
    """The camera's own pictures where not every viewer takes them: `keep` gets them while somebody who does
    may watch, `given` says whether they are given out."""

    rendition: Rendition
    keep: Callable[[], Hold]
    given: Callable[[], bool]


class Fanouts:
    """`failed` is called with the viewers of a fan-out that broke. instant_start: see `relay/fanout.py`."""

    def __init__(self, failed: Callable[[Collection[str]], None], *, instant_start: bool = True) -> None:
        self._failed = failed
        self._instant_start = instant_start
        self._forms: dict[Key, Form] = {}

    def forms(
        self,
        renditions: Sequence[Rendition],
        group: asyncio.TaskGroup,
        extras: Sequence[tuple[Step, Rendition, Callable[[], Hold]]] = (),
        *,
        rates: Mapping[str, float] | None = None,
        original: Original | None = None,
    ) -> tuple[Form, ...]:
        """The forms of a camera, each once: `renditions` as the relay holds them anyway, the smallest first,
        and what can be made besides, each with its step of the ladder and what holds it; `original` is above
        them all. rates: the most that those of `renditions` take which are made here, bit/s, by name. Their
        fan-outs run in `group`."""
        rates = rates or {}
        base = [
            self._form(rendition, group, most_bps=rates.get(rendition.form, 0.0)) for rendition in renditions
        ]
        own = [] if original is None else [self._original(original, group)]
        if not base:
            return tuple(own)
        origin = base[-1].rendition
        made = [
            (step.below, self._form(rendition, group, hold=hold, most_bps=step.bitrate, origin=origin))
            for step, rendition, hold in extras
        ]
        smaller = [form for below, form in made if below]
        between = [form for below, form in made if not below]
        return tuple(dict.fromkeys([*smaller, *base[:-1], *between, *base[-1:], *own]))

    def tend(self, now: float) -> None:
        """End the fan-outs that nobody has been on for a while."""
        for form in self._forms.values():
            form.tend(now)

    def end_unused(self, camera: str) -> None:
        """Forget the forms of a camera that no viewer needs."""
        for key, form in list(self._forms.items()):
            if key[0] == camera and not form.viewers:
                form.close()
                del self._forms[key]

    def end_all(self) -> None:
        """End them all."""
        for form in self._forms.values():
            form.close()
        self._forms.clear()

    def all(self) -> list[Fanout]:
        """Every fan-out that works, and those of the camera's own renditions at rest too, for statistics:
        what is counted shall not vanish when a viewer changes."""
        return [form.fanout for form in self._forms.values() if form.works or not form.extra]

    def _original(self, original: Original, group: asyncio.TaskGroup) -> Form:
        return self._form(original.rendition, group, keep=original.keep, given=original.given)

    def _form(
        self,
        rendition: Rendition,
        group: asyncio.TaskGroup,
        *,
        hold: Callable[[], Hold] | None = None,
        most_bps: float = 0.0,
        origin: Rendition | None = None,
        keep: Callable[[], Hold] | None = None,
        given: Callable[[], bool] | None = None,
    ) -> Form:
        key = (rendition.camera_id, rendition.name)
        form = self._forms.get(key)
        if form is None:
            fanout = Fanout(
                rendition,
                request_keyframe=rendition.request_keyframe,
                instant_start=self._instant_start,
            )
            form = self._forms[key] = Form(
                rendition,
                fanout,
                lambda form: group.create_task(self._run(form), name=f"fan-out {key[0]}/{key[1]}"),
                hold=hold,
                most_bps=most_bps,
                origin=origin,
                keep=keep,
                given=given,
            )
        form.most_bps = most_bps  # the camera may send something else than when it was asked for first
        return form

    async def _run(self, form: Form) -> None:
        try:
            await form.fanout.run()
        except Exception:
            # One camera's fault must not end the others: its viewers come back to a fresh fan-out.
            logger.exception("fan-out of camera %s, %s, failed", form.rendition.camera_id, form.name)
            self._forms.pop((form.rendition.camera_id, form.name), None)
            form.end()
            self._failed(form.viewers)
