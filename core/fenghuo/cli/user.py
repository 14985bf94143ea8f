"""`fenghuo user …`: accounts of people, by the desk. Secrets come from the terminal or standard input, never from the command line."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.cli.secrets import proof, secret
from fenghuo.client.caller import Caller

__all__ = ["user"]

HEADS = ("name", "display", "rights", "areas", "post", "level", "state", "second factor", "sessions")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NAME = click.argument("name")


@click.group()
def user() -> None:
    """Accounts of people: add, enrol, totp, ls, show, rights, password, disable, enable, end-sessions."""


@user.command()
@AS_JSON
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """Who has an account, and what each may do."""
    rows: list[dict[str, Any]] = daemon.call("account.ls")
    if as_json:
        print_json(rows)
    else:
        print_table(HEADS, [_row(one) for one in rows])


@user.command()
@NAME
@AS_JSON
@speaks
def show(daemon: Caller, *, name: str, as_json: bool) -> None:
    """One account, and its open sessions."""
    data = daemon.call("account.show", name=name)
    if as_json:
        print_json(data)
        return
    print_table(HEADS, [_row(data)])
    for one in data["open"]:
        state = "locked" if one["locked"] else f"awake at {local(one['seen'])}"
        click.echo(clean(f"session {one['session']}: {one['traffic']}, from {one['address'] or '-'}, {state}, ends {local(one['ends'])}"))


@user.command()
@NAME
@click.option("--right", "rights", multiple=True, required=True, help="viewer, operator, releaser, admin or auditor; as many as needed.")
@click.option("--display", default="", help="The name that others see.")
@click.option("--area", "areas", multiple=True, help="SYSTEM:CODE that the person may speak for; everywhere by default.")
@click.option("--post", default="", help="Organisation of the directory whose command post it is; its area, without --area.")
@click.option("--level", default="", help="The gravest colour the person may speak for: red, orange, yellow or blue.")
@AS_JSON
@speaks
def add(daemon: Caller, *, as_json: bool, **told: Any) -> None:
    """Add a person, and print the one-time code with which they set a password: fenghuo user enrol NAME."""
    _print(daemon.call("account.add", **told), as_json)


@user.command()
@NAME
@click.option("--second-factor", "factor", is_flag=True, help="Also where the rights ask for none.")
@AS_JSON
@speaks
def enrol(daemon: Caller, *, name: str, factor: bool, as_json: bool) -> None:
    """Set a password by the one-time code, and print what the authenticator reads. Without a terminal: two lines, code and password."""
    code = secret("One-time code")
    password = secret("New password", again=True)
    data = daemon.call("account.enrol", name=name, code=code, password=password, factor=factor)
    if as_json:
        print_json(data)
        return
    click.echo(clean(f"{name} has a password and may log in"))
    if data["otpauth"]:
        _show_once(data["otpauth"])


@user.command()
@NAME
@AS_JSON
@speaks
def totp(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Take another authenticator: NAME's password, the code of the one of before (empty without), and what the new one reads, as a QR
    symbol on a terminal. Every session of NAME ends."""
    data = daemon.call("account.factor", **proof(name))
    if as_json:
        print_json(data)
        return
    click.echo(clean(f"{name} has another authenticator; the one of before counts no more"))
    _show_once(data["otpauth"])


@user.command()
@NAME
@click.option("--right", "rights", multiple=True, required=True, help="All rights from now on.")
@click.option("--area", "areas", multiple=True, help="All areas from now on; as they were by default.")
@click.option("--everywhere", is_flag=True, help="No areas from now on.")
@click.option("--post", default=None, help='The command post from now on, "" for none; as it was by default.')
@click.option("--level", default=None, help='The gravest colour from now on, "" for every one; as it was by default.')
@AS_JSON
@speaks
def rights(daemon: Caller, *, name: str, areas: tuple[str, ...], everywhere: bool, as_json: bool, **told: Any) -> None:
    """Give a person these rights and no others; their sessions end."""
    if areas and everywhere:
        raise click.UsageError("give --area or --everywhere, not both")
    kept = list(areas) if areas or everywhere else None
    _print(daemon.call("account.rights", name=name, areas=kept, **told), as_json)


@user.command()
@NAME
@AS_JSON
@speaks
def password(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Take password and second factor away, end the sessions, and print a new one-time code."""
    _print(daemon.call("account.password", name=name), as_json)


@user.command()
@NAME
@click.argument("sha256", default="")
@AS_JSON
@speaks
def certificate(daemon: Caller, *, name: str, sha256: str, as_json: bool) -> None:
    """Take the client certificate with this SHA-256 for a second factor of a person, none without one; their sessions end."""
    _print(daemon.call("account.certificate", name=name, sha256=sha256), as_json)


@user.command()
@NAME
@AS_JSON
@speaks
def disable(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Let nobody log in by this account any more; its sessions end."""
    _print(daemon.call("account.disable", name=name), as_json)


@user.command()
@NAME
@AS_JSON
@speaks
def enable(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Let its person log in again."""
    _print(daemon.call("account.enable", name=name), as_json)


@user.command(name="end-sessions")
@NAME
@AS_JSON
@speaks
def end_sessions(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Log a person out everywhere."""
    _print(daemon.call("account.end_sessions", name=name), as_json)


def _show_once(text: str) -> None:
    """What an authenticator reads: to be photographed where there is a screen, and typed where there is none."""
    click.echo("for the authenticator, shown this once:")
    if sys.stdout.isatty():
        from fenghuo.formats.qr_symbol import half_blocks

        for line in half_blocks(text, colour="NO_COLOR" not in os.environ):
            click.echo(line)
    click.echo(text)


def _print(data: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(data)
        return
    areas = f", for {', '.join(data['areas'])}" if data["areas"] else ""
    post = f", at the post {data['post']}" if data["post"] else ""
    level = f", up to {data['level']}" if data["level"] else ""
    click.echo(clean(f"{data['name']} is {data['state']}: {', '.join(data['rights'])}{areas}{post}{level}"))
    if data.get("code"):
        click.echo(f"one-time code, good for {data['code_lasts_s'] / 3600:.0f} h and shown this once: {data['code']}")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    factor = "+".join(kind for kind, is_there in (("code", one["factor"]), ("certificate", one["certificate"])) if is_there) or "-"
    areas = ",".join(one["areas"]) or "-"
    return (
        one["name"],
        one["display"],
        ",".join(one["rights"]),
        areas,
        one["post"] or "-",
        one["level"] or "-",
        one["state"],
        factor,
        one["sessions"],
    )
