"""What the second person must see before signing: not the form, but what will be heard, by whom, how loud, and what would call it off.

Source: security.md §3, rule 2.
"""

from __future__ import annotations

from typing import Any

from fenghuo.engine.book import OpenMessage
from fenghuo.engine.channels import Instance
from fenghuo.engine.correcting import drafted, told_words
from fenghuo.engine.costs import estimated
from fenghuo.engine.envelope import Envelope, Hearing, waves
from fenghuo.engine.rules import INHERITED
from fenghuo.engine.seals import noise_of
from fenghuo.formats.forms import seconds_of
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Action, Traffic
from fenghuo.plugin.ports import Doubt
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import headline, rfc3339

__all__ = ["ReviewView", "waiting_view"]


class ReviewView:
    """Shows what waits. Asks the channels what they would charge, and nobody else anything."""

    def __init__(self, room: EngineRoom) -> None:
        self._room = room
        self._office = room.office

    def of(self, entry: OpenMessage) -> dict[str, Any]:
        """As `alert.review` answers, without what is the signer's own."""
        message = entry.message
        envelope = entry.bound or Envelope(message.content_hash, message.traffic)
        ceilings = envelope.ceilings
        instances = [instance for instance in self._room.board if instance.name in self._channels(entry, envelope)]
        made = self._renditions(message, instances)
        return {
            **_head(message),
            "live": message.traffic is Traffic.ACTUAL,
            "needed": max(1, entry.needed_signatures),
            "widened": list(entry.widened),
            "texts": _texts(message),
            "renditions": [_rendition(form, one, instances) for form, one in made.items()],
            "areas": [{"area": str(area), "name": name} for area, name in _areas(message, envelope, self._office.directory)],
            "audiences": [_audience(hearing) for hearing in envelope.hearings],
            "channels": [self._channel(instance, made.get(instance.form)) for instance in instances],
            "first_wave": self._first_wave(message),
            "people": ceilings.people,
            "loudness": max((level for _, level in ceilings.loudness), default=0.0),
            "duration_s": ceilings.duration_s,
            "cost_fen": ceilings.cost_fen,
            "correction": {"text": told_words(message), "drafted": bool(drafted(message))},
            "replaces": message.revision - 1 if message.action is not Action.NEW else 0,
        }

    def _channels(self, entry: OpenMessage, envelope: Envelope) -> set[str]:
        """Those that are signed for, and by which what this replaces went out."""
        opened = (self._room.book.objectives.get(number) for number in entry.objectives)
        inherited = {name for one in opened if one and one.objective.ladder == INHERITED for rung in one.rungs for name in rung.channels}
        return {*envelope.channels, *inherited}

    def _first_wave(self, message: Message) -> int:
        """How many of these people are told before anybody is asked in another's place."""
        return sum(waves(item, self._office.directory, self._office.roll)[0] for item in self._room.opening.routed(message))

    def _renditions(self, message: Message, instances: list[Instance]) -> dict[str, Rendition | str]:
        """Each form that its channels take, as it will be said, or why it cannot be made."""
        forms = dict.fromkeys([*(instance.form for instance in instances), *self._room.shelf.forms(message)])
        return {form: self._room.shelf.shown(message, form) for form in forms}

    def _channel(self, instance: Instance, made: Rendition | str | None) -> dict[str, Any]:
        able, noise = instance.capabilities, noise_of(instance.capabilities)
        address = next((one.address for one in self._office.directory.contacts if one.kind in instance.address_kinds), "")
        cost = estimated(instance, made, address) if isinstance(made, Rendition) else None
        return {
            "channel": instance.name,
            "type": instance.type_id,
            "form": instance.form,
            "health": instance.health.state.value,
            "admin": instance.admin.value,
            "starts": able.doubt is Doubt.ACTUATOR,
            "loudness": noise.loudness,
            "sounds_s": noise.sounds_s,
            "fee_fen": cost.fee_fen if cost is not None else None,
            "parts": cost.fragments if cost is not None else None,
        }


def waiting_view(entry: OpenMessage, now: float) -> dict[str, Any]:
    """A message that waits as a list shows it: who has signed, until when that counts, how many it takes."""
    message, bound = entry.message, entry.bound
    signed = [{"name": name, "until": rfc3339(until)} for name, until in sorted(entry.signed.items()) if until > now]
    return {
        **_head(message),
        "live": message.traffic is Traffic.ACTUAL,
        "needed": max(1, entry.needed_signatures),
        "signed": signed,
        "envelope": entry.envelope,
        "people": bound.ceilings.people if bound is not None else 0,
        "widened": list(entry.widened),
    }


def _head(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "revision": message.revision,
        "number": message.number,
        "kind": message.kind.value,
        "action": message.action.value,
        "traffic": message.traffic.value,
        "priority": message.priority.name,
        "headline": headline(message),
        "sender": message.content.sender,
        "source": message.source,
        "author": message.author,
        "accepted": rfc3339(message.accepted_at),
        "expires": rfc3339(message.expires_at),
    }


def _texts(message: Message) -> list[dict[str, str]]:
    """What is said, by language."""
    names = ("language", "event", "colour", "severity", "headline", "description", "instruction")
    return [{name: str(getattr(info, name)) for name in names} for info in message.content.infos]


def _rendition(form: str, made: Rendition | str, instances: list[Instance]) -> dict[str, Any]:
    taking = [instance.name for instance in instances if instance.form == form]
    if isinstance(made, str):
        return {"form": form, "text": "", "octets": 0, "seconds": 0.0, "left_out": [], "channels": taking, "why_not": made}
    size = {"octets": len(made.data), "seconds": seconds_of(made)}
    return {"form": form, "text": made.text, **size, "left_out": list(made.left_out), "channels": taking, "why_not": ""}


def _areas(message: Message, envelope: Envelope, directory: Directory) -> list[tuple[str, str]]:
    """Code and name; of what is told by name or shape alone, the name."""
    names = {str(area.ref): area.name for area in directory.areas}
    coded = [(area, names.get(area, "")) for area in envelope.areas]
    return coded or [("", area.description) for info in message.content.infos for area in info.areas]


def _audience(hearing: Hearing) -> dict[str, Any]:
    return {"audience": hearing.audience, "people": hearing.people, "channels": list(hearing.channels)}
