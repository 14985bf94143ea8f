"""What of a run can be looked up by whoever measures it: labels, messages, emissions and what the console was told, in seconds from T+0."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import inf

from fenghuo.formats.table_reading import near, shown
from fenghuo.model.event import Event
from fenghuo.rig.scenario.schema import Line
from fenghuo.rig.scenario.stage import SETTLE_S, Stage
from fenghuo.rig.world.judged_log import Log, Origin
from fenghuo.rig.world.log import Aired, Told

__all__ = ["Seen"]

ALWAYS = (0.0, inf)


class Seen:
    """A run that is over."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.log = Log(stage.world)

    def window(self, line: Line) -> tuple[float, float]:
        """The virtual seconds that a line is about."""
        begins = self.stage.at.get(line.since, 0.0) if line.since else 0.0
        if line.from_s is not None:
            begins = max(begins, SETTLE_S + line.from_s)
        return begins, SETTLE_S + line.to_s if line.to_s is not None else inf

    def revision(self, label: str) -> tuple[str, int]:
        """Id and revision of what a step handed in; an empty id where it was refused."""
        answer = self.stage.answers.get(label)
        return (answer.id, answer.revision) if answer is not None else ("", 0)

    def released_at(self, label: str) -> float | None:
        """When a message was free to go, virtual seconds: at its commit, or by the signature that released it."""
        message, revision = self.revision(label)
        if not message:
            return None
        where: dict[str, object] = {"subject": f"message/{message}", "revision": revision}
        if next(self.told("message.held", where, ALWAYS), None) is None:
            return self.stage.submitted[label][1]
        released = next(self.told("message.released", where, ALWAYS), None)
        return released.at if released is not None else None

    def emitted(self, label: str = "", channels: tuple[str, ...] = ()) -> Iterator[Told]:
        """Licences in their order: of one message, over some channels."""
        wanted = self.revision(label)
        for _, entry in self.log.told_of("delivery.emitting"):
            body = entry.event.body
            is_of = not label or (body["message"], body["revision"]) == wanted
            if is_of and (not channels or body["channel"] in channels):
                yield entry

    def aired(self, label: str = "", channels: tuple[str, ...] = ()) -> Iterator[tuple[Aired, Origin | None]]:
        """What left, with what it stood for."""
        wanted = self.revision(label)
        for _, air in self.log.aired:
            origin = self.log.origin.get(air.token)
            if (not channels or air.channel in channels) and (
                not label or (origin is not None and (origin.message, origin.revision) == wanted)
            ):
                yield air, origin

    def told(self, kind: str, where: dict[str, object], window: tuple[float, float]) -> Iterator[Told]:
        """Events of a kind in a window whose subject and body say what `where` says."""
        for _, entry in self.log.told_of(kind):
            if window[0] <= entry.at <= window[1] and _fits(entry.event, where):
                yield entry

    def strange(self, kind: str, where: dict[str, object]) -> str:
        """A sentence about a field that none of the events of a kind has, though there were some; else empty. To wait for one is to wait
        for ever, and to count none is to count nothing."""
        events = [entry.event for _, entry in self.log.told_of(kind)]
        known = {"subject"}.union(*(event.body for event in events))
        key = next((key for key in where if key not in known), "") if events else ""
        return f"no {kind} has {shown(key)}{near(key, known)}" if key else ""

    def objectives(self, label: str, audience: str = "") -> list[Told]:
        """As they were opened: subject, audience and how many they are to reach."""
        message, revision = self.revision(label)
        answered = [(place, ack.revision) for place, ack in self.log.acked if ack.id == message]
        found = []
        for place, entry in self.log.told_of("objective.opened"):
            body = entry.event.body
            known = [number for at, number in answered if at < place] or [number for _, number in answered[:1]]
            is_of = known[-1:] == [revision] if answered else True  # nobody brought in what the node says by itself
            if body["message"] == message and is_of and audience in ("", body["audience"]):
                found.append(entry)
        return found

    @cached_property
    def recipient_of(self) -> dict[str, Origin]:
        """By subject of a delivery what it is of."""
        return {f"delivery/{origin.delivery}": origin for origin in self.log.origin.values()}


def _fits(event: Event, where: dict[str, object]) -> bool:
    said = {**event.body, "subject": event.subject}
    return all(said.get(key) == value for key, value in where.items())
