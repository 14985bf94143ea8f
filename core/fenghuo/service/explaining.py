"""What would become of a message, objective by objective: who by which channel, how surely, at what cost; which not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from fenghuo.engine.admission import NO_LOAD, Load, late
from fenghuo.engine.confidence import TARGET, Choice, Way, can_show, chance, chosen, groups_of, price
from fenghuo.engine.envelope import waves
from fenghuo.engine.loads import Loads
from fenghuo.engine.modes_effect import is_shed
from fenghuo.engine.modes_profile import NOTHING, Overlay
from fenghuo.engine.office import Office
from fenghuo.engine.planning import Candidate, Carriage, best_first, candidates, fitting
from fenghuo.engine.routing import Routed
from fenghuo.engine.rules import Rung
from fenghuo.engine.standing import too_urgent
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message
from fenghuo.model.roll import PUBLIC
from fenghuo.model.situation import Situation
from fenghuo.model.traffic import Priority

__all__ = ["Explaining"]

SHOWN_RECIPIENTS = 20
STEPS = 10
SHOWN_PLANS = 10
"""Different choices of channels told of one objective; most recipients share a few."""


class Explaining:
    """One message explained over one Situation, by the calls that plan the real thing. `left`: (channel, reason) → recipients.

    Made on the loop, where the message is rendered and the channels are asked what it costs; `objectives` reads only what is frozen by
    then, and is for a thread.
    """

    def __init__(self, message: Message, office: Office, situation: Situation, loads: Loads, *, routed: Iterable[Routed]) -> None:
        self._message = message
        self._rules, self._directory, self._roll, self._now = office.rules, office.directory, office.roll, office.clock.time()
        self._situation = situation
        self._loads = loads
        self.left: Counter[tuple[str, str]] = Counter()
        self._overlay: Callable[[RecipientId], Overlay] = lambda recipient: NOTHING
        self._routed = [(item, self._carriage(item, self._rules.ladders[item.rule.ladder].rungs)) for item in routed]

    def under(self, overlay: Callable[[RecipientId], Overlay]) -> None:
        """What the modes in force lay over each recipient."""
        known = {recipient: overlay(recipient) for item, _ in self._routed for recipient in item.recipients}
        self._overlay = known.__getitem__

    def objectives(self) -> list[dict[str, Any]]:
        """Each as `route.explain` gives it."""
        return [self._public(*one) if one[0].is_public else self._people(*one) for one in self._routed]

    def _people(self, item: Routed, carriage: Carriage) -> dict[str, Any]:
        rungs = self._rules.ladders[item.rule.ladder].rungs
        taken: Counter[tuple[int, str]] = Counter()
        coverage = _Coverage(item, carriage, self._situation)
        for recipient in item.recipients:
            found, out = candidates(recipient, rungs, carriage, directory=self._directory, situation=self._situation)
            taken.update({(way.rung, way.channel): 1 for way in found})
            self.left.update({(reason.channel, reason.reason): 1 for reason in out})
            self.left.update(self._mute(item, {way.channel for way in found}))
            coverage.count(recipient, found)
        return {
            **self._terms(item, recipients=len(item.recipients)),
            "unreachable": coverage.unreachable,
            "held_by_mode": sum(is_shed(item.priority, self._overlay(recipient)) for recipient in item.recipients),
            "coverage": coverage.told(),
            "rungs": [self._rung(n, rung, carriage, taken=taken, first=coverage.first) for n, rung in enumerate(rungs)],
        }

    def _mute(self, item: Routed, channels: Iterable[str]) -> Iterator[tuple[str, str]]:
        """What goes to a recipient and can show nothing of what the rule needs: it is not counted on."""
        for name in channels:
            view = self._situation.channel[name]
            if not can_show(view, item.needed):
                yield (
                    name,
                    f"it shows no more than {view.evidence_max.name}, and {item.needed.name} is needed; it goes and is not counted on",
                )

    def _carriage(self, item: Routed, rungs: tuple[Rung, ...]) -> Carriage:
        message = self._message
        plain = Carriage(message.traffic, item.priority, message.content.via, message.may_start or item.signatures > 0)
        names = [view.name for view in fitting(rungs, plain, self._situation)]
        return msgspec.structs.replace(
            plain,
            loads=self._loads.tried(message, item.priority, names, audience=len(item.recipients)),
            left_s=item.deadline_s,
            expires_s=max(0.0, message.expires_at - self._now),
        )

    def _rung(self, index: int, rung: Rung, carriage: Carriage, *, taken: Counter[tuple[int, str]], first: Counter[str]) -> dict[str, Any]:
        channels = [
            {"channel": name, **self._condition(name, carriage), "recipients": taken[index, name], "at_once": first[name]}
            for name in rung.channels
        ]
        return {"rung": index + 1, "mode": rung.mode.value, "after_s": rung.after_s, "channels": channels}

    def _condition(self, name: str, carriage: Carriage) -> dict[str, Any]:
        """Whether it is switched on and works, which what is planned over it waits for; its chance while its risk groups stand, and what
        one message costs."""
        view = self._situation.channel.get(name)
        if view is None:
            return {"admin": "absent", "health": "absent"}
        load = carriage.loads.get(name, NO_LOAD)
        return {
            "admin": view.admin.value,
            "health": view.health.value,
            "p": round(chance(view, self._situation, left_s=carriage.left_s - load.before_s), 4),
            "risk_groups": sorted(groups_of(view)),
            "airtime_s": round(load.airtime_s, 2),
            "ahead_s": round(load.ahead_s, 1),
            "arrives_s": round(load.before_s + load.latency_q95_s, 1),
            "fee_fen": load.fee_fen,
            "joules": round(load.joules, 1),
        }

    def _terms(self, item: Routed, *, recipients: int) -> dict[str, Any]:
        """What a rule asks for, how many people that is at first and with everybody who may be asked in their place, as a review has it."""
        first_wave, people = waves(item, self._directory, self._roll)
        return {**_terms(item, recipients=recipients), "first_wave": first_wave, "people": people}

    def _public(self, item: Routed, carriage: Carriage) -> dict[str, Any]:
        """One rung of alternates, each with how many addresses of the roll it takes."""
        areas = frozenset(name.removeprefix(PUBLIC) for name in item.recipients)
        rungs = self._rules.ladders[item.rule.ladder].rungs
        channels: list[dict[str, Any]] = []
        for name in dict.fromkeys(name for rung in rungs for name in rung.channels):
            view = self._situation.channel.get(name)
            kinds = view.address_kinds if view is not None and view.batch else ()
            takes = self._roll.count(areas, frozenset(kinds))
            if why := too_urgent(view.ungraded, item.priority) if view is not None else "":
                self.left[name, why], takes = self.left[name, why] + takes, 0
            channels.append({"channel": name, **self._condition(name, carriage), "recipients": takes})
        most = max((channel["recipients"] for channel in channels), default=0)
        rung = {"rung": 1, "mode": "then", "after_s": None, "channels": channels}
        return {**self._terms(item, recipients=most), "unreachable": 0, "rungs": [rung]}


class _Coverage:
    """How surely each recipient of an objective is reached, counted by equal ways and chances. Who comes later in it waits longer: for
    those before them who begin on the same channel."""

    def __init__(self, item: Routed, carriage: Carriage, situation: Situation) -> None:
        self._target = TARGET[item.priority]
        self._needed = item.needed
        self._is_at_once = item.priority is Priority.P0
        self._step = max(1, len(item.recipients) // STEPS)
        self.first: Counter[str] = Counter()
        self._carriage = carriage
        self._situation = situation
        self._choices: dict[tuple[Way, ...], Choice] = {}
        self._count: Counter[tuple[Way, ...]] = Counter()
        self.unreachable = 0
        self.lowest, self.lowest_for = 1.0, ""

    def count(self, recipient: str, found: Iterable[Candidate]) -> None:
        found = tuple(found)
        ways = tuple(self._way(recipient, name) for name in sorted({way.channel for way in found}))
        self.first.update(self._first(recipient, found))
        self.unreachable += not any(can_show(self._situation.channel[way.channel], self._needed) for way in ways)
        if ways not in self._choices:
            self._choices[ways] = chosen(ways, self._situation.availability, target=self._target)
        self._count[ways] += 1
        if self._choices[ways].reached < self.lowest or not self.lowest_for:
            self.lowest, self.lowest_for = self._choices[ways].reached, recipient

    def _first(self, recipient: str, found: tuple[Candidate, ...]) -> Iterator[str]:
        """The channels that begin at once: the best of the first rung, of a P0 the best of each."""
        usable = [way for way in found if self._situation.channel[way.channel].is_usable]
        asked = self._carriage
        in_time = [way for way in usable if not late(asked.loads.get(way.channel, NO_LOAD), asked.left_s, asked.expires_s)]
        rungs: dict[int, list[str]] = {}
        for way in usable if self._is_at_once else in_time or usable:
            rungs.setdefault(way.rung, []).append(way.channel)
        for rung in sorted(rungs)[: None if self._is_at_once else 1]:
            yield best_first(tuple(dict.fromkeys(rungs[rung])), self._situation, recipient)[0]

    def _way(self, recipient: str, name: str) -> Way:
        view, load = self._situation.channel[name], self._carriage.loads.get(name, Load())
        left_s = self._carriage.left_s - load.before_s - self._own_s(name, load)
        p = chance(view, self._situation, recipient, left_s=left_s) if can_show(view, self._needed) else 0.0
        return Way(name, round(p, 4), groups_of(view), price(load))

    def _own_s(self, name: str, load: Load) -> float:
        """What goes before it of the same objective, in steps: a crowd is reckoned in tenths, each as late as its last."""
        before = self.first[name]
        return load.turn_s * (before if self._step == 1 else (before // self._step + 1) * self._step - 1)

    def told(self) -> dict[str, Any]:
        people = self._count.total()
        reached = sum(self._choices[ways].reached * n for ways, n in self._count.items())
        return {
            "target": self._target,
            "mean": round(reached / people, 4) if people else 0.0,
            "lowest": round(self.lowest, 4) if people else 0.0,
            "lowest_for": self.lowest_for,
            "plans": [self._plan(ways, n) for ways, n in self._count.most_common(SHOWN_PLANS)],
        }

    def _plan(self, ways: tuple[Way, ...], recipients: int) -> dict[str, Any]:
        choice = self._choices[ways]
        steps = [{"channel": one.channel, "reached": round(one.reached, 4), "gain": round(one.gain, 4)} for one in choice.taken]
        path = ", then ".join(f"{one.channel} {one.reached:.4f}" for one in choice.taken) or "no channel that has a chance now"
        return {
            "recipients": recipients,
            "reached": round(choice.reached, 4),
            "channels": steps,
            "because": choice.because,
            "says": f"{recipients} of them: {path}; {choice.because}",
        }


def _terms(item: Routed, *, recipients: int) -> dict[str, Any]:
    """What a rule asks for, and the first of those it is for."""
    return {
        "rule": item.rule.name,
        "audience": item.audience,
        "recipients": recipients,
        "first": list(item.recipients[:SHOWN_RECIPIENTS]),
        "needed": item.needed.name,
        "priority": item.priority.name,
        "deadline_s": item.deadline_s,
        "signatures": item.signatures,
        "ladder": item.rule.ladder,
    }
