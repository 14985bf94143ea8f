"""`fenghuo rollcall`: a roll call (点名), and who answered on which bearer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.cli.plan import show_plan
from fenghuo.cli.send import EVIDENCE, TRAFFIC
from fenghuo.cli.words import Word
from fenghuo.client.caller import Caller
from fenghuo.service.problems import Exit

__all__ = ["rollcall"]


@click.command()
@click.argument("to", nargs=-1, required=True)
@click.option("--via", multiple=True, help="Prove this channel; repeated: each of these, by a message of its own. None: one, by the rules.")
@click.option("--text", help="What to say instead of the usual words.")
@click.option("--prio", "priority", default="P2", show_default=True, type=Word("P0", "P1", "P2", "P3", "P4"))
@click.option("--traffic", default="actual", show_default=True, type=Word(*TRAFFIC))
@click.option(
    "--needed", default="HUMAN", show_default=True, type=Word(*EVIDENCE), help="What counts as an answer; DEVICE rings nobody up."
)
@click.option("--wait", "wait_s", default=120.0, show_default=True, type=click.FloatRange(min=1), help="Seconds until the call is over.")
@click.option("--dry-run", is_flag=True, help="Show whom it would call by what; nothing is kept or sent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def rollcall(
    daemon: Caller, *, to: tuple[str, ...], text: str | None, wait_s: float, dry_run: bool, as_json: bool, **said: Any
) -> None:  # of the verb
    """Call TO (person:ID, org:ID, group:NAME, role:ID or area:SYSTEM:CODE), wait, and print who answered on which bearer. What it shows
    goes into the ledger that `directory proven` prints. Exit 1 when somebody did not answer.
    """
    asked = {**said, "traffic": said["traffic"].capitalize(), **({"text": text} if text else {})}
    if dry_run:
        _show_plans(daemon.call("rollcall.call", to=to, wait_s=wait_s, **asked, dry_run=True), as_json=as_json)
        return
    since = daemon.call("log.read", after=0, limit=1)["head"]
    call = daemon.call("rollcall.call", to=to, wait_s=wait_s, **asked)
    messages = [one["message"] for one in call["calls"] if one["message"]]
    rows = _until_all(daemon, messages, said["needed"], since=since, until=time.monotonic() + wait_s)
    absent = _absent(rows, said["needed"])
    if as_json:
        print_json({**call, "answers": rows, "absent": absent})
    else:
        _show(call["calls"], rows, absent)
    if absent or not rows:
        click.get_current_context().exit(Exit.NEGATIVE)


def _show_plans(call: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(call)
        return
    for one in call["plans"]:
        if one["channel"]:
            click.echo(f"over {clean(one['channel'])}:")
        show_plan(one["plan"])


def _until_all(daemon: Caller, messages: Sequence[str], needed: str, *, since: int, until: float) -> list[dict[str, Any]]:
    """The lines once everybody answered, or as they stand at `until` (monotonic seconds)."""
    rows: list[dict[str, Any]] = daemon.call("rollcall.show", messages=messages)
    while messages and (not rows or _open(rows, needed)) and (left_s := until - time.monotonic()) > 0:
        for event in daemon.follow(since, silence_s=left_s):
            since = int(event["seq"])
            if event["subject"].startswith(("objective/", "delivery/", "message/")) or time.monotonic() >= until:
                break
        rows = daemon.call("rollcall.show", messages=messages)
    return rows


def _open(rows: Sequence[dict[str, Any]], needed: str) -> bool:
    """Whether a way may still bring an answer."""
    return any(not _answered(row, needed) and row["state"] in ("OPEN", "HELD", "READY", "EMITTING", "AWAITING", "IN_DOUBT") for row in rows)


def _answered(row: dict[str, Any], needed: str) -> bool:
    levels = ("STORED", *EVIDENCE)
    return levels.index(row["evidence"]) >= levels.index(needed)


def _absent(rows: Sequence[dict[str, Any]], needed: str) -> list[str]:
    """Whoever answered on no bearer at all."""
    present = {row["recipient"] for row in rows if _answered(row, needed)}
    return sorted({row["recipient"] for row in rows} - present)


def _show(calls: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], absent: Sequence[str]) -> None:
    for one in (one for one in calls if one["state"] == "refused"):
        click.echo(f"not called{' over ' if one['channel'] else ''}{clean(one['channel'])}: {clean(one['why'])}", err=True)
    heads = ("who", "channel", "evidence", "answered", "on")
    print_table(
        heads,
        ((row["name"], row["channel"], row["evidence"], row["answered"] and local(row["answered"]), row["answered_by"]) for row in rows),
    )
    everybody = {row["recipient"] for row in rows}
    click.echo(
        f"{len(everybody) - len(absent)} of {len(everybody)} answered" + (f"; absent: {', '.join(map(clean, absent))}" if absent else "")
    )
