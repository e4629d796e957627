"""The link on virtual time: every fault alone, exact, and the same again with the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from .impairment import PERFECT, Bursts, Impairment, loss_pattern
from .kinds import Kind, kind_of
from .link import Link

RTP = b"\x80" + bytes(99)


def numbered(count: int, first: int = 0x80, size: int = 100) -> list[bytes]:
    return [bytes([first]) + n.to_bytes(4, "big") + bytes(size - 5) for n in range(count)]


def number(datagram: bytes) -> int:
    return int.from_bytes(datagram[1:5], "big")


def run(link: Link[None], datagrams: list[bytes], every: float = 0.001) -> list[tuple[float, int]]:
    """Pushes one datagram every `every` seconds, drains at each due time; (time of arrival, number)."""
    arrived: list[tuple[float, int]] = []

    def drain(until: float) -> None:
        while (due := link.next_due()) is not None and due <= until:
            arrived.extend((each.due, number(each.datagram)) for each in link.poll(due))

    for index, datagram in enumerate(datagrams):
        drain(index * every)
        link.push(datagram, index * every, None)
    drain(float("inf"))
    return arrived


@pytest.mark.parametrize(
    ("kind", "firsts"),
    [
        (Kind.STUN, (0, 3)),
        (Kind.DTLS, (20, 63)),
        (Kind.RTP, (128, 191)),
        (Kind.OTHER, (4, 19, 64, 127, 192, 255)),
    ],
)
def test_the_first_byte_tells_the_kind(kind: Kind, firsts: tuple[int, ...]) -> None:
    assert [kind_of(bytes([first, 1, 2])) for first in firsts] == [kind] * len(firsts)


def test_an_empty_datagram_is_of_no_kind() -> None:
    assert kind_of(b"") is Kind.OTHER


def test_a_perfect_wire_delivers_everything_at_once_and_in_order() -> None:
    arrived = run(Link(PERFECT), numbered(100))
    assert arrived == [(n * 0.001, n) for n in range(100)]


def test_a_pattern_is_followed_exactly_and_repeats() -> None:
    arrived = run(Link(Impairment(pattern=loss_pattern("..x.x"))), numbered(10))
    assert [n for _, n in arrived] == [0, 1, 3, 5, 6, 8]


def test_a_pattern_of_other_signs_is_refused() -> None:
    with pytest.raises(ValueError, match="made of"):
        loss_pattern("..y")


def test_loss_takes_its_fraction_and_the_same_ones_again() -> None:
    impairment = Impairment(loss=0.05)
    first = run(Link(impairment, seed=7), numbered(20_000))
    again = run(Link(impairment, seed=7), numbered(20_000))
    other = run(Link(impairment, seed=8), numbered(20_000))
    assert first == again
    assert first != other
    assert 1 - len(first) / 20_000 == pytest.approx(0.05, abs=0.005)


def test_switching_on_another_fault_loses_the_same_datagrams() -> None:
    alone = run(Link(Impairment(loss=0.1), seed=3), numbered(2_000))
    together = run(
        Link(Impairment(loss=0.1, delay=0.05, jitter=0.02, duplicate=0.2), seed=3), numbered(2_000)
    )
    assert {n for _, n in alone} == {n for _, n in together}


def test_bursts_have_the_loss_and_the_length_asked_for() -> None:
    bursts = Bursts.of(loss=0.1, mean_length=20)
    assert bursts.mean_loss == pytest.approx(0.1)
    arrived = {n for _, n in run(Link(Impairment(bursts=bursts), seed=1), numbered(50_000))}
    lost = [n not in arrived for n in range(50_000)]
    lengths, length = [], 0
    for each in [*lost, False]:
        if each:
            length += 1
        elif length:
            lengths.append(length)
            length = 0
    assert sum(lost) / 50_000 == pytest.approx(0.1, abs=0.03)
    assert sum(lengths) / len(lengths) == pytest.approx(20, rel=0.25)


def test_delay_is_added_and_jitter_never_reorders() -> None:
    arrived = run(Link(Impairment(delay=0.05, jitter=0.03), seed=2), numbered(1_000))
    assert [n for _, n in arrived] == list(range(1_000))
    waits = [at - n * 0.001 for at, n in arrived]
    assert min(waits) >= 0.05
    assert max(waits) <= 0.08 + 1e-9
    assert max(waits) - min(waits) > 0.02


def test_reordered_ones_are_overtaken_and_all_arrive() -> None:
    arrived = [n for _, n in run(Link(Impairment(reorder=0.25, reorder_by=0.01), seed=2), numbered(1_000))]
    assert sorted(arrived) == list(range(1_000))
    held_back = sum(later < earlier for earlier, later in pairwise(arrived))
    assert 150 < held_back < 350


def test_duplicates_arrive_twice() -> None:
    link: Link[None] = Link(Impairment(duplicate=0.1), seed=5)
    arrived = run(link, numbered(1_000))
    assert len(arrived) == 1_000 + link.counts["duplicated"]
    assert 70 < link.counts["duplicated"] < 130


def test_a_rate_spaces_datagrams_out() -> None:
    """1,250 bytes at 1 Mbit/s take 10 ms each."""
    arrived = run(Link(Impairment(rate=1e6, queue=10**6)), numbered(20, size=1_250))
    assert [at for at, _ in arrived] == [pytest.approx((n + 1) * 0.01) for n in range(20)]


def test_a_full_queue_drops_its_tail_and_keeps_its_bound() -> None:
    link: Link[None] = Link(Impairment(rate=1e6, queue=5_000))
    arrived = run(link, numbered(100, size=1_250))
    waits = [at - n * 0.001 for at, n in arrived]
    assert max(waits) <= 5_000 * 8 / 1e6 + 1e-9
    assert link.counts["queue_full"] == 100 - len(arrived) > 0
    assert [n for _, n in arrived][:3] == [0, 1, 2]


def test_a_blackout_swallows_its_window_and_nothing_else() -> None:
    link: Link[None] = Link(Impairment(blackouts=((0.1, 0.2),)), start=0.0)
    arrived = [n for _, n in run(link, numbered(300))]
    assert arrived == [*range(100), *range(200, 300)]
    assert link.counts["blackout"] == 100


def test_a_blackout_counts_from_the_start_of_the_link() -> None:
    link: Link[None] = Link(Impairment(blackouts=((0.0, 1.0),)), start=1_000.0)
    link.push(RTP, 1_000.5, None)
    link.push(RTP, 1_001.0, None)
    assert len(link.poll(1_001.0)) == 1


def test_only_the_kinds_asked_for_are_impaired() -> None:
    link: Link[None] = Link(Impairment(loss=1.0, kinds=frozenset({Kind.DTLS})))
    for first in (0, 22, 128):
        link.push(bytes([first]) + bytes(20), 0.0, None)
    assert [kind_of(each.datagram) for each in link.poll(0.0)] == [Kind.STUN, Kind.RTP]


def test_what_waits_is_bounded() -> None:
    link: Link[None] = Link(Impairment(delay=10), limit=5)
    for datagram in numbered(9):
        link.push(datagram, 0.0, None)
    assert link.counts["overflow"] == 4
    assert len(link.poll(10.0)) == 5


@pytest.mark.parametrize("wrong", [{"loss": 1.5}, {"duplicate": -0.1}, {"delay": -1.0}, {"rate": 0.0}])
def test_impossible_figures_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"fraction|negative|more than nothing"):
        Impairment(**wrong)  # type: ignore[arg-type]  # the wrong figure is the point
