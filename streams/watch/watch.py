"""One camera's watch: its memory of pictures and views, and what is certain by now. Pure: looks and `now` in.

Belongs here: which fault is judged when, when a view is learnt, by which light. How each is judged is the
modules' beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from streams.watch.black import is_black
from streams.watch.covered import is_covered
from streams.watch.defocused import is_defocused
from streams.watch.fault import Finding, PictureFault, Suspicion
from streams.watch.frozen import Stillness
from streams.watch.look import Look
from streams.watch.moved import is_moved
from streams.watch.reference import Lesson, Match, Reference

_CONFIRM = 3
_DARK, _BRIGHT = 58.0, 70.0  # mean luma at which day ends, and begins
_COLOURLESS, _COLOURED = 2.0, 3.0  # colour at which an infrared night begins, and ends
_HEALTHY = 0.7  # share of the view that must be there to learn on from it
_AGEING = 1 / 1800  # of a reference per picture: an hour and more
_KEEP_AGED_S = 6 * 3600.0
_VIEW = (PictureFault.COVERED, PictureFault.DEFOCUSED, PictureFault.MOVED)


class Light(StrEnum):
    """By which light a picture was taken. Each has a reference view of its own."""

    DAY = "day"
    NIGHT = "night"  # lamps alone, or infrared without colour


def light_of(look: Look, before: Light | None) -> Light:
    """By which light, with some inertia, so that it does not waver at dusk."""
    night = before is Light.NIGHT
    dark = look.brightness < (_BRIGHT if night else _DARK)
    colourless = look.colour < (_COLOURED if night else _COLOURLESS)
    return Light.NIGHT if dark or colourless else Light.DAY


def view_fault(match: Match) -> PictureFault | None:
    """What is wrong with the view, one thing at most."""
    if is_defocused(match):
        return PictureFault.DEFOCUSED
    if is_covered(match):
        return PictureFault.COVERED
    return PictureFault.MOVED if is_moved(match) else None


class Watch:
    """See the module. `references`: the views that are known already."""

    def __init__(self, references: Mapping[Light, Reference] | None = None) -> None:
        self._references = dict(references or {})
        self._lessons: dict[Light, Lesson] = {}
        self._unsaved: dict[Light, Reference] = {}
        self._saved_at: dict[Light, float] = {}
        self._stillness = Stillness()
        self._black = Suspicion(_CONFIRM)
        self._view = {fault: Suspicion(_CONFIRM) for fault in _VIEW}
        self._source: object = None
        self.light: Light | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is certain, the weightiest first."""
        suspicions = {
            PictureFault.BLACK: self._black,
            PictureFault.FROZEN: self._stillness.suspicion,
            **self._view,
        }
        return tuple(
            Finding(fault, suspicions[fault].since or 0.0)
            for fault in PictureFault
            if suspicions[fault].since is not None
        )

    @property
    def known(self) -> frozenset[Light]:
        """The lights for which there is a reference view."""
        return frozenset(self._references)

    def see(self, look: Look, now: float, source: object = None, *, turned: bool = False) -> None:
        """Take in the next keyframe. `source`: what it came from; frozen is judged within one. `turned`:
        somebody turns the camera on purpose, so its view says nothing."""
        if source != self._source:
            self._source = source
            self._stillness.begin_anew()
        black = is_black(look)
        self._black.see(black, now)
        if black:
            # All else follows from it and would say less.
            self._stillness.begin_anew()
            self._forget_view()
            return
        self._stillness.see(look, now)
        self.light = light_of(look, self.light)
        if turned:
            self._forget_view()
            self._lessons.clear()
            return
        match = self._match(look)
        if match is not None:
            wrong = view_fault(match)
            for fault, suspicion in self._view.items():
                suspicion.see(fault is wrong, now)
        hidden = self._view[PictureFault.COVERED].since is not None
        if hidden:
            self._stillness.suspicion.forget()  # what covers a lens has little to move
        self._learn(look, match, self.light, now)

    def accept_view(self) -> None:
        """What is seen now is how it should be: forget the views of before, and learn anew."""
        self._references.clear()
        self._unsaved.clear()
        self._lessons.clear()
        self._forget_view()

    def to_save(self) -> dict[Light, Reference]:
        """Views that are new since the last call."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    def _match(self, look: Look) -> Match | None:
        """Against the view of any light, whichever fits better: day does not end at one moment."""
        matches = [reference.compare(look) for reference in self._references.values()]
        return max((match for match in matches if match is not None), key=lambda m: m.kept, default=None)

    def _learn(self, look: Look, match: Match | None, light: Light, now: float) -> None:
        if self._stillness.still:
            return
        known = self._references.get(light)
        if known is None:
            if match is not None and view_fault(match) in (PictureFault.COVERED, PictureFault.DEFOCUSED):
                return  # moved may be only how different the night looks
            learnt = self._lessons.setdefault(light, Lesson()).add(look)
            if learnt is not None:
                del self._lessons[light]
                self._keep(light, learnt, now)
        elif match is not None and view_fault(match) is None and match.kept >= _HEALTHY:
            aged = self._references[light] = known.aged(look, _AGEING)
            if now - self._saved_at.setdefault(light, now) >= _KEEP_AGED_S:
                self._keep(light, aged, now)

    def _keep(self, light: Light, reference: Reference, now: float) -> None:
        self._references[light] = self._unsaved[light] = reference
        self._saved_at[light] = now

    def _forget_view(self) -> None:
        for suspicion in self._view.values():
            suspicion.forget()
