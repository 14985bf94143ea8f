"""`fenghuo coverage`: how much of the public is reached (公众覆盖率), whether that passes the gate, and who is left out."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.language import sentences_of
from fenghuo.cli.paper import clean, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.service.problems import Exit

__all__ = ["coverage"]

KINDS = ("potential", "reported", "emitted", "device", "human")
ESTIMATES = ("lower", "grouped", "independent", "upper")


@click.command()
@click.option("--alert", default="", help="An alert, by id or short number: its areas alone, and how far evidence says that it got.")
@click.option("--lose", default="", help="With commas: risk groups or channels that fail, everywhere or as NAME@SYSTEM:CODE in one area.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def coverage(daemon: Caller, *, alert: str, lose: str, as_json: bool) -> None:
    """Coverage of the public on the channels as they are now; nothing is changed. Exit 1 if what works does not pass the gate."""
    names = [name.strip() for name in lose.split(",") if name.strip()]
    data = daemon.call("coverage", alert=alert, lose=names)
    if as_json:
        print_json(data)
    else:
        _show(data)
    click.get_current_context().exit(Exit.OK if data["gate"]["passes"] else Exit.NEGATIVE)


def _show(data: dict[str, Any]) -> None:
    kinds = [kind for kind in KINDS if kind in data]
    print_table(("%", *ESTIMATES), ([kind, *_figures(data[kind])] for kind in kinds))
    click.echo(f"{data['assumption']}; inventory {data['inventory']['digest']}")
    for sentence in sentences_of(data):
        click.echo(clean(sentence))
    for kind in kinds:
        _show_kind(kind, data[kind])


def _show_kind(kind: str, figure: dict[str, Any]) -> None:
    """Its towns, then the places that it leaves out."""
    click.echo(f"{kind} by town:")
    print_table(
        ("area", "town", "people", *ESTIMATES), ([one["area"], one["name"], one["people"], *_figures(one)] for one in figure["towns"])
    )
    if not figure["uncovered"]:
        return
    click.echo(f"{kind}, places under the floor:")
    heads = ("area", "place", "town", "people", "left out", "grouped", "channels")
    print_table(
        heads,
        (
            [one["area"], one["name"], one["town"], one["people"], one["left_out"], f"{one['grouped_pct']:.1f}", ", ".join(one["channels"])]
            for one in figure["uncovered"]
        ),
    )


def _figures(one: dict[str, Any]) -> list[str]:
    return [f"{one[f'{name}_pct']:.1f}" for name in ESTIMATES]
