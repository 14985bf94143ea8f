"""What of a run can be looked up by whoever measures it: labels, messages, emissions and what the console was told, in seconds from T+0."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import inf

from fenghuo.model.event import Event
from fenghuo.rig.scenario.schema import Line
from fenghuo.rig.scenario.stage import SETTLE_S, Stage
from fenghuo.rig.world.judged_log import Log, Origin
from fenghuo.rig.world.log import Aired, Told

__all__ = ["Seen"]


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

    def message(self, label: str) -> str:
        """The id of what a step handed in; "" where it was refused."""
        answer = self.stage.answers.get(label)
        return answer.id if answer is not None else ""

    def released_at(self, label: str) -> float | None:
        """When a message was free to go, virtual seconds: at its commit, or by the signature that released it."""
        answer = self.stage.answers.get(label)
        if answer is None:
            return None
        if answer.state != "held":
            return self.stage.submitted[label][1]
        subject = f"message/{answer.id}"
        return next((entry.at for _, entry in self.log.told_of("message.released") if entry.event.subject == subject), None)

    def emitted(self, label: str = "", channels: tuple[str, ...] = ()) -> Iterator[Told]:
        """Licences in their order: of one message, over some channels."""
        message = self.message(label)
        for _, entry in self.log.told_of("delivery.emitting"):
            body = entry.event.body
            if (not label or body["message"] == message) and (not channels or body["channel"] in channels):
                yield entry

    def aired(self, label: str = "", channels: tuple[str, ...] = ()) -> Iterator[tuple[Aired, Origin | None]]:
        """What left, with what it stood for."""
        message = self.message(label)
        for _, air in self.log.aired:
            origin = self.log.origin.get(air.token)
            if (not channels or air.channel in channels) and (not label or (origin is not None and origin.message == message)):
                yield air, origin

    def told(self, kind: str, where: dict[str, object], window: tuple[float, float]) -> Iterator[Told]:
        """Events of a kind in a window whose subject and body say what `where` says."""
        for _, entry in self.log.told_of(kind):
            if window[0] <= entry.at <= window[1] and _fits(entry.event, where):
                yield entry

    def objectives(self, label: str, audience: str = "") -> list[dict[str, object]]:
        """The objectives of a message as they were shown last."""
        view = self.log.last_views.get(self.message(label))
        found = view["objectives"] if view is not None else []
        return [one for one in found if not audience or one["audience"] == audience]

    @cached_property
    def recipient_of(self) -> dict[str, Origin]:
        """By subject of a delivery what it is of."""
        return {f"delivery/{origin.delivery}": origin for origin in self.log.origin.values()}


def _fits(event: Event, where: dict[str, object]) -> bool:
    said = {**event.body, "subject": event.subject}
    return all(said.get(key) == value for key, value in where.items())
