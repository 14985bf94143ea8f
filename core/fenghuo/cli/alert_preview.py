"""`fenghuo alert preview`: a message in every form it can take, before anybody signs it, with what each channel says that it costs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, colour, print_json, print_table
from fenghuo.cli.reading import raw_of
from fenghuo.client.caller import Caller

__all__ = ["preview"]

COLUMNS = ("form", "channel", "parts", "air s", "¥", "J")


@click.command()
@click.argument("id_or_file")
@click.option("--media-type", default="", help="What the file is; by default it is looked at.")
@click.option("--form", "forms", multiple=True, help="Only this form; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def preview(daemon: Caller, *, id_or_file: str, media_type: str, forms: tuple[str, ...], as_json: bool) -> None:
    """Each form of a message: an id, a short number, or FILE (`-` for stdin), of which nothing is kept or sent."""
    is_file = id_or_file == "-" or Path(id_or_file).is_file()
    named = {"raw": raw_of(id_or_file), "media_type": media_type} if is_file else {"id": id_or_file}
    data = daemon.call("message.preview", **named)
    known = [form["form"] for form in data["forms"]]
    for name in forms:
        if name not in known:
            raise click.UsageError(f"no form is named {name!r}; there are {', '.join(known)}")
    data["forms"] = [form for form in data["forms"] if not forms or form["form"] in forms]
    print_json(data) if as_json else _show(data)


def _show(data: dict[str, Any]) -> None:
    click.echo(f"{clean(data['id'] or 'not sent')}  {data['priority']} {data['kind']} {data['traffic']}  {clean(data['headline'])}")
    for form in data["forms"]:
        click.echo(f"\n{colour(clean(form['form']), 'heading')}: {clean(form['says'])}{_size(form)}")
        for line in form["text"].split("\n") if form["text"] else ():
            click.echo(f"    {clean(line)}")
        if form["left_out"]:
            click.echo(f"    left out: {clean(', '.join(form['left_out']))}")
        for channel in form["channels"]:
            if lacks := [one for one in channel["left_out"] if one not in form["left_out"]]:
                click.echo(f"    {clean(channel['channel'])}: left out: {clean(', '.join(lacks))}")
            if channel["why_not"]:
                click.echo(f"    {clean(channel['channel'])}: {clean(channel['why_not'])}")
    click.echo()
    _show_costs(data)


def _show_costs(data: dict[str, Any]) -> None:
    """One table of whatever could be estimated."""
    estimated = [(form, channel) for form in data["forms"] for channel in form["channels"] if not channel["why_not"]]
    if not estimated:
        return
    if not sys.stdout.isatty():
        click.echo("\t".join(COLUMNS))  # behind text for people figures without a name say nothing
    print_table(COLUMNS, (_costs(form, channel) for form, channel in estimated))


def _size(form: dict[str, Any]) -> str:
    if form["why_not"]:
        return f" - cannot be made: {clean(form['why_not'])}"
    seconds = f", {form['seconds']:.0f} s of a voice" if form["seconds"] else ""
    return f" - {len(form['text'])} characters, {form['octets']} octets{seconds}"


def _costs(form: dict[str, Any], channel: dict[str, Any]) -> tuple[object, ...]:
    """One line of the table; money in yuan."""
    return (
        form["form"],
        channel["channel"],
        channel["parts"],
        f"{channel['airtime_s']:.2f}",
        f"{channel['fee_fen'] / 100:.2f}",
        f"{channel['joules']:.1f}",
    )
