"""`fenghuo break-glass …`: one duty leader alone lets a message go that was approved beforehand; others review it."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.cli.secrets import proof
from fenghuo.client.caller import Caller
from fenghuo.errors import CannotCreate, FormatError

__all__ = ["break_glass"]

HEADS = ("id", "at", "leader", "template", "message", "reviewed by", "reason")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
KEY_OCTETS = 32


@click.group(name="break-glass")
def break_glass() -> None:
    """One leader alone, in need: key, release, ls, review."""


@break_glass.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(*, file: Path) -> None:
    """Make a key file, on a removable medium, and print its key_sha256 for [break_glass]. Needs no daemon."""
    text = secrets.token_urlsafe(KEY_OCTETS)
    try:
        with file.open("x", encoding="ascii") as made:
            file.chmod(0o600)
            made.write(text + "\n")
    except OSError as error:
        raise CannotCreate(f"{file} cannot be made: {error.strerror}") from error
    click.echo(f'key_sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"')


@break_glass.command()
@click.argument("name")
@click.argument("template")
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="The key file on its medium.")
@click.option("--reason", required=True, help="Why nobody else could be asked; every console shows it.")
@AS_JSON
@speaks
def release(daemon: Caller, *, name: str, template: str, key_file: Path, reason: str, as_json: bool) -> None:
    """Let TEMPLATE go by NAME alone, who is on duty as duty_leader. Asks for password and code."""
    try:
        held = key_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"the key file {key_file} cannot be read: {error}", code="unreadable", where=str(key_file)) from error
    data = daemon.call("break_glass.release", template=template, reason=reason, key=held, **proof(name))
    if as_json:
        print_json(data)
        return
    click.echo(clean(f"{data['template']} goes as message {data['message']}; everybody has been told, and somebody else reviews it"))


@break_glass.command()
@AS_JSON
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """What was released by one person alone, what waits for its review, and which templates there are."""
    data = daemon.call("break_glass.ls")
    if as_json:
        print_json(data)
        return
    print_table(HEADS, [_row(one) for one in data["releases"]])
    for one in data["templates"]:
        click.echo(clean(f"template {one['name']}, approved by {', '.join(one['approved_by'])}"))


@break_glass.command()
@click.argument("name")
@click.argument("ident", metavar="ID")
@click.option("--says", "review", required=True, help="What was found.")
@AS_JSON
@speaks
def review(daemon: Caller, *, name: str, ident: str, review: str, as_json: bool) -> None:
    """Say as NAME what a review of ID has found. Asks for password and code."""
    data = daemon.call("break_glass.review", id=ident, review=review, **proof(name))
    if as_json:
        print_json(data)
    else:
        click.echo(clean(f"{data['reviewed_by']} has reviewed {data['template']} of {local(data['at'])}"))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return (one["id"], local(one["at"]), one["leader"], one["template"], one["message"] or "-", one["reviewed_by"] or "-", one["reason"])
