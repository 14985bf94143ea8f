"""From the disk to the book at start: everything open is dirty, and an emission without its outcome is in doubt.

Source: delivery.md, At least once ("Start-up").
"""

from __future__ import annotations

import json

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.facts import Facts, Signed
from fenghuo.engine.inherit import INHERITED, Heir, channels_of, find_heirs
from fenghuo.engine.interventions import sound
from fenghuo.engine.loop import Loop
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.resuming import Resuming
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.engine.settling import doubted
from fenghuo.engine.tally import Tally, released
from fenghuo.engine.timers import Deadline, Expiry, Timers
from fenghuo.engine.unheard import IS_IN_FORCE, accepted_anew
from fenghuo.model.delivery import OPEN_STATES, DeliveryState, Objective, ObjectiveState, TargetState
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.model.roll import PUBLIC
from fenghuo.store.records import FanOutRow, MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, FAN_OUT, MESSAGE, OBJECTIVE, RECEIPT, REF, RELEASE, RENDITION, TARGET

__all__ = ["Recovery"]

ARRIVED_SIGNED_S = 1.0
"""Signatures that came with their message are written a moment after its objectives are opened, and were not waited for."""
_PUBLICS = "SELECT json_group_array(objective) FROM fan_out WHERE done = 0"
_ASKED = "SELECT json_group_array(recipient) FROM target WHERE objective = ?"
_IS_OPEN = "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(OPEN_STATES)))
MANY_RUNGS = 32
"""More than a ladder has whose rules are gone, or that was inherited: it is made again from its deliveries."""
STILL_OPEN = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)


class Recovery:
    """Fills the book once, before the loop runs. `doubts`: how many emissions were cut off."""

    def __init__(  # noqa: PLR0913  # built once, by the engine room
        self, office: Office, book: Book, store: Store, *, opening: Opening, shelf: RenditionShelf, tally: Tally, timers: Timers
    ) -> None:  # built once, by the engine room
        self._office = office
        self._book = book
        self._store = store
        self._opening = opening
        self._shelf = shelf
        self._tally = tally
        self._timers = timers
        self._resuming = Resuming(office, store, opening=opening, tally=tally)
        self.doubts = 0
        self._publics: set[int] = set()  # told page by page: what is open of them is no target
        self._intents: dict[int, FanOutRow] = {}  # those of them that are sound

    async def run(self, loop: Loop, facts: Facts) -> None:
        """Load all that is open, put cut-off emissions in doubt, mark everything, go on with fan-outs and unplanned messages."""
        await self._number()
        await self._messages()
        self._publics = set(json.loads(str(await self._store.scalar(_PUBLICS))))
        self._intents = {row.objective: row for row in await self._store.find(FAN_OUT, "done = 0")}
        batch = Batch()
        await self._objectives(batch)
        await self._targets(batch)
        await self._refs()
        await self._recount(batch)
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

    async def _messages(self) -> None:
        for row in await self._store.find(MESSAGE, f"{IS_IN_FORCE} ORDER BY accepted_at"):
            entry = await self._open(row)
            if row.revision > 1 and row.state is MessageState.ACTIVE:
                entry.had = channels_of(await self._heirs(row.id, row.revision))

    async def _open(self, row: MessageRow) -> OpenMessage:
        entry = OpenMessage(msgspec.msgpack.decode(row.body, type=Message), row.state)
        self._book.add_message(entry)
        if row.state in (MessageState.HELD, MessageState.ACTIVE):
            self._timers.at(row.expires_at, Expiry(row.id, row.revision))
        for release in await self._store.find(RELEASE, "message = ? AND revision = ?", row.id, row.revision):
            entry.signed.add(release.actor)
        for rendition in await self._store.find(RENDITION, "message = ? AND revision = ?", row.id, row.revision):
            self._shelf.put(rendition)
        return entry

    async def _objectives(self, batch: Batch) -> None:
        for row in await self._store.find(
            OBJECTIVE,
            "id IN (SELECT objective FROM target WHERE state = 'OPEN') OR state IN ('OPEN', 'AT_RISK')"
            f" OR id IN (SELECT objective FROM delivery WHERE {_IS_OPEN})"
            " OR id IN (SELECT objective FROM fan_out WHERE done = 0)",
        ):
            entry = self._book.messages.get((row.message, row.revision)) or await self._ended_message(row)
            if entry is None:
                continue
            objective = await self._timed(row, entry, batch)
            entry.is_planned = True
            entry.envelope = objective.envelope or entry.envelope
            entry.needed_signatures = max(entry.needed_signatures, objective.signatures)
            rule = self._office.rules.rule_by_name.get(objective.rule)
            opened = OpenObjective(objective, entry, self._rungs(objective), rule.escalate if rule else ())
            opened.closing = objective.state.value not in ("OPEN", "AT_RISK")
            await self._resuming.restore(opened)
            self._book.add_objective(opened)
            self._timers.at(objective.deadline_at, Deadline(objective.id))

    async def _timed(self, objective: Objective, entry: OpenMessage, batch: Batch) -> Objective:
        """Its clocks start with the release, which may be all that a crash has left of it."""
        if not entry.signed or entry.state is not MessageState.ACTIVE or objective.state not in STILL_OPEN:
            return objective
        last = "SELECT MAX(at) FROM release WHERE message = ? AND revision = ?"
        at = float(await self._store.scalar(last, objective.message, objective.revision) or 0.0)
        if at - objective.opened_at < ARRIVED_SIGNED_S:
            return objective
        after = batch.objectives[objective.id] = released(objective, at)
        return after

    async def _ended_message(self, objective: Objective) -> OpenMessage | None:
        """A message that ended just before the crash: its targets are still to be closed. None: its row is damaged, and it stops."""
        row = await self._store.sound(MESSAGE, objective.message, objective.revision)
        return await self._open(row) if row is not None else None

    def _rungs(self, objective: Objective) -> tuple[Rung, ...]:
        """The ladder of the rules in force; what an objective inherited is made again from its deliveries."""
        ladder = self._office.rules.ladders.get(objective.ladder)
        if ladder is not None:
            return ladder.rungs
        mode = RungMode.PARALLEL if objective.ladder == INHERITED else RungMode.THEN
        return tuple(Rung((), mode) for _ in range(MANY_RUNGS))

    async def _targets(self, batch: Batch) -> None:
        """All that are open, and those that are over and of which a delivery is not: the crash came between the end of the one and that of
        the other. What becomes of it is decided as of any other."""
        under = f"(objective, recipient) IN (SELECT objective, recipient FROM delivery WHERE {_IS_OPEN})"
        for target in await self._store.find(TARGET, f"state = 'OPEN' OR {under}"):
            opened = self._book.objectives.get(target.objective)
            if opened is not None:
                restored = OpenTarget(target, opened)
                restored.is_counted = target.state is not TargetState.OPEN and not target.covers  # by the rows; whom it covers is not
                self._book.add_target(restored)
        whose = "SELECT 1 FROM target t WHERE t.objective = delivery.objective AND t.recipient = delivery.recipient AND t.state = 'OPEN'"
        for delivery in await self._store.find(DELIVERY, f"EXISTS ({whose}) OR {_IS_OPEN} ORDER BY id"):
            opened = self._book.objectives.get(delivery.objective)
            entry = opened.targets.get(delivery.recipient) if opened else None
            after = delivery
            if delivery.state is DeliveryState.EMITTING:
                self.doubts += 1
                view = self._opening.situation().channel.get(delivery.channel)
                after = doubted(delivery, "crash", now=self._office.clock.time(), view=view)
                batch.changed(delivery, after)
                sound(after, self._opening.situation(), batch)
                if entry is None:  # what it was for is damaged; that it may have left is said all the same
                    batch.changed(after, msgspec.structs.replace(after, state=DeliveryState.CANCELLED, until=None))
            if entry is not None:
                self._book.put(entry, after)
                if after.state is DeliveryState.READY:  # offered anew, if the first look at its target leaves it so
                    entry.unoffered.add(after.id)
                self._made_again(entry.objective, after.form, batch)

    def _made_again(self, opened: OpenObjective, form: str, batch: Batch) -> None:
        """A rendition whose row the disk damaged: it was made from the message, which is sound."""
        row = self._shelf.make(opened.message.message, form)
        if row is not None:
            batch.renditions.append(row)

    async def _recount(self, batch: Batch) -> None:
        count = "SELECT COUNT(*) FROM target WHERE objective = ? AND covers = '' AND state IN {}"
        for opened in self._book.objectives.values():
            if opened.objective.id in self._publics:
                self._public(opened, batch)
                continue
            met = await self._store.scalar(count.format("('MET', 'COVERED')"), opened.objective.id)
            ended = await self._store.scalar(count.format("('MISSED', 'WITHDRAWN')"), opened.objective.id)
            lost = await self._lost(opened, int(met or 0) + int(ended or 0))
            if lost and lost > opened.objective.ended - int(ended or 0):
                self._tell_not_told(opened.objective, lost, batch)
            self._tally.recounted(opened, met=int(met or 0), ended=int(ended or 0) + lost)
            if opened.escalate:
                opened.asked.update(await self._asked(opened.objective.id))

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

    async def _lost(self, opened: OpenObjective, ended: int) -> int:
        """How many of an objective have no target and never will: an earlier start gave up to find them, or their rows are damaged.
        `ended`: how many have one that is over."""
        objective = opened.objective
        in_hand = sum(not entry.target.covers and not entry.is_counted for entry in opened.targets.values())
        made = objective.total
        if objective.planned < objective.total:
            made = int(await self._store.scalar("SELECT COUNT(*) FROM target WHERE objective = ? AND covers = ''", objective.id) or 0)
        return max(0, made - ended - in_hand)

    @staticmethod
    def _tell_not_told(objective: Objective, not_told: int, batch: Batch) -> None:
        body = {"message": objective.message, "audience": objective.audience, "total": objective.total}
        batch.event("alarm.not_told", f"objective/{objective.id}", **body, not_told=not_told)

    async def _asked(self, objective: int) -> set[RecipientId]:
        """Everybody who has a target of it, sound or damaged: nobody gets a second one."""
        return set(json.loads(str(await self._store.scalar(_ASKED, objective))))

    async def _refs(self) -> None:
        """The provider's names of open emissions, so that late receipts find them."""
        query = "token IN (SELECT token FROM delivery WHERE state IN ('AWAITING', 'IN_DOUBT'))"
        tokens = {delivery.token: delivery for delivery in self._book.deliveries()}
        names: dict[tuple[int, int], list[str]] = {}
        for ref in await self._store.find(REF, f"{query} ORDER BY part"):
            delivery = tokens.get(ref.token)
            if delivery is not None:
                names.setdefault((delivery.id, ref.n), []).append(ref.ref)
        for (number, _), refs in sorted(names.items()):
            receipts = await self._store.find(RECEIPT, "delivery = ?", number)
            had = frozenset(receipt.ref for receipt in receipts)
            channel = self._book.by_delivery[number].deliveries[number].channel
            self._book.name(number, channel, tuple(refs), reported=had)

    async def _resume(self, facts: Facts) -> None:
        batch = Batch()
        for opened in list(self._book.objectives.values()):
            objective = opened.objective
            if objective.planned < objective.total and objective.id not in self._publics:
                known = await self._asked(objective.id)
                made = await self._store.scalar("SELECT COUNT(*) FROM target WHERE objective = ? AND covers = ''", objective.id)
                opened.objective = msgspec.structs.replace(objective, planned=int(made or 0))
                heirs = await self._heirs(objective.message, objective.revision) if objective.ladder == INHERITED else ()
                self._resuming.go_on(opened, known, heirs, batch)
        if batch:
            await self._store.run(batch.write)
        for key, entry in list(self._book.messages.items()):
            counted = "SELECT COUNT(*) FROM objective WHERE message = ? AND revision = ?"
            entry.is_planned = entry.is_planned or bool(await self._store.scalar(counted, *key))
            if not entry.is_planned:
                await self._plan_anew(key, entry, facts)
            elif not await self._inherit(entry, facts):
                self._tally.rest(entry)

    async def _heirs(self, message: MessageId, revision: int) -> tuple[Heir, ...]:
        """Who got an earlier revision; asked of the writer, on the truth."""
        return await self._store.run(lambda tx: find_heirs(tx, message, revision))

    async def _inherit(self, entry: OpenMessage, facts: Facts) -> bool:
        """A signature that released an Update, cut off before those who had got the original were added; whether they are to be."""
        message = entry.message
        if message.revision == 1 or entry.state not in (MessageState.HELD, MessageState.ACTIVE):
            return False
        entry.told = await self._told(entry)
        if entry.state is MessageState.HELD:  # a signature will ask whom its own rules leave out
            return False
        where = "SELECT COUNT(*) FROM objective WHERE message = ? AND revision = ? AND ladder = ?"
        if await self._store.scalar(where, message.id, message.revision, INHERITED):
            return False
        heirs = await self._heirs(message.id, message.revision)
        is_cut_off = any(heir.recipient not in entry.told for heir in heirs)
        if is_cut_off:
            facts.put(Signed(message.id, message.revision, min(entry.signed, default=""), True, heirs))
        return is_cut_off

    async def _told(self, entry: OpenMessage) -> set[RecipientId]:
        """Whom a revision is for by its own plan."""
        key = (entry.message.id, entry.message.revision)
        mine = "objective IN (SELECT id FROM objective WHERE message = ? AND revision = ?)"
        told = {row.recipient for row in await self._store.find(TARGET, mine, *key)}
        for opened in self._book.objectives.values():
            if opened.message is entry and opened.objective.planned < opened.objective.total:
                told |= self._resuming.addressed(opened)
        for row in await self._store.find(FAN_OUT, "message = ? AND revision = ?", *key):
            told |= {f"{PUBLIC}{area}" for area in row.areas}
        return told

    async def _plan_anew(self, key: tuple[MessageId, int], entry: OpenMessage, facts: Facts) -> None:
        """Accepted, and cut off before its plan was on the disk."""
        self._book.close_message(key)
        row = await self._store.sound(MESSAGE, *key)
        if row is not None:
            signers = tuple(sorted(entry.signed))
            facts.put(await self._store.run(lambda tx: accepted_anew(tx, row, signers)))
