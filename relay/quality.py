"""The rendition that one viewer is on: its wish and its link, carried out on the camera's fan-outs.

Belongs here: asking and doing, twice a second. Not here: the decisions (`relay/adaptation.py`,
`relay/wish.py`), the packets (`relay/sender.py`), the clock that drives it (`relay/relay.py`).

A rendition that gives no picture is no rung of the ladder. Where none gives one, the viewer stays where it
is: the camera comes back there. Where a viewer can have the camera's pictures as they come (`source`), what
is made of them to be its main stream (`main`) is no rung either: it costs an encoder, and is what the viewer
gets when they are not given out any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from relay.adaptation import HEADROOM, UP_AFTER, Adaptation, Cause, Rung
from relay.form import Form
from relay.ladder import offered
from relay.ports import QualityStatus
from relay.resync import affordable
from relay.sender import PictureSender
from relay.wish import Lack, Wish
from streams.camera import RenditionName
from streams.state import Live, Offline

INTERVAL = 0.4
"""Seconds between two decisions."""
STUCK_S = 0.3
"""Seconds that packets are under way from which on it is looked at more often: each tenth of a second that
goes by fills the queue by another one ..."""
STUCK_INTERVAL = 0.1
"""... at most so often."""
_FULL = (RenditionName.SOURCE.value, RenditionName.MAIN.value)
"""Two names of the same for whoever pins the full quality."""
FIRST_CLIMB_S = 3.0
"""Seconds without trouble before a viewer leaves the small rendition that it began on only because the
large one's group of pictures was too much to begin with."""


def first_form(forms: Sequence[Form], pinned: str | None, ceiling: str | None, link_bps: float) -> Form:
    """The rendition to begin on: the largest of use whose group of pictures is about a second of the link
    at most, else the smallest. `forms`: the smallest first, at least one."""
    names = [form.name for form in forms]
    if pinned in names:
        return forms[names.index(pinned)]
    top = names.index(ceiling) if ceiling in names else len(names) - 1
    while top and not affordable(forms[top].newest_gop_size, link_bps):
        top -= 1
    return forms[top]


def _name_of(pinned: str | None, given: Sequence[Form]) -> str | None:
    """What the pinned rendition is called among those given out now; None where the full one is not."""
    names = [form.name for form in given]
    if pinned in _FULL and pinned not in names:
        return next((name for name in _FULL if name in names), None)
    return pinned


class Quality:
    """One viewer's. `forms`: the camera's renditions, the smallest first. `now`: monotonic seconds.

    link: bit/s that the viewer's link is known to carry at most, None where nothing is known; then
    `assumed_bps` decides what it begins on. round_trip: seconds, before anything was sent. learnt: called
    with the limit, as it becomes known.
    """

    def __init__(
        self,
        forms: Sequence[Form],
        sender: PictureSender,
        wish: Wish,
        now: float,
        *,
        assumed_bps: float,
        link: float | None = None,
        round_trip: float | None = None,
        learnt: Callable[[float, float], None] = lambda bps, now: None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        self.wish = wish
        self.switches: Counter[Cause] = Counter()
        self._forms = tuple(forms)
        self._sender = sender
        self._learnt = learnt
        self._failed = failed
        self._due = now + INTERVAL
        self._ticked = now
        given = self._given
        pinned, ceiling = self._bounds(given)
        usable = self._usable(given, now, link, pinned)
        first = first_form(usable, pinned, ceiling, link if link is not None else assumed_bps)
        wanted = given[-1].name if ceiling is None else ceiling
        self.current = first.name
        is_small = link is None and self._is_live(wanted) and self.current != wanted
        self._adaptation = Adaptation(
            now,
            wait=FIRST_CLIMB_S if is_small else UP_AFTER,
            link=link,
            round_trip=round_trip,
            # One whose rendition is away for the moment begins below it, and goes there when it is back.
            wanted=None if self._is_live(wanted) else wanted,
        )
        self._pace(now)
        first.attach(sender, failed, now)

    @property
    def due(self) -> float:
        """When `act` wants to be called; at once while the link is being tested, and when it is stuck."""
        return self._ticked if self._adaptation.probing or self._is_stuck else self._due

    @property
    def _is_stuck(self) -> bool:
        return self._sender.has_collapsed or self._sender.behind > STUCK_S

    def _is_stuck_at(self, now: float) -> bool:
        looked = self._due - INTERVAL
        return self._sender.has_collapsed or (self._is_stuck and now - looked >= STUCK_INTERVAL)

    def ask(self, wish: Wish, now: float) -> None:
        """The viewer wishes something else from now on."""
        self.wish = wish
        self._decide(now)

    def lack(self, now: float) -> Lack | None:
        """Why the viewer is not given the rendition that it pinned; None where it is, or pinned none."""
        pinned = self.wish.pinned
        if pinned is None or self.wish.hidden:
            return None
        name = _name_of(pinned, self._given)
        form = next((each for each in self._forms if each.name == name), None)
        if form is None:
            return Lack.UNKNOWN
        if form.has_no_room(now):
            return Lack.NO_ROOM
        return None if form.is_available(now) else Lack.NO_PICTURE

    def act(self, now: float) -> None:
        """Look at the link, and change the rendition if need be."""
        if now >= self._due or self._is_stuck_at(now):
            self._due = now + INTERVAL
            adaptation = self._adaptation
            adaptation.observe(now, self._sender.link_report(now))
            if adaptation.link is not None:
                self._learnt(adaptation.link, now)
            self._decide(now)
            self._pace(now)
        extra = self._adaptation.probing * min(now - self._ticked, INTERVAL) / 8
        self._ticked = now
        if extra:
            self._sender.probe(int(extra), now)

    def status(self) -> QualityStatus:
        """As it stands."""
        adaptation, wish = self._adaptation, self.wish
        return QualityStatus(
            rendition=self.current,
            pinned=wish.pinned,
            ceiling=wish.ceiling,
            max_width=wish.max_width,
            hidden=wish.hidden,
            switches={cause.value: count for cause, count in self.switches.items()},
            carried_bps=adaptation.estimate,
            link_bps=adaptation.link,
            probe_bps=adaptation.probing,
        )

    def _decide(self, now: float) -> None:
        given = self._given
        pinned, ceiling = self._bounds(given)
        keep = self.current if pinned is None else pinned
        live = [form for form in given if form.is_available(now)]
        rungs = [(Rung(form.name, form.bitrate(now)), form.extra) for form in live]
        ladder = offered(rungs, keep, self._adaptation.link)
        if not ladder:
            return
        current = self._step(ladder)
        decision = self._adaptation.decide(
            now,
            ladder,
            current,
            ceiling=ceiling,
            pinned=pinned,
            can_probe=self._sender.can_probe,
        )
        if decision.rung == self.current:
            return
        cause = Cause.GONE if decision.rung == current else decision.cause
        self.current = decision.rung
        self.switches[cause] += 1
        target = next(form for form in self._forms if form.name == decision.rung)
        self._pace(now)  # what it begins with, too
        # In trouble the old rendition only makes it worse, and one that is gone sends nothing anyway.
        at_once = cause in (Cause.TROUBLE, Cause.GONE)
        target.attach(self._sender, self._failed, now, at_once=at_once)

    def _step(self, ladder: Sequence[Rung]) -> str:
        """Where the viewer stands on `ladder`: what `source` and `main` are to each other is no step, unless
        its link is known to be too narrow for the other."""
        link = self._adaptation.link
        if self.current in _FULL:
            for rung in ladder:
                if rung.name in _FULL and (link is None or rung.bitrate * HEADROOM <= link):
                    return rung.name
        return self.current

    def _pace(self, now: float) -> None:
        link = self._adaptation.link
        if link is not None:  # slower than the rendition that it stays on it would come ever later
            current = next(form for form in self._forms if form.fanout.name == self.current)
            link = max(link, current.bitrate(now) * HEADROOM)
        self._sender.limit(link)

    def _usable(
        self, given: Sequence[Form], now: float, link: float | None, pinned: str | None
    ) -> list[Form]:
        """What a viewer can begin on: nothing is made for a link of which nothing is known."""
        forms = [form for form in given if not form.extra or link is not None or form.name == pinned]
        live = [form for form in forms if form.is_available(now)]
        if not live:
            base = [form for form in forms if not form.extra]
            return [form for form in base if not isinstance(form.rendition.state, Offline)] or base
        rungs = [(Rung(form.name, form.bitrate(now)), form.extra) for form in live]
        names = {rung.name for rung in offered(rungs, pinned, link)}
        return [form for form in live if form.name in names]

    def _bounds(self, given: Sequence[Form]) -> tuple[str | None, str | None]:
        """The wish, for these forms. For a tile's size nothing is made: what the camera sends will do."""
        pinned = _name_of(self.wish.pinned, given)
        if not self.wish.hidden and any(form.name == pinned for form in given):
            return pinned, None
        formats = [(form.name, form.rendition.format) for form in given if not form.extra]
        return self.wish.bounds([(name, None if known is None else known.width) for name, known in formats])

    @property
    def _given(self) -> Sequence[Form]:
        """What is given out as things are now: of `source` and `main` one."""
        given = [form for form in self._forms if form.is_given]
        if any(form.name == RenditionName.SOURCE for form in given):
            given = [form for form in given if form.name != RenditionName.MAIN]
        return given or self._forms

    def _is_live(self, name: str) -> bool:
        return any(form.name == name and isinstance(form.rendition.state, Live) for form in self._forms)
