"""A plan on paper: who would be reached by what, who would not, and why."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.paper import clean

__all__ = ["show_plan"]


def show_plan(data: dict[str, Any]) -> None:
    """Objectives with their fields, and everything that was left out with its reason."""
    if not data.get("objectives"):
        click.echo("nothing would be sent: no rule fits it, or it names nobody who is known")
    for objective in data.get("objectives") or ():
        click.echo(f"{clean(objective.get('audience', '?'))}:")
        for key, value in objective.items():
            if key != "audience":
                _tell(key, value, indent=2)
    for kind in ("unknown", "unclear"):
        for sentence in data.get(kind) or ():
            click.echo(f"{kind}: {clean(sentence)}")
    for left in data.get("left_out") or ():
        _tell("left out", left, indent=0)


def _tell(key: str, value: object, *, indent: int) -> None:
    pad = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        click.echo(f"{pad}{clean(key)}:")
        for item in value:
            click.echo(f"{pad}  - {_line(item)}")
    else:
        click.echo(f"{pad}{clean(key)}: {_line(value)}")


def _line(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{clean(key)} {_line(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_line(item) for item in value)
    return clean(value)
