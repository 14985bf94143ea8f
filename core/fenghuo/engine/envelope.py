"""What a signature covers: content, audience and area, channels, and the most that may come of it. What would be wider voids it. Pure.

Source: security.md §3, rules 3 and 4; delivery.md, Release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

import msgspec

from fenghuo.engine.routing import Routed, areas_of
from fenghuo.engine.rules import Escalation, RuleBook
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.message import Message
from fenghuo.model.roll import PUBLIC, Roll
from fenghuo.model.traffic import Traffic

__all__ = ["COPIES", "Ceilings", "Envelope", "Hearing", "Noise", "beyond", "enclose", "measured", "stand_ins", "waves", "widened"]

COPIES = 4
"""Emissions to one recipient over one channel that its cost allows for: the first, and what doubt, repetition and a restart may add."""
_SLACK = 1.000001


class Noise(msgspec.Struct, frozen=True):
    """What one emission over a channel may be at the most. `loudness`: percent of what its devices can, 0: it makes no sound by itself;
    `sounds_s`: longest that it is heard for, 0: as long as its words take; `fee_fen`: of one recipient."""

    loudness: float = 0.0
    sounds_s: float = 0.0
    fee_fen: float = 0.0


class Hearing(msgspec.Struct, frozen=True):
    """One audience. `who`: SHA-256 (hex) over its recipients and whoever may be asked in their place; `people`: how many these are."""

    audience: str
    who: str
    people: int
    channels: tuple[str, ...]


class Ceilings(msgspec.Struct, frozen=True):
    """The most that may come of it: `people` reached, `loudness` in percent by channel, `duration_s` of one sounding, `cost_fen`."""

    people: int = 0
    loudness: tuple[tuple[str, float], ...] = ()
    duration_s: float = 0.0
    cost_fen: float = 0.0


class Envelope(msgspec.Struct, frozen=True):
    """All of it. `content`: the hash of the content; `areas`: `system:code`; `channels`: by which it may leave, and by no other."""

    content: str
    traffic: Traffic
    hearings: tuple[Hearing, ...] = ()
    areas: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    ceilings: Ceilings = Ceilings()

    @property
    def digest(self) -> str:
        """SHA-256 (hex): what a signature binds to."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()


def enclose(
    message: Message, routed: Collection[Routed], *, rules: RuleBook, directory: Directory, roll: Roll, noises: Mapping[str, Noise]
) -> Envelope:
    """The envelope of a message as the rules make it now. `noises`: of every channel there is."""
    hearings = tuple(_hearing(message, item, rules, directory=directory, roll=roll) for item in routed)
    channels = tuple(sorted({name for hearing in hearings for name in hearing.channels}))
    areas = tuple(sorted(str(ref) for ref in areas_of(message, directory)))
    plain = Envelope(message.content_hash, message.traffic, hearings, areas, channels)
    return measured(plain, noises)


def measured(envelope: Envelope, noises: Mapping[str, Noise]) -> Envelope:
    """The same with the ceilings that its channels have now."""
    used = [(name, noises[name]) for name in envelope.channels if name in noises]
    cost = sum(
        hearing.people * COPIES * sum(noises[name].fee_fen for name in hearing.channels if name in noises) for hearing in envelope.hearings
    )
    ceilings = Ceilings(
        people=sum(hearing.people for hearing in envelope.hearings),
        loudness=tuple((name, noise.loudness) for name, noise in used if noise.loudness),
        duration_s=max((noise.sounds_s for _, noise in used), default=0.0),
        cost_fen=round(cost, 3),
    )
    return msgspec.structs.replace(envelope, ceilings=ceilings)


def widened(signed: Envelope, now: Envelope) -> tuple[str, ...]:
    """What of `now` is wider than what was signed, as sentences; empty: it is inside."""
    found = list(_other(signed, now))
    if more := [name for name in now.channels if name not in signed.channels]:
        found.append(f"it would also leave by {', '.join(more)}")
    if further := [area for area in now.areas if area not in signed.areas]:
        found.append(f"it would also be for {', '.join(further)}")
    was, would = signed.ceilings, now.ceilings
    if would.people > was.people:
        found.append(f"it would reach {would.people} and not {was.people}")
    loud = dict(was.loudness)
    louder = [(name, level) for name, level in would.loudness if level > loud.get(name, 0.0) * _SLACK]
    found += [f"{name} would be at {level:g} % and not {loud.get(name, 0.0):g} %" for name, level in louder]
    if would.duration_s > was.duration_s * _SLACK:
        found.append(f"it would sound for {would.duration_s:g} s and not {was.duration_s:g} s")
    if would.cost_fen > was.cost_fen * _SLACK:
        found.append(f"it might cost ¥{would.cost_fen / 100:.2f} and not ¥{was.cost_fen / 100:.2f}")
    return tuple(found)


def _other(signed: Envelope, now: Envelope) -> Iterable[str]:
    if signed.content != now.content:
        yield "it says something else"
    if signed.traffic is not now.traffic:
        yield f"it is {now.traffic} and not {signed.traffic}"
    known = {(hearing.audience, hearing.who) for hearing in signed.hearings}
    for hearing in now.hearings:
        if (hearing.audience, hearing.who) not in known:
            yield f"other people are {hearing.audience}"


def beyond(envelope: Envelope, channel: str, noise: Noise) -> str:
    """Why an emission over a channel as it is now is outside of what was signed, empty where it is inside."""
    if channel not in envelope.channels:
        return f"it would also leave by {channel}"
    ceilings = envelope.ceilings
    allowed = dict(ceilings.loudness).get(channel, 0.0)
    if noise.loudness > allowed * _SLACK:
        return f"{channel} would be at {noise.loudness:g} % and not {allowed:g} %"
    if noise.sounds_s > ceilings.duration_s * _SLACK:
        return f"it would sound for {noise.sounds_s:g} s and not {ceilings.duration_s:g} s"
    return ""


def stand_ins(recipients: Iterable[RecipientId], steps: Collection[Escalation], directory: Directory) -> frozenset[RecipientId]:
    """Whoever may be asked in the place of these by the steps of a rule, by this directory: a part of what is signed."""
    found = {step.to.removeprefix("person:") for step in steps if step.to != "deputy"}
    if any(step.to == "deputy" for step in steps):
        people = (directory.person_by_id.get(name) for name in recipients)
        found.update(person.deputy for person in people if person is not None and person.deputy)
    return frozenset(found)


def waves(item: Routed, directory: Directory, roll: Roll) -> tuple[int, int]:
    """How many people a rule tells in its first wave, and how many with everybody who may be asked in their place."""
    if item.is_public:
        return _public(item, roll), _public(item, roll)
    return len(set(item.recipients)), len(_everybody(item, directory))


def _everybody(item: Routed, directory: Directory) -> list[RecipientId]:
    return sorted({*item.recipients, *stand_ins(item.recipients, item.rule.escalate, directory)})


def _hearing(message: Message, item: Routed, rules: RuleBook, *, directory: Directory, roll: Roll) -> Hearing:
    named = [channel for rung in rules.ladder(item.rule.ladder).rungs for channel in rung.channels]
    channels = tuple(sorted(name for name in named if not message.content.via or name in message.content.via))
    everybody = _everybody(item, directory)
    people = waves(item, directory, roll)[1]
    who = hashlib.sha256("\n".join(everybody).encode()).hexdigest()
    return Hearing(item.audience, who, people, channels)


def _public(item: Routed, roll: Roll) -> int:
    """Everybody of the roll in its areas, by whatever kind of address: the most that any channel of its ladder may take."""
    areas = frozenset(name.removeprefix(PUBLIC) for name in item.recipients)
    return roll.count(areas, frozenset(one.kind for one in roll.counts))
