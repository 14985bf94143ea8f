"""The engine's rooms without a disk: facts in, the rows of a turn out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import OpenTarget
from fenghuo.engine.channels import Instance
from fenghuo.engine.facts import (
    ChannelObserved,
    Fact,
    MessageAccepted,
    Settled,
)
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.rules import read_rules
from fenghuo.model.delivery import (
    Delivery,
    DeliveryState,
    Outcome,
    Reached,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message, MessageState
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Action
from fenghuo.plugin.ports import Renderer, SimpleChannel
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store import Store
from tests.core.engine.house import CAPABILITIES, RULES
from tests.core.engine.values import NOW, content, directory, message
from tests.core.store.rows import SMALL, StillClock

S = DeliveryState
ACTIVE, HELD = MessageState.ACTIVE, MessageState.HELD
TAKEN = Reached(Evidence.ACCEPTED, ("ref",))


class Bench:
    """The engine's decisions without its disk and its dispatcher: facts in, rows out. Emissions are begun and ended by the test."""

    def __init__(self, rules: str = RULES) -> None:
        self.clock = StillClock(NOW)
        office = Office(node="node", clock=self.clock, rules=read_rules(rules), directory=directory(), seed=1)
        renderers = {form: Renderer(form, _rendered) for form in ("sms", "radio")}
        unopened = Store(Path("never-opened"), self.clock, SMALL)
        self.room = EngineRoom(office, unopened, renderers, release_valid_s=60.0, on_fatal=_never)
        for name, caps in CAPABILITIES.items():
            kinds = ("callsign",) if name == "r" else ("msisdn",)
            self.room.board.add(Instance(name, "fake", caps, address_kinds=kinds, channel=SimpleChannel))
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.feed(*(ChannelObserved(name, Sign.LOCAL_UP) for name in CAPABILITIES))

    def feed(self, *facts: Fact) -> Batch:
        """One turn: facts, everything dirty, the count."""
        batch, dirty = Batch(), []
        dirty += self.room.apply.all(facts, batch)
        while self.room.opening:
            dirty += self.room.opening.step(batch)
        while dirty:
            self.room.apply.advance(dirty.pop(0), batch, dirty.append)
            if not dirty:
                self.room.tally.close(batch, dirty.append)
        self.events += [(kind, body) for kind, _, body in batch.events]
        return batch

    def order(self, *to: str, **changes: Any) -> Batch:
        return self.feed(MessageAccepted(message(content(to=to, **changes)), ACTIVE))

    def delivery(self, key: int) -> Delivery:
        found = self.room.book.delivery(key)
        assert found is not None
        return found

    def begin(self, key: int) -> int:
        """What the licence does: the number of the attempt."""
        begun = self.room.book.licence(key)
        assert begun is not None
        return begun.tries

    def end(self, key: int, outcome: Outcome, **changes: Any) -> Batch:
        one = self.delivery(key)
        return self.feed(Settled(key, **{"n": one.tries, "outcome": outcome, "at": self.clock.now, "begun": True, **changes}))

    def sent(self, key: int, outcome: Outcome = TAKEN) -> Batch:
        self.begin(key)
        return self.end(key, outcome)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [body for name, body in self.events if name == kind]

    def health(self, name: str) -> Health:
        instance = self.room.board.get(name)
        assert instance is not None
        return instance.health.state

    def target(self, recipient: str = "wang") -> OpenTarget:
        return next(iter(self.room.book.by_recipient[recipient].values()))


# Messages.


def _rendered(of: Message, budget: Budget) -> Rendition:
    text = f"{'取消' if of.action is Action.CANCEL else '到岗'}#{of.number}"
    return Rendition("sms", text, text.encode())


def _never(error: BaseException) -> None:
    raise AssertionError("nothing is written here") from error
