"""`fenghuo endpoint`: the far end of a link on a terminal, in lines that also work over SSH and on paper."""

from __future__ import annotations

import re
import sys
import threading
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.language import language
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller, CallFailed
from fenghuo.service.daemon import serve as run_daemon
from fenghuo.service.problems import Exit

__all__ = ["endpoint", "keyed", "slip", "take"]

RULE = "-" * 60
UNSET = " 时钟未校准，时间不可信"
BELL = "\a"
KEYED = re.compile(
    r"\s*(?P<word>y|ok|收到|done|完成)?\s*[#＃№]?\s*(?P<number>[0-9０-９]{1,4})(?:(?:\s+|[,.;:!、，。；：！…](?![0-9０-９]))(?P<text>.*)|\s*)",
    re.IGNORECASE | re.DOTALL,
)
"""The number stands alone or has a border behind it: 94331 is no receipt for 9433, and 12人受伤 none for 0012."""
DONE = ("done", "完成")
NOT_KEYED = {
    "zh": "未签收。请单独键入编号后回车，例如 0123；要附说明，编号后空一格再写，例如 0123 已到岗",
    "en": "No receipt. Type the number alone and Enter, for example 0123; words go behind it after a blank: 0123 on our way",
}


@click.group()
def endpoint() -> None:
    """The far end of a link: `serve` runs it, `watch` shows what comes, `ack` is a person's receipt."""


@endpoint.command()
@click.option("--config", type=click.Path(path_type=Path), help='Settings file with role = "endpoint"; without it, the one named before.')
@click.option("--exercise", is_flag=True, help="Refuse traffic Actual on every channel.")
@click.pass_context
def serve(ctx: click.Context, *, config: Path | None, exercise: bool) -> None:
    """Run the daemon as `fenghuo serve` does; settings of a node with another role are refused."""
    named = config or ctx.find_root().params.get("config")
    if named is None:
        raise click.UsageError("which settings? Give --config FILE.", ctx)
    if _is_other(Path(named)):
        says = 'node.role is not "endpoint"; write role = "endpoint" under [node], or run what it is by `fenghuo serve`'
        click.echo(f"{Path(named).name}: {says}", err=True)
        ctx.exit(Exit.SETTINGS)
    ctx.exit(run_daemon(named, exercise=exercise))


@endpoint.command()
@click.option("--open", "only_open", is_flag=True, help="Only what no person has answered yet.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def ls(daemon: Caller, *, only_open: bool, as_json: bool) -> None:
    """What has come, oldest first."""
    rows = daemon.call("endpoint.ls", open=only_open)
    if as_json:
        print_json(rows)
        return
    cells = ([f"#{row['number']:04d}", row["priority"], local(row["accepted"]), row["evidence"], row["text"]] for row in rows)
    print_table(("number", "prio", "came", "evidence", "text"), cells)


@endpoint.command()
@click.argument("number")
@click.option("--text", default="", help="What to say with it.")
@click.option("--done", is_flag=True, help="What was ordered is done.")
@speaks
def ack(daemon: Caller, *, number: str, text: str, done: bool) -> None:
    """A person has read the message NUMBER (or id); the sender is told."""
    _acknowledge(daemon, number, text, done=done)


@endpoint.command()
@click.option("--all", "shows_all", is_flag=True, help="Begin with everything that has come, not only with what is unanswered.")
@speaks
def watch(daemon: Caller, *, shows_all: bool) -> None:
    """Show what comes, as it comes. A number and Enter is the receipt for it: 0123, or 完成0123 when it is done."""
    head = daemon.call("log.read", after=0, limit=1)["head"]
    for row in daemon.call("endpoint.ls", open=not shows_all):
        click.echo(slip(row))
    ear = threading.Thread(target=_follow, args=(daemon, head), daemon=True)
    ear.start()
    try:
        for line in sys.stdin:
            take(daemon, line)
        ear.join()
    except KeyboardInterrupt:
        click.get_current_context().exit(0)


def _is_other(config: Path) -> bool:
    """Whether these are the settings of a node that is no endpoint; of a file that cannot be read the daemon says why."""
    try:
        node = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("node", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return not isinstance(node, dict) or node.get("role") != "endpoint"


def slip(row: dict[str, Any]) -> str:
    """One message as lines; the bell rings for what is urgent."""
    bell = BELL if row["priority"] in ("P0", "P1") and sys.stdout.isatty() else ""
    unset = UNSET if row["clock"] == "freerun" else ""
    head = f"#{row['number']:04d} {row['priority']} {local(row['accepted'])}{unset} {clean(row['source'])}"
    answered = "" if row["evidence"] not in ("HUMAN", "DONE") else f" [{row['evidence']}]"
    lines = "\n".join(map(clean, row["text"].split("\n")))
    return f"{bell}{RULE}\n{head}{answered}\n{lines}\n"


def keyed(line: str) -> tuple[str, str, bool] | None:
    """What was keyed in: number, text, whether it is done; None for nothing that names a message."""
    found = KEYED.fullmatch(line)
    if found is None:
        return None
    number = unicodedata.normalize("NFKC", found["number"])
    return number, (found["text"] or "").strip(), (found["word"] or "").lower() in DONE


def take(daemon: Caller, line: str) -> None:
    """A keyed line: a person's receipt, or why it is none."""
    said = keyed(line)
    if said is None:
        if line.strip():
            click.echo(f"? {NOT_KEYED[language()]}", err=True)
        return
    number, text, done = said
    try:
        _acknowledge(daemon, number, text, done=done)
    except CallFailed as failure:
        click.echo(f"? {_why(number, failure)}", err=True)


def _why(number: str, failure: CallFailed) -> str:
    """Why it was not taken, in the language of the terminal: what it says most often has its sentence, the rest its code."""
    if language() == "en":
        return str(failure)
    return f"没有编号 {number} 的信息，未签收" if failure.code == "not-found" else f"未签收（{failure.code}）：{failure}"


def _acknowledge(daemon: Caller, number: str, text: str, *, done: bool) -> None:
    answer = daemon.call("endpoint.ack", id=number, text=text, done=done)
    told = f", told by {clean(answer['told'])}" if answer["told"] else ""
    click.echo(f"#{answer['number']:04d} {answer['level']}{told}")


def _follow(daemon: Caller, head: int) -> None:
    for event in daemon.follow(head):
        if event["type"] != "delivery.emitting":
            continue
        body = event["body"]
        rows = daemon.call("endpoint.ls", id=body["message"])
        for row in [row for row in rows if row["revision"] == body["revision"]]:
            click.echo(slip(row))
