"""The jobs behind fan-outs: what becomes of a page is decided in the writer, on the row as it is at that moment.

So a receipt and an outcome that cross each other lose nothing, and memory holds counts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from fenghuo.engine import marks, paging
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.fan_out import OpenFanOut
from fenghuo.engine.office import Office
from fenghuo.engine.orphans import Stored
from fenghuo.engine.page_rows import Told, again_for, attempt_of, is_on, listed, parts_of, places_of, roll_of
from fenghuo.engine.settling import CRASH
from fenghuo.model.delivery import (
    DeliveryState,
    Objective,
    Outcome,
    Paged,
    Reached,
    Token,
    outcome_text,
)
from fenghuo.model.situation import ChannelView
from fenghuo.store.records import FanOutRow, InboxRow, PageAttemptRow, PageRow, RefRow, RollRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT, INBOX, OBJECTIVE, PAGE, PAGE_ATTEMPT, REF, ROLL
from fenghuo.store.transaction import Tx

__all__ = ["Change", "PageStore", "Settled", "Told"]

AT_ONCE = 100
"""Pages that one job ends: about 3 ms, so that whatever is urgent never waits long for it."""
Change = tuple[PageRow | None, PageRow]
"""A page's row before and after."""


class Settled(msgspec.Struct, frozen=True):
    """What became of a page: `page` as it was begun, and the places it went to; `begun`: whether a licence had been given."""

    page: PageRow
    outcome: Outcome | Paged
    places: Sequence[int]
    at: float
    begun: bool = True

    @property
    def refs(self) -> tuple[str, ...]:
        """The provider's names of the page."""
        whole = self.outcome.outcome if isinstance(self.outcome, Paged) else self.outcome
        return whole.refs if isinstance(whole, Reached) and self.begun else ()


class PageStore:
    """Rows of pages. `has_any`: there are fan-outs at all, so that receipts of other messages are not looked up for nothing."""

    def __init__(self, office: Office, store: Store, *, board: ChannelBoard) -> None:
        self._office = office
        self._store = store
        self._board = board
        self.has_any = False

    async def read(self, fan: OpenFanOut, number: int) -> tuple[bool, PageRow, RollRow]:
        """A page as it stands, or as it will begin, and whether it has a row already. Raises: RowDamaged."""

        def job(tx: Tx) -> tuple[bool, PageRow, RollRow]:
            page = tx.get(PAGE, fan.objective, number)
            if page is not None:
                return True, page, roll_of(tx, page.roll_page)
            source = tx.get(PAGE, fan.row.source, fan.rolls[number]) if fan.row.source else None
            roll = roll_of(tx, source.roll_page if source is not None else fan.rolls[number])
            packed = bytes(roll.count) if source is None else again_for(tx, fan.row, source)
            size = len(packed) - packed.count(marks.NOT_MEANT)
            return False, PageRow(fan.objective, number, roll.id, "", Token(""), DeliveryState.READY, size, packed), roll

        return await self._store.run(job)

    # What becomes of a page.

    async def settle(self, objective: Objective, settled: Settled) -> Change:
        """Write an outcome down, and what it makes of the page. Raises: StoreError, RowDamaged."""
        view = self._view(settled.page.channel)
        n = settled.page.tries
        settled = msgspec.structs.replace(settled, outcome=self._board.credited_page(settled.page.channel, settled.outcome))
        left = paging.Left(n, settled.outcome, settled.places, settled.at, self._office.chance.random())

        def job(tx: Tx) -> Change:
            held = tx.get(PAGE, objective.id, settled.page.number)
            page = paging.settled(_as_begun(held, settled), left, needed=objective.needed, view=view)
            if not settled.begun and page.tries == n:
                page = msgspec.structs.replace(page, tries=n - 1)
            self._put(tx, held, page, objective)
            attempt = tx.sound(PAGE_ATTEMPT, settled.page.token, n) if settled.begun else None
            if attempt is not None:
                tx.update(PAGE_ATTEMPT, _with_outcome(attempt, settled))
            for part, ref in enumerate(settled.refs[1:], 1):
                tx.put(REF, RefRow(settled.page.channel, ref, settled.page.token, n, part))
            return held, page

        return await self._store.run(job)

    async def look(self, fan: OpenFanOut, number: int, *, others: Callable[[PageRow], list[str]]) -> Change | None:
        """What time made of a page in doubt; None when there is none. `others`: what else could carry it."""
        objective = fan.opened.objective

        def job(tx: Tx) -> Change | None:
            held = tx.get(PAGE, objective.id, number)
            if held is None or held.state is not DeliveryState.IN_DOUBT:
                return None
            page = paging.looked_at(
                held,
                priority=objective.priority,
                needed=objective.needed,
                now=self._office.clock.time(),
                view=self._view(held.channel),
                has_alternate=bool(others(held)),
            )
            self._put(tx, held, page, objective)
            return held, page

        return await self._store.run(job)

    async def lost(self, fan: OpenFanOut, number: int) -> Change | None:
        """Put a page in doubt that is on the air and in nobody's hands; None when it is not on the air."""
        objective = fan.opened.objective

        def job(tx: Tx) -> Change | None:
            held = tx.get(PAGE, objective.id, number)
            if held is None or held.state is not DeliveryState.EMITTING:
                return None
            page = paging.doubted(held, "lost", needed=objective.needed, now=self._office.clock.time(), view=self._view(held.channel))
            self._put(tx, held, page, objective)
            return held, page

        return await self._store.run(job)

    async def late(self, stored: Stored) -> tuple[Objective, Settled] | None:
        """What became of an emission after all, as settle() takes it; None where it is of no page, or the page is on the air still."""
        inbound = stored.inbound

        def job(tx: Tx) -> tuple[Objective, Settled] | None:
            where = "token = ? AND channel = ? ORDER BY n = ? DESC, at <= ? DESC, n DESC"
            found = tx.find(PAGE_ATTEMPT, where, inbound.token or "", stored.channel, inbound.n, stored.at, limit=1)
            page = tx.get(PAGE, found[0].objective, found[0].number) if found else None
            objective = tx.sound(OBJECTIVE, page.objective) if page is not None else None
            if page is None or objective is None or inbound.outcome is None:
                return None
            if (page.state, page.tries) == (DeliveryState.EMITTING, found[0].n):
                return None
            places = marks.doubtful(page.marks) if page.tries == found[0].n else ()
            begun = msgspec.structs.replace(page, tries=found[0].n, token=found[0].token, channel=found[0].channel)
            return objective, Settled(begun, inbound.outcome, places, stored.at)

        return await self._store.run(job)

    async def told(self, told: Told) -> Change | None:
        """Write a receipt down; None when it is about no page. Raises: StoreError, RowDamaged."""

        def job(tx: Tx) -> Change | None:
            attempt = attempt_of(tx, told)
            page = tx.get(PAGE, attempt.objective, attempt.number) if attempt else None
            objective = tx.sound(OBJECTIVE, page.objective) if page else None
            roll = tx.get(ROLL, page.roll_page) if page else None
            if page is None or objective is None or roll is None:
                return None
            raw: InboxRow | None = tx.sound(INBOX, told.inbox)
            if raw is not None and raw.state == "matched":  # it was looked up twice while its page was being named
                return page, page
            after = paging.told(page, places_of(roll, told.addresses), told.level, told.failure, needed=objective.needed)
            self._put(tx, page, after, objective)
            if raw is not None:
                tx.update(INBOX, msgspec.structs.replace(raw, state="matched"))
            body = {"channel": told.channel, "level": told.level.name if told.level is not None else "", "inbox": told.inbox}
            tx.event("receipt.matched", f"page/{page.objective}/{page.number}", **body, recipients=len(told.addresses))
            return page, after

        return await self._store.run(job)

    async def may_own(self, channel: str, address: str, *, since: float, until: float) -> bool:
        """Whether an emission of a page that began in this time (UTC seconds), and has no name, was for this address too."""

        def job(tx: Tx) -> bool:
            nameless = "channel = ? AND at > ? AND at <= ? AND (outcome = '' OR outcome LIKE 'unknown%')"
            return any(is_on(tx, attempt, address) for attempt in tx.find(PAGE_ATTEMPT, nameless, channel, since, until))

        return self.has_any and await self._store.run(job)

    def _put(self, tx: Tx, held: PageRow | None, page: PageRow, objective: Objective) -> None:
        if page == held:
            return
        if held is None:
            tx.insert(PAGE, page)
        else:
            tx.update(PAGE, page)
        if held is None or page.state is not held.state:
            counts = {"recipients": page.size, "met": page.met, "ended": page.ended, "reason": page.reason}
            subject = f"page/{page.objective}/{page.number}"
            tx.event(f"page.{page.state.lower()}", subject, message=objective.message, channel=page.channel, **counts)

    def tell(self, kind: str, objective: Objective) -> None:
        """Append an event about the whole fan-out."""
        self._store.submit(lambda tx: tx.event(kind, f"objective/{objective.id}", message=objective.message, recipient=objective.audience))

    # A whole fan-out.

    async def recover(self) -> int:
        """Put pages in doubt whose emission a crash cut off; how many."""
        self.has_any = bool(await self._store.scalar("SELECT EXISTS (SELECT 1 FROM fan_out)"))
        return await self._store.run(self._doubted) if self.has_any else 0

    def _doubted(self, tx: Tx) -> int:
        open_ones = "objective IN (SELECT objective FROM fan_out WHERE done = 0)"
        cut_off = tx.find(PAGE, f"{open_ones} AND state = 'EMITTING'")
        for page in cut_off:
            objective = tx.sound(OBJECTIVE, page.objective)
            if objective is not None:
                now, view = self._office.clock.time(), self._view(page.channel)
                self._put(tx, page, paging.doubted(page, CRASH, needed=objective.needed, now=now, view=view), objective)
        return len(cut_off)

    async def open_rows(self) -> list[FanOutRow]:
        """The intents that are not carried out yet."""
        return await self._store.find(FAN_OUT, "done = 0 ORDER BY objective") if self.has_any else []

    async def learn(self, fan: OpenFanOut) -> list[PageRow]:
        """List the pages of a fan-out; those that wait for something."""

        def job(tx: Tx) -> list[PageRow]:
            kept = listed(tx, "SELECT json_group_array(number) FROM page WHERE objective = ?", fan.objective)
            fan.know(parts_of(tx, fan.row), frozenset(kept))
            for name in ("met", "ended", "size"):
                total = tx.scalar(f"SELECT COALESCE(SUM({name}), 0) FROM page WHERE objective = ?", fan.objective)
                setattr(fan, "sizes" if name == "size" else name, int(total or 0))
            waiting = "objective = ? AND state IN ('READY', 'IN_DOUBT') ORDER BY number"
            pages = tx.find(PAGE, waiting, fan.objective) if kept else []
            fan.in_doubt = sum(page.state is DeliveryState.IN_DOUBT for page in pages)
            return pages

        return await self._store.run(job)

    async def finish(self, objective: int, state: DeliveryState, reason: str) -> None:
        """Nothing of it goes any more: end its open pages, a hundred a job, and then the intent."""

        def job(tx: Tx) -> bool:
            row = tx.get(OBJECTIVE, objective)
            waiting = "objective = ? AND state IN ('READY', 'AWAITING', 'IN_DOUBT')"
            pages = tx.find(PAGE, waiting, objective, limit=AT_ONCE)
            for page in pages:
                if row is not None:
                    self._put(tx, page, paging.stopped(page, state, reason), row)
            intent = tx.sound(FAN_OUT, objective)
            if not pages and intent is not None:
                tx.update(FAN_OUT, msgspec.structs.replace(intent, done=True))
            return not pages

        while not await self._store.run(job):
            pass

    def _view(self, channel: str) -> ChannelView | None:
        return self._board.situation().channel.get(channel)


def _as_begun(held: PageRow | None, settled: Settled) -> PageRow:
    """A page as its outcome finds it. One whose channel did not begin has what came meanwhile, too."""
    if held is None:
        return settled.page
    is_waiting = not settled.begun and held.state is DeliveryState.READY
    return paging.begun(held, settled.page.channel, settled.page.token) if is_waiting else held


def _with_outcome(attempt: PageAttemptRow, settled: Settled) -> PageAttemptRow:
    outcome = settled.outcome
    whole, but = (outcome.outcome, len(outcome.but)) if isinstance(outcome, Paged) else (outcome, 0)
    text = outcome_text(whole) + (f", {but} otherwise" if but else "")
    return msgspec.structs.replace(attempt, outcome=text, outcome_at=settled.at, ref=next(iter(settled.refs), ""))
