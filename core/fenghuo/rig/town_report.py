"""What the demo prints: who was reached, at which evidence, over which channel, counted from the event stream."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from fenghuo.client.socket import Control

__all__ = ["Board"]

SHOWN_LINES = 12
LEVELS = ("STORED", "ACCEPTED", "AIRED", "RELAYED", "DEVICE", "HUMAN", "DONE")


class Board:
    """Counts people by town (the first part of their id) as events tell of them."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._level: dict[str, int] = {}
        self._channels: dict[str, Counter[str]] = {}
        self._of_delivery: dict[str, tuple[str, str]] = {}
        self._ended: set[str] = set()
        self._objectives: dict[str, set[str]] = {}
        self._shown = 0
        self.confirmed = 0

    def take(self, event: dict[str, Any], at_s: float) -> None:
        """One event of the stream; `at_s`: seconds since the warning was released."""
        body = event["body"]
        match event["type"]:
            case "delivery.emitting":
                self._of_delivery[event["subject"]] = (str(body["recipient"]), str(body["channel"]))
            case "receipt.matched" | "receipt.late":
                self._receipt(event["subject"], str(body["channel"]), str(body["level"]), at_s)
            case "objective.opened":
                self._objectives.setdefault(str(body["message"]), set()).add(event["subject"])
            case "objective.met" | "alarm.objective_missed" | "objective.waived":
                self._ended.add(event["subject"])
            case "alarm.channel_down":
                click.echo(f"   +{at_s:4.1f} s  {event['subject']} is DOWN: {body['cause']}")

    def is_over(self, messages: tuple[str, ...]) -> bool:
        """Whether every objective of these messages has ended."""
        wanted = [objective for message in messages for objective in self._objectives.get(message, {""})]
        return bool(wanted) and all(objective in self._ended for objective in wanted)

    def rows(self) -> list[tuple[object, ...]]:
        """One row a town."""
        towns: dict[str, list[str]] = {}
        for recipient, _ in self._of_delivery.values():
            people = towns.setdefault(recipient.partition("-")[0], [])
            if recipient not in people:
                people.append(recipient)
        return [self._row(town, people) for town, people in sorted(towns.items())]

    def _row(self, town: str, people: list[str]) -> tuple[object, ...]:
        levels = [self._level.get(person, 0) for person in people]
        channels: Counter[str] = Counter()
        for person in people:
            channels.update(self._channels.get(person, {}))
        human = sum(level >= LEVELS.index("HUMAN") for level in levels)
        device = sum(level == LEVELS.index("DEVICE") for level in levels)
        by = ", ".join(f"{name} {count}" for name, count in sorted(channels.items()))
        return (town, len(people), human, device, len(people) - human - device, by)

    def _receipt(self, delivery: str, channel: str, level: str, at_s: float) -> None:
        recipient, _ = self._of_delivery.get(delivery, ("", ""))
        number = LEVELS.index(level)
        self.confirmed += number >= LEVELS.index("DEVICE")
        if number > self._level.get(recipient, 0):
            self._level[recipient] = number
            self._channels.setdefault(recipient, Counter())[channel] = 1
            self._shown += 1
            if self._shown <= SHOWN_LINES:
                click.echo(f"   +{at_s:4.1f} s  {recipient:<28} {level:<6} over {channel}")
            elif self._shown == SHOWN_LINES + 1:
                click.echo("   … and so on; the table below has everyone")
