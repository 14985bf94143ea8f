"""From an accepted message to open objectives and targets: routed at once, fanned out in chunks, urgent ones first."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from fenghuo.engine.addressees import unknown
from fenghuo.engine.admission import Load
from fenghuo.engine.asked_channels import strange
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.inherit import HEIRS, INHERITED, Heir, channels_of, inherited_rungs
from fenghuo.engine.loads import Loads
from fenghuo.engine.modes_effect import short_form
from fenghuo.engine.modes_profile import NOTHING, Overlay
from fenghuo.engine.office import Office
from fenghuo.engine.planning import ACTUATOR, UNCOMMANDED, Candidate, Carriage, LeftOut, candidates, fitting
from fenghuo.engine.publics import Publics, planned_by
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.routing import Routed, route
from fenghuo.engine.rules import Rung
from fenghuo.engine.seals import Seals
from fenghuo.engine.taking_back import barred, is_stranded, other_ways, stand_ins
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Objective, Target, token_for
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.situation import Situation
from fenghuo.model.traffic import Action, Priority

__all__ = ["CHUNK", "Opening"]

CHUNK = 200
"""Targets opened in one turn: about 20 ms of loop time, so that an urgent message never waits for a large one."""

RECENT_S = 1.0
"""A forecast is asked anew after so long: a crowd asks as one."""


class Opening:
    """Everything that is still to be fanned out, most urgent first."""

    def __init__(self, office: Office, board: ChannelBoard, book: Book, shelf: RenditionShelf) -> None:
        self._office = office
        self._board = board
        self._book = book
        self._shelf = shelf
        self._waiting: list[tuple[Priority, int, OpenObjective, Iterator[Heir]]] = []
        self._order = itertools.count()
        self.loads = Loads(board, shelf)
        self.overlay: Callable[[RecipientId], Overlay] = _nothing
        self.copies: Callable[[Objective], int] = _first
        self.seals = Seals(office, board, book)
        self._publics = Publics(office, board, shelf, drafting=self)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def open(self, entry: OpenMessage, batch: Batch, heirs: tuple[Heir, ...] = ()) -> None:
        """Route a message and note its objectives. `heirs`: who got what it replaces, and over which channels."""
        message = entry.message
        routed = self.routed(message)
        entry.needed_signatures = max((item.signatures for item in routed), default=0)
        if routed or not entry.is_released:
            self.seals.seal(entry, routed, batch)
        entry.is_planned = True
        if strangers := unknown(message, self._office.directory):
            batch.event("alarm.addressee_unknown", f"message/{message.id}", revision=message.revision, unknown=list(strangers))
        if strangers := strange(message, self._board.names()):
            batch.event("alarm.channel_unknown", f"message/{message.id}", revision=message.revision, unknown=list(strangers))
        for item in routed:
            if item.is_public:
                self._publics.open(entry, item, batch)
            else:
                self._open_routed(entry, item, batch)
        entry.told = {recipient for item in routed for recipient in item.recipients}
        self.inherit(entry, heirs, batch)
        if not routed and not heirs and entry.is_released:
            self._nobody(entry, batch)

    def inherit(self, entry: OpenMessage, heirs: tuple[Heir, ...], batch: Batch) -> None:
        """Also tell those who got what this replaces and whom its own rules leave out."""
        entry.had = channels_of(heirs)
        left = tuple(heir for heir in heirs if heir.recipient not in entry.told and heir.public is None)
        if left:
            self._open_inherited(entry, left, batch)
        for heir in heirs:
            self._publics.inherit(entry, heir, batch)
        if entry.message.action is Action.CANCEL:
            told = (name for heir in heirs if heir.public is not None for name in heir.public.channels)
            self._bar(entry, barred(told, self._board.situation()), batch)

    def routed(self, message: Message) -> tuple[Routed, ...]:
        """What the rules in force make of a message; nothing for a Cancel, which follows what it ends."""
        office = self._office
        return () if message.action is Action.CANCEL else route(message, office.rules, office.directory, office.devices)

    def resume(self, entry: OpenObjective, left: list[Heir]) -> None:
        """Go on with a fan-out that a crash cut short: `left` have no target yet."""
        self._push(entry, left)

    def situation(self) -> Situation:
        """What plans are made from at this moment."""
        return self._board.situation()

    def step(self, batch: Batch) -> list[OpenTarget]:
        """Open the next chunk of targets, most urgent first; they are to be advanced in the same turn.

        Objectives of one class take turns, so that an order to one person never waits for an alert to thousands; many small ones
        share a turn, and so a commit.
        """
        targets: list[OpenTarget] = []
        room = CHUNK
        while room and self._waiting:
            priority, _, entry, heirs = heapq.heappop(self._waiting)
            taken = list(itertools.islice(heirs, room))
            if len(taken) == room:
                heapq.heappush(self._waiting, (priority, next(self._order), entry, heirs))
            room -= len(taken)
            targets += self._open_chunk(entry, taken, batch)
        return targets

    def _open_chunk(self, entry: OpenObjective, heirs: list[Heir], batch: Batch) -> list[OpenTarget]:
        carriage = self._carriage(entry, batch)
        targets = [self.add_target(entry, heir, batch, carriage=carriage) for heir in heirs]
        planned = entry.objective.planned + len(heirs)
        entry.objective = msgspec.structs.replace(entry.objective, planned=planned)
        batch.objectives[entry.objective.id] = entry.objective
        return targets

    def add_target(
        self, entry: OpenObjective, heir: Heir, batch: Batch, *, covers: str = "", carriage: Carriage | None = None
    ) -> OpenTarget:
        """A new target with a delivery, still HELD, for every way that the ladder and the directory allow. `carriage`: of its chunk."""
        objective = entry.objective
        target = OpenTarget(Target(objective=objective.id, recipient=heir.recipient, covers=covers), entry)
        self._book.add_target(target)
        batch.new_targets.append(target.target)
        is_inherited = objective.ladder == INHERITED
        if is_inherited:
            ways = self._inherited(entry, heir, batch)
        else:
            ways = self._ways(entry, heir.recipient, carriage or self._carriage(entry, batch), batch)
        self._put(target, ways, batch)
        if not ways:
            self._no_way(entry, heir.recipient, batch)
        return target

    def _put(self, target: OpenTarget, ways: Sequence[Candidate], batch: Batch) -> None:
        for way in ways:
            delivery = self._delivery(target.objective, target.target.recipient, way)
            self._book.put(target, delivery)
            batch.new_deliveries.append(delivery)

    def stand_in(self, target: OpenTarget, situation: Situation, batch: Batch) -> None:
        """Whoever would hear of the end over nothing but what is switched off hears of it another way, if there is one."""
        deliveries, opened = tuple(target.deliveries.values()), target.objective
        shut = barred((one.channel for one in deliveries), situation)
        if not shut:
            return
        self._bar(opened.message, shut, batch)
        if not is_stranded(deliveries, situation):
            return
        recipient = target.target.recipient
        ways = other_ways(
            recipient,
            {one.channel for one in deliveries},
            self._office.rules,
            carriage=Carriage(opened.objective.traffic, opened.objective.priority),
            directory=self._directory(opened, recipient),
            situation=situation,
        )
        message = opened.message.message
        rows = (self._shelf.make(message, form) for form in dict.fromkeys(way.form for way in ways))
        batch.renditions += [row for row in rows if row is not None]
        places = {one.channel: one.rung for one in deliveries if one.channel in shut}
        self._put(target, stand_ins(places, (way for way in ways if not self._shelf.why_not(message, way.form))), batch)

    @staticmethod
    def _bar(entry: OpenMessage, channels: Sequence[str], batch: Batch) -> None:
        """Once for each channel by which an end cannot go where it is owed."""
        if news := [name for name in channels if name not in entry.barred]:
            entry.barred.update(news)
            message = entry.message
            batch.event("alarm.cancel_barred", f"message/{message.id}", revision=message.revision, channels=sorted(entry.barred))

    @staticmethod
    def _no_way(entry: OpenObjective, recipient: RecipientId, batch: Batch) -> None:
        """Told for each; an alarm for the first of an objective that the sender's own `via` leaves without one."""
        objective = entry.objective
        body = {"message": objective.message, "recipient": recipient}
        batch.event("target.no_way", f"objective/{objective.id}", **body)
        if objective.via and not entry.is_way_missing:
            batch.event("alarm.no_way", f"objective/{objective.id}", **body, via=list(objective.via))
            entry.is_way_missing = True

    def _carriage(self, entry: OpenObjective, batch: Batch) -> Carriage:
        """What the message asks of the channels of its ladder at this moment; its renditions for them are made by the way."""
        objective, message, now = entry.objective, entry.message.message, self._office.clock.time()
        plain = Carriage(objective.traffic, objective.priority, objective.via, entry.message.may_start)
        if objective.ladder == INHERITED:
            return plain
        views = fitting(entry.rungs, plain, self._board.situation())
        for form in dict.fromkeys(view.form for view in views):
            row = self._shelf.make(message, form)
            if row is not None:
                batch.renditions.append(row)
        return msgspec.structs.replace(
            plain,
            loads=self.loads.of(message, objective.priority, [view.name for view in views], audience=objective.total),
            left_s=objective.deadline_at - now,
            expires_s=message.expires_at - now,
        )

    def recent_loads(self, entry: OpenObjective) -> Mapping[str, Load]:
        """What the next delivery of an objective would cost each channel, as it was a second ago at most."""
        now = self._office.clock.time()
        if not entry.loads_at <= now < entry.loads_at + RECENT_S:
            names = dict.fromkeys(name for rung in entry.rungs for name in rung.channels)
            objective = entry.objective
            entry.loads = self.loads.of(entry.message.message, objective.priority, names, audience=objective.total)
            entry.loads_at = now
        return entry.loads

    def _ways(self, entry: OpenObjective, recipient: RecipientId, carriage: Carriage, batch: Batch) -> tuple[Candidate, ...]:
        message = entry.message.message
        found, left = candidates(
            recipient,
            entry.rungs,
            carriage,
            directory=self._directory(entry, recipient),
            situation=self._board.situation(),
        )
        found = self._in_short(entry, recipient, found, batch)
        unfit = {way.form: why for way in found if (why := self._shelf.why_not(message, way.form))}
        left += tuple(LeftOut(way.rung, way.channel, unfit[way.form]) for way in found if way.form in unfit and way.rank == 1)
        self._leave_out(entry, recipient, left, batch)
        return tuple(way for way in found if way.form not in unfit)

    def _inherited(self, entry: OpenObjective, heir: Heir, batch: Batch) -> tuple[Candidate, ...]:
        """The ways that what is replaced took, but for devices that this may not start. A Cancel starts nothing and goes to all."""
        if entry.message.may_start or entry.message.message.action is Action.CANCEL:
            return heir.ways
        views = self._board.situation().channel
        barred = [way for way in heir.ways if way.channel in views and views[way.channel].doubt == ACTUATOR]
        self._leave_out(entry, heir.recipient, [LeftOut(way.rung, way.channel, UNCOMMANDED) for way in barred], batch)
        return tuple(way for way in heir.ways if way not in barred)

    @staticmethod
    def _leave_out(entry: OpenObjective, recipient: RecipientId, left: Sequence[LeftOut], batch: Batch) -> None:
        """Noted for each; a device that was to start and may not is an alarm, once for an objective: a person may want to start it."""
        objective = entry.objective
        for one in left:
            batch.leave_out(objective.id, recipient, rung=one.rung, channel=one.channel, reason=one.reason)
        barred = sorted({one.channel for one in left if one.reason == UNCOMMANDED})
        if barred and not entry.is_device_barred:
            entry.is_device_barred = True
            body = {"message": objective.message, "source": entry.message.message.source, "channels": barred}
            batch.event("alarm.not_commanded", f"objective/{objective.id}", **body)

    def _in_short(self, entry: OpenObjective, recipient: RecipientId, found: tuple[Candidate, ...], batch: Batch) -> tuple[Candidate, ...]:
        """In short where the mode in force asks for it and what must be said fits; the rest says all."""
        overlay, message = self.overlay(recipient), entry.message.message
        forms = {way.form: short for way in found if (short := short_form(way.form, overlay)) != way.form}
        for form in dict.fromkeys(forms.values()):
            row = self._shelf.make(message, form)
            if row is not None:
                batch.renditions.append(row)
        fits = {form: short for form, short in forms.items() if not self._shelf.why_not(message, short)}
        return tuple(msgspec.structs.replace(way, form=fits.get(way.form, way.form)) for way in found)

    def _directory(self, entry: OpenObjective, recipient: RecipientId) -> Directory:
        """Today's, which has the newest addresses; of somebody who left it in mid-fan-out, the one that the objective was opened from."""
        today = self._office.directory
        return entry.snapshot if entry.snapshot is not None and recipient not in today.contacts_by_owner else today

    def _delivery(self, entry: OpenObjective, recipient: RecipientId, way: Candidate) -> Delivery:
        objective, message = entry.objective, entry.message.message
        channel = way.channel if way.rank == 1 else f"{way.channel}#{way.rank}"
        return Delivery(
            id=self._book.next_delivery,
            objective=objective.id,
            message=message.id,
            revision=message.revision,
            recipient=recipient,
            channel=way.channel,
            address=way.address,
            token=token_for(self._office.node, message.id, message.revision, objective.id, recipient, channel),
            form=way.form,
            rung=way.rung,
            priority=objective.priority,
            traffic=objective.traffic,
            state=DeliveryState.HELD,
            reason=Hold.RUNG,
            expires_at=message.expires_at,
            refires=self.copies(objective),
        )

    def _open_routed(self, entry: OpenMessage, item: Routed, batch: Batch) -> None:
        ladder = self._office.rules.ladder(item.rule.ladder)
        objective = self.draft(entry, item.audience, total=len(item.recipients))
        objective = planned_by(objective, item, envelope=entry.envelope)
        self.note(entry, objective, batch, rungs=ladder.rungs, heirs=[Heir(recipient) for recipient in item.recipients])

    def _open_inherited(self, entry: OpenMessage, heirs: tuple[Heir, ...], batch: Batch) -> None:
        """Exactly those who got it, over exactly the channels they got it by, ahead of the queue (delivery.md, Order)."""
        message = entry.message
        for way in {way.form: way for heir in heirs for way in heir.ways}.values():
            row = self._shelf.make(message, way.form)
            if row is not None:
                batch.renditions.append(row)
        objective = self.draft(entry, HEIRS, total=len(heirs))
        objective = msgspec.structs.replace(objective, priority=Priority.P0, needed=max(heir.needed for heir in heirs))
        self.note(entry, objective, batch, rungs=inherited_rungs(heirs), heirs=list(heirs))

    def draft(self, entry: OpenMessage, audience: str, *, total: int) -> Objective:
        """The next objective of a message, as yet by no rule."""
        message, now = entry.message, self._office.clock.time()
        return Objective(
            id=self._book.next_objective,
            message=message.id,
            revision=message.revision,
            audience=audience,
            needed=Evidence.DEVICE,
            ack_rule="all",
            priority=message.priority,
            traffic=message.traffic,
            ladder=INHERITED,
            rule="",
            deadline_at=now + 300.0,
            opened_at=now,
            total=total,
            directory=self._office.directory.digest,
            situation=self._board.situation().digest,
            via=message.content.via,
        )

    def note(self, entry: OpenMessage, objective: Objective, batch: Batch, *, rungs: tuple[Rung, ...], heirs: list[Heir] | None) -> None:
        """Put an objective into book and batch, and fan it out to `heirs`; None: it is told page by page."""
        rule = self._office.rules.rule_by_name.get(objective.rule)
        opened = OpenObjective(objective, entry, rungs, rule.escalate if rule else ())
        batch.new_objectives.append(objective)
        batch.event(
            "objective.opened",
            f"objective/{objective.id}",
            message=objective.message,
            audience=objective.audience,
            total=objective.total,
            rules=self._office.rules.digest,
        )
        self._book.next_objective = objective.id + 1
        if not objective.total:
            batch.event("alarm.nobody", f"objective/{objective.id}", message=objective.message, audience=objective.audience)
            return
        opened.snapshot = self._office.directory
        self._book.add_objective(opened)
        if heirs:
            batch.rosters.append((objective.id, tuple(heir.recipient for heir in heirs), opened.rungs, opened.escalate))
            self._push(opened, heirs)

    def _push(self, entry: OpenObjective, heirs: list[Heir]) -> None:
        # Whoever is still to come is asked already: as somebody's deputy they would not count, and the objective would never be whole.
        entry.asked.update(heir.recipient for heir in heirs)
        heapq.heappush(self._waiting, (entry.objective.priority, next(self._order), entry, iter(heirs)))

    def _nobody(self, entry: OpenMessage, batch: Batch) -> None:
        message = entry.message
        if message.action is Action.CANCEL:
            batch.event("message.nothing_to_cancel", f"message/{message.id}", revision=message.revision)
        else:
            batch.event("alarm.no_rule", f"message/{message.id}", revision=message.revision, rules=self._office.rules.digest)


def _first(objective: Objective) -> int:
    """Until the memory of restores is wired in, nothing has been said before."""
    return 0


def _nothing(recipient: RecipientId) -> Overlay:
    """Until the modes are wired in, nothing is laid over anything."""
    return NOTHING
