"""The envelope of each open message, held against what the channels are now: what would be wider goes back to waiting for signatures.

Source: security.md §3, rules 3 and 4. What an envelope holds: envelope.py.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.envelope import Envelope, Noise, beyond, enclose, measured, stand_ins, widened
from fenghuo.engine.facts import Widened
from fenghuo.engine.office import Office
from fenghuo.engine.routing import Routed
from fenghuo.engine.rules import INHERITED
from fenghuo.model.delivery import DeliveryState, Objective
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageState
from fenghuo.plugin.ports import Capabilities
from fenghuo.store.records_release import EnvelopeRow

__all__ = ["Seals", "noise_of"]

FULL = 100.0
"""Percent: what makes a sound and does not say how loud may be as loud as its devices can."""


class Seals:
    """Makes envelopes, and says what is outside of one. A message that takes no signature has none, and nothing is outside."""

    def __init__(self, office: Office, board: ChannelBoard, book: Book) -> None:
        self._office = office
        self._board = board
        self._book = book

    def seal(self, entry: OpenMessage, routed: Collection[Routed], batch: Batch) -> None:
        """Give a message that is being planned its envelope; it is kept where somebody must sign."""
        made = self.enclosed(entry.message, routed)
        entry.envelope = made.digest
        if entry.needed_signatures or not entry.is_released:
            self._keep(entry, made, batch)

    def enclosed(self, message: Message, routed: Collection[Routed]) -> Envelope:
        """The envelope that a message would have now."""
        office = self._office
        return enclose(message, routed, rules=office.rules, directory=office.directory, roll=office.roll, noises=self._noises())

    def refusal(self, entry: OpenMessage, objective: Objective, instance: Instance) -> str:
        """Why an emission is outside of what was signed, empty where it is inside. Whoever got what this replaces is told by the way that
        was signed for then."""
        if entry.bound is None or objective.ladder == INHERITED:
            return ""
        return beyond(entry.bound, instance.name, noise_of(instance.capabilities))

    def growth(self, entry: OpenMessage) -> tuple[str, ...]:
        """What of an envelope is wider by now than when it was made; nothing for one that was never kept."""
        return widened(entry.bound, measured(entry.bound, self._noises())) if entry.bound is not None else ()

    def is_foreseen(self, opened: OpenObjective, recipient: RecipientId, name: str) -> bool:
        """Whether somebody who is to be asked in the place of a recipient was a part of what was signed."""
        if opened.message.bound is None or opened.objective.directory == self._office.directory.digest:
            return True
        return opened.snapshot is not None and name in stand_ins((recipient,), opened.escalate, opened.snapshot)

    def widen(self, fact: Widened, batch: Batch) -> list[OpenTarget]:
        """Put a message that would go beyond its envelope back to waiting, with the wider one; whatever was signed is void."""
        key = (fact.id, fact.revision)
        entry = self._book.messages.get(key)
        if entry is None or entry.bound is None or entry.state not in (MessageState.HELD, MessageState.ACTIVE):
            return []
        targets = list(self._book.of_message(key))
        now = measured(self._with(entry.bound, fact), self._noises())
        why = widened(entry.bound, now)
        if not why:
            self._offer_again(targets, fact.channel)
            return targets
        entry.state = batch.messages[key] = MessageState.HELD
        entry.signed.clear()
        entry.envelope = now.digest
        self._keep(entry, now, batch, why)
        self._rename(entry, batch)
        said = {"revision": fact.revision, "why": list(why), "envelope": now.digest}
        batch.event("message.widened", f"message/{fact.id}", **said)
        batch.event("alarm.release_widened", f"message/{fact.id}", **said)
        return targets

    @staticmethod
    def _with(envelope: Envelope, fact: Widened) -> Envelope:
        """The same with a channel or with people that were not in it."""
        channels = envelope.channels
        if fact.channel and fact.channel not in channels:
            channels = tuple(sorted((*channels, fact.channel)))
            hearings = tuple(msgspec.structs.replace(one, channels=(*one.channels, fact.channel)) for one in envelope.hearings)
            envelope = msgspec.structs.replace(envelope, channels=channels, hearings=hearings)
        if fact.person and envelope.hearings:
            first, *rest = envelope.hearings
            more = msgspec.structs.replace(first, people=first.people + 1, who=f"{first.who}+{fact.person}")
            envelope = msgspec.structs.replace(envelope, hearings=(more, *rest))
        return envelope

    def _keep(self, entry: OpenMessage, envelope: Envelope, batch: Batch, why: tuple[str, ...] = ()) -> None:
        entry.bound, entry.widened, message = envelope, why, entry.message
        now, body = self._office.clock.time(), msgspec.msgpack.encode(envelope)
        batch.envelopes.append(EnvelopeRow(message.id, message.revision, envelope.digest, body, now, why))
        if not entry.is_released:
            batch.event("release.changed", f"release/{message.id}", revision=message.revision, envelope=envelope.digest)

    def _rename(self, entry: OpenMessage, batch: Batch) -> None:
        for opened in filter(None, map(self._book.objectives.get, entry.objectives)):
            opened.objective = msgspec.structs.replace(opened.objective, envelope=entry.envelope)
            batch.objectives[opened.objective.id] = opened.objective

    @staticmethod
    def _offer_again(targets: Collection[OpenTarget], channel: str) -> None:
        for target in targets:
            ready = (key for key, one in target.deliveries.items() if one.state is DeliveryState.READY and one.channel == channel)
            target.unoffered.update(ready)

    def _noises(self) -> dict[str, Noise]:
        return {instance.name: noise_of(instance.capabilities) for instance in self._board}


def noise_of(able: Capabilities) -> Noise:
    """What one emission over a channel of these capabilities may be at the most."""
    loudness = able.loudness or (FULL if able.human_audible else 0.0)
    return Noise(loudness, able.sounds_s, able.fee_fen)
