"""What the bearers and the 202s say of a run with kills, and what in it breaks a promise. All times are wall seconds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from tests.scale import TIMEOUT_SCALE

__all__ = ["Doubted", "Kill", "Ledger", "Text"]

QUEUED_S, UNREAD_S = 2.0 * TIMEOUT_SCALE, 0.5 * TIMEOUT_SCALE
"""How long a frame waits in a modem for the air, and a text in the socket of a busy centre. Both outlive the daemon that gave them, and the
next one is there after 0.1 s."""


class Kill(msgspec.Struct, frozen=True):
    """The daemon got SIGKILL at `at`; the next one said that it is ready at `ready_at`."""

    at: float
    ready_at: float


class Text(msgspec.Struct, frozen=True, order=True):
    """One text that a bearer received. `mark`: the n of its 重发n, 0 without one; `ref`: the bearer's id for it, if it gives any."""

    at: float
    order: int
    mark: int
    ref: str = ""


class Doubted(NamedTuple):
    """An order in flight at a kill. `lived_s`: how long daemons lived after it until a bearer had word of it; infinity: it never had."""

    kill: int
    order: int
    lived_s: float


class Ledger(msgspec.Struct, frozen=True):
    """One run, told by others than the daemon.

    `promised`: when the 202 came, by order; `to`: for whom it is. `told`: when the far end first said that it has the order. `acked`:
    when we first acknowledged the report of a text, by the bearer's id for it; a bearer without acknowledgements has none.
    """

    kills: list[Kill]
    promised: dict[int, float]
    texts: list[Text]
    told: dict[int, float]
    acked: dict[str, float]
    to: dict[int, str]

    def in_flight(self, kill: Kill) -> set[int]:
        """Orders promised before a kill of which no far end had said by then that it has them."""
        return {order for order, at in self.promised.items() if at <= kill.at < self.told.get(order, float("inf"))}

    @property
    def missing(self) -> set[int]:
        """Promised and received by nobody."""
        return self.promised.keys() - {text.order for text in self.texts}

    @property
    def copies(self) -> dict[int, list[Text]]:
        """The second and later texts of each order that has any."""
        return {order: texts[1:] for order, texts in self._by_order().items() if len(texts) > 1}

    def copies_by_kill(self) -> tuple[list[list[Text]], list[Text]]:
        """The copies that each kill accounts for, and those for which no kill does.

        A kill accounts for one copy of an order, when it fell between the text before and the copy and the daemon could not know by
        then that the order had arrived: at most one copy for each crash (delivery.md). A text that is received while the daemon is
        already dead was sent before the kill, and so was one that the bearer came to soon after.
        """
        caused: list[list[Text]] = [[] for _ in self.kills]
        unexplained: list[Text] = []
        by_order = self._by_order()
        for order, texts in by_order.items():
            last, known_at = -1, self._known_at(order, by_order) if len(texts) > 1 else 0.0
            for before, copy in itertools.pairwise(texts):
                cause = next((n for n in self._causes(before, copy, known_at) if n > last), None)
                if cause is None:
                    unexplained.append(copy)
                else:
                    caused[cause].append(copy)
                    last = cause
        return caused, unexplained

    def is_repeat(self, copy: Text, *, after_s: float) -> bool:
        """Whether a bearer without ids, the radio, got it because nobody confirmed the text before for so long."""
        before = [text.at for text in self.texts if text.order == copy.order and text.at < copy.at]
        return not copy.ref and copy.at - max(before) >= after_s - 1.0

    def doubted(self) -> Iterator[Doubted]:
        """Every order in flight at every kill."""
        again = self._by_order()
        for number, kill in enumerate(self.kills):
            for order in self.in_flight(kill):
                words = [text.at for text in again.get(order, ())] + [self.told.get(order, float("inf"))]
                first = min((at for at in words if at > kill.at), default=float("inf"))
                yield Doubted(number, order, self._lived_s(number, first))

    def _lived_s(self, number: int, until: float) -> float:
        """Seconds from a kill until `until` in which there was a daemon that could have done something."""
        ends = [kill.at for kill in self.kills[number + 1 :]] + [float("inf")]
        return sum(max(0.0, min(end, until) - kill.ready_at) for kill, end in zip(self.kills[number:], ends, strict=True))

    def _causes(self, before: Text, copy: Text, known_at: float) -> Iterator[int]:
        for number, kill in enumerate(self.kills):
            sent_by = before.at - (UNREAD_S if before.ref else QUEUED_S)
            if sent_by <= kill.ready_at and kill.at <= copy.at and kill.at <= known_at:
                yield number

    def _known_at(self, order: int, by_order: Mapping[int, list[Text]]) -> float:
        """When the daemon surely knew that an order had arrived: it acknowledged a report that could be of no other. What a bearer calls
        a text it may have said to a daemon that was dead by then; so of two orders to one person a report may be of either."""
        others = [other for other, person in self.to.items() if person == self.to[order] and other != order]
        acked = [self.acked[text.ref] for text in by_order.get(order, ()) if text.ref in self.acked]
        sure = (at for at in acked if not any(self._may_own_a_report(other, at, by_order.get(other, [])) for other in others))
        return min(sure, default=float("inf"))

    def _may_own_a_report(self, order: int, at: float, texts: list[Text]) -> bool:
        """Whether an emission of this order was still without its report: its text had come, or it never came to the bearer at all, as
        the mark of a later one shows: 重发2 after one text."""
        began_at = min([self.promised.get(order, float("inf")), *(text.at for text in texts)])
        is_one_lost = began_at <= at and any(text.mark > place for place, text in enumerate(texts))
        return is_one_lost or any(text.at <= at < self.acked.get(text.ref, float("inf")) for text in texts)

    def _by_order(self) -> dict[int, list[Text]]:
        found: dict[int, list[Text]] = {}
        for text in sorted(self.texts):
            found.setdefault(text.order, []).append(text)
        return found
