"""The judge of the kills: what it must let pass and what it must catch."""

from __future__ import annotations

import msgspec
import pytest

from tests.e2e.kill_ledger import Kill, Ledger, Text

FIRST, SECOND = Kill(10.0, 11.0), Kill(20.0, 21.0)


def texts(*at: float, order: int = 1, mark: int = 0) -> list[Text]:
    """What a bearer received of one order, copies marked; `mark`: of the first one."""
    return [Text(when, order, n + mark, f"{order}/{n}") for n, when in enumerate(at)]


def ledger(seen: list[Text], *, promised: float = 9.0, told: float | None = None, known: float | None = None) -> Ledger:
    """One order over two kills."""
    word = {} if told is None else {1: told}
    acked = {} if known is None else {"1/0": known}
    return Ledger([FIRST, SECOND], {1: promised}, seen, word, acked, {1: "p1", 2: "p1", 3: "p3"})


def test_what_was_promised_and_never_seen_is_missing() -> None:
    """And what was seen is not."""
    assert ({1}, set()) == (ledger([]).missing, ledger(texts(9.5)).missing)


@pytest.mark.parametrize(("promised", "told", "in_flight"), [(9.0, None, True), (9.0, 9.9, False), (9.0, 10.1, True), (10.1, None, False)])
def test_in_flight_is_promised_and_not_reported(promised: float, told: float | None, *, in_flight: bool) -> None:
    """By the moment of the kill, and not by what came after."""
    assert in_flight == (1 in ledger([], promised=promised, told=told).in_flight(FIRST))


@pytest.mark.parametrize(
    ("at", "known", "caused", "unexplained"),
    [
        ((9.5, 13.0), None, (1, 0), 0),
        ((9.5, 13.0, 22.0), None, (1, 1), 0),
        ((9.5, 22.0), None, (1, 0), 0),
        ((10.2, 13.0), None, (1, 0), 0),  # it lay in the bearer's socket when the daemon died
        ((11.4, 13.0), None, (1, 0), 0),  # and the bearer was busy when the next one was there
        ((9.5, 13.0), 14.0, (1, 0), 0),
        ((9.5, 9.8), None, (0, 0), 1),  # twice in one life
        ((12.0, 13.0), None, (0, 0), 1),
        ((9.5, 13.0, 14.0), None, (1, 0), 1),  # one kill, two copies
        ((9.5, 13.0), 9.8, (0, 0), 1),  # we had acknowledged its report
    ],
)
def test_a_copy_needs_a_kill_of_its_own(at: tuple[float, ...], known: float | None, caused: tuple[int, int], unexplained: int) -> None:
    """One copy at most for each crash at which the order was not known to have arrived."""
    by_kill, left = ledger(texts(*at), known=known).copies_by_kill()
    assert (caused, unexplained) == (tuple(map(len, by_kill)), len(left))


def test_a_frame_may_come_out_of_a_modem_after_the_next_daemon_is_there() -> None:
    """And not any later."""
    soon, late = ([Text(at, 1, 0), Text(at + 1.0, 1, 1)] for at in (12.9, 13.1))
    assert ([], [late[1]]) == (ledger(soon).copies_by_kill()[1], ledger(late).copies_by_kill()[1])


@pytest.mark.parametrize(
    ("other", "acked", "unexplained"),
    [
        (texts(2.0, order=2), {"2/0": 3.0}, 1),  # its report had come: this one is of the other order
        (texts(2.0, order=2), {"2/0": 13.0}, 0),  # it was still out
        (texts(2.0, order=2), {}, 0),
        (texts(5.0, order=2, mark=1), {"2/0": 6.0}, 0),  # its first emission never came, and nobody can know that
        (texts(2.0, 5.0, order=2), {"2/0": 3.0, "2/1": 6.0}, 1),
        (texts(2.0, 5.0, order=2), {"2/1": 6.0}, 0),
        (texts(30.0, order=2), {}, 1),
        (texts(2.0, order=3), {}, 1),  # to somebody else
    ],
)
def test_a_report_that_may_be_of_another_order_tells_nothing(other: list[Text], acked: dict[str, float], unexplained: int) -> None:
    """Acknowledged at 12.0 and sent again after the kill at 20.0: that needs a second emission to this person without its report."""
    seen = ledger([*texts(9.5, 22.0), *other])
    run = msgspec.structs.replace(seen, kills=[Kill(4.0, 4.5), SECOND], acked={"1/0": 12.0, **acked})
    assert unexplained == sum(copy.order == 1 for copy in run.copies_by_kill()[1])


def test_a_doubt_counts_the_time_in_which_a_daemon_lived() -> None:
    """From the start after its kill, without the time between the next kill and the next start."""
    (first, second) = ledger(texts(9.5, 23.0)).doubted()
    assert ((0, 1, 11.0), (1, 1, 2.0)) == (first, second)


def test_a_doubt_that_nobody_resolves_has_no_end() -> None:
    """And is never within any limit."""
    assert [float("inf")] * 2 == [doubted.lived_s for doubted in ledger(texts(9.5)).doubted()]
