"""One fan-out in memory: which pages are still to go, in which order, and how many of its public are reached. No page's content.

A page that was never begun has no row: the roll it is of never changes, so its number says all about it. Source: performance.md, "The
design that gets there", 5 and 6; ADR 0004.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from fenghuo.engine.book import OpenObjective
from fenghuo.engine.marks import highest
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.evidence import Evidence
from fenghuo.store.records import FanOutRow, PageRow

__all__ = ["Again", "OpenFanOut", "Span"]

HEADS = 16
"""Pages that go once more and are looked at for a free channel at once; more than that never wait for a single one."""


class Again(msgspec.Struct, frozen=True, order=True, gc=False):
    """A page that goes once more, not before `at` (UTC seconds): over `only` this channel, or over any but `never`. `strikes`: how often
    a channel had it, and did not begin."""

    at: float
    number: int
    only: str = ""
    never: str = ""
    strikes: int = 0


class Span(msgspec.Struct, frozen=True):
    """Pages of one address kind; or, of people who are told again, those that went over one channel."""

    kind: str = ""
    channel: str = ""


class _Lane:
    """The pages of a span: one that waits for its channel holds up no other. `left`: how many have not begun."""

    def __init__(self, span: Span, numbers: Iterator[int], left: int) -> None:
        self.span = span
        self.left = left
        self._numbers = numbers
        self.next = next(numbers, None)

    def step(self) -> None:
        self.left -= 1
        self.next = next(self._numbers, None)


class OpenFanOut:
    """`rolls`: what each page is of, by its number: an id in the roll, or the number of the page whose people are told again.

    `sizes`: people on pages that have a row, `kept`: how many pages that is; `met`, `ended`: how many of these people have what is
    needed, and how many will not get it; `in_doubt`: pages of which nobody knows.
    """

    def __init__(self, row: FanOutRow, opened: OpenObjective) -> None:
        self.row = row
        self.opened = opened
        self.turn = 0
        self.met = self.ended = self.sizes = self.kept = 0
        self.in_hand: set[int] = set()
        self.in_doubt = 0
        self.is_known = False
        self.is_stopped = False
        self.is_closed = False
        self.is_cut_off = False
        self.evidence = Evidence.STORED
        self.rolls = array("q")
        self._spans: list[tuple[int, Span]] = []
        self._lanes: list[_Lane] = []
        self._again: list[Again] = []
        self._doubts: list[tuple[float, int]] = []

    def know(self, parts: Iterable[tuple[Span, Sequence[int]]], kept: frozenset[int]) -> None:
        """Take the list of pages; those that are `kept` have a row and are not begun anew."""
        for span, ids in parts:
            numbers = range(len(self.rolls), len(self.rolls) + len(ids))
            self.rolls.extend(ids)
            self._spans.append((len(self.rolls), span))
            fresh = array("q", (number for number in numbers if number not in kept))
            self._lanes.append(_Lane(span, iter(fresh), len(fresh)))
        self.kept = len(kept)
        self.is_known = True

    @property
    def objective(self) -> int:
        return self.row.objective

    @property
    def may_go(self) -> bool:
        """Whether its pages may leave: listed, released, and nobody has called it off."""
        return self.is_known and not self.is_stopped and self.opened.message.is_released

    def span_of(self, number: int) -> Span:
        """Where a page belongs; nowhere, and so to no channel, if the disk damaged what it is of."""
        return next((span for end, span in self._spans if number < end), Span())

    @property
    def fresh(self) -> list[tuple[Span, int]]:
        """How many pages have not begun, by span."""
        return [(lane.span, lane.left) for lane in self._lanes if lane.left]

    @property
    def waiting(self) -> list[Again]:
        """The pages that go once more."""
        return list(self._again)

    def knows(self, number: int) -> bool:
        """Whether a page that has begun is in somebody's hands, or waits for something."""
        waits = any(page.number == number for page in self._again) or any(doubtful == number for _, doubtful in self._doubts)
        return waits or number in self.in_hand

    def candidates(self, now: float) -> list[Again]:
        """Pages that may go at `now`, best first: the first copy to everybody goes before the second to anybody (delivery.md)."""
        fresh = [Again(0.0, lane.next) for lane in self._lanes if lane.next is not None]
        return fresh + [page for page in heapq.nsmallest(HEADS, self._again) if page.at <= now]

    def take(self, page: Again) -> None:
        """A candidate is in somebody's hands."""
        lane = next((lane for lane in self._lanes if lane.next == page.number), None)
        if lane is not None:
            lane.step()
        else:
            self._again.remove(page)
            heapq.heapify(self._again)
        self.in_hand.add(page.number)

    def again(self, page: Again) -> None:
        heapq.heappush(self._again, page)

    def doubt(self, number: int, at: float) -> None:
        """A page in doubt is to be looked at not later than `at` (UTC seconds)."""
        heapq.heappush(self._doubts, (at, number))

    def doubts(self, now: float) -> list[int]:
        """Pages in doubt that are to be looked at now."""
        found: list[int] = []
        while self._doubts and self._doubts[0][0] <= now:
            found.append(heapq.heappop(self._doubts)[1])
        return found

    @property
    def due_at(self) -> list[float]:
        """When the first page goes once more, and when the first one in doubt is to be looked at."""
        return [*(page.at for page in self._again[:1]), *(at for at, _ in self._doubts[:1])]

    def put_back(self, page: PageRow, *, was: PageRow | None) -> None:
        """The store has a newer row of a page; `was`: the one before."""
        if was is None:
            self.kept += 1
            self.sizes += page.size
        self.in_doubt += (page.state is DeliveryState.IN_DOUBT) - (was is not None and was.state is DeliveryState.IN_DOUBT)
        self.evidence = max(self.evidence, highest(page.marks))
        self.met += page.met - (was.met if was else 0)
        self.ended += page.ended - (was.ended if was else 0)

    @property
    def is_all_begun(self) -> bool:
        """Every page has its row."""
        return self.is_known and self.kept >= len(self.rolls)

    @property
    def total(self) -> int:
        """How many people it is for: what was planned, until every page is written and they are counted."""
        return self.sizes if self.is_all_begun else self.opened.objective.total

    @property
    def is_settled(self) -> bool:
        """Everybody has what is needed, or will not get it, and nothing is on the air."""
        return self.is_all_begun and not self.in_hand and not self._again and self.met + self.ended >= self.sizes
