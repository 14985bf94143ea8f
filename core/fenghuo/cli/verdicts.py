"""How an acceptance or a refusal is told: the same object to scripts, sentences to people."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from fenghuo.cli.paper import clean, print_json
from fenghuo.client.caller import CallFailed
from fenghuo.service.problems import Exit, exit_for

__all__ = ["accepted", "refused_here", "tell_arrivals", "tell_verdicts"]

REFUSALS = frozenset({"refused", "too-large", "conflict"})
"""Codes that judge the message itself and are answered with the submit object; everything else is a plain error."""


def accepted(data: dict[str, Any], *, as_json: bool) -> None:
    """Print what the daemon accepted: the id first, since a script may read only that. Of several, 65 when one was refused."""
    several: list[dict[str, Any]] = data.get("messages", [])
    if as_json:
        print_json(data)
    for one in () if as_json else several or [data]:
        _tell(one)
    if any(one["state"] == "refused" for one in several):
        click.get_current_context().exit(Exit.BAD_DATA)


def _tell(data: dict[str, Any]) -> None:
    if data["state"] == "refused":
        where = data["error"]["where"]
        click.echo(f"fenghuo: refused: {clean(data['error']['message'])}" + (f" (at {clean(where)})" if where else ""), err=True)
    else:
        click.echo(f"{data['id']} revision {data['revision']} {data['state']}")
    tell_verdicts(data)
    for one in data.get("barred", ()):
        click.echo(f"fenghuo: cannot end it on {clean(one['channel'])} now: {clean(one['why'] or one['code'])}", err=True)


def refused_here(failure: CallFailed, *, as_json: bool) -> NoReturn:
    """Tell a refusal and leave with its exit code. Raises: the failure itself when it does not judge the message."""
    if failure.code not in REFUSALS:
        raise failure
    if as_json:
        print_json(_refusal(failure))
    tell = f"fenghuo: refused: {clean(failure)}" + (f" (at {clean(failure.where)})" if failure.where else "")
    click.echo(tell, err=True)
    if not as_json:
        tell_verdicts(failure.err)
    click.get_current_context().exit(exit_for(failure.code))


def tell_verdicts(data: dict[str, Any]) -> None:
    """Verdicts that are not ok, and repairs, on stderr: they matter to a person and must not disturb a script."""
    for verdict in data.get("verdicts") or ():
        if not verdict["ok"]:
            click.echo(f"  {clean(verdict['check'])}: {clean(verdict['value'])} {clean(verdict.get('detail') or '')}".rstrip(), err=True)
    for repair in data.get("repairs") or ():
        click.echo(f"  repaired: {clean(repair)}", err=True)


def tell_arrivals(data: dict[str, Any]) -> None:
    """When each unit of an order can be there, on stderr; what is not sure is told with the verdicts."""
    for verdict in data.get("verdicts") or ():
        if verdict["check"] == "arrival" and verdict["ok"]:
            click.echo(f"  arrival: {clean(verdict.get('detail') or verdict['value'])}", err=True)


def _refusal(failure: CallFailed) -> dict[str, Any]:
    err = failure.err
    return {
        "id": None,
        "revision": None,
        "state": "refused",
        "verdicts": err.get("verdicts", []),
        "repairs": err.get("repairs", []),
        "error": {"code": err.get("reason") or failure.code, "message": str(failure), "where": failure.where},
    }
