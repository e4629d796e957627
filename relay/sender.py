"""One viewer's pictures: when it starts, what it gets, and how it comes back after a loss.

Belongs here: the order of things. The parts that decide are elsewhere and pure: stamps
(`relay/timeline.py`), when a replay is due (`relay/resync.py`), how fast (`relay/pacing.py`), what the
viewer reports (`relay/reception.py`). What leaves, leaves at once or is held back by the pacer for at most
`MOST_HELD_S`; nothing here waits.

    waiting ── keyframe, or replay of the newest group of pictures ──▶ live
    live ── the link or the socket did not take a picture, or pictures are missing ──▶ lost
    lost ── keyframe or replay ──▶ live
    any ── bye() ──▶ ended
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from relay import rtcp
from relay.adaptation import LinkReport
from relay.capture import Reference
from relay.departures import Departures
from relay.history import History
from relay.pacing import LIMITED_PACE_FACTOR, UNKNOWN_LINK_BPS, Pacer
from relay.picture import Picture, Run
from relay.playout import PlayoutDelay
from relay.ports import Path, RtpParameters, Srtp
from relay.reception import Reception
from relay.resync import REPLAY_AIRTIME, URGENT_AIRTIME, Cause, Resync, affordable, better_wait
from relay.sent import SentPacket, unwrap
from relay.stats import SenderCounters, SenderStatistics
from relay.timeline import Timeline
from relay.writer import PacketWriter
from streams.access_unit import AccessUnit

REPORT_INTERVAL = 1.0
"""Seconds between two sender reports ..."""
FIRST_REPORT_INTERVAL = 0.5
"""... and while nothing is known of the link yet: what a viewer reports speaks of the newest one it got."""
FIRST_REPORTS_S = 5.0
"""Seconds for which that is so. Chromium tells its first estimate after five."""
MOST_HELD_S = 1.5
"""Seconds that a picture may be held back by pacing; then all that is held is dropped."""
MOST_HELD = 1024
"""Pictures that may be held back."""
REPEAT_AFTER = 0.02
"""Seconds within which a packet is not sent again, however often it is asked for; or ..."""
REPEAT_SHARE = 0.4
"""... this share of a round trip, if that is longer. Chromium asks again every 100 ms, whatever the round
trip: the second copy is there when the first one got lost, which is what a picture waits longest for."""
MOST_REPEATED = 512
"""Packets whose last retransmission is remembered."""
STALE_S = 1.0
"""Seconds after which the newest picture is no longer of now, or three picture intervals if that is longer:
then a replay would show the past, and its stamps would tell the receiver that the stream had slowed down
(Chromium then holds the next pictures back for as long as the camera was silent)."""
LEAST_DELAY = (0, 0)
"""What viewers are asked for: to show each picture as soon as it is decoded. Chromium's own jitter buffer
adds 30 to 70 ms, whatever the network is like; a picture that is late once is better late once. Where it
is late again and again, `relay/playout.py` asks for more."""
OVERDRAFT = 60_000
"""Bytes by which retransmissions may overdraw the pacer; beyond it they have to be asked for again."""

Observer = Callable[[AccessUnit, "PictureSender"], None]


class State(StrEnum):
    """Where a viewer stands, see the module."""

    WAITING = "waiting"
    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


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


class _Held:
    """A picture that the pacer holds back, and how much of it has left."""

    __slots__ = ("packet", "picture", "run", "runs", "since", "stamp")

    def __init__(self, picture: Picture, runs: tuple[Run, ...], stamp: int, since: float) -> None:
        self.picture = picture
        self.runs = runs
        self.stamp = stamp
        self.since = since
        self.run = 0
        self.packet = 0


class PictureSender:
    """Sends one rendition after another to one viewer. `now`: monotonic seconds.

    playout_delay: least and most delay, in steps of 10 ms, that the viewer is asked to add to play smoothly;
    None leaves it to the viewer.
    observer: called with each access unit when its last packet has left.
    """

    def __init__(
        self,
        parameters: RtpParameters,
        srtp: Srtp,
        path: Path,
        *,
        link_bps: float = UNKNOWN_LINK_BPS,
        playout_delay: tuple[int, int] | None = LEAST_DELAY,
        observer: Observer | None = None,
    ) -> None:
        self.parameters = parameters
        self.counters = SenderCounters()
        self.reception = Reception()
        self.supply: Supply | None = None
        self.arriving_at: Supply | None = None  # the rendition it changes to, at that one's next keyframe
        self.observer = observer
        self.state = State.WAITING
        self._writer = PacketWriter(parameters, srtp, path, self.counters, playout_delay)
        self._description = rtcp.source_description(parameters.ssrc, parameters.cname)
        self._timeline = Timeline()
        self._resync = Resync()
        self._playout = PlayoutDelay()
        self._pacer = Pacer(0.0, link_bps)
        self._link_bps = link_bps
        self._held: deque[_Held] = deque()
        self._newest: AccessUnit | None = None
        self._floor = 0  # packets before this sequence number are of no use to the viewer any more
        self._repeated: dict[int, float] = {}
        self._fir: int | None = None
        self._report_due = 0.0
        self._report_often_until = 0.0
        self._departures = Departures()
        self._reported = (0.0, 0, 0)  # when, bytes and overflows at the last link report

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

    @property
    def held(self) -> bool:
        """Whether pictures are held back; then `pump` wants to be called every few milliseconds."""
        return bool(self._held)

    def start(self, supply: Supply, now: float, *, instant: bool = True, urgent: bool = False) -> None:
        """Begin on a rendition, or change to it: with its newest group of pictures at once where the link can
        take it (and `instant`), else at its next keyframe. urgent: what it was on, it cannot go on with."""
        first = self.supply is None
        if first:
            self._reported = (now, 0, 0)
            self._report_often_until = now + FIRST_REPORTS_S
        self.supply = supply
        self._drop_held()
        # Pictures are numbered by their rendition: what was sent of another one cannot be found here.
        self._floor = self._writer.next_sequence
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
    def can_probe(self) -> bool:
        """Whether the link can be tested with packets that nobody misses."""
        return self._writer.can_repeat

    def can_replay(self, history: History, airtime: float = REPLAY_AIRTIME) -> bool:
        """Whether the newest group of pictures is there and small enough for the link."""
        return history.gop_size > 0 and affordable(history.gop_size, self._link_bps, airtime)

    def send_picture(self, picture: Picture, now: float) -> None:
        """Send the rendition's newest picture, if the viewer can make something of it."""
        if self._resync.wanted is not None or self.state is not State.LIVE:
            if self.state is State.ENDED:
                return
            if picture.unit.is_idr:
                self._resync.recovered()
                self.state = State.LIVE
            elif (
                self._resync.wanted is not None
                and self._resync.allowed(now)
                and self._replay(self._resync.wanted, now)
            ):
                return
            if self.state is not State.LIVE:
                self.counters.skipped += 1
                return
        if not self._playout.settled:
            self._change_delay(now)
        stamp = self._timeline.live(picture.unit.media_time)
        if not self._held:
            if self._pacer.take(picture.size, now):
                writer, number = self._writer, picture.unit.number
                for run in picture.runs(writer.shape, stamp, now):
                    if not writer.write(run, 0, run.count, stamp, number, None):
                        self._overflow(Cause.OVERFLOW)
                        return
                self._left(picture.unit, now)
                return
        elif picture.unit.is_idr:
            self._forget_older()
        self._hold(picture, stamp, now)
        self.pump(now)

    def missed(self, now: float) -> None:
        """Pictures of the rendition are missing: nothing until its next keyframe."""
        if self.state is State.LIVE:
            self._drop_held()
            self.state = State.LOST

    def forget(self) -> None:
        """What was sent may not be sent again, nor what is held back: nothing until the next keyframe."""
        self._drop_held()
        self._floor = self._writer.next_sequence
        if self.state is State.LIVE:
            self.state = State.LOST

    def pump(self, now: float) -> None:
        """Send what the pacer lets go."""
        held = self._held
        while held:
            head = held[0]
            while head.run < len(head.runs):
                run = head.runs[head.run]
                room = self._pacer.room(now)
                if room <= 0:
                    if now - head.since > MOST_HELD_S:
                        self._overflow(None)
                    return
                count = min(run.count - head.packet, max(1, int(room // run.stride)))
                self._pacer.spend(count * run.stride)
                number = head.picture.unit.number
                if not self._writer.write(run, head.packet, count, head.stamp, number, now):
                    self._overflow(Cause.OVERFLOW)
                    return
                head.packet += count
                if head.packet == run.count:
                    head.run, head.packet = head.run + 1, 0
            held.popleft()
            self._left(head.picture.unit, now)

    def bye(self) -> None:
        """Say good-bye and send nothing more. Call it while the path still stands."""
        if self.state is State.ENDED:
            return
        self._drop_held()
        self.state = State.ENDED
        for supply in (self.supply, self.arriving_at):
            if supply is not None:
                supply.detach(self)
        self._writer.control(
            rtcp.receiver_report(self.parameters.ssrc)
            + self._description
            + rtcp.goodbye(self.parameters.ssrc)
        )

    # RTCP

    def report_due(self, now: float) -> bool:
        """Whether a sender report is due."""
        return now >= self._report_due and self.counters.packets > 0

    def report(self, now: float, reference: Reference) -> None:
        """Send a sender report (RFC 3550 §6.4.1) and SDES."""
        often = now < self._report_often_until
        self._report_due = now + (FIRST_REPORT_INTERVAL if often else REPORT_INTERVAL)
        counters = self.counters
        ssrc = self.parameters.ssrc
        self._writer.control(
            rtcp.sender_report(ssrc, reference.ntp, reference.stamp, counters.packets, counters.payload_bytes)
            + self._description
        )
        self.reception.sent(reference.ntp, now)

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
                        self.reception.report(block, now)
                        self._departures.reported(now, block.highest)
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
                self.reception.estimated(message, now)
            case rtcp.TransportFeedback():
                self.reception.transport(message, now)
            case _:
                pass

    def _repeat(self, lost: tuple[int, ...], now: float) -> None:
        if self.supply is None:
            return
        history = self.supply.history
        found: list[tuple[int, SentPacket, Picture]] = []
        size = 0
        gone = 0
        for low in lost:
            sequence = unwrap(low, self._writer.next_sequence)
            if sequence < self._floor:
                continue
            packet = self._writer.find(sequence)
            picture = history.find(packet.number) if packet is not None else None
            if packet is None or picture is None:
                gone += 1
            else:
                found.append((sequence, packet, picture))
                size += len(picture.payloads[packet.index])
        self.counters.unserveable += gone
        # So much is missing that the newest group of pictures is less to send, and newer.
        heavy = 0 < history.gop_size < size
        if (gone or heavy) and self._restart(Cause.NACK, now):
            return
        if any(sequence not in self._repeated for sequence, _, _ in found):
            self._playout.missed(now)
        patience = max(REPEAT_AFTER, REPEAT_SHARE * (self.reception.round_trip or 0.0))
        for sequence, packet, picture in found:
            if now - self._repeated.get(sequence, -patience) < patience or self._pacer.room(now) < -OVERDRAFT:
                self.counters.suppressed += 1
                continue
            self._remember_repeat(sequence, now)
            self._pacer.spend(self._writer.repeat(sequence, packet, picture, now))

    def _change_delay(self, now: float) -> None:
        steps = self._playout.advance(now)
        self._writer.ask_delay((steps, steps))

    def _remember_repeat(self, sequence: int, now: float) -> None:
        if len(self._repeated) >= MOST_REPEATED:
            # Insertion order is the order of time, nearly: the first half is the older one.
            for old in list(self._repeated)[: MOST_REPEATED // 2]:
                del self._repeated[old]
        self._repeated[sequence] = now

    def probe(self, size: int, now: float) -> int:
        """Send about `size` bytes that nobody misses when they get lost, to see whether the link carries
        them: packets of the newest picture once more, by RTX. Returns the bytes that left; 0 without RTX."""
        if not self._writer.can_repeat or self.state is not State.LIVE or self.supply is None:
            return 0
        left = 0
        sequence = self._writer.next_sequence
        while left < size:
            sequence -= 1
            packet = self._writer.find(sequence)
            picture = self.supply.history.find(packet.number) if packet is not None else None
            sent = self._writer.repeat(sequence, packet, picture, now) if packet and picture else 0
            if not sent:
                break
            left += sent
        return left  # not from the pacer's bucket: pictures go on as they would

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
        if not _of_now(gop, now):
            # The camera is silent. What was asked for is due as soon as it speaks again.
            self._resync.want(cause)
            return False
        self._drop_held()
        self._floor = self._writer.next_sequence
        stamps = self._timeline.replay([picture.unit.media_time for picture in gop])
        for picture, stamp in zip(gop, stamps, strict=True):
            self._hold(picture, stamp, now)
        self.state = State.LIVE
        self._resync.replayed(now)
        self.counters.replays[cause] += 1
        self.pump(now)
        for picture in gop:
            picture.release()
        return True

    def _hold(self, picture: Picture, stamp: int, now: float) -> None:
        if len(self._held) >= MOST_HELD:
            self._overflow(None)
            return
        self._held.append(_Held(picture, picture.runs(self._writer.shape, stamp, now), stamp, now))

    def _forget_older(self) -> None:
        """A keyframe has come: what is held and has not begun to leave is out of date."""
        begun = [held for held in self._held if held.run or held.packet]
        self.counters.skipped += len(self._held) - len(begun)
        self._held = deque(begun)

    def _overflow(self, cause: Cause | None) -> None:
        """The rest of the picture is dropped, and all that is held: on with the next keyframe, or with a
        replay where a `cause` for one is given."""
        self.counters.overflows += 1
        self._drop_held()
        self.state = State.LOST
        if cause is not None:
            self._resync.want(cause)

    def _drop_held(self) -> None:
        self.counters.skipped += len(self._held)
        self._held.clear()

    def _left(self, unit: AccessUnit, now: float) -> None:
        self.counters.pictures += 1
        self._departures.left(now, self._writer.next_sequence, self.counters.bytes)
        self._newest = unit
        if self.observer is not None:
            self.observer(unit, self)

    # Figures

    def link_report(self, now: float) -> LinkReport:
        """What happened since the last call, for `relay.adaptation`."""
        self._playout.review(now, self.reception.round_trip, self.reception.loss.fraction)
        at, sent, overflows = self._reported
        total = self.counters.bytes + self.counters.retransmitted_bytes
        self._reported = (now, total, self.counters.overflows)
        return LinkReport(
            lost=self.reception.loss.fraction,
            lost_of=self.reception.loss.packets,
            behind=self._departures.behind,
            carried=self._departures.carried,
            rtt=self.reception.round_trip,
            estimate=self.reception.estimate(now),
            sent=(total - sent) * 8 / max(now - at, 0.001),
            overflowed=self.counters.overflows > overflows,
        )

    def statistics(self, now: float) -> SenderStatistics:
        """The viewer as it stands."""
        counters, reception = self.counters, self.reception
        return SenderStatistics(
            state=self.state.value,
            rendition=self.supply.name if self.supply is not None else None,
            packets=counters.packets,
            bytes=counters.bytes,
            payload_bytes=counters.payload_bytes,
            pictures=counters.pictures,
            retransmitted=counters.retransmitted,
            retransmitted_bytes=counters.retransmitted_bytes,
            unserveable=counters.unserveable,
            suppressed=counters.suppressed,
            nacks=counters.nacks,
            plis=counters.plis,
            firs=counters.firs,
            skipped=counters.skipped,
            overflows=counters.overflows,
            bad_rtcp=counters.bad_rtcp,
            replays={cause.value: count for cause, count in counters.replays.items()},
            fraction_lost=reception.fraction_lost,
            cumulative_lost=reception.cumulative_lost,
            jitter=reception.jitter,
            round_trip=reception.round_trip,
            estimate=reception.estimate(now),
            age=now - self._newest.arrived if self._newest is not None else None,
            backlog=sum(held.picture.unit.size for held in self._held),
        )


def _of_now(gop: tuple[Picture, ...], now: float) -> bool:
    """Whether the newest picture of a group is the one that the camera sees at `now`."""
    oldest, newest = gop[0].unit, gop[-1].unit
    intervals = len(gop) - 1
    interval = (newest.media_time - oldest.media_time) / 90_000 / intervals if intervals else 0.0
    return now - newest.arrived <= max(STALE_S, 3 * interval)
