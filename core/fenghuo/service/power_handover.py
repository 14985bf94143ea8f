"""Gives command to the alternate centre when the battery of this one comes to its last stage: once in a discharge, durably, as an order.

The order goes the way of every order, sealed where its channel seals, and its receipt by a person there is the hand-over's. Behind it goes
one for each of our orders that somebody has not had yet. Whom to give them to and until when, a person has written into the settings
beforehand. Nothing is taken from this node: it goes on for as long as it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator

import msgspec
import structlog

from fenghuo.engine.book import Book
from fenghuo.engine.energy import EnergyPlan
from fenghuo.engine.handover import MOST_TO, Carried, Handing, OpenLine, carried_text, handover_text
from fenghuo.engine.office import Office
from fenghuo.errors import FenghuoError
from fenghuo.model.audit import SYSTEM
from fenghuo.model.delivery import Accepted, Refused, TargetState
from fenghuo.model.directory import RecipientId
from fenghuo.model.mode import PowerMode
from fenghuo.model.traffic import Action, Kind, Traffic
from fenghuo.service.showing import headline, rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import AUDIT, META
from fenghuo.store.transaction import Tx

__all__ = ["HANDED", "OWN", "HandOver"]

HANDED = "power.handover"
"""The row that outlives the process: the order of this discharge, empty after it."""
SUBJECT = "power/energy"
OWN = "node"
"""Whom an order of the node itself is by."""

Submit = Callable[[bytes, str], Awaitable[Accepted | Refused]]

log = structlog.stdlib.get_logger("fenghuo.power")


class _Kept(msgspec.Struct, frozen=True):
    """The order of this discharge, and what it says of us; `message`: its id once it is accepted; `carried`: the open orders
    that go behind it."""

    key: str
    order: str
    open: int
    audit_seq: int
    audit_hash: str
    message: str = ""
    carried: tuple[str, ...] = ()


class HandOver:
    """`to`: an audience as an order writes it; `until`: how long that holds, UTC seconds; `submit`: what accepts an order of the node
    itself under a key."""

    def __init__(self, store: Store, office: Office, book: Book, *, to: str, until: float, submit: Submit) -> None:
        self._store = store
        self._office = office
        self._book = book
        self._to = to
        self._until = until
        self._submit = submit
        self._tasks: set[asyncio.Task[None]] = set()

    def entered(self, stage: PowerMode, plan: EnergyPlan | None) -> None:
        """The battery is in this stage from now on; the mains end what was handed over."""
        if stage is PowerMode.LAST_GASP and plan is not None:
            self._spawn(self._give(plan))
        elif stage is PowerMode.GRID:
            self._spawn(self._end())

    def taken_back(self) -> None:
        """The last stage was entered by a mistake: a person tells whoever was given command, and it may be given again."""
        self._spawn(self._end(is_mistake=True))

    def stop(self) -> None:
        """What has been accepted is accepted."""
        for task in self._tasks:
            task.cancel()

    async def _give(self, plan: EnergyPlan) -> None:
        if self._office.clock.time() >= self._until:
            self._fail(f"that was declared until {rfc3339(self._until)}")
            return
        kept = await self._kept()
        if kept is None:
            kept = await self._written(plan)
        if kept.message:
            return
        # What was begun before a crash is given in the same words and under the same key: twice accepted is once.
        try:
            answer = await self._submit(kept.order.encode(), kept.key)
        except FenghuoError as fault:
            self._fail(str(fault))
            return
        if isinstance(answer, Refused):
            self._fail(answer.message)
            return
        for place, order in enumerate(kept.carried):
            try:
                await self._submit(order.encode(), f"{kept.key}:{place}")
            except FenghuoError as fault:
                self._fail(f"an open order stays here: {fault}")
        await self._store.run(lambda tx: self._tell(tx, kept, answer))

    async def _written(self, plan: EnergyPlan) -> _Kept:
        """What will be given, on the disk before it is."""
        lines = self._open_lines()
        seq = self._store.audited.mark
        row = await self._store.sound(AUDIT, seq)
        audit = (seq, row.hash.hex() if row is not None else "")
        handing = Handing(self._office.node, plan.charge_pct, plan.left_s, self._office.directory.digest, audit)
        order = {"to": [self._to], "text": handover_text(handing, lines), "priority": "P1", "needed": "HUMAN"}
        key = f"{HANDED}:{self._office.clock.time():.3f}"
        carried = tuple(self._carried())
        kept = _Kept(key, msgspec.json.encode(order).decode(), len(lines), seq, audit[1], carried=carried)
        await self._store.run(lambda tx: tx.put(META, MetaRow(HANDED, msgspec.json.encode(kept).decode())))
        return kept

    async def _kept(self) -> _Kept | None:
        row = await self._store.sound(META, HANDED)
        return msgspec.json.decode(row.value, type=_Kept) if row is not None and row.value else None

    def _tell(self, tx: Tx, kept: _Kept, accepted: Accepted) -> None:
        tx.put(META, MetaRow(HANDED, msgspec.json.encode(msgspec.structs.replace(kept, message=accepted.id)).decode()))
        to, count, seq, digest = self._to, kept.open, kept.audit_seq, kept.audit_hash
        tx.event(
            "power.handover", SUBJECT, message=accepted.id, to=to, open=count, carried=len(kept.carried), audit_seq=seq, audit_hash=digest
        )
        deed = Deed.of("handover", f"message/{accepted.id}", to=to, open=count, audit_seq=seq, audit_hash=digest)
        tx.audit(deed, by=SYSTEM)

    async def _end(self, *, is_mistake: bool = False) -> None:
        kept = await self._kept()
        if kept is None:
            return
        message = kept.message

        def tell(tx: Tx) -> None:
            tx.put(META, MetaRow(HANDED, ""))
            tx.event("power.handover_over", SUBJECT, message=message)

        await self._store.run(tell)
        if is_mistake and message:
            says = f"command was given to {self._to} by a reading of the battery that was wrong, and is here; tell them"
            self._store.submit(lambda tx: tx.event("alarm.handover", SUBJECT, message=says))

    def _fail(self, why: str) -> None:
        """A person must give command away by voice now."""
        says = f"command was not handed over to {self._to}: {why}"
        self._store.submit(lambda tx: tx.event("alarm.handover", SUBJECT, message=says))

    def _open_lines(self) -> list[OpenLine]:
        """Every message that is in force with something open, of the real world alone."""
        found = {entry.message.message.id: entry.message.message for entry in self._book.objectives.values()}
        return [OpenLine(one.priority, one.number, headline(one)) for one in found.values() if one.content.traffic is Traffic.ACTUAL]

    def _carried(self) -> Iterator[str]:
        """An order for each of ours that somebody has not had yet. An alert is everybody's: the other side has it from its own source, and
        a public is told from its own end."""
        for entry in sorted(self._book.objectives.values(), key=lambda one: (one.objective.priority, one.objective.id)):
            message, left = entry.message.message, [one for one in entry.targets.values() if one.target.state is TargetState.OPEN]
            is_ours = message.kind in (Kind.DISPATCH, Kind.REPORT) and message.content.traffic is Traffic.ACTUAL
            if not is_ours or message.action is not Action.NEW or message.source == OWN or not 1 <= len(left) <= MOST_TO:
                continue
            content, needed = message.content, entry.objective.needed
            to = tuple(_audience(one.target.recipient) for one in left)
            names = (content.identifier, content.sender, content.sent)
            line = carried_text(Carried(message.number, message.priority, needed, *names, message.expires_at, to, headline(message)))
            lasts_s = max(1.0, message.expires_at - self._office.clock.time())
            order = {"to": [self._to], "text": line, "priority": message.priority.name, "needed": "DEVICE", "expires_s": lasts_s}
            yield msgspec.json.encode(order).decode()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="hand-over")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("the hand-over has failed", cause=repr(error))
            self._fail(repr(error))


def _audience(recipient: RecipientId) -> str:
    """As an order addresses it."""
    return recipient if ":" in recipient else f"person:{recipient}"
