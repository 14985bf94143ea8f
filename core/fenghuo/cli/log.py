"""`fenghuo log`: the event stream, for eyes and for programs that go on from a cursor."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_line, rfc3339
from fenghuo.client.caller import Caller, CallFailed
from fenghuo.service.problems import Exit

__all__ = ["log"]

PAGE = 1000
SPAN = re.compile(r"(\d+)([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Cursor(NamedTuple):
    """A place in the stream: after `seq` of `epoch`. Written `EPOCH:SEQ`."""

    epoch: str
    seq: int


@click.group(invoke_without_command=True)
@click.option("-f", "--follow", is_flag=True, help="Go on with each event as it happens.")
@click.option("--since", help="From this moment on: 90s, 30m, 2h, 1d, or RFC 3339.")
@click.option("--after-cursor", "after", help="From after this cursor (EPOCH:SEQ), as a line of --jsonl gave it.")
@click.option("--jsonl", is_flag=True, help="One JSON document a line, each with its cursor.")
@speaks
def log(daemon: Caller, *, follow: bool, since: str | None, after: str | None, jsonl: bool) -> None:
    """The event stream of the daemon: what happened, in order, without holes. `audit` and `verify` are about who did what."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    try:
        for event in _events(daemon, _start(daemon, since, after), follow=follow):
            _print(event, jsonl=jsonl)
    except KeyboardInterrupt:
        click.get_current_context().exit(0)


@log.command()
@click.option("--after", type=int, default=0, help="From after this record on.")
@speaks
def audit(daemon: Caller, *, after: int) -> None:
    """Export the audit: one JSON record a line, for `log verify` elsewhere. Takes the right auditor."""
    while True:
        page = daemon.call("audit.read", after=after, limit=PAGE)
        for record in page["records"]:
            click.echo(record)
        after = page["after"]
        if after >= page["head"] or not page["records"]:
            return


@log.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--heads", type=click.Path(path_type=Path, exists=True), help="Signed heads from a second place: finds a cut-off tail.")
@click.option("--key", type=click.Path(path_type=Path, exists=True), help="The node's audit.pub, kept elsewhere; goes with --heads.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def verify(daemon: Caller, *, file: Path | None, heads: Path | None, key: Path | None, as_json: bool) -> None:
    """Verify the audit: FILE, an export or a backup, without any daemon; or that of the running daemon. Exit 1 when it does not hold."""
    if file is None:
        if heads or key:
            raise click.UsageError("--heads and --key go with FILE; the daemon uses those of its state folder")
        report = daemon.call("audit.verify")
    else:
        from fenghuo.cli.audit_offline import verified

        report = verified(file, heads, key)
    if as_json:
        print_json(report)
    else:
        click.echo(f"{report['records']} records, {'the chain holds' if report['ok'] else 'the chain does NOT hold'}")
        if file is None or heads:
            click.echo(_compared(report.get("heads", 0)))
        for one in report.get("restored", ()):
            click.echo(f"  restored from {clean(one['source'])}, which ended at record {one['after']}; told in record {one['record']}")
        for one in report["breaks"]:
            click.echo(f"  record {one['record']} {clean(one['reason'])}", err=True)
    click.get_current_context().exit(Exit.OK if report["ok"] else Exit.NEGATIVE)


def _compared(heads: int) -> str:
    """With how many heads it was compared: with none a tail that was cut off does not show."""
    return f"  compared with {heads} signed heads" if heads else "  compared with no signed head: a tail that was cut off does not show"


def _events(daemon: Caller, start: Cursor, *, follow: bool) -> Iterator[dict[str, Any]]:
    seq = start.seq
    while True:
        page = daemon.call("log.read", after=seq, limit=PAGE)
        if start.epoch and page["epoch"] != start.epoch:
            raise CallFailed("stale-cursor", f"the log has the epoch {page['epoch']}, the cursor has {start.epoch}: read it from the start")
        if start.seq > page["head"]:
            raise CallFailed(
                "stale-cursor", f"the cursor is at {start.seq}, and the log ends at {page['epoch']}:{page['head']}: read from there"
            )
        for event in page["events"]:
            seq = event["seq"]
            yield {"epoch": page["epoch"], **event}
        if seq >= page["head"] or not page["events"]:
            break
    if follow:
        yield from daemon.follow(seq, epoch=page["epoch"])


def _start(daemon: Caller, since: str | None, after: str | None) -> Cursor:
    if since and after:
        raise click.UsageError("--since and --after-cursor exclude each other")
    if after:
        return _cursor(after)
    return Cursor("", _seq_before(daemon, _moment(since)) if since else 0)


def _cursor(text: str) -> Cursor:
    epoch, _, seq = text.rpartition(":")
    if not seq.isdecimal():
        raise click.UsageError(f"{text!r} is no cursor; one looks like 3f2a9c11:1234")
    return Cursor(epoch, int(seq))


def _moment(text: str) -> float:
    if span := SPAN.fullmatch(text):
        return time.time() - int(span[1]) * SECONDS[span[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no moment; write 30m, 2h, 1d or 2026-07-15T08:00:00+08:00") from None
    if moment.tzinfo is None:
        raise click.UsageError(f"{text!r} has no zone; write for example {text}+08:00")
    return moment.timestamp()


def _seq_before(daemon: Caller, moment: float) -> int:
    """The seq after which events are no older than `moment`, by halving: a log of a million events costs twenty questions."""
    low, high = 0, int(daemon.call("log.read", after=0, limit=1)["head"])
    while low < high:
        middle = (low + high) // 2
        events = daemon.call("log.read", after=middle, limit=1)["events"]
        if events and events[0]["at"] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _print(event: dict[str, Any], *, jsonl: bool) -> None:
    if jsonl:
        print_line({"cursor": f"{event['epoch']}:{event['seq']}", **event, "at": rfc3339(event["at"])})
        return
    body = " ".join(f"{clean(key)}={clean(value)}" for key, value in event["body"].items())
    click.echo(f"{local(event['at'])}  {clean(event['type'])}  {clean(event['subject'])}  {body}".rstrip())
