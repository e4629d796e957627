"""One viewer's pictures: when it starts, what it gets, and how it comes back after a loss.

Belongs here: the order of things. The parts that decide are elsewhere and pure: stamps
(`relay/timeline.py`), when a replay is due (`relay/resync.py`), how fast (`relay/pacing.py`), what is known
of the link (`relay/link_view.py`). What leaves, leaves at once or is held back for a while
(`relay/held.py`); what got lost is sent again (`relay/repeats.py`). Nothing here waits.

    waiting ── keyframe, or replay of the newest group of pictures ──▶ live
    live ── the link or the socket did not take a picture, or pictures are missing ──▶ lost
    lost ── keyframe or replay ──▶ live
    any ── bye() ──▶ ended
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from relay import rtcp
from relay.adaptation import LinkReport
from relay.capture import Reference
from relay.gate import Gate
from relay.held import HeldPictures, Stuck
from relay.history import History
from relay.link_view import LinkView
from relay.pacing import LIMITED_PACE_FACTOR, UNKNOWN_LINK_BPS, Pacer
from relay.picture import Picture
from relay.playout import PlayoutDelay
from relay.ports import Path, RtpParameters, Srtp
from relay.repeats import Repeats
from relay.resync import REPLAY_AIRTIME, URGENT_AIRTIME, Cause, Resync, affordable, better_wait, of_now
from relay.sender_reports import SenderReports
from relay.stats import SenderCounters, SenderStatistics, sender_statistics, sent
from relay.tally import Sent
from relay.timeline import Timeline
from relay.writer import PacketWriter
from streams.access_unit import AccessUnit

LEAST_DELAY = (0, 0)
"""What viewers are asked for: to show each picture as soon as it is decoded. Chromium's own jitter buffer
adds 30 to 70 ms, whatever the network is like; a picture that is late once is better late once. Where it
is late again and again, `relay/playout.py` asks for more."""

Observer = Callable[[AccessUnit, "PictureSender"], None]


class State(StrEnum):
    """Where a viewer stands, see the module."""

    WAITING = "waiting"
    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


_LIVE = State.LIVE  # looked up for each picture and viewer


class Supply(Protocol):
    """The rendition that a sender is on, as it sees it (`relay/fanout.py`)."""

    name: str
    history: History

    def request_keyframe(self) -> None:
        """A keyframe is wanted, if the rendition can make one."""
        ...

    def detach(self, sender: PictureSender) -> None:
        """Send it no more pictures."""
        ...


class PictureSender:
    """Sends one rendition after another to one viewer. `now`: monotonic seconds.

    playout_delay: least and most delay, in steps of 10 ms, that the viewer is asked to add to play smoothly;
    None leaves it to the viewer.
    observer: called with each access unit when its last packet has left.
    ask: asks the viewer something that it answers at once, then `answered` is called with that number.
    collapsed: called when the link has collapsed, so that it is looked at soon, but not within the call.
    """

    # A picture to many viewers touches the memory of each of them: slots halve what there is to touch.
    __slots__ = (
        "_ask",
        "_collapsed",
        "_departures",
        "_fir",
        "_gate",
        "_held",
        "_link",
        "_link_bps",
        "_newest",
        "_pacer",
        "_playout",
        "_repeats",
        "_reports",
        "_resync",
        "_timeline",
        "_writer",
        "arriving_at",
        "counters",
        "observer",
        "parameters",
        "state",
        "supply",
    )

    def __init__(
        self,
        parameters: RtpParameters,
        srtp: Srtp,
        path: Path,
        *,
        link_bps: float = UNKNOWN_LINK_BPS,
        playout_delay: tuple[int, int] | None = LEAST_DELAY,
        observer: Observer | None = None,
        ask: Callable[[int], bool] = lambda number: False,
        collapsed: Callable[[], None] = lambda: None,
    ) -> None:
        self.parameters = parameters
        self.counters = SenderCounters()
        self.supply: Supply | None = None
        self.arriving_at: Supply | None = None  # the rendition it changes to, at that one's next keyframe
        self.observer = observer
        self.state = State.WAITING
        self._writer = PacketWriter(parameters, srtp, path, self.counters, playout_delay)
        self._timeline = Timeline()
        self._resync = Resync()
        self._playout = PlayoutDelay()
        self._pacer = Pacer(0.0, link_bps)
        self._link_bps = link_bps
        self._link = LinkView(self.counters)
        self._departures = self._link.departures
        self._ask = ask
        self._collapsed = collapsed
        self._gate = Gate()
        self._held = HeldPictures(self._writer, self._pacer, self._gate, self.counters, self._left)
        self._repeats = Repeats(self._writer, self._pacer, self.counters)
        self._newest: AccessUnit | None = None
        self._reports = SenderReports(parameters, self._writer, self.counters)
        self._fir: int | None = None

    # Pictures

    @property
    def link_bps(self) -> float:
        """What the viewer's link carries, bit/s, as far as known: sets the pace and what is worth
        replaying."""
        return self._link_bps

    @link_bps.setter
    def link_bps(self, value: float) -> None:
        self._link_bps = value
        self._pacer.set_link(value)

    def limit(self, link_bps: float | None) -> None:
        """The link has shown that it carries no more than that, bit/s; None: it has not."""
        if link_bps is None or link_bps >= UNKNOWN_LINK_BPS:
            self.link_bps = UNKNOWN_LINK_BPS
        else:
            self._link_bps = link_bps
            self._pacer.set_link(link_bps, LIMITED_PACE_FACTOR)
        self._gate.limit(self._link_bps)

    @property
    def held(self) -> bool:
        """Whether pictures are held back; then `pump` wants to be called every few milliseconds."""
        return bool(self._held.waiting)

    def start(self, supply: Supply, now: float, *, instant: bool = True, urgent: bool = False) -> None:
        """Begin on a rendition, or change to it: with its newest group of pictures at once where the link can
        take it (and `instant`), else at its next keyframe. urgent: what it was on, it cannot go on with."""
        first = self.supply is None
        if first:
            self._link.begin(now)
            self._reports.begin(now)
        self.supply = supply
        self._held.drop()
        # Pictures are numbered by their rendition: what was sent of another one cannot be found here.
        self._repeats.forget()
        self.state = State.WAITING
        airtime = URGENT_AIRTIME if urgent else REPLAY_AIRTIME
        if urgent and (expected := supply.history.next_keyframe(now)) is not None:
            due, size = expected
            instant &= not better_wait(supply.history.gop_size, due, size, self.behind, self._link_bps)
        if not instant or not self._replay(Cause.JOIN if first else Cause.SWITCH, now, airtime):
            supply.request_keyframe()

    @property
    def behind(self) -> float:
        """Seconds that packets need to the viewer and its report back, as of its newest reports."""
        return self._departures.behind or 0.0

    @property
    def has_collapsed(self) -> bool:
        """Whether the link has just collapsed under a keyframe."""
        return self._gate.has_collapsed

    @property
    def can_probe(self) -> bool:
        """Whether the link can be tested with packets that nobody misses."""
        return self._writer.can_repeat

    def can_replay(self, history: History, airtime: float = REPLAY_AIRTIME) -> bool:
        """Whether the newest group of pictures is there and small enough for the link."""
        return history.gop_size > 0 and affordable(history.gop_size, self._link_bps, airtime)

    def send_picture(self, picture: Picture, now: float) -> bool:
        """Send the rendition's newest picture, if the viewer can make something of it. True: something is
        `held` back."""
        unit = picture.unit
        if self._resync.wanted is not None or self.state is not _LIVE:
            if self.state is State.ENDED:
                return False
            if unit.is_idr:
                self._resync.recovered()
                self.state = State.LIVE
            elif (
                self._resync.wanted is not None
                and self._resync.allowed(now)
                and self._replay(self._resync.wanted, now)
            ):
                return self.held
            if self.state is not State.LIVE:
                self.counters.skipped += 1
                return self.held
        if not self._playout.settled:
            self._change_delay(now)
        stamp = self._timeline.live(unit.media_time)
        if not self._held.waiting:
            if unit.is_idr and picture.size > self._gate.most_whole:
                self._gate.begin(picture.size, now)
            elif self._pacer.take(picture.size, now):
                writer = self._writer
                for run in picture.runs(writer.shape, stamp, now):
                    if not writer.write(run, 0, run.count, stamp, unit.number, None):
                        self._overflow(Cause.OVERFLOW)
                        return False
                self._left(unit, now)
                return False
        elif unit.is_idr:
            self._held.drop_unbegun()
        self._hold(picture, stamp, now)
        self.pump(now)
        return self.held

    def missed(self, now: float) -> None:
        """Pictures of the rendition are missing: nothing until its next keyframe."""
        if self.state is State.LIVE:
            self._held.drop()
            self.state = State.LOST

    def forget(self) -> None:
        """What was sent may not be sent again, nor what is held back, nor leave what waits in front of the
        link: nothing until the next keyframe."""
        self._held.drop()
        self._repeats.forget()
        self._writer.recall()
        if self.state is State.LIVE:
            self.state = State.LOST

    def pump(self, now: float) -> None:
        """Send what the pacer lets go."""
        stuck = self._held.pump(now)
        if self._gate.ask_due(now):
            self._ask(self._gate.asked(now))
        if self._gate.has_collapsed:
            self._collapsed()
        if stuck is not None:
            self._overflow(Cause.OVERFLOW if stuck is Stuck.PATH else None)

    def bye(self) -> None:
        """Say good-bye and send nothing more. Call it while the path still stands."""
        if self.state is State.ENDED:
            return
        self._held.drop()
        self.state = State.ENDED
        for supply in (self.supply, self.arriving_at):
            if supply is not None:
                supply.detach(self)
        self._reports.goodbye()

    # RTCP

    def report_due(self, now: float) -> bool:
        """Whether a sender report is due."""
        return now >= self._reports.due_at and self.counters.packets > 0

    def report(self, now: float, reference: Reference) -> None:
        """Send one, see `SenderReports.send`."""
        self._reports.send(now, reference)
        self._link.reception.sent(reference.ntp, now)
        if self._gate.practice_due(now):
            self._ask(self._gate.asked(now))

    def answered(self, number: int, now: float) -> None:
        """The viewer answered what it was asked as `number`."""
        self._gate.answered(number, now)

    def moved(self, now: float) -> None:
        """The viewer has another address."""
        self._gate.moved()

    def on_rtcp(self, compound: bytes, now: float) -> None:
        """Take a decrypted compound packet from the viewer. Nonsense is counted, nothing else."""
        try:
            messages = rtcp.parse(compound)
        except ValueError:
            self.counters.bad_rtcp += 1
            return
        if self.state is State.ENDED:
            return
        for message in messages:
            self._on_message(message, now)

    def _on_message(self, message: rtcp.Message, now: float) -> None:
        ssrc = self.parameters.ssrc
        match message:
            case rtcp.Report(blocks=blocks):
                for block in blocks:
                    if block.ssrc == ssrc:
                        self._link.reported(block, now)
                        self._gate.heard(now, self._link.reception.round_trip)
            case rtcp.Nack(media=media, lost=lost) if media == ssrc:
                self.counters.nacks += 1
                self._repeat(lost, now)
            case rtcp.PictureLoss(media=media) if media == ssrc:
                self.counters.plis += 1
                self._restart(Cause.PLI, now)
            case rtcp.FullIntra(media=media, number=number) if media == ssrc and number != self._fir:
                self.counters.firs += 1
                self._fir = number
                self._restart(Cause.FIR, now)
            case rtcp.Estimate():
                self._link.reception.estimated(message, now)
            case rtcp.ReceiverTime():
                self._reports.asked(message, now)
            case rtcp.TransportFeedback():
                self._link.reception.transport(message, now)
            case _:
                pass

    def _repeat(self, lost: tuple[int, ...], now: float) -> None:
        if self.supply is None:
            return
        missing = self._repeats.look_up(lost, self.supply.history)
        # So much is missing that the newest group of pictures is less to send, and newer.
        heavy = 0 < self.supply.history.gop_size < missing.size
        if (missing.gone or heavy) and self._restart(Cause.NACK, now):
            return
        if missing.anew:
            self._playout.missed(now)
        self._repeats.send(missing, self._link.reception.round_trip, now)

    def _change_delay(self, now: float) -> None:
        steps = self._playout.advance(now)
        self._writer.ask_delay((steps, steps))

    def probe(self, size: int, now: float) -> int:
        """Test the link with about `size` bytes that nobody misses, see `Repeats.probe`."""
        if self.state is not State.LIVE or self.supply is None:
            return 0
        return self._repeats.probe(size, self.supply.history, now)

    # Fresh starts

    def _restart(self, cause: Cause, now: float) -> bool:
        """The viewer cannot go on with what it has. True: it was sent the newest group of pictures."""
        if self.state is State.ENDED or self.supply is None:
            return False
        self.supply.request_keyframe()
        if self._resync.allowed(now) and self._replay(cause, now):
            return True
        self._resync.want(cause)
        return False

    def _replay(self, cause: Cause, now: float, airtime: float = REPLAY_AIRTIME) -> bool:
        assert self.supply is not None
        history = self.supply.history
        if not self.can_replay(history, airtime):
            return False
        gop = history.newest_gop()
        oldest, newest = gop[0].unit, gop[-1].unit
        span = (newest.media_time - oldest.media_time) / 90_000
        if not of_now(now - newest.arrived, span / (len(gop) - 1) if len(gop) > 1 else 0.0):
            # The camera is silent. What was asked for is due as soon as it speaks again.
            self._resync.want(cause)
            return False
        self._held.drop()
        self._repeats.forget()
        stamps = self._timeline.replay([picture.unit.media_time for picture in gop])
        for picture, stamp in zip(gop, stamps, strict=True):
            self._hold(picture, stamp, now)
        self.state = State.LIVE
        self._resync.replayed(now)
        self.counters.replays[cause] += 1
        self._gate.begin(history.gop_size, now)
        self.pump(now)
        for picture in gop:
            picture.release()
        return True

    def _hold(self, picture: Picture, stamp: int, now: float) -> None:
        if not self._held.add(picture, stamp, now):
            self._overflow(None)

    def _overflow(self, cause: Cause | None) -> None:
        """The rest of the picture is dropped, and all that is held: on with the next keyframe, or with a
        replay where a `cause` for one is given."""
        self.counters.overflows += 1
        self._held.drop()
        self.state = State.LOST
        if cause is not None:
            self._resync.want(cause)

    def _left(self, unit: AccessUnit, now: float) -> None:
        self.counters.pictures += 1
        self._departures.left(now, self._writer.next_sequence, self.counters.bytes)
        self._newest = unit
        if self.observer is not None:
            self.observer(unit, self)

    # Figures

    def link_report(self, now: float) -> LinkReport:
        """What happened since the last call, for `relay.adaptation`."""
        reception = self._link.reception
        self._playout.review(now, reception.round_trip, reception.loss.fraction)
        return self._link.summary(now, self._gate.collapsed())

    def sent(self) -> Sent:
        """What it was sent so far, see `relay.tally.Counted`."""
        return sent(self.counters, self._link.reception)

    def statistics(self, now: float) -> SenderStatistics:
        """The viewer as it stands."""
        return sender_statistics(
            self.counters,
            self._link.reception,
            now,
            state=self.state.value,
            rendition=self.supply.name if self.supply is not None else None,
            age=now - self._newest.arrived if self._newest is not None else None,
            backlog=self._held.size,
        )
