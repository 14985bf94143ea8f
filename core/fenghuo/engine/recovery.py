"""From the disk to the book at start: everything open is dirty, and an emission without its outcome is in doubt.

Source: delivery.md, At least once ("Start-up").
"""

from __future__ import annotations

import msgspec

from fenghuo.clock import ClockQuality
from fenghuo.engine.backlog import Backlog, Kept, Made
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.envelope import Envelope
from fenghuo.engine.facts import Facts, Signed
from fenghuo.engine.inherit import INHERITED, channels_of
from fenghuo.engine.interventions import sound
from fenghuo.engine.loop import Loop
from fenghuo.engine.names import is_shared, part_of
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.planning import ACTUATOR
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.restored import Restored
from fenghuo.engine.resuming import Resuming
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.engine.settling import CRASH, doubted
from fenghuo.engine.tally import Tally, released
from fenghuo.engine.timers import Deadline, Expiry, Timers
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, ObjectiveState, TargetState
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Action
from fenghuo.store.records import FanOutRow, RefRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT

__all__ = ["Recovery"]

UNTIMED = "message untimed"
"""Why a command of before the start is not carried out: nobody can say how old it is."""

ARRIVED_SIGNED_S = 1.0
"""Signatures that came with their message are written a moment after its objectives are opened, and were not waited for."""
MANY_RUNGS = 32
"""More than a ladder has whose rules are gone, or that was inherited: it is made again from its deliveries."""
STILL_OPEN = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)


class Recovery:
    """Fills the book once, before the loop runs. `doubts`: how many emissions were cut off."""

    def __init__(  # noqa: PLR0913  # built once, by the engine room
        self,
        office: Office,
        book: Book,
        store: Store,
        *,
        opening: Opening,
        shelf: RenditionShelf,
        tally: Tally,
        timers: Timers,
        restored: Restored,
    ) -> None:  # built once, by the engine room
        self._restored = restored
        self._office = office
        self._book = book
        self._store = store
        self._opening = opening
        self._shelf = shelf
        self._tally = tally
        self._timers = timers
        self._resuming = Resuming(office, store, opening=opening, tally=tally)
        self._backlog = Backlog(store)
        self.doubts = 0
        self._publics: set[int] = set()  # told page by page: what is open of them is no target
        self._intents: dict[int, FanOutRow] = {}  # those of them that are sound

    async def run(self, loop: Loop, facts: Facts) -> None:
        """Load all that is open, put cut-off emissions in doubt, mark everything, go on with fan-outs and unplanned messages."""
        await self._number()
        await self._restored.load(self._store)
        objectives = await self._backlog.objectives()
        signed_at = await self._messages(objectives)
        self._publics = await self._backlog.publics()
        self._intents = {row.objective: row for row in await self._store.find(FAN_OUT, "done = 0")}
        batch = Batch()
        await self._objectives(objectives, signed_at, batch)
        await self._targets(batch)
        await self._refs()
        await self._recount(batch)
        self._restored.tell([opened.objective for opened in self._book.objectives.values()], batch)
        if batch:
            await self._store.run(batch.write)
        await self._resume(facts)
        facts.wake()
        for target in self._book.targets():
            loop.mark(target)

    async def _number(self) -> None:
        for table in ("objective", "delivery"):
            highest = await self._store.scalar(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
            setattr(self._book, f"next_{table}", int(highest or 0) + 1)

    async def _messages(self, objectives: list[Objective]) -> dict[OpenMessage, float]:
        """When the last signature was given, of each that has one."""
        updates: list[OpenMessage] = []
        signed_at: dict[OpenMessage, float] = {}
        async for page in self._backlog.messages(objectives):
            for kept in page:
                entry = self._open(kept)
                if kept.releases:
                    signed_at[entry] = max(release.at for release in kept.releases)
                if entry.message.revision > 1 and entry.state is MessageState.ACTIVE:
                    updates.append(entry)
        heirs = await self._backlog.heirs(map(_key, updates))
        for entry in updates:
            entry.had = channels_of(heirs[_key(entry)])
        return signed_at

    def _open(self, kept: Kept) -> OpenMessage:
        row = kept.row
        entry = OpenMessage(msgspec.msgpack.decode(row.body, type=Message), row.state)
        self._book.add_message(entry)
        if row.state in (MessageState.HELD, MessageState.ACTIVE):
            self._timers.at(row.expires_at, Expiry(row.id, row.revision))
        entry.signed.update({release.actor: release.until for release in kept.releases})
        if kept.envelope is not None:
            entry.envelope, entry.widened = kept.envelope.digest, kept.envelope.why
            entry.bound = msgspec.msgpack.decode(kept.envelope.body, type=Envelope)
        for rendition in kept.renditions:
            self._shelf.put(rendition)
        return entry

    async def _objectives(self, rows: list[Objective], signed_at: dict[OpenMessage, float], batch: Batch) -> None:
        rosters = await self._backlog.rosters([row.id for row in rows])
        for row in rows:
            entry = self._book.messages.get((row.message, row.revision))
            if entry is None:  # its row is damaged, and it stops
                continue
            objective = _timed(row, entry, signed_at.get(entry, 0.0), batch)
            entry.is_planned = True
            entry.envelope = entry.envelope or objective.envelope
            entry.needed_signatures = max(entry.needed_signatures, objective.signatures)
            rule = self._office.rules.rule_by_name.get(objective.rule)
            opened = OpenObjective(objective, entry, self._rungs(objective), rule.escalate if rule else ())
            opened.closing = objective.state.value not in ("OPEN", "AT_RISK")
            await self._resuming.restore(opened, rosters.get(objective.id))
            self._book.add_objective(opened)
            self._timers.at(objective.deadline_at, Deadline(objective.id))

    def _rungs(self, objective: Objective) -> tuple[Rung, ...]:
        """The ladder of the rules in force; what an objective inherited is made again from its deliveries."""
        rules = self._office.rules
        if objective.ladder in rules.ladders or objective.ladder == SELF_PROBE:
            return rules.ladder(objective.ladder).rungs
        mode = RungMode.PARALLEL if objective.ladder == INHERITED else RungMode.THEN
        return tuple(Rung((), mode) for _ in range(MANY_RUNGS))

    async def _targets(self, batch: Batch) -> None:
        """What is open of a target that is over: what becomes of it is decided as of any other."""
        for target in await self._backlog.targets():
            opened = self._book.objectives.get(target.objective)
            if opened is not None:
                restored = OpenTarget(target, opened)
                restored.is_counted = target.state is not TargetState.OPEN and not target.covers  # by the rows; whom it covers is not
                self._book.add_target(restored)
        for delivery in await self._backlog.deliveries():
            opened = self._book.objectives.get(delivery.objective)
            entry = opened.targets.get(delivery.recipient) if opened else None
            copy = self._copied(delivery, batch)
            after = copy if opened is None else self._aged(copy, opened.message, batch)
            if delivery.state is DeliveryState.EMITTING:
                self.doubts += 1
                view = self._opening.situation().channel.get(delivery.channel)
                after = doubted(delivery, CRASH, now=self._office.clock.time(), view=view)
                batch.changed(delivery, after)
                sound(after, self._opening.situation(), batch)
                if entry is None:  # what it was for is damaged; that it may have left is said all the same
                    batch.changed(after, msgspec.structs.replace(after, state=DeliveryState.CANCELLED, until=None))
            if entry is not None:
                self._book.put(entry, after)
                if after.state is DeliveryState.READY:  # offered anew, if the first look at its target leaves it so
                    entry.unoffered.add(after.id)
                self._made_again(entry.objective, after.form, batch)

    def _copied(self, delivery: Delivery, batch: Batch) -> Delivery:
        """Right after a restore whatever waits may be the second."""
        copy = self._restored.marked(delivery)
        if copy is not delivery:
            batch.changed(delivery, copy)
        return copy

    def _aged(self, delivery: Delivery, entry: OpenMessage, batch: Batch) -> Delivery:
        """What starts a device by a far end's command, and lay here while no clock ran that anybody vouches for, starts nothing: how long
        ago it was given nobody can say. A person hears so, and starts it or does not."""
        view = self._opening.situation().channel.get(delivery.channel)
        is_start = delivery.state in (DeliveryState.READY, DeliveryState.HELD) and view is not None and view.doubt == ACTUATOR
        by_command = entry.message.source.startswith("post:") and not entry.needed_signatures
        is_told = self._office.clock.quality() is not ClockQuality.FREERUN
        if not (is_start and by_command) or is_told or entry.message.action is Action.CANCEL:
            return delivery
        after = msgspec.structs.replace(delivery, state=DeliveryState.FAILED, reason=UNTIMED, until=None)
        batch.changed(delivery, after)
        body = {"message": delivery.message, "source": entry.message.source, "channels": [delivery.channel]}
        batch.event("alarm.not_commanded", f"objective/{delivery.objective}", **body)
        return after

    def _made_again(self, opened: OpenObjective, form: str, batch: Batch) -> None:
        """A rendition whose row the disk damaged: it was made from the message, which is sound."""
        row = self._shelf.make(opened.message.message, form)
        if row is not None:
            batch.renditions.append(row)

    async def _recount(self, batch: Batch) -> None:
        made = await self._backlog.made(self._book.objectives)
        asked = await self._backlog.asked([number for number, opened in self._book.objectives.items() if opened.escalate])
        for number, opened in self._book.objectives.items():
            if number in self._publics:
                self._public(opened, batch)
                continue
            figures = made.get(number, Made())
            lost = _lost(opened, figures)
            if lost and lost > opened.objective.ended - figures.ended:
                self._tell_not_told(opened.objective, lost, batch)
            self._tally.recounted(opened, met=figures.met, ended=figures.ended + lost)
            opened.asked.update(asked.get(number, ()))

    def _public(self, opened: OpenObjective, batch: Batch) -> None:
        """One whose intent is damaged is given up: nobody knows any more which pages of it are to go."""
        objective, intent = opened.objective, self._intents.get(opened.objective.id)
        if intent is not None:
            views = map(self._opening.situation().channel.get, intent.channels)
            for form in sorted({view.form for view in views if view is not None}):
                self._made_again(opened, form, batch)
        else:
            not_told = max(0, objective.total - objective.met)
            self._tell_not_told(objective, not_told, batch)
            self._tally.counted(opened, met=objective.met, ended=not_told, total=objective.total)

    @staticmethod
    def _tell_not_told(objective: Objective, not_told: int, batch: Batch) -> None:
        body = {"message": objective.message, "audience": objective.audience, "total": objective.total}
        batch.event("alarm.not_told", f"objective/{objective.id}", **body, not_told=not_told)

    async def _refs(self) -> None:
        """The provider's names of open emissions, so that late receipts find them."""
        tokens = {delivery.token: delivery for delivery in self._book.deliveries()}
        names: dict[tuple[int, int], list[RefRow]] = {}
        for ref in await self._backlog.refs():
            delivery = tokens.get(ref.token)
            if delivery is not None:
                names.setdefault((delivery.id, ref.n), []).append(ref)
        reported = await self._backlog.reported()
        for (number, n), rows in sorted(names.items()):
            channel = self._book.by_delivery[number].deliveries[number].channel
            self._book.shared.update((channel, row.ref) for row in rows if is_shared(row))
            refs, total = tuple(row.ref for row in rows), part_of(rows[0]) or len(rows)
            self._book.name(number, channel, refs, n=n, total=total, reported=frozenset(reported.get(number, ())))

    async def _resume(self, facts: Facts) -> None:
        batch = Batch()
        objectives = self._book.objectives
        cut_off = [number for number in objectives if number not in self._publics and _is_cut_off(objectives[number].objective)]
        made, known = await self._backlog.made(cut_off), await self._backlog.asked(cut_off)
        heirs = await self._backlog.heirs({_key(objectives[number].message) for number in cut_off if _is_inherited(objectives[number])})
        for number in cut_off:
            opened = objectives[number]
            opened.objective = msgspec.structs.replace(opened.objective, planned=made.get(number, Made()).targets)
            from_before = heirs[_key(opened.message)] if _is_inherited(opened) else ()
            self._resuming.go_on(opened, known.get(number, set()), from_before, batch)
        if batch:
            await self._store.run(batch.write)
        await self._go_on(facts)

    async def _go_on(self, facts: Facts) -> None:
        """Plan what has no plan, and let go of what has nothing open."""
        entries = dict(self._book.messages)
        homes = await self._backlog.homes()
        later = {key for key in entries if key[1] > 1 or key[0] in homes}
        planned = await self._backlog.planned([key for key, entry in entries.items() if not entry.is_planned or key in later])
        updates = [entry for key, entry in entries.items() if key in later and key in planned]
        is_owed = await self._inherit([entry for entry in updates if not planned[_key(entry)] or entry.state is MessageState.HELD], facts)
        unplanned = {key: tuple(sorted(entry.signed)) for key, entry in entries.items() if not entry.is_planned and key not in planned}
        for key, entry in entries.items():
            entry.is_planned = key not in unplanned
            if key in unplanned:
                self._book.close_message(key)
            elif key not in is_owed:
                self._tally.rest(entry)
        for fact in await self._backlog.accepted_anew(unplanned):
            facts.put(fact)

    async def _inherit(self, updates: list[OpenMessage], facts: Facts) -> set[tuple[MessageId, int]]:
        """Signatures that released an Update, cut off before those who had got the original were added: which Updates go to them yet."""
        in_force = [entry for entry in updates if entry.state in (MessageState.HELD, MessageState.ACTIVE)]
        told = await self._backlog.told([*map(_key, in_force)])
        # Of a held one a signature will ask whom its own rules leave out.
        heirs = await self._backlog.heirs(_key(entry) for entry in in_force if entry.state is MessageState.ACTIVE)
        is_owed = set()
        for entry in in_force:
            key = _key(entry)
            entry.told = self._told(entry, told.get(key, set()))
            if any(heir.recipient not in entry.told for heir in heirs.get(key, ())):
                facts.put(Signed(*key, min(entry.signed, default=""), True, heirs[key]))
                is_owed.add(key)
        return is_owed

    def _told(self, entry: OpenMessage, begun: set[RecipientId]) -> set[RecipientId]:
        """Whom a revision is for by its own plan, `begun` or cut off."""
        opened = (self._book.objectives[number] for number in entry.objectives if number in self._book.objectives)
        return begun.union(*(self._resuming.addressed(one) for one in opened if _is_cut_off(one.objective)))


def _key(entry: OpenMessage) -> tuple[MessageId, int]:
    return entry.message.id, entry.message.revision


def _timed(objective: Objective, entry: OpenMessage, signed_at: float, batch: Batch) -> Objective:
    """Its clocks start with the release, which may be all that a crash has left of it."""
    is_waiting = entry.state is MessageState.ACTIVE and objective.state in STILL_OPEN
    if not is_waiting or signed_at - objective.opened_at < ARRIVED_SIGNED_S:
        return objective
    after = batch.objectives[objective.id] = released(objective, signed_at)
    return after


def _is_inherited(opened: OpenObjective) -> bool:
    return opened.objective.ladder == INHERITED


def _is_cut_off(objective: Objective) -> bool:
    """Whether its fan-out has not come to its end."""
    return objective.planned < objective.total


def _lost(opened: OpenObjective, made: Made) -> int:
    """How many of an objective have no target and never will: an earlier start gave up to find them, or their rows are damaged."""
    in_hand = sum(not entry.target.covers and not entry.is_counted for entry in opened.targets.values())
    every = made.targets if _is_cut_off(opened.objective) else opened.objective.total
    return max(0, every - made.met - made.ended - in_hand)
