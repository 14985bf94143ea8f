"""Counts targets up to objectives: met, at risk, missed, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.decisions import waived
from fenghuo.engine.facts import Decided
from fenghuo.engine.office import Office
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.model.delivery import Objective, ObjectiveState, TargetState
from fenghuo.model.message import MessageState
from fenghuo.model.self_probe import SELF_PROBE

__all__ = ["Tally", "is_met", "released"]

Mark = Callable[[OpenTarget], None]


def is_met(objective: Objective) -> bool:
    """Whether enough targets have reached the needed level (ack rule any, all, n:COUNT)."""
    match objective.ack_rule.partition(":"):
        case ("any", _, _):
            return objective.met >= 1
        case ("n", _, count):
            return objective.met >= min(int(count), objective.total)
        case _:
            return objective.total > 0 and objective.met >= objective.total


def released(objective: Objective, at: float) -> Objective:
    """An objective whose message was released at `at` (UTC seconds), after it had waited for signatures: its deadline and its escalation
    count from then; one that was late while nobody might be told anything is open again."""
    state = ObjectiveState.OPEN if objective.state is ObjectiveState.AT_RISK else objective.state
    deadline_at = objective.deadline_at + at - objective.opened_at
    return msgspec.structs.replace(objective, opened_at=at, deadline_at=deadline_at, state=state)


class Tally:
    """Lets finished targets go, and decides what that makes of their objective."""

    def __init__(self, office: Office, book: Book, shelf: RenditionShelf) -> None:
        self._office = office
        self._book = book
        self._shelf = shelf
        self._finished: list[OpenTarget] = []
        self._recounted: list[OpenObjective] = []

    def recounted(self, opened: OpenObjective, *, met: int, ended: int) -> None:
        """After a restart: what the targets on the disk say, in case a crash fell between a target's end and its count."""
        if (met, ended) != (opened.objective.met, opened.objective.ended):
            opened.objective = msgspec.structs.replace(opened.objective, met=met, ended=ended)
            self._recounted.append(opened)

    def counted(self, opened: OpenObjective, *, met: int, ended: int, total: int) -> None:
        """What the pages of a fan-out say; an objective that turns out to be for nobody is waived by that."""
        before = opened.objective
        state = before.state if total else ObjectiveState.WAIVED
        after = msgspec.structs.replace(before, state=state, met=met, ended=ended, total=total, planned=met + ended)
        if after != before:
            opened.objective = after
            self._recounted.append(opened)

    def finished(self, entry: OpenTarget) -> None:
        """This target is closed and nothing of it is on the air, or it is met and goes on on other channels."""
        self._finished.append(entry)

    def close(self, batch: Batch, mark: Mark) -> None:
        """Count everything that finished in this turn."""
        finished, self._finished = self._finished, []
        touched: dict[int, OpenObjective] = {opened.objective.id: opened for opened in self._recounted}
        self._recounted = []
        for entry in finished:
            if entry.objective.targets.get(entry.target.recipient) is entry:
                self._count(entry, batch, mark)
                touched[entry.objective.objective.id] = entry.objective
        for opened in touched.values():
            self._judge(opened, batch, mark)

    def released(self, entry: OpenMessage, batch: Batch) -> None:
        """Its message waited for signatures until now: all its times begin."""
        now = self._office.clock.time()
        for opened in filter(None, map(self._book.objectives.get, entry.objectives)):
            if opened.closing:
                continue
            opened.objective = released(opened.objective, now)
            batch.objectives[opened.objective.id] = opened.objective
            self._tell("objective.progress", opened.objective, batch)

    def overdue(self, number: int, batch: Batch) -> None:
        """The deadline has passed: a person sees that it is at risk; trying goes on until the message expires. It may have been moved."""
        opened = self._book.objectives.get(number)
        if opened is None or opened.objective.state is not ObjectiveState.OPEN:
            return
        if opened.objective.deadline_at > self._office.clock.time():
            return
        opened.objective = msgspec.structs.replace(opened.objective, state=ObjectiveState.AT_RISK)
        batch.objectives[number] = opened.objective
        self._tell(_as_alarm("alarm.objective_at_risk", opened.objective), opened.objective, batch)

    def waive(self, fact: Decided, batch: Batch) -> list[OpenTarget]:
        """A person says that it need not be reached: it is over, and so is everything under it. Raises: NotFound."""
        opened = self._book.objectives.get(fact.number)
        objective = waived(opened.objective if opened else None, fact)
        if opened is None:
            return []
        opened.objective, opened.closing = objective, True
        batch.objectives[objective.id] = objective
        self._tell("objective.waived", objective, batch, by=fact.by.actor, reason=fact.reason)
        return list(opened.targets.values())

    def _count(self, entry: OpenTarget, batch: Batch, mark: Mark) -> None:
        opened, target = entry.objective, entry.target
        if not entry.lingers:
            self._book.close_target(entry)
        if entry.is_counted:
            return
        entry.is_counted = True
        before = opened.objective
        evidence = max(before.evidence, target.evidence)
        if target.covers:
            opened.objective = msgspec.structs.replace(before, evidence=evidence)
            original = opened.targets.get(target.covers)
            if original is not None and target.state is TargetState.MET:
                self._cover(original, batch, mark)
            return
        has_met = target.state in (TargetState.MET, TargetState.COVERED)
        opened.objective = msgspec.structs.replace(before, evidence=evidence, met=before.met + has_met, ended=before.ended + (not has_met))

    @staticmethod
    def _cover(original: OpenTarget, batch: Batch, mark: Mark) -> None:
        """Written together with the end of whoever stood in: after a crash nobody would cover it any more."""
        if original.target.state is TargetState.OPEN:
            original.target = msgspec.structs.replace(original.target, state=TargetState.COVERED)
            batch.targets[(original.target.objective, original.target.recipient)] = original.target
            mark(original)

    def _judge(self, opened: OpenObjective, batch: Batch, mark: Mark) -> None:
        objective = opened.objective
        is_open = objective.state in (ObjectiveState.OPEN, ObjectiveState.AT_RISK)
        if is_open and is_met(objective):
            self._end(opened, ObjectiveState.MET, batch)
            opened.closing = True
            for entry in list(opened.targets.values()):
                mark(entry)
        elif is_open and objective.met + objective.ended >= objective.total and objective.planned >= objective.total:
            self._end(opened, self._why_over(opened.message), batch)
        batch.objectives[objective.id] = opened.objective
        self._tell("objective.progress", opened.objective, batch)
        if not opened.targets and opened.objective.planned >= opened.objective.total:
            self._let_go(opened)

    @staticmethod
    def _why_over(message: OpenMessage) -> ObjectiveState:
        """An objective whose message was cancelled or replaced is waived by that; any other end without success is a miss."""
        withdrawn = message.state in (MessageState.CANCELLED, MessageState.SUPERSEDED)
        return ObjectiveState.WAIVED if withdrawn else ObjectiveState.MISSED

    def _end(self, opened: OpenObjective, state: ObjectiveState, batch: Batch) -> None:
        opened.objective = msgspec.structs.replace(opened.objective, state=state)
        is_missed = state is ObjectiveState.MISSED
        kind = _as_alarm("alarm.objective_missed", opened.objective) if is_missed else f"objective.{state.lower()}"
        self._tell(kind, opened.objective, batch)

    def _let_go(self, opened: OpenObjective) -> None:
        self._book.close_objective(opened)
        self.rest(opened.message)

    def rest(self, entry: OpenMessage) -> None:
        """Let go of a message of which nothing is open; one that waits for signatures, or for its plan, is kept."""
        is_waited_for = entry.state is MessageState.HELD or not entry.is_planned
        if is_waited_for or any(number in self._book.objectives for number in entry.objectives):
            return
        key = (entry.message.id, entry.message.revision)
        if entry.state is MessageState.ACTIVE:
            self._book.rest_message(entry)
        else:
            self._book.close_message(key)
        self._shelf.drop(*key)

    def _tell(self, kind: str, objective: Objective, batch: Batch, **more: str) -> None:
        batch.event(
            kind,
            f"objective/{objective.id}",
            message=objective.message,
            revision=objective.revision,
            state=objective.state,
            met=objective.met,
            ended=objective.ended,
            total=objective.total,
            **more,
        )


def _as_alarm(kind: str, objective: Objective) -> str:
    """An alarm as it is told; of the node's own probe no person is told, whose alarm is that of the probe as a whole."""
    return "objective.progress" if objective.rule == SELF_PROBE else kind
