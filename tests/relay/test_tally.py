"""What a rendition sent: the sum over those who are on it and those who were."""

from __future__ import annotations

from collections import Counter

from relay.tally import Sent, Tally


class One:
    """A viewer that is sent what the test says."""

    def __init__(self) -> None:
        self.so_far = Sent()

    def sent(self) -> Sent:
        """A value, as it is asked for."""
        value = Sent()
        value.add(self.so_far, Sent())
        return value

    def send(self, packets: int, *, lost: int = 0, cause: str | None = None) -> None:
        """Packets of 1000 bytes, of which some get lost and are sent again."""
        causes = Counter({cause: 1} if cause is not None else {})
        self.so_far.add(Sent(packets, packets * 1000, lost, lost * 1000, lost, causes), Sent())


def test_only_what_was_sent_while_it_was_here_counts() -> None:
    tally, viewer = Tally(), One()
    viewer.send(100, lost=9, cause="join")
    tally.came(viewer)
    viewer.send(10, lost=2, cause="nack")
    assert tally.total() == Sent(10, 10_000, 2, 2_000, 2, Counter(nack=1, join=0))
    tally.went(viewer)
    viewer.send(1_000)
    assert tally.total().packets == 10


def test_who_comes_back_counts_on_and_the_sum_never_falls() -> None:
    tally, viewer, other = Tally(), One(), One()
    seen = [0]
    for _ in range(3):
        for each in (viewer, other):
            tally.came(each)
            each.send(5)
            seen.append(tally.total().packets)
        tally.went(viewer)
        viewer.send(7)
        seen.append(tally.total().packets)
        tally.went(other)
    assert seen == sorted(seen)
    assert tally.total().packets == 30


def test_who_was_never_here_is_nothing_to_it() -> None:
    tally, viewer = Tally(), One()
    viewer.send(5)
    tally.went(viewer)
    assert tally.total() == Sent()
