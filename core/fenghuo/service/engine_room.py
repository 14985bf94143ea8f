"""The engine put together, in the order in which a message meets its parts. Built once, by the daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from fenghuo.engine.apply import Apply
from fenghuo.engine.auditor import Auditor
from fenghuo.engine.book import Book
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.decisions import Decisions
from fenghuo.engine.digests import Digests
from fenghuo.engine.dispatcher import Dispatcher
from fenghuo.engine.facts import Facts
from fenghuo.engine.fan_outs import FanOuts
from fenghuo.engine.intake import Intake
from fenghuo.engine.invariants import Invariants
from fenghuo.engine.invariants_told import keep_told
from fenghuo.engine.licence import Licensing
from fenghuo.engine.loop import Loop, Stations
from fenghuo.engine.modes import Modes
from fenghuo.engine.modes_applied import ModesApplied
from fenghuo.engine.modes_effect import InForce, is_shed
from fenghuo.engine.nameless import fragments_by
from fenghuo.engine.network_watch import NetworkWatch
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.outages_heard import Outages
from fenghuo.engine.page_auditor import PageAuditor
from fenghuo.engine.place_names import place_named
from fenghuo.engine.prober import Prober
from fenghuo.engine.proven import ProvenLedger
from fenghuo.engine.queues import Queues
from fenghuo.engine.receipts import Receipts
from fenghuo.engine.recovery import Recovery
from fenghuo.engine.release import Release
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.seals import Seals
from fenghuo.engine.tally import Tally
from fenghuo.engine.timers import Timers
from fenghuo.formats.renditions import sms_text
from fenghuo.model.delivery import Delivery, Objective
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.plugin.ports import Renderer
from fenghuo.store.store import Store

__all__ = ["EngineRoom"]


class EngineRoom:
    """Every part of the engine, reachable for the daemon and the desk; no part reaches another but as handed in here."""

    def __init__(
        self,
        office: Office,
        store: Store,
        renderers: Mapping[str, Renderer],
        *,
        release_valid_s: float,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self.office = office
        self.facts = Facts()
        self.book = Book()
        self.board = ChannelBoard(office)
        self.shelf = RenditionShelf({**renderers, SELF_PROBE: Renderer(SELF_PROBE, sms_text)})
        self.timers = Timers(office.clock)
        self.intake = Intake(office, self.facts, self.book, store)
        self.intake.channels = self.board.names
        self.release = Release(office, self.facts, self.book, store, valid_s=release_valid_s)
        self.opening = Opening(office, self.board, self.book, self.shelf)
        self.modes = Modes(office.clock)
        self.in_force = InForce(self.modes, {}, lambda: office.directory)
        self.opening.overlay = self.in_force.of
        self.tally = Tally(office, self.book, self.shelf)
        self.apply = Apply(office, self.book, self.board, opening=self.opening, tally=self.tally, timers=self.timers)
        self.apply.modes = self.modes_applied = ModesApplied(self.book, self.board, self.modes, self.in_force)
        self.licensing = Licensing(office, self.facts, self.book, store, shelf=self.shelf)
        self.dispatcher = Dispatcher(office, self.facts, self.book, board=self.board, licensing=self.licensing)
        self.licensing.pump = self._pump
        self.opening.loads.ahead = self.dispatcher.ahead
        self.fan_outs = FanOuts(office, self.facts, self.book, store, board=self.board, shelf=self.shelf)
        self.fan_outs.on_fatal = on_fatal
        self.fan_outs.hold_back(self._is_shed)
        self.apply.end_fan_out = self.fan_outs.end
        self._keep_within(self.opening.seals)
        self.proven = ProvenLedger(office, store, self.board)
        self.outages = Outages(office, self.facts, store, self.board)
        self.digests = Digests(self.facts, store, office.clock.time)
        self.network = NetworkWatch(office, store, self.board, self.outages)
        self._join_network()
        self.receipts = Receipts(office, self.facts, self.book, store, intake=self.intake)
        self._join_receipts()
        self.auditor = Auditor(office, self.facts, store, book=self.book, board=self.board, dispatcher=self.dispatcher)
        self.auditor.pages = PageAuditor(store, board=self.board, fan_outs=self.fan_outs).look
        self.queues = Queues(self.book, self.dispatcher, self.fan_outs)
        self.decisions = Decisions(self.facts)
        self.prober = Prober(office, self.facts, self.board)
        self.prober.is_on_air = self.dispatcher.is_on_air
        self.invariants = Invariants(office, self.board)
        self._set_going(store, on_fatal)

    def _set_going(self, store: Store, on_fatal: Callable[[BaseException], None]) -> None:
        """The loop that everything above is driven by, and what fills it at the start."""
        self.loop = Loop(
            self.office,
            self.facts,
            self.book,
            store,
            stations=Stations(self.opening, self.apply, self.tally, self.timers, self.dispatcher, self.fan_outs),
            on_fatal=on_fatal,
        )
        self._keep_told = partial(keep_told, self.invariants, store)
        self.recovery = Recovery(
            self.office,
            self.book,
            store,
            opening=self.opening,
            shelf=self.shelf,
            tally=self.tally,
            timers=self.timers,
            restored=self.apply.restored,
        )

    def _keep_within(self, seals: Seals) -> None:
        """Nothing goes beyond what people have signed."""
        self.licensing.seals = self.release.seals = seals
        self.fan_outs.keep_within(seals)

    def _join_network(self) -> None:
        """What others say is out demotes at once, and is heard of by whoever counts ways."""
        self.board.doubted = self.outages.doubted
        self.outages.on_change = self.network.look
        self.network.on_signal = self.modes.signal
        self.modes.named = lambda place: place_named(place, self.office.directory)
        self.licensing.on_digest = self.digests.went
        self.apply.release_valid_s = self.release.valid_s
        self.apply.tell(self._delivery_changed, self.proven.answered)

    def _join_receipts(self) -> None:
        """Whose a receipt is, is found out by all who ever sent anything."""
        self.receipts.on_page = self.fan_outs.receipt
        self.receipts.credited = self.board.credited_inbound
        self.fan_outs.on_settled = self.receipts.page_settled
        self.receipts.late_outcomes.on_page = self.fan_outs.late_outcome
        self.receipts.nameless.fragments = fragments_by(self.board)
        self.receipts.nameless.is_for_page = self.fan_outs.may_own
        self.book.on_named = self.receipts.named
        self.book.on_landed = self.receipts.landed
        self.dispatcher.on_doubt = self.receipts.doubted

    def _is_shed(self, objective: Objective) -> bool:
        return self.apply.restored.holds(objective) or is_shed(objective.priority, self.in_force.node())

    def _pump(self) -> None:
        self.dispatcher.offer(())

    def _delivery_changed(self, before: Delivery | None, after: Delivery) -> None:
        self.proven.note(before, after)
        self.outages.note(before, after)
        self.digests.note(before, after)

    def look(self) -> None:
        """Something has been told: whoever follows the health of channels looks at what it is by now."""
        self.outages.look()
        self.network.look()
        self.prober.look()
        self.invariants.look()

    async def recover(self) -> int:
        """Fill the book from the store; how many emissions were cut off."""
        await self.proven.load()
        await self.outages.load()
        await self._keep_told()
        await self.recovery.run(self.loop, self.facts)
        await self.digests.load(self.book.delivery)
        for doubtful in tuple(self.book.doubts.values()):
            self.dispatcher.ask(doubtful)
        self.recovery.doubts += await self.fan_outs.recover()
        await self.receipts.recover()
        return self.recovery.doubts
