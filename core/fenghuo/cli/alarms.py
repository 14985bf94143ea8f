"""`fenghuo alarms …`: what a person must act upon, and what people have done about it."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["alarms"]

HEADS = ("id", "priority", "state", "kind", "about", "raised", "act by", "count", "says")
MARKS = {"HIGH": "▲紧急", "MEDIUM": "◆重要", "LOW": "●一般"}
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
REASON = click.option("--reason", required=True, help="Why; it stands in the audit and on the shift page.")
ID = click.argument("ident", metavar="ID", type=int)


@click.group()
def alarms() -> None:
    """Alarms: ls, show, ack, shelve, unshelve, out-of-service, return-to-service, stats."""


@alarms.command()
@click.option("--over", is_flag=True, help="The newest 1,000, those that are over as well.")
@AS_JSON
@speaks
def ls(daemon: Caller, *, over: bool, as_json: bool) -> None:
    """What is not over: the most urgent first, what nobody has acknowledged before the rest."""
    rows: list[dict[str, Any]] = daemon.call("alarm.ls", over=over)
    if as_json:
        print_json(rows)
        return
    print_table(HEADS, (_row(one) for one in sorted(rows, key=_rank)))


@alarms.command()
@ID
@AS_JSON
@speaks
def show(daemon: Caller, *, ident: int, as_json: bool) -> None:
    """One alarm, with what comes of it and what to do."""
    one: dict[str, Any] = daemon.call("alarm.show", id=ident)
    kind: dict[str, Any] = daemon.call("alarm.catalogue").get(one["kind"], {})
    if as_json:
        print_json({**one, "means": kind})
        return
    click.echo(_line(one))
    for words in (kind[language] for language in ("zh", "en") if language in kind):
        click.echo(clean(f"  {words['title']}: {words['consequence']} → {words['action']}"))
    print_table(("key", "value"), ((name, value) for name, value in one.items() if name not in ("id", "kind", "subject")))


@alarms.command()
@click.argument("idents", metavar="ID...", type=int, nargs=-1, required=True)
@click.option("--comment", default="", help="In your words; one for all.")
@click.option("--gone", is_flag=True, help="Its condition is gone, and nothing will say so; --comment says how you know.")
@AS_JSON
@speaks
def ack(daemon: Caller, *, idents: tuple[int, ...], comment: str, gone: bool, as_json: bool) -> None:
    """Acknowledge alarms, as they are printed. A HIGH one is acknowledged alone."""
    seen: list[dict[str, Any]] = [daemon.call("alarm.show", id=ident) for ident in idents]
    if not as_json:
        for one in seen:
            click.echo(_line(one))
    revs = {str(one["id"]): one["rev"] for one in seen}
    rows: list[dict[str, Any]] = daemon.call("alarm.ack", ids=list(idents), revs=revs, comment=comment, gone=gone)
    if as_json:
        print_json(rows)
        return
    for one in rows:
        click.echo(f"{one['id']} is {one['state']}")


@alarms.command()
@ID
@click.option("--for", "minutes", default=30.0, show_default=True, type=click.FloatRange(0, 120, min_open=True), help="Minutes.")
@REASON
@AS_JSON
@speaks
def shelve(daemon: Caller, *, ident: int, minutes: float, reason: str, as_json: bool) -> None:
    """Keep an alarm quiet for a while, two hours at most. A HIGH one when a second person says so, too."""
    one = _act(daemon, "alarm.shelve", ident, reason=reason, lasts_s=minutes * 60.0)
    if as_json:
        print_json(one)
    elif one["held"]:
        click.echo(f"{ident} is shelved until {local(one['held']['until'])}")
    else:
        click.echo(f"{ident} goes on calling: it is HIGH, and a second person must shelve it by {local(one['shelf_asked']['until'])}")


@alarms.command()
@ID
@AS_JSON
@speaks
def unshelve(daemon: Caller, *, ident: int, as_json: bool) -> None:
    """Back from the shelf: what holds calls again."""
    _tell(_act(daemon, "alarm.unshelve", ident), as_json=as_json)


@alarms.command("out-of-service")
@ID
@REASON
@click.option("--person", default="", help="Who answers for it, where the token is no person's.")
@AS_JSON
@speaks
def out_of_service(daemon: Caller, *, ident: int, reason: str, person: str, as_json: bool) -> None:
    """Quiet until somebody says otherwise; it is listed on the shift page."""
    _tell(_act(daemon, "alarm.out_of_service", ident, reason=reason, person=person), as_json=as_json)


@alarms.command("return-to-service")
@ID
@AS_JSON
@speaks
def return_to_service(daemon: Caller, *, ident: int, as_json: bool) -> None:
    """In service again: what holds calls."""
    _tell(_act(daemon, "alarm.return_to_service", ident), as_json=as_json)


@alarms.command()
@click.option("--hours", default=24.0, show_default=True, type=click.FloatRange(0, 24 * 366, min_open=True), help="Of the last so many.")
@AS_JSON
@speaks
def stats(daemon: Caller, *, hours: float, as_json: bool) -> None:
    """The figures of a window, beside what they should be."""
    found: dict[str, Any] = daemon.call("alarm.stats", hours=hours)
    if as_json:
        print_json(found)
        return
    aims = found["targets"]
    mix = (("HIGH", "high_pct"), ("MEDIUM", "medium_pct"), ("LOW", "low_pct"))
    print_table(
        ("what", "is", "should be"),
        (
            ("alarms", found["alarms"], None),
            ("in 10 minutes", found["in_10_min"], f"<= {aims['in_10_min']}"),
            *((f"{MARKS[name]} %", found[key], aims[key]) for name, key in mix),
            ("time in flood %", found["flood_pct"], 0),
            ("flood now", "yes" if found["is_flood"] else "no", "no"),
            ("median to acknowledge, s", found["to_ack_s"], None),
            ("too late", found["late"], 0),
            ("not acknowledged", found["unacked"], 0),
            ("standing over 24 h", _ids(found["standing"]), "-"),
            ("shelved", _ids(found["shelved"]), None),
            ("out of service", _ids(found["out_of_service"]), None),
            ("of exercises", found["suppressed"], None),
        ),
    )
    for one in found["worst"]:
        click.echo(clean(f"{one['raised']} × {one['kind']} {one['subject']}, as {one['alarms']} alarms"))


def _act(daemon: Caller, verb: str, ident: int, **said: Any) -> dict[str, Any]:
    seen: dict[str, Any] = daemon.call("alarm.show", id=ident)
    done: dict[str, Any] = daemon.call(verb, id=ident, if_rev=seen["rev"], **said)
    return done


def _tell(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(one)
    else:
        click.echo(f"{one['id']} is {one['state']}")


def _rank(one: dict[str, Any]) -> tuple[bool, int, int]:
    is_seen = one["state"] not in ("UNACKED", "RETURNED_UNACKED")
    return is_seen, list(MARKS).index(one["priority"]), one["id"]


def _row(one: dict[str, Any]) -> list[object]:
    says = one["args"].get("message") or one["args"].get("text") or ""
    state = one["state"] if not one["acked_by"] else f"{one['state']} {one['acked_by']}"
    times = (local(one["raised"]), local(one["respond_by"]))
    return [one["id"], MARKS[one["priority"]], state, one["kind"], one.get("name") or one["subject"], *times, f"×{one['count']}", says]


def _line(one: dict[str, Any]) -> str:
    return "  ".join(clean(cell) for cell in _row(one) if cell != "")


def _ids(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "-"
